"""Behaviour specific to paper A's published code: one mask, filled maps, leakage, scores.

Reference: github.com/MLI-lab/ttt_for_deep_learning_cs, commit 761d822; see `discrepancies`.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from mrilib.coils import rss
from mrilib.data import truth
from mrilib.data.catalogue import distribution
from mrilib.data.distribution import Distribution
from mrilib.data.slices import SliceDataset
from mrilib.data.sources import slices_of
from mrilib.data.volumes import inspect_volume
from mrilib.fourier import ifft2c
from mrilib.linop import LinearOperator
from mrilib.metrics import center_crop, match_mean_std, ssim
from mrilib.models.reconstructor import Reconstructor
from mrilib.sample import Sample
from mrilib.sampling import Undersampling
from mrilib.scoring import with_cropped_maps
from mrilib.simulate.acquisition import simulate_slice
from mrilib.train.networks import InMemory, NetworkSpec

PUBLISHED_LINES: dict[tuple[int, float], int] = {
    (396, 4): 99,
    (372, 4): 94,
    (320, 4): 83,
    (372, 2): 186,
}  # by width and acceleration
LEVELS = np.linspace(-0.6, 0.6, 7)  # positions of the slices that make up a simulated volume
Score = Literal["published", "unmatched", "fastMRI", "reversed"]


@dataclass(frozen=True)
class OneMask(Undersampling):
    """Same mask for all files: the first that `Undersampling` draws with as many columns as the published mask.

    For a width that is not in paper A's lists, that number is W/R. The published masks are the central columns of one
    mask of width 396, so narrower ones have more than W/R columns; its seed is unknown.
    """

    def mask(self, file_name: str, width: int) -> Tensor:
        wanted = PUBLISHED_LINES.get((width, self.acceleration), round(width / self.acceleration))
        draws = (Undersampling.mask(self, str(number), width) for number in range(10_000))
        return next(mask for mask in draws if mask.sum() == wanted)


@dataclass(frozen=True, kw_only=True)
class OneMaskSpec(NetworkSpec):
    """Specification of a network trained with one mask for all slices."""

    sampling: OneMask

    @property
    def name(self) -> str:
        return f"{super().name}_one_mask"

    def training_slices(self) -> InMemory:
        """All training slices with that mask."""
        pairs = slices_of(distribution(self.distribution), "train", self.train_slices, self.source)
        return InMemory(SliceDataset(pairs, self.sampling))


def filled(sample: Sample) -> Sample:
    """Crop the coil maps as BART does, then set every real or imaginary part that is 0 to the coil's largest part."""
    cropped = with_cropped_maps(sample)
    parts = torch.view_as_real(cropped.sens_maps)
    largest = parts.abs().amax((2, 3, 4), keepdim=True)
    return replace(cropped, sens_maps=torch.view_as_complex(torch.where(parts == 0, largest, parts)))


class Leaking(Reconstructor):
    """Network that always receives all measurements of one slice, even those held out by test-time training."""

    def __init__(self, model: Reconstructor, sample: Sample) -> None:
        super().__init__()
        self.model = model
        self.everything = (sample.masked_kspace, sample.operator)

    def initial(self, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        return self.model.initial(*self.everything)

    def refine(self, initial: Tensor, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        return self.model.refine(initial, *self.everything)


def score(image: Tensor, sample: Sample, kind: Score, volume_maximum: float | None = None) -> float:
    """SSIM of one cropped slice under one of four conventions.

    Args:
        image: (1, 1, y, x) complex.
        sample: the slice.
        kind: `published` matches the image to the target's mean and standard deviation, and uses the slice's maximum as
            data range; `unmatched` omits the matching; `fastMRI` omits it too and uses `volume_maximum` as range;
            `reversed` matches the target to the image's mean and standard deviation instead.
        volume_maximum: required for `fastMRI`.
    """
    target, magnitude = (center_crop(x, sample.recon_size) for x in (sample.target, image.abs()))
    if kind == "reversed":
        return ssim(match_mean_std(magnitude, target), magnitude).item()
    limit = volume_maximum if kind == "fastMRI" else None
    return ssim(target, magnitude, limit, match="mean_std" if kind == "published" else None).item()


def volume_maximum(entry: Distribution, path: Path) -> float:
    """Maximum of the root-sum-of-squares volume to which a slice belongs.

    Simulated files contain one slice, so the seven slices of the same patient at `LEVELS` are simulated as well.
    """
    info, found = inspect_volume(path), truth.volume_maximum(path)
    if not info.simulated:
        return found
    patient = int(info.patient_id.rsplit("-", 1)[-1])
    slices = (simulate_slice(entry.scan, patient, float(level)).kspace for level in LEVELS)
    return max(found, *(rss(ifft2c(torch.from_numpy(kspace)[None])).max().item() for kspace in slices))

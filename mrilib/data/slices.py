"""From a volume on disk to what networks train on: under-sampled, with coil maps and targets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from mrilib.coils import estimate_sens_maps, rss
from mrilib.data.volumes import read_slice
from mrilib.fourier import ifft2c
from mrilib.linop import LinearOperator, sense
from mrilib.linop import Sampling as Masking
from mrilib.sampling import MASKS, calibration_width, seed_from_name

CENTER_FRACTIONS = {2: 0.16, 3: 0.12, 4: 0.08, 8: 0.04, 16: 0.02}  # fastMRI's pairs, as in both papers


@dataclass(frozen=True)
class Sampling:
    """How k-space is under-sampled; the mask's seed comes from the file name, so a volume keeps its mask."""

    acceleration: float = 4
    center_fraction: float | None = None  # None: fastMRI's partner of the acceleration
    kind: str = "random"

    def mask(self, file_name: str, width: int) -> Tensor:
        """(1, 1, 1, kx) bool.

        Raises:
            ValueError: unknown kind, or an acceleration with no known partner when center_fraction is None.
        """
        fraction = self.center_fraction
        if fraction is None:
            if self.acceleration not in CENTER_FRACTIONS:
                raise ValueError(
                    f"center_fraction: no customary value for acceleration {self.acceleration}; "
                    f"give one, or use an acceleration of {sorted(CENTER_FRACTIONS)}"
                )
            fraction = CENTER_FRACTIONS[int(self.acceleration)]
        if self.kind not in MASKS:
            raise ValueError(f"mask kind {self.kind!r}: expected one of {', '.join(MASKS)}")
        # Some kinds take whole accelerations only, and say so.
        mask = MASKS[self.kind](width, self.acceleration, fraction, seed_from_name(file_name))  # type: ignore[arg-type]
        return mask[None, None, None]


@dataclass(frozen=True)
class AnyOf:
    """Under-sampling by one of several, each slice and draw at random; made from the same seed as the mask."""

    choices: tuple[Sampling, ...]

    def mask(self, file_name: str, width: int) -> Tensor:
        """(1, 1, 1, kx) bool; ValueError as `Sampling.mask`."""
        chosen = np.random.default_rng(seed_from_name(f"{file_name} of {len(self.choices)}")).integers(
            len(self.choices)
        )
        return self.choices[chosen].mask(file_name, width)


TENSORS = ("masked_kspace", "mask", "sens_maps", "target", "reference", "peak")


@dataclass(frozen=True)
class Sample:
    """A batch of slices: y, its mask, coil maps, the RSS target and the complex image of the full data."""

    masked_kspace: Tensor  # (batch, coil, ky, kx)
    mask: Tensor  # (batch, 1, 1, kx)
    sens_maps: Tensor  # (batch, coil, y, x)
    target: Tensor  # (batch, 1, y, x) real
    reference: Tensor  # (batch, 1, y, x) complex
    peak: Tensor  # (batch,) real, the largest value of the volume's targets
    names: tuple[str, ...]
    recon_size: tuple[int, int]  # the central part that is scored, as in fastMRI's files

    def to(self, device: torch.device | str) -> "Sample":
        """The same batch on another device."""
        return replace(self, **{name: getattr(self, name).to(device) for name in TENSORS})

    @property
    def operator(self) -> LinearOperator:
        """A = M F S of this batch; M alone where no coil maps were estimated."""
        return sense(self.mask, self.sens_maps) if self.sens_maps.shape[1] else Masking(self.mask)


def undersample(
    kspace: Tensor,
    mask: Tensor,
    name: str = "",
    recon_size: tuple[int, int] | None = None,
    *,
    peak: float | None = None,
    maps: bool = True,
) -> Sample:
    """Under-sample one fully sampled slice and estimate the coil maps from what is left.

    Args:
        kspace: (coil, ky, kx) complex, fully sampled.
        mask: (1, 1, 1, kx) bool.
        name: of the slice, for messages and tables.
        recon_size: the central (y, x) that counts for scores; all of it when None.
        peak: largest value of the volume's targets; the slice's own when None.
        maps: whether to estimate coil maps, most of the time this takes; without them the sample has maps of no coil,
            and the target for a reference.

    Raises:
        ValueError: the mask's width is not that of the k-space.
    """
    if mask.shape[-1] != kspace.shape[-1]:
        raise ValueError(
            f"{name or 'kspace'}: the mask has {mask.shape[-1]} columns but the k-space has {kspace.shape[-1]}; "
            "make the mask for this width"
        )
    full = kspace[None]
    masked = full * mask
    coil_images = ifft2c(full)
    target = rss(coil_images)
    if maps:
        sens_maps = estimate_sens_maps(masked, calibration_width(mask))
        reference = (sens_maps.conj() * coil_images).sum(1, keepdim=True)
    else:
        sens_maps, reference = masked[:, :0], target.to(masked.dtype)
    size = recon_size or (kspace.shape[-2], kspace.shape[-1])
    largest = target.amax((1, 2, 3)) if peak is None else target.new_tensor([peak])
    return Sample(masked, mask, sens_maps, target, reference, largest, (name,), size)


def collate(samples: Sequence[Sample]) -> Sample:
    """One batch of several slices.

    Raises:
        ValueError: slices of different size or coil count, or of which another part is scored.
    """
    shapes = {tuple(sample.masked_kspace.shape[1:]) for sample in samples}
    if len(shapes) != 1:
        raise ValueError(f"a batch needs slices of one size, got (coil, ky, kx) of {sorted(shapes)}; use batch_size 1")
    scored = {sample.recon_size for sample in samples}
    if len(scored) != 1:
        raise ValueError(f"a batch needs one recon_size, got (y, x) of {sorted(scored)}; use batch_size 1")
    stacked = {name: torch.cat([getattr(sample, name) for sample in samples]) for name in TENSORS}
    names = tuple(name for sample in samples for name in sample.names)
    return Sample(**stacked, names=names, recon_size=samples[0].recon_size)


class SliceDataset(Dataset[Sample]):
    """Slices of fastMRI-layout volumes, read one at a time and prepared by `undersample`.

    Args:
        slices: (path, slice index) pairs; lists are data, not code.
        sampling: the under-sampling.
        maps: whether coil maps are estimated, see `undersample`.
    """

    def __init__(self, slices: Sequence[tuple[Path, int]], sampling: Sampling | AnyOf, maps: bool = True) -> None:
        self.slices = list(slices)
        self.sampling = sampling
        self.maps = maps

    def __len__(self) -> int:
        return len(self.slices)

    def __getitem__(self, item: int) -> Sample:
        return self._sampled(item, self.slices[item][0].name)

    def redrawn(self, item: int, draw: int) -> Sample:
        """The slice under the mask of another draw; one volume's slices then differ too."""
        path, index = self.slices[item]
        return self._sampled(item, f"{path.name}[{index}] draw {draw}")

    def _sampled(self, item: int, seed: str) -> Sample:
        path, index = self.slices[item]
        found = read_slice(path, index)
        mask = self.sampling.mask(seed, found.kspace.shape[-1])
        name, size = f"{path.name}[{index}]", found.info.recon_size
        return undersample(found.kspace, mask, name, size, peak=found.info.max, maps=self.maps)

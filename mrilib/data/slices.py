"""Training samples from volumes on disk: under-sampled, with coil maps and targets."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from mrilib.data.volumes import read_slice
from mrilib.sample import Sample, undersample
from mrilib.sampling import AnyOf, Undersampling, seed_from_name


class SliceDataset(Dataset[Sample]):
    """Slices of fastMRI-layout volumes, read one at a time and prepared by `undersample`.

    Args:
        slices: (path, slice index) pairs.
        sampling: the under-sampling settings.
        maps: whether to estimate coil maps, see `undersample`.
        flips: whether `redrawn` slices are mirrored at random along either axis.
    """

    def __init__(
        self,
        slices: Sequence[tuple[Path, int]],
        sampling: Undersampling | AnyOf,
        maps: bool = True,
        flips: bool = False,
    ) -> None:
        self.slices = list(slices)
        self.sampling = sampling
        self.maps = maps
        self.flips = flips

    def __len__(self) -> int:
        return len(self.slices)

    def __getitem__(self, item: int) -> Sample:
        return self._sampled(item, self.slices[item][0].name)

    def redrawn(self, item: int, draw: int) -> Sample:
        """The slice with a newly drawn mask, which also differs between the slices of a volume."""
        path, index = self.slices[item]
        seed = f"{path.name}[{index}] draw {draw}"
        turned = np.random.default_rng(seed_from_name(seed)).integers(2, size=2) if self.flips else (0, 0)
        return self._sampled(item, seed, [axis for axis, flip in zip((-2, -1), turned, strict=True) if flip])

    def _sampled(self, item: int, seed: str, mirrored: Sequence[int] = ()) -> Sample:
        path, index = self.slices[item]
        found = read_slice(path, index)
        mask = self.sampling.mask(seed, found.kspace.shape[-1])
        name, size = f"{path.name}[{index}]", found.info.recon_size
        kspace = found.kspace
        for axis in mirrored:
            kspace = mirror(kspace, axis)
        return undersample(kspace, mask, name, size, peak=found.info.max, maps=self.maps)


def mirror(kspace: Tensor, axis: int) -> Tensor:
    """K-space of the image mirrored along an axis about its centre: index k becomes −k; (…, ky, kx)."""
    return kspace.flip(axis).roll(1 - kspace.shape[axis] % 2, axis)

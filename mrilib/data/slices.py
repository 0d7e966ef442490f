"""Training samples from volumes on disk: under-sampled, with coil maps and targets."""

from collections.abc import Sequence
from pathlib import Path

from torch.utils.data import Dataset

from mrilib.data.volumes import read_slice
from mrilib.sample import Sample, undersample
from mrilib.sampling import AnyOf, Undersampling


class SliceDataset(Dataset[Sample]):
    """Slices of fastMRI-layout volumes, read one at a time and prepared by `undersample`.

    Columns that were never acquired are not in the mask, as in fastMRI's transform.

    Args:
        slices: (path, slice index) pairs.
        sampling: the under-sampling settings.
        maps: whether to estimate coil maps; see `undersample`.
    """

    def __init__(self, slices: Sequence[tuple[Path, int]], sampling: Undersampling | AnyOf, maps: bool = True) -> None:
        self.slices = list(slices)
        self.sampling = sampling
        self.maps = maps

    def __len__(self) -> int:
        return len(self.slices)

    def __getitem__(self, item: int) -> Sample:
        return self._sampled(item, self.slices[item][0].name)

    def redrawn(self, item: int, draw: int) -> Sample:
        """The slice with a newly drawn mask, which also differs between the slices of a volume."""
        path, index = self.slices[item]
        return self._sampled(item, f"{path.name}[{index}] draw {draw}")

    def _sampled(self, item: int, seed: str) -> Sample:
        path, index = self.slices[item]
        found = read_slice(path, index)
        mask = self.sampling.mask(seed, found.kspace.shape[-1]) & found.columns
        name, size = f"{path.name}[{index}]", found.info.recon_size
        return undersample(found.kspace, mask, name, size, peak=found.peak, target=found.image, maps=self.maps)

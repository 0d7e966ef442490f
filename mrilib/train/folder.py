"""Training on a folder of the user's own volumes, without an entry in the catalogue."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Le
from torch.utils.data import Dataset

from mrilib.data.checksums import verify
from mrilib.data.slices import SliceDataset
from mrilib.data.sources import listed
from mrilib.data.volumes import VolumeError, VolumeInfo, inspect_volume
from mrilib.models.build import count_parameters, describe
from mrilib.sample import Sample
from mrilib.sampling import Undersampling
from mrilib.store.kinds import OneOf
from mrilib.store.parameters import Count, Record, Width
from mrilib.train.networks import InMemory, NetworkSpec
from mrilib.train.recipe import Recipe

VALIDATION = 10  # one volume of so many is kept for validation
LEVELS = 4  # pooling layers of its U-Nets

RECIPES = {  # network and recipe by name
    "supervised": ("unet", Recipe("supervised", learning_rate=1e-3, schedule="cosine")),
    "joint": ("unet", Recipe("joint", learning_rate=1e-3, schedule="cosine")),
    "magnitude": (
        "norm_unet",
        Recipe("ssim", learning_rate=1e-3, schedule="one_cycle", clip_norm=1.0, new_masks=True, flips=True),
    ),
    "varnet": ("varnet", Recipe("joint", learning_rate=1e-3, schedule="cosine")),
}


@dataclass(frozen=True, kw_only=True)
class Own(Record):
    """Options of a network for the user's own folder; see `folder_spec`."""

    recipe: Annotated[str, OneOf(RECIPES)]
    acceleration: Annotated[float, Ge(1), Le(64)]
    epochs: Count
    chans: Width


@dataclass(frozen=True)
class FolderSpec(NetworkSpec):
    """Everything that determines the weights of a network trained on a folder; created by `folder_spec`.

    `distribution` is the folder's name, `train_slices` the number of slices found.
    """

    folder: str = ""

    @property
    def card(self) -> dict[str, Any]:
        """The specification as JSON values, without the path of the folder; `data_digest` covers its content."""
        return {name: value for name, value in super().card.items() if name != "folder"}

    @property
    def lists(self) -> dict[str, int]:
        return {self.distribution: self.train_slices}

    @property
    def data_digest(self) -> str:
        return hashlib.sha256(listed(self._pairs("train")).encode()).hexdigest()[:16]

    @property
    def kinds(self) -> Sequence[str]:
        """Size of each training slice; a batch holds slices of one size."""
        infos = {info.path: info for info in self.volumes}
        return [f"{infos[path].coils} {infos[path].shape}" for path, _ in self._pairs("train")]

    @cached_property
    def volumes(self) -> list[VolumeInfo]:
        """Headers of the folder's volumes, sorted by name; see `folder_spec` for errors."""
        return volumes_in(Path(self.folder))

    def _pairs(self, split: str) -> list[tuple[Path, int]]:
        training, validation = split_volumes(self.volumes)
        chosen = training if split == "train" else validation
        return [(info.path, index) for info in chosen for index in range(info.slices)]

    def _prepared(self, split: str) -> Dataset[Sample]:
        maps, sampling = self.architecture["name"] != "norm_unet", Undersampling(self.acceleration)
        slices = SliceDataset(self._pairs(split), sampling, maps)
        return slices if self.recipe.new_masks else InMemory(slices)

    def training_slices(self) -> Dataset[Sample]:
        return self._prepared("train")

    def validation_slices(self) -> Dataset[Sample]:
        """All slices of the volumes kept for validation."""
        return self._prepared("validation")


def volumes_in(folder: Path) -> list[VolumeInfo]:
    """Headers of the fastMRI-layout volumes (`*.h5`) below a folder, sorted by path.

    Raises:
        VolumeError: fewer than two volumes, or one that is damaged, has changed since its checksum was written
            beside it, or is under-sampled; the message names it.
    """
    found = [inspect_volume(path) for path in sorted(folder.rglob("*.h5"))]
    for info in found:
        verify(info.path)
    if len(found) < 2:
        raise VolumeError(
            f"{folder}: {len(found)} volumes (*.h5); expected at least 2, one of them for validation. Other formats: "
            "mrilib data convert"
        )
    for info in found:
        if info.under_sampled:
            raise VolumeError(f"{info.path}: under-sampled; training needs fully sampled k-space; move it away")
    return found


def split_volumes(volumes: Sequence[VolumeInfo]) -> tuple[list[VolumeInfo], list[VolumeInfo]]:
    """Training and validation volumes: the last of every ten, or of all if there are fewer, is kept for validation."""
    places = set(range(VALIDATION - 1, len(volumes), VALIDATION)) or {len(volumes) - 1}
    kept = [info for place, info in enumerate(volumes) if place in places]
    return [info for place, info in enumerate(volumes) if place not in places], kept


def folder_spec(folder: Path, recipe: str, acceleration: float, epochs: int, chans: int) -> FolderSpec:
    """Specification of a network trained on all volumes below a folder.

    Args:
        folder: folder of fastMRI-layout volumes; split by volume.
        recipe: a name in RECIPES.
        acceleration: acceleration of the under-sampling.
        epochs, chans: length of the training and width of the network.

    Raises:
        VolumeError: as in `volumes_in`.
        ValueError: an unknown recipe, a number out of range, or a network that does not fit into memory.
    """
    own = Own(recipe=recipe, acceleration=acceleration, epochs=epochs, chans=chans)
    name, base = RECIPES[own.recipe]
    architecture = describe(name, {"chans": own.chans, "num_pool_layers": LEVELS})
    count_parameters(architecture)
    training, _ = split_volumes(volumes_in(folder))
    return FolderSpec(
        distribution=folder.resolve().name,
        acceleration=own.acceleration,
        recipe=replace(base, epochs=own.epochs),
        architecture=architecture,
        train_slices=sum(info.slices for info in training),
        source="files",
        folder=str(folder.resolve()),
    )

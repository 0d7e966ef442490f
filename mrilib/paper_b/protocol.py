"""Networks trained on the union of several distributions, sampled as in paper B, and their scores on each."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch.utils.data import Dataset

from mrilib.data.catalogue import distribution
from mrilib.data.slices import SliceDataset
from mrilib.data.sources import Source, data_digest, slices_of
from mrilib.data.volumes import inspect_volume
from mrilib.metrics import Match, center_crop, ssim
from mrilib.models.reconstructor import Reconstructor
from mrilib.sample import Sample
from mrilib.sampling import AnyOf, Undersampling
from mrilib.scoring import reconstruct
from mrilib.train.networks import InMemory, NetworkSpec
from mrilib.train.recipe import Optimizer, Recipe

VALIDATION_PER_PART = 8


def paper_b(
    epochs: int, learning_rate: float = 1e-3, batch_size: int = 1, seed: int = 0, optimizer: Optimizer = "adam"
) -> Recipe:
    """Paper B's training: SSIM loss, Adam with one-cycle learning rate, gradients clipped at 1, a new mask every time.

    Reference: Lin, Heckel, ICML 2024, App. B.2 (60 epochs); App. F for the other optimizer.
    """
    return Recipe("ssim", "magnitude", epochs, learning_rate, batch_size, "one_cycle", True, seed, 1.0, True, optimizer)


def equispaced(accelerations: Sequence[int]) -> Undersampling | AnyOf:
    """Paper B's sampling: every R-th line plus fastMRI's calibration region (ACS), one of the accelerations per slice.

    Raises ValueError if no acceleration is given.
    """
    if not accelerations:
        raise ValueError("accelerations: expected at least one")
    choices = tuple(Undersampling(one, kind="equispaced") for one in accelerations)
    return choices[0] if len(choices) == 1 else AnyOf(choices)


@dataclass(frozen=True, kw_only=True)
class UnionSpec(NetworkSpec):
    """Everything that determines the weights of a network trained on several distributions; created by `union`.

    `distribution` is a name for all of them, `train_slices` the total number of slices, `acceleration` the first one.
    """

    parts: tuple[tuple[str, int], ...]  # distribution, slices
    accelerations: tuple[int, ...]

    @property
    def lists(self) -> dict[str, int]:
        return dict(self.parts)

    @property
    def data_digest(self) -> str:
        digests = [data_digest(distribution(name), "train", count, self.source) for name, count in self.parts]
        return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]

    @property
    def kinds(self) -> Sequence[str] | None:
        """Coils and matrix of each training slice; a batch contains only slices that agree in both."""
        if self.recipe.batch_size == 1:
            return None
        infos = {path: inspect_volume(path) for path, _ in self._pairs("train")}
        return [f"{infos[path].coils} {infos[path].shape}" for path, _ in self._pairs("train")]

    def _pairs(self, split: str) -> list[tuple]:
        counts = {name: count if split == "train" else VALIDATION_PER_PART for name, count in self.parts}
        return [
            pair for name, count in counts.items() for pair in slices_of(distribution(name), split, count, self.source)
        ]

    def training_slices(self) -> Dataset[Sample]:
        """Slices of all parts, in order; if the recipe asks for new masks, they are redrawn in every epoch."""
        return self._prepared("train")

    def validation_slices(self) -> Dataset[Sample]:
        """Slices of other patients, equally many of every part."""
        return self._prepared("validation")

    def _prepared(self, split: str) -> Dataset[Sample]:
        """Slices with coil maps, unless the loss compares magnitudes; kept in memory if masks are fixed."""
        slices = SliceDataset(self._pairs(split), equispaced(self.accelerations), maps=self.recipe.loss != "ssim")
        return slices if self.recipe.new_masks else InMemory(slices)


def union(
    name: str,
    parts: Mapping[str, int],
    architecture: Mapping[str, object],
    recipe: Recipe,
    accelerations: Sequence[int] = (4,),
    source: Source = "simulated",
) -> UnionSpec:
    """Specification of a network trained on a given number of slices of each distribution.

    Args:
        name: name of the union, for files and tables.
        parts: number of training slices by distribution; distributions with none are omitted.
        architecture, recipe, source: see `networks.NetworkSpec`.
        accelerations: each slice is sampled at one of them, redrawn in every epoch.

    Raises:
        ValueError: no slices at all, a negative number, or an unknown distribution or acceleration.
    """
    if min(parts.values(), default=0) < 0 or not sum(parts.values()):
        raise ValueError(f"train_slices: {sum(parts.values())} slices are too few for all parts of {name!r}")
    taken = tuple((distribution(part).name, count) for part, count in parts.items() if count)
    sampling = equispaced(accelerations)
    sampling.mask("any", 100)  # raises if an acceleration has no customary calibration region
    return UnionSpec(
        distribution=name,
        acceleration=accelerations[0],
        recipe=recipe,
        architecture=dict(architecture),
        train_slices=sum(count for _, count in taken),
        source=source,
        parts=taken,
        accelerations=tuple(accelerations),
    )


def apportioned(shares: Mapping[str, float], slices: int) -> dict[str, int]:
    """Whole numbers of slices near these proportions: one each, every other to the largest share / (slices so far + ½).

    Raises:
        ValueError: fewer slices than shares.

    Reference: the method of Webster and Sainte-Laguë.
    """
    if slices < len(shares):
        raise ValueError(
            f"train_slices: {slices} slices cannot be shared by {len(shares)} distributions; use at least one of each "
            "(for VarNets the parameter is varnet_slices)"
        )
    found = dict.fromkeys(shares, 1)
    for _ in range(slices - len(shares)):
        found[max(shares, key=lambda name: shares[name] / (found[name] + 0.5))] += 1
    return found


def sampled(shares: Mapping[str, float], slices: int) -> dict[str, int]:
    """Test slices of each distribution: as `apportioned`, but if slices are few, only the largest shares get one."""
    if slices >= len(shares):
        return apportioned(shares, slices)
    chosen = sorted(shares, key=lambda name: -shares[name])[:slices]
    return {name: int(name in chosen) for name in shares}


def slices_to_test(
    name: str, count: int, acceleration: int = 4, source: Source = "simulated", split: str = "test"
) -> SliceDataset:
    """First `count` test slices of a distribution, with paper B's masks, which follow from the file names.

    `split` "validation" gives the slices used for model selection.
    """
    return SliceDataset(slices_of(distribution(name), split, count, source), equispaced([acceleration]), maps=False)


@torch.no_grad()
def ssim_scores(
    model: Reconstructor,
    slices: SliceDataset | InMemory,
    match: Match | None = None,
    device: torch.device | str = "cpu",
) -> list[float]:
    """SSIM of each slice as paper B scores it: magnitude, cropped, with the volume's maximum as data range.

    `match` "mean_std" first matches mean and standard deviation to the target, as in paper B's Section 7 and App. C.2.
    """
    scores: list[float] = []
    for item in range(len(slices)):
        sample = slices[item].to(device)
        target, image = (center_crop(x, sample.recon_size) for x in (sample.target, reconstruct(model, sample).abs()))
        scores += ssim(target, image, data_range=sample.peak, match=match).tolist()
    return scores

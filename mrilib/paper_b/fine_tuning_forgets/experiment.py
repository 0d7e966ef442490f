"""Fine-tuning of the diverse collection's network on one new dataset (paper B, App. G.4)."""

import hashlib
from dataclasses import dataclass
from typing import Any

import torch

from mrilib.data.twins import TWINS
from mrilib.gap import Interval
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_b import collection
from mrilib.paper_b.collection import ELSEWHERE, TESTED, of_datasets
from mrilib.paper_b.fine_tuning_forgets.parameters import Parameters
from mrilib.paper_b.protocol import UnionSpec
from mrilib.paper_b.study import Study
from mrilib.train.networks import NetworkSpec, network

BEFORE = "d_p"  # the network of the collection, as named in `collection.arms`


@dataclass(frozen=True, kw_only=True)
class FineTuneSpec(UnionSpec):
    """Specification of a network that starts from the weights of another; created by `fine_tuned`.

    Raises:
        ValueError: the two architectures differ.
    """

    base: NetworkSpec

    def __post_init__(self) -> None:
        if dict(self.architecture) != dict(self.base.architecture):
            raise ValueError(
                f"architecture: fine-tuning {self.base.name} needs its architecture, {self.base.architecture}; "
                f"got {self.architecture}"
            )

    @property
    def card(self) -> dict[str, Any]:
        """Specification as JSON values, including the base's."""
        return {**super().card, "base": self.base.card}

    @property
    def digest(self) -> str:
        """Digest of specification and data of both training runs."""
        return hashlib.sha256(f"{super().digest} {self.base.digest}".encode()).hexdigest()[:12]

    def initial(self, device: torch.device | str = "cpu") -> Reconstructor:
        """Base network, trained if it is not stored."""
        return network(self.base, device)


def fine_tuned(base: UnionSpec, name: str, p: Parameters) -> FineTuneSpec:
    """Specification of the base network, fine-tuned for some epochs on slices of one dataset alone.

    Args:
        base: network to start from.
        name: name of the dataset, a key of `twins.TWINS`.
        p: parameters; give the number of slices and the recipe.

    Raises:
        ValueError: unknown dataset, or fewer slices than it has populations.
    """
    if name not in TWINS:
        raise ValueError(f"dataset {name!r}: expected one of {', '.join(TWINS)}")
    counts = of_datasets({name: p.fine_slices})
    return FineTuneSpec(
        distribution=f"{base.distribution}_then_{name}",
        acceleration=base.acceleration,
        recipe=p.fine_recipe,
        architecture=base.architecture,
        train_slices=sum(counts.values()),
        source=base.source,
        parts=tuple(counts.items()),
        accelerations=base.accelerations,
        base=base,
    )


def arms(p: Parameters) -> dict[str, UnionSpec]:
    """Network of the collection, and the networks fine-tuned from it on each of the four datasets outside D_P."""
    base = collection.arms(p)[BEFORE]
    return {BEFORE: base} | {name: fine_tuned(base, name, p) for name in ELSEWHERE}


def study(p: Parameters, device: torch.device | str = "cpu") -> Study:
    """All five networks on test slices of the six datasets of Figure 10, matched in mean and standard deviation."""
    return Study("fine_tuning", arms(p), collection.tests(p.test_slices), "mean_std", p.source, device, p.recompute)


def changes(made: Study) -> dict[tuple[str, str], Interval]:
    """SSIM after minus before on the same slices, by (dataset fine-tuned on, dataset tested on)."""
    tuned = [arm for arm in made.arms if arm != BEFORE]
    return {(arm, name): made.difference(arm, BEFORE, TWINS[name]) for arm in tuned for name in TESTED}


def forgotten(made: Study, arm: str) -> Interval:
    """SSIM after minus before, over the test slices of the five datasets that were not used for fine-tuning."""
    rest = [test for name in TESTED if name != arm for test in TWINS[name]]
    return made.difference(arm, BEFORE, dict.fromkeys(rest))

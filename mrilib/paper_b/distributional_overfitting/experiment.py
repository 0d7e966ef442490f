"""Distributional overfitting (paper B, §6 and App. F): scores in and out of distribution during training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import torch
from torch import Tensor

from mrilib.data.catalogue import distribution
from mrilib.data.pictures import packed, unpacked
from mrilib.data.slices import SliceDataset
from mrilib.data.sources import Source, data_digest, slices_of
from mrilib.data.twins import TWINS
from mrilib.gap import Interval, mean_interval, performance_gap
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_b.distributional_overfitting.parameters import Parameters
from mrilib.paper_b.distributional_overfitting.trainings import TRAININGS
from mrilib.paper_b.pairs import Pair, shared_out
from mrilib.paper_b.parameters import NETWORKS
from mrilib.paper_b.protocol import UnionSpec, equispaced, paper_b, sampled, ssim_scores, union
from mrilib.scoring import reconstruct
from mrilib.store.tables import Key, Row, StoredRow, StoredTable
from mrilib.train.networks import InMemory
from mrilib.train.training import Progress
from mrilib.train.watched import watched

EVERY = 2  # epochs between two points of a curve
VALIDATION_SLICES = 16  # per side
GAIN, WINDOW = 0.002, 5  # stopping rule: smallest gain in SSIM over this many points

_KNEE, _BRAIN = tuple(TWINS["fastmri_knee"]), tuple(TWINS["fastmri_brain"])
SHIFTS = {
    "t2_knee": Pair("T2 brain to knee", tuple(name for name in _BRAIN if "_t2_" in name), _KNEE),
    "brain_m4raw": Pair("brain to M4Raw, 0.3 T", _BRAIN, tuple(TWINS["m4raw"])),
    "fastmri_prostate": Pair("brain and knee to prostate", _BRAIN + _KNEE, tuple(TWINS["fastmri_prostate"])),
}


@dataclass(frozen=True)
class Curve:
    """Scores during one training run, on test and validation slices of P, the training distribution, and of Q.

    Args:
        spec: network, data and recipe.
        shift: P and Q.
        test_slices: number per side, divided among its distributions.
        device, recompute, progress: as in `study.Study`.
    """

    spec: UnionSpec
    shift: Pair
    test_slices: int
    device: torch.device | str = "cpu"
    recompute: bool = False
    progress: Progress | None = None

    @property
    def table(self) -> StoredTable:
        """Table with one row per training run."""
        return StoredTable("overfitting", {"every": EVERY, "validation_slices": VALIDATION_SLICES}, {__name__})

    @property
    def lists(self) -> dict[str, dict[str, int]]:
        """Number of slices of each distribution in each scored list."""
        wanted = {"test": self.test_slices, "validation": VALIDATION_SLICES}
        return {
            f"{split} {side}": {name: some for name, some in sampled(dict.fromkeys(names, 1.0), count).items() if some}
            for split, count in wanted.items()
            for side, names in self.shift.sides.items()
        }

    @property
    def key(self) -> Key:
        """Key of the stored row, from digests of the network's data, recipe and architecture and of the slices."""
        digests = {
            name: [
                data_digest(distribution(part), name.split()[0], count, self.spec.source) for part, count in of.items()
            ]
            for name, of in self.lists.items()
        }
        return {"network": self.spec.name, "digest": self.spec.digest, "slices": digests}

    @property
    def stored(self) -> bool:
        """Whether the row is stored."""
        return self.table.find(self.key) is not None

    @property
    def stored_row(self) -> StoredRow:
        """Stored row of the scores; computing it trains the network."""
        return StoredRow(self.table, self.key, self._compute, opened)

    @cached_property
    def row(self) -> Row:
        """Scores, read or computed once."""
        return self.stored_row.read(self.recompute)

    def _compute(self) -> Row:
        slices = {name: _slices(of, name.split()[0], self.spec.source) for name, of in self.lists.items()}
        losses, looks = watched(self.spec, partial(self._look, slices), self.device, self.progress)
        seen = {epoch: look for epoch, look in enumerate(looks) if look}
        scores = {name: [look[name] for look in seen.values()] for name in slices}
        examples = {epoch: seen[epoch]["example"] for epoch in self.example_epochs}
        return {"loss": losses, "epochs": list(seen), "scores": scores, "examples": examples}

    @property
    def example_epochs(self) -> tuple[int, int]:
        """Epochs after which an image is kept: one after about a quarter of training, as in Figure 19, and the last."""
        epochs = self.spec.recipe.epochs
        return EVERY * round(epochs / 4 / EVERY), epochs

    def _look(self, slices: Mapping[str, InMemory], model: Reconstructor, epoch: int) -> Row:
        if epoch % EVERY and epoch < self.spec.recipe.epochs:
            return {}
        seen: Row = {
            name: [round(score, 6) for score in ssim_scores(model, of, device=self.device)]
            for name, of in slices.items()
        }
        if epoch in self.example_epochs:
            seen["example"] = packed(_image(model, slices["test Q"], self.device))
        return seen

    def example(self) -> dict[str, Tensor]:
        """First test slice of Q, fully sampled and reconstructed at `example_epochs`; the target's maximum is 1."""
        sample = _slices(dict([next(iter(self.lists["test Q"].items()))]), "test", self.spec.source)[0]
        target = sample.target[0, 0] / sample.target.max()
        images = {f"epoch {epoch}": image for epoch, image in opened(self.row)["examples"].items()}
        return {"fully sampled": target} | images

    def scores(self, name: str) -> list[list[float]]:
        """SSIM of every slice of a list, such as "test P" or "validation Q", at each point of the curve."""
        return self.row["scores"][name]

    @property
    def epochs(self) -> list[int]:
        """Number of epochs after which each point was scored."""
        return self.row["epochs"]

    @property
    def peak(self) -> int:
        """Point with the highest out-of-distribution score, on validation slices of Q."""
        return int(np.argmax([np.mean(scores) for scores in self.scores("validation Q")]))

    @property
    def stop(self) -> int:
        """Point at which the stopping rule ends the training, on validation slices of P."""
        return marginal([float(np.mean(scores)) for scores in self.scores("validation P")])

    def change(self, side: str, since: int) -> Interval:
        """Score at the end minus score at a point of the curve, paired over the test slices of a side."""
        scores = self.scores(f"test {side}")
        return performance_gap(scores[-1], scores[since])

    @cached_property
    def gains(self) -> dict[str, dict[int, Interval]]:
        """SSIM minus SSIM at the end, by side and epoch, paired over the side's test slices."""
        return {side: self._gains(self.scores(f"test {side}")) for side in self.shift.sides}

    def _gains(self, scores: list[list[float]]) -> dict[int, Interval]:
        return {epoch: performance_gap(one, scores[-1]) for epoch, one in zip(self.epochs, scores, strict=True)}

    def mean(self, side: str, point: int) -> Interval:
        """Mean SSIM over the test slices of a side at a point of the curve."""
        return mean_interval(self.scores(f"test {side}")[point])


def marginal(scores: Sequence[float], gain: float = GAIN, window: int = WINDOW) -> int:
    """First point whose best score so far exceeds that `window` points earlier by less than `gain`, or else the last.

    The rule needs only in-distribution scores, which are available in any training run; it uses neither Q nor a drop in
    score.

    Args:
        scores: validation SSIM on P at each point of the curve.
        gain: smallest change that counts as an improvement.
        window: number of points to wait for an improvement.

    Raises:
        ValueError: no scores, a negative gain or a window below 1.

    Reference: Lin, Heckel, ICML 2024, §7 and App. G.2: stop when improvements in distribution become marginal. In the
    paper, training was stopped manually, without a threshold; `GAIN` and `WINDOW` are ours.
    """
    if not scores or gain < 0 or window < 1:
        raise ValueError(
            "scores, gain and window: expected some scores, gain >= 0 and window >= 1, "
            f"got {len(scores)}, {gain}, {window}"
        )
    best = np.maximum.accumulate(scores)
    slow = np.flatnonzero(best[window:] - best[:-window] < gain)
    return int(slow[0]) + window if len(slow) else len(scores) - 1


def _slices(counts: Mapping[str, int], split: str, source: Source) -> InMemory:
    pairs = [pair for name, count in counts.items() for pair in slices_of(distribution(name), split, count, source)]
    return InMemory(SliceDataset(pairs, equispaced([4]), maps=False))


@torch.no_grad()
def _image(model: Reconstructor, slices: InMemory, device: torch.device | str) -> Tensor:
    sample = slices[0].to(device)
    return reconstruct(model, sample).abs()[0, 0].cpu() / sample.target.max().item()


def title(training: str) -> str:
    """Title of a training run: its network, and the shift or optimizer that it studies."""
    own = TRAININGS[training]
    about = SHIFTS[own.shift].title if own.optimizer == "adam" else optimizer(training)
    return f"{NETWORKS[own.model]}, {about}"


def optimizer(training: str) -> str:
    """The optimizer of a training run in words."""
    own = TRAININGS[training]
    return "Adam" if own.optimizer == "adam" else f"SGD, rate {own.learning_rate:g}"


def spec(p: Parameters, training: str) -> UnionSpec:
    """Specification of a training run's network, from the notebook's parameters and the run's own settings.

    Raises:
        ValueError: unknown training, or fewer slices than P has distributions.
    """
    if training not in TRAININGS:
        raise ValueError(f"training {training!r}: expected one of {', '.join(TRAININGS)}")
    own = TRAININGS[training]
    less = own.model == "e2e_varnet"
    epochs, slices = (p.varnet_epochs, p.varnet_slices) if less else (p.epochs, p.train_slices)
    recipe = paper_b(epochs, own.learning_rate or p.train_learning_rate, p.batch_size, p.seed, own.optimizer)
    counts = shared_out(SHIFTS[own.shift].p, slices)
    return union(f"curve_{training}", counts, p.architecture_of(own.model), recipe, source=p.source)


def curve(p: Parameters, training: str, device: torch.device | str = "cpu", recompute: bool = False) -> Curve:
    """Curve of a training run, with the slices on which it is monitored."""
    return Curve(spec(p, training), SHIFTS[TRAININGS[training].shift], p.test_slices, device, recompute)


def opened(row: Row) -> Row:
    """A stored row with its images as tensors, (y, x) in [0, 1]."""
    return {**row, "examples": {epoch: unpacked(image) for epoch, image in row["examples"].items()}}

"""Effect of the output phase on test-time training, studied by training variants and by rotating the phase."""

import cmath
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from mrilib.gap import Interval, mean_interval
from mrilib.linop import LinearOperator
from mrilib.losses import Kind
from mrilib.models.build import describe
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a.early_stopping_and_ablation.parameters import Parameters
from mrilib.paper_a.early_stopping_and_ablation.rules import rank_correlation, rounded
from mrilib.paper_a.experiment import Experiment
from mrilib.sample import Sample
from mrilib.sampling import calibration_width, center_block
from mrilib.scoring import slice_ssim
from mrilib.store.tables import Row
from mrilib.train.networks import NetworkSpec, ssim_without_ttt
from mrilib.train.objectives import Loss
from mrilib.ttt import Settings, TTTRecord, test_time_train

Turn = Literal["none", "eighth", "quarter", "half", "aligned"]
ANGLES: dict[str, float] = {"none": 0.0, "eighth": math.pi / 4, "quarter": math.pi / 2, "half": math.pi}
PLUNGE = 30  # iterations during which an initial drop of SSIM is measured
SCORED = (*range(0, PLUNGE + 1, 2), *range(45, 400, 15), 399)


def phase_error(image: Tensor, reference: Tensor) -> Tensor:
    """Mean phase difference between two complex images, weighted by the reference's magnitude: Σ |r| |∠(x r̄)| / Σ |r|.

    0 if the phases agree, π/2 on average for a random phase, at most π; independent of the magnitudes of x.

    Args:
        image: x, (batch, 1, y, x) complex.
        reference: r, same shape, not zero.

    Returns:
        (batch,) in radians.
    """
    weight = reference.abs()
    angle = (image * reference.conj()).angle().abs()
    return (weight * angle).flatten(1).sum(1) / weight.flatten(1).sum(1)


class Turned(Reconstructor):
    """Wrap a network and rotate the phase of its image by one angle: e^{iφ} f_θ; magnitudes are unchanged.

    Args:
        model: f_θ; its weights are shared.
        angle: φ in radians.
    """

    def __init__(self, model: Reconstructor, angle: float) -> None:
        super().__init__()
        self.model = model
        self.angle = angle

    def extra_repr(self) -> str:
        """Return the settings that affect the result but are not weights; caches are keyed by them."""
        return f"angle={self.angle}"

    def initial(self, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        return self.model.initial(masked_kspace, A)

    def refine(self, initial: Tensor, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        return cmath.exp(1j * self.angle) * self.model.refine(initial, masked_kspace, A)


@torch.no_grad()
def measured_angle(model: Reconstructor, sample: Sample) -> float:
    """Phase rotation that best fits the measurement: argmin_φ ‖y − e^{iφ} A f_θ(A†y)‖₂ = ∠⟨A f_θ(A†y), y⟩.

    Only the calibration region (ACS) is compared, which self-validation never holds out; no ground truth is used.
    """
    center = center_block(sample.mask.shape[-1], calibration_width(sample.mask))
    predicted = sample.operator(model(sample.masked_kspace, sample.operator))[..., center]
    return torch.vdot(predicted.flatten(), sample.masked_kspace[..., center].flatten()).angle().item()


def turned(model: Reconstructor, turn: Turn, sample: Sample) -> Reconstructor:
    """Return the network with its phase rotated by a fixed angle, or "aligned" with this slice's measurement."""
    angle = measured_angle(model, sample) if turn == "aligned" else ANGLES[turn]
    return Turned(model, angle) if angle else model


@dataclass(frozen=True)
class Variant:
    """One way to train a network on P and, via `turn`, to rotate the phase of its output before TTT."""

    loss: Loss = "supervised"
    supervised_target: Kind = "magnitude"
    residual: bool = False
    turn: Turn = "none"

    @property
    def key(self) -> dict[str, Any]:
        """Key of the variant's row in the stored table."""
        return asdict(self)

    @property
    def name(self) -> str:
        """Description in words."""
        network = "residual" if self.residual else "plain"
        turned = "" if self.turn == "none" else f", {self.turn}" + (" turn" if self.turn in ANGLES else "")
        return f"{self.loss}, {self.supervised_target}, {network}{turned}"

    def spec(self, experiment: Experiment) -> NetworkSpec:
        """Specification of the variant's network, which is trained on P."""
        recipe = replace(experiment.recipe, supervised_target=self.supervised_target)
        architecture = experiment.architecture
        architecture = describe(architecture["name"], {**architecture, "residual": self.residual})
        return replace(experiment, recipe=recipe, architecture=architecture).spec(self.loss, "P")


def small_varnet(p: Parameters) -> Experiment:
    """Return the experiment with a VarNet of width 6, trained for 6 epochs, in place of the U-Net."""
    sizes = {"chans": 6, "num_pool_layers": 3, "num_cascades": p.num_cascades, "fidelity": p.fidelity}
    recipe = replace(p.recipe, epochs=6)
    return replace(p.experiment, architecture=describe("varnet", sizes), recipe=recipe)


GRID = tuple(
    Variant(loss, kind, residual)
    for loss in get_args(Literal["supervised", "joint"])
    for kind in get_args(Kind)
    for residual in (False, True)
)
INTERVENTIONS = (Variant(turn="aligned"), *(Variant("joint", turn=turn) for turn in ("eighth", "quarter", "half")))


def watched(
    model: Reconstructor, sample: Sample, settings: Settings, score_at: Sequence[int] = SCORED
) -> tuple[TTTRecord, dict[int, Tensor]]:
    """Run TTT on one slice, recording its true SSIM and its image at the iterations `score_at`."""
    images: list[Tensor] = []

    def score(image: Tensor) -> float:
        images.append(image)
        return slice_ssim(image, sample)[0]

    given = (sample.masked_kspace, sample.mask, sample.sens_maps)
    record = test_time_train(model, *given, settings, score=score, score_at=score_at)
    return record, dict(zip(record.history.score, images, strict=True))


def ablation_row(model: Reconstructor, turn: Turn, samples: Sequence[Sample], settings: Settings) -> Row:
    """Run TTT of one variant on every slice; a row has SSIM before and after, and three curves over `iterations`."""
    row: Row = {name: [] for name in ("before", "after", "ssim", "phase_error", "validation_error")}
    for sample in samples:
        network = turned(model, turn, sample)
        record, images = watched(network, sample, settings.running_on())
        row["iterations"] = list(images)
        row["before"] += rounded(ssim_without_ttt(network, [sample], sample.target.device), 6)
        row["after"] += rounded(slice_ssim(record.image, sample), 6)
        row["ssim"].append(rounded(record.history.score.values()))
        row["phase_error"].append(rounded(phase_error(image, sample.reference).item() for image in images.values()))
        row["validation_error"].append(rounded(record.history.validation_error[n] for n in images))
    return row


def dips(row: Row) -> list[float]:
    """Drop of SSIM below its initial value within the first `PLUNGE` iterations, per slice; 0 if there is none."""
    early = sum(n <= PLUNGE for n in row["iterations"])
    return [curve[0] - min(curve[:early]) for curve in row["ssim"]]


def at_iterations(row: Row, *iterations: int) -> list[list[float]]:
    """SSIM of every slice at each of the given iterations, which must be among those scored."""
    places = [row["iterations"].index(iteration) for iteration in iterations]
    return [[curve[place] for curve in row["ssim"]] for place in places]


def outcome(row: Row) -> dict[str, Interval]:
    """Slice means: SSIM before TTT, minimum and drop within `PLUNGE` iterations, SSIM after; initial phase error."""
    starts = [curve[0] for curve in row["ssim"]]
    columns = {
        "before": row["before"],
        "worst": [start - dip for start, dip in zip(starts, dips(row), strict=True)],
        "dip": dips(row),
        "after": row["after"],
        "phase": [curve[0] for curve in row["phase_error"]],
    }
    return {name: mean_interval(values) for name, values in columns.items()}


def mean_curves(rows: Mapping[str, Row], curve: str) -> list[dict[str, Any]]:
    """Chart rows of one curve of each named row: the mean over slices with its 95 % interval at every iteration."""
    return [
        {"method": name, "iteration": iteration, **vars(mean_interval([slice_[at] for slice_ in row[curve]]))}
        for name, row in rows.items()
        for at, iteration in enumerate(row["iterations"])
    ]


def phase_against_dip(rows: Sequence[Row]) -> Interval:
    """Rank correlation between initial phase error and drop in SSIM over the variants, averaged over slices."""
    phases = np.array([[curve[0] for curve in row["phase_error"]] for row in rows])
    depths = np.array([dips(row) for row in rows])
    return mean_interval([rank_correlation(*pair) for pair in zip(phases.T, depths.T, strict=True)])

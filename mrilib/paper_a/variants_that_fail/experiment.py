"""Variants of test-time training: paper A's two that fail (App. D), and one that tunes only affine parameters."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from mrilib.data.slices import SliceDataset
from mrilib.data.volumes import read_slice
from mrilib.gap import FractionClosed, Interval, fraction_closed, mean_interval, performance_gap
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a.variants_that_fail.perturbations import Strength, perturb
from mrilib.sample import Sample, mirror, undersample
from mrilib.scoring import reconstruct, slice_ssim
from mrilib.store.tables import Row
from mrilib.train.adaptation import adapt
from mrilib.train.networks import NetworkSpec, network, ssim_without_ttt
from mrilib.train.objectives import Objective
from mrilib.ttt import Settings

Scores = Sequence[float]
LENGTHENED = ("CycleU-Net + TTT", "joint + TTT")  # also stored after twice as many epochs; the first is Table 5's
# Table 5 of paper A: supervised U-Net trained on Q, on P, gap; CycleU-Net + TTT on Q, on P, gap; fraction closed.
TABLE_5 = (0.9187, 0.8521, 0.0666, 0.9212, 0.8742, 0.0470, "29.4 %")


@dataclass(frozen=True)
class Tuned:
    """One slice after a fixed number of iterations.

    `image` is (1, 1, y, x) complex; `losses` holds the loss before each step, `scores` the score before the first
    and after every step (empty if none was requested).
    """

    image: Tensor
    losses: list[float]
    scores: list[float]


def tune(
    model: Reconstructor,
    sample: Sample,
    objective: Objective,
    *,
    learning_rate: float,
    iterations: int = 10,
    seed: int = 0,
    score: Callable[[Tensor], float] | None = None,
) -> Tuned:
    """Minimise a self-supervised objective of one slice with Adam for a fixed number of iterations.

    Args:
        model: the trained network; left unchanged.
        sample: one slice.
        objective: `objectives.denoising` for a two-head network, `objectives.round_trip` for a CycleU-Net.
        learning_rate: learning rate of Adam ("similar to pre-training" in paper A).
        iterations: number of steps; 10 for the two-head network in paper A, not stated for CycleU-Net.
        seed: seed of the noise that `denoising` redraws in every iteration.
        score: image → number, for teaching; slows down the run.

    Raises:
        ValueError: more than one slice, no iterations, or a model that does not fit the objective.

    Reference: Darestani, Liu, Heckel, ICML 2022, App. D.
    """
    if sample.masked_kspace.shape[0] != 1:
        raise ValueError(f"sample: test-time training takes one slice, got {sample.masked_kspace.shape[0]}")
    if iterations < 1:
        raise ValueError(f"iterations must be positive, got {iterations}")
    model, generator = copy.deepcopy(model).train(), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=learning_rate)
    losses, scores = [], []
    for _ in range(iterations):
        if score is not None:
            scores.append(score(reconstruct(model, sample)))
        loss = objective(model, sample, "magnitude", generator)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    image = reconstruct(model, sample)
    return Tuned(image, losses, scores + ([score(image)] if score is not None else []))


@dataclass(frozen=True)
class AuxiliaryTask:
    """Network with its own self-supervised task, and how it is tuned on one slice; arguments as in `tune`."""

    model: str  # its name in `models.build`, and that of its training loss in `objectives`
    objective: Objective
    learning_rate: float
    iterations: int

    def image(self, model: Reconstructor, sample: Sample, seed: int = 0) -> Tensor:
        """Image of a slice after tuning, (1, 1, y, x) complex."""
        rate, steps = self.learning_rate, self.iterations
        return tune(model, sample, self.objective, learning_rate=rate, iterations=steps, seed=seed).image

    def after(self, model: Reconstructor, samples: Sequence[Sample], seed: int = 0) -> list[float]:
        """SSIM of each slice after tuning, as paper A scores it."""
        return [slice_ssim(self.image(model, one, seed), one)[0] for one in samples]


def consistency_row(
    spec: NetworkSpec,
    samples: Sequence[Sample] | Dataset[Sample],
    settings: Settings,
    affine: bool,
    device: torch.device | str = "cpu",
    workers: int = 1,
) -> Row:
    """Row for a stored table: SSIM of each slice without and with TTT on the k-space loss.

    Args:
        spec: specification of the network, which is trained if missing.
        samples: test slices.
        settings: settings of `ttt.test_time_train`.
        affine: whether to tune only gains and offsets, see `affine_only`, instead of all weights.
        device, workers: as in `adaptation.adapt`.
    """
    model = affine_only(network(spec, device)) if affine else network(spec, device)
    adapted = adapt(model, samples, settings, device=device, workers=workers)
    scores = {"before": ssim_without_ttt(model, samples, device), "after": [one.ssim for one in adapted]}
    return {name: [round(score, 6) for score in column] for name, column in scores.items()}


def affine_only(model: Reconstructor) -> Reconstructor:
    """Copy a model so that only a gain and an offset per normalised channel are trainable; its images stay the same.

    Each instance normalisation gets γ = 1 and β = 0, (x − mean)/(standard deviation) · γ + β; the rest is frozen.

    Raises:
        ValueError: the model has no instance normalisation.

    Reference: similar to GainTuning, which tunes one gain per channel (Mohan et al., NeurIPS 2021).
    """
    model = copy.deepcopy(model).requires_grad_(False)
    norms = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.InstanceNorm2d)
    ]
    if not norms:
        raise ValueError(f"affine_only: {type(model).__name__} has no instance normalisation with gains to tune")
    device = next(model.parameters()).device
    for parent, name, norm in norms:
        setattr(parent, name, nn.InstanceNorm2d(norm.num_features, norm.eps, affine=True).to(device))
    return model


def perturbed(slices: SliceDataset, name: str, seed: int = 0, strength: Strength | None = None) -> list[Sample]:
    """Apply one of `perturbations.PERTURBATIONS` to slices, under-sampled as before, with newly estimated coil maps.

    Args:
        slices: fully sampled slices and their under-sampling.
        name: name of the transform.
        seed: seed of its randomness; slice n uses seed + n.
        strength: strength of the transform; defaults if None.
    """
    samples = []
    for item, (path, index) in enumerate(slices.slices):
        found = read_slice(path, index)
        kspace = perturb(found.kspace, name, seed + item, strength)
        height, width = found.info.recon_size
        size = (width, height) if name == "rot90" else (height, width)
        mask = slices.sampling.mask(path.name, kspace.shape[-1])
        if not found.columns.all():
            mask = mask & _moved(found.columns, name)
        samples.append(undersample(kspace, mask, f"{path.name}[{index}] {name}", size))
    return samples


def _moved(columns: Tensor, name: str) -> Tensor:
    """Where a transform puts the columns that were measured, (1, 1, 1, kx); `rot90` turns them into rows."""
    if name in ("fliph", "rot90"):
        columns = mirror(columns, -1)
    return columns.mT if name == "rot90" else columns


@dataclass(frozen=True)
class Closing:
    """Part of the gap between supervised networks that a method leaves; all scores are on the same test slices.

    Args:
        before_q, before_p: scores of the supervised networks.
        after_q, after_p: scores of the networks with the method.
    """

    before_q: Scores
    before_p: Scores
    after_q: Scores
    after_p: Scores

    @property
    def row(self) -> dict[str, Any]:
        """Table row: means of both networks, the gap between them, and both fractions as text."""
        numbers = {"q": mean_interval(self.after_q), "p": mean_interval(self.after_p), "gap": self.gap}
        fractions = {"closed": str(self.closed), "reached": str(self.reached)}
        return {name: vars(interval) for name, interval in numbers.items()} | fractions

    @property
    def gap(self) -> Interval:
        """Gap that remains between the two networks with the method."""
        return performance_gap(self.after_q, self.after_p)

    @property
    def closed(self) -> FractionClosed:
        """Fraction closed in paper A, 1 − gap after / gap before; also grows if the network trained on Q gets worse."""
        return fraction_closed(self.before_q, self.before_p, self.after_q, self.after_p)

    @property
    def reached(self) -> FractionClosed:
        """Fraction of the gap to the fixed supervised network of Q that is closed by the network trained on P."""
        return fraction_closed(self.before_q, self.before_p, self.before_q, self.after_p)

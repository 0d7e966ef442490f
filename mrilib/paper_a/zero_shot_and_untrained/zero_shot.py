"""ZS-SSL: train a network on many splits of the single measurement that it reconstructs."""

import copy
import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.utils.data import Dataset

from mrilib.linop import sense
from mrilib.losses import normalized_l1
from mrilib.models.reconstructor import Reconstructor
from mrilib.sample import Sample
from mrilib.sampling import center_block, split_mask
from mrilib.scoring import slice_ssim
from mrilib.train.adaptation import Adapted
from mrilib.ttt import History, Score, TTTRecord

CENTER = 4  # rows and columns around zero frequency that are in the input of every split


@dataclass(frozen=True)
class ZeroShotSettings:
    """Settings of ZS-SSL; the defaults are the published ones.

    Args:
        learning_rate: learning rate of Adam.
        max_epochs: upper limit; an epoch is one step on each split.
        splits: number K of splits, drawn once.
        validation: fraction of the measurements held out for self-validation (p′ in paper A).
        loss: fraction of the others used in the loss instead of the network's input, redrawn for each split (p).
        patience: number of epochs without a new minimum of the self-validation error after which to stop.
        seed: seed of the validation part and of the splits.

    Raises:
        ValueError: a number out of range.
    """

    learning_rate: float = 5e-4
    max_epochs: int = 300
    splits: int = 25
    validation: float = 0.2
    loss: float = 0.4
    patience: int = 25
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.max_epochs, self.splits, self.patience) < 1 or not 0 < self.learning_rate < math.inf:
            raise ValueError("max_epochs, splits, patience and learning_rate must be positive")
        if not 0 < self.validation < 1 or not 0 < self.loss < 1:
            raise ValueError(f"validation and loss must lie between 0 and 1, got {self.validation} and {self.loss}")


def draw(mask: Tensor, share: float, seed: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Split off a random fraction of the sampled locations, sparing the central 4×4.

    Args:
        mask: (1, 1, ky, kx) bool.
        share: fraction of the locations outside the centre.
        seed: see `sampling.random_mask`.

    Returns:
        Remaining and drawn locations, disjoint with union `mask`.
    """
    candidates = mask.clone()
    rows, columns = (center_block(size, CENTER) for size in mask.shape[-2:])
    candidates[..., rows, columns] = False
    _, drawn = split_mask(candidates, share, seed)
    return mask & ~drawn, drawn


@dataclass(frozen=True)
class Parts:
    """Sampled locations: Ω = everything, Γ = validation, and K splits of Ω without Γ into Θ (input) and Λ (loss)."""

    everything: Tensor
    known: Tensor  # Ω without Γ
    validation: Tensor
    pairs: list[tuple[Tensor, Tensor]]  # (Θ, Λ)


def part(mask: Tensor, readout: int, settings: ZeroShotSettings) -> Parts:
    """Draw Γ once and (Θ, Λ) K times; all masks are (1, 1, ky, kx) bool.

    Args:
        mask: (1, 1, 1 or ky, kx) bool.
        readout: number ky of rows.
    """
    everything = mask.expand(1, 1, readout, mask.shape[-1])
    known, validation = draw(everything, settings.validation, (settings.seed,))
    pairs = [draw(known, settings.loss, (settings.seed, number)) for number in range(1, settings.splits + 1)]
    return Parts(everything, known, validation, pairs)


def mixed_loss(predicted: Tensor, measured: Tensor) -> Tensor:
    """½ ‖u − v‖₂/‖v‖₂ + ½ ‖u − v‖₁/‖v‖₁ for one slice; u predicted and v measured, both zero where excluded.

    Reference: Yaman, Hosseini, Akçakaya, ICLR 2022.
    """
    euclidean = torch.linalg.vector_norm(predicted - measured) / torch.linalg.vector_norm(measured)
    return 0.5 * euclidean + 0.5 * normalized_l1(predicted, measured)


@dataclass(frozen=True)
class _Slice:
    """One measurement, reconstructed from some of its locations and compared with it at others."""

    masked_kspace: Tensor
    sens_maps: Tensor

    def image(self, model: Reconstructor, seen: Tensor) -> Tensor:
        return model(self.masked_kspace * seen, sense(seen, self.sens_maps))

    def error(self, model: Reconstructor, seen: Tensor, compared: Tensor) -> Tensor:
        predicted = sense(compared, self.sens_maps)(self.image(model, seen))
        return mixed_loss(predicted, self.masked_kspace * compared)


def zero_shot(
    model: Reconstructor,
    masked_kspace: Tensor,
    mask: Tensor,
    sens_maps: Tensor,
    settings: ZeroShotSettings | None = None,
    *,
    score: Score | None = None,
    score_at: Collection[int] = (),
) -> TTTRecord:
    """Train a copy of `model` on K splits of one measurement, then reconstruct the image from all of it.

    Each step gives the network y at Θ and compares A x with y at Λ; after each epoch, the network receives y at Ω
    without Γ and is compared at Γ. The weights with the smallest error at Γ reconstruct from all of Ω.

    Args:
        model: pre-trained or with random weights, see `untrained.random_network`; left unchanged.
        masked_kspace: y, (1, coil, ky, kx) complex.
        mask: Ω, (1, 1, 1 or ky, kx) bool.
        sens_maps: (1, coil, y, x).
        settings: published settings if None.
        score, score_at: image → number, for the image from all of Ω after these epochs (for teaching; slow).

    Returns:
        TTTRecord whose iterations are epochs.

    Raises:
        ValueError: more than one slice, or a loss that is not finite.

    Reference: Yaman, Hosseini, Akçakaya, ICLR 2022 (ZS-SSL); Darestani, Liu, Heckel, ICML 2022, App. B.
    """
    if masked_kspace.shape[0] != 1:
        raise ValueError(f"masked_kspace: ZS-SSL takes one slice, got {masked_kspace.shape[0]}")
    settings = settings or ZeroShotSettings()
    parts = part(mask, masked_kspace.shape[-2], settings)
    given = _Slice(masked_kspace, sens_maps)
    model = copy.deepcopy(model).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    history, chosen, reason = History(), 0, "max_epochs was reached"
    best = copy.deepcopy(model.state_dict())
    for epoch in range(settings.max_epochs):
        history.train_error.append(_epoch(model, optimizer, given, parts))
        with torch.no_grad():
            error = given.error(model, parts.known, parts.validation).item()
        if error < min(history.validation_error, default=math.inf):
            best, chosen = copy.deepcopy(model.state_dict()), epoch
        history.validation_error.append(error)
        if score is not None and epoch in score_at:
            history.score[epoch] = score(_final(model, given, parts))
        if epoch - chosen >= settings.patience:
            reason = f"no new minimum for {settings.patience} epochs"
            break
    last = _final(model, given, parts)
    model.load_state_dict(best)
    return TTTRecord(_final(model, given, parts), last, history, epoch, chosen, reason)


def _epoch(model: Reconstructor, optimizer: torch.optim.Optimizer, given: _Slice, parts: Parts) -> float:
    """Take one step on each split and return the mean loss."""
    losses = []
    for seen, compared in parts.pairs:
        loss = given.error(model, seen, compared)
        if not torch.isfinite(loss):
            raise ValueError("the loss is not finite: masked_kspace or the weights hold NaN, or learning_rate is large")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


@torch.no_grad()
def _final(model: Reconstructor, given: _Slice, parts: Parts) -> Tensor:
    return given.image(model, parts.everything)


def adapt_zero_shot(
    model: Reconstructor,
    slices: Sequence[Sample] | Dataset[Sample],
    settings: ZeroShotSettings,
    device: torch.device | str = "cpu",
) -> list[Adapted]:
    """Run ZS-SSL on each slice separately, one after the other, without caching; otherwise as `adaptation.adapt`."""

    def run(sample: Sample) -> TTTRecord:
        return zero_shot(model, sample.masked_kspace, sample.mask, sample.sens_maps, settings)

    return [timed(run, slices[item].to(device)) for item in range(len(slices))]  # type: ignore[arg-type]


def timed(run: Callable[[Sample], TTTRecord], sample: Sample) -> Adapted:
    """Adapt to one slice now, without reading a cache, and score it after stopping the clock."""
    start = time.perf_counter()
    record = run(sample)
    image, last = record.image.cpu(), record.last_image.cpu()
    seconds = time.perf_counter() - start
    ssim, last_ssim = (slice_ssim(one, sample.to("cpu"))[0] for one in (image, last))
    return Adapted(sample.names[0], replace(record, image=image, last_image=last), ssim, last_ssim, seconds)

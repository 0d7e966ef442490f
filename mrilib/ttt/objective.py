"""Objective of test-time training on one slice, and the measurements held out for self-validation."""

import copy
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mrilib.coils import estimate_sens_maps
from mrilib.linop import LinearOperator, Sense, check_slice, sense
from mrilib.losses import l1_norm, moduli
from mrilib.models.fixed_encoder import fix_encoder
from mrilib.models.free_phase import FreePhase
from mrilib.models.reconstructor import Reconstructor
from mrilib.sampling import calibration_width, center_block, split_mask
from mrilib.ttt.settings import Settings

# Held-out error, relative to the start from calibration lines; validation slices: gradient echoes ≤ .86, others ≥ .98.
MUCH_BETTER = 0.92
FAINTEST = 1e-3  # mean modulus of a column, relative to the largest, below which its weight does not grow


@dataclass(frozen=True)
class Measurement:
    """Data of one slice for training and self-validation.

    `compact` holds y and the training and validation masks at the sampled `columns` only. The other columns, three
    quarters of k-space, do not contribute to the loss.
    """

    train: Tensor
    validation: Tensor
    columns: Tensor
    compact: tuple[Tensor, Tensor, Tensor]
    everything: Sense
    network_kspace: Tensor
    network_operator: LinearOperator


def held_out(mask: Tensor, readout: int, settings: Settings) -> Tensor:
    """Draw the measurements for self-validation, (1, 1, ky, kx) bool, or (1, 1, 1, kx) for whole lines.

    Args:
        mask: (1, 1, 1 or ky, kx) bool.
        readout: number ky of rows.
        settings: fraction, unit and seed.
    """
    candidates = mask.clone()
    if settings.fidelity == "paper":  # the coil maps come from the calibration lines, so these cannot be held out
        candidates[..., center_block(mask.shape[-1], calibration_width(mask))] = False
    return split_mask(candidates, settings.holdout, settings.seed, settings.unit, readout=readout)[1]


def split(masked_kspace: Tensor, mask: Tensor, sens_maps: Tensor | None, settings: Settings) -> Measurement:
    """Hold out a fraction of the measurements for self-validation.

    `paper` excludes them from the loss, the network's input and the coil maps; `code`, like the published code,
    excludes them only from the loss.
    """
    lines = calibration_width(mask)
    validation = held_out(mask, masked_kspace.shape[-2], settings)
    train = mask & ~validation
    if sens_maps is None:
        sens_maps = estimate_sens_maps(masked_kspace, lines)
    seen = mask if settings.fidelity == "code" else train
    columns = mask.flatten(0, -2).any(0).nonzero().flatten()
    compact = (masked_kspace[..., columns], train[..., columns], validation[..., columns])
    return Measurement(
        train, validation, columns, compact, sense(mask, sens_maps), masked_kspace * seen, sense(seen, sens_maps)
    )


def slice_objective(
    model: Reconstructor, masked_kspace: Tensor, mask: Tensor, sens_maps: Tensor | None, settings: Settings
) -> "SliceObjective":
    """Objective of test-time training on one slice, for a copy of the network; arguments as in `test_time_train`."""
    check_slice(masked_kspace, mask, sens_maps)
    if torch.is_inference_mode_enabled():
        raise ValueError("test-time training needs gradients: leave torch.inference_mode, or use torch.no_grad")
    if not any(one.requires_grad for one in model.parameters()):
        raise ValueError("model: no parameter requires a gradient; model.requires_grad_(True) makes all trainable")
    network, given = copy.deepcopy(model).train(), split(masked_kspace, mask, sens_maps, settings)
    if settings.tuned == "decoder":
        fix_encoder(network, given.network_kspace, given.network_operator)
    return SliceObjective(network, given, calibration_width(mask), settings)


def column_weights(kspace: Tensor, power: float) -> Tensor:
    """Weights (max_j s_j / s_i)^power of the columns i of k-space, s_i the mean modulus of column i.

    The ℓ1 loss of paper A consists mostly of the few columns at the centre, although the others hold the details.
    With power 1, all columns contribute equally to ‖y‖₁; with power 0, all weights are 1.

    Args:
        kspace: (batch, coil, ky, columns) complex.
        power: from 0 to 1.

    Returns:
        (columns,) real; at most `FAINTEST`^−power.
    """
    size = kspace.abs().mean(dim=(0, 1, 2))
    largest = size.max().clamp_min(torch.finfo(size.dtype).tiny)
    return (size / largest).clamp_min(FAINTEST) ** -power


class SliceObjective(nn.Module):
    """Network, phase and measurements of one slice; a call returns the loss, both errors and the image.

    Args:
        network: the network to be fine-tuned.
        given: the measurements.
        lines: number of calibration lines.
        settings: settings of test-time training.
    """

    initial: Tensor
    network_kspace: Tensor
    columns: Tensor
    y: Tensor
    train_part: Tensor
    held_out: Tensor
    sizes: Tensor

    def __init__(self, network: Reconstructor, given: Measurement, lines: int, settings: Settings) -> None:
        super().__init__()
        self.weights = [one for one in network.parameters() if one.requires_grad]
        self.settings = settings
        self.everything, self.network_operator = given.everything, given.network_operator
        self.model = network
        if settings.phase == "free":
            self.model = FreePhase(network, given.network_kspace, given.network_operator, lines, settings.noise_floor)
        y, train, held_out = given.compact
        if settings.balance:
            train = train * column_weights(y, settings.balance)
        initial = self.model.initial(given.network_kspace, given.network_operator)
        for name, one in (
            ("initial", initial),
            ("network_kspace", given.network_kspace),
            ("columns", given.columns),
            ("y", y),
            ("train_part", train),
            ("held_out", held_out),
            ("sizes", torch.cat([l1_norm(y * part, settings.norm) for part in (train, held_out)])),
        ):
            self.register_buffer(name, one)
        if settings.phase_start == "selected":
            self._select_start()

    @torch.no_grad()
    def _select_start(self) -> None:
        """Start from the phase of the aliased zero-filled image if this is much better than a smooth phase."""
        calibrated, error = self.model.start, self()[2]
        self.model.start = torch.sgn(self.network_operator.H(self.network_kspace))
        if self()[2] > MUCH_BETTER * error:
            self.model.start = calibrated

    def forward(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The loss with the phase's penalty, `normalized_l1` on both parts, and the image, with its noise floor if any.

        On the part for training, `normalized_l1` has the weights of `column_weights`, if any.

        Both parts share the moduli of A x − y: for a mask m, ‖m z‖₁ is the sum of m |z|.
        """
        with _precision(self.settings, self.y.device):
            image = self.model(self.network_kspace, self.network_operator, self.initial)
        error = moduli(self.everything.at_columns(image, self.columns) - self.y, self.settings.norm)
        loss = (error * self.train_part).sum() / self.sizes[0]
        validation = (error.detach() * self.held_out).sum() / self.sizes[1]
        minimised, shown = loss, image.detach()
        if isinstance(self.model, FreePhase):
            minimised = loss + self.settings.phase_weight * self.model.variation(image)
            shown = self.model.with_floor(shown)
        return minimised, loss.detach(), validation, shown


def _precision(settings: Settings, device: torch.device) -> AbstractContextManager[object]:
    return torch.autocast(device.type, torch.bfloat16) if settings.precision == "bfloat16" else nullcontext()

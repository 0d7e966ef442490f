"""Training objectives: one function each with a common signature, under the names used in recipes."""

from collections.abc import Callable
from typing import Literal, TypeVar

import torch
from torch import Tensor

from mrilib.losses import Kind, joint_loss, kspace_consistency, normalized_l1, ssim_loss, supervised_loss
from mrilib.metrics import center_crop
from mrilib.models.cycle import CycleReconstructor
from mrilib.models.reconstructor import Reconstructor
from mrilib.models.two_head import TwoHeadReconstructor
from mrilib.sample import Sample

Loss = Literal["supervised", "joint", "self", "two_head", "cycle", "ssim"]
Network = TypeVar("Network", bound=Reconstructor)
Objective = Callable[[Reconstructor, Sample, Kind, torch.Generator], Tensor]


def _reference(batch: Sample, kind: Kind) -> Tensor:
    return batch.target if kind == "magnitude" else batch.reference


def supervised(model: Reconstructor, batch: Sample, kind: Kind, generator: torch.Generator) -> Tensor:
    """First term of eq. (2) of Darestani, Liu, Heckel, ICML 2022."""
    return supervised_loss(model(batch.masked_kspace, batch.operator), _reference(batch, kind), kind)


def joint(model: Reconstructor, batch: Sample, kind: Kind, generator: torch.Generator) -> Tensor:
    """Eq. (2) of Darestani, Liu, Heckel, ICML 2022: supervised plus self-supervised."""
    A = batch.operator
    return joint_loss(model(batch.masked_kspace, A), _reference(batch, kind), batch.masked_kspace, A, kind)


def self_supervised(model: Reconstructor, batch: Sample, kind: Kind, generator: torch.Generator) -> Tensor:
    """Second term of eq. (2) alone, as for Figure 10 of Darestani, Liu, Heckel, ICML 2022."""
    A = batch.operator
    return kspace_consistency(model(batch.masked_kspace, A), batch.masked_kspace, A)


def denoising(model: Reconstructor, batch: Sample, kind: Kind, generator: torch.Generator) -> Tensor:
    """L_self of eq. (4), the auxiliary task of a two-head network: ‖A†y − D_ϑ(E_β(A†y + z))‖₁ / ‖A†y‖₁.

    Eq. (4) writes E_β(D_θ(·)) for a decoder after an encoder, and applies A to a denoised image that it compares with
    the image A†y. Here, the decoder comes second, and both sides are images.

    Reference: Darestani, Liu, Heckel, ICML 2022, App. D, variant 1.
    """
    model = _as(TwoHeadReconstructor, model, "two_head")
    initial = model.initial(batch.masked_kspace, batch.operator)
    return normalized_l1(model.denoise(model.noisy(initial, generator)), initial)


def two_head(model: Reconstructor, batch: Sample, kind: Kind, generator: torch.Generator) -> Tensor:
    """Eq. (4) of Darestani, Liu, Heckel, ICML 2022, App. D: supervised plus `denoising`."""
    return supervised(model, batch, kind, generator) + denoising(model, batch, kind, generator)


def round_trip(model: Reconstructor, batch: Sample, kind: Kind, generator: torch.Generator) -> Tensor:
    """The self-supervised pass of CycleU-Net: ‖A†y − g(f(A†y))‖₁ / ‖A†y‖₁.

    Reference: Darestani, Liu, Heckel, ICML 2022, App. D, variant 2.
    """
    model = _as(CycleReconstructor, model, "cycle")
    initial = model.initial(batch.masked_kspace, batch.operator)
    return normalized_l1(model.degrade(model.refine(initial, batch.masked_kspace, batch.operator)), initial)


def cycle(model: Reconstructor, batch: Sample, kind: Kind, generator: torch.Generator) -> Tensor:
    """‖x − f(g(x))‖ + ‖A†y − g(f(A†y))‖ + ‖x − f(A†y)‖ + ‖A†y − g(x)‖, in ℓ1, each divided by its first term's norm.

    The paper writes the sum without these divisors, which make it independent of the data's units. g takes the
    magnitude target as an image with zero phase; the terms with target x are compared according to `kind`.

    Reference: Darestani, Liu, Heckel, ICML 2022, App. D, variant 2.
    """
    model = _as(CycleReconstructor, model, "cycle")
    y, A, x = batch.masked_kspace, batch.operator, _reference(batch, kind)
    initial = model.initial(y, A)
    estimate, degraded = model.refine(initial, y, A), model.degrade(x.to(initial.dtype))
    to_x = supervised_loss(model.refine(degraded, y, A), x, kind) + supervised_loss(estimate, x, kind)
    return to_x + normalized_l1(model.degrade(estimate), initial) + normalized_l1(degraded, initial)


def _as(network: type[Network], model: Reconstructor, name: str) -> Network:
    if not isinstance(model, network):
        raise ValueError(f"loss {name!r} needs the model {name!r}, got a {type(model).__name__}")
    return model


def ssim_objective(model: Reconstructor, batch: Sample, kind: Kind, generator: torch.Generator) -> Tensor:
    """1 − SSIM of the centre-cropped magnitude, with the volume's maximum as data range.

    Reference: Lin, Heckel, ICML 2024, §2 and App. B.2.
    """
    image = model(batch.masked_kspace, batch.operator)
    magnitude = image.abs() if image.is_complex() else image
    target, cropped = (center_crop(x, batch.recon_size) for x in (batch.target, magnitude))
    return ssim_loss(cropped, target, batch.peak)


OBJECTIVES: dict[Loss, Objective] = {
    "supervised": supervised,
    "joint": joint,
    "self": self_supervised,
    "two_head": two_head,
    "cycle": cycle,
    "ssim": ssim_objective,
}

"""Training and self-supervised losses; each is a mean over the batch, normalised per item."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from mrilib.metrics import ssim

Norm = Literal["modulus", "real_view"]
Kind = Literal["magnitude", "complex"]
Forward = Callable[[Tensor], Tensor]


def moduli(values: Tensor, norm: Norm = "modulus") -> Tensor:
    """Terms of the ℓ1 norm of complex numbers, one real number per entry.

    `modulus` is |z|, as for a complex vector; `real_view` is |Re z| + |Im z|, as in paper A's published code, which is
    up to √2 times larger.
    """
    if norm not in ("modulus", "real_view"):
        raise ValueError(f"norm must be 'modulus' or 'real_view', got {norm!r}")
    if norm == "real_view" and values.is_complex():
        return values.real.abs() + values.imag.abs()
    return values.abs()


def l1_norm(values: Tensor, norm: Norm = "modulus") -> Tensor:
    """‖values‖₁ of each batch item, (batch,); see `moduli`."""
    return moduli(values, norm).flatten(1).sum(1)


def normalized_l1(estimate: Tensor, reference: Tensor, norm: Norm = "modulus") -> Tensor:
    """‖estimate − reference‖₁ / ‖reference‖₁, averaged over the batch.

    Args:
        estimate: (batch, …) real or complex.
        reference: same shape; must not be zero.
        norm: see `l1_norm`.

    Raises:
        ValueError: the shapes differ.

    Reference: Darestani, Liu, Heckel, ICML 2022, eq. (2).
    """
    if estimate.shape != reference.shape:
        raise ValueError(
            f"estimate has shape {tuple(estimate.shape)}, reference {tuple(reference.shape)}: they must agree"
        )
    return (l1_norm(estimate - reference, norm) / l1_norm(reference, norm)).mean()


def kspace_consistency(
    image: Tensor, masked_kspace: Tensor, A: Forward, mask: Tensor | None = None, norm: Norm = "modulus"
) -> Tensor:
    """Self-supervised loss ‖M(A x − y)‖₁ / ‖M y‖₁, where M is the identity unless a mask is given.

    Args:
        image: reconstruction x, (batch, 1, y, x) complex.
        masked_kspace: measurements y, (batch, coil, ky, kx) complex.
        A: forward operator; see `linop.sense`.
        mask: restricts the loss to these measurements, for self-validation; (batch or 1, 1, 1 or ky, kx) bool.
        norm: see `l1_norm`.

    Raises:
        ValueError: the mask is not bool or does not fit the measurements, or A x has a different shape.

    Reference: Darestani, Liu, Heckel, ICML 2022, eq. (1).
    """
    predicted = A(image)
    if mask is not None:
        _check_mask(mask, masked_kspace)
        predicted, masked_kspace = predicted * mask, masked_kspace * mask
    return normalized_l1(predicted, masked_kspace, norm)


def _check_mask(mask: Tensor, kspace: Tensor) -> None:
    sizes = zip(mask.shape, (kspace.shape[0], 1, *kspace.shape[2:]), strict=False)
    if mask.dtype != torch.bool or mask.ndim != 4 or any(size not in (1, most) for size, most in sizes):
        raise ValueError(
            f"mask must be bool (batch or 1, 1, 1 or ky, kx) of k-space {tuple(kspace.shape)}, got {mask.dtype} "
            f"{tuple(mask.shape)}"
        )


def supervised_loss(image: Tensor, reference: Tensor, kind: Kind = "magnitude", norm: Norm = "modulus") -> Tensor:
    """‖x − x*‖₁ / ‖x*‖₁ between magnitudes (paper A) or between complex images.

    Args:
        image: reconstruction x, (batch, 1, y, x) complex.
        reference: x*; real or complex for `magnitude`, complex for `complex`; same shape.
        kind: `magnitude` ignores the phase of the image, `complex` does not.
        norm: see `l1_norm`.

    Raises:
        ValueError: unknown kind, or a real reference for `complex`.
    """
    if kind == "magnitude":
        return normalized_l1(image.abs(), reference.abs())
    if kind != "complex":
        raise ValueError(f"kind must be 'magnitude' or 'complex', got {kind!r}")
    if not reference.is_complex():
        raise ValueError("kind='complex' needs a complex reference; this one is real")
    return normalized_l1(image, reference, norm)


def joint_terms(
    image: Tensor,
    reference: Tensor,
    masked_kspace: Tensor,
    A: Forward,
    kind: Kind = "magnitude",
    norm: Norm = "modulus",
) -> tuple[Tensor, Tensor]:
    """The two terms of `joint_loss`: supervised, self-supervised."""
    supervised = supervised_loss(image, reference, kind, norm)
    return supervised, kspace_consistency(image, masked_kspace, A, norm=norm)


def joint_loss(
    image: Tensor,
    reference: Tensor,
    masked_kspace: Tensor,
    A: Forward,
    kind: Kind = "magnitude",
    norm: Norm = "modulus",
) -> Tensor:
    """Supervised plus self-supervised loss, equally weighted; arguments as for the two terms.

    ‖x − x*‖₁ / ‖x*‖₁ + ‖A x − y‖₁ / ‖y‖₁

    Reference: Darestani, Liu, Heckel, ICML 2022, eq. (2).
    """
    supervised, self_supervised = joint_terms(image, reference, masked_kspace, A, kind, norm)
    return supervised + self_supervised


def ssim_loss(image: Tensor, target: Tensor, data_range: float | Tensor) -> Tensor:
    """1 − SSIM, averaged over the batch (paper B's training loss).

    Args:
        image: magnitude reconstruction, (batch, 1, y, x) real.
        target: (batch, 1, y, x) real.
        data_range: a number or (batch,); required, because fastMRI uses the volume's maximum.
    """
    return 1 - ssim(target, image, data_range=data_range).mean()

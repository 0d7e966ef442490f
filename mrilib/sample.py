"""Batches of measured slices: under-sampled k-space, coil maps, and the targets against which images are scored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from mrilib.coils import estimate_sens_maps, rss
from mrilib.fourier import ifft2c
from mrilib.linop import LinearOperator, Sampling, check_mask, sense
from mrilib.sampling import calibration_width

TENSORS = ("masked_kspace", "mask", "sens_maps", "target", "reference", "peak")


@dataclass(frozen=True)
class Sample:
    """A batch of slices: y, its mask, coil maps, the RSS target and the complex image of the fully sampled data."""

    masked_kspace: Tensor  # (batch, coil, ky, kx)
    mask: Tensor  # (batch, 1, 1, kx)
    sens_maps: Tensor  # (batch, coil, y, x)
    target: Tensor  # (batch, 1, y, x) real
    reference: Tensor  # (batch, 1, y, x) complex
    peak: Tensor  # (batch,) real, maximum of the volume's targets
    names: tuple[str, ...]
    recon_size: tuple[int, int]  # central crop used for scoring, as in fastMRI's files

    def to(self, device: torch.device | str) -> "Sample":
        """The same batch on another device."""
        return replace(self, **{name: getattr(self, name).to(device) for name in TENSORS})

    def mirrored(self, axis: int) -> "Sample":
        """The same batch with images and k-space mirrored about their centres along axis −1 or −2."""
        turned: dict[str, Any] = {name: mirror(getattr(self, name), axis) for name in TENSORS if name != "peak"}
        return replace(self, **turned)

    @property
    def operator(self) -> LinearOperator:
        """A = M F S of this batch; M alone if no coil maps were estimated."""
        return sense(self.mask, self.sens_maps) if self.sens_maps.shape[1] else Sampling(self.mask)


def mirror(array: Tensor, axis: int) -> Tensor:
    """Reverse an axis about its centre, index n // 2: k becomes −k, and the position in the image is negated, too."""
    size = array.shape[axis]
    return array.flip(axis).roll(1 - size % 2, axis) if size > 1 else array


def undersample(
    kspace: Tensor,
    mask: Tensor,
    name: str = "",
    recon_size: tuple[int, int] | None = None,
    *,
    peak: float | None = None,
    target: Tensor | None = None,
    maps: bool = True,
) -> Sample:
    """Under-sample one fully sampled slice and estimate the coil maps from the remaining data.

    Args:
        kspace: (coil, ky, kx) complex, fully sampled.
        mask: (1, 1, 1, kx) bool.
        name: name of the slice, for messages and tables.
        recon_size: (y, x) size of the central crop used for scoring; the full image when None.
        peak: maximum of the volume's targets; the slice's own maximum when None.
        target: (ky, kx) real, the image to score against; the RSS of the k-space when None.
        maps: whether to estimate coil maps, which takes most of the time; without them, the sample's maps have zero
            coils and its reference is the target.

    Raises:
        ValueError: k-space is not (coil, ky, kx) complex, or the mask does not fit it; or as in `estimate_sens_maps`,
            naming the slice.
    """
    if kspace.ndim != 3 or not kspace.is_complex():
        raise ValueError(
            f"{name or 'kspace'}: expected (coil, ky, kx) complex, got {kspace.dtype} {tuple(kspace.shape)}"
        )
    full = kspace[None]
    check_mask(mask, full, name)
    masked = full * mask
    truth = rss(ifft2c(full)) if target is None else target[None, None]
    if maps:
        sens_maps = _maps(masked, mask, name)
        reference = (sens_maps.conj() * ifft2c(full)).sum(1, keepdim=True)
    else:
        sens_maps, reference = masked[:, :0], truth.to(masked.dtype)
    size = recon_size or (kspace.shape[-2], kspace.shape[-1])
    largest = truth.amax((1, 2, 3)) if peak is None else truth.new_tensor([peak])
    return Sample(masked, mask, sens_maps, truth, reference, largest, (name,), size)


def _maps(masked: Tensor, mask: Tensor, name: str) -> Tensor:
    try:
        return estimate_sens_maps(masked, calibration_width(mask))
    except ValueError as error:
        raise ValueError(f"{name or 'kspace'}: {error}") from error


def collate(samples: Sequence[Sample]) -> Sample:
    """Combine several slices into one batch.

    Raises:
        ValueError: the slices differ in size, coil count or recon_size.
    """
    shapes = {tuple(sample.masked_kspace.shape[1:]) for sample in samples}
    if len(shapes) != 1:
        raise ValueError(f"a batch needs slices of one size, got (coil, ky, kx) of {sorted(shapes)}; use batch_size 1")
    scored = {sample.recon_size for sample in samples}
    if len(scored) != 1:
        raise ValueError(f"a batch needs one recon_size, got (y, x) of {sorted(scored)}; use batch_size 1")
    stacked = {name: torch.cat([getattr(sample, name) for sample in samples]) for name in TENSORS}
    names = tuple(name for sample in samples for name in sample.names)
    return Sample(**stacked, names=names, recon_size=samples[0].recon_size)

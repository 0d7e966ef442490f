"""Where k-space was measured, and whether an array is k-space at all, judged by its energy."""

import torch
from torch import Tensor

from mrilib.data.stored import VolumeError
from mrilib.fourier import fftc

SHARE = 8  # energy is summed over 1/8 of an axis, around its maximum
CONCENTRATED = 0.5  # share of the energy in there from which on an axis is one of k-space; of noise it is 1/8
FEWEST = 32  # samples of an axis from which on it is judged
OFF_CENTRE = 64  # the maximum may lie 1/64 of an axis beside the centre, at least `BESIDE` samples
BESIDE = 3
GAPS = 1e-3  # share of locations that may be zero in all coils by chance
AXES = ("coil", "ky", "kx")


def check_kspace(kspace: Tensor, name: str) -> None:
    """Check by its energy that an array is centred k-space, not an image, with its axes in the order (coil, ky, kx).

    Along each axis of k-space, the eighth of the samples around the largest energy holds more than half of all energy.
    This is not so along an axis of an image, along the coils or in noise. An axis whose energy is concentrated neither
    before nor after the transform holds noise and is not judged.

    Raises:
        VolumeError: another layout; the message, which starts with `name`, says what was found and how to convert it.
    """
    power = power_of(kspace)
    found = {axis: _concentration(power, axis) for axis in (1, 2) if kspace.shape[axis] >= FEWEST}
    spread = [axis for axis, (_, share) in found.items() if share < CONCENTRATED]
    beside = [axis for axis, (place, _) in found.items() if not _central(place, kspace.shape[axis])]
    images = [axis for axis in found if spread or beside if _is_image(kspace, axis, found[axis][1])]
    if len(images) == 2:
        raise VolumeError(f"{name} holds images, not k-space; transform them first: mrilib.fourier.fft2c(images)")
    _refuse_other_order(power, [axis for axis in (1, 2) if axis not in found or axis in spread], name)
    if set(images) & {*spread, *beside}:
        raise VolumeError(
            f"{name} is an image along {AXES[images[0]]}, not k-space; transform this axis first: "
            f"mrilib.fourier.fftc(kspace, ({images[0] - 3},))"
        )
    if off := {axis: found[axis][0] for axis in beside if axis not in spread}:
        _refuse_off_centre(off, kspace.shape, name)


def power_of(kspace: Tensor) -> Tensor:
    """|k|², computed without the modulus, which is slower."""
    return kspace.real.square() + kspace.imag.square()


def _concentration(power: Tensor, axis: int) -> tuple[int, float]:
    """Position of the largest energy along an axis, and the share of all energy that lies around it."""
    line = power.sum([other for other in range(power.ndim) if other != axis])
    place, width = int(line.argmax()), max(line.numel() // SHARE, 1)
    around = line.roll(width // 2 - place)[:width].sum()
    return place, float(around / line.sum().clamp(min=torch.finfo(line.dtype).tiny))


def _central(place: int, size: int) -> bool:
    return abs(place - size // 2) <= max(BESIDE, size // OFF_CENTRE)


def _refuse_other_order(power: Tensor, unlike: list[int], name: str) -> None:
    """Refuse an array that looks like k-space along its coils but not along the axes `unlike`."""
    coils = power.shape[0]
    place, share = _concentration(power, 0)
    if unlike and coils >= FEWEST and share > CONCENTRATED and _central(place, coils):
        order = (0, 2, 1, 3) if unlike == [1] else (0, 3, 1, 2)
        raise VolumeError(
            f"{name} has k-space along the {coils} coils, but none along "
            f"{' and '.join(AXES[axis] for axis in unlike)}; expected the axes (slice, coil, ky, kx): change their "
            f"order first, e.g. kspace.transpose{order}"
        )


def _is_image(kspace: Tensor, axis: int, share: float) -> bool:
    """Whether the energy along an axis is more concentrated after the transform, and lies at the centre."""
    place, transformed = _concentration(power_of(fftc(kspace, (axis,))), axis)
    return transformed > max(CONCENTRATED, share) and abs(place - kspace.shape[axis] // 2) <= 1


def _refuse_off_centre(places: dict[int, int], shape: torch.Size, name: str) -> None:
    found = ", ".join(f"{AXES[axis]} {place} of {shape[axis]}" for axis, place in places.items())
    if all(min(place, shape[axis] - place) <= BESIDE for axis, place in places.items()):
        remedy = f"np.fft.fftshift(kspace, axes={tuple(axis - 3 for axis in places)})"
    else:
        steps = tuple(shape[axis] // 2 - place for axis, place in places.items())
        remedy = f"np.roll(kspace, {steps}, {tuple(axis - 3 for axis in places)}), or fill partial Fourier with zeros"
    raise VolumeError(
        f"{name}: the largest energy lies at {found}, not in the centre; centre the k-space first, with {remedy}"
    )


def measured(kspace: Tensor) -> Tensor:
    """Mask of the measured locations, where at least one coil is not zero: (coil, ky, kx) → (1, 1, 1 or ky, kx) bool.

    It has one row if each column is measured in all rows or in none.
    """
    seen = (kspace != 0).any(0)
    columns = seen.any(0)
    return (columns if seen[:, columns].all() else seen).reshape(1, 1, -1, seen.shape[-1])


def under_sampled(mask: Tensor) -> bool:
    """Whether columns are empty between measured ones, or locations between measured ones of their row or column.

    Missing edges and corners are zero padding, partial Fourier, a partial echo or an elliptic shutter. A fraction
    `GAPS` of all locations may be zero by chance.

    Args:
        mask: (…, 1 or ky, kx) bool.
    """
    plane = mask.reshape(-1, mask.shape[-1])
    inside = _between(plane, 0) | _between(plane, 1)
    return bool(_between(plane.any(0, keepdim=True), 1).any()) or inside.float().mean().item() > GAPS


def _between(plane: Tensor, axis: int) -> Tensor:
    """Empty locations that have measured ones on both sides along an axis."""
    before, after = plane.cumsum(axis) > 0, plane.flip(axis).cumsum(axis).flip(axis) > 0
    return before & after & ~plane

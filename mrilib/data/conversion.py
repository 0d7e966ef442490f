"""Output of every converter: a volume in fastMRI's orientation, readout vertical and anatomy upside down."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from mrilib.fourier import fft2c, ifft2c

Axes = tuple[int, int, int, int]
NATIVE: Axes = (0, 1, 2, 3)


@dataclass(frozen=True)
class Converted:
    """One volume: k-space (slice, coil, ky, kx) with readout ky, and the file's metadata."""

    kspace: np.ndarray
    recon_size: tuple[int, int] | None = None
    padding: tuple[int, int] | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    suffix: str = ""


def images_of(kspace: np.ndarray) -> torch.Tensor:
    """Complex coil images (..., y, x) of k-space."""
    return ifft2c(torch.from_numpy(np.ascontiguousarray(kspace, np.complex64)))


def kspace_of(images: torch.Tensor) -> np.ndarray:
    """k-space of complex images."""
    return fft2c(images.contiguous()).numpy()


def upside_down(images: torch.Tensor) -> torch.Tensor:
    """Flip images vertically; magnitudes are only moved."""
    return images.flip(-2)

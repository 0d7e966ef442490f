"""Correction of phase differences between fast-spin-echo echoes, using readouts without phase encoding."""

import numpy as np
import torch
from torch import Tensor

from mrilib.fourier import fftc, ifftc

EDGE = 5  # samples left out of the fit at either end, where they wrap around


def phase_lines(calibration: Tensor) -> tuple[Tensor, Tensor]:
    """Offset p₀ and slope p₁ of the line p₀ + p₁ x that aligns each echo's phase with that of the first echo.

    With c_s(x) the profile of echo s and r = c̄_s c₀: p₁ = ∠⟨r(x+1) r̄(x)⟩ and p₀ = ∠⟨r(x) e^{−i p₁ x}⟩.

    Args:
        calibration: (..., echo, readout) complex, in k-space.

    Returns:
        two tensors (..., echo, 1), in radians and in radians per sample.

    Reference: Ahn, Cho, IEEE Trans. Med. Imaging 6, 1987.
    """
    profile = ifftc(calibration, (-1,))
    ratio = profile.conj() * profile[..., :1, :]
    inner, following = ratio[..., EDGE:-EDGE], ratio[..., EDGE + 1 : -EDGE + 1]
    slope = (following * inner.conj()).mean(-1, keepdim=True).angle()
    samples = torch.arange(ratio.shape[-1])
    offset = (ratio * torch.exp(-1j * slope * samples)).mean(-1, keepdim=True).angle()
    return offset, slope


def corrected(kspace: np.ndarray, segments: np.ndarray, calibration: np.ndarray) -> np.ndarray:
    """Correct every k-space line by its echo's linear phase, along the readout in image space.

    Args:
        kspace: (slice, coil, kz, ky, readout) complex.
        segments: (slice, ky) echo number of each line.
        calibration: (slice, coil, echo, readout) complex.
    """
    offset, slope = phase_lines(torch.from_numpy(calibration))
    profiles = ifftc(torch.from_numpy(kspace), (-1,))
    samples = torch.arange(kspace.shape[-1])
    phase = offset + slope * samples  # (slice, coil, echo, readout)
    for one, echoes, lines in zip(profiles, torch.from_numpy(segments), phase, strict=True):
        one *= torch.exp(1j * lines[:, echoes]).unsqueeze(1)
    return fftc(profiles, (-1,)).to(torch.complex64).numpy()

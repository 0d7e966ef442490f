"""Artificial distribution shifts: nine transforms of a fully sampled multi-coil slice, before it is under-sampled."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from mrilib.coils import rss
from mrilib.fourier import fft2c, ifft2c

PLANE = (-2, -1)


@dataclass(frozen=True)
class Strength:
    """Strengths of the transforms; paper A states none, so the defaults are chosen to be clearly visible.

    Args:
        noise: level of noise alone in the root-sum-of-squares image, relative to the image's 95th percentile.
        blur: standard deviation of the Gaussian, in pixels.
        elastic: largest displacement along each axis, in pixels.
        control_points: number of control points of the elastic field along each axis.
        spike: magnitude of one corrupted k-space sample in each coil, relative to the coil's largest.
        ghost: fraction by which every `ghosts`-th phase-encoding line is weakened.
        ghosts: resulting number of images of the object, including the true one.

    Raises:
        ValueError: a negative strength, a ghost above 1, or fewer than 2 ghosts or control points.
    """

    noise: float = 0.15
    blur: float = 1.0
    elastic: float = 4.0
    control_points: int = 7
    spike: float = 1.0
    ghost: float = 0.6
    ghosts: int = 4

    def __post_init__(self) -> None:
        low = [field.name for field in fields(self) if getattr(self, field.name) < 0]
        if low or self.ghost > 1 or min(self.ghosts, self.control_points) < 2:
            raise ValueError(
                f"strength {self}: expected nothing negative, ghost at most 1, ghosts and control_points at least 2"
            )

    def scaled(self, factor: float) -> "Strength":
        """Scale all transforms by `factor`, with `ghost` at most 1."""
        stronger = {name: factor * getattr(self, name) for name in ("noise", "blur", "elastic", "spike")}
        return replace(self, **stronger, ghost=min(1.0, factor * self.ghost))


Transform = Callable[[Tensor, Strength, torch.Generator], Tensor]


def regular(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Return the slice unchanged."""
    return kspace


def fliph(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Mirror object and coils left to right."""
    return fft2c(ifft2c(kspace).flip(-1))


def flipv(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Mirror object and coils top to bottom."""
    return fft2c(ifft2c(kspace).flip(-2))


def rot90(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Rotate object and coils by 90° counter-clockwise; (coil, ky, kx) → (coil, kx, ky)."""
    return fft2c(torch.rot90(ifft2c(kspace), dims=PLANE))


def noisy(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Add thermal noise: complex white noise in every sample of every coil."""
    bright = rss(ifft2c(kspace)[None]).quantile(0.95)
    sigma = strength.noise * bright / len(kspace) ** 0.5
    return kspace + sigma * _complex_noise(kspace.shape, kspace, generator)


def blur(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Convolve coil images with a Gaussian: multiply k-space by exp(−2π² s² (ky² + kx²)), k in 1/pixel."""
    real = {"dtype": kspace.real.dtype, "device": kspace.device}
    ky, kx = (torch.fft.fftshift(torch.fft.fftfreq(size, **real)) for size in kspace.shape[-2:])
    return kspace * torch.exp(-2 * (torch.pi * strength.blur) ** 2 * (ky[:, None] ** 2 + kx**2))


def elastic(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Warp object and coils by one smooth random field, so that the warped maps explain the warped image."""
    coil_images = ifft2c(kspace)
    parts = torch.view_as_real(coil_images).movedim(-1, 0).flatten(0, 1)[None]  # (1, 2·coil, y, x)
    grid = _grid(kspace.shape[-2:], strength, generator).to(parts)
    warped = F.grid_sample(parts, grid, mode="bicubic", padding_mode="border", align_corners=True)[0]
    return fft2c(torch.complex(*warped.view(2, *coil_images.shape)))


def spike(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Simulate a discharge during readout: corrupt one sample, at most halfway from centre to edge, in every coil."""
    height = strength.spike * kspace.abs().amax(PLANE, keepdim=True)
    ky, kx = (_spike_place(size, generator) for size in kspace.shape[-2:])
    wrong = torch.zeros_like(kspace)
    wrong[:, ky, kx] = torch.sgn(_complex_noise(kspace.shape[:1], kspace, generator))
    return kspace + height * wrong


def ghost(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Simulate periodic motion: weaken every `ghosts`-th phase-encoding line, so that the image repeats along x.

    With N columns, n ghosts and fraction s, the image becomes (1 − s/n) x plus n − 1 copies of weight s/n, each
    shifted by a multiple of N/n.
    """
    columns = torch.arange(kspace.shape[-1], device=kspace.device)
    return kspace * (1 - strength.ghost * (columns % strength.ghosts == 0).to(kspace.real.dtype))


PERTURBATIONS: dict[str, Transform] = {
    "regular": regular,
    "fliph": fliph,
    "flipv": flipv,
    "rot90": rot90,
    "noisy": noisy,
    "blur": blur,
    "elastic": elastic,
    "spike": spike,
    "ghost": ghost,
}


def perturb(kspace: Tensor, name: str, seed: int = 0, strength: Strength | None = None) -> Tensor:
    """Apply one transform of paper A's Figure 6 to raw k-space, so that measurement and ground truth change together.

    Args:
        kspace: (coil, ky, kx) complex, fully sampled.
        name: name of the transform, a key of `PERTURBATIONS`.
        seed: seed of its random parts (noise, field, spike position).
        strength: strength of the transform; defaults if None.

    Returns:
        (coil, ky, kx) complex; (coil, kx, ky) for `rot90`.

    Raises:
        ValueError: unknown name, or k-space that is not complex with three axes.

    Reference: Darestani, Liu, Heckel, ICML 2022, App. D and Figure 6, which name the transforms but no strengths.
    """
    if name not in PERTURBATIONS:
        raise ValueError(f"perturbation {name!r}: expected one of {', '.join(PERTURBATIONS)}")
    if not kspace.is_complex() or kspace.ndim != 3:
        raise ValueError(f"kspace must be complex (coil, ky, kx), got {kspace.dtype} {tuple(kspace.shape)}")
    return PERTURBATIONS[name](kspace, strength or Strength(), torch.Generator().manual_seed(seed))


def _complex_noise(shape: torch.Size, like: Tensor, generator: torch.Generator) -> Tensor:
    """White noise of E|n|² = 1."""
    return torch.randn(shape, dtype=like.dtype, generator=generator).to(like.device)


def _spike_place(size: int, generator: torch.Generator) -> int:
    """Draw an index 1/8 to 1/4 of the axis length away from its centre, on either side."""
    distance = int(torch.randint(size // 8, max(size // 4, size // 8 + 1), (1,), generator=generator))
    side = 1 if torch.rand(1, generator=generator) < 0.5 else -1
    return size // 2 + side * distance


def _grid(shape: torch.Size, strength: Strength, generator: torch.Generator) -> Tensor:
    """Source position of each pixel, (1, y, x, 2) in `grid_sample` coordinates: −1 and 1 are the corner pixels."""
    knots = torch.rand(1, 2, strength.control_points, strength.control_points, generator=generator) * 2 - 1
    knots[..., [0, -1], :] = 0
    knots[..., [0, -1]] = 0
    field = F.interpolate(knots, tuple(shape), mode="bicubic", align_corners=True)
    field = field / field.abs().amax((-2, -1), keepdim=True)
    sizes = torch.tensor([shape[1], shape[0]])
    identity = F.affine_grid(torch.eye(2, 3)[None], [1, 1, *shape], align_corners=True)
    return identity + (strength.elastic * 2 / (sizes - 1)) * field.movedim(1, -1)

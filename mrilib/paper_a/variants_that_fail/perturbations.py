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
    """How strong each transform is. Paper A states none of these; the defaults are chosen to be seen at a glance.

    Args:
        noise: what noise alone adds to the root-sum-of-squares image, over that image's 95th percentile.
        blur: standard deviation of the Gaussian, in pixels.
        elastic: largest displacement along each axis, in pixels.
        control_points: of the elastic field, along each axis.
        spike: magnitude of one wrong k-space sample in each coil, over the coil's largest.
        ghost: share by which every `ghosts`-th phase-encoding line is weakened.
        ghosts: number of images of the object that this makes, the true one included.

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
        """All transforms `factor` times as strong, ghosts at most complete."""
        stronger = {name: factor * getattr(self, name) for name in ("noise", "blur", "elastic", "spike")}
        return replace(self, **stronger, ghost=min(1.0, factor * self.ghost))


Transform = Callable[[Tensor, Strength, torch.Generator], Tensor]


def regular(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """The slice as it is."""
    return kspace


def fliph(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Object and coils mirrored left to right."""
    return fft2c(ifft2c(kspace).flip(-1))


def flipv(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Object and coils mirrored top to bottom."""
    return fft2c(ifft2c(kspace).flip(-2))


def rot90(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Object and coils turned by 90° counter-clockwise; (coil, ky, kx) → (coil, kx, ky)."""
    return fft2c(torch.rot90(ifft2c(kspace), dims=PLANE))


def noisy(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """More thermal noise: complex white noise in every sample of every coil."""
    bright = rss(ifft2c(kspace)[None]).quantile(0.95)
    sigma = strength.noise * bright / len(kspace) ** 0.5
    return kspace + sigma * _complex_noise(kspace.shape, kspace, generator)


def blur(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Coil images convolved with a Gaussian: k-space under its window exp(−2π² s² (ky² + kx²)), k in 1/pixel."""
    real = {"dtype": kspace.real.dtype, "device": kspace.device}
    ky, kx = (torch.fft.fftshift(torch.fft.fftfreq(size, **real)) for size in kspace.shape[-2:])
    return kspace * torch.exp(-2 * (torch.pi * strength.blur) ** 2 * (ky[:, None] ** 2 + kx**2))


def elastic(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Object and coils warped by one smooth random field, so that the warped maps explain the warped image."""
    coil_images = ifft2c(kspace)
    parts = torch.view_as_real(coil_images).movedim(-1, 0).flatten(0, 1)[None]  # (1, 2·coil, y, x)
    grid = _grid(kspace.shape[-2:], strength, generator).to(parts)
    warped = F.grid_sample(parts, grid, mode="bicubic", padding_mode="border", align_corners=True)[0]
    return fft2c(torch.complex(*warped.view(2, *coil_images.shape)))


def spike(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """A discharge during readout: one sample between the centre and half the edge is wrong in every coil."""
    height = strength.spike * kspace.abs().amax(PLANE, keepdim=True)
    ky, kx = (_spike_place(size, generator) for size in kspace.shape[-2:])
    wrong = torch.zeros_like(kspace)
    wrong[:, ky, kx] = torch.sgn(_complex_noise(kspace.shape[:1], kspace, generator))
    return kspace + height * wrong


def ghost(kspace: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Periodic motion: every `ghosts`-th phase-encoding line weaker, so the image repeats along x.

    With N columns, n ghosts and share s the image becomes (1 − s/n) x and n − 1 copies of weight s/n, each moved by
    a multiple of N/n.
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
    """One transform of paper A's Figure 6 on raw k-space, so that measurement and ground truth change together.

    Args:
        kspace: (coil, ky, kx) complex, fully sampled.
        name: of the transform, a key of `PERTURBATIONS`.
        seed: of what is random in it (noise, field, place of the spike).
        strength: defaults where None.

    Returns:
        (coil, ky, kx) complex; (coil, kx, ky) for `rot90`.

    Raises:
        ValueError: unknown name, or k-space that is not complex of three axes.

    Reference: Darestani, Liu, Heckel, ICML 2022, App. D and Figure 6, which name the transforms and no strengths.
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
    """An index at 1/8 to 1/4 of the axis from its centre, on either side."""
    distance = int(torch.randint(size // 8, max(size // 4, size // 8 + 1), (1,), generator=generator))
    side = 1 if torch.rand(1, generator=generator) < 0.5 else -1
    return size // 2 + side * distance


def _grid(shape: torch.Size, strength: Strength, generator: torch.Generator) -> Tensor:
    """Where each pixel comes from, (1, y, x, 2) in `grid_sample`'s coordinates: −1 and 1 are the corner pixels."""
    knots = torch.rand(1, 2, strength.control_points, strength.control_points, generator=generator) * 2 - 1
    knots[..., [0, -1], :] = 0
    knots[..., [0, -1]] = 0
    field = F.interpolate(knots, tuple(shape), mode="bicubic", align_corners=True)
    field = field / field.abs().amax((-2, -1), keepdim=True)
    sizes = torch.tensor([shape[1], shape[0]])
    identity = F.affine_grid(torch.eye(2, 3)[None], [1, 1, *shape], align_corners=True)
    return identity + (strength.elastic * 2 / (sizes - 1)) * field.movedim(1, -1)

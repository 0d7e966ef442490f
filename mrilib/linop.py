"""Linear operators with adjoints, and the forward model of accelerated MRI, A = M F S."""

import cmath

import torch
from torch import Tensor, nn

from mrilib.fourier import fft2c, ifft2c
from mrilib.solvers import conjugate_gradient


class LinearOperator(nn.Module):
    """A linear map on each item of a batch: `A(x)`, `A.H(y)`, `A.N(x)` = Aᴴ A x, `A @ B`.

    Subclasses implement `forward` and `adjoint`. Tensors that define the map are non-persistent buffers: they
    follow `A.to(device)` but are not saved with a model that holds the operator.
    """

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def adjoint(self, y: Tensor) -> Tensor:
        raise NotImplementedError

    def normal(self, x: Tensor) -> Tensor:
        """Compute Aᴴ A x; subclasses may override it with a faster implementation."""
        return self.adjoint(self(x))

    @property
    def H(self) -> "LinearOperator":
        return Adjoint(self)

    @property
    def N(self) -> "LinearOperator":
        return Normal(self)

    def __matmul__(self, other: "LinearOperator") -> "LinearOperator":
        return Composition(self, other)

    def pinv(self, kspace: Tensor, iterations: int = 30, tolerance: float = 1e-6) -> Tensor:
        """Minimum-norm least-squares solution A⁺ y, by conjugate gradients on Aᴴ A x = Aᴴ y from x = 0.

        Early stopping regularises: on noisy data the error first falls, then rises (semi-convergence).

        Args:
            kspace: measurements y, (batch, coil, ky, kx) complex.
            iterations, tolerance: see `solvers.conjugate_gradient`.

        Returns:
            x, (batch, 1, y, x) complex.

        Raises:
            ValueError: the measurements are not finite.

        Reference: Pruessmann et al., Magn. Reson. Med. 46, 2001 (CG-SENSE).
        """
        if not kspace.isfinite().all():
            raise ValueError("kspace has values that are not finite (NaN or infinite)")
        return conjugate_gradient(self.normal, self.adjoint(kspace), iterations, tolerance)


class Adjoint(LinearOperator):
    """Aᴴ."""

    def __init__(self, operator: LinearOperator) -> None:
        super().__init__()
        self.operator = operator

    def forward(self, x: Tensor) -> Tensor:
        return self.operator.adjoint(x)

    def adjoint(self, y: Tensor) -> Tensor:
        return self.operator(y)


class Normal(LinearOperator):
    """Aᴴ A."""

    def __init__(self, operator: LinearOperator) -> None:
        super().__init__()
        self.operator = operator

    def forward(self, x: Tensor) -> Tensor:
        return self.operator.normal(x)

    def adjoint(self, y: Tensor) -> Tensor:
        return self.operator.normal(y)


class Composition(LinearOperator):
    """A B; B is applied first."""

    def __init__(self, outer: LinearOperator, inner: LinearOperator) -> None:
        super().__init__()
        self.outer, self.inner = outer, inner

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.inner(x))

    def adjoint(self, y: Tensor) -> Tensor:
        return self.inner.adjoint(self.outer.adjoint(y))


class Fourier(LinearOperator):
    """F: centred orthonormal Fourier transform of the last two axes."""

    def forward(self, x: Tensor) -> Tensor:
        return fft2c(x)

    def adjoint(self, y: Tensor) -> Tensor:
        return ifft2c(y)


class Sampling(LinearOperator):
    """M: keep the measured locations and zero the others; mask (batch or 1, 1, 1 or ky, kx) bool."""

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        if mask.dtype != torch.bool or mask.ndim != 4 or mask.shape[1] != 1:
            raise ValueError(f"mask must be bool (batch or 1, 1, 1 or ky, kx), got {mask.dtype} {tuple(mask.shape)}")
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        _check_batch("kspace", x, mask=self.mask)
        return x * self.mask

    def adjoint(self, y: Tensor) -> Tensor:
        return self(y)


class Sensitivity(LinearOperator):
    """S: coil sensitivities, (batch, 1, y, x) → (batch, coil, y, x); sens_maps (batch, coil, y, x) complex."""

    sens_maps: Tensor

    def __init__(self, sens_maps: Tensor) -> None:
        super().__init__()
        if not sens_maps.is_complex() or sens_maps.ndim != 4:
            raise ValueError(
                f"sens_maps must be complex (batch, coil, y, x), got {sens_maps.dtype} {tuple(sens_maps.shape)}"
            )
        self.register_buffer("sens_maps", sens_maps, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        _check("image", x, (1, *self.sens_maps.shape[-2:]))
        _check_batch("image", x, sens_maps=self.sens_maps)
        return self.sens_maps * x

    def adjoint(self, y: Tensor) -> Tensor:
        _check("kspace", y, self.sens_maps.shape[1:])
        _check_batch("kspace", y, sens_maps=self.sens_maps)
        return (self.sens_maps.conj() * y).sum(1, keepdim=True)


class Sense(LinearOperator):
    """A = M F S with the shifts of F folded into S and M, for any image size; created by `sense`.

    F is centred at c = N // 2. Expanding (k − c)(n − c) turns its shifts into phase factors,

        F = exp(−2πi c²/N) · D fft D,   D = diag exp(2πi c n/N)   (signs ±1 when N is even),

    so one D is folded into the maps (`folded`) and the other into the mask (`weights`). Because fft is symmetric,
    Aᴴ y = conj(Aᵀ ȳ) uses the same two factors. A mask of whole columns commutes with the readout transform,
    which then cancels in Aᴴ A.
    """

    mask: Tensor
    folded: Tensor
    weights: Tensor

    def __init__(self, mask: Tensor, sens_maps: Tensor) -> None:
        super().__init__()
        (y, x), device = sens_maps.shape[-2:], sens_maps.device
        phase = _centre_phase(y, device)[:, None] * _centre_phase(x, device)
        weights = mask * phase * cmath.exp(-2j * cmath.pi * ((y // 2) ** 2 % y / y + (x // 2) ** 2 % x / x))
        even = y % 2 == x % 2 == 0
        real, complex_ = sens_maps.real.dtype, sens_maps.dtype
        self.register_buffer("mask", mask, persistent=False)
        self.register_buffer("folded", sens_maps * phase.to(complex_), persistent=False)
        self.register_buffer("weights", weights.real.to(real) if even else weights.to(complex_), persistent=False)

    @property
    def sens_maps(self) -> Tensor:
        y, x = self.folded.shape[-2:]
        phase = _centre_phase(y, self.folded.device)[:, None] * _centre_phase(x, self.folded.device)
        return self.folded * phase.conj().to(self.folded.dtype)

    def forward(self, x: Tensor) -> Tensor:
        _check("image", x, (1, *self.folded.shape[-2:]))
        _check_batch("image", x, sens_maps=self.folded, mask=self.mask)
        return torch.fft.fft2(self.folded * x, norm="ortho") * self.weights

    def at_columns(self, x: Tensor, columns: Tensor) -> Tensor:
        """Compute A(x) at these columns of k-space alone, without the readout transforms of the others.

        Args:
            x: image, (batch, 1, y, x) complex.
            columns: their indices, (n,).

        Returns:
            (batch, coil, ky, n) complex.
        """
        _check("image", x, (1, *self.folded.shape[-2:]))
        hybrid = torch.fft.fft(self.folded * x, dim=-1, norm="ortho").index_select(-1, columns)
        return torch.fft.fft(hybrid, dim=-2, norm="ortho") * self.weights.index_select(-1, columns)

    def adjoint(self, y: Tensor) -> Tensor:
        _check("kspace", y, self.folded.shape[1:])
        _check_batch("kspace", y, sens_maps=self.folded, mask=self.mask)
        return self._coils_back(torch.fft.fft2(y.conj() * self.weights, norm="ortho"))

    def normal(self, x: Tensor) -> Tensor:
        _check("image", x, (1, *self.folded.shape[-2:]))
        _check_batch("image", x, sens_maps=self.folded, mask=self.mask)
        axes = (-1,) if self.mask.shape[-2] == 1 else (-2, -1)
        spectrum = torch.fft.fftn(self.folded * x, dim=axes, norm="ortho") * self.mask
        return self._coils_back(torch.fft.fftn(spectrum.conj(), dim=axes, norm="ortho"))

    def _coils_back(self, conjugate_coils: Tensor) -> Tensor:
        return (self.folded * conjugate_coils).sum(1, keepdim=True).conj_physical()


def sense(mask: Tensor, sens_maps: Tensor) -> Sense:
    """Forward model of accelerated multi-coil MRI, A = M F S: coil sensitivities, Fourier transform, sampling.

    Equal to `Sampling(mask) @ Fourier() @ Sensitivity(sens_maps)` up to rounding, but about twice as fast on a CPU.

    Args:
        mask: (batch or 1, 1, 1 or ky, kx) bool.
        sens_maps: (batch or 1, coil, y, x) complex.

    Returns:
        operator from images (batch, 1, y, x) to masked k-space (batch, coil, ky, kx).

    Raises:
        ValueError: mask or sens_maps has the wrong type or shape, or their sizes differ.

    Reference: Pruessmann et al., Magn. Reson. Med. 42, 1999; paper A, Section 2.
    """
    Sampling(mask), Sensitivity(sens_maps)  # run their type and shape checks
    (y, x), (rows, columns) = sens_maps.shape[-2:], mask.shape[-2:]
    if columns != x or rows not in (1, y):
        raise ValueError(
            f"mask of shape {tuple(mask.shape)} does not fit sens_maps of {y}x{x}: "
            f"its last two axes must be (1 or {y}, {x})"
        )
    return Sense(mask, sens_maps)


def check_mask(mask: Tensor, kspace: Tensor, name: str = "") -> None:
    """Raise ValueError unless a mask, (batch or 1, 1, 1 or ky, kx) bool, fits k-space, (batch, coil, ky, kx)."""
    label = f"{name}: " if name else ""
    batch, _, rows, columns = kspace.shape
    if mask.ndim and mask.shape[-1] != columns:
        raise ValueError(
            f"{label}the mask has {mask.shape[-1]} columns but the k-space has {columns}; make the mask for this width"
        )
    fits = mask.ndim == 4 and mask.shape[0] in (1, batch) and mask.shape[1] == 1 and mask.shape[2] in (1, rows)
    if mask.dtype != torch.bool or not fits:
        expected = f"bool ({f'1 or {batch}' if batch > 1 else 1}, 1, 1 or {rows}, {columns})"
        raise ValueError(f"{label}mask must be {expected}, got {mask.dtype} {tuple(mask.shape)}")


def check_slice(kspace: Tensor, mask: Tensor, sens_maps: Tensor | None) -> None:
    """Raise ValueError unless k-space, mask and maps (if any) are those of one slice."""
    if kspace.ndim != 4 or kspace.shape[0] != 1 or not kspace.is_complex():
        raise ValueError(
            f"masked_kspace must be of one slice, (1, coil, ky, kx) complex, got {kspace.dtype} {tuple(kspace.shape)}"
        )
    check_mask(mask, kspace)
    if sens_maps is not None and sens_maps.shape != kspace.shape:
        raise ValueError(f"sens_maps must be {tuple(kspace.shape)} as masked_kspace, got {tuple(sens_maps.shape)}")


def _centre_phase(size: int, device: torch.device) -> Tensor:
    """exp(2πi c n / N), c = N // 2; reduced modulo N in integer arithmetic, so that even sizes give exact signs."""
    turns = ((torch.arange(size, device=device) * (size // 2)) % size).double() / size
    return torch.exp(2j * cmath.pi * turns)


def _check(name: str, tensor: Tensor, expected: tuple[int, ...]) -> None:
    if tuple(tensor.shape[1:]) != tuple(expected):
        sizes = ", ".join(map(str, expected))
        raise ValueError(f"{name} must be (batch, {sizes}) to fit the sens_maps, got {tuple(tensor.shape)}")


def _check_batch(name: str, tensor: Tensor, **parts: Tensor) -> None:
    for part, given in parts.items():
        if len(given) not in (1, len(tensor)):
            raise ValueError(f"{part} are for a batch of {len(given)}, but {name} is a batch of {len(tensor)}")

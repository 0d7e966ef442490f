"""Subspace denoising: theory of paper A (§6, App. F) with finite-size results, and the toy model of paper B (§3)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

ORTHONORMAL = 1e-5  # largest entry of |VᵀV − I| accepted as rounding error


@dataclass(frozen=True)
class SubspaceModel:
    """Signals x = s U c, c ~ N(0, I_d), observed as y = x + z, z ~ N(0, σ² I_n); E‖x‖² = s² d.

    Args:
        basis: U, (n, d) real with orthonormal columns, d < n.
        noise: σ ≥ 0, standard deviation of each entry of z.
        scale: s > 0; 1 in both papers.
        noise_inside: standard deviation of z within span(U), if different from outside.
        sphere: draw c uniformly from the sphere of radius √d, as paper B does up to scale; covariances are unchanged.

    Raises:
        ValueError: U is not orthonormal or not tall, noise is negative or not finite, scale is not positive.

    Source: paper A, §6, P and Q; paper B, §3.
    """

    basis: Tensor
    noise: float
    scale: float = 1.0
    noise_inside: float | None = None
    sphere: bool = False

    def __post_init__(self) -> None:
        _check_basis(self.basis, "basis")
        for name in ("noise", "noise_inside"):
            level = getattr(self, name)
            if level is not None and not 0 <= level < math.inf:
                raise ValueError(f"{name}: expected a standard deviation, finite and not negative, got {level}")
        if not 0 < self.scale < math.inf:
            raise ValueError(f"scale: expected a finite number above 0, got {self.scale}")

    @property
    def inside(self) -> float:
        """Standard deviation of the noise within span(U)."""
        return self.noise if self.noise_inside is None else self.noise_inside

    def sample(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw `count` pairs (x, y), each (count, n)."""
        U = self.basis
        c = torch.randn(count, U.shape[1], generator=generator, dtype=U.dtype)
        if self.sphere:
            c = c * (math.sqrt(U.shape[1]) / c.norm(dim=-1, keepdim=True))
        x = self.scale * c @ U.T
        white = torch.randn(count, U.shape[0], generator=generator, dtype=U.dtype)
        z = self.noise * white + (self.inside - self.noise) * (white @ U) @ U.T
        return x, x + z


def seeded(seed: int) -> torch.Generator:
    """Seeded CPU generator, the source of all random draws."""
    return torch.Generator().manual_seed(seed)


def random_basis(n: int, d: int, generator: torch.Generator) -> Tensor:
    """Orthonormal basis of a uniformly random d-dimensional subspace: (n, d) float64.

    Raises ValueError unless 0 < d < n.
    """
    _check_sizes(n, d)
    return torch.linalg.qr(torch.randn(n, d, generator=generator, dtype=torch.float64)).Q


def turned(U: Tensor, degrees: float, generator: torch.Generator) -> Tensor:
    """Rotated basis U cos φ + U⊥ sin φ, U⊥ random and orthogonal to U; all principal angles to span(U) are φ, (n, d).

    Raises ValueError if 2 d > n, which leaves no room for U⊥.
    """
    _check_basis(U, "U")
    n, d = U.shape
    if 2 * d > n:
        raise ValueError(f"U: turning needs 2 d ≤ n, got n = {n}, d = {d}")
    free = torch.randn(n, d, generator=generator, dtype=U.dtype)
    away = torch.linalg.qr(free - U @ (U.T @ free)).Q
    return math.cos(math.radians(degrees)) * U + math.sin(math.radians(degrees)) * away


def denoise(alpha: Tensor | float, V: Tensor, y: Tensor) -> Tensor:
    """x̂ = α V Vᵀ y (paper A, §6) for y (…, n), V (n, d) and α one number or one per y (…)."""
    return torch.as_tensor(alpha, dtype=y.dtype)[..., None] * (y @ V) @ V.T


def squared_error(alpha: Tensor | float, V: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """‖x − α V Vᵀ y‖² of each pair (…, n) → (…); its mean is the risk (paper A, §6)."""
    return (x - denoise(alpha, V, y)).square().sum(-1)


def risk(alpha: Tensor | float, V: Tensor, model: SubspaceModel) -> Tensor:
    """Supervised risk R(α, V) = E‖x − α V Vᵀ y‖² = s² d − 2 α E‖Vᵀx‖² + α² E‖Vᵀy‖².

    At V = U it is s² d (1 − α)² + α² d σ². Differentiable in α and V. Raises ValueError unless V is orthonormal and
    has the shape of U.

    Source: paper A, eq. 3 and the traces in the proof of Prop. F.1.
    """
    signal, inside, _ = _expected_energies(V, model)
    alpha = torch.as_tensor(alpha, dtype=V.dtype)
    return model.scale**2 * V.shape[1] - 2 * alpha * signal + alpha**2 * inside


def best_alpha(V: Tensor, *models: SubspaceModel) -> Tensor:
    """Minimum-risk α = Σ E‖Vᵀx‖² / Σ E‖Vᵀy‖², for one distribution or an equal mixture of several.

    For one distribution and V = U it is 1 / (1 + σ²/s²). For several, no linear estimator is better than α U Uᵀ.

    Source: paper A, Prop. F.1; paper B, §3 (several).
    """
    energies = [_expected_energies(V, model) for model in models]
    return torch.stack([e[0] for e in energies]).sum() / torch.stack([e[1] for e in energies]).sum()


def split_energy(y: Tensor, V: Tensor) -> tuple[Tensor, Tensor]:
    """Energies ‖Vᵀy‖² inside and ‖(I − V Vᵀ) y‖² outside the subspace, of each y (…, n) → (…), (…).

    Source: paper A, §6. Raises ValueError if V is not orthonormal or y is not finite.
    """
    _check_basis(V, "V")
    if y.shape[-1] != V.shape[0] or not y.isfinite().all():
        raise ValueError(f"y: expected finite measurements (…, {V.shape[0]}), got shape {tuple(y.shape)}, or NaN")
    seen = y @ V
    return seen.square().sum(-1), (y - seen @ V.T).square().sum(-1)


def self_supervised_loss(alpha: Tensor | float, V: Tensor, y: Tensor) -> Tensor:
    """L_SS(α, V, y) = ‖y − α V Vᵀ y‖² + 2 α d/(n − d) ‖(I − V Vᵀ) y‖² of each y (…, n) → (…).

    Source: paper A, §6. Raises the errors of `split_energy`.
    """
    return _loss(alpha, *split_energy(y, V), V)


def expected_self_supervised_loss(alpha: Tensor | float, V: Tensor, model: SubspaceModel) -> Tensor:
    """E L_SS(α, V, y) = (1 − α)² E‖Vᵀy‖² + (1 + 2 α d/(n − d)) E‖(I − V Vᵀ) y‖².

    At V = U it is the risk plus the constant σ² n, i.e. an unbiased risk estimate. Source: paper A, Prop. F.2.
    """
    _, inside, outside = _expected_energies(V, model)
    return _loss(alpha, inside, outside, V)


def adapted_alpha(y: Tensor, V: Tensor) -> Tensor:
    """α after TTT on one measurement, argmin L_SS(α, V, y) = 1 − d/(n − d) ‖(I − V Vᵀ) y‖² / ‖Vᵀ y‖²; (…, n) → (…).

    The result is never above 1 but may be below 0; paper A's α lies in [0, 1], so clamp the result to this range.
    Source: paper A, §6.

    Raises:
        ValueError: V is not orthonormal, y is not finite or has no energy in span(V).
    """
    inside, outside = split_energy(y, V)
    if (inside == 0).any():
        raise ValueError("y: has no energy in span(V), so every α gives the same estimate")
    return _minimiser(inside, outside, V)


def self_supervised_alpha(V: Tensor, model: SubspaceModel) -> Tensor:
    """Minimiser α of E L_SS: 1/(1 + σ²) at V = U with white noise (paper A, Prop. F.2), biased otherwise."""
    _, inside, outside = _expected_energies(V, model)
    return _minimiser(inside, outside, V)


def residual_alpha(y: Tensor, V: Tensor) -> Tensor:
    """α(y) = 1 / (1 + σ̂²), σ̂² = ‖(I − V Vᵀ) y‖² / (n − d): shrinks by each y's estimated noise, (…, n) → (…).

    α(y) V Vᵀ y is then non-linear; it assumes that s = 1 is known, whereas TTT does not. Source: paper B, §3 (existence
    only).
    """
    _, outside = split_energy(y, V)
    return 1 / (1 + outside / (V.shape[0] - V.shape[1]))


def alpha_moments(n: int, d: int, noise: float) -> tuple[float, float]:
    """Exact mean and standard deviation of α̂ = `adapted_alpha` at V = U, noise σ, d > 4.

    ‖Uᵀy‖² ~ (1 + σ²) χ²_d and ‖(I − U Uᵀ) y‖² ~ σ² χ²_{n−d} are independent, so that
    (1 − α̂) / (1 − α*) follows the F distribution F(n − d, d), with mean d/(d − 2). Not in the paper, which lets
    n, d → ∞.
    """
    _check_sizes(n, d, least=5)
    away = noise**2 / (1 + noise**2)
    variance = 2 * d**2 * (n - 2) / ((n - d) * (d - 2) ** 2 * (d - 4))
    return 1 - away * d / (d - 2), away * math.sqrt(variance)


def leading_deviation(n: int, d: int, noise: float) -> float:
    """Leading-order standard deviation of α̂, σ²/(1 + σ²) · √(2/d + 2/(n − d)) (delta method, V = U, 0 < d < n)."""
    _check_sizes(n, d)
    return noise**2 / (1 + noise**2) * math.sqrt(2 / d + 2 / (n - d))


def shift_gap(d: int, sigma: float, varsigma: float) -> float:
    """Gap due to a change of noise at V = U: R_Q(α_P) − R_Q(α*) = d (σ_Q² − σ_P²)² / ((1 + σ_P²)² (1 + σ_Q²)).

    Source: paper A, §6 ("the estimator is sub-optimal on the distribution Q"), with both optima inserted.
    """
    return d * (varsigma**2 - sigma**2) ** 2 / ((1 + sigma**2) ** 2 * (1 + varsigma**2))


def excess_risk(n: int, d: int, noise: float) -> float:
    """E‖x − α̂ U Uᵀ y‖² − min_α R = E[(α̂ − α*)² ‖Uᵀy‖²] = σ⁴/(1 + σ²) · 2 d n / ((n − d)(d − 2)), exact, d > 2.

    The cross term vanishes because α* U Uᵀ y is the posterior mean of x. Not in the paper, which lets n, d → ∞.
    """
    _check_sizes(n, d, least=3)
    return noise**4 / (1 + noise**2) * 2 * d * n / ((n - d) * (d - 2))


def break_even(n: int, d: int, noise: float) -> tuple[float, float]:
    """The two test noise levels between which TTT on one y is worse than keeping the α trained at `noise` = σ.

    `excess_risk` = `shift_gap` has the roots σ²/(1 ± k) for the square of the test noise,
    k = (1 + σ²) √(2 n / ((n − d)(d − 2))); the upper one is infinite if k ≥ 1. Exact, d > 2.
    """
    _check_sizes(n, d, least=3)
    k = (1 + noise**2) * math.sqrt(2 * n / ((n - d) * (d - 2)))
    return noise / math.sqrt(1 + k), noise / math.sqrt(1 - k) if k < 1 else math.inf


def _expected_energies(V: Tensor, model: SubspaceModel) -> Sequence[Tensor]:
    """E‖Vᵀx‖², E‖Vᵀy‖², E‖(I − V Vᵀ) y‖²."""
    _check_basis(V, "V")
    if V.shape != model.basis.shape:
        raise ValueError(f"V: expected the shape of the model's basis {tuple(model.basis.shape)}, got {tuple(V.shape)}")
    n, d = V.shape
    overlap = (V.T @ model.basis).square().sum()
    extra = model.inside**2 - model.noise**2
    signal = model.scale**2 * overlap
    inside = signal + model.noise**2 * d + extra * overlap
    return signal, inside, (model.scale**2 + extra) * d + model.noise**2 * n - inside


def _loss(alpha: Tensor | float, inside: Tensor, outside: Tensor, V: Tensor) -> Tensor:
    n, d = V.shape
    alpha = torch.as_tensor(alpha, dtype=V.dtype)
    return (1 - alpha) ** 2 * inside + outside + 2 * alpha * d / (n - d) * outside


def _minimiser(inside: Tensor, outside: Tensor, V: Tensor) -> Tensor:
    n, d = V.shape
    return 1 - d / (n - d) * outside / inside


def _check_sizes(n: int, d: int, least: int = 1) -> None:
    if not least <= d < n:
        raise ValueError(f"d: expected a subspace of {least} ≤ d < n dimensions, got n = {n}, d = {d}")


def _check_basis(V: Tensor, name: str) -> None:
    if V.ndim != 2 or not V.is_floating_point():
        raise ValueError(f"{name}: expected a real matrix (n, d), got shape {tuple(V.shape)}, {V.dtype}")
    _check_sizes(*V.shape)
    gram = V.detach().T @ V.detach()
    off = (gram - torch.eye(V.shape[1], dtype=V.dtype, device=V.device)).abs().max()
    if not off <= ORTHONORMAL:
        raise ValueError(
            f"{name}: expected orthonormal columns, but |VᵀV − I| reaches {off:.1e}; torch.linalg.qr gives them"
        )

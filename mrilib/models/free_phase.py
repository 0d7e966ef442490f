"""The phase as a separate unknown next to a network that gives the magnitude, and the optimizer for this phase."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from mrilib.coils import low_resolution
from mrilib.linop import LinearOperator
from mrilib.models.reconstructor import Reconstructor

PHASE_ROWS = 48  # readout samples of the calibration lines from which φ₀ is taken
AIR = 0.05  # quantile of the network's first image that is taken for the noise floor


class FreePhase(Reconstructor):
    """x = |f_θ(A†y)| exp(i (φ₀ + ψ)): a network's magnitude, the phase φ₀ of the calibration lines and an unknown ψ.

    ψ has one value per pixel and starts at zero, so that the first image has the network's magnitude. A loss on
    magnitudes, such as paper A's supervised loss, does not constrain the phase of f_θ, but a loss in k-space needs a
    phase.

    Args:
        network: gives the magnitude; its own phase is not used.
        masked_kspace: y, (1, coil, ky, kx) complex, from which φ₀ is taken.
        A: forward operator of the slice.
        lines: number of calibration lines; see `sampling.calibration_width`.
        noise_floor: whether the magnitude m = |f_θ(A†y)| contains the noise floor b of a root-sum-of-squares image,
            like the images on which the network was trained. If so, x has the magnitude m − b² / max(m, b) instead,
            which is about √(m² − b²) and, where there is only noise, about 0. b is a low quantile of the first m.
    """

    start: Tensor  # exp(i φ₀), (1, 1, y, x); test-time training may replace it; see `Settings.phase_start`
    floor: Tensor | None  # b, ()

    def __init__(
        self, network: Reconstructor, masked_kspace: Tensor, A: LinearOperator, lines: int, noise_floor: bool = False
    ) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("start", torch.sgn(A.H(low_resolution(masked_kspace, lines, PHASE_ROWS))))
        self.turn = nn.Parameter(torch.zeros_like(self.start, dtype=self.start.real.dtype))
        self.register_buffer("floor", self._floor(masked_kspace, A) if noise_floor else None)

    @torch.no_grad()
    def _floor(self, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        """Noise floor of the network's image; never zero, because it is a divisor."""
        magnitude = self.network(masked_kspace, A).abs()
        return magnitude.flatten().quantile(AIR).clamp_min(torch.finfo(magnitude.dtype).tiny)

    def initial(self, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        return self.network.initial(masked_kspace, A)

    def refine(self, initial: Tensor, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        magnitude = self.network.refine(initial, masked_kspace, A).abs()
        if self.floor is not None:
            magnitude = magnitude - self.floor.square() / torch.maximum(magnitude, self.floor)
        return magnitude * self.start * torch.polar(torch.ones_like(self.turn), self.turn)

    def with_floor(self, image: Tensor) -> Tensor:
        """The image with its noise floor, √(|x|² + b²) with the phase of x; unchanged if there is no noise floor."""
        if self.floor is None:
            return image
        return torch.sgn(image) * (image.abs().square() + self.floor.square()).sqrt()

    def variation(self, image: Tensor) -> Tensor:
        """Total variation of ψ where there is signal, Σ |x| (|∂ᵧψ| + |∂ₓψ|) / Σ |x|, in radians; 0 where x is 0.

        Args:
            image: x, (1, 1, y, x) complex; its magnitude is a weight and gets no gradient.
        """
        weight = image.detach().abs()
        steps = (self.turn.diff(dim=axis).abs() * weight.narrow(axis, 1, weight.shape[axis] - 1) for axis in (-2, -1))
        return sum(step.sum() for step in steps) / weight.sum().clamp_min(torch.finfo(weight.dtype).tiny)


class SharedAdam(torch.optim.Optimizer):
    """Adam with one second moment for all entries of a tensor: θ ← θ − η m̂ / √mean(v̂).

    In its first steps, Adam moves every entry of ψ by about η, even in dark pixels, whose gradients are only noise.
    Here, a pixel moves in proportion to its gradient, which grows with |x|.

    Args:
        params: tensors, each with its own second moment.
        lr: learning rate η.
        betas: decay rates of the first and second moments.

    Reference: Kingma, Ba, Adam, ICLR 2015, Algorithm 1, without its entrywise second moment.
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float, betas: tuple[float, float] = (0.9, 0.999)) -> None:
        super().__init__(params, {"lr": lr, "betas": betas})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take one step with the current gradients; parameters without a gradient do not change."""
        for group in self.param_groups:
            first, second = group["betas"]
            for one in group["params"]:
                if one.grad is None:
                    continue
                state = self.state[one] or {"step": 0, "mean": torch.zeros_like(one), "square": one.new_zeros(())}
                state["step"] += 1
                state["mean"].lerp_(one.grad, 1 - first)
                state["square"].lerp_(one.grad.square().mean(), 1 - second)
                size = (state["square"] / (1 - second ** state["step"])).sqrt()
                unbiased = state["mean"] / (1 - first ** state["step"])
                one.sub_(group["lr"] * unbiased / size.clamp_min(torch.finfo(size.dtype).tiny))
                self.state[one] = state

"""Settings of test-time training."""

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from mrilib.losses import Norm
from mrilib.models.reconstructor import Fidelity
from mrilib.ttt.stopping import Iterate

Unit = Literal["pixels", "lines"]
Precision = Literal["float32", "bfloat16"]

LATER = (
    "phase",
    "warmup",
    "phase_learning_rate",
    "phase_weight",
    "precision",
    "noise_floor",
    "phase_start",
    "tuned",
    "balance",
)  # added when results were stored without them


@dataclass(frozen=True)
class Settings:
    """Settings of test-time training; the defaults are paper A's for the U-Net (§4, §5; windows from its code).

    Args:
        learning_rate: learning rate of Adam (paper A: 1e-5 for the U-Net, 1e-4 for VarNet).
        max_iterations: maximum number of steps.
        window: w of the stopping rule `rises` (published code: 20 or 100, by shift).
        holdout: fraction of measurements held out for self-validation; of those outside the calibration region (ACS),
            or of all with fidelity "code".
        unit: hold out single k-space pixels (published code) or whole phase-encoding lines.
        iterate: return the image with the lowest self-validation error, or the last one (published code).
        fidelity: "code" leaves the held-out measurements in the network's input, as published.
        norm: norm of complex numbers in the ℓ1 loss; see `losses.moduli`.
        seed: seed for the hold-out split.
        run_on: continue to `max_iterations` after the stopping point, to show what early stopping prevents.
        phase: "network" tunes the network alone (paper A); "free" takes the magnitude from the network and tunes a
            separate phase with it; see `FreePhase`.
        warmup: number of first steps over which the learning rates rise linearly (paper A: none).
        phase_learning_rate: learning rate of the free phase, in radians.
        phase_weight: weight of the free phase's total variation in the loss.
        precision: "bfloat16" convolves in bfloat16 (docs/performance.md has the times); physics, loss and
            weights stay in float32.
        noise_floor: with a free phase, whether the network's magnitude contains the noise floor of root-sum-of-squares
            images, which k-space does not have; see `FreePhase`.
        phase_start: the free phase starts from the phase of the calibration lines or, if "selected", from that of the
            zero-filled image where this lowers the error on the held-out measurements; see `objective.MUCH_BETTER`.
        tuned: "all" tunes all weights (paper A); "decoder" leaves the encoder of a U-Net as it is; see `fix_encoder`.
        balance: p of the weights of the loss, which differ between columns of k-space; see
            `objective.column_weights` (paper A: 0, no weights). Self-validation does not use them.
    """

    learning_rate: float = 1e-5
    max_iterations: int = 2500
    window: int = 100
    holdout: float = 0.05
    unit: Unit = "pixels"
    iterate: Iterate = "best"
    fidelity: Fidelity = "paper"
    norm: Norm = "modulus"
    seed: int = 0
    run_on: bool = False
    phase: Literal["network", "free"] = "network"
    warmup: int = 0
    phase_learning_rate: float = 4e-2
    phase_weight: float = 0.3
    precision: Precision = "float32"
    noise_floor: bool = False
    phase_start: Literal["calibration", "selected"] = "calibration"
    tuned: Literal["all", "decoder"] = "all"
    balance: float = 0.0

    def __post_init__(self) -> None:
        for name, allowed in (
            ("unit", ("pixels", "lines")),
            ("iterate", get_args(Iterate)),
            ("fidelity", ("paper", "code")),
            ("norm", ("modulus", "real_view")),
            ("phase", ("network", "free")),
            ("precision", get_args(Precision)),
            ("phase_start", ("calibration", "selected")),
            ("tuned", ("all", "decoder")),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} {getattr(self, name)!r}: expected {' or '.join(allowed)}")
        if self.max_iterations < 1 or self.window < 1 or not 0 < self.learning_rate < math.inf:
            raise ValueError("max_iterations, window and learning_rate must be positive")
        if not 0 < self.holdout < 1:
            raise ValueError(f"holdout must lie between 0 and 1, got {self.holdout}")
        if self.warmup < 0 or not (0 < self.phase_learning_rate < math.inf and 0 <= self.phase_weight < math.inf):
            raise ValueError("warmup and phase_weight must not be negative, phase_learning_rate must be positive")
        if not 0 <= self.balance <= 1:
            raise ValueError(f"balance must lie between 0 and 1, got {self.balance}")
        for name in ("noise_floor", "phase_start"):
            if self.phase != "free" and getattr(self, name) != getattr(type(self), name):
                raise ValueError(f"{name}: it needs a phase of its own (phase 'free')")

    @property
    def card(self) -> dict[str, Any]:
        """The settings as JSON values, without those in LATER that have their default."""
        later = {one.name: one.default for one in fields(self) if one.name in LATER}
        return {name: value for name, value in asdict(self).items() if name not in later or value != later[name]}

    def running_on(self) -> "Settings":
        """Copy that continues past the stopping point."""
        return replace(self, run_on=True)


# Ours; chosen on validation slices and on one real brain, for networks as small as those that ship.
FREE_PHASE = Settings(
    6e-3,
    max_iterations=120,
    window=30,
    phase="free",
    warmup=20,
    noise_floor=True,
    tuned="decoder",
    balance=0.5,
)

# Chosen on validation slices for the network that `reconstruct` takes by default; one under a wide shift needs all 120.
OWN_SCANS = replace(FREE_PHASE, learning_rate=4e-3, max_iterations=60, phase_start="selected", tuned="all", balance=0.0)

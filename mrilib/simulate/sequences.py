"""The signal a sequence reads from a tissue: the textbook equations (Bernstein et al., Handbook of MRI Pulse
Sequences, 2004, ch. 14). Times in seconds, angles in degrees."""

from dataclasses import dataclass, replace
from math import cos, exp, radians, sin

from mrilib.simulate.tissues import Tissue


def spin_echo(pd: float, t1: float, t2: float, repetition_time: float, echo_time: float) -> float:
    """Spin-echo signal PD·(1 − e^{−TR/T1})·e^{−TE/T2}."""
    return pd * (1 - exp(-repetition_time / t1)) * exp(-echo_time / t2)


def gradient_echo(
    pd: float, t1: float, t2_star: float, repetition_time: float, echo_time: float, flip_angle: float
) -> float:
    """Spoiled gradient echo PD·sin α·(1 − E1)/(1 − E1·cos α)·e^{−TE/T2*} with E1 = e^{−TR/T1} (Ernst)."""
    e1, alpha = exp(-repetition_time / t1), radians(flip_angle)
    return pd * sin(alpha) * (1 - e1) / (1 - e1 * cos(alpha)) * exp(-echo_time / t2_star)


def inversion_recovery(
    pd: float, t1: float, t2: float, repetition_time: float, echo_time: float, inversion_time: float
) -> float:
    """Magnitude inversion recovery PD·|1 − 2e^{−TI/T1} + e^{−TR/T1}|·e^{−TE/T2}."""
    return pd * abs(1 - 2 * exp(-inversion_time / t1) + exp(-repetition_time / t1)) * exp(-echo_time / t2)


@dataclass(frozen=True)
class Sequence:
    """An acquisition protocol: what the operator types at the console (seconds, degrees)."""

    kind: str  # "spin_echo" | "gradient_echo" | "inversion_recovery"
    repetition_time: float
    echo_time: float
    flip_angle: float = 90.0
    inversion_time: float = 0.0
    fat_suppression: float = 0.0  # share of the fat signal that is removed

    def with_flip_angle(self, degrees: float) -> "Sequence":
        """The same protocol at another flip angle."""
        return replace(self, flip_angle=degrees)

    def signal(self, tissue: Tissue, field_strength: float) -> float:
        """Signal of one tissue, fat suppression included.

        Raises:
            ValueError: `kind` is not one of the three signal equations.
        """
        pd, t1, t2 = tissue.proton_density, tissue.t1(field_strength), tissue.t2(field_strength)
        kept = 1 - self.fat_suppression * tissue.fat_fraction
        match self.kind:
            case "spin_echo":
                return kept * spin_echo(pd, t1, t2, self.repetition_time, self.echo_time)
            case "gradient_echo":
                # T2* is shorter than T2; half of it is typical of brain tissue at 3 T.
                return kept * gradient_echo(pd, t1, 0.5 * t2, self.repetition_time, self.echo_time, self.flip_angle)
            case "inversion_recovery":
                return kept * inversion_recovery(pd, t1, t2, self.repetition_time, self.echo_time, self.inversion_time)
        raise ValueError(f"sequence kind {self.kind!r}: expected spin_echo, gradient_echo or inversion_recovery")

"""Signal of a tissue in a pulse sequence; times in seconds, angles in degrees.

Textbook equations (Bernstein et al., Handbook of MRI Pulse Sequences, 2004, ch. 14).
"""

from dataclasses import dataclass, replace
from math import cos, exp, radians, sin, sqrt, tan

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


def double_echo(
    pd: float, t1: float, t2: float, repetition_time: float, echo_time: float, flip_angle: float
) -> tuple[float, float]:
    """The two echoes of a double-echo steady state, `echo_time` after one pulse and before the next.

    PD·tan(α/2)·(1 − (E1 − cos α)·r)·e^{−TE/T2} and PD·tan(α/2)·(1 − (1 − E1·cos α)·r)·e^{TE/T2} with
    r = (1 − E2²)/√(p² − q²), p = 1 − E1·cos α − E2²·(E1 − cos α), q = E2·(1 − E1)·(1 + cos α)
    (Hänicke, Vogel, MRM 49:771, 2003).
    """
    e1, e2, cosine = exp(-repetition_time / t1), exp(-repetition_time / t2), cos(radians(flip_angle))
    p, q = 1 - e1 * cosine - e2**2 * (e1 - cosine), e2 * (1 - e1) * (1 + cosine)
    r = (1 - e2**2) / sqrt(p**2 - q**2)
    height, decay = pd * tan(radians(flip_angle) / 2), exp(-echo_time / t2)
    return height * (1 - (e1 - cosine) * r) * decay, height * (1 - (1 - e1 * cosine) * r) / decay


def enhanced_t1(t1: float, concentration: float) -> float:
    """T1 with a contrast agent, 1/T1' = 1/T1 + r1·C, with C in mmol/l and r1 of a gadolinium chelate."""
    return 1 / (1 / t1 + RELAXIVITY * concentration)


KINDS = (
    "spin_echo",
    "enhanced_spin_echo",
    "gradient_echo",
    "inversion_recovery",
    "double_echo_first",
    "double_echo_second",
)
RELAXIVITY = 5.0  # of gadobutrol in plasma at 3 T, l/mmol/s (Rohrer et al., Invest. Radiol. 40:715, 2005)
BLOOD_CONCENTRATION = 0.7  # mmol/l, a few minutes after a dose of 0.1 mmol/kg


@dataclass(frozen=True)
class Sequence:
    """An acquisition protocol, as entered at the scanner console (seconds, degrees)."""

    kind: str  # one of KINDS
    repetition_time: float
    echo_time: float
    flip_angle: float = 90.0
    inversion_time: float = 0.0
    fat_suppression: float = 0.0  # fraction of the fat signal that is removed

    def with_flip_angle(self, degrees: float) -> "Sequence":
        """Copy of the protocol with another flip angle."""
        return replace(self, flip_angle=degrees)

    def signal(self, tissue: Tissue, field_strength: float) -> float:
        """Signal of one tissue, including fat suppression.

        Raises:
            ValueError: `kind` is not in KINDS.
        """
        if self.kind not in KINDS:
            raise ValueError(f"sequence kind {self.kind!r}: expected one of {', '.join(KINDS)}")
        return (1 - self.fat_suppression * tissue.fat_fraction) * self._water(tissue, field_strength)

    def _water(self, tissue: Tissue, field_strength: float) -> float:
        """Signal before fat suppression."""
        pd, t1, t2 = tissue.proton_density, tissue.t1(field_strength), tissue.t2(field_strength)
        times = self.repetition_time, self.echo_time
        match self.kind:
            case "spin_echo":
                return spin_echo(pd, t1, t2, *times)
            case "enhanced_spin_echo":
                return spin_echo(pd, enhanced_t1(t1, BLOOD_CONCENTRATION * tissue.uptake), t2, *times)
            case "gradient_echo":
                # T2* is shorter than T2; half of it is typical of brain tissue at 3 T.
                return gradient_echo(pd, t1, 0.5 * t2, *times, self.flip_angle)
            case "inversion_recovery":
                return inversion_recovery(pd, t1, t2, *times, self.inversion_time)
            case _:
                return double_echo(pd, t1, t2, *times, self.flip_angle)[self.kind == "double_echo_second"]

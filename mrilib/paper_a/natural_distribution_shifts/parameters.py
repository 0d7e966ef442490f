"""Parameters of notebook 02."""

from dataclasses import dataclass

from mrilib.paper_a.parameters import Shift, UnetTraining


@dataclass(frozen=True, kw_only=True)
class Parameters(UnetTraining):
    """Parameters of supervised networks under every shift, and the shift shown last."""

    example: Shift

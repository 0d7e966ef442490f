"""What notebook 02 can be given."""

from dataclasses import dataclass

from mrilib.paper_a.parameters import Shift, UnetTraining


@dataclass(frozen=True, kw_only=True)
class Parameters(UnetTraining):
    """Supervised networks under every shift, and the one that is drawn last."""

    example: Shift

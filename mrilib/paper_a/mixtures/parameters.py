"""What notebook 03 can be given."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from mrilib.paper_a.parameters import Shift, UnetTraining


@dataclass(frozen=True, kw_only=True)
class Parameters(UnetTraining):
    """Networks trained on mixtures of P and Q under every shift, one of them seen closely."""

    shift: Shift
    coefficient: Annotated[float, Ge(0), Le(1)]
    recompute: bool
    train_missing: bool

"""Parameters of notebook 03."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from mrilib.paper_a.parameters import Shift, UnetTraining


@dataclass(frozen=True, kw_only=True)
class Parameters(UnetTraining):
    """Parameters of networks trained on mixtures of P and Q under every shift, one of which is examined in detail."""

    shift: Shift
    coefficient: Annotated[float, Ge(0), Le(1)]
    recompute: bool
    train_missing: bool

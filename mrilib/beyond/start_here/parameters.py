"""Parameters of notebook 00."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le

from mrilib.data.parameters import Sourced
from mrilib.store.parameters import MOST, Count


@dataclass(frozen=True, kw_only=True)
class Parameters(Sourced):
    """Parameters of one slice, under-sampled and reconstructed."""

    contrast: Literal["brain_axt2", "brain_axt1pre", "knee_pd", "knee_pdfs"]
    acceleration: Literal[2, 3, 4]
    slice_number: Annotated[int, Ge(0), Le(MOST)]
    iterations: Count

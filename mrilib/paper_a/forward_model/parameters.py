"""Parameters of notebook 01."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le, Len, Lt

from mrilib.data.parameters import Sourced
from mrilib.store.kinds import shown
from mrilib.store.parameters import MOST, Count, Device, ParameterError

ANGLES = range(1, 20, 2)  # flip angles of the real brain, in degrees


@dataclass(frozen=True, kw_only=True)
class Parameters(Sourced):
    """Parameters of one slice and its mask, and of the comparison of simulation and scanner."""

    data: Literal["brain_axt2", "brain_axt1pre", "brain_vfa", "knee_pd", "knee_pdfs", "stanford"]
    data_path: str | None
    slice_index: Annotated[int, Ge(0), Le(MOST)]
    acceleration: Literal[2, 3, 4]
    mask_kind: Literal["random", "equispaced", "equispaced_fraction", "magic"]
    crop: Annotated[float, Ge(0), Lt(1)]
    iterations: Count
    patients: Count
    angles: Annotated[list[int], Len(1)]
    device: Device

    def check(self) -> None:
        if not set(self.angles) <= set(ANGLES):
            raise ParameterError(f"angles: expected some of {', '.join(map(str, ANGLES))}, got {shown(self.angles)}")

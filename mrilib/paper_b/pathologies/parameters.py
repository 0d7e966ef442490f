"""What notebook 13 can be given."""

from dataclasses import dataclass

from mrilib.paper_b.parameters import Training
from mrilib.store.parameters import Count


@dataclass(frozen=True, kw_only=True)
class Parameters(Training):
    """Networks of healthy heads and of heads with lesions, and which of these are shown."""

    annotations: str
    shown: Count

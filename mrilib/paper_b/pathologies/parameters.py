"""Parameters of notebook 13."""

from dataclasses import dataclass

from mrilib.paper_b.parameters import Training
from mrilib.store.parameters import Count


@dataclass(frozen=True, kw_only=True)
class Parameters(Training):
    """Parameters of the networks of healthy heads and of heads with lesions, and of the lesions shown."""

    annotations: str
    shown: Count

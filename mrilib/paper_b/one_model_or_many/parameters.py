"""Parameters of notebook 11."""

from dataclasses import dataclass
from typing import Literal

from mrilib.paper_b.parameters import Training

PairName = Literal["anatomy", "contrast", "field"]


@dataclass(frozen=True, kw_only=True)
class Parameters(Training):
    """Parameters of a pair of groups of distributions, and whether one group is scarce."""

    pair: PairName
    skewed: bool

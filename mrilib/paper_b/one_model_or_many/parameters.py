"""What notebook 11 can be given."""

from dataclasses import dataclass
from typing import Literal

from mrilib.paper_b.parameters import Training

PairName = Literal["anatomy", "contrast", "field"]


@dataclass(frozen=True, kw_only=True)
class Parameters(Training):
    """A pair of groups of distributions, and whether one is scarce."""

    pair: PairName
    skewed: bool

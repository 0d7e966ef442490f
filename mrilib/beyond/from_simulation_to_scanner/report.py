"""Tables of the real brain, one row per contrast."""

from collections.abc import Mapping, Sequence
from typing import Any


def by_contrast(names: Sequence[str], scores: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    """One row per contrast with the score of each method."""
    return [
        {"flip angle": name} | {method: column[row] for method, column in scores.items()}
        for row, name in enumerate(names)
    ]

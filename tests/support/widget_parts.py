"""What an explorer is made of, without the boxes that arrange it."""

from typing import Any


def parts(explorer: Any) -> list[Any]:
    """The controls in their order, then the view and what stands beside it."""
    panel, *rest = explorer.children
    return [*panel.children, *rest]

"""Why the changes by single differences do not add up to the change that the whole method causes."""

from collections.abc import Sequence

import numpy as np
from IPython.display import Markdown

from mrilib.figures.sentences import measured
from mrilib.gap import mean_interval
from mrilib.paper_a.paper_versus_code.discrepancies import DISCREPANCIES
from mrilib.paper_a.paper_versus_code.fidelity import Bench
from mrilib.paper_a.paper_versus_code.sides import SIDES

START, WHOLE = "as written", "as published"
PARTS = (
    "filled maps",  # with the code's network input
    "leaking, centre too",
    "with replacement",
    "last iterate",
    "window of 100",
    "real view",
)  # arms that differ from START by one part of WHOLE each


def in_words(bench: Bench, drawn: Sequence[str]) -> Markdown:
    """The parts' changes from one start, added up, their joint change and their interaction, in a sentence.

    Args:
        bench: its arms are read from the table.
        drawn: names of the differences that the chart shows.
    """
    told = f"**No:** {_elsewhere(drawn)}"
    changes = _changes(bench)
    if changes is None:
        return Markdown(told)
    added, joint = changes
    parts, whole, rest = (measured(mean_interval(list(one)), signed=True) for one in (added, joint, joint - added))
    return Markdown(
        f"{told} From one start, the changes of the method add up to {parts}; together they cause {whole}. "
        f"The rest, {rest}, is their interaction: one change alters the effect of another."
    )


def _elsewhere(drawn: Sequence[str]) -> str:
    """Which of the rows start from another version of the method than the row of all together."""
    apart = {one.name for one in DISCREPANCIES if one.group != "score" and one.arms and one.arms[1] != START}
    parts = [f"*{part}*" for part in dict.fromkeys(SIDES[name].part for name in drawn if name in apart)]
    listed = " and ".join([*([", ".join(parts[:-1])] if parts[1:] else []), *parts[-1:]])
    others = f", and some rows above it (of {listed}) start from other versions of the method"
    return f"the last row leaves out the score{others if parts else ''}."


def _changes(bench: Bench) -> tuple[np.ndarray, np.ndarray] | None:
    """Change in SSIM of every slice: that of all parts alone, summed, and that of all parts together."""
    found = {arm: bench.found(arm) for arm in (START, WHOLE, *PARTS)}
    if not all(found.values()):
        return None
    scores = {arm: np.array(one) for arm, one in found.items()}
    return np.sum([scores[arm] - scores[START] for arm in PARTS], axis=0), scores[WHOLE] - scores[START]

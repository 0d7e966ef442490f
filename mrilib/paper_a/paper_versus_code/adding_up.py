"""Why the changes by single differences do not add up to the change that the whole method causes."""

from collections.abc import Sequence

import numpy as np
from IPython.display import Markdown

from mrilib.figures.sentences import measured
from mrilib.gap import mean_interval
from mrilib.paper_a.paper_versus_code.discrepancies import DISCREPANCIES
from mrilib.paper_a.paper_versus_code.fidelity import ARMS, PUBLISHED, Bench
from mrilib.paper_a.paper_versus_code.words import in_words

START, WHOLE = "as written", "as published"
PARTS = (
    "filled maps",  # with the code's network input
    "leaking, centre too",
    "with replacement",
    "last iterate",
    "window of 100",
    "real view",
)  # arms that differ from START by one part of WHOLE each


def paragraph(bench: Bench, drawn: Sequence[str]) -> Markdown:
    """Why the rows of the chart do not add up, and the changes that do: each part's alone, the joint one, the rest.

    Args:
        bench: its arms are read from the table.
        drawn: names of the differences that the chart shows.
    """
    told = f"**Do the rows of the chart add up to the last one?** They are not meant to: {_reasons(drawn)}."
    changes = _changes(bench)
    if changes is None:
        return Markdown(told)
    added, joint = changes
    parts, whole, rest = (mean_interval(list(one)) for one in (added, joint, joint - added))
    meaning = (
        "is their interaction: one change alters the effect of another"
        if rest.excludes_zero
        else "cannot be distinguished from 0: the changes may simply add up"
    )
    return Markdown(
        f"{told} If the parts of the last row are instead changed one at a time, each from the paper's version, "
        f"their changes add up to {measured(parts, signed=True)}; changed together, they give "
        f"{measured(whole, signed=True)}. The difference, {measured(rest, signed=True)}, {meaning}."
    )


def _reasons(drawn: Sequence[str]) -> str:
    """Why the rows of the chart are not the parts of its last row."""
    parts = {one.name: one.arms for one in DISCREPANCIES if one.group != "score" and one.arms}
    arms = {name: parts[name] for name in drawn if name in parts}
    other = [name for name, (code, _) in arms.items() if ARMS[code].settings.items() - PUBLISHED.items()]
    kept = [name for name, (code, _) in arms.items() if code == START]
    apart = [name for name, (_, paper) in arms.items() if paper != START and name not in (*other, *kept)]
    reasons = ["the chart shows a selection", "the last row leaves out the score and the masks"]
    if apart:
        start = "start from other versions" if apart[1:] else "starts from another version"
        reasons.append(f"{_listed(apart)} {start} of the method")
    if other:
        reasons.append(f"{_listed(other)} {'are' if other[1:] else 'is'} no part of the last row")
    if kept:
        reasons.append(f"{_listed(kept)} {'apply' if kept[1:] else 'applies'} to both sides of the last row")
    return f"{'; '.join(reasons[:-1])}; and {reasons[-1]}"


def _listed(names: Sequence[str]) -> str:
    """Rows in words: *a*, *b* and *c*."""
    *others, last = (f"*{in_words(name)}*" for name in names)
    return f"{', '.join(others)} and {last}" if others else last


def _changes(bench: Bench) -> tuple[np.ndarray, np.ndarray] | None:
    """Change in SSIM of every slice: that of all parts alone, summed, and that of all parts together."""
    found = {arm: bench.found(arm) for arm in (START, WHOLE, *PARTS)}
    if not all(found.values()):
        return None
    scores = {arm: np.array(one) for arm, one in found.items()}
    return np.sum([scores[arm] - scores[START] for arm in PARTS], axis=0), scores[WHOLE] - scores[START]

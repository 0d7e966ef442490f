"""Charts of what the published code changes, one message each, and sentences on the changes and on slips."""

from collections.abc import Mapping, Sequence

import altair

from mrilib.figures.dots import dots_chart
from mrilib.figures.headed import headed_dots
from mrilib.figures.sentences import measured, number, percent
from mrilib.figures.sided import sided_dots
from mrilib.figures.theme import SERIES_COLORS
from mrilib.gap import Interval
from mrilib.paper_a.paper_versus_code.discrepancies import Group
from mrilib.paper_a.paper_versus_code.fidelity import Scores, closed
from mrilib.paper_a.paper_versus_code.sides import SIDES
from mrilib.paper_a.paper_versus_code.words import GROUPS, TOGETHER, YARDSTICK, grouped, in_words, listed
from mrilib.paper_a.slips import PrintedGap

COLORS = dict(zip(GROUPS, (SERIES_COLORS[i] for i in (3, 4, 2, 1, 0)), strict=True))
ARMS_IN_WORDS = {
    "as written": "as the paper says",
    "per-part RSS": "with the code's network input",
    "score of fastMRI": "scored as in fastMRI",
    "as published": "all as in the code",
}
HEADS = ("", "the paper (as we read it)", "its published code")
SCORES_IN_WORDS = {
    "as written": "image matched to the target (published)",
    "score reversed": "target matched to the image",
    "score of fastMRI": "not matched, volume's maximum (fastMRI)",
    "score unmatched": "not matched, slice's maximum",
}


def main_chart(changes: Mapping[str, Interval], groups: Mapping[str, Group], kind: str) -> altair.LayerChart:
    """Plot each group's largest change beside its two sides, the smallest change, the yardstick and all together.

    Arguments as in `changes_chart`.

    Raises:
        ValueError: nothing to draw.
    """
    beside = [name for name in (YARDSTICK, TOGETHER) if name in changes]
    drawn = [*singled_out(changes, groups), *beside]
    rows = [
        dict(zip(("part", "one", "other"), SIDES[name], strict=True))
        | {**vars(changes[name]), "beside": name in beside}
        for name in drawn
    ]
    title = f"{changes_in_short(changes)} ({kind} data)"
    slices = max((one.n for one in changes.values()), default=0)
    told = [f"{': '.join(SIDES[name][::2])} {number(changes[name].value, signed=True)}" for name in drawn]
    x_title = f"change in SSIM (n = {slices} slices)"
    return sided_dots(rows, HEADS, x_title=x_title, alt=f"{title}: {'; '.join(told)}", title=title)


def singled_out(changes: Mapping[str, Interval], groups: Mapping[str, Group]) -> list[str]:
    """The difference with the largest change in each group, the largest first, then that with the smallest change."""
    single = _single(changes)
    largest = [max(names, key=lambda name: abs(changes[name].value)) for names in _groups(single, groups).values()]
    largest.sort(key=lambda name: -abs(changes[name].value))
    least = [name for name in sorted(single, key=lambda name: abs(single[name].value)) if name not in largest][:1]
    return [*largest, *least]


def changes_chart(changes: Mapping[str, Interval], groups: Mapping[str, Group], kind: str) -> altair.LayerChart:
    """Plot each change as a dot with its 95 % interval below the heading of its group, largest first.

    The dot is hollow if the interval contains 0.

    Args:
        changes: intervals by short name.
        groups: group of each difference by short name.
        kind: whether the data are simulated, in a word.

    Raises:
        ValueError: nothing to draw.
    """
    drawn = {
        group: sorted(names, key=lambda name: -abs(changes[name].value))
        for group, names in _groups(changes, groups).items()
    }
    return _headed(changes, drawn, f"All {len(changes)} changes that were measured, by kind ({kind} data)", COLORS)


def _groups(changes: Mapping[str, Interval], groups: Mapping[str, Group]) -> dict[str, list[str]]:
    return grouped({name: groups[name] for name in changes})


def _headed(
    changes: Mapping[str, Interval], drawn: Mapping[str, Sequence[str]], title: str, colors: Mapping[str, str]
) -> altair.LayerChart:
    """The changes of each heading as dots with their 95 % intervals."""
    rows = {
        heading: [{"name": in_words(name), **vars(changes[name])} for name in names] for heading, names in drawn.items()
    }
    slices = max((one.n for one in changes.values()), default=0)
    told = [f"{row['name']} {number(row['value'], signed=True)}" for of in rows.values() for row in of]
    x_title = f"change in SSIM: as in the code − as in the paper (n = {slices} slices)"
    return headed_dots(rows, x_title=x_title, alt=f"{title}: {'; '.join(told)}", title=title, colors=colors)


def changes_in_short(changes: Mapping[str, Interval]) -> str:
    """Change in SSIM due to the largest difference, and due to all differences together."""
    largest = max((abs(one.value) for one in _single(changes).values()), default=0.0)
    told = f"The largest single difference changes SSIM by {number(largest)}"
    if TOGETHER not in changes:
        return told
    whole = abs(changes[TOGETHER].value)
    return f"{told}; all differences in the method together by {'only ' if whole < largest / 2 else ''}{number(whole)}"


def _single(changes: Mapping[str, Interval]) -> dict[str, Interval]:
    """Changes by one difference between paper and code: neither all together nor the yardstick."""
    return {name: one for name, one in changes.items() if name not in (TOGETHER, YARDSTICK)}


def scores_chart(means: Mapping[str, Interval], kind: str) -> altair.LayerChart:
    """Mean SSIM of the same images by the way in which it is computed, keys as in SCORES_IN_WORDS."""
    low, high = (number(pick(one.value for one in means.values()), 2) for pick in (min, max))
    title = f"One set of images scores from {low} to {high}, depending on how SSIM is computed ({kind} data)"
    rows = [{"name": words, **vars(means[arm])} for arm, words in SCORES_IN_WORDS.items() if arm in means]
    alt = f"{title}: " + "; ".join(f"{row['name']} {number(row['value'])}" for row in rows)
    return dots_chart(rows, x_title="SSIM of the test slices after TTT", zero=False, alt=alt, title=title)


def fractions_chart(shares: Mapping[str, Interval], kind: str) -> altair.LayerChart:
    """Per cent of the gap that each arm closes, keys as in ARMS_IN_WORDS."""
    low, high = (number(100 * pick(one.value for one in shares.values()), 0) for pick in (min, max))
    span = f"{low} %" if low == high else f"{low} to {high} %"
    title = f"TTT closes {span} of the gap in the paper's and the code's versions ({kind} data)"
    rows = [
        {"name": ARMS_IN_WORDS[arm], **{end: 100 * getattr(one, end) for end in ("value", "low", "high")}}
        for arm, one in shares.items()
    ]
    alt = f"{title}: " + "; ".join(f"{ARMS_IN_WORDS[arm]} {percent(one)}" for arm, one in shares.items())
    return dots_chart(rows, x_title="share of the gap closed, %", zero=False, digits=0, alt=alt, title=title)


def fractions(gaps: Mapping[str, Scores | None]) -> dict[str, Interval]:
    """Fraction of the gap closed by each arm that was run for all four networks and has a gap to close."""
    found = {name: closed(scores).interval for name, scores in gaps.items() if scores}
    return {name: one for name, one in found.items() if one}


def changes_in_words(changes: Mapping[str, Interval], names: Sequence[str]) -> str:
    """Changes of some rows in one sentence; rows that were not run are left out."""
    said = [f"*{in_words(name)}* {measured(changes[name], signed=True)}" for name in names if name in changes]
    return f"Change in SSIM: {'; '.join(said)}." if said else "None of these rows has been run for these parameters."


def summary(changes: Mapping[str, Interval], gaps: Mapping[str, Scores | None]) -> list[str]:
    """What the run found, one line of Markdown for each finding."""
    sizes = sorted(_single(changes), key=lambda name: -abs(changes[name].value))
    level = [name for name in sizes if not changes[name].excludes_zero]
    told = [
        f"**{len(sizes) - len(level)} of {len(sizes)} differences change SSIM.** The three largest: "
        f"{'; '.join(f'*{in_words(name)}* {measured(changes[name], signed=True)}' for name in sizes[:3])}.",
        f"**Differences without a detectable change on these slices:** {listed(level) or 'none'}.",
    ]
    if beside := [name for name in (TOGETHER, YARDSTICK) if name in changes]:
        told.append(f"**For comparison.** {changes_in_words(changes, beside)}")
    shares = fractions(gaps)
    if {"as written", "as published"} <= shares.keys():
        written, published = (percent(shares[name]) for name in ("as written", "as published"))
        told.append(
            f"**The fraction of the gap closed:** {written} for the method as written and {published} as published. "
            "Scores are comparable only if they are computed in the same way."
        )
    return told


def slips_in_words(printed: Sequence[PrintedGap]) -> list[str]:
    """Printed percentages that do not follow from the printed scores; the last line has those explained by rounding."""
    wrong = [one for one in printed if one.verdict == "does not follow"]
    near = [one.item for one in printed if one.verdict not in ("follows", "does not follow")]
    told = [
        f"**{one.item}** prints {one.row['printed']}; its own scores give {one.row['recomputed']}." for one in wrong
    ]
    return told + ([f"Possible if the scores were rounded: {'; '.join(near)}."] if near else [])

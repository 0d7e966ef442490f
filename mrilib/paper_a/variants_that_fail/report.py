"""Charts, images and recorded results of the variants of test-time training."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair
from IPython.display import Markdown
from torch import Tensor

from mrilib.figures.charts import BESIDE, LEADING, LETTER, WIDTH, data, finished, spaced
from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.headed import headed_dots
from mrilib.figures.plot import Table, table
from mrilib.figures.rows import record_fraction, record_interval
from mrilib.figures.sentences import bullets, listed, measured, number, percent
from mrilib.figures.theme import MUTED, NAMED
from mrilib.gap import Interval, mean_interval, performance_gap
from mrilib.models.cycle import CycleReconstructor
from mrilib.paper_a.variants_that_fail.experiment import LENGTHENED, TABLE_5, Closing, Tuned
from mrilib.sample import Sample
from mrilib.train.settled import doubling_moves

Curves = Mapping[str, Sequence[float]]  # name → one value per iteration
Scores = Mapping[tuple[str, str], Sequence[float]]  # (method, side) → SSIM of each test slice
# Methods, with the fraction of the gap that paper A says each closes.
METHODS = {
    "supervised": "",
    "two-head": "",
    "two-head + TTT": "0 %",
    "CycleU-Net": "",
    "CycleU-Net + TTT": "29.4 %",
    "affine-only + TTT": "",
    "joint + TTT": "98.6 %",
}
DRAWN = tuple(name for name in METHODS if name == "supervised" or name.endswith("TTT"))
TASKS = {"two-head": "denoising", "CycleU-Net": "the round trip"}
OWN_LOSS = ("affine-only + TTT", "joint + TTT")
BEFORE, AUXILIARY, OWN = "without TTT", "TTT on an auxiliary task", "TTT on paper A's own loss"
GROUPS = {BEFORE: DRAWN[:1], AUXILIARY: DRAWN[1:3], OWN: OWN_LOSS}
SHADES = {BEFORE: MUTED, AUXILIARY: NAMED["CycleU-Net on P + TTT"], OWN: NAMED["joint on P + TTT"]}
NAMES = {
    "supervised": "trained on P, not adapted",
    "two-head + TTT": "denoising (two-head)",
    "CycleU-Net + TTT": "round trip (CycleU-Net)",
    "affine-only + TTT": "few weights (affine-only)",
    "joint + TTT": "all weights (joint)",
}
TRANSFORMS = {
    "regular": "unchanged",
    "fliph": "mirrored left–right",
    "flipv": "mirrored top–bottom",
    "rot90": "rotated by 90°",
    "noisy": "noise added",
    "blur": "blurred",
    "elastic": "warped",
    "spike": "spike in k-space",
    "ghost": "ghosts",
}
LOSS, SCORE = "loss, relative to its initial value", "true SSIM"
LEVEL = 0.005  # a smaller share of the gap is none
PANEL = 150  # pixels: height of one panel of `tuning_chart`


def label(method: str, side: str) -> str:
    """Name of a method's network: `two-head + TTT`, P → "two-head on P + TTT"."""
    net, plus, ttt = method.partition(" + ")
    return f"{net} on {side}{plus}{ttt}"


def one_slice_in_words(scores: Mapping[str, float]) -> str:
    """Which loss helps one slice, from its SSIM first without TTT (of another network) and then after TTT with each."""
    (_, before), *after = scores.items()
    (best, gain), *others = sorted(((name, score - before) for name, score in after), key=lambda one: -one[1])
    if gain <= 0:
        return f"TTT helps this slice with none of the losses: SSIM changes by {number(gain, signed=True)} at best"
    rest = max(change for _, change in others)
    if rest <= 0:
        return f"Only {best} helps this slice: it raises SSIM by {number(gain)}"
    return f"{best} helps this slice most: SSIM rises by {number(gain)}, with other losses by {number(rest)} at most"


def one_slice_in_numbers(scores: Mapping[str, float], kind: str) -> str:
    """What the images of one slice are, with the SSIM of each."""
    return f"One {kind} slice of Q and its reconstructions, with SSIM: {listed(scores)}"


def gaps(scores: Scores, kind: str) -> altair.LayerChart:
    """SSIM that the network of P lacks, after each method, to match the supervised network of Q, paired by slice."""
    best = scores["supervised", "Q"]
    left = {name: performance_gap(best, scores[name, "P"]) for name in DRAWN}
    rows = {group: [{"name": NAMES[name], **vars(left[name])} for name in names] for group, names in GROUPS.items()}
    title = f"{_message(left)} ({kind} data)"
    x_title = f"SSIM on Q still lost relative to the network trained on Q (95 % interval, n = {len(best)})"
    told = in_numbers([row for members in rows.values() for row in members])
    return headed_dots(rows, x_title=x_title, alt=f"{title}: {told}", title=title, colors=SHADES)


def _message(left: Mapping[str, Interval]) -> str:
    """How much of the gap auxiliary tasks and paper A's own loss remove, at best."""
    gap = left[DRAWN[0]].value
    if gap <= 0:
        return "There is no gap to remove"
    shares = [max(1 - left[name].value / gap for name in GROUPS[group]) for group in (AUXILIARY, OWN)]
    least, most = (f"{number(100 * share, 0)} %" if share >= LEVEL else "none" for share in shares)
    return f"Auxiliary tasks remove {least} of the gap of {number(gap)}; paper A's own loss removes {most}"


def tuning_chart(tuned: Mapping[str, Tuned], kind: str) -> altair.VConcatChart:
    """The loss of each method over its iterations, relative to its start, and below it the true SSIM of one slice.

    Args:
        tuned: runs of networks trained on P by method, with their scores.
        kind: "simulated" or "measured".
    """
    losses = {name: [loss / one.losses[0] for loss in one.losses] for name, one in tuned.items()}
    scores = {name: one.scores for name, one in tuned.items()}
    title = _tuning_message(losses, scores, kind)
    told = "; ".join(_both_in_words(name, losses[name], scores[name]) for name in tuned)
    moves = [
        {
            name: f"{_label(name)} {number(100 * (curve[-1] - curve[0]), 0, signed=True)} %"
            for name, curve in losses.items()
        },
        {name: f"{_label(name)} {number(curve[-1] - curve[0], signed=True)}" for name, curve in scores.items()},
    ]
    width = round(WIDTH - LETTER * max(len(words) for each in moves for words in each.values()))
    panels = [_panel(LOSS, losses, moves[0], ""), _panel(SCORE, scores, moves[1], "iteration")]
    whole = altair.vconcat(*(one.properties(width=width) for one in panels), spacing=14)
    return finished(whole, f"{title}: {told}. Networks trained on P", title)


def _label(name: str) -> str:
    return TASKS[name].removeprefix("the ")


def _tuning_message(losses: Curves, scores: Curves, kind: str) -> str:
    """Whether each loss falls, and what becomes of SSIM; the numbers are beside the curves."""
    falls = [name for name, curve in losses.items() if curve[-1] < curve[0]]
    rises = {name: scores[name][-1] > scores[name][0] for name in falls}
    together = "" if len(set(rises.values())) > 1 else _rises(next(iter(rises.values()), True))
    told = " and ".join(f"{'' if together else _rises(up)}with {TASKS[name]}" for name, up in rises.items())
    told = told and together + told
    lead = "As the loss falls" if all(rises.values()) else "A lower loss need not mean a better image: as it falls"
    return f"{lead}, SSIM {told} (one {kind} slice)" if told else f"No loss falls (one {kind} slice)"


def _rises(up: bool) -> str:
    return "rises " if up else "falls "


def _both_in_words(name: str, losses: Sequence[float], scores: Sequence[float]) -> str:
    lowers = "lowers" if losses[-1] < losses[0] else "raises"
    rises = "rises" if scores[-1] > scores[0] else "falls"
    share, moved = abs(100 * (losses[-1] - 1)), abs(scores[-1] - scores[0])
    return f"{TASKS[name]} {lowers} its loss by {number(share, 0)} %, and SSIM {rises} by {number(moved)}"


def _panel(y_title: str, curves: Mapping[str, Sequence[float]], told: Mapping[str, str], x_title: str) -> Any:
    """Curves of one quantity in the colours of their networks, with the text `told` for each beside its right end."""
    names = sorted(curves, key=lambda name: -curves[name][-1])
    values = [value for curve in curves.values() for value in curve]
    apart = LEADING * (max(values) - min(values) or 1) / PANEL
    places = spaced([curves[name][-1] for name in names], apart)
    hues = [NAMED[label(f"{name} + TTT", "P")] for name in curves]
    hue = altair.Color("name:N", scale=altair.Scale(domain=list(curves), range=hues), legend=None)
    points = [{"n": n, "value": value, "name": name} for name in names for n, value in enumerate(curves[name])]
    axis = altair.Axis(tickCount=8, labels=bool(x_title), ticks=bool(x_title))
    x = altair.X("n:Q", title=x_title or None, axis=axis, scale=altair.Scale(nice=False))
    y = altair.Y("value:Q", title=y_title, axis=altair.Axis(tickCount=5), scale=altair.Scale(zero=False))
    ends = [{"value": place, "name": name, "told": told[name]} for name, place in zip(names, places, strict=True)]
    words = altair.Chart(data(ends)).mark_text(align="left", dx=BESIDE, fontWeight="bold")
    both = altair.layer(
        altair.Chart(data(points)).mark_line().encode(x=x, y=y, color=hue),
        words.encode(x=altair.value("width"), y=y, text="told:N", color=hue),
    )
    return both.properties(height=PANEL)


def nine_shifts(change: Mapping[str, Interval], kind: str) -> altair.LayerChart:
    """Change in SSIM due to TTT of the two-head network under each transform, paired by slice, the largest first."""
    rows = [{"name": TRANSFORMS.get(name, name), **vars(one)} for name, one in change.items()]
    rows.sort(key=lambda row: -row["value"])
    helped, hurt = (sum(test(one) for one in change.values()) for test in (_helps, _hurts))
    counts = f"does harm under {hurt or 'none'} of {len(change)} transforms and helps under {helped or 'none'}"
    harm = counts if hurt or helped else f"changes nothing measurable under any of {len(change)} transforms"
    title = f"TTT on denoising {harm} ({kind} data)"
    colors, axis = {"": NAMED["two-head on Q + TTT"]}, "change in SSIM due to TTT (95 % interval)"
    return dots_chart(rows, x_title=axis, alt=f"{title}: {in_numbers(rows)}", title=title, colors=colors)


def shifts_table(before: Mapping[str, Interval], change: Mapping[str, Interval], caption: str) -> Table:
    """Difference between two heads and one before TTT, and change due to TTT of two heads; one row per transform."""
    rows = [
        {"name": TRANSFORMS.get(name, name), "heads": vars(before[name]), "ttt": vars(one)}
        for name, one in change.items()
    ]
    columns = {"name": "transform", "heads": "two heads minus one, before TTT", "ttt": "change due to TTT"}
    return table(rows, columns, caption=caption)


def _helps(change: Interval) -> bool:
    return change.low > 0


def _hurts(change: Interval) -> bool:
    return change.high < 0


def round_trips(net: CycleReconstructor, sample: Sample) -> list[list[Tensor]]:
    """Magnitudes, (y, x), along the two passes of paper A's Figure 7: x, g(x), f(g(x)) and A†y, f(A†y), g(f(A†y))."""
    y, A = sample.masked_kspace, sample.operator
    x, coarse = sample.target + 0j, net.initial(y, A)
    there, image = net.degrade(x), net.refine(coarse, y, A)
    passes = [[x, there, net.refine(there, y, A)], [coarse, image, net.degrade(image)]]
    return [[one.abs() for one in row] for row in passes]


def round_trips_in_words(passes: Sequence[Sequence[Tensor]]) -> str:
    """How far the ends of the two passes of `round_trips` are from their starts: ‖end − start‖₁ / ‖start‖₁."""
    supervised, own = (((row[-1] - row[0]).abs().sum() / row[0].sum()).item() for row in passes)
    return (
        f"The first round trip changes its starting image by {100 * supervised:.0f} %, the second by {100 * own:.0f} %"
    )


def lifts(scores: Scores, methods: Iterable[str]) -> dict[str, Interval]:
    """What tuning changes for each network of these methods, by the network's name."""
    return {
        label(name, side): performance_gap(scores[f"{name} + TTT", side], scores[name, side])
        for name in methods
        for side in "PQ"
    }


def summary(results: Mapping[str, Closing], counts: Mapping[str, int], transforms: int) -> Markdown:
    """List of findings: what auxiliary tasks and paper A's own loss close and reach, and the artificial shifts."""
    gap = f"The gap without TTT is {measured(results['supervised'].gap)} (paper A: {TABLE_5[2]:.3f})"
    tuned = {name: _in_words(name, one) for name, one in results.items() if name.endswith("TTT")}
    auxiliary = "; ".join(words for name, words in tuned.items() if name not in OWN_LOSS)
    own = "; ".join(words for name, words in tuned.items() if name in OWN_LOSS)
    said = " and ".join(f"{what} under {count or 'none'}" for what, count in counts.items())
    shifts = f"TTT of the two-head network {said} of {transforms} transforms (counting intervals that exclude 0)"
    return bullets(
        [
            f"**Auxiliary tasks.** {gap}: {auxiliary}.",
            f"**Paper A's own loss.** With this loss, {own}.",
            f"**Artificial shifts:** {shifts}.",
        ]
    )


def _in_words(name: str, found: Closing) -> str:
    paper = f"paper A: {METHODS[name]}" if METHODS[name] else "not in paper A"
    return f"{name} closes {percent(found.closed)} of the gap ({paper}) and reaches {percent(found.reached)}"


def record_results(results: Mapping[str, Closing], lift: Mapping[str, Interval]) -> None:
    """Write gap, both scores and both fractions of each method, and what tuning changes, to `results.json`."""
    for name, one in results.items():
        parts = {"gap": one.gap, "ssim_q": mean_interval(one.after_q), "ssim_p": mean_interval(one.after_p)}
        for part, interval in parts.items():
            record_interval(f"{part}_{_key(name)}", interval)
        record_fraction(f"fraction_closed_{_key(name)}", one.closed)
        record_fraction(f"fraction_reached_{_key(name)}", one.reached)
    for name, interval in lift.items():
        record_interval(f"lift_{_key(name)}", interval)


def moves(now: Mapping[str, Closing], longer: Mapping[str, Closing]) -> dict[str, float]:
    """How far doubling the training moves what the claim on Table 5 rests on; nothing without longer training."""
    before = stated(now)
    after = stated(longer) if longer else {}
    return {name: doubling_moves(before[name], one, stated=before[name]) for name, one in after.items()}


def stated(results: Mapping[str, Closing]) -> dict[str, Interval | None]:
    """What the claim on Table 5 rests on, by its name in `results.json`."""
    closed = {f"fraction_closed_{_key(name)}": results[name].closed.interval for name in LENGTHENED}
    return closed | {f"fraction_reached_{_key(LENGTHENED[0])}": results[LENGTHENED[0]].reached.interval}


def longer_table(lengths: Mapping[int, Mapping[str, Closing]], kind: str) -> Table:
    """What CycleU-Net and paper A's own method close and reach, by their networks' number of epochs."""
    rows = [
        {"method": name, "epochs": epochs, "closed": str(found[name].closed), "reached": str(found[name].reached)}
        for name in LENGTHENED
        for epochs, found in lengths.items()
    ]
    columns = {"method": "", "epochs": "epochs", "closed": "closed", "reached": "reached"}
    return table(rows, columns, caption=f"Part of the gap ({kind} data), by length of training")


def _key(name: str) -> str:
    return name.replace("U-Net", "").replace(" + ", "_").replace(" on ", "_").replace("-", "_").lower()

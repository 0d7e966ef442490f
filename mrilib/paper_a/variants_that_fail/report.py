"""Chart, images and recorded results of the variants of test-time training."""

from collections.abc import Iterable, Mapping, Sequence

import altair
from IPython.display import Markdown
from torch import Tensor

from mrilib.figures.plot import gap_chart
from mrilib.figures.rows import record_interval
from mrilib.figures.sentences import bullets, measured, percent
from mrilib.gap import Interval, mean_interval, performance_gap
from mrilib.models.cycle import CycleReconstructor
from mrilib.paper_a.variants_that_fail.experiment import TABLE_5, Closing
from mrilib.sample import Sample

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


def label(method: str, side: str) -> str:
    """Name of a method's network: `two-head + TTT`, P → "two-head on P + TTT"."""
    net, plus, ttt = method.partition(" + ")
    return f"{net} on {side}{plus}{ttt}"


def gaps(scores: Scores, kind: str) -> altair.LayerChart:
    """Mean scores on Q of both networks of each method, with the gap between them as a bracket."""
    dots = [{"method": label(name, side)} | vars(mean_interval(scores[name, side])) for name in DRAWN for side in "PQ"]
    pairs = {f"{name}:": (label(name, "P"), label(name, "Q")) for name in DRAWN}
    alt = f"Mean SSIM on Q ({kind}) of networks trained on P and on Q, by method, with the gap between them"
    return gap_chart(dots, gaps=pairs, x_title="SSIM on Q", alt=alt, title=f"Gaps by method ({kind} data)")


def round_trips(net: CycleReconstructor, sample: Sample) -> list[list[Tensor]]:
    """Magnitudes, (y, x), along the two passes of paper A's Figure 7: x, g(x), f(g(x)) and A†y, f(A†y), g(f(A†y))."""
    y, A = sample.masked_kspace, sample.operator
    x, coarse = sample.target + 0j, net.initial(y, A)
    there, image = net.degrade(x), net.refine(coarse, y, A)
    passes = [[x, there, net.refine(there, y, A)], [coarse, image, net.degrade(image)]]
    return [[one.abs() for one in row] for row in passes]


def lifts(scores: Scores, methods: Iterable[str]) -> dict[str, Interval]:
    """What tuning changes for each network of these methods, by the network's name."""
    return {
        label(name, side): performance_gap(scores[f"{name} + TTT", side], scores[name, side])
        for name in methods
        for side in "PQ"
    }


def summary(
    results: Mapping[str, Closing], lift: Mapping[str, Interval], counts: Mapping[str, int], transforms: int
) -> Markdown:
    """List: what each method closes and reaches, what tuning changes, and the artificial shifts."""
    gap = f"**The gap without TTT** is {measured(results['supervised'].gap)}; that of paper A is {TABLE_5[2]:.3f}."
    methods = [_in_words(name, one, lift) for name, one in results.items() if name.endswith("TTT")]
    said = " and ".join(f"{what} {count}" for what, count in counts.items())
    shifts = f"of {transforms} transforms, TTT of the two-head network {said} (counting intervals that exclude 0)"
    return bullets([gap, *methods, f"**Artificial shifts:** {shifts}."])


def _in_words(name: str, found: Closing, lift: Mapping[str, Interval]) -> str:
    networks = {side: label(name.removesuffix(" + TTT"), side) for side in "PQ"}
    paper = f"paper A: {METHODS[name]}" if METHODS[name] else "not in paper A"
    words = f"**{name}** closes {percent(found.closed)} of the gap ({paper}) and reaches {percent(found.reached)}."
    tuned = [f"trained on {side} {measured(lift[net], signed=True)}" for side, net in networks.items() if net in lift]
    return f"{words} TTT changes the SSIM of its networks: {' and '.join(tuned)}." if tuned else words


def record_results(results: Mapping[str, Closing], lift: Mapping[str, Interval]) -> None:
    """Write gap, both scores and both fractions of each method, and what tuning changes, to `results.json`."""
    for name, one in results.items():
        parts = {"gap": one.gap, "ssim_q": mean_interval(one.after_q), "ssim_p": mean_interval(one.after_p)}
        fractions = {"fraction_closed": one.closed.interval, "fraction_reached": one.reached.interval}
        for part, interval in (parts | fractions).items():
            if interval:
                record_interval(f"{part}_{_key(name)}", interval)
    for name, interval in lift.items():
        record_interval(f"lift_{_key(name)}", interval)


def _key(name: str) -> str:
    return name.replace("U-Net", "").replace(" + ", "_").replace(" on ", "_").replace("-", "_").lower()

"""Explorer: choose a shift, a network, TTT on or off, and a slice; see images, errors, scores and the gap."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import Any

import altair
import ipywidgets
from torch import Tensor
from torch.utils.data import Dataset

from mrilib.data.catalogue import SHIFTS
from mrilib.figures.charts import data, finished
from mrilib.figures.frame import STYLE, WIDE, explorer, picture
from mrilib.figures.theme import INK, PAPER, colors_of
from mrilib.figures.tiles import error_tile, grey_tile, tile_row, white_of
from mrilib.gap import fraction_closed, mean_interval, performance_gap
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a.experiment import Experiment, side_title
from mrilib.paper_a.shift_result import ShiftResult
from mrilib.paper_a.side_words import side_name, worded
from mrilib.paper_a.table_2 import stored_block
from mrilib.sample import Sample
from mrilib.scoring import matched, reconstruct
from mrilib.train.adaptation import Adapted
from mrilib.ttt import Settings

TTT = " + TTT"
OFF, ON = "off", "on"
BEFORE = ("supervised on P", "supervised on Q")
BAR = "#C9C9C9"
CHART = (320, 42)  # CSS pixels: width, and height of a line


@dataclass(frozen=True)
class Case:
    """One shift: the scores of every scheme on test slices of Q and, if this run computed them, the images.

    Args:
        result: scores by scheme, such as "joint on P + TTT".
        samples: the test slices; empty if only scores are available.
        networks: networks by scheme without TTT.
        adapted: records of TTT by network.
    """

    result: ShiftResult
    samples: Sequence[Sample] | Dataset[Sample] = ()
    networks: Mapping[str, Reconstructor] = field(default_factory=dict)
    adapted: Mapping[str, Sequence[Adapted]] = field(default_factory=dict)

    @property
    def slices(self) -> int:
        """Number of scored test slices."""
        return min(map(len, self.result.scores.values()))

    @property
    def sides(self) -> str:
        """Shift, kind of data, P and Q in words."""
        of_p, of_q = (side_title(self.result.shift, side) for side in ("P", "Q"))
        return f"{self.result.label}: P is {of_p}, Q is {of_q}"

    def has_image(self, scheme: str) -> bool:
        """Whether this run can show a scheme's reconstruction of a slice without training anything."""
        return scheme.removesuffix(TTT) in (self.adapted if scheme.endswith(TTT) else self.networks)

    def views(self, scheme: str, item: int) -> tuple[Tensor, Tensor]:
        """Target and reconstruction, (1, 1, y, x) real, matched in mean and standard deviation as for scoring."""
        sample, network = self.samples[item], scheme.removesuffix(TTT)
        if scheme == network:
            device = next(self.networks[network].parameters()).device
            image = reconstruct(self.networks[network], sample.to(device)).detach().cpu()
        else:
            image = self.adapted[network][item].record.image
        target, images = matched(sample.to("cpu"), {scheme: image})
        return target, images[scheme]


def with_stored(own: Case, experiment: Experiment, settings: Settings) -> dict[str, Case]:
    """Cases by shift: that of this run and, for the other shifts, stored scores of the same kind of network."""
    cases: dict[str, Case] = {}
    for shift in SHIFTS:
        if shift == own.result.shift:
            cases[shift] = own
            continue
        block = stored_block(own.result.model, shift, experiment=experiment, settings=settings, slices=own.slices)
        if block is not None:
            cases[shift] = Case(block.result)
    return cases


def scheme_of(network: str, ttt: str) -> str:
    """Name of the scheme for a network with TTT on or off."""
    return f"{network}{TTT}" if ttt == ON else network


def compared(case: Case, network: str, ttt: str) -> tuple[str, str]:
    """The schemes, trained on P and on Q, between which the gap of a choice is measured.

    If training on Q was not scored with TTT, the supervised network of Q takes its place, as in paper A's Table 2.
    """
    training = network.split(" on ")[0]
    of_p, of_q = (scheme_of(f"{training} on {side}", ttt) for side in ("P", "Q"))
    return of_p, of_q if of_q in case.result.scores else BEFORE[1]


def scheme_in_words(case: Case, network: str, ttt: str) -> str:
    """Describe the mean of a choice with its interval, its gap, and how much of the gap before TTT it closes.

    Raises:
        ValueError: the scheme was not scored.
    """
    scores, scheme = case.result.scores, scheme_of(network, ttt)
    if scheme not in scores:
        raise ValueError(f"{scheme}: scored neither here nor in paper A; choose another network or switch TTT off")
    words = f"{scheme}: mean SSIM {mean_interval(scores[scheme])} over {case.slices} slices. "
    pair, before = compared(case, network, ttt), case.result.before
    if pair == BEFORE:
        return f"{words}Gap: {before}"
    of_p, of_q = pair
    closed = fraction_closed(scores[BEFORE[1]], scores[BEFORE[0]], scores[of_q], scores[of_p])
    return f"{words}Gap: {performance_gap(scores[of_q], scores[of_p])}; gap before: {before}; closed: {closed}"


def gap_bars(case: Case, network: str, ttt: str) -> altair.LayerChart:
    """Chart the gap before and that of a choice as bars between the scores of P and Q, on one scale for all choices."""
    scores, pair = case.result.scores, compared(case, network, ttt)
    rows = {"gap": BEFORE} if pair == BEFORE else {"gap before": BEFORE, "gap now": pair}
    means = {name: vars(mean_interval(scores[name])) for name in {*BEFORE, *pair}}
    shift = case.result.shift
    ends = [{"row": row, "scheme": worded(shift, name)} | means[name] for row, names in rows.items() for name in names]
    bars = [
        {"row": row, "from": means[of_p]["value"], "to": means[of_q]["value"]} for row, (of_p, of_q) in rows.items()
    ]
    alt = f"{case.result.label}. {scheme_in_words(case, network, ttt)}"
    layers = _layers(ends, bars, _reach(scores), f"SSIM on {side_name(shift, 'Q')} (mean, 95 %)")
    chart = altair.layer(*layers).properties(width=CHART[0], height=CHART[1] * len(rows))
    return finished(chart, alt, "")


def _reach(scores: Mapping[str, Sequence[float]]) -> list[float]:
    """Range from the lowest to the highest interval end of any scheme, or mean where there is no interval."""
    found = [mean_interval(column) for column in scores.values()]
    ends = [end for one in found for end in ((one.low, one.high) if one.bounded else (one.value,))]
    return [min(ends), max(ends)]


def _layers(
    ends: list[dict[str, object]], bars: list[dict[str, object]], reach: list[float], x_title: str
) -> list[altair.Chart]:
    names = list(dict.fromkeys(str(end["scheme"]) for end in ends))
    scale = altair.Scale(domain=reach, nice=True, zero=False)
    x: dict[str, Any] = {"title": x_title, "scale": scale, "axis": altair.Axis(tickCount=4)}
    y = altair.Y("row:N", sort=None, title=None, axis=altair.Axis(ticks=False, domain=False))
    legend = altair.Legend(title=None, orient="bottom", columns=2, columnPadding=24, symbolSize=110)
    color = altair.Color("scheme:N", scale=altair.Scale(domain=names, range=colors_of(names)), legend=legend)
    shapes = ["circle" if re.search(r"\bP\b", name) else "square" for name in names]
    shape = altair.Shape("scheme:N", scale=altair.Scale(domain=names, range=shapes), legend=legend)
    across, dots = (altair.Chart(data(values)).encode(y=y) for values in (bars, ends))
    length = across.transform_calculate(length="format(datum.to - datum.from, '.3f')")
    return [
        across.mark_bar(color=BAR, height=18).encode(x=altair.X("from:Q", **x), x2="to:Q"),
        length.mark_text(align="left", dx=8).encode(x=altair.value(CHART[0]), text="length:N"),
        dots.mark_rule(color=INK, strokeWidth=1.5).encode(x=altair.X("low:Q", **x), x2="high:Q"),
        dots.mark_point(filled=True, size=110, opacity=1, stroke=PAPER, strokeWidth=1).encode(
            x=altair.X("value:Q", **x), color=color, shape=shape
        ),
    ]


def _images(case: Case, scheme: str, item: int) -> str:
    """HTML with target, reconstruction and error map of a slice, or how to obtain them."""
    if not case.has_image(scheme):
        command = f"mrilib run 04 -p shift {case.result.shift}"
        lacking = "This run has scores under this shift, but no images. This command creates them:"
        return f"<p>{lacking} <code>{escape(command)}</code></p>"
    target, image = case.views(scheme, item)
    score = case.result.scores[scheme][item]
    shift = case.result.shift
    white, which, name = white_of(target), f"slice {item + 1} of {side_name(shift, 'Q')}", worded(shift, scheme)
    tiles = [
        grey_tile(target, white, "target", which, f"Target, {which}"),
        grey_tile(image, white, name, f"SSIM of this slice {score:.3f}", f"{name}, {which}: SSIM {score:.3f}"),
        error_tile(target, image, white, f"Error map of {name}, {which}"),
    ]
    return tile_row(tiles)


def explore_shifts(
    cases: Mapping[str, Case], shift: str, network: str = "joint on P", ttt: str = OFF
) -> ipywidgets.VBox:
    """Explore shifts, networks, slices, and TTT (off, or on where it was run); needs a running kernel.

    Args:
        cases: cases by shift, all scored on the same number of slices.
        shift, network, ttt: initial values; `ttt` is OFF or ON; ON applies only where TTT was run.

    Raises:
        ValueError: `shift` has no case, or `network` was not scored under it.
    """
    if shift not in cases:
        raise ValueError(f"shift {shift!r}: no scores; expected one of {', '.join(cases)}")
    schemes = cases[shift].result.scores
    networks = [name for name in schemes if TTT not in name]
    if network not in networks:
        raise ValueError(f"network {network!r}: not scored; expected one of {', '.join(networks)}")
    controls: dict[str, ipywidgets.Widget] = {
        "shift": ipywidgets.Dropdown(options=[*cases], value=shift, description="shift, P to Q", style=STYLE),
        "network": ipywidgets.Dropdown(options=networks, value=network, description="network", style=STYLE),
    }
    if len(networks) < len(schemes):
        controls["ttt"] = ipywidgets.Dropdown(options=[OFF, ON], value=ttt, description="TTT", style=STYLE)
    slices = min(case.slices for case in cases.values())
    controls["item"] = ipywidgets.IntSlider(value=1, min=1, max=slices, description="slice of Q", **WIDE)

    @cache
    def over_all(shift: str, network: str, ttt: str) -> str:
        words = scheme_in_words(cases[shift], network, ttt)
        chart = picture(gap_bars(cases[shift], network, ttt), words, 470)
        return f"<p>{escape(cases[shift].sides)}<br>{escape(words)}</p>{chart}"

    for name, case in cases.items():
        for scheme in case.result.scores:  # computed ahead, so that the controls respond at once
            over_all(name, scheme.removesuffix(TTT), ON if scheme.endswith(TTT) else OFF)

    def page(shift: str, network: str, item: int, ttt: str = OFF) -> str:
        return _images(cases[shift], scheme_of(network, ttt), item - 1) + over_all(shift, network, ttt)

    return explorer(controls, page)

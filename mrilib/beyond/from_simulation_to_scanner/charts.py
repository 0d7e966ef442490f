"""Figures of the real brain: one contrast as images, all contrasts as curves, and every method against ℓ1-wavelets."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import altair
from torch import Tensor

from mrilib.beyond.from_simulation_to_scanner.experiment import (
    BRAIN,
    CG_SENSE,
    KNEE,
    KNEE_TTT,
    METHODS,
    WAVELET,
    Contrasts,
)
from mrilib.beyond.from_simulation_to_scanner.robustness import HOLDOUTS, Case, gain, groups
from mrilib.figures.charts import WIDTH, data, finished, spaced, tooltip
from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.dumbbells import dumbbell_chart, steps_in_numbers
from mrilib.figures.layout import Picture
from mrilib.figures.plot import comparison
from mrilib.figures.sentences import number, verdict
from mrilib.figures.theme import METHOD_COLORS, MUTED
from mrilib.gap import performance_gap
from mrilib.scoring import matched
from mrilib.store.tables import Row

SHOWN = (KNEE, KNEE_TTT)
WITHOUT, WITH = "without TTT", "with TTT"
COLORS = {
    WITHOUT: MUTED,
    WITH: METHOD_COLORS["joint on P + TTT"],
    WAVELET: METHOD_COLORS["ℓ1-wavelet"],
    CG_SENSE: METHOD_COLORS["CG-SENSE"],
}
HEIGHT, ROOM, LEADING, BESIDE = 280, 120, 18, 12  # pixels; ROOM for the names at the right
FORMS = 6  # that are drawn, of those in which TTT adds least


def picture(found: Contrasts, wavelet: Tensor) -> Picture:
    """Images of the middle contrast: fully sampled, by the knee-trained network without and with TTT, by ℓ1-wavelets.

    Error maps below. `wavelet` is `experiment.wavelet_image`.
    """
    at = found.middle
    target, row = matched(found.samples[at], {name: found.images[name][at] for name in SHOWN} | {WAVELET: wavelet})
    scores = {name: found.scores[name][at] for name in row}
    told = ", ".join(f"{name} {number(score)}" for name, score in scores.items())
    alt = f"Real brain at a flip angle of {found.angles[at]}: fully sampled image, and SSIM of {told}; errors below"
    drawn = comparison(target, row, scores=scores, alt=alt, target_title="target (measured)")
    return drawn.titled(_message(*(scores[name] for name in (KNEE, KNEE_TTT, WAVELET))))


def _message(without: float, with_ttt: float, wavelets: float) -> str:
    """What TTT does to one slice, relative to ℓ1-wavelets."""
    if with_ttt <= without:
        return "Real brain: TTT does not raise the SSIM of this slice"
    if without >= wavelets:
        return "Real brain: TTT raises the SSIM of a network that is above ℓ1-wavelets even without it"
    if with_ttt > wavelets:
        return "Real brain: TTT lifts the network above ℓ1-wavelets"
    share = (with_ttt - without) / (wavelets - without)
    return f"Real brain: TTT closes {share:.0%} of the SSIM gap between the network and ℓ1-wavelets".replace("%", " %")


def contrasts_chart(found: Contrasts, where: str) -> altair.LayerChart:
    """SSIM against the flip angle: the knee-trained network without and with TTT, and ℓ1-wavelets, named at the end."""
    columns = {words: found.scores[name] for words, name in ((WITH, KNEE_TTT), (WAVELET, WAVELET), (WITHOUT, KNEE))}
    angles = [int(angle.rstrip("°")) for angle in found.angles]
    rows: list[dict[str, Any]] = [
        {"angle": angle, "value": value, "method": words}
        for words, column in columns.items()
        for angle, value in zip(angles, column, strict=True)
    ]
    title = f"{contrasts_title(found.scores)} ({where})"
    told = (
        f"{angle}: {', '.join(f'{words} {number(column[at])}' for words, column in columns.items())}"
        for at, angle in enumerate(found.angles)
    )
    x = altair.X("angle:Q", title="flip angle (degrees)", scale=altair.Scale(nice=False), axis=_axis(angles))
    y = altair.Y("value:Q", title="SSIM", scale=altair.Scale(zero=False, padding=14), axis=altair.Axis(tickCount=6))
    hue = altair.Color("method:N", scale=altair.Scale(domain=[*columns], range=[COLORS[one] for one in columns]))
    base = altair.Chart(data(rows)).encode(
        x=x, y=y, color=hue.legend(None), tooltip=tooltip("method", "angle", "value")
    )
    names = _names({words: column[-1] for words, column in columns.items()}, [row["value"] for row in rows])
    chart = altair.layer(base.mark_line(strokeWidth=3, point={"size": 70}), *names)
    return finished(chart, f"{title}. {'; '.join(told)}", title).properties(width=WIDTH - ROOM, height=HEIGHT)


def _axis(angles: Sequence[int]) -> altair.Axis:
    return altair.Axis(values=angles, format="d", grid=True)


def _names(ends: Mapping[str, float], shown: Sequence[float]) -> list[altair.Chart]:
    """Names of the curves at their right ends, in the colours of the curves and without overlap."""
    ranked = sorted(ends, key=lambda name: -ends[name])
    pixel = (max(shown) - min(shown) or 1) / HEIGHT
    places = spaced([ends[name] for name in ranked], LEADING * pixel)
    return [
        altair.Chart(data([{"value": place, "name": name}]))
        .mark_text(align="left", dx=BESIDE, color=COLORS[name], fontWeight="bold")
        .encode(x=altair.value(WIDTH - ROOM), y=altair.Y("value:Q"), text="name:N")
        for name, place in zip(ranked, places, strict=True)
    ]


def contrasts_title(scores: Mapping[str, Sequence[float]]) -> str:
    """At how many angles TTT improves the knee-trained network, and whether it surpasses ℓ1-wavelets on average."""
    after, total = scores[KNEE_TTT], len(scores[KNEE_TTT])
    better = sum(a > b for a, b in zip(after, scores[KNEE], strict=True))
    level = verdict(
        performance_gap(after, scores[WAVELET]),
        "and surpasses ℓ1-wavelets on average",
        "but does not surpass ℓ1-wavelets on average",
        "but its SSIM with TTT is indistinguishable from that of ℓ1-wavelets",
    )
    return f"TTT improves the knee-trained network at {better} of {total} flip angles, {level}"


def against_wavelets(scores: Mapping[str, Sequence[float]], where: str) -> altair.LayerChart:
    """Every method minus ℓ1-wavelets, on the same contrasts."""
    others = [name for name in METHODS if name != WAVELET]
    rows = [{"name": name, **vars(performance_gap(scores[name], scores[WAVELET]))} for name in others]
    rows.sort(key=lambda row: row["value"])
    by = {row["name"]: abs(row["value"]) for row in rows}
    before, after = (max(by[f"{name}{ttt}"] for name in (KNEE, BRAIN)) for ttt in ("", " + TTT"))
    near, far = (f"up to {number(one)}" for one in (after, before))
    title = f"On average, the networks' SSIM differs from that of ℓ1-wavelets by {near} with TTT and by {far} without"
    x_title = f"SSIM minus that of ℓ1-wavelets, mean over {len(scores[WAVELET])} contrasts ({where})"
    return dots_chart(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title)


def forms_chart(found: Sequence[tuple[Case, Row]], saw: str, where: str) -> altair.LayerChart:
    """SSIM of one network without and with TTT, and of CG-SENSE, in the forms of the file in which TTT adds least."""
    rows = []
    for form, some in groups(found).items():
        means = {name: fmean(row[key] for row in some) for name, key in _KEYS.items()}
        rows.append(_step(form.removesuffix(f", {HOLDOUTS} hold-outs"), means))
    rows.sort(key=lambda row: row["marks"][WITH] - row["marks"][WITHOUT])
    least = min(gain(row) for _, row in found)
    shown = f"; the {FORMS} with the smallest gains are shown" if len(rows) > FORMS else ""
    every = f"TTT raises SSIM in all {len(rows)} forms of the file by at least {number(least)}{shown}"
    title = (
        f"{every if least > 0 else f'TTT lowers SSIM by up to {number(-least)} in some forms of the file'} ({where})"
    )
    alt = f"{title}: {steps_in_numbers(rows)}"
    words: dict[str, Any] = {"x_title": f"SSIM of the network trained on {saw}", "beside": "gain of TTT"}
    return dumbbell_chart(rows[:FORMS], alt=alt, title=title, colors=COLORS, **words)


_KEYS = {WITHOUT: "network", WITH: "network_ttt", CG_SENSE: "cg_sense"}


def _step(name: str, marks: Mapping[str, float]) -> dict[str, Any]:
    """A line of a dumbbell chart with the difference between its ends."""
    gained = marks[WITH] - marks[WITHOUT]
    return {"name": name, "marks": dict(marks), "label": number(gained, signed=True), "certain": gained > 0}

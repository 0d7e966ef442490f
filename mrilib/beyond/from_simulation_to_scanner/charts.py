"""Figures of the real brain: one contrast as images, all of them as dumbbells, every method against ℓ1-wavelets."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import altair

from mrilib.beyond.from_simulation_to_scanner.experiment import (
    BRAIN,
    CG_SENSE,
    KNEE,
    KNEE_TTT,
    METHODS,
    WAVELET,
    ZERO_FILLED,
    Contrasts,
)
from mrilib.beyond.from_simulation_to_scanner.robustness import HOLDOUTS, Case, gain, groups
from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.dumbbells import dumbbell_chart, steps_in_numbers
from mrilib.figures.layout import Picture
from mrilib.figures.plot import comparison
from mrilib.figures.sentences import number
from mrilib.figures.theme import METHOD_COLORS
from mrilib.gap import performance_gap
from mrilib.scoring import matched
from mrilib.store.tables import Row

SHOWN = (ZERO_FILLED, CG_SENSE, KNEE, KNEE_TTT)
WITHOUT, WITH = "without TTT", "with TTT"
COLORS = {
    WITHOUT: METHOD_COLORS["joint on P"],
    WITH: METHOD_COLORS["joint on P + TTT"],
    WAVELET: METHOD_COLORS["ℓ1-wavelet"],
    CG_SENSE: METHOD_COLORS["CG-SENSE"],
}
ROW_HEIGHT = 30  # pixels of a contrast or of a form of the file


def middle(found: Contrasts) -> int:
    """Place of the contrast in the middle of the list, which is not chosen by its scores."""
    return len(found.angles) // 2


def picture(found: Contrasts) -> Picture:
    """The contrast in the middle: measured image, classical methods, and the knee-trained network without and with TTT.

    Error maps below.
    """
    at = middle(found)
    target, row = matched(found.samples[at], {name: found.images[name][at] for name in SHOWN})
    scores = {name: found.scores[name][at] for name in SHOWN}
    told = ", ".join(f"{name} {number(score)}" for name, score in scores.items())
    alt = f"Real brain at a flip angle of {found.angles[at]}: fully sampled image, and SSIM of {told}; errors below"
    return comparison(target, row, scores=scores, alt=alt, target_title="target (measured)")


def contrasts_chart(found: Contrasts, where: str) -> altair.LayerChart:
    """The knee-trained network without and with TTT at every flip angle, the largest gain first, beside ℓ1-wavelets."""
    columns = (found.scores[name] for name in (KNEE, KNEE_TTT, WAVELET))
    rows = [
        _step(angle, {WITHOUT: before, WITH: after, WAVELET: other})
        for angle, before, after, other in zip(found.angles, *columns, strict=True)
    ]
    rows.sort(key=lambda row: row["marks"][WITHOUT] - row["marks"][WITH])
    title = f"{contrasts_title(found.scores)} ({where})"
    alt = f"{title}: {steps_in_numbers(rows)}"
    words: dict[str, Any] = {"x_title": "SSIM of the knee-trained network", "beside": "gain of TTT"}
    return dumbbell_chart(rows, alt=alt, title=title, colors=COLORS, row_height=ROW_HEIGHT, **words)


def contrasts_title(scores: Mapping[str, Sequence[float]]) -> str:
    """At how many flip angles TTT improves the knee-trained network, and lifts it above ℓ1-wavelets."""
    after, total = scores[KNEE_TTT], len(scores[KNEE_TTT])
    better, above = (_above(after, scores[other]) for other in (KNEE, WAVELET))
    return (
        f"TTT improves the network trained on simulated knees at {better} of {total} flip angles, and lifts it above "
        f"ℓ1-wavelets at {above}"
    )


def against_wavelets(scores: Mapping[str, Sequence[float]], where: str) -> altair.LayerChart:
    """Every method minus ℓ1-wavelets, on the same contrasts."""
    others = [name for name in METHODS if name != WAVELET]
    rows = [{"name": name, **vars(performance_gap(scores[name], scores[WAVELET]))} for name in others]
    rows.sort(key=lambda row: row["value"])
    by = {row["name"]: number(row["value"], signed=True) for row in rows}
    pairs = (f"{name} {by[name]}, {by[f'{name} + TTT']} with TTT" for name in (KNEE, BRAIN))
    title = f"Distance from ℓ1-wavelets: {'; '.join(pairs)}"
    x_title = f"SSIM minus that of ℓ1-wavelets, mean over {len(scores[WAVELET])} contrasts ({where})"
    return dots_chart(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title)


def forms_chart(found: Sequence[tuple[Case, Row]], saw: str, where: str) -> altair.LayerChart:
    """One network from without to with TTT in every form of the file, with CG-SENSE's score."""
    rows = []
    for form, some in groups(found).items():
        means = {name: fmean(row[key] for row in some) for name, key in _KEYS.items()}
        rows.append(_step(form.removesuffix(f", {HOLDOUTS} hold-outs"), means))
    least, most = (pick(gain(row) for _, row in found) for pick in (min, max))
    title = (
        f"TTT changes SSIM by {number(least, signed=True)} to {number(most, signed=True)} over all forms of the file "
        f"({where})"
    )
    alt = f"{title}: {steps_in_numbers(rows)}"
    words: dict[str, Any] = {"x_title": f"SSIM of the network trained on {saw}", "beside": "gain of TTT"}
    return dumbbell_chart(rows, alt=alt, title=title, colors=COLORS, row_height=ROW_HEIGHT, **words)


_KEYS = {WITHOUT: "network", WITH: "network_ttt", CG_SENSE: "cg_sense"}


def _step(name: str, marks: Mapping[str, float]) -> dict[str, Any]:
    """A line of a dumbbell chart with the difference between its ends."""
    gained = marks[WITH] - marks[WITHOUT]
    return {"name": name, "marks": dict(marks), "label": number(gained, signed=True), "certain": gained > 0}


def _above(one: Sequence[float], other: Sequence[float]) -> int:
    return sum(a > b for a, b in zip(one, other, strict=True))

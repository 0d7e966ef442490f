"""What notebook 09 shows of a transformer beside the U-Net: changes due to TTT, gaps, curves, and the findings."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair
import torch
from torch import Tensor

from mrilib.figures.charts import finished
from mrilib.figures.direct import labelled_chart
from mrilib.figures.dots import dots_chart
from mrilib.figures.dumbbells import dumbbell_chart, step, steps_in_numbers
from mrilib.figures.sentences import measured, number, percent
from mrilib.figures.strips import strip_chart, strips_in_numbers
from mrilib.figures.theme import NAMED
from mrilib.gap import Interval, mean_interval, performance_gap
from mrilib.metrics import psnr
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a.experiment import SIDES
from mrilib.paper_a.schemes import Scores
from mrilib.paper_a.shift_result import ShiftResult
from mrilib.paper_a.side_words import side_name, side_word
from mrilib.paper_a.table_2 import NAMES, Block
from mrilib.paper_a.transformers.blockiness import blockiness
from mrilib.paper_a.transformers.learning_curve import curve_points
from mrilib.sample import Sample
from mrilib.scoring import matched, reconstruct
from mrilib.train.adaptation import Adapted
from mrilib.train.settled import doubling_moves

TUNED, PLAIN, ALONE = "joint on P + TTT", "joint on P", "supervised on P"
STARTS = (ALONE, PLAIN)  # networks that images after TTT are compared with
LETTERS = len("U-Net, SSIM")  # room for the names of both strips, so that they are aligned
Scored = tuple[Sequence[float], Sequence[float]]


def levels(
    network: Reconstructor, samples: Sequence[Sample], adapted: Sequence[Adapted], device: torch.device | str
) -> Scored:
    """PSNR in dB of every slice, after TTT and by `network` without TTT, with images scaled as for SSIM."""
    after = [_psnr(sample, one.record.image) for sample, one in zip(samples, adapted, strict=True)]
    return after, [_psnr(sample, reconstruct(network, sample.to(device))) for sample in samples]


def changes(scored: Scored, adapted: Sequence[Adapted], scores: Scores) -> dict[str, Interval]:
    """Changes due to TTT of the jointly trained network of P, by result: self-validation error, PSNR in dB and SSIM.

    Args:
        scored: see `levels`.
        adapted: results of TTT by slice.
        scores: SSIM by scheme and slice.
    """
    errors = [(h.validation_error[0], h.validation_error[one.record.chosen_at]) for one in adapted for h in [_of(one)]]
    return {
        "fall_of_validation_error": performance_gap(*zip(*errors, strict=True)),
        "lift_psnr_joint_p": performance_gap(*scored),
        "lift_joint_p": performance_gap(scores[TUNED], scores[PLAIN]),
    }


def changes_chart(scored: Scored, result: ShiftResult, unet: Block | None, kind: str) -> altair.VConcatChart:
    """What joint training with TTT changes on every slice, compared with supervised training on P alone.

    Args:
        scored: PSNR in dB after TTT, and of the network trained with supervision; see `levels`.
        result, unet: SSIM of the transformer and, where stored, of the U-Net.
        kind: "simulated" or "measured".
    """
    own, color = NAMES[result.model], NAMED[TUNED]
    first = _strip(f"{own}, PSNR", *scored, color)
    others = {own: result} | ({"U-Net": unet.result} if unet else {})
    rows = [_strip(f"{name}, SSIM", one.scores[TUNED], one.scores[ALONE], color) for name, one in others.items()]
    title = f"{message(first['mean'], [row['mean'] for row in rows])} ({kind} data)"
    alt = f"{title}: {strips_in_numbers([first], 1)}; {strips_in_numbers(rows)}"
    above = strip_chart(
        [first], x_title="change in PSNR with joint training and TTT, dB", alt=alt, digits=1, letters=LETTERS
    )
    below = strip_chart(rows, x_title="change in SSIM with joint training and TTT", alt=alt, letters=LETTERS)
    return finished(altair.vconcat(above, below, spacing=18), alt, title)


def message(psnr_gain: Interval, ssim_gains: Sequence[Interval]) -> str:
    """What the intervals say about PSNR and SSIM of the transformer and, if given, about SSIM of the U-Net."""
    own, *other = (_moved(one, 3) for one in ssim_gains)
    psnr = _moved(psnr_gain, 1, " dB")
    neither = "neither PSNR nor SSIM of the transformer changes clearly"
    told = neither if psnr == own else f"the transformer's PSNR {psnr} and its SSIM {own}"
    return f"With joint training and TTT, {told}" + "".join(f"; the U-Net's SSIM {moved}" for moved in other)


def gaps_chart(result: ShiftResult, unet: Block | None, kind: str) -> altair.LayerChart:
    """Scores of training on P and on Q, without and with TTT, and the gap between them, beside those of the U-Net."""
    trained = [f"trained on {side_name(result.shift, side)}" for side in SIDES]
    colors = dict(zip(trained, (NAMED["P"], NAMED["Q"]), strict=True))
    results = [*([unet.result] if unet else []), result]
    rows = [row for one in results for row in _gap_rows(NAMES[one.model], one, trained)]
    title = f"{gap_message(result)} ({kind} data)"
    x_title = f"SSIM on {side_name(result.shift, 'Q')} (mean of {result.sample})"
    alt = f"{title}: {steps_in_numbers(rows)}"
    return dumbbell_chart(rows, x_title=x_title, alt=alt, title=title, beside="gap [95 % interval]", colors=colors)


def longer_chart(lengths: Mapping[int, ShiftResult], kind: str) -> altair.LayerChart:
    """`gaps_chart` of one network after training for several numbers of epochs."""
    (few, first), *_, (many, last) = lengths.items()
    trained = [f"trained on {side_name(first.shift, side)}" for side in SIDES]
    colors = dict(zip(trained, (NAMED["P"], NAMED["Q"]), strict=True))
    rows = [row for epochs, one in lengths.items() for row in _gap_rows(f"{epochs} epochs", one, trained)]
    told = f"the {NAMES[first.model]} reaches {percent(last.reached)} of the gap, instead of {percent(first.reached)}"
    title = f"Trained for {many} epochs instead of {few}, {told} ({kind} data)"
    x_title = f"SSIM on {side_name(first.shift, 'Q')} (mean of {first.sample})"
    alt = f"{title}: {steps_in_numbers(rows)}"
    return dumbbell_chart(rows, x_title=x_title, alt=alt, title=title, beside="gap [95 % interval]", colors=colors)


def moves(now: ShiftResult, longer: ShiftResult) -> dict[str, float]:
    """How far doubling the training moves what the claim on Table 6 rests on, see `settled.doubling_moves`."""
    after = stated(longer)
    return {name: doubling_moves(one, after[name], stated=one) for name, one in stated(now).items()}


def stated(result: ShiftResult) -> dict[str, Interval | None]:
    """What the claim on Table 6 rests on: the gap before TTT, and the fractions of it that are closed and reached."""
    name = f"{result.model}_{result.shift}"
    return {
        f"gap_before_{name}": result.before,
        f"fraction_closed_{name}": result.closed.interval,
        f"fraction_reached_{name}": result.reached.interval,
    }


def gap_message(result: ShiftResult) -> str:
    """How TTT changes the gap and, if the network trained on Q gets worse, whether this is the reason or part of it."""
    s, own = result.scores, NAMES[result.model]
    rise, fall = (performance_gap(s[f"joint on {x} + TTT"], s[f"supervised on {x}"]) for x in ("P", "Q"))
    narrower = result.after.value < result.before.value
    ends = f"from {number(result.before.value)} to {number(result.after.value)}"
    told = f"TTT {'narrows' if narrower else 'widens'} the gap of the {own} {ends}"
    if not narrower or fall.high >= 0:
        return told
    word = "partly" if rise.low > 0 else "only"
    return f"{told}, {word} because the network trained on {side_word(result.shift, 'Q')} gets worse"


def grids(
    networks: Mapping[str, Reconstructor],
    samples: Sequence[Sample],
    adapted: Sequence[Adapted],
    patch: int,
    device: torch.device | str,
) -> dict[str, Interval]:
    """`blockiness` of the targets and of three reconstructions of every slice, averaged."""
    made = {"target": [one.target for one in samples]}
    for name in (ALONE, PLAIN):
        made[name] = [reconstruct(networks[name], one.to(device)).abs() for one in samples]
    made[TUNED] = [one.record.image.abs() for one in adapted]
    return {name: mean_interval([blockiness(image, patch).item() for image in made[name]]) for name in made}


def grid_chart(grid: Mapping[str, Interval], shift: str, kind: str) -> altair.LayerChart:
    """How visible the patches are without and with TTT, beside the target."""
    title = f"Visibility of the patch grid: {_grid_in_words(grid)} ({kind} data)"
    trained = f"trained on {side_name(shift, 'P')}"
    words = {ALONE: trained, PLAIN: f"{trained}, jointly", TUNED: f"{trained}, jointly, then TTT"}
    rows = [{"name": words.get(name, name), **vars(one)} for name, one in grid.items()]
    alt = f"{title}; " + "; ".join(f"{row['name']} {number(row['value'], 2)}" for row in rows)
    axis = "mean step across patch borders / inside patches (1: no grid)"
    return dots_chart(rows, x_title=axis, alt=alt, title=title, zero=False)


def _grid_in_words(grid: Mapping[str, Interval]) -> str:
    """What joint training does to the grid, and what TTT does after it."""
    alone, jointly, tuned = (grid[name] for name in (ALONE, PLAIN, TUNED))
    steps = {"joint training": (alone, jointly), "then TTT": (jointly, tuned)}
    told = [f"{what} {_step_in_words(*ends)} {number(ends[1].value, 2)}" for what, ends in steps.items()]
    return f"{number(alone.value, 2)} at first; {', '.join(told)}"


def _step_in_words(before: Interval, after: Interval) -> str:
    if after.high < before.low:
        return "lowers it to"
    return "raises it to" if after.low > before.high else "leaves it at"


def curves_chart(curves: Mapping[str, Sequence[Sequence[float]]], shift: str, kind: str) -> altair.LayerChart:
    """SSIM after every epoch of training on measurements alone, by network: the U-Net and the transformer."""
    points = [point for name, ssim in curves.items() for point in curve_points(name, ssim)]
    lead = performance_gap(curves["U-Net"][-1], curves["ViT"][-1])
    ends = f"{number(abs(lead.value))} {'above' if lead.value > 0 else 'below'}" if lead.excludes_zero else "level with"
    title = f"Trained on measurements alone, the U-Net ends {ends} the transformer ({kind} data)"
    alt = f"{title}: true SSIM after every epoch"
    y_title = f"SSIM on {side_name(shift, 'P')} (n = {lead.n})"
    axes: dict[str, Any] = {"x_title": "epoch of training", "y_title": y_title, "band": ("low", "high")}
    return labelled_chart(points, "epoch", "value", "network", **axes, alt=alt, title=title)


def findings(
    result: ShiftResult, changed: Mapping[str, Interval], grid: Mapping[str, Interval], alone: Mapping[str, Interval]
) -> list[str]:
    """Three sentences on the results of the transformer, with their numbers.

    Args:
        result, changed, grid: scores, see `changes` and `grids`.
        alone: SSIM on P after training on measurements alone, by network.
    """
    closed = f"; {percent(result.closed)} of it is closed" if result.closed.interval else ""
    reached = " and ".join(f"the {name} reaches {number(one.value)}" for name, one in alone.items())
    psnr_gain, ssim_gain, told = changed["lift_psnr_joint_p"], changed["lift_joint_p"], gap_message(result)
    noisy, falls = psnr_gain.low > 0 and ssim_gain.low <= 0, "because" in told
    head = "TTT fits the measurement, including its noise" if noisy else "What TTT changes"
    return [
        f"**{head}:** TTT of the jointly trained network changes PSNR by "
        f"{measured(psnr_gain, 1, signed=True)} dB and SSIM by {measured(ssim_gain, signed=True)}. The visibility of "
        f"the patch grid changes from {number(grid[PLAIN].value, 2)} to {number(grid[TUNED].value, 2)} (network "
        f"trained without the self-supervised term: {number(grid[ALONE].value, 2)}; "
        f"target: {number(grid['target'].value, 2)}).",
        f"**{'The gap alone misleads' if falls else 'The gap'}:** {told}{closed}.",
        f"**{'A likely reason' if noisy else 'For comparison'}:** trained on measurements alone, {reached}.",
    ]


def _strip(name: str, after: Sequence[float], before: Sequence[float], color: str) -> dict[str, Any]:
    values = [a - b for a, b in zip(after, before, strict=True)]
    return {"name": name, "values": values, "mean": performance_gap(after, before), "color": color}


def _moved(change: Interval, digits: int, unit: str = "") -> str:
    if not change.excludes_zero:
        return "shows no clear change"
    return f"{'rises' if change.value > 0 else 'falls'} by {number(abs(change.value), digits)}{unit}"


def _gap_rows(name: str, result: ShiftResult, trained: Sequence[str]) -> list[dict[str, Any]]:
    means = result.means
    pairs = {
        f"{name}, without TTT": ("supervised on P", "supervised on Q", result.before),
        f"{name}, with TTT": (TUNED, "joint on Q + TTT", result.after),
    }
    return [
        step(words, dict(zip(trained, (means[p].value, means[q].value), strict=True)), gap)
        for words, (p, q, gap) in pairs.items()
    ]


def _of(adapted: Adapted) -> Any:
    return adapted.record.history


def _psnr(sample: Sample, image: Tensor) -> float:
    """PSNR in dB of one image, scaled as for SSIM."""
    target, made = matched(sample, {"image": image.cpu()})
    return psnr(target, made["image"]).item()

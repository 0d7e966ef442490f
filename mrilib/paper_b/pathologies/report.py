"""Charts, pictures, tables and sentences of the reconstruction of lesions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair
from torch import Tensor

from mrilib.data.annotated import Heads
from mrilib.data.annotations import Region
from mrilib.data.catalogue import distribution
from mrilib.data.volumes import read_slice
from mrilib.figures.charts import data, finished, tooltip
from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.plot import Picture, Table, comparison, image_row, table
from mrilib.figures.sentences import measured, number, percent, verdict
from mrilib.figures.theme import MUTED, colors_of
from mrilib.gap import Interval
from mrilib.metrics import region_ssim
from mrilib.paper_b.pathologies.analysis import (
    ALIKE,
    BOTH_ARMS,
    HEALTHY_ARMS,
    SIZES,
    Agreement,
    Lesion,
    box_ssim,
    contrast_kept,
    difference,
    healthy_line,
    height,
    lesions,
    mean,
    models,
)
from mrilib.paper_b.pathologies.experiment import MORE, contrast, with_lesions, without_lesions
from mrilib.paper_b.pathologies.images import LesionImages
from mrilib.paper_b.study import Study

PANEL = 320  # pixels
REACH, RING = 16, 5  # image pixels: from the centre of a box to the edges of its close-up, and around it
APART, CORNER = 4, 3  # image pixels: distance of the corners from a box, and their length
TRAINED = {"healthy heads (P)": HEALTHY_ARMS, "healthy and with lesions (P and Q)": BOTH_ARMS}
PLACES = {"small": "in small lesions", "large": "in large lesions", "": "whole slices with lesions"}
ON = PLACES | {"": f"on {PLACES['']}"}


def gains_chart(study: Study, kind: str) -> altair.LayerChart:
    """SSIM of the network that saw lesions minus that of healthy heads only, as many slices; one line per place."""
    inside, whole = difference(study, "P and Q", MORE, "small"), study.difference("P and Q", MORE, with_lesions(study))
    gains = f"{number(inside.value, signed=True)} in small lesions, {number(whole.value, signed=True)} on whole slices"
    title = f"Lesions in the training set change SSIM by {gains} ({kind} data)"
    rows = [{"name": PLACES[size], **vars(difference(study, "P and Q", MORE, size))} for size in SIZES] + [
        {"name": name, **vars(study.difference("P and Q", MORE, tests))}
        for name, tests in {PLACES[""]: with_lesions(study), "healthy slices": without_lesions(study)}.items()
    ]
    x_title = f"SSIM: trained on P and Q minus {MORE}"
    return dots_chart(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title)


def _intervals(study: Study, arm: str) -> dict[str, Interval]:
    """Mean SSIM of a network on healthy slices, on slices with lesions, and in small and large lesions."""
    wholes = {"healthy": study.mean(arm, without_lesions(study)), "": study.mean(arm, with_lesions(study))}
    return wholes | {size: mean(study, arm, size) for size in SIZES}


def scores_table(study: Study, caption: str) -> Table:
    """Table of every network: training slices, and SSIM with intervals."""
    rows = [
        {"arm": arm, "slices": f"{spec.train_slices:,}"}
        | {key: vars(value) for key, value in _intervals(study, arm).items()}
        for arm, spec in study.arms.items()
    ]
    columns = {"arm": "trained on", "slices": "slices", "healthy": "healthy slices"} | {
        size: PLACES[size] for size in ("", *SIZES)
    }
    return table(rows, columns, caption=caption)


def differences_table(study: Study, pairs: Sequence[tuple[str, str]], caption: str) -> Table:
    """Differences between two networks: SSIM on healthy slices and in lesions, and contrast kept of small lesions."""
    rows = [
        {"arm": f"{arm} minus {other}"}
        | {size: vars(difference(study, arm, other, size)) for size in SIZES}
        | {"healthy": vars(study.difference(arm, other, without_lesions(study)))}
        | {"kept": vars(contrast_kept(study, arm, "small", over=other))}
        for arm, other in pairs
    ]
    columns = {"arm": "", "healthy": "SSIM, healthy slices"} | {size: f"SSIM, {size} lesions" for size in SIZES}
    return table(rows, columns | {"kept": "contrast kept, small lesions"}, caption=caption)


def against_slices(study: Study, kind: str) -> altair.LayerChart:
    """What lesions in the training set change inside lesions, for each size of the training set, paired by lesion."""
    rows = [
        {
            "name": f"P {study.arms[arm].train_slices:,}, P and Q {study.arms[both].train_slices:,} slices",
            "series": PLACES[size],
            **vars(difference(study, both, arm, size)),
        }
        for arm, both in zip(HEALTHY_ARMS, BOTH_ARMS, strict=False)
        for size in SIZES
    ]
    title = f"Gain in SSIM inside lesions by size of the training set ({kind} data)"
    x_title = "SSIM of the lesions' boxes: trained on P and Q minus P (95 % interval)"
    return dots_chart(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title)


def against_healthy(study: Study, sizes: Sequence[str], kind: str) -> altair.FacetChart:
    """SSIM in lesions (or, for the size "", of whole slices with lesions) against SSIM on healthy slices."""
    heights = {size: height(study, size) for size in sizes}
    rows = [
        {"trained on": words, "panel": f"{PLACES[size]}: {measured(found, signed=True)}", "x": x, "y": y}
        | {"line": slope * x + intercept}
        for size, found in heights.items()
        for slope, intercept in (healthy_line(study, size),)
        for words, names in TRAINED.items()
        for x, y in models(study, names, size).points
    ]
    changed = ", ".join(f"{number(found.value, signed=True)} {ON[size]}" for size, found in heights.items())
    title = f"Relative to the line of healthy heads, lesions in training change SSIM by {changed} ({kind} data)"
    y_title = "mean SSIM of the lesions' boxes" if all(sizes) else "mean SSIM"
    return _panels(rows, "mean SSIM on healthy slices", y_title, title)


def _panels(rows: Sequence[Mapping[str, Any]], x_title: str, y_title: str, title: str) -> altair.FacetChart:
    """Points and the line of the first training, one panel per place, one colour per training."""
    names = list(dict.fromkeys(row["trained on"] for row in rows))
    x = altair.X("x:Q", title=x_title, scale=altair.Scale(zero=False, padding=16), axis=altair.Axis(tickCount=4))
    y = altair.Y("y:Q", title=y_title, scale=altair.Scale(zero=False, padding=12), axis=altair.Axis(tickCount=6))
    legend = altair.Legend(title=None, orient="bottom", labelLimit=320)
    color = altair.Color("trained on:N", scale=altair.Scale(domain=names, range=colors_of(names)), legend=legend)
    shape = altair.Shape("trained on:N", scale=altair.Scale(domain=names, range=["circle", "square"]), legend=legend)
    base = altair.Chart().encode(x=x, tooltip=tooltip("trained on", "x", "y"))
    line = base.mark_line(strokeWidth=2, color=colors_of(names)[0]).encode(y=altair.Y("line:Q", title=y_title))
    layers = [line, base.mark_point(filled=True, size=110, opacity=1).encode(y=y, color=color, shape=shape)]
    panels = altair.layer(*layers, data=data(rows)).properties(width=PANEL, height=PANEL)
    order = list(dict.fromkeys(row["panel"] for row in rows))
    chart = panels.facet(altair.Facet("panel:N", sort=order, title=None))
    said = "; ".join(f"{r['trained on']}, {r['panel']}, at {r['x']:.4g}: {r['y']:.3f}" for r in rows)
    return finished(chart, f"{title}: {said}", title)


def lesion_chart(study: Study, arm: str, other: str, title: str) -> altair.LayerChart:
    """SSIM of every small lesion's box, one network against another, with the line where they agree."""
    pairs = zip(box_ssim(study, other, "small"), box_ssim(study, arm, "small"), strict=True)
    points = [{"x": x, "y": y} for x, y in pairs]
    ends = [min(min(p.values()) for p in points), max(max(p.values()) for p in points)]
    scale = altair.Scale(domain=ends, nice=True)
    x = altair.X("x:Q", title=f"SSIM of the box, trained on {other}", scale=scale)
    y = altair.Y("y:Q", title=f"SSIM of the box, trained on {arm}", scale=scale)
    line = altair.Chart(altair.Data(values=[{"x": end, "y": end} for end in ends]))
    dots = altair.Chart(altair.Data(values=points)).mark_point(filled=True, size=45, opacity=0.6)
    chart = altair.layer(
        line.mark_line(color=MUTED, strokeWidth=1, strokeDash=[4, 3]).encode(x=x, y=y),
        dots.encode(x=x, y=y, tooltip=tooltip(None, "x", "y")),
    )
    above = sum(point["y"] > point["x"] for point in points)
    alt = f"{title}: {len(points)} small lesions; {above} score higher when trained on {arm}, the others on {other}"
    return finished(chart, alt, title).properties(width=1.4 * PANEL, height=1.4 * PANEL)


def first_slices(names: Sequence[str], heads: Heads, kind: str) -> Picture:
    """First test slice of each population with its lesions marked by corners; `kind` states what the images are."""
    images, titles = [], []
    for name in names:
        pair = heads.pairs(name, "test", 1)[0]
        found = read_slice(*pair).target
        white = _white(found)
        for box in heads.boxes(*pair):
            found = cornered(found, box, white)
        images.append(found / white)
        titles.append(f"{distribution(name).title} ({kind})")
    return image_row(
        images, titles, alt=f"One {kind} test slice each, lesions marked by corners: {', '.join(titles)}", vmax=1.0
    )


def cornered(image: Tensor, box: Region, value: float) -> Tensor:
    """Copy an image (y, x) and draw four corners of `value` around a box, APART pixels away from it."""
    marked = image.clone()
    (top, bottom), (left, right) = ((side.start - APART, side.stop + APART - 1) for side in box)
    for row, down in ((top, 1), (bottom, -1)):
        for column, along in ((left, 1), (right, -1)):
            for step in range(CORNER):
                for y, x in ((row + down * step, column), (row, column + along * step)):
                    if 0 <= y < image.shape[0] and 0 <= x < image.shape[1]:
                        marked[y, x] = value
    return marked


def example(images: LesionImages, lesion: Lesion, arms: Sequence[str], title: str) -> Picture:
    """Target and reconstructions with the lesion's box and its SSIM below, and error maps."""
    target, box = images.target(lesion), images.box(lesion)
    white = _white(target)
    made = {arm: images.reconstruction(arm, lesion) for arm in arms}
    scores = {f"trained on {arm}": f"box: SSIM {_box_ssim(target, image, box):.3f}" for arm, image in made.items()}
    shown = {f"trained on {arm}": cornered(image, box, white) for arm, image in made.items()}
    alt = f"{title}: target, reconstructions and error maps, the lesion marked by corners; " + "; ".join(
        f"{name} {score}" for name, score in scores.items()
    )
    marked = cornered(target, box, white)
    return comparison(marked, shown, scores, alt=alt, vmax=white, target_title=title)


def typical(study: Study, chosen: Sequence[Lesion], arms: tuple[str, str]) -> Lesion:
    """The lesion on which two networks differ most nearly as on the mean of all small lesions."""
    mean_by = difference(study, arms[1], arms[0], "small").value
    first, other = (lesions(study, arm, "small") for arm in arms)
    by = {_place(one): two.ssim - one.ssim for one, two in zip(first, other, strict=True)}
    return min(chosen, key=lambda one: abs(by[_place(one)] - mean_by))


def _place(lesion: Lesion) -> tuple[str, int, int]:
    return lesion.test, lesion.slice, lesion.order


def close_ups(images: LesionImages, chosen: Sequence[Lesion], arms: Sequence[str], title: str) -> Picture:
    """One row per lesion: the head with corners around the lesion, then target and reconstructions near it, unmarked.

    Close-ups reach `REACH` pixels from the centre of the box. Their grey window is that of the target in the box and
    `RING` pixels around it, so that the lesion fills the window and a bright scalp does not.
    """
    pictures, names, captions = [], [], []
    for lesion in chosen:
        target, box = images.target(lesion), images.box(lesion)
        about = tuple(_window(side, REACH, size) for side, size in zip(box, target.shape, strict=True))
        near = target[tuple(slice(max(side.start - RING, 0), side.stop + RING) for side in box)]
        dark, white = (near.quantile(share).item() for share in (0.02, 0.98))
        made = {"": target} | {arm: images.reconstruction(arm, lesion) for arm in arms}
        head = _white(target)
        pictures.append((cornered(target, box, head) / head).clamp(0, 1))
        pictures += [((image[about] - dark) / (white - dark)).clamp(0, 1) for image in made.values()]
        names += [title, *(f"trained on {arm}" if arm else "close-up" for arm in made)]
        captions += ["", "", *(_of_lesion(target, made[arm], box) for arm in arms)]
    told = "; ".join(filter(None, captions))
    alt = f"{title}: close-ups of {len(chosen)} small lesions, target and reconstructions; {told}"
    return image_row(pictures, names, captions, alt=alt, vmax=1.0, ncols=2 + len(arms))


def _of_lesion(target: Tensor, image: Tensor, box: Region) -> str:
    """SSIM of a lesion's box, and the share of its contrast that a reconstruction keeps."""
    return (
        f"SSIM {_box_ssim(target, image, box):.3f}, contrast {100 * contrast(image, box) / contrast(target, box):.0f} %"
    )


def nearer_to_each_other(images: LesionImages, chosen: Iterable[Lesion], arms: tuple[str, str]) -> list[bool]:
    """Whether, for each lesion, two reconstructions of its box are more alike than either is to the target."""
    found = []
    for lesion in chosen:
        target, box = images.target(lesion), images.box(lesion)
        one, other = (images.reconstruction(arm, lesion) for arm in arms)
        found.append(_box_ssim(one, other, box) > max(_box_ssim(target, image, box) for image in (one, other)))
    return found


def _white(target: Tensor) -> float:
    """White level at which the brain is visible although the scalp is brighter."""
    return target.quantile(0.97).item()


def _box_ssim(target: Tensor, image: Tensor, box: Region) -> float:
    return region_ssim(target[None, None], image[None, None], box, data_range=1.0).item()


def _window(side: slice, reach: int, size: int) -> slice:
    middle = min(max((side.start + side.stop) // 2, reach), size - reach)
    return slice(middle - reach, middle + reach)


def in_words(study: Study, heights: Mapping[str, Interval], agreement: Agreement, nearer: Sequence[bool]) -> list[str]:
    """What having seen lesions brings inside them, on whole images, and lesion by lesion."""
    by = {size: measured(difference(study, "P and Q", MORE, size), signed=True) for size in SIZES}
    inside = [f"{by[size]} in {len(lesions(study, 'P', size))} {size} lesions" for size in SIZES]
    kept = {arm: percent(contrast_kept(study, arm, "small")) for arm in ("P", MORE, "P and Q")}
    whole = study.difference("P and Q", MORE, with_lesions(study))
    low = f"{100 * agreement.better_low:.0f} %"
    return [
        f"**Inside lesions,** SSIM of the network that saw lesions minus that of one that saw as many healthy slices: "
        f"{', '.join(inside)}. Of the contrast of small lesions, P keeps {kept['P']}, {MORE} {kept[MORE]}, and P and Q "
        f"{kept['P and Q']}.",
        "**Whole images** hide this: "
        + "on slices with lesions, the network that saw lesions "
        + verdict(whole, "is ahead by {}", "is behind by {}", "shows no difference distinguishable from zero ({})")
        + f"; its height above the line is {measured(heights[''], signed=True)}.",
        f"**Lesion by lesion,** the two networks agree within {ALIKE} in SSIM on {percent(agreement.alike)} of the "
        f"lesions. Of the lesions with low SSIM, {low} are reconstructed better *without* lesions in training. In "
        f"{sum(nearer)} of {len(nearer)} examples, the two reconstructions are more similar to each other than "
        "to the target.",
    ]

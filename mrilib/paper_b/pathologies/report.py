"""Tables and sentences on the reconstruction of lesions."""

from collections.abc import Mapping, Sequence

from mrilib.figures.plot import Table, table
from mrilib.figures.sentences import measured, percent, verdict
from mrilib.gap import Interval
from mrilib.paper_b.pathologies.analysis import (
    ALIKE,
    SIZES,
    Agreement,
    contrast_kept,
    difference,
    lesions,
    mean,
)
from mrilib.paper_b.pathologies.experiment import MORE, with_lesions, without_lesions
from mrilib.paper_b.study import Study

PLACES = {"small": "in small lesions", "large": "in large lesions", "": "whole slices with lesions"}


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


def heights_table(heights: Mapping[str, Mapping[str, Interval]], caption: str) -> Table:
    """Height above the line of healthy heads, one row per place and one column per length of training."""
    places = list(next(iter(heights.values())))
    rows = [
        {"where": PLACES[size]} | {length: vars(found[size]) for length, found in heights.items()} for size in places
    ]
    return table(rows, {"where": ""} | {length: f"height after {length}" for length in heights}, caption=caption)


def in_words(study: Study, heights: Mapping[str, Interval], agreement: Agreement, nearer: Sequence[bool]) -> list[str]:
    """Effects of training with lesions: inside lesions, on whole images, and lesion by lesion."""
    by = {size: measured(difference(study, "P and Q", MORE, size), signed=True) for size in SIZES}
    inside = [f"{by[size]} in {len(lesions(study, 'P', size))} {size} lesions" for size in SIZES]
    kept = {arm: percent(contrast_kept(study, arm, "small")) for arm in ("P", MORE, "P and Q")}
    whole = study.difference("P and Q", MORE, with_lesions(study))
    low = f"{100 * agreement.better_low:.0f} %"
    return [
        "**Inside lesions,** training with lesions, compared with training on as many healthy slices, changes SSIM by "
        f"{' and '.join(inside)}. The network trained on P keeps {kept['P']} of the contrast of small lesions, that "
        f"trained on {MORE} keeps {kept[MORE]}, and that trained on P and Q keeps {kept['P and Q']}.",
        "**On whole slices with lesions,** the network that saw lesions "
        + verdict(whole, "is ahead by {}", "is behind by {}", "shows no difference distinguishable from zero ({})")
        + f"; its height above the line of the others is {measured(heights[''], signed=True)}.",
        f"**Lesion by lesion,** the two networks agree within {ALIKE} in SSIM on {percent(agreement.alike)} of the "
        f"lesions. Of the lesions with low SSIM, {low} are reconstructed better *without* lesions in training. In "
        f"{sum(nearer)} of {len(nearer)} examples, the two reconstructions are more similar to each other than "
        "to the target.",
    ]

"""Figures, tables and sentences of Section 7 of paper B: the twins, scores beside the printed ones, and examples."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair
from IPython.display import Markdown
from torch import Tensor

from mrilib.data.catalogue import distribution
from mrilib.data.twins import TWINS
from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.dumbbells import dumbbell_chart, step, steps_in_numbers
from mrilib.figures.framing import framed
from mrilib.figures.plot import Picture, Table, image_grid, image_row, table
from mrilib.figures.sentences import measured, number, percent, verdict
from mrilib.figures.tiles import white_of
from mrilib.gap import Interval, ratio_of_means
from mrilib.paper_b.collection import ELSEWHERE, FASTMRI, TESTED, Example, best_of_fastmri, gain, members
from mrilib.paper_b.plain_names import plain_title, two_lines
from mrilib.paper_b.protocol import slices_to_test
from mrilib.paper_b.study import Study

OWN = "test distribution"
COMPARED = ("fastmri_knee", "fastmri_brain", "d_p", OWN)
BEST, KNEE, BRAIN = "over_best", "over_knee", "over_brain"
SERIES = {"d_p": "13 datasets", "d_p_few": "13 datasets, as few slices as one dataset"}
MIDDLE = 0.64  # share of a square image's rows in the examples
FEW = ("fastmri_brain", "fastmri_prostate", "skm_tea", "7t_coronal", *ELSEWHERE)  # datasets whose twins are shown large
IN_D_P = dict.fromkeys(FASTMRI, "\n(in distribution)")


def parameters_of(part: str) -> str:
    """Short description of a population's acquisition: view, field strength, coils, matrix and noise."""
    scan = distribution(part).scan
    rows, columns = scan.matrix
    size = f"{scan.coils} coils, {rows}×{columns}"
    return f"{scan.anatomy.rpartition('_')[2]}, {scan.field_strength:g} T\n{size}\nnoise {100 * scan.background:.0f} %"


def twins_picture(parts: Sequence[str], alt: str, ncols: int = 5, titles: Sequence[str] = ()) -> Picture:
    """Picture of a simulated test slice of each population, with its name above and its acquisition below.

    `titles` replaces the names of the populations.
    """
    images = [slices_to_test(part, 1)[0].target for part in parts]
    titles = titles or [re.sub(r",? [\d.]+ T$", "", distribution(part).title) for part in parts]
    return image_row(
        [x / x.max() for x in images], titles, [parameters_of(part) for part in parts], alt=alt, ncols=ncols
    )


def one_of_each(datasets: Iterable[str] = TWINS) -> list[str]:
    """The first population of each dataset, of all 17 by default."""
    return [next(iter(TWINS[name])) for name in datasets]


def arm_on(arm: str, dataset: str) -> str:
    """Name of the arm; for the test distribution's own network, the name of the dataset."""
    return dataset if arm == OWN else arm


def arms_rows(study: Study) -> list[dict[str, Any]]:
    """Training data of each network: number of slices and number of populations."""
    return [
        {"arm": plain_title(arm), "slices": spec.train_slices, "parts": len(spec.lists)}
        for arm, spec in study.arms.items()
    ]


def scores_chart(study: Study, kind: str) -> altair.LayerChart:
    """SSIM of the better fastMRI network, the collection's network and the test distribution's own (Figure 10).

    The chart has one line per dataset, with the largest gain first.
    """
    best = {name: best_of_fastmri(study, name) for name in TESTED}
    gained = {name: gain(study, best[name], [name]) for name in TESTED}
    rows = []
    for name in sorted(TESTED, key=lambda name: -gained[name].value):
        arms = {"better fastMRI network": best[name], "13 datasets": "d_p", "its own network": name}
        means = {words: study.mean(arm, members(name)).value for words, arm in arms.items()}
        rows.append(step(f"{two_lines(name)}{IN_D_P.get(name, '')}", means, gained[name]))
    title = f"{_message(gained)} ({kind} data)"
    alt = f"{title}: {steps_in_numbers(rows)}"
    return dumbbell_chart(rows, x_title="mean SSIM", alt=alt, title=title, beside="13 datasets minus fastMRI")


def _message(gained: Mapping[str, Interval]) -> str:
    """The figure's message, as far as the intervals support it."""
    better = sum(gained[name].low > 0 for name in ELSEWHERE)
    worse = any(gained[name].high < 0 for name in FASTMRI)
    cost = "a loss" if worse else "no clear loss"
    than = f"scores higher than the better fastMRI network on {better} of {len(ELSEWHERE)} unseen datasets"
    return f"The network trained on 13 datasets {than}, with {cost} on fastMRI"


def beside_paper(
    study: Study, measure: str, printed: Mapping[str, Sequence[float]], digits: int, caption: str
) -> Table:
    """Means of a measure with the paper's in brackets: one row per network, one column per dataset (Tables 3 and 4)."""
    rows = []
    for arm in COMPARED:
        ours = [study.mean(arm_on(arm, name), members(name), measure).value for name in TESTED]
        pairs = zip((*TESTED, "mean"), (*ours, sum(ours) / len(ours)), printed[arm], strict=True)
        cells = {name: f"{our:.{digits}f} ({their:.{digits}f})" for name, our, their in pairs}
        rows.append({"arm": plain_title(arm)} | cells)
    columns = {"arm": "trained on"} | {name: plain_title(name) for name in TESTED} | {"mean": "mean"}
    return table(rows, columns, caption=caption)


def gains(study: Study, measure: str = "ssim") -> dict[str, Interval]:
    """Gains of the collection's network over fastMRI's, by result: on each dataset, and on those outside D_P.

    Positive is better for every measure. The better of fastMRI's two networks is chosen by SSIM. The scale of artefacts
    depends on the images; their gain is therefore also given as a share of the other network's artefacts:
    `…_elsewhere_share`.
    """
    found = {}
    if measure == "ssim":
        for name in TESTED:
            found[f"{BEST}_{name}"] = gain(study, best_of_fastmri(study, name), [name])
    for key, other in {KNEE: "fastmri_knee", BRAIN: "fastmri_brain"}.items():
        for name in TESTED:
            found[f"{key}_{name}"] = gain(study, other, [name], measure)
        found[f"{key}_elsewhere"] = gain(study, other, ELSEWHERE, measure)
        if measure == "artefacts" and (share := artefacts_left(study, other)):
            found[f"{key}_elsewhere_share"] = Interval(1 - share.value, 1 - share.high, 1 - share.low, share.n)
    return found


def artefacts_left(study: Study, other: str) -> Interval | None:
    """Ratio of the artefacts of the collection's network to another's, on data outside D_P."""
    return ratio_of_means(*(study.over(arm, members(*ELSEWHERE), "artefacts") for arm in ("d_p", other)))


def gains_table(studies: Mapping[str, Study], caption: str) -> Table:
    """Gains of D_P, in full and with few slices, over the better fastMRI network and over the dataset's own network."""
    rows = []
    for name in TESTED:
        row: dict[str, Any] = {"dataset": plain_title(name)}
        for title, study in studies.items():
            best = best_of_fastmri(study, name)
            row |= {
                f"{title} best": vars(gain(study, best, [name])),
                f"{title} own": vars(gain(study, name, [name])),
                f"{title} few": vars(gain(study, best, [name], arm="d_p_few")),
            }
        rows.append(row)
    columns = {"dataset": "tested on"}
    for title in studies:
        columns |= {
            f"{title} best": f"{title}: 13 datasets minus the better fastMRI network",
            f"{title} few": f"{title}: the same, with as few slices as one dataset",
            f"{title} own": f"{title}: 13 datasets minus the test distribution's own network",
        }
    return table(rows, columns, caption=caption)


def examples_picture(examples: Mapping[str, Example], arms: Sequence[str], kind: str, alt: str) -> Picture:
    """One column per dataset, the middle of the body: the target, then each arm's image with its SSIM.

    `kind` is "simulated" or "measured"; `alt` is continued by the name of each dataset with the SSIM of every arm.
    """
    shown, first, last = examples.values(), arms[0], arms[-1]
    cropped = [framed(one.target, one.images) for one in shown]
    rows = [[_middle(images[arm]) / white_of(target) for target, images in cropped] for arm in arms]
    rows.insert(0, [_middle(target) / white_of(target) for target, _ in cropped])
    captions = [[_score(one, arm, first) for one in shown] for arm in arms]
    captions.insert(0, [""] * len(examples))
    names = ["fully sampled", *(f"trained on {plain_title(arm)}" for arm in arms)]
    higher = sum(one.ssim[last] > one.ssim[first] for one in shown)
    told = f"On {higher} of {len(examples)} slices from unseen datasets, diverse training data raise SSIM"
    columns = [two_lines(name) for name in examples]
    told_in_alt = f"{alt}: {'; '.join(_scores_of(name, one, arms) for name, one in examples.items())}"
    return image_grid(rows, names, columns, captions, alt=told_in_alt, vmax=1.0).titled(f"{told} ({kind} data)")


def _middle(image: Tensor) -> Tensor:
    """The middle rows of a square image: details are drawn larger where the width is given."""
    out = round((1 - MIDDLE) / 2 * image.shape[-2])
    return image[..., out : image.shape[-2] - out, :]


def _score(one: Example, arm: str, first: str) -> str:
    """SSIM of an arm's image and, beyond the first arm, its gain over that one: the difference of what is printed."""
    own, other = (round(one.ssim[name], 3) for name in (arm, first))
    return f"SSIM {number(own)}" + ("" if arm == first else f" ({number(own - other, signed=True)})")


def _scores_of(name: str, one: Example, arms: Sequence[str]) -> str:
    """A dataset with the SSIM of each arm's image."""
    return f"{plain_title(name)}, {', '.join(f'{plain_title(arm)} SSIM {number(one.ssim[arm])}' for arm in arms)}"


def scores_in_bold(study: Study, beneath: str) -> Markdown:
    """Mean SSIM, one row per dataset; the best network is in bold, not counting the dataset's own network."""
    arms = (*FASTMRI, "d_p", "d_p_few")
    lines = [f"| tested on | {' | '.join(map(plain_title, arms))} | own network |", "|---" * (len(arms) + 2) + "|"]
    for name in TESTED:
        *others, own = (study.mean(arm, members(name)).value for arm in (*arms, name))
        cells = [f"**{number(one)}**" if one == max(others) else number(one) for one in others]
        lines.append(f"| {plain_title(name)} | {' | '.join(cells)} | {number(own)} |")
    return Markdown("\n".join([*lines, "", beneath]))


def gains_chart(study: Study, kind: str) -> altair.LayerChart:
    """Gain of the collection, and of few of its slices, over the better fastMRI network (0), the largest first."""
    best = {name: best_of_fastmri(study, name) for name in TESTED}
    found = {arm: {name: gain(study, best[name], [name], arm=arm) for name in TESTED} for arm in SERIES}
    rows: list[dict[str, Any]] = [
        {"name": f"{two_lines(name)}{IN_D_P.get(name, '')}", "series": words, **vars(found[arm][name])}
        for name in sorted(TESTED, key=lambda name: -found["d_p"][name].value)
        for arm, words in SERIES.items()
    ]
    title = f"{_few_message(found['d_p_few'])} ({kind} data)"
    x_title = "SSIM minus that of the better fastMRI network (95 % interval)"
    return dots_chart(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title)


def _few_message(few: Mapping[str, Interval]) -> str:
    """Where the collection helps with only as many slices as one dataset has, as far as the intervals support it."""
    better = sum(few[name].low > 0 for name in ELSEWHERE)
    worse = sum(few[name].high < 0 for name in FASTMRI)
    cost = f", but lose on {'both' if worse == len(FASTMRI) else 'one of the'} fastMRI datasets" if worse else ""
    return (
        f"With as few slices as one dataset, diverse data still win on {better} of {len(ELSEWHERE)} unseen "
        f"datasets{cost}"
    )


def in_words(study: Study) -> list[str]:
    """Sentences on the gains of the collection, those left with few slices, and those that are still possible."""
    best = {name: best_of_fastmri(study, name) for name in TESTED}
    by = {arm: {one: gain(study, best[one], [one], arm=arm) for one in TESTED} for arm in ("d_p", "d_p_few")}
    left = {name: gain(study, "d_p", [name], arm=name) for name in ELSEWHERE}
    outside, inside = ({name: by["d_p"][name] for name in names} for names in (ELSEWHERE, FASTMRI))
    return [
        f"**13 datasets minus the better fastMRI network:** {_listed(outside)}; in distribution: {_listed(inside)}.",
        "**13 datasets with only as many slices as one dataset, minus the better fastMRI network:** "
        f"{_listed(by['d_p_few'])}.",
        f"**The test distribution's own network minus 13 datasets:** {_listed(left)}.",
    ]


def _listed(found: Mapping[str, Interval]) -> str:
    return "; ".join(f"{plain_title(name)} {measured(one, signed=True)}" for name, one in found.items())


def measures_in_words(study: Study, features: Study | None) -> list[str]:
    """Gains of the collection on the four datasets it never saw, in artefacts and, where scored, in LPIPS and DISTS."""
    found = gains(study, "artefacts")
    shares = {key: found.get(f"{key}_elsewhere_share") for key in (KNEE, BRAIN)}
    said = [
        f"{percent(share)} fewer than the {key.removeprefix('over_')} network" for key, share in shares.items() if share
    ]
    told = [f"**Artefacts:** the network trained on 13 datasets has {' and '.join(said)}."] if said else []
    if features is None:
        return told
    for measure in ("lpips", "dists"):
        by = gains(features, measure)
        told.append(
            f"**{measure.upper()}:** the network trained on 13 datasets is better than the knee network by "
            f"{measured(by[f'{KNEE}_elsewhere'])} and than the brain network by {measured(by[f'{BRAIN}_elsewhere'])}."
        )
    return told


def steps_in_words(inside: Interval, outside: Interval, enlarging: Interval) -> list[str]:
    """What matching adds to SSIM in and out of distribution, and whether enlarging helps."""
    enlarged = verdict(enlarging, "raises SSIM by {}", "lowers SSIM by {}", "has no clear effect on SSIM ({})")
    return [
        f"**Matching** adds {measured(inside)} to SSIM in distribution and {measured(outside)} out of distribution.",
        f"**Enlarging** {enlarged}.",
    ]

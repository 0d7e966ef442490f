"""The mixture explorer moves without a browser; the chart of a sweep holds every interval and its own slider."""

import itertools
import re
from types import SimpleNamespace

import pytest
import torch
from widget_parts import parts

from mrilib.figures import plot
from mrilib.figures.sweep import path_chart, sweep_chart
from mrilib.figures.theme import NAMED
from mrilib.paper_a.mixtures.explorer import explore_mixtures, mixture_in_words
from mrilib.paper_a.mixtures.sweep import curves, points


def scores(p, q):
    return {side: [level - 0.01, level, level + 0.02] for side, level in (("P", p), ("Q", q))}


SWEEPS = {
    "anatomy": {0.0: scores(0.9, 0.7), 0.25: scores(0.89, 0.82), 0.5: scores(0.88, 0.83), 1.0: scores(0.75, 0.84)},
    "adversarially_filtered": {0.0: scores(0.9, 0.8), 1.0: scores(0.9, 0.8)},
}
AXES = {"x_title": "SSIM on P", "y_title": "SSIM on Q", "alt": "a sweep"}
ROWS = [{"shift": name, **point} for name, sweep in SWEEPS.items() for point in points(sweep)]


def test_the_slider_changes_picture_and_words():
    explorer = explore_mixtures(SWEEPS, "anatomy", 0.25, "simulated")
    _, share, view, _ = parts(explorer)
    assert share.value == 0.25
    seen = {}
    for option in share.options:
        share.value = option
        assert f"Share of Q {option:g}: SSIM on P" in view.value
        seen[option] = view.value
    assert all(a != b for a, b in itertools.combinations(seen.values(), 2))
    assert 'alt="Share of Q' in view.value
    assert share.index == len(share.options) - 1, "the page hears of it"


def test_another_shift_offers_its_own_mixtures():
    pair, share, view, _ = parts(explore_mixtures(SWEEPS, "anatomy", 0.5, "simulated"))
    pair.value = "adversarially_filtered"
    assert share.options == (0.0, 1.0)
    assert "undefined" in view.value
    pair.value = "anatomy"
    assert share.options == (0.0, 0.25, 0.5, 1.0)
    assert f"Share of Q {share.value:g}:" in view.value


def test_it_starts_at_the_nearest_mixture_there_is():
    assert parts(explore_mixtures(SWEEPS, "anatomy", 0.3, "simulated"))[1].value == 0.25
    with pytest.raises(ValueError, match="shift 'modality': no scores; expected one of anatomy, adv"):
        explore_mixtures(SWEEPS, "modality", 0.25, "simulated")


class Pictures:
    """Stands for `MixtureImages`: reconstructions are darker the larger the share, none at 0.5."""

    mixtures = SimpleNamespace(experiment=SimpleNamespace(shift="anatomy"))

    def target(self, side):
        return torch.linspace(0.1, 0.8 if side == "P" else 0.9, 64).reshape(8, 8)

    def pair(self, coefficient):
        return None if coefficient == 0.5 else {side: self.target(side) * (1 - coefficient / 2) for side in ("P", "Q")}


def test_the_slider_changes_the_pair_of_images_and_keeps_their_targets():
    images = {name: Pictures() for name in SWEEPS}
    _, share, view, _ = parts(explore_mixtures(SWEEPS, "anatomy", 0.0, "simulated", images))
    seen = {}
    for option in (0.0, 0.25, 1.0):
        share.value = option
        seen[option] = re.findall(r'src="([^"]+)"', view.value)
        assert (
            f"The same slice of brains (Q), share of Q {option:g}: SSIM {SWEEPS['anatomy'][option]['Q'][0]:.3f}"
            in view.value
        )
    for a, b in itertools.combinations(seen.values(), 2):
        assert [x != y for x, y in zip(a, b, strict=True)] == [True, False, True, False, True]


def test_a_mixture_without_images_says_how_to_get_them():
    images = {name: Pictures() for name in SWEEPS}
    view = parts(explore_mixtures(SWEEPS, "anatomy", 0.5, "simulated", images))[2]
    assert "<code>mrilib run 03 -p shift anatomy -p coefficient 0.5 -p recompute true</code>" in view.value
    assert "Share of Q 0.5: SSIM on P" in view.value


def test_curves_hold_two_points_a_mixture_in_order():
    rows = curves(SWEEPS["anatomy"])
    assert [(row["coefficient"], row["tested on"]) for row in rows[:3]] == [
        (0.0, "SSIM on P"),
        (0.0, "SSIM on Q"),
        (0.25, "SSIM on P"),
    ]
    assert [row["value"] for row in rows[:2]] == [points(SWEEPS["anatomy"])[0][axis] for axis in "xy"]


def test_words_hold_both_scores_and_what_is_gained_and_lost():
    words = mixture_in_words(SWEEPS["anatomy"], 0.25)
    assert words.startswith("Share of Q 0.25: SSIM on P 0.893")
    assert "gained on Q 85.7%" in words
    assert "SSIM lost on P 0.010" in words


def test_a_sweep_chart_holds_both_intervals_and_joins_points_in_order():
    spec = sweep_chart(ROWS, "shift", "coefficient", **AXES).to_dict()
    straight, line, across, up, corner, point = (layer["encoding"] for layer in spec["spec"]["layer"])
    assert straight["x"]["field"] == corner["x"]["field"] == "x"
    assert line["order"]["field"] == "coefficient"
    assert (across["x"]["field"], across["x2"]["field"]) == ("x_low", "x_high")
    assert (up["y"]["field"], up["y2"]["field"]) == ("y_low", "y_high")
    assert point["color"]["field"] == point["shape"]["field"] == "coefficient"
    assert spec["facet"]["sort"] == list(SWEEPS)
    assert point["color"]["scale"]["range"] == [NAMED["P"], NAMED["P and Q"], NAMED["P and Q"], NAMED["Q"]]
    assert "params" not in spec


def test_the_corner_is_drawn_where_both_scores_are_those_of_the_better_end():
    spec = sweep_chart(ROWS, "shift", "coefficient", **AXES).to_dict()
    found, *placed = next(layer["transform"] for layer in spec["spec"]["layer"] if "argmin" in str(layer))
    assert [(one["op"], one["field"], one["as"]) for one in found["aggregate"]] == [
        ("argmin", "coefficient", "first"),
        ("argmax", "coefficient", "last"),
    ]
    assert {one["as"]: one["calculate"] for one in placed} == {"x": "datum.first.x", "y": "datum.last.y"}


def test_lines_above_the_panels_replace_their_names():
    heads = {name: [name, "a second line"] for name in SWEEPS}
    spec = sweep_chart(ROWS, "shift", "coefficient", **AXES, heads=heads).to_dict()
    assert '["anatomy", "a second line"]' in spec["facet"]["header"]["labelExpr"]
    plot.figure_bytes(sweep_chart(ROWS, "shift", "coefficient", **AXES, heads=heads))


def test_a_path_names_its_points_its_ends_and_its_corner():
    rows = points(SWEEPS["anatomy"])
    spec = path_chart(rows, "coefficient", ("P only", "Q only", "both"), **AXES).to_dict()
    words = [row["name"] for layer in spec["layer"] for row in layer["data"]["values"] if "name" in row]
    assert {"P only", "25 % of Q", "Q only", "both"} <= set(words)
    corner = next(row for layer in spec["layer"] for row in layer["data"]["values"] if row.get("name") == "both")
    assert (corner["x"], corner["y"]) == (rows[0]["x"], rows[-1]["y"])


def test_a_chosen_point_comes_with_a_slider_that_needs_no_kernel():
    spec = sweep_chart(ROWS, "shift", "coefficient", chosen=0.25, **AXES).to_dict()
    slider = next(parameter for parameter in spec["params"] if parameter["name"] == "chosen")
    assert slider["value"] == 0.25
    assert (slider["bind"]["input"], slider["bind"]["min"], slider["bind"]["max"]) == ("range", 0.0, 1.0)
    assert (slider["bind"]["step"], slider["bind"]["name"]) == (0.25, "share of Q ")
    ring = spec["spec"]["layer"][6]
    assert ring["transform"][0]["filter"] == "abs(datum.coefficient - chosen) < 0.125"


def test_the_chosen_point_is_drawn():
    drawn = [
        plot.figure_bytes(sweep_chart(ROWS, "shift", "coefficient", chosen=chosen, **AXES))
        for chosen in (0.0, 0.25, 1.0)
    ]
    assert len(set(drawn)) == 3


def test_a_row_without_an_interval_is_refused():
    with pytest.raises(ValueError, match=r"row 0 lacks \['y_high'\]"):
        sweep_chart([{key: value for key, value in ROWS[0].items() if key != "y_high"}], "shift", "coefficient", **AXES)

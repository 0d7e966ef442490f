"""Figures: one grey window, nothing cut off, alt text everywhere, colours that everyone can tell apart."""

import base64
import io
import itertools
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import altair
import numpy as np
import pytest
import torch
from drawn import chart_svg
from PIL import Image

from mrilib.figures import plot
from mrilib.figures.charts import balanced
from mrilib.figures.history import history_chart
from mrilib.figures.layout import MARGIN, PAGE, SHARPNESS, Tile, compose
from mrilib.figures.theme import FAINT, INK, MUTED, OTHER_COLORS, SERIES_COLORS, chart_png, log_ticks, theme
from mrilib.ttt import History

ROWS = [
    {"method": "joint on P", "value": 0.40, "low": 0.35, "high": 0.45, "n": 8},
    {"method": "joint on Q", "value": torch.tensor(0.75), "low": 0.70, "high": 0.80, "n": 8},
    {"method": "CG-SENSE", "value": np.float32(0.5), "low": 0.45, "high": 0.55, "n": 8},
]
CURVES = [{"x": x, "y": height * x, "name": name} for name, height in (("low", 1.0), ("high", 2.0)) for x in (0, 1, 2)]
IMAGE = torch.linspace(0, 1, 64).expand(48, 64)
HISTORY = History([0.5, 0.4, 0.3, 0.25], [0.6, 0.5, 0.45, 0.5], {0: 0.5, 2: 0.8})

FIGURES: dict[str, Callable[[str], Any]] = {
    "image_row": lambda alt: plot.image_row([IMAGE], ["a"], alt=alt),
    "error_row": lambda alt: plot.error_row(IMAGE, [IMAGE], ["a"], alt=alt),
    "comparison": lambda alt: plot.comparison(IMAGE, {"a": IMAGE}, {"a": 0.5}, alt=alt),
    "kspace_row": lambda alt: plot.kspace_row([IMAGE], ["a"], alt=alt),
    "mask_image": lambda alt: plot.mask_image(IMAGE[0] > 0.5, alt=alt),
    "mixed_row": lambda alt: plot.mixed_row({"a": IMAGE, "b": IMAGE * 1j}, alt=alt),
    "image_grid": lambda alt: plot.image_grid([[IMAGE]], ["r"], ["c"], alt=alt),
    "gap_chart": lambda alt: plot.gap_chart(ROWS, alt=alt),
    "interval_chart": lambda alt: plot.interval_chart(ROWS, "method", x_title="x", y_title="y", alt=alt),
    "lines_chart": lambda alt: plot.lines_chart(CURVES, "x", "y", "name", x_title="x", y_title="y", alt=alt),
    "history_chart": lambda alt: history_chart(HISTORY, 3, 2, alt=alt),
}


@pytest.fixture
def enabled() -> Iterator[None]:
    with altair.renderers.enable("default"), altair.theme.enable("default"):
        plot.enable()
        yield


def pixels(picture: Any) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(plot.figure_bytes(picture))).convert("RGB"))


def middle(picture: plot.Picture, column: int, columns: int) -> int:
    """Red value in the middle of a tile of the first row."""
    drawn = pixels(picture)
    return int(drawn[drawn.shape[0] // 2, round(drawn.shape[1] * (column + 0.5) / columns), 0])


def data_of(spec: Any) -> list[list[dict[str, Any]]]:
    """Every inline data set of a specification."""
    if isinstance(spec, dict):
        own = [spec["data"]["values"]] if "values" in spec.get("data", {}) else []
        return own + [data for value in spec.values() for data in data_of(value)]
    return [data for value in spec for data in data_of(value)] if isinstance(spec, list) else []


def linear(color: str) -> np.ndarray:
    values = np.array(list(bytes.fromhex(color[1:]))) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast_on_white(color: str) -> float:
    return 1.05 / (linear(color) @ np.array([0.2126, 0.7152, 0.0722]) + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4339, 0.3762, 0.1899], [0.2126, 0.7152, 0.0722], [0.0178, 0.1098, 0.8730]])
    x, y, z = (math.cbrt(v) if v > (6 / 29) ** 3 else v / (3 * (6 / 29) ** 2) + 4 / 29 for v in to_xyz @ rgb)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


# Machado, Oliveira, Fernandes 2009, severity 1, on linear RGB.
VISION = {
    "trichromat": np.eye(3),
    "protanopia": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
    "deuteranopia": [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9690]],
    "tritanopia": [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
}


@pytest.mark.parametrize("vision", VISION)
def test_method_colours_stay_apart(vision: str) -> None:
    seen = [lab(np.clip(np.array(VISION[vision]) @ linear(c), 0, 1)) for c in plot.METHOD_COLORS.values()]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) >= 14


def test_contrast_reaches_wcag_aa() -> None:
    assert min(map(contrast_on_white, [*plot.METHOD_COLORS.values(), *OTHER_COLORS.values(), *SERIES_COLORS])) >= 3
    assert min(map(contrast_on_white, [INK, MUTED])) >= 4.5


def test_known_methods_keep_their_colour_and_order() -> None:
    names = ["mine", "joint on Q", "zero-filled", "mine", "other"]
    assert plot.ordered(names) == ["zero-filled", "joint on Q", "mine", "other"]
    colors = plot.colors_of(["mine", "joint on Q", "other"])
    assert colors[1] == plot.METHOD_COLORS["joint on Q"]
    assert len(set(colors)) == 3


def test_no_colour_means_a_method_and_something_else() -> None:
    assert not set(SERIES_COLORS) & set(plot.METHOD_COLORS.values())
    assert not set(OTHER_COLORS.values()) & set(plot.METHOD_COLORS.values())
    names = [f"series {n}" for n in range(6)]
    assert not set(plot.colors_of(names)) & set(plot.METHOD_COLORS.values())


@pytest.mark.parametrize("vision", VISION)
def test_series_colours_stay_apart(vision: str) -> None:
    seen = [lab(np.clip(np.array(VISION[vision]) @ linear(c), 0, 1)) for c in SERIES_COLORS]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) >= 14


def test_every_training_set_has_one_colour() -> None:
    sets = ["P", "Q", "P and Q", "half of P and Q", "best of P"]
    colors = plot.colors_of(sets)
    assert len(set(colors)) == len(sets)
    assert plot.colors_of(["better fastMRI network", "its own network", "the collection"]) == colors[:3]


def test_other_words_for_a_method_share_its_colour() -> None:
    assert plot.colors_of(["trained on P", "trained on Q"]) == plot.colors_of(["supervised on P", "supervised on Q"])
    assert plot.colors_of(["13 datasets"]) == plot.colors_of(["P and Q"])
    assert plot.colors_of(["P: T2 brain", "Q: T1 brain"]) == plot.colors_of(["P", "Q"])
    both = plot.colors_of(["supervised on P", "trained on P"])
    assert both[0] == plot.METHOD_COLORS["supervised on P"] != both[1]


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_needs_alt_text_and_carries_it(name: str, enabled: None) -> None:
    with pytest.raises(ValueError, match="alt is empty"):
        FIGURES[name](" ")
    with pytest.raises(ValueError, match=r"alt has 0.6702824.*sentences.listed"):
        FIGURES[name]("SSIM {'P': 0.6702824234962463}")
    bundle, metadata = FIGURES[name]('a < b "c"')._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == bundle["text/plain"] == 'a < b "c"'
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")


def test_picture_has_escaped_alt_attribute() -> None:
    bundle, _ = FIGURES["image_row"]('a < b "c"')._repr_mimebundle_()
    assert 'alt="a &lt; b &quot;c&quot;"' in bundle["text/html"]


def test_one_grey_window_across_a_row() -> None:
    flat = [torch.full((32, 32), value) for value in (0.0, 0.25, 0.5)]
    row = plot.image_row(flat, ["", "", ""], alt="three greys")
    assert [middle(row, column, 3) for column in range(3)] == [0, 128, 255]
    wider = plot.image_row(flat, ["", "", ""], vmax=1.0, alt="three greys")
    assert [middle(wider, column, 3) for column in range(3)] == [0, 64, 128]


def test_one_bright_spot_does_not_darken_the_image() -> None:
    knee = torch.full((32, 32), 0.5)
    knee[0, 0] = 50.0
    assert middle(plot.image_row([knee], [""], alt="a knee"), 0, 1) == 255
    assert middle(plot.image_row([knee], [""], vmax=1.0, alt="a knee"), 0, 1) == 128


def test_error_map_saturates_at_window_over_factor() -> None:
    target = torch.ones(32, 32)
    shown = [target, target + 0.1, target + 0.2, target + 0.9]
    row = plot.error_row(target, shown, [""] * 4, factor=5, alt="growing errors")
    reds = [middle(row, column, 4) for column in range(4)]
    assert reds[0] < reds[1] < reds[2] == reds[3]


def test_error_maps_grow_with_the_factor() -> None:
    rows = [plot.error_row(IMAGE, [IMAGE + 0.05], [""], factor=f, alt="errors") for f in (1, 10)]
    assert middle(rows[0], 0, 1) < middle(rows[1], 0, 1)


def test_error_maps_come_with_the_bar_of_their_colours() -> None:
    wrong = IMAGE + 0.1
    left = pixels(plot.comparison(IMAGE, {"a": wrong}, alt="errors"))[:, :600]
    below = pixels(plot.error_row(IMAGE, [wrong], [""], alt="errors"))[-200:]
    for drawn in (left, below):
        found = {tuple(colour) for colour in drawn.reshape(-1, 3).tolist()}
        assert {(r, g, b) for r, g, b in found if r > 200 and b < 120}, "the warm part of the heat map is in the bar"


@pytest.mark.parametrize("columns", [1, 3, 5])
def test_nothing_touches_the_edge(columns: int) -> None:
    title, caption = "a rather long title of a method that wraps", "SSIM 0.912, after 200 iterations"
    row = plot.image_row([torch.zeros(40, 30)] * columns, [title] * columns, [caption] * columns, alt="black")
    drawn, border = pixels(row), MARGIN * SHARPNESS - 4
    assert row.width <= PAGE
    assert drawn.shape[1] == row.width * SHARPNESS
    for edge in (drawn[:border], drawn[-border:], drawn[:, :border], drawn[:, -border:]):
        assert (edge == 255).all()


@pytest.mark.parametrize(("count", "columns"), [(5, 5), (6, 3), (7, 4), (10, 5), (11, 4)])
def test_no_tile_is_alone_in_the_last_row(count: int, columns: int) -> None:
    row, whole = (plot.image_row([IMAGE] * n, [""] * n, alt="tiles") for n in (count, columns))
    assert row.width == whole.width


def test_comparison_continues_beneath_after_four_methods() -> None:
    four, five = (plot.comparison(IMAGE, {str(i): IMAGE for i in range(n)}, alt="same") for n in (4, 5))
    assert four.width == five.width
    assert pixels(five).shape[0] > 1.8 * pixels(four).shape[0]


def test_kspace_is_logarithmic() -> None:
    flat = [torch.full((32, 32), value) for value in (0.0, 1e-4, 1e-2, 1.0)]
    row = plot.kspace_row(flat, [""] * 4, alt="four decades")
    assert [middle(row, column, 4) for column in range(4)] == pytest.approx([0, 19, 128, 255], abs=1)


def test_mask_of_columns_is_its_full_plane() -> None:
    columns = torch.arange(16) % 4 == 0
    planes = (columns, columns.expand(16, 16), columns.reshape(1, 1, 1, 16))
    assert len({plot.mask_image(plane, alt="columns").png for plane in planes}) == 1


def test_a_complex_image_is_drawn_as_its_phase() -> None:
    flat = torch.ones(32, 32)
    row = plot.mixed_row({"real": flat, "0": flat + 0j, "π/2": flat * 1j, "−π/2": flat * -1j}, alt="phases")
    drawn = pixels(row)[pixels(row).shape[0] // 2]
    grey, zero, positive, negative = (drawn[round(drawn.shape[0] * (n + 0.5) / 4)].astype(int) for n in range(4))
    assert (grey == 255).all()
    assert positive[0] > positive[2] + 50
    assert negative[2] > negative[0] + 50
    assert np.ptp(zero) < 30


def test_the_scale_of_phases_is_the_least_that_holds_them() -> None:
    flat = torch.ones(64, 64)

    def middle(*angles: float) -> list[int]:
        """Colour of the first phase, beside the others."""
        images = [flat * complex(math.cos(one), math.sin(one)) for one in angles]
        drawn = pixels(plot.phase_row(images, ["a"] * len(angles), alt="a"))
        return drawn[drawn.shape[0] // 2, round(drawn.shape[1] / (2 * len(angles)))].tolist()

    assert middle(0.78) == middle(1.56) != middle(0.78, 3.1), "π/4 alone is as dark as π/2 alone"
    assert plot.phase_row([flat * 0j], ["dark"], alt="nothing but dark").png


def test_phases_have_a_bar_of_their_colours_below_them() -> None:
    flat = torch.ones(64, 64)
    alone, beside = (
        pixels(row)
        for row in (plot.phase_row([flat + 0j], ["a"], alt="a"), plot.mixed_row({"r": flat, "p": flat + 0j}, alt="b"))
    )
    for drawn, middle in ((alone, alone.shape[1] / 2), (beside, 0.75 * beside.shape[1])):
        below = drawn[round(0.86 * drawn.shape[0]) :]
        bar = below[np.ptp(below, axis=2).max(axis=1) > 60]
        assert 20 <= len(bar) <= 32, "a bar of 14 pixels at twice the resolution"
        left, right = (bar[len(bar) // 2, round(middle + step)].astype(int) for step in (-60, 60))
        assert left[2] > left[0] + 40, "blue for negative phases"
        assert right[0] > right[2] + 40, "red for positive ones"


def test_image_png_keeps_the_pixels() -> None:
    decoded = np.asarray(Image.open(io.BytesIO(plot.image_png(IMAGE))))
    assert np.array_equal(decoded, (255 * IMAGE.double()).round().numpy())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot.image_row([IMAGE * 1j], ["a"], alt="x"), "complex"),
        (lambda: plot.image_row([IMAGE.expand(2, 48, 64)], ["a"], alt="x"), r"\(2, 48, 64\)"),
        (lambda: plot.image_row([IMAGE * math.nan], ["a"], alt="x"), "undefined"),
        (lambda: plot.image_row([IMAGE], ["a", "b"], alt="x"), "1 images, 2 titles"),
        (lambda: plot.image_row([], [], alt="x"), "empty"),
        (lambda: plot.image_row([IMAGE], ["a"], ncols=6, alt="x"), "ncols is 6"),
        (lambda: plot.image_row([IMAGE], ["a"], vmax=0, alt="x"), "vmax is 0"),
        (lambda: plot.error_row(IMAGE, [IMAGE], ["a"], factor=0, alt="x"), "factor is 0"),
        (lambda: plot.error_row(IMAGE, [IMAGE[1:]], ["a"], alt="x"), "crop"),
        (lambda: plot.image_grid([[IMAGE]], [], ["a"], alt="x"), "row_titles"),
        (lambda: plot.gap_chart([{"method": "a"}], alt="x"), "row 0 lacks"),
        (lambda: plot.gap_chart([], alt="x"), "empty"),
        (lambda: plot.gap_chart(ROWS, gaps={"gap": ("joint on P", "nobody")}, alt="x"), "nobody"),
        (lambda: history_chart(History(), alt="x"), "history is empty"),
        (lambda: plot.table(ROWS, ["methd"]), "methd"),
        (lambda: plot.figure_bytes("no figure"), "expected a Picture"),
    ],
)
def test_wrong_input_is_refused_with_its_reason(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_methods_that_are_not_emphasised_are_grey():
    spec = plot.gap_chart(ROWS, alt="x", emphasised=["joint on P"]).to_dict()
    scale = spec["layer"][-1]["encoding"] | spec["layer"][-2]["encoding"]
    colors = dict(zip(*(scale["color"]["scale"][key] for key in ("domain", "range")), strict=True))
    assert colors["joint on P"] == plot.colors_of(["joint on P"])[0]
    assert {color for name, color in colors.items() if name != "joint on P"} == {FAINT}


def test_gap_is_labelled_with_its_length() -> None:
    chart = plot.gap_chart(ROWS, gaps={"gap": ("joint on P", "joint on Q")}, alt="x", title="A message")
    text = json.dumps(chart.to_dict())
    assert '"gap 0.350"' in text
    assert "n = 8" in text
    assert '"A message"' in text


def test_one_slice_has_a_point_and_no_interval() -> None:
    alone = [row | {"low": -math.inf, "high": math.inf, "n": 1} for row in ROWS]
    drawn = chart_svg(plot.gap_chart(alone, alt="x"))
    assert (drawn.count('"point"'), drawn.count('"rule mark"')) == (len(ROWS), 0)
    assert chart_svg(plot.gap_chart(ROWS, alt="x")).count('"rule mark"') == len(ROWS)
    assert "SSIM [n = 1: no interval]" in drawn


def test_legend_follows_the_right_edge() -> None:
    spec = FIGURES["lines_chart"]("two lines").to_dict()
    assert spec["layer"][0]["encoding"]["color"]["scale"]["domain"] == ["high", "low"]


@pytest.mark.parametrize(("letters", "columns"), [(4, 3), (26, 3), (29, 2), (45, 1), (200, 1)])
def test_a_legend_of_long_names_has_few_columns(letters: int, columns: int) -> None:
    """Three columns of 29 letters are wider than JupyterLab's output area in a wide face (30 + 8 pixels a letter)."""
    rows = [row | {"name": str(row["name"]).ljust(letters, "x")} for row in CURVES]
    chart = plot.lines_chart(rows, "x", "y", "name", x_title="x", y_title="y", alt="two lines")
    assert chart.to_dict()["layer"][0]["encoding"]["color"]["legend"]["columns"] == columns


def test_lines_leave_out_what_is_not_finite() -> None:
    rows = [*CURVES, {"x": 3, "y": math.nan, "name": "low"}]
    spec = plot.lines_chart(rows, "x", "y", "name", x_title="x", y_title="y", alt="two lines").to_dict()
    assert [len(data) for data in data_of(spec)] == [len(CURVES)]


def test_history_has_a_panel_for_each_curve_and_keeps_marked_points() -> None:
    long = History([1.0] * 3000, [1.0] * 3000)
    spec = history_chart(long, 2999, 1001, alt="flat").to_dict()
    curves = [data for data in data_of(spec) if len(data) > 1]
    assert len(spec["vconcat"]) == len(curves) == 2
    assert all(len(data) <= 502 and {1001, 2999} <= {row["iteration"] for row in data} for data in curves)
    assert len(FIGURES["history_chart"]("curves").to_dict()["vconcat"]) == 3


def test_renderer_speaks_jupyterlabs_vega_lite_and_names_no_other_address(enabled: None) -> None:
    bundle, metadata = FIGURES["gap_chart"]("scores")._repr_mimebundle_()
    spec = bundle["application/vnd.vegalite.v5+json"]
    assert spec["description"] == "scores"
    assert spec["config"]["background"] == "#FFFFFF"
    assert json.dumps(spec).count("http") == json.dumps(spec["$schema"]).count("http") == 1
    drawn = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert drawn.width / metadata["image/png"]["width"] == pytest.approx(1.5, abs=0.01)


def test_chart_bytes_have_the_theme_whether_enabled_or_not() -> None:
    chart = FIGURES["gap_chart"]("scores")
    with altair.theme.enable("dark"):
        inside = plot.figure_bytes(chart)
    with altair.theme.enable("mrilib"):
        assert inside == chart_png(chart.to_dict(), scale=2)


def test_charts_fit_jupyterlabs_output_area() -> None:
    long = [{**row, "method": "joint on P + TTT, no early stopping"} for row in ROWS[:1]] + ROWS[1:]
    charts = [
        plot.gap_chart(long, alt="x"),
        *(FIGURES[name]("x") for name in FIGURES if name.endswith("chart")),
    ]
    assert max(pixels(chart).shape[1] for chart in charts) <= 2 * PAGE


def test_table_names_its_rows_and_columns() -> None:
    rows = [{"m": "a<b", "s": {"value": 0.5, "low": 0.4, "high": 0.6}}, {"m": "c", "s": 1 / 3, "n": 4}]
    table = plot.table(rows, {"m": "method", "s": "SSIM", "n": "slices"}, caption="Scores")
    html = table._repr_html_()
    assert html.count('scope="col"') == 3
    assert html.count('scope="row"') == 2
    assert "a&lt;b" in html
    assert table.cells == (("a<b", "0.500 [0.400, 0.600]", "–"), ("c", "0.333", "4"))
    assert repr(table).splitlines()[0] == "Scores"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (0.86712, "0.867"),
        (-0.00004, "0.000"),
        (31.2345, "31.2"),
        (1234.56, "1235"),
        (5.678, "5.68"),
        (1.0, "1.000"),
        ({"value": -0.0001, "low": -0.002, "high": 0.0001}, "0.000 [−0.002, 0.000]"),
        ({"value": 12.345, "low": 9.876, "high": 13.5}, "12.3 [9.9, 13.5]"),
        ({"value": 12.345, "low": None, "high": None}, "12.3 [n = 1: no interval]"),
        ({"value": None}, "– [n = 1: no interval]"),
    ],
)
def test_numbers_have_three_significant_digits_and_no_negative_zero(value: Any, cell: str) -> None:
    assert plot.table([{"m": "a", "s": value}], ["m", "s"]).cells == (("a", cell),)


def test_an_image_flatter_than_its_row_is_framed_at_its_own_height() -> None:
    flat, tall = (Tile(np.zeros((rows, 4), np.uint8)) for rows in (2, 4))
    picture = compose([[flat, tall]], "a flat and a tall image")
    column = np.asarray(Image.open(io.BytesIO(picture.png)).convert("L"))[:, 2 * (MARGIN + 150)]
    assert (column < 128).sum() == pytest.approx(2 * 150, abs=4)
    inked = np.flatnonzero(column < 250)
    assert len(inked) == inked[-1] - inked[0] + 1, "no white band between the image and its frame"


@pytest.mark.parametrize(("value", "cell"), [(0.0, "0"), (0.25, "0.25"), (-0.5, "−0.5"), (1.0, "1"), (512, "512")])
def test_a_number_that_names_its_row_has_no_needless_digits(value: float, cell: str) -> None:
    assert plot.table([{"c": value, "s": 0.5}], ["c", "s"]).cells == ((cell, "0.500"),)


def test_names_are_broken_at_marks_within_them_and_captions_not_within_dates() -> None:
    html = plot.table([{"m": "a", "s": "eq. (2), f(x=1)"}], ["m", "s"], caption="made 2026-11-21")._repr_html_()
    assert "eq. (2), f(<wbr>x=1)" in html
    assert '<caption>made <span style="white-space: nowrap">2026-11-21</span></caption>' in html


def test_tick_labels_that_do_not_fit_are_left_out_evenly() -> None:
    assert theme()["config"]["axisQuantitative"]["labelOverlap"] == "parity"


def test_intervals_are_never_broken_and_the_best_is_bold() -> None:
    row = {f"s{n}": {"value": 0.5, "low": 0.4, "high": 0.6} for n in range(9)}
    worse = {**row, "s0": {"value": 0.3, "low": 0.2, "high": 0.4}}
    html = plot.table([{"m": "a", **worse}, {"m": "b", **row}], ["m", *row], best=["s0"])._repr_html_()
    assert html.count("white-space: nowrap") == html.count("[") == 18
    assert html.count("<strong>") == 1
    assert "<strong>0.500" in html


def test_labels_of_a_logarithmic_axis_are_evenly_spread() -> None:
    assert log_ticks(range(1, 300)) == [1, 2, 5, 10, 20, 50, 100, 200]
    assert log_ticks([512, 256]) == [256, 512]


def test_a_legend_shows_points_where_points_are_drawn() -> None:
    points = plot.interval_chart(ROWS, "n", "value", "method", x_title="x", y_title="y", alt="x").to_dict()
    lines = FIGURES["lines_chart"]("two lines").to_dict()
    shapes = [spec["layer"][-1]["encoding"]["color"]["legend"]["symbolType"] for spec in (points, lines)]
    assert shapes == ["circle", "stroke"]


def test_a_table_without_rows_says_so() -> None:
    assert plot.table([], {"pair": "pair", "gap": "SSIM"}).cells == (("–", "–"),)


def test_save_writes_whole_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, picture = tmp_path / "figures" / "row.png", FIGURES["image_row"]("ramp")
    plot.save(picture, path)
    assert path.read_bytes() == picture.png

    def full_disk(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(OSError, match="disk full"):
        plot.save(FIGURES["kspace_row"]("k-space"), path)
    assert [file.name for file in path.parent.iterdir()] == ["row.png"]
    assert path.read_bytes() == picture.png


def test_a_title_of_two_lines_has_no_orphan() -> None:
    assert balanced("short", 20) == ["short"]
    assert balanced("one two three four five six seven", 30) == ["one two three four", "five six seven"]
    assert balanced("", 20) == []


def test_a_message_stands_above_the_picture_and_in_no_other_form_of_it():
    plain = compose([[Tile(np.zeros((4, 4), np.uint8))]], "a black square")
    bundle, _ = plain.titled("1 < 2")._repr_mimebundle_()
    assert bundle["text/html"].index("<b>1 &lt; 2</b>") < bundle["text/html"].index("<img ")
    assert "<b>" not in plain._repr_mimebundle_()[0]["text/html"]
    assert bundle["image/png"] == plain._repr_mimebundle_()[0]["image/png"]

"""Routes keep to what the notebooks need, their minutes add up, and every notebook says where it is on them."""

import re

import nbformat
import pytest
from tiny_project import REPOSITORY

from mrilib.classroom.routes import ALONE, NEEDS, ROUTES, TAG, strip, walk, with_strip
from mrilib.store.project import notebooks

PATHS = notebooks(REPOSITORY)
NUMBERS = [path.stem[:2] for path in PATHS]
PLAN = (REPOSITORY / "notebooks" / "README.md").read_text(encoding="utf-8")


def test_a_notebook_comes_after_what_it_builds_on():
    for position, number in enumerate(walk()):
        assert set(NEEDS.get(number, ())) <= set(walk()[:position]), number
    assert all(earlier in NUMBERS for needs in NEEDS.values() for earlier in needs)
    assert sorted([*walk(), *ALONE]) == NUMBERS, "each notebook once"


def test_minutes_add_up_with_the_exercises():
    assert [route.length for route in ROUTES] == [45, 45]
    assert [sum(route.minutes.values()) for route in ROUTES] == [39, 37]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_the_plan_has_the_same_stops_and_minutes(route):
    table = PLAN.partition(f"### {route.name}")[2].partition("###")[0]
    rows = re.findall(r"^\| (\d+) \| (?:\[(\d\d)\]\(\2_\w+\.ipynb\)|exercises) \|", table, re.MULTILINE)
    assert rows == [*((str(minutes), number) for number, minutes in route.minutes.items()), (str(route.exercises), "")]


FIGURE = re.compile(r"\b(?:keep|explore_\w+)\(")  # a cell that shows one


def test_strips_say_where_what_before_what_next_and_how_long():
    first, fourth, sixth = (strip(number, PATHS) for number in ("00", "04", "03"))
    assert "**45-minute route, step 1 of 5** · 5 minutes on this route · next: [01 forward model](01_" in first
    assert "previous:" not in first
    assert "step 4 of 5** · 8 minutes on this route · previous: [02 natural distribution shifts](02_" in fourth
    assert "next: [05 early stopping and ablation](05_early_stopping_and_ablation.ipynb)" in fourth
    assert "builds on [01](01_forward_model.ipynb), [02](02_natural_distribution_shifts.ipynb) · [all" in fourth
    assert "90-minute route, step 1 of 4** · 8 minutes on this route · previous: [05 early" in sixth
    assert "next:" not in strip("20", PATHS)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_below_the_first_figure_is_the_strip_that_the_script_writes(path):
    content = nbformat.read(path, as_version=4)
    written = [cell.source for cell in content.cells if TAG in cell.metadata.get("tags", ())]
    assert written == [strip(path.stem[:2], PATHS)], "python -m mrilib.classroom.routes"
    sources = [cell.source for cell in content.cells]
    figures = [n for n, cell in enumerate(content.cells) if cell.cell_type == "code" and FIGURE.search(cell.source)]
    assert sources.index(written[0]) == figures[0] + 1
    assert [cell.source for cell in with_strip(content, written[0]).cells] == sources, "twice is once"
    assert all((path.parent / target).is_file() for target in re.findall(r"\]\((.+?)\)", written[0]))

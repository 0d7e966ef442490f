"""The lesson plan promises only what the notebooks have: files, sections, exercises, terms."""

import re

import nbformat
import pytest
from tiny_project import REPOSITORY

PLAN = (REPOSITORY / "notebooks" / "README.md").read_text(encoding="utf-8")
GOALS = re.findall(r"^\| \d+ \| [^|]+ \| ([^|]+) \|$", PLAN, re.MULTILINE)
TERMS = ["k-space", "coil", "sensitivity map", "acceleration", "center fraction", "mask", "ACS", "zero-filled", "SENSE"]
TERMS += ["CG", "SSIM", "distribution shift", "P and Q", "joint training", "self-supervision", "TTT", "early stopping"]
TERMS += ["effective robustness", "distributional overfitting"]


def headings(number):
    """Section titles of a notebook."""
    path = next((REPOSITORY / "notebooks").glob(f"{number}_*.ipynb"))
    cells = nbformat.read(path, as_version=4).cells
    return re.findall(
        r"^#+ (.+)$", "\n".join(cell.source for cell in cells if cell.cell_type == "markdown"), re.MULTILINE
    )


def test_linked_files_are_there():
    links = re.findall(r"\]\(([^)#]+)\)", PLAN)
    assert len(links) >= 7
    assert all((REPOSITORY / "notebooks" / link).is_file() for link in links)


@pytest.mark.parametrize("answered", GOALS, ids=range(1, len(GOALS) + 1))
def test_each_goal_is_answered_by_a_section_that_exists(answered):
    parts = [part for part in answered.split(";") if "*" in part]
    number = ""
    for part in parts:
        found = re.match(r"\s*(\d\d)", part)
        number = found[1] if found else number
        for title in re.findall(r"\*([^*]+)\*", part):
            assert any(heading.startswith(title) for heading in headings(number)), f"{number} has no section {title}"


def test_there_are_goals_routes_pitfalls_and_terms():
    assert len(GOALS) == 10
    for words in ("### 45 minutes", "### 90 minutes", "### One day", "## Expected pitfalls", "**What students need.**"):
        assert words in PLAN
    for term in TERMS:
        assert re.search(rf"^\| \*\*{re.escape(term)}\*\* \| .{{20,}} \|$", PLAN, re.MULTILINE), term


def test_the_minutes_of_a_route_add_up():
    first = PLAN.partition("### 45 minutes")[2].partition("###")[0]
    second = PLAN.partition("### 90 minutes")[2].partition("###")[0]
    minutes = [sum(map(int, re.findall(r"^\| (\d+) \|", part, re.MULTILINE))) for part in (first, second)]
    assert minutes == [45, 45]


def test_exercises_named_in_the_plan_exist():
    for number, exercise in re.findall(r"\b(\d\d)\.(\d)\b", PLAN.partition("## Glossary")[0]):
        path = next((REPOSITORY / "notebooks").glob(f"{number}_*.ipynb"))
        assert f"{exercise}. **" in "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)

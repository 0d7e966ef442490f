"""Numbers in a notebook's prose come from its run: what a sentence states is printed by a cell, not typed."""

import re
from pathlib import Path

import pytest
from notebook_cells import read

from mrilib.store.project import find_root, notebooks

ROOT = find_root(Path(__file__).parent)
GENERATED = [path for path in notebooks(ROOT) if path.stem[:2] >= "10"]  # the others may follow
RESULT = re.compile(r"(?<![\w.])[+−-]?0?\.\d{2,}")  # a score or a difference of scores
ELSEWHERE = re.compile(r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|\[doi:[^\]]*\]")  # code, formulas, addresses
OF_THE_PAPER = {"12": {"0.001", "0.006"}}  # paper B, Table 2: behind in distribution and ahead at 3-fold
every_generated = pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.stem)


def prose(path):
    """Text before the exercises, which are worked with given numbers."""
    cells = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    return ELSEWHERE.sub("", "\n".join(cells).partition("## Exercises")[0])


@every_generated
def test_no_result_is_typed(path):
    assert set(RESULT.findall(prose(path))) <= OF_THE_PAPER.get(path.stem[:2], set())


@every_generated
def test_a_percentage_of_a_gap_is_not_typed(path):
    assert not re.findall(r"\d %[^.]{0,30}of the gap", prose(path))


@every_generated
def test_code_before_the_first_figure_is_folded(path):
    before = []
    for cell in read(path).cells:
        if cell.cell_type == "code":
            before.append(cell.metadata.get("jupyter", {}).get("source_hidden", False))
            if re.search(r"\bsetup\(", cell.source):
                break
    assert all(before)
    assert len(before) == 3, "imports, parameters, setup"


@every_generated
def test_a_figure_follows_the_setup(path):
    cells = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    at = next(n for n, source in enumerate(cells) if re.search(r"\bsetup\(", source))
    assert "keep(" in cells[at + 1], "the message first, and its figure with it"


@every_generated
def test_every_reference_can_be_followed(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    entries = re.findall(r"^- .+$", text.partition("## References")[2], re.MULTILINE)
    assert entries
    assert all("](https://" in entry for entry in entries)

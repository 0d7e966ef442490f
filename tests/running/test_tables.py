"""`mrilib tables check`: a row that comes out again holds, one that does not is told from it, and none is stored."""

import json
import math
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from mrilib.data.pictures import packed, unpacked
from mrilib.models.build import WeightsError
from mrilib.running.tables import TOLERANCE, check, differences, distance, make, named, shipped
from mrilib.store.project import UserError, find_root
from mrilib.store.tables import SHIPPED, StoredRow, StoredTable, entries

ROOT = find_root(SHIPPED.parent)


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    return tmp_path


def checked(folder, first, again, opened=dict):
    """Ship what `first` gives, then check it against `again`."""
    key = {"share": 0.5}
    made = StoredTable("tiny", {}, (), shipped=folder)
    made.row(key, first)
    made.ship([key])
    table = StoredTable("tiny", {}, (), shipped=folder)
    rows = [StoredRow(table, key, again, opened)]
    [found] = check(SimpleNamespace(rows=lambda device: rows), 2, seed=0, device="cpu")
    kept = json.loads(json.dumps(first()))
    assert StoredTable("tiny", {}, (), shipped=folder).row(key, again) == kept, "nothing is stored"
    return found


@pytest.mark.parametrize(("change", "holds"), [(0.0, True), (TOLERANCE / 2, True), (2 * TOLERANCE, False)])
def test_a_row_holds_within_the_tolerance(folder, change, holds):
    found = checked(folder, lambda: {"ssim": [0.5, 0.6]}, lambda: {"ssim": [0.5, 0.6 + change]})
    assert found.holds == holds
    assert found.largest == pytest.approx(change)


def test_a_row_is_compared_as_it_is_stored(folder):
    assert checked(folder, lambda: {"examples": {12: (0.5, 0.25)}}, lambda: {"examples": {12: (0.5, 0.25)}}).holds


def test_time_and_machine_are_not_compared(folder):
    assert checked(folder, lambda: {"ssim": 1, "seconds": 3.0}, lambda: {"ssim": 1, "seconds": 9.0}).holds


def test_two_that_make_a_table_at_once_both_end_with_it(folder):
    """The second one begins and ends while the first computes its second row."""
    table, computed = StoredTable("tiny", {}, (), shipped=folder), []

    def made():
        rows = [StoredRow(table, {"n": n}, lambda n=n: row(n)) for n in range(3)]
        toy = SimpleNamespace(name="tiny", file=folder / "tiny.json", rows=lambda device: rows)
        return make(toy, "cpu", lambda done, count: None)

    def row(n):
        computed.append(n)
        if computed == [0, 1]:
            made()
        return {"square": n * n}

    assert made() == folder / "tiny.json"
    found = {entry["key"]["n"]: entry["row"]["square"] for entry in StoredTable("tiny", {}, (), shipped=folder).shipped}
    assert found == {0: 0, 1: 1, 2: 4}
    assert not list((folder / "cache").rglob("making"))


def fail(error):
    raise error


def test_what_fails_is_named_and_does_not_hold(folder):
    found = checked(folder, lambda: {"ssim": 1}, lambda: fail(RuntimeError("no such scanner")))
    assert (found.holds, found.reason) == (False, "RuntimeError: no such scanner")
    found = checked(folder, lambda: {"ssim": 1}, lambda: fail(WeightsError("fetch them first")))
    assert (found.largest, found.reason) == (None, "fetch them first")


def test_images_stored_as_text_are_compared_as_images(folder, generator):
    image = torch.rand(6, 7, generator=generator)

    def rows(change):
        return lambda: {"image": packed((image + change).clamp(0, 1))}

    def opened(row):
        return {"image": unpacked(row["image"])}

    assert checked(folder, rows(0.0), rows(1 / 255), opened).holds, "one grey level"
    assert checked(folder, rows(0.0), rows(0.1), opened).largest == pytest.approx(0.1, abs=1 / 255)


@pytest.mark.parametrize("ruined", [math.nan, math.inf, None])
def test_a_ruined_score_does_not_hold_beside_good_ones(folder, ruined):
    assert not checked_against(folder, [0.5, 0.6, 0.7], [0.5, ruined, 0.7])
    assert not checked_against(folder, [0.5, 0.6, 0.7], [0.5, 0.6])


def checked_against(folder, stored, now):
    """Whether scores hold that are compared without being stored."""
    return checked(folder, lambda: {"ssim": stored}, lambda: {"ssim": now}).holds


def test_a_ruined_image_does_not_hold():
    assert distance(torch.ones(2, 2), torch.tensor([[1.0, math.nan], [1.0, 1.0]])) == math.inf
    assert distance(torch.ones(2, 2), torch.ones(2, 3)) == math.inf


def test_another_structure_is_infinitely_far():
    assert dict(differences({"a": 1}, {"b": 1})) == {"a": math.inf, "b": math.inf}
    assert dict(differences({"a": [1.0]}, {"a": [1.0, 2.0]})) == {"a": math.inf}
    assert distance(1.0, "1.0") == math.inf


def test_what_differs_is_named_the_farthest_first(folder):
    stored, now = {"ssim": [0.5, 0.6], "stopped": {"3": 40}}, {"ssim": [0.5, 0.7], "stopped": {"3": 90}}
    found = checked(folder, lambda: stored, lambda: now)
    assert found.beyond == ["stopped.3", "ssim.1"]
    assert found.said == "largest difference 5.0e+01; beyond the tolerance: 2 of 3, stopped.3, ssim.1"


def test_every_shipped_table_is_known_and_a_misspelt_name_is_answered():
    tables, files = shipped(ROOT), {file.stem for file in SHIPPED.glob("*.json")}
    assert files == set(tables)
    assert all(tables[name].entries for name in files)
    with pytest.raises(UserError, match="no table 'tabel_2'; did you mean 'table_2'"):
        named("tabel_2", ROOT)


class Squares:
    """A table of three rows, and which of them were computed."""

    name = "squares"

    def __init__(self, folder):
        self.computed = []
        self.file = folder / "squares.json"
        self.folder = folder

    def rows(self, device):
        table = StoredTable(self.name, {}, (), shipped=self.folder)
        return [StoredRow(table, {"n": n}, partial(self._square, n)) for n in (3, 1, 2)]

    def _square(self, n):
        self.computed.append(n)
        return {"square": n**2}

    @property
    def shipped(self):
        return [entry["row"]["square"] for entry in entries(self.file)]


def test_a_table_is_made_some_rows_at_a_time(folder):
    squares, shown = Squares(folder), []
    make(squares, "cpu", lambda done, count: shown.append((done, count)), 2)
    assert (squares.computed, squares.shipped) == ([3, 1], [9, 1]), "what is there is shipped, in the order of the rows"
    assert shown[-1] == (2, 3)
    make(squares, "cpu", lambda done, count: None, 2)
    assert (squares.computed, squares.shipped) == ([3, 1, 2], [9, 1, 4]), "goes on where it stopped"
    make(squares, "cpu", lambda done, count: None)
    assert squares.computed == [3, 1, 2, 3, 1, 2], "a finished table is made anew"

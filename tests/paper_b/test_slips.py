"""What Section 7 of paper B prints, computed again: what follows is not called a slip, what does not is."""

import pytest

from mrilib.data.collections import COLLECTIONS
from mrilib.paper_b.a_diverse_collection import slips
from mrilib.paper_b.a_diverse_collection.published import ARTEFACTS, DISTS, LPIPS, TABLE_1
from mrilib.paper_b.a_diverse_collection.slips import NOT, ROUNDED, checks, equal_cells, number, table_1


def found(words):
    return [one for one in checks() if words in one.item]


@pytest.mark.parametrize(("printed", "value"), [("385", 385), ("6.4k", 6400), ("42k", 42_000), ("100", 100)])
def test_counts_are_read_as_printed(printed, value):
    assert number(printed) == pytest.approx(value)


def test_every_dataset_and_every_cell_is_there():
    assert list(TABLE_1) == list(COLLECTIONS)
    for table in (LPIPS, DISTS, ARTEFACTS):
        assert all(len(row) == 7 for block in table.values() for row in block.values())
        assert all(len(block) == 4 for block in table.values())


def test_table_1_is_near_the_published_lists():
    rows = table_1()
    assert len(rows) == 17
    assert all(row["near"] for row in rows)
    assert next(row for row in rows if row["dataset"] == "CC-359 axial")["dropped"] == "50 + 0"


def test_the_vits_dists_are_the_u_nets():
    assert equal_cells(DISTS, "ViT", "U-Net") == (28, 28)
    assert equal_cells(DISTS, "VarNet", "U-Net")[0] < 3
    assert "copy" in found("DISTS of the ViT")[0].verdict


def test_means_are_those_of_their_rows_or_named():
    wrong = {one.printed: one for one in slips.means()}
    assert (wrong["245"].recomputed, wrong["245"].verdict) == ("249.5", NOT)
    assert (wrong["166"].recomputed, wrong["166"].verdict) == ("166.5", ROUNDED)
    assert not any("knee" in one.item for one in wrong.values())


def test_shares_counts_channels_and_acceleration():
    assert [one.recomputed for one in slips.shares()] == ["110 %"]
    assert [one.printed for one in slips.counts()] == ["91k"]
    channels, faster = slips.sensitivity_channels(), slips.acceleration()
    assert "9,340,868" in channels.printed
    assert "9,212,090" in channels.recomputed
    assert faster.recomputed.startswith("3.2")
    assert {slips.split().verdict, slips.validation().verdict} == {NOT}

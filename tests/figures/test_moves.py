"""A result that longer training moves is recorded in half widths, or with the reason why that cannot be said."""

from math import inf

import pytest

from mrilib.figures import rows


@pytest.mark.parametrize(("moved", "kept"), [(0.5, 0.5), (inf, "the result is undefined or has no interval")])
def test_a_move_is_recorded_if_there_is_one(monkeypatch, moved, kept):
    found = {}
    monkeypatch.setattr(rows, "record", found.__setitem__)
    rows.record_move("fraction_closed", moved)
    assert found == {"doubling_moves_fraction_closed": kept}

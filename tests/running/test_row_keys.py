"""Keys of stored rows contain what the code's digest leaves out: which data the two sides of a shift are."""

import json
from dataclasses import replace

import pytest
from records import record

from mrilib.beyond.ttt_for_any_network import tables as any_network
from mrilib.data import catalogue
from mrilib.paper_a.mixtures import tables as mixtures
from mrilib.paper_a.test_time_training import tables as test_time_training

MADE = {"03": mixtures, "04": test_time_training, "20": any_network}


def keys(number):
    found = [row.key for row in MADE[number].rows(record(number)) if row.key["shift"] == "acceleration"]
    return {json.dumps(key, sort_keys=True) for key in found}


@pytest.mark.parametrize("number", MADE)
@pytest.mark.parametrize("change", [{"q_acceleration": 8}, {"q": "knee_pdfs"}])
def test_another_q_gives_every_row_another_key(number, change, monkeypatch):
    before = keys(number)
    monkeypatch.setitem(catalogue.SHIFTS, "acceleration", replace(catalogue.SHIFTS["acceleration"], **change))
    after = keys(number)
    assert len(before) == len(after) > 0
    assert not before & after

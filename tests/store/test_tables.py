"""Stored tables: a row is found by key and settings, computed once, and never mixed up with another's."""

import json
import shutil

import pytest

from mrilib.store.tables import StoredTable

SETTINGS = {"epochs": 2, "rates": (1e-3, 2e-3)}


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))


def table(folder, **changes):
    return StoredTable("tiny", SETTINGS | changes, shipped=folder)


def never():
    raise AssertionError("computed again")


def test_a_row_is_computed_once(tmp_path):
    first = table(tmp_path).row({"share": 0.5}, lambda: {"ssim": [0.25, 0.5]})
    assert first == {"ssim": [0.25, 0.5]}
    assert table(tmp_path).row({"share": 0.5}, never) == first
    assert table(tmp_path).row({"share": 0.5}, lambda: {"ssim": [1.0]}, recompute=True) == {"ssim": [1.0]}
    assert table(tmp_path).row({"share": 0.5}, never) == {"ssim": [1.0]}


def test_other_keys_and_settings_are_other_rows(tmp_path):
    table(tmp_path).row({"share": 0.5}, lambda: {"ssim": 1})
    assert table(tmp_path).find({"share": 0.25}) is None
    assert table(tmp_path, epochs=3).find({"share": 0.5}) is None
    assert table(tmp_path).find({"share": 0.5})["made"]["seconds"] >= 0


def test_rows_made_here_go_before_shipped_ones_and_say_so(tmp_path):
    made = table(tmp_path)
    made.row({"share": 0.5}, lambda: {"ssim": 1})
    assert made.provenance([{"share": 0.5}]) == "computed on this machine"
    with pytest.raises(ValueError, match=r"'share': 0.75} was not computed yet"):
        made.ship([{"share": 0.75}])
    made.ship([{"share": 0.5}])
    shutil.rmtree(tmp_path / "cache")
    assert "stored with the package, made 20" in table(tmp_path).provenance([{"share": 0.5}])
    assert "(1 of 2 rows)" in table(tmp_path).provenance([{"share": 0.5}, {"share": 1.0}])
    assert table(tmp_path).row({"share": 0.5}, never) == {"ssim": 1}
    made.row({"share": 0.5}, lambda: {"ssim": 2}, recompute=True)
    assert table(tmp_path).row({"share": 0.5}, never) == {"ssim": 2}, "the next run finds what was computed since"
    assert table(tmp_path).provenance([{"share": 0.5}]) == "computed on this machine"
    assert table(tmp_path).ship([{"share": 0.5}]) == tmp_path / "tiny.json"
    shutil.rmtree(tmp_path / "cache")
    assert table(tmp_path).row({"share": 0.5}, never) == {"ssim": 2}


def test_a_row_says_how_it_was_made(tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_COMMAND", "mrilib tables make tiny")
    table(tmp_path).row({"share": 0.5}, lambda: {"ssim": 1})
    made = table(tmp_path).find({"share": 0.5})["made"]
    assert made["command"] == "mrilib tables make tiny"
    assert {"python", "torch", "mrilib"} <= made["versions"].keys()
    assert {"cpu", "cores", "gpu"} <= made["hardware"].keys()


def test_shipping_leaves_rows_of_other_settings(tmp_path):
    for epochs in (2, 3):
        table(tmp_path, epochs=epochs).row({"share": 0.5}, lambda: {"ssim": epochs})  # noqa: B023
        table(tmp_path, epochs=epochs).ship([{"share": 0.5}])
    shutil.rmtree(tmp_path / "cache")
    assert [table(tmp_path, epochs=one).row({"share": 0.5}, never)["ssim"] for one in (2, 3)] == [2, 3]


def test_half_a_file_is_computed_again(tmp_path):
    made = table(tmp_path)
    made.row({"share": 0.5}, lambda: {"ssim": 1})
    kept = next((tmp_path / "cache").rglob("*.json"))
    kept.write_text(kept.read_text()[:20])
    assert made.row({"share": 0.5}, lambda: {"ssim": 3}) == {"ssim": 3}
    assert json.loads(kept.read_text())["rows"][0]["row"] == {"ssim": 3}


def test_nan_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        table(tmp_path).row({"share": 0.5}, lambda: {"ssim": float("nan")})

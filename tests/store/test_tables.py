"""Stored tables: a row is found by key and settings, computed once, and never mixed up with another's."""

import json
import shutil

import pytest

from mrilib.store.project import UserError
from mrilib.store.sealed import sealed
from mrilib.store.tables import SHIPPED, StoredTable, entries, loaded_code

SETTINGS = {"epochs": 2, "rates": (1e-3, 2e-3)}


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))


def table(folder, **changes):
    return StoredTable("tiny", SETTINGS | changes, (), shipped=folder)


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
    with pytest.raises(ValueError, match=r"'share': 0.75} has not been computed yet"):
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


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:20],
        lambda text: text.replace('"ssim": 1', '"ssim": 2'),
        lambda text: '{"rows": null}',
        lambda text: '{"rows": [{"row": {"ssim": 2}}]}',
        lambda text: "[]",
        lambda text: "[" * 99_999,
    ],
    ids=["half", "a digit", "no rows", "no key", "a list", "deep"],
)
def test_a_damaged_row_is_computed_again_with_a_line(tmp_path, damage):
    made = table(tmp_path)
    made.row({"share": 0.5}, lambda: {"ssim": 1})
    [kept] = (tmp_path / "cache").rglob("*.json")
    kept.write_text(damage(kept.read_text()))
    with pytest.warns(UserWarning, match=rf"{kept.name}: .*; it is made again"):
        assert made.row({"share": 0.5}, lambda: {"ssim": 3}) == {"ssim": 3}
    assert json.loads(kept.read_text())["rows"][0]["row"] == {"ssim": 3}
    assert made.row({"share": 0.5}, never) == {"ssim": 3}


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"rows": null}', '{"rows": []}', json.dumps(sealed({"rows": None}))]
    + [json.dumps(sealed({"rows": [one]})) for one in (3, {"row": {}}, {"key": {}, "settings": {}, "row": {}})],
)
def test_a_damaged_table_of_the_package_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "tiny.json").write_text(content)
    with pytest.raises(UserError, match=r"tiny\.json: not a complete .*mrilib tables make tiny") as error:
        table(tmp_path)
    assert "\n" not in str(error.value)


def test_a_flipped_digit_in_a_table_of_the_package_is_refused(tmp_path):
    table(tmp_path).row({"share": 0.5}, lambda: {"ssim": 0.25})
    file = table(tmp_path).ship([{"share": 0.5}])
    file.write_text(file.read_text().replace("0.25", "0.35"))
    with pytest.raises(UserError, match=r"tiny\.json: damaged"):
        table(tmp_path)


def test_rows_of_other_code_are_computed_again_and_shipped_ones_say_so(tmp_path, library):
    def of_solvers():
        loaded_code.cache_clear()  # another process
        return StoredTable("tiny", SETTINGS, {"mrilib.solvers"}, shipped=tmp_path)

    made = of_solvers()
    made.row({"share": 0.5}, lambda: {"ssim": 1})
    made.row({"share": 1.0}, lambda: {"ssim": 1})
    made.ship([{"share": 1.0}])
    assert made.find({"share": 0.5})["code"]["modules"] == ["mrilib.solvers"]
    solvers = library / "solvers.py"
    source = solvers.read_text()
    solvers.write_text(source + "\n# a remark\n")
    assert of_solvers().row({"share": 0.5}, never) == {"ssim": 1}
    solvers.write_text(source + "\nFASTER = True\n")
    changed = of_solvers()
    assert changed.row({"share": 0.5}, lambda: {"ssim": 2}) == {"ssim": 2}
    assert changed.row({"share": 1.0}, never) == {"ssim": 1}, "shipped rows stand until they are made again"
    assert changed.provenance([{"share": 0.5}]) == "computed on this machine"
    assert changed.provenance([{"share": 1.0}]).endswith(", by older code")
    solvers.write_text(source)
    assert of_solvers().row({"share": 0.5}, never) == {"ssim": 1}, "and the first is still there"
    assert not of_solvers().provenance([{"share": 1.0}]).endswith("older code")
    loaded_code.cache_clear()


def test_every_table_of_the_package_has_its_checksum():
    """After a merge that changes one: `StoredTable._write` of its rows."""
    for file in SHIPPED.glob("*.json"):
        assert entries(file), file


def test_nan_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        table(tmp_path).row({"share": 0.5}, lambda: {"ssim": float("nan")})

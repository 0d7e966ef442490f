"""What notebooks record: flat names, plain numbers, the same bytes; and the library's source on the page."""

import json

import pytest
import torch

from mrilib.figures import notebook
from mrilib.figures.notebook import record, record_input, record_table, run_dir, setup, show_source
from mrilib.figures.rows import record_interval
from mrilib.fourier import fft2c
from mrilib.gap import mean_interval
from mrilib.store.records import fingerprint, noted


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_RUN_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("MRILIB_RUN_KEY", "k")
    monkeypatch.setattr(notebook, "enable", lambda: None)
    return tmp_path / "run"


def results(folder):
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def test_setup_starts_afresh_and_leaves_the_random_state_alone(folder):
    record("old", 1)
    before = torch.random.get_rng_state()
    assert setup(seed=7, device="cpu") == torch.device("cpu")
    assert torch.equal(before, torch.random.get_rng_state())
    assert set(results(folder)) == {"run"}
    described = results(folder)["run"]
    assert (described["seed"], described["device"], described["key"]) == (7, "cpu", "k")
    assert {"hardware", "versions"} <= described.keys()


def test_the_same_records_give_the_same_bytes(folder):
    texts = []
    for _ in range(2):
        setup()
        record("fraction_closed", torch.tensor(0.9), 0.8, 1.0, n=4)
        texts.append((folder / "results.json").read_bytes())
    assert texts[0] == texts[1]


def test_results_are_flat_names_with_plain_values(folder):
    record("fraction_closed", 0.9, low=torch.tensor(0.75), high=1, n=4)
    record("gap", torch.tensor([0.5], requires_grad=True))
    record("curve", torch.tensor([0.25, 0.5]))
    record("count", 3, n=2)
    record("note", "gë")
    assert results(folder) == {
        "fraction_closed": {"value": 0.9, "low": 0.75, "high": 1, "n": 4},
        "gap": 0.5,
        "curve": [0.25, 0.5],
        "count": {"value": 3, "n": 2},
        "note": "gë",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a", float("nan")), "'a'.*finite"),
        (("a", torch.tensor(float("inf"))), "'a'.*finite"),
        (("a", 1 + 2j), "'a'.*finite"),
        (("a", 1.0, 0.5), "'a'.*both low and high"),
        (("a", 1.0, float("-inf"), float("inf"), 12), "'a'.*finite"),
        (("a", 1.0, 2.0, 0.5), "'a'.*low 2.0 is above high 0.5"),
        (("a b", 1.0), "expected a name like 'fraction_closed', got 'a b'"),
        (("run", 1.0), "got 'run'"),
    ],
)
def test_what_is_no_result_is_refused_by_name(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        record(*arguments)
    assert not (folder / "results.json").exists()


def test_what_one_slice_leaves_open_is_left_out_and_said(folder):
    alone = mean_interval([0.5])
    record_interval("score", alone)
    shown = record_table("table", [{"method": "joint", "ssim": {"value": 0.5, "low": alone.low, "high": alone.high}}])
    found = results(folder)
    assert found["score"] == {"value": 0.5, "n": 1}
    assert found["table"] == [{"method": "joint", "ssim": {"value": 0.5}}]
    assert shown.cells == (("joint", "0.500 [n = 1: no interval]"),)


def test_a_range_of_one_value_is_no_interval(folder):
    record("seconds", 27.4, 27.4, 27.4, 1)
    record("more_seconds", 2.0, 1.0, 9.0, 3)
    assert results(folder) == {
        "seconds": {"value": 27.4, "n": 1},
        "more_seconds": {"value": 2.0, "low": 1.0, "high": 9.0, "n": 3},
    }


def test_a_table_is_recorded_and_shown(folder):
    shown = record_table("table_2", [{"model": "<P>", "ssim": {"value": 0.51234, "low": 0.5, "high": 0.6}}, {"n": 3}])
    assert results(folder)["table_2"][0]["ssim"]["value"] == 0.51234
    assert "&lt;P&gt;" in shown._repr_html_()
    assert str(shown).splitlines()[1].split() == ["<P>", "0.512", "[0.500,", "0.600]", "–"]
    assert str(shown).splitlines()[2].split() == ["–", "–", "3"]


def test_inputs_are_noted_for_the_cache(folder, tmp_path):
    data = tmp_path / "k.h5"
    data.write_bytes(b"kspace")
    assert record_input(data) == data
    assert noted(folder) == {str(data): fingerprint(data)}
    with pytest.raises(OSError, match=r"nowhere\.h5"):
        record_input(tmp_path / "nowhere.h5")


def test_by_hand_results_go_to_the_project(tmp_path, monkeypatch):
    for name in ("notebooks", "params"):
        (tmp_path / name).mkdir()
    monkeypatch.delenv("MRILIB_RUN_DIR", raising=False)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.chdir(tmp_path / "notebooks")
    assert run_dir() == tmp_path / "runs" / "interactive"
    monkeypatch.setenv("JPY_SESSION_NAME", "/a/notebooks/04_x.ipynb")
    assert run_dir() == tmp_path / "runs" / "interactive" / "04_x"


def test_source_is_shown_as_it_is_in_the_library(folder):
    shown = show_source(fft2c).data
    assert shown.startswith("`mrilib/fourier.py`, line ")
    assert "```python\ndef fft2c(" in shown
    assert '"""' in shown, "with its docstring"
    assert "mrilib/fourier.py" in noted(folder), "a comment in it changes the page"
    with pytest.raises(ValueError, match="show_source: expected a function or class written in Python"):
        show_source(len)


@pytest.mark.parametrize("name", ["tpu-x", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(ValueError, match="device: "):
        notebook.choose_device(name)

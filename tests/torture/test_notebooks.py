"""Every notebook with one test slice, by plain papermill, in a foreign folder, with nothing of the user's writable."""

import json
from pathlib import Path

import pytest
from homeless import papermill_elsewhere
from records import ROOT, record

from mrilib.data.fetch import locate
from mrilib.running.parameters import read_profile
from mrilib.store.project import SMOKE, notebooks, profile_file, profile_of

STARTUP = """
from mrilib.paper_b import protocol
from mrilib.train import networks
networks.VALIDATION_SLICES = protocol.VALIDATION_PER_PART = 1
"""  # which the kernel runs first
NETWORK = {"chans": 2, "num_pool_layers": 1, "num_cascades": 1, "varnet_chans": 1, "epochs": 1}
COLLECTION = {"train_slices": 100, "other_slices": 11}  # one of each population at least
SMALL = {  # by number: parameters of a run of a minute, where nothing is stored for one test slice
    "05": NETWORK
    | {"train_slices": 4, "validation_slices": 1, "num_cascades": 0, "ttt_iterations": 100, "long_iterations": 100},
    "07": NETWORK | {"train_slices": 4, "ttt_iterations": 4},
    "08": {"validation_slices": 1, "rates": [2e-3], "max_epochs": 2, "ttt_iterations": 4, "untrained_iterations": 4},
    "10": NETWORK | {"train_slices": 4, "ttt_iterations": 4, "recompute": "missing"},
    "11": NETWORK | {"train_slices": 20},
    "12": NETWORK | {"train_slices": 40, "best_slices": 1},
    "13": NETWORK | {"train_slices": 4},
    "14": NETWORK | {"train_slices": 16, "varnet_slices": 16, "varnet_epochs": 1},
    "15": NETWORK | COLLECTION,
    "16": {"validation_slices": 1, "weights": [1e-3, 4e-3], "others": []},
    "17": NETWORK | COLLECTION | {"fine_slices": 6, "fine_epochs": 1},
    "18": NETWORK | {"train_slices": 32, "ttt_iterations": 4},
    "20": {"ttt_iterations": 4, "free_iterations": 4, "holdout_seeds": 2, "seed_slices": 2},
}


def parameters(path: Path) -> dict[str, object]:
    """Values of a short run with one test slice."""
    known = record(path.stem[:2]).declared()
    profile = profile_file(path, profile_of(path, SMOKE, ROOT), ROOT)
    wanted = {"test_slices": 1} | SMALL.get(path.stem[:2], {})
    return read_profile(profile) | {name: value for name, value in wanted.items() if name in known}


@pytest.mark.torture
@pytest.mark.parametrize("path", notebooks(ROOT), ids=lambda path: path.stem)
def test_one_test_slice_is_enough_in_a_foreign_folder(path, tmp_path, tally, monkeypatch):
    values = parameters(path)
    missing = [name for name in record(path.stem[:2]).datasets if locate(name) is None]
    if missing:
        pytest.skip(f"needs mrilib data get {missing[0]}")
    (tmp_path / "startup.py").write_text(STARTUP, encoding="utf-8")
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "startup.py"))
    done = papermill_elsewhere(tmp_path, path, "-y", json.dumps(values))
    said = "right" if done.returncode == 0 else f"traceback: {done.stderr[-300:]}"
    tally.note("one test slice", said, path.stem)
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8"))
    assert len(results) > 1
    ones = [entry for entry in results.values() if isinstance(entry, dict) and entry.get("n") == 1]
    assert not [entry for entry in ones if "low" in entry], "one slice has no interval"

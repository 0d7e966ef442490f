"""One file of each kind is changed, and exactly the notebooks that depend on it are stale."""

from pathlib import Path

import nbformat
import pytest
import torch
from tiny_slices import tiny_model

from mrilib.data.volumes import read_slice, write_volume
from mrilib.running.manifest import run_key, unchanged
from mrilib.store.project import find_root, notebooks
from mrilib.store.records import noted
from mrilib.store.tables import StoredTable
from mrilib.train.checkpoints import load_weights, save_weights

ROOT = find_root(Path(__file__).parent)
NOTEBOOKS = {path.stem[:2]: nbformat.read(path, 4) for path in notebooks(ROOT)}
PAPER_B = {"11", "12", "13", "14", "15", "16", "17", "18"}
EVERY = set(NOTEBOOKS)


def made_keys():
    return {number: run_key(notebook, {}) for number, notebook in NOTEBOOKS.items()}


STALE = {  # a file of the package, and the notebooks that reach it
    "classroom/texts.py": set(),
    "cli.py": set(),
    "running/claims.py": set(),
    "subspace.py": {"06"},
    "paper_a/provable_adaptation/report.py": {"06"},
    "paper_a/mixtures/explorer.py": {"03"},
    "paper_a/schemes.py": {"02", "04", "09", "20"},
    "paper_b/protocol.py": PAPER_B | {"19"},
    "paper_b/effective_robustness/table_2.py": {"12"},
    "figures/canvas.js": {"19"},
    "ttt.py": {"02", "04", "05", "07", "08", "09", "10", "18", "19", "20"},
    "fourier.py": EVERY - {"06"},
    "store/parameters.py": EVERY,
    "figures/theme.py": EVERY,
}


def test_a_changed_source_makes_those_stale_that_reach_it(library):
    before = made_keys()
    for name, stale in STALE.items():
        file = library / name
        content = file.read_text(encoding="utf-8")
        file.write_text(content + ("\n" if file.suffix == ".js" else "\n# changed\n"), encoding="utf-8")
        after = made_keys()
        file.write_text(content, encoding="utf-8")
        assert {number for number in before if before[number] != after[number]} == stale, name
    assert made_keys() == before


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    monkeypatch.setenv("MRILIB_RUN_DIR", str(folder))
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    return folder


def test_tables_weights_and_data_are_noted_as_they_are_read(run_folder, tmp_path, generator):
    (tmp_path / "tiny.json").write_text('{"rows": []}')
    weights = tmp_path / "net.safetensors"
    save_weights(weights, tiny_model(), {"architecture": {"name": "unet", "chans": 4, "num_pool_layers": 2}})
    volume = tmp_path / "file.h5"
    write_volume(volume, torch.complex(*torch.randn(2, 1, 2, 16, 16, generator=generator)))
    write_volume(tmp_path / "cache" / "other.h5", torch.complex(*torch.randn(2, 1, 2, 16, 16, generator=generator)))
    assert noted(run_folder) == {}, "what was not read is no input"
    StoredTable("tiny", {}, (), shipped=tmp_path)
    load_weights(weights)
    read_slice(volume, 0)
    read_slice(tmp_path / "cache" / "other.h5", 0)
    inputs = noted(run_folder)
    read = {Path(path).name for path in inputs}
    assert read == {"tiny.json", "net.safetensors", "net.json", "file.h5"}, "files of the cache follow from others"
    assert unchanged(inputs)
    for name in read:
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        assert not unchanged(inputs), name
        (tmp_path / name).write_bytes(content)
    assert unchanged(inputs)


def test_files_of_the_package_are_noted_by_their_place_in_it(run_folder):
    StoredTable("table_2", {"source": "simulated"}, ())
    assert list(noted(run_folder)) == ["mrilib/tables/table_2.json"]

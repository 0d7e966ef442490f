"""One line is changed in each kind of file, and exactly the results that depend on it are made again."""

from pathlib import Path

import nbformat
import pytest
import torch
from tiny_project import RECORD, make_project
from tiny_slices import tiny_model

from mrilib.data import simulated, sources
from mrilib.data.annotations import read_annotations
from mrilib.data.catalogue import distribution
from mrilib.data.volumes import read_slice, write_volume
from mrilib.paper_a import table_2
from mrilib.running.manifest import code_key, unchanged
from mrilib.store.code import code_digest
from mrilib.store.project import find_root, notebooks
from mrilib.store.records import fingerprint, noted
from mrilib.store.tables import StoredTable
from mrilib.train import adaptation
from mrilib.train.checkpoints import load_weights, save_weights
from mrilib.train.networks import NetworkSpec
from mrilib.train.recipe import Recipe

ROOT = find_root(Path(__file__).parent)
NOTEBOOKS = {path.stem[:2]: nbformat.read(path, 4) for path in notebooks(ROOT)}
EVERY = set(NOTEBOOKS)


def spec(name):
    return NetworkSpec("knee_pd", 4, Recipe(), {"name": name})


RESULTS = {  # what is kept, and the part of its name that follows from code
    "slices": lambda: simulated._store(distribution("knee_pd")).name,
    "U-Net": lambda: spec("unet").code,
    "ViT": lambda: spec("vit").code,
    "TTT": lambda: adaptation._code(tiny_model()),
    "rows": lambda: code_digest(table_2.stored("simulated").modules),
    "rows of wavelets": lambda: code_digest({"mrilib.paper_b.wavelets_need_tuning.experiment"}),
    "rows of ConvDecoder": lambda: code_digest({"mrilib.paper_a.zero_shot_and_untrained.tables"}),
}


def made():
    """Keys of all results, and of each notebook's run by its number."""
    pages = {number: code_key(notebook) for number, notebook in NOTEBOOKS.items()}
    return {name: key() for name, key in RESULTS.items()} | pages


PAPER_B = {"11", "12", "13", "14", "15", "16", "17", "18"}
ROWS = {"rows", "rows of wavelets", "rows of ConvDecoder"}
TRAINED = {"U-Net", "ViT"} | ROWS | EVERY - {"01", "06"}
ADAPTED = {"TTT", "rows", "rows of ConvDecoder", "00", "02", "04", "05", "07", "08", "09", "10", "18", "19", "20"}
SIMULATED = {"slices", "U-Net", "ViT"} | ROWS | EVERY - {"06"}

CHANGES = {  # a file of the package, something in it, what that becomes, and what is made again
    "the optimizer": ("train/recipe.py", "torch.optim.Adam(", "torch.optim.SGD(", TRAINED),
    "the training loop": ("train/training.py", "optimizer.step()", "pass", TRAINED),
    "an objective": ("train/objectives.py", "return batch.target if", "return batch.reference if", TRAINED),
    "a network": ("models/vit.py", "", "A = 1", TRAINED - {"U-Net"}),
    "the simulator": ("simulate/section.py", "", "A = 1", SIMULATED),
    "test-time training": ("ttt/stopping.py", "> sum(before)", ">= sum(before)", ADAPTED),
    "how it is timed": ("train/adaptation.py", "start = time.perf_counter()", "start = 0.0", ADAPTED),
    "a solver": ("solvers.py", "", "A = 1", set(RESULTS) | EVERY - {"06"}),
    "a metric": ("metrics.py", "", "A = 1", set(RESULTS) | EVERY - {"06"}),
    "the toy": ("subspace.py", "", "A = 1", {"06"}),
    "a report": ("paper_a/provable_adaptation/report.py", "", "A = 1", {"06"}),
    "an explorer": ("paper_a/mixtures/explorer.py", "", "A = 1", {"03"}),
    "a section": ("paper_b/effective_robustness/table_2.py", "", "A = 1", {"12"}),
    "what paper B's share": ("paper_b/protocol.py", "", "A = 1", {"rows of wavelets"} | PAPER_B | {"19"}),
    "the figures": ("figures/theme.py", "", "A = 1", EVERY),
    "a script": ("figures/canvas.js", "", "// a remark", {"19"}),
    "where results are kept": ("store/paths.py", "", "A = 1", EVERY),
    "the command": ("cli.py", "", "A = 1", set()),
    "the claims": ("running/claims.py", "", "A = 1", set()),
    "what data there are": ("data/catalogue.py", "", "A = 1", EVERY - {"06"}),
    "a comment": ("ttt/one_slice.py", "", "# a remark", set()),
    "a docstring": ("solvers.py", '"""', '"""In other words: ', set()),
}


def test_a_changed_line_makes_those_results_again_that_reach_it_and_no_others(library, tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    before = made()
    found = {}
    for what, (name, line, becomes, _) in CHANGES.items():
        file = library / name
        content = file.read_text(encoding="utf-8")
        assert line in content, name
        changed = content.replace(line, becomes, 1) if line else f"{content}\n{becomes}\n"
        file.write_text(changed, encoding="utf-8")
        after = made()
        file.write_text(content, encoding="utf-8")
        found[what] = {result for result in before if before[result] != after[result]}
    assert found == {what: again for what, (_, _, _, again) in CHANGES.items()}
    assert made() == before


def test_cells_and_parameters_decide_and_remarks_on_parameters_do_not(tmp_path, monkeypatch):
    project = make_project(tmp_path)
    monkeypatch.chdir(project.root)
    path = project.notebook("01_tiny", RECORD)
    project.profile("01_tiny", "steps: 4\n")
    key = project.plan(path).key
    project.profile("01_tiny", "# a remark\nsteps: 4\nrate: 1e-3  # as it is without\n")
    assert project.plan(path).key == key
    project.profile("01_tiny", "steps: 5\n")
    assert project.plan(path).key != key
    project.profile("01_tiny", "steps: 4\n")
    (project.root / ".ci").mkdir()
    (project.root / ".ci" / "constraints.txt").write_text("numpy==0.1\n")
    assert project.plan(path).key == key, "what is installed decides, not what should be"
    project.notebook("01_tiny", RECORD, "1 + 1")
    assert project.plan(path).key != key


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    monkeypatch.setenv("MRILIB_RUN_DIR", str(folder))
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    return folder


CSV = "file,slice,study_level,x,y,width,height,label\nfile,0,No,1,2,3,4,Edema\n"


def test_tables_weights_and_data_are_noted_as_they_are_read(run_folder, tmp_path, generator):
    StoredTable("tiny", {}, (), shipped=tmp_path).row({}, dict)
    StoredTable("tiny", {}, (), shipped=tmp_path).ship([{}])
    weights, other = tmp_path / "net.safetensors", tmp_path / "never loaded.safetensors"
    for path in (weights, other):
        save_weights(path, tiny_model(), {"architecture": {"name": "unet", "chans": 4, "num_pool_layers": 2}})
    volume, fetched = tmp_path / "file.h5", tmp_path / "cache" / "data" / "fetched.h5"
    for path in (volume, fetched, tmp_path / "cache" / "simulated.h5"):
        write_volume(path, torch.complex(*torch.randn(2, 1, 2, 16, 16, generator=generator)))
    (tmp_path / "brain.csv").write_text(CSV)
    assert noted(run_folder) == {}, "what was not read is no input"
    StoredTable("tiny", {}, (), shipped=tmp_path)
    load_weights(weights)
    read_annotations(tmp_path / "brain.csv")
    for path in (volume, fetched, tmp_path / "cache" / "simulated.h5"):
        read_slice(path, 0)
    inputs = {Path(path): seen for path, seen in noted(run_folder).items()}
    assert {path.name for path in inputs} == {
        "tiny.json",
        "net.safetensors",
        "net.json",
        "file.h5",
        "fetched.h5",
        "brain.csv",
    }, "other files of the cache follow from these"
    other.write_bytes(b"")
    assert unchanged(inputs)
    for path in inputs:
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        assert not unchanged(inputs), path
        path.write_bytes(content)
    assert unchanged(inputs)


def test_a_list_of_files_is_noted_with_those_that_are_not_taken(run_folder, tmp_path, monkeypatch, generator):
    """A new file moves the list; a checksum beside a file does not."""
    monkeypatch.setenv("MRILIB_DATA", str(tmp_path / "data"))
    entry = distribution("knee_pd")
    folder = sources.folder_of(entry, "train")
    write_volume(folder / "b.h5", torch.complex(*torch.randn(2, 1, 2, 16, 16, generator=generator)))
    sources.list_files(entry, "train")
    inputs = noted(run_folder)
    assert inputs == {str(folder): fingerprint(folder)}
    (folder / "b.h5.sha256").write_text("0  b.h5\n")
    assert unchanged(inputs)
    (folder / "a.h5").write_bytes(b"unreadable")
    assert not unchanged(inputs)


def test_files_of_the_package_are_noted_by_their_place_in_it(run_folder):
    StoredTable("table_2", {"source": "simulated"}, ())
    assert list(noted(run_folder)) == ["mrilib/tables/table_2.json"]

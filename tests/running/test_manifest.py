"""Whether a run still stands: every change is noticed, and a reader sees a run complete or not at all."""

import json
import os
import shutil
from pathlib import Path

import pytest
from tiny_project import RECORD, Project, files_below, make_project

from mrilib.running import manifest, runner
from mrilib.running.runner import publish


@pytest.fixture
def project(tmp_path, monkeypatch):
    made = make_project(tmp_path)
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    return made


@pytest.fixture
def finished(project):
    """A job whose results are there, without the seconds that a kernel takes."""
    job = project.plan(project.notebook("01_tiny", RECORD))
    return finish(project, job), project


def finish(project: Project, job, inputs=None):
    partial = project.root / "partial"
    partial.mkdir()
    (partial / f"{job.name}.ipynb").write_text("{}")
    (partial / "results.json").write_text('{"a": 1}')
    described = {"notebook": job.name, "profile": job.profile, "given": job.given, "params": job.record.values}
    job.folder.mkdir(parents=True, exist_ok=True)
    publish(partial, job.folder, manifest.build(partial, job.root, job.key, described, inputs or {}, 0.0))
    shutil.rmtree(partial)
    return job


def test_what_is_known_before_a_run_makes_it_stale(finished, monkeypatch):
    job, project = finished
    assert manifest.is_current(job.folder, project.plan(job.notebook).key)
    assert project.plan(job.notebook, given={"rate": 2}).key != job.key, "a parameter"
    project.notebook("01_tiny", RECORD + "\n")
    changed = project.plan(job.notebook).key
    assert changed != job.key, "a cell"
    seen = []
    monkeypatch.setattr(manifest, "versions", lambda packages: seen.extend(packages) or dict.fromkeys(packages, "0"))
    assert project.plan(job.notebook).key != changed, "a version"
    assert {"torch", "numba", "scipy", "pydantic-core"} <= set(seen), "also of what the dependencies require"
    assert not {"tornado", "nbconvert", "certifi"} & set(seen), "but not of what shows pages"
    assert {"torch", "altair", "h5py", "sigpy", "numpy"} <= set(manifest.dependencies())


@pytest.mark.parametrize("limit", [2**20, 2], ids=["hashed", "by size and time"])
def test_a_changed_or_missing_input_makes_a_run_stale(project, monkeypatch, limit):
    monkeypatch.setattr("mrilib.store.records.LARGE_FILE", limit)
    data = project.root / "data.h5"
    data.write_bytes(b"kspace")
    seen = {str(data): manifest.fingerprint(data)}
    job = finish(project, project.plan(project.notebook("01_tiny", RECORD)), seen)
    assert manifest.is_current(job.folder, job.key)
    data.write_bytes(b"KSPACE")
    os.utime(data, ns=(1, 1))
    assert not manifest.is_current(job.folder, job.key)
    data.unlink()
    assert not manifest.is_current(job.folder, job.key)


@pytest.mark.parametrize("damage", ["delete", "edit"])
def test_a_run_with_a_changed_file_is_no_run(finished, damage):
    job, _ = finished
    if damage == "delete":
        (job.folder / "01_tiny.ipynb").unlink()
    else:
        (job.folder / "results.json").write_text('{"a": 2}')
    assert manifest.read(job.folder) is None
    assert not manifest.is_current(job.folder, job.key)


@pytest.mark.parametrize("damage", ["half", "a digit", "a list", "outputs that are none", "of an older version"])
def test_a_damaged_manifest_is_no_run_and_is_replaced(finished, project, damage):
    job, _ = finished
    file = job.folder / "run.json"
    text = file.read_text()
    older = {name: one for name, one in json.loads(text).items() if name != "checksum"}
    file.write_text(
        {
            "half": text[: len(text) // 2],
            "a digit": text.replace('"steps": 3', '"steps": 2'),
            "a list": "[1, 2]",
            "outputs that are none": json.dumps(older | {"outputs": [1], "inputs": 3}),
            "of an older version": json.dumps(older),
        }[damage]
    )
    with pytest.warns(UserWarning, match=r"run\.json: .*; it is made again"):
        assert not manifest.is_current(job.folder, job.key)
    finish(project, job)
    assert manifest.is_current(job.folder, job.key)


def test_publishing_removes_what_the_run_before_left_and_nothing_else(finished, project):
    job, _ = finished
    outside = project.root / "outside.txt"
    outside.write_text("mine")
    (job.folder / "note.txt").write_text("mine")
    described = json.loads((job.folder / "run.json").read_text())
    described["outputs"] |= {"../../../outside.txt": "0", "old.svg": "0"}
    (job.folder / "run.json").write_text(json.dumps(described))
    for name in ("old.svg", "01_tiny.failed.ipynb"):
        (job.folder / name).write_text("")
    finish(project, job)
    assert files_below(job.folder) == ["01_tiny.ipynb", "note.txt", "results.json", "run.json"]
    assert outside.exists(), "a path out of a file must not lead outside"


def test_a_reader_never_sees_a_manifest_beside_files_of_another_run(finished, project, monkeypatch):
    job, _ = finished
    states = []
    replace = os.replace

    def watched(source, target):
        if not Path(target).name.startswith("run.json"):
            states.append((job.folder / "run.json").exists())
        replace(source, target)

    monkeypatch.setattr(runner.os, "replace", watched)
    finish(project, job)
    assert states == [False, False]

"""A classroom is made whole or not at all, replaces nothing that is not its own, and knows when it is damaged."""

import errno
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from command_line import refused
from tiny_project import REPOSITORY, files_below, make_project

from mrilib.classroom import check as classroom_check
from mrilib.classroom import classroom
from mrilib.classroom.files import project_files, read_manifest
from mrilib.cli import main

CACHED = """import os, pathlib
folder = pathlib.Path(os.environ["MRILIB_CACHE"])
folder.mkdir(exist_ok=True)
(folder / "slice.h5").write_bytes(b"slice")"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    made = make_project(tmp_path)
    made.notebook("00_first", CACHED)
    made.notebook("07_later", "raise RuntimeError('not part of the course')")
    for name, text in (
        ("pyproject.toml", "[project]\nname = 'tiny'\nversion = '1'\n"),
        (".ci/constraints.txt", "numpy==2.4.6\n"),
        ("mrilib/__init__.py", ""),
        ("mrilib/weights/net.json", "{}"),
        ("mrilib/weights/net.safetensors", "weights"),
    ):
        path = made.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache of the user"))
    return made


@pytest.fixture
def rehearsed(monkeypatch):
    """Stands for running the course, which takes seconds."""
    monkeypatch.setattr(classroom, "rehearse", lambda root, cache, say: cache.mkdir(parents=True))


def make(*options, target="class"):
    assert main(["classroom", target, "--no-wheels", *options]) == 0
    return Path(target)


def test_what_the_course_reads_goes_into_the_folder(project, tmp_path, capsys):
    folder = make()
    assert (folder / "cache" / "slice.h5").read_bytes() == b"slice"
    assert not (tmp_path / "cache of the user").exists(), "the course ran with the classroom's cache"
    assert os.environ["MRILIB_CACHE"] == str(tmp_path / "cache of the user")
    there = files_below(folder)
    assert {"README.md", "start.sh", "start.bat", "classroom.json", "wheels/list.txt"} <= set(there)
    assert {"companion/notebooks/07_later.ipynb", "companion/mrilib/weights/net.safetensors"} <= set(there)
    assert sorted(read_manifest(folder)["files"]) == [name for name in there if name != "classroom.json"]
    assert os.access(folder / "start.sh", os.X_OK)
    assert "00_first" in capsys.readouterr().out


def test_a_check_runs_the_first_notebook_and_reports_damage(project, capsys, monkeypatch):
    monkeypatch.setattr(classroom_check, "ROOM", 0)
    folder = make()
    capsys.readouterr()
    assert main(["classroom", "--check", str(folder)]) == 0
    report = capsys.readouterr().out
    assert "unchanged" in report
    assert "00_first           ran in" in report
    notebook = folder / "companion" / "notebooks" / "00_first.ipynb"
    notebook.write_text(notebook.read_text() + "\n")
    assert main(["classroom", "--check", str(folder)]) == 0, "somebody's work is no fault"
    assert "missing  companion/notebooks/00_first.ipynb" in capsys.readouterr().out
    (folder / "companion" / "mrilib" / "weights" / "net.safetensors").write_text("w")
    (folder / "cache" / "slice.h5").unlink()
    assert main(["classroom", "--check", str(folder)]) == 1
    report = capsys.readouterr().out
    assert "broken   companion/mrilib/weights/net.safetensors" in report
    assert "broken   cache/slice.h5" in report
    assert "ran in" not in report, "a damaged folder is not run"


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda patch: patch.setattr(sys, "version_info", (3, 9, 1)), "Python 3.11 or newer"),
        (lambda patch: patch.setattr(classroom_check, "ROOM", 1e18), "GB, or copy the folder"),
        (lambda patch: patch.setattr(classroom_check, "MODULES", ("numpy", "no_such_package")), "no_such_package"),
    ],
)
def test_a_check_names_what_the_machine_lacks(project, rehearsed, capsys, monkeypatch, damage, named):
    folder = make()
    with monkeypatch.context() as patch:
        damage(patch)
        assert main(["classroom", "--check", str(folder)]) == 1
    assert named in capsys.readouterr().out


def test_a_failing_first_notebook_fails_the_check(project, rehearsed, capsys, monkeypatch):
    monkeypatch.setattr(classroom_check, "ROOM", 0)
    project.notebook("00_first", "raise RuntimeError('no slice')")
    assert main(["classroom", "--check", str(make())]) == 1
    assert "no slice" in capsys.readouterr().out


def test_the_archive_unpacks_to_a_whole_folder(project, rehearsed, tmp_path, capsys):
    make("--zip")
    assert main(["classroom", "class", "--zip", "--no-wheels"]) == 0, "its own archive may be replaced"
    with zipfile.ZipFile("class.zip") as archive:
        assert archive.getinfo("class/start.sh").external_attr >> 16 & 0o100, "may be executed"
        archive.extractall(tmp_path / "unpacked")
    assert classroom_check.changed(tmp_path / "unpacked" / "class") == []
    assert "unpack the archive" in refused(capsys, "classroom", "--check", "class.zip")
    assert files_below(Path()) == [name for name in files_below(Path()) if ".tmp" not in name]


@pytest.mark.parametrize("kind", ["folder", "file", "archive"])
def test_nothing_of_somebody_else_is_replaced(project, rehearsed, capsys, kind):
    target = Path("class.zip" if kind == "archive" else "class")
    if kind == "folder":
        target.mkdir()
        (target / "thesis.txt").write_text("years")
    elif kind == "file":
        target.write_text("years")
    else:
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("class/thesis.txt", "years")
    before = files_below(Path())
    options = ["--zip"] if kind == "archive" else []
    assert "not an mrilib classroom" in refused(capsys, "classroom", "class", "--no-wheels", *options)
    assert files_below(Path()) == before


def test_its_own_folder_is_replaced_unless_somebody_worked_in_it(project, rehearsed, capsys):
    folder = make()
    (project.root / "params" / "new.yaml").write_text("a: 1")
    make()
    assert (folder / "companion" / "params" / "new.yaml").is_file()
    (folder / "companion" / "notebooks" / "00_first.ipynb").write_text("{}")
    assert "00_first.ipynb has been changed" in refused(capsys, "classroom", "class", "--no-wheels")


def test_an_empty_folder_may_be_filled(project, rehearsed):
    Path("class").mkdir()
    assert read_manifest(make()) is not None


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        ("mrilib/weights/net.safetensors", "weights missing: net;"),
        ("pyproject.toml", "has no pyproject.toml"),
        (".ci/constraints.txt", "has no .ci/constraints.txt"),
    ],
)
def test_a_project_with_parts_missing_is_refused(project, capsys, lost, named):
    (project.root / lost).unlink()
    assert named in refused(capsys, "classroom", "class", "--no-wheels")
    assert not Path("class").exists()


def test_a_failing_notebook_leaves_nothing(project, capsys):
    project.notebook("03_broken", "1 / 0")
    assert main(["classroom", "class", "--no-wheels"]) == 1
    assert "03_broken" in capsys.readouterr().err
    assert not [name for name in os.listdir() if "class" in name]


def test_a_full_disk_is_one_line_and_leaves_nothing(project, rehearsed, capsys, monkeypatch):
    def full(folder, root):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(classroom, "write_manifest", full)
    assert main(["classroom", "class", "--no-wheels"]) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("mrilib: error")]
    assert len(errors) == 1
    assert "no space left" in errors[0]
    assert not [name for name in os.listdir() if "class" in name]


def test_pip_without_network_says_what_to_do(project, rehearsed, capsys, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    (project.root / "pyproject.toml").write_text(
        "[project]\nname = 'tiny'\nversion = '1'\ndependencies = ['nowhere-to-be-found']\n"
    )
    assert main(["classroom", "class"]) == 1
    error = capsys.readouterr().err
    assert "without internet access, use --no-wheels" in error
    assert error.count("\n") == 1
    assert not Path("class").exists()


def test_the_files_are_those_that_git_tracks_and_new_ones_of_the_rooms(project):
    assert "notebooks/00_first.ipynb" in project_files(project.root), "a project without git"
    if shutil.which("git") is None:
        pytest.skip("no git")
    os.system("git init -q . && git add pyproject.toml notebooks")
    (project.root / "diary.txt").write_text("private")
    found = project_files(project.root)
    assert "diary.txt" not in found
    assert {"pyproject.toml", "notebooks/00_first.ipynb", "mrilib/weights/net.json"} <= set(found)


def test_what_is_imported_is_what_the_package_depends_on():
    import tomllib

    renamed = {"pillow": "PIL", "pyyaml": "yaml", "vl-convert-python": "vl_convert"}
    wanted = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {name.split(">")[0] for name in wanted}
    assert {renamed.get(name, name).replace("-", "_") for name in names} == set(classroom_check.MODULES)


def test_the_manifest_is_readable(project, rehearsed):
    manifest = json.loads((make() / "classroom.json").read_text())
    assert manifest["python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert len(manifest["files"]["start.sh"]) == 64

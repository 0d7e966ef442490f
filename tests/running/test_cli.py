"""The command line: what it prints, its exit status, and one line for everything that is wrong."""

import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from command_line import refused
from format_files import make
from records import parameters_cell
from tiny_project import COUNT, PARAMETERS, RECORD, make_project

from mrilib.cli import main
from mrilib.running import doctor
from mrilib.running import weights as weights_recipe
from mrilib.running.batch import check_handles
from mrilib.store.paths import PACKAGE
from mrilib.store.project import UserError

SCANNER = "from mrilib.beyond.from_simulation_to_scanner.parameters import Parameters"  # which needs fetched data
SCANNER_CELL = parameters_cell("19")


@pytest.fixture
def project(tmp_path, monkeypatch):
    made = make_project(tmp_path)
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    return made


@pytest.fixture
def fetch(monkeypatch, tmp_path):
    """A stand-in for `mrilib.data.fetch`: one data set that is there, one that is not."""

    class FetchError(OSError):
        pass

    def get(name, source=None, progress=None):
        progress(1_000_000, 2_000_000)
        if source is None:
            raise FetchError(f"{name}: no network; give the file with --source")
        return tmp_path / name

    module = ModuleType("mrilib.data.fetch")
    entry = SimpleNamespace(description="a brain", licence="CC0", source_name="an index", size=52_000_000)
    contents = {
        "DATASETS": {"brain-vfa": entry, "knee": entry},
        "FetchError": FetchError,
        "get": get,
        "locate": lambda name: tmp_path if name == "knee" else None,
        "examined": lambda name: (tmp_path, str(tmp_path)) if name == "knee" else (None, "not fetched"),
    }
    module.__dict__.update(contents)
    monkeypatch.setitem(sys.modules, "mrilib.data.fetch", module)
    monkeypatch.setattr("mrilib.data.fetch", module, raising=False)
    return module


def test_without_a_command_or_a_notebook_help_is_shown(project, capsys):
    assert main([]) == 2
    assert "usage: mrilib" in capsys.readouterr().out
    assert main(["run"]) == 2
    assert "usage: mrilib run" in capsys.readouterr().out
    assert main(["data"]) == 2
    assert "{" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "04_test_time_trianing"], "no notebook '04_test_time_trianing' in"),
        (["run", "04_test_time_trianing"], "; did you mean '04_test_time_training'?"),
        (
            ["run", "elsewhere/04_test_time_training.ipynb"],
            "no such notebook; did you mean '04_test_time_training'?",
        ),
        (["run", "9"], "no notebook '9' in"),
        (["run", "04", "-p", "step", "3"], "-p: no parameter 'step'; did you mean 'steps'?"),
        (["run", "04", "-p", "steps", "abc"], "-p: steps: expected int, got 'abc'"),
        (["run", "04", "-p", "steps"], "-p steps: expected a value after the name"),
        (["run", "04", "-p", "steps", "1", "-p", "steps", "2"], "-p steps: given twice"),
        (["run", "04", "-j", "0"], "-j: expected a number of notebooks at a time, 1 to 256, got 0"),
        (["run", "04", "-j", "x"], "argument -j: invalid int value: 'x'"),
        (
            ["run", "04", "--profile", "papr"],
            "04_test_time_training has no profile 'papr'; did you mean 'paper'?",
        ),
        (["run", "05"], "quick.yaml: steps: expected int, got 'many'"),
        (["run", "06"], "06_broken.ipynb: not a Jupyter notebook: "),
        (["run", "07"], "'07' matches 2 notebooks: 07_a, 07_b"),
        (["runn"], "invalid choice: 'runn'"),
    ],
)
def test_what_the_user_got_wrong_is_one_line_and_status_2(project, capsys, arguments, message):
    project.notebook("04_test_time_training", RECORD)
    for profile in ("quick", "paper"):
        project.profile("04_test_time_training", "steps: 4\n", profile)
    project.notebook("05_wrong", RECORD)
    project.profile("05_wrong", "steps: many\n")
    (project.root / "notebooks" / "06_broken.ipynb").write_text("no json")
    for name in ("07_a", "07_b"):
        project.notebook(name, RECORD)
    assert message in refused(capsys, *arguments)
    assert not (project.root / "runs").exists(), "nothing ran"


def test_all_validates_everything_before_anything_runs(project, capsys):
    project.notebook("00_first", RECORD)
    project.notebook("01_second", RECORD, parameters="other: int = 1")
    assert "-p: no parameter 'steps'" in refused(capsys, "run", "--all", "-p", "steps", "4")
    assert not (project.root / "runs").exists()


def test_smoke_is_quick_where_a_notebook_has_no_smoke_profile(project):
    for name in ("00_short", "01_long"):
        project.notebook(name, RECORD)
        project.profile(name, "steps: 4\n")
    project.profile("01_long", "steps: 1\n", "smoke")
    assert main(["run", "--all", "--profile", "smoke"]) == 0
    runs = {str(file.parent.relative_to(project.root / "runs")) for file in project.root.glob("runs/*/*/run.json")}
    assert runs == {"00_short/quick", "01_long/smoke"}


def test_outside_a_project_the_error_says_where_to_go(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mrilib.store.project.__file__", str(tmp_path / "site-packages" / "mrilib" / "project.py"))
    assert "change to the project" in refused(capsys, "run", "--all")


def test_all_runs_what_it_can_and_reports_the_rest(project, fetch, capsys):
    project.notebook("00_good", COUNT, RECORD)
    project.notebook("01_bad", 'raise RuntimeError("no slices")')
    project.notebook("02_scanner", SCANNER, parameters=SCANNER_CELL)
    assert main(["run", "--all", "-j", "2"]) == 1, "a failure is a failure of the whole"
    printed = capsys.readouterr()
    assert "skipped  02_scanner  needs data; fetch them with: mrilib data get brain-vfa" in printed.out
    assert "done     00_good  quick  0:" in printed.out
    assert "fraction_closed                    0.3 [0.2, 1]" in printed.out
    assert str(Path("runs", "00_good", "quick", "00_good.ipynb")) in printed.out.splitlines(), "from here"
    assert "failed   01_bad" in printed.out
    assert "mrilib: error: 01_bad: cell In [2] failed: RuntimeError: no slices (kept: " in printed.err
    assert "Traceback" not in printed.out + printed.err
    assert main(["run", "0", "--runs-dir", "runs"]) == 0
    assert "cached   00_good" in capsys.readouterr().out
    assert Path("executed.txt").read_text() == "x"


@pytest.mark.parametrize(("workers", "allowed", "needed"), [(1, 127, 128), (3, 191, 192)])
def test_too_few_open_files_are_said_before_anything_runs(monkeypatch, workers, allowed, needed):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (allowed, allowed))
    with pytest.raises(UserError, match=f"only {allowed} files may be open .* ulimit -n {needed}"):
        check_handles(workers)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (needed, needed))
    check_handles(workers)


def test_a_notebook_asked_for_by_name_needs_its_data(project, fetch, capsys):
    project.notebook("19_scanner", SCANNER, parameters=SCANNER_CELL)
    message = refused(capsys, "run", "19")
    assert message.endswith(": 19_scanner needs data that are missing; fetch them with: mrilib data get brain-vfa\n")
    project.notebook("00_good", RECORD)
    assert main(["run", "00", "19"]) == 0, "of several, those that can"
    assert "skipped  19_scanner  needs data" in capsys.readouterr().out


@pytest.mark.parametrize("ready", [True, False])
def test_check_validates_and_runs_nothing(project, monkeypatch, capsys, ready):
    @dataclass
    class Report:
        lines: list[str]
        ready: bool

    seen = []
    module = ModuleType("mrilib.running.check")
    module.check = lambda name, values: seen.append((name, values)) or Report(["data: found"], ready)
    monkeypatch.setitem(sys.modules, "mrilib.running.check", module)
    project.notebook("04_tiny", RECORD)
    assert main(["run", "04", "--check", "-p", "rate", "-1e-3"]) == (0 if ready else 1)
    [(section, given)] = seen
    assert (section, given.values) == (None, {"steps": 3, "rate": -0.001})
    assert capsys.readouterr().out == "04_tiny (quick)\n  data: found\n"
    assert "steps: expected int" in refused(capsys, "run", "04", "--check", "-p", "steps=x")
    assert not (project.root / "runs").exists()


def test_data_are_listed_and_fetched_only_when_asked(fetch, capsys):
    assert main(["data", "list"]) == 0
    printed = capsys.readouterr().out
    assert "brain-vfa  not fetched" in printed
    assert "CC0; 52 MB from an index" in printed
    assert "7t_sagittal           7t           sagittal  brain     7       60,030  6,960" in printed
    assert "m4raw                 m4raw_t1, m4raw_t2, m4raw_flair" in printed
    assert "no dataset 'brain-vfaa'; did you mean 'brain-vfa'?" in refused(capsys, "data", "get", "brain-vfaa")
    assert main(["data", "get", "brain-vfa"]) == 1
    assert capsys.readouterr().err == "mrilib: error: brain-vfa: no network; give the file with --source\n"
    assert main(["data", "get", "brain-vfa", "--source", "a.tar.gz"]) == 0
    assert capsys.readouterr().out.endswith("brain-vfa\n")


def test_the_doctor_says_what_to_do_about_what_is_missing(fetch, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MRILIB_DATA", raising=False)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    for name in ("Python", "torch", "GPU", "CPU", "memory", "papermill", "cache"):
        assert f" {name} " in printed
    assert "mrilib data get brain-vfa" in printed
    assert "install chromium" in printed
    assert re.search(r"ok       tables, weights .* networks, intact", printed)
    assert "set it to the folder" in printed
    for name in ("MRILIB_DATA", "brain-vfa", "browser"):
        assert re.search(rf"^optional {name} ", printed, re.MULTILINE), "nothing that is needed"


def test_the_doctor_calls_a_gpu_optional(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    [gpu] = [finding for finding in doctor.torch() if finding.name == "GPU"]
    assert (gpu.state, gpu.found) == ("optional", "none found, and none needed")


def test_the_doctor_finds_what_is_broken(fetch, monkeypatch, capsys):
    def broken():
        raise RuntimeError("driver mismatch")

    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    monkeypatch.setattr(doctor, "cache", broken)
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert "broken   torch" in printed
    assert "RuntimeError: driver mismatch" in printed


def test_the_doctor_sees_that_a_cache_in_another_s_home_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "home" / "cache"))
    seen = os.stat

    def stat(path, *arguments, **options):
        if str(path).startswith(str(tmp_path / "home" / "cache")):
            raise PermissionError(13, "Permission denied", str(path))
        return seen(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path / "home")
    [found] = doctor.cache()
    assert (found.state, found.found) == ("missing", f"{tmp_path / 'home' / 'cache'} not writable")
    assert found.advice.startswith("set MRILIB_CACHE to a writable folder")


@pytest.mark.parametrize("kind", ["tables", "weights"])
def test_the_doctor_names_a_damaged_file_of_the_package(monkeypatch, tmp_path, capsys, kind):
    folder = shutil.copytree(PACKAGE / kind, tmp_path / kind)
    monkeypatch.setattr("mrilib.store.tables.SHIPPED" if kind == "tables" else "mrilib.train.networks.SHIPPED", folder)
    file = min(folder.glob("*.json"))
    file.write_text(file.read_text().replace("9", "8", 1))
    assert main(["doctor"]) == 1
    assert re.search(rf"broken   tables, weights +{re.escape(str(file))}: damaged", capsys.readouterr().out)


def test_claims_are_printed_as_table_and_as_json(project, capsys):
    text = "- {id: A/Table 1, claim: c, paper says: 98 %, margin: half, notebook: 04_x, predicate: [a >= 0]}\n"
    (project.root / "params" / "claims.yaml").write_text(text)
    assert main(["claims"]) == 0
    assert "1 tests: 0 reproduced, 0 differs, 0 undecided, 1 not run" in capsys.readouterr().out
    assert main(["claims", "--json", "--runs-dir", "elsewhere"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["verdict"] == "not run"


def test_a_terminal_sees_the_cells_go_by(project, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    project.notebook("00_good", "import time\ntime.sleep(1)", RECORD, parameters=PARAMETERS)
    assert main(["run", "0"]) == 0
    assert "00_good  cell " in capsys.readouterr().out


def test_train_says_when_there_is_nothing_to_train(capsys):
    assert main(["train", "06"]) == 2
    assert "06_provable_adaptation: trains no network" in capsys.readouterr().err


def test_train_takes_the_networks_of_any_notebook(monkeypatch):
    asked = []
    monkeypatch.setattr(weights_recipe, "train_all", lambda specs, *_: asked.extend(specs))
    assert main(["train", "07", "--shift", "modality", "--shift", "anatomy"]) == 0
    assert {spec.architecture["name"] for spec in asked} == {"two_head", "cycle"}
    assert {spec.distribution for spec in asked} == {"knee_pd", "brain_axt2", "brain_axt1pre"}


def test_convert_goes_on_after_a_file_it_cannot_read(tmp_path, capsys):
    good, _ = make("cc_359", "sagittal", tmp_path)
    command = ["data", "convert", "cc_359", str(tmp_path / "none.h5"), str(good), "--output", str(tmp_path / "out")]
    assert main([*command, "--view", "sagittal"]) == 1
    printed = capsys.readouterr()
    assert printed.out.strip() == str(tmp_path / "out" / good.name)
    assert "none.h5: no such file" in printed.err
    assert "1 of 2 files were not converted" in printed.err

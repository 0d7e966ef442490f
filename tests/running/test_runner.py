"""The safe runner: complete or not there, cached while nothing changed, no orphans, clear errors."""

import errno
import json
import os
import signal
from pathlib import Path

import nbformat
import pytest
from nbformat.sign import NotebookNotary
from tiny_project import COUNT, PID, RECORD, SLEEP, files_below, is_alive, make_project, wait_until

from mrilib.running import locks, runner
from mrilib.running.failures import RunError
from mrilib.running.kernels import Interrupted, Stop
from mrilib.running.manifest import is_current
from mrilib.running.runner import run, run_locked
from mrilib.store import code
from mrilib.store.tables import COMMAND

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")


@pytest.fixture
def project(tmp_path, monkeypatch):
    made = make_project(tmp_path)
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    return made


def test_a_run_leaves_notebook_results_figures_manifest_and_is_cached(project):
    figure = '(folder / "figures").mkdir()\n_ = (folder / "figures" / "a.svg").write_text("<svg/>")'
    path = project.notebook("01_tiny", COUNT, RECORD, figure)
    job = project.plan(path, given={"steps": "5"})
    seen = []
    assert run(job, on_cell=seen.append).status == "done"
    assert files_below(job.folder) == ["01_tiny.ipynb", "figures/a.svg", "results.json", "run.json"]
    assert json.loads((job.folder / "results.json").read_text())["fraction_closed"]["value"] == 0.5
    assert seen == list(range(6)), "title, parameters, injected, three cells"
    described = json.loads((job.folder / "run.json").read_text())
    assert described["params"] == {"steps": 5, "rate": 0.001}
    assert described["given"] == {"steps": 5}
    assert described["versions"]["torch"]
    assert described["hardware"]["cores"] >= 1
    assert run(project.plan(path, given={"steps": 5})).status == "cached"
    assert Path("executed.txt").read_text() == "x", "the second run did not execute"
    executed = nbformat.read(job.folder / "01_tiny.ipynb", 4)
    assert str(project.root) not in json.dumps(executed.metadata), "no path of this machine"
    notary = NotebookNotary()
    assert notary.check_signature(executed)
    notary.store.close()
    assert files_below(project.root / "runs" / "01_tiny")[0].endswith(".lock"), "and no partial folder"


def test_rows_that_a_notebook_stores_name_the_command_that_makes_them_again(project):
    job = project.plan(project.notebook("01_tiny", RECORD), given={"steps": "5"})
    assert runner.environment(job, Path("partial"), 1)[COMMAND] == "mrilib run 01_tiny --profile quick -p steps 5"


def test_the_notebook_is_saved_before_the_first_cell_and_after_the_last(project):
    """Saving all outputs so far twice a cell took longer than many a notebook."""
    job, sizes = project.plan(project.notebook("01_tiny", *["print('x' * 1000)"] * 5, RECORD)), []
    runs = job.folder.parent
    run(job, on_cell=lambda index: sizes.append([p.stat().st_size for p in runs.glob(".*.partial-*/01_tiny.ipynb")]))
    assert len(sizes) == 8, "title, parameters, six cells"
    assert len(sizes[0]) == 1
    assert sizes == sizes[:1] * 8
    assert (job.folder / "01_tiny.ipynb").stat().st_size > sizes[0][0] + 5000


def test_a_run_during_which_the_library_changed_is_not_current_even_if_it_changes_back(project, library, monkeypatch):
    path = project.notebook("01_tiny", "import mrilib.solvers", RECORD)
    job, solvers = project.plan(path), library / "solvers.py"
    source = solvers.read_text()
    monkeypatch.setattr(code, "LOADED", {solvers: solvers.stat().st_mtime_ns})
    assert run(job, on_cell=lambda index: solvers.write_text(source + "\nBROKEN = True\n")).status == "done"
    solvers.write_text(source)
    monkeypatch.setattr(code, "LOADED", {})  # another process
    assert project.plan(path).key == job.key
    assert not is_current(job.folder, job.key)
    assert run(job).status == "done"
    assert is_current(job.folder, job.key)


def test_two_runs_give_the_same_bytes(project):
    job = project.plan(project.notebook("01_tiny", RECORD))
    first = (run(job), (job.folder / "results.json").read_bytes())
    second = (run(job, force=True), (job.folder / "results.json").read_bytes())
    assert first[0].status == second[0].status == "done"
    assert first[1] == second[1]


def test_a_failing_cell_is_named_and_the_notebook_kept(project):
    job = project.plan(project.notebook("01_bad", 'raise ValueError("no slices\\nmore")'))
    with pytest.raises(RunError, match=r"^01_bad: cell In \[2\] failed: ValueError: no slices \(kept: .*\)$"):
        run(job)
    assert files_below(job.folder) == ["01_bad.failed.ipynb"]


def test_a_killed_kernel_is_a_failure(project):
    job = project.plan(project.notebook("01_dead", "import os", "os.kill(os.getpid(), 9)", RECORD))
    with pytest.raises(RunError, match=r"^01_dead: the kernel died in cell 3 \(out of memory, or killed\)"):
        run(job)
    assert files_below(job.folder) == ["01_dead.failed.ipynb"]


def test_a_notebook_that_exits_early_is_a_failure(project):
    job = project.plan(project.notebook("01_exit", "import sys\nsys.exit(0)", RECORD))
    with pytest.raises(RunError, match="01_exit: stopped before the end; this cell never ran: 'import json"):
        run(job)
    assert not (job.folder / "run.json").exists()


@linux
def test_after_kill_9_nothing_stays_and_running_again_works(project):
    path = project.notebook(
        "01_tiny", PID, "import time, pathlib\nif not pathlib.Path('go').exists(): time.sleep(60)", RECORD
    )
    process = project.start("run", "01")
    wait_until(lambda: Path("kernel.pid").exists() and Path("kernel.pid").read_text() != "")
    process.kill()
    process.communicate()
    job, kernel = project.plan(path), int(Path("kernel.pid").read_text())
    assert not files_below(job.folder), "nothing under a final name"
    wait_until(lambda: not is_alive(kernel))
    Path("go").touch()
    assert run(job).status == "done"
    assert not [name for name in os.listdir(job.folder.parent) if "partial" in name]


@linux
def test_sigterm_ends_kernel_and_run_and_leaves_nothing(project):
    job = project.plan(project.notebook("01_tiny", PID, SLEEP))
    process = project.start("run", "01")
    wait_until(lambda: Path("kernel.pid").exists() and Path("kernel.pid").read_text() != "")
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 143, errors
    assert "Traceback" not in errors
    assert not is_alive(int(Path("kernel.pid").read_text()))
    assert not files_below(job.folder)
    assert not [name for name in os.listdir(job.folder.parent) if "partial" in name]


def test_of_two_runs_at_once_one_executes_and_serves_both(project):
    project.notebook("01_tiny", COUNT, "import time\ntime.sleep(2)", RECORD)
    both = [project.start("run", "01") for _ in range(2)]
    printed = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert Path("executed.txt").read_text() == "x"
    assert sorted(out.split()[0] for out, _ in printed) == ["cached", "done"]


def test_who_waits_for_a_lock_is_told_and_may_give_up(project):
    job = project.plan(project.notebook("01_tiny", RECORD))
    job.folder.mkdir(parents=True)
    stop, told = Stop(), []

    def on_wait():
        told.append(True)
        stop.request()

    lock = job.folder.with_name(f".{job.folder.name}.lock")
    with locks.exclusive(lock, lambda: None), pytest.raises(Interrupted):
        run(job, force=True, stop=stop, on_wait=on_wait)
    assert told == [True]


def test_locks_work_where_the_file_system_has_none(tmp_path, monkeypatch):
    def refuse(descriptor, path):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(locks, "take_system_lock", refuse)
    lock, owner = tmp_path / "a.lock", tmp_path / "a.lock.owner"
    with locks.exclusive(lock, lambda: None):
        assert str(os.getpid()) in owner.read_text()
        with pytest.raises(Interrupted), locks.exclusive(lock, give_up):
            pass
        assert owner.exists(), "who gave up must not free the other's lock"
    assert not owner.exists()
    gone = 2**22 + 1  # above the largest process number
    owner.write_text(f"{locks.socket.gethostname()} {gone}")
    with locks.exclusive(lock, lambda: None):
        assert str(os.getpid()) in owner.read_text(), "taken over from a process that is gone"
    owner.write_text(f"elsewhere {gone}")
    with pytest.raises(Interrupted), locks.exclusive(lock, give_up):
        pass


def give_up():
    raise Interrupted


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (
            errno.ENOSPC,
            "01_tiny: no space left on the disk of .*: free some space, or give another folder with --runs-dir",
        ),
        (errno.EACCES, "01_tiny: cannot write to .*: Permission denied; give another folder with --runs-dir"),
    ],
)
def test_a_disk_that_refuses_is_one_clear_line(project, monkeypatch, number, message):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    job = project.plan(project.notebook("01_tiny", RECORD))
    monkeypatch.setattr(runner.nbformat, "write", refuse)
    with pytest.raises(RunError, match=f"^{message}$"):
        run(job)
    assert not files_below(job.folder)


def test_a_runs_folder_that_cannot_be_made_is_one_clear_line(project):
    (project.root / "taken").write_text("")
    job = project.plan(project.notebook("01_tiny", RECORD), runs=project.root / "taken")
    with pytest.raises(RunError, match=r"01_tiny: .*taken.*: Not a directory"):
        run(job)


def test_a_stopped_run_starts_no_kernel(project):
    job = project.plan(project.notebook("01_tiny", RECORD))
    job.folder.mkdir(parents=True)
    stop = Stop()
    stop.request()
    with pytest.raises(Interrupted):
        run_locked(job, stop, lambda index: None, 1)
    assert not files_below(job.folder)

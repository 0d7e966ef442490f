"""Safe execution of one notebook: validated, cached, locked, and with complete results or none."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat
from nbformat.sign import NotebookNotary

from mrilib.running.executed import relink
from mrilib.running.failures import RunError, explain, failure, first_line
from mrilib.running.jobs import Job
from mrilib.running.kernels import Interrupted, Stop, execute
from mrilib.running.locks import exclusive
from mrilib.running.manifest import build, is_current, outputs_before, run_key
from mrilib.running.stills import make_stills
from mrilib.store.paths import PACKAGE
from mrilib.store.records import INPUTS, RUN_DIR, cores, noted, write_json
from mrilib.store.tables import COMMAND

Status = Literal["done", "cached"]


@dataclass(frozen=True)
class Outcome:
    """Finished job: where its results are, and whether it had to run."""

    job: Job
    status: Status
    seconds: float


def run(
    job: Job,
    force: bool = False,
    stop: Stop | None = None,
    on_cell: Callable[[int], None] = lambda index: None,
    on_wait: Callable[[], None] = lambda: None,
    workers: int = 1,
) -> Outcome:
    """Execute a job, unless its valid results already exist.

    Results are moved to `job.folder` file by file, each complete, with `run.json` last. If the same job is already
    running, this waits for it (calling `on_wait`) and reuses its results. Raises RunError if the notebook fails (its
    state is kept in `NAME.failed.ipynb`), and `Interrupted`.
    """
    started = time.monotonic()
    if not force and is_current(job.folder, job.key):
        return Outcome(job, "cached", time.monotonic() - started)
    try:
        status = run_alone(job, force, stop or Stop(), on_cell, on_wait, workers)
    except RunError:
        raise
    except OSError as error:
        raise RunError(f"{job.name}: {explain(error, job.folder)}") from error
    return Outcome(job, status, time.monotonic() - started)


def run_alone(
    job: Job,
    force: bool,
    stop: Stop,
    on_cell: Callable[[int], None],
    on_wait: Callable[[], None],
    workers: int,
) -> Status:
    """Wait until no other process runs this job, then run it unless valid results exist."""

    def waiting() -> None:
        stop.check()
        on_wait()

    job.folder.mkdir(parents=True, exist_ok=True)
    with exclusive(job.folder.with_name(f".{job.folder.name}.lock"), waiting):
        if not force and is_current(job.folder, job.key):
            return "cached"
        run_locked(job, stop, on_cell, workers)
        return "done"


def run_locked(job: Job, stop: Stop, on_cell: Callable[[int], None], workers: int) -> None:
    """Execute in a private folder next to the final one, then move the results there."""
    prefix = f".{job.folder.name}.partial-"
    for left_behind in [path for path in job.folder.parent.iterdir() if path.name.startswith(prefix)]:
        shutil.rmtree(left_behind, ignore_errors=True)  # left by a run that was killed
    partial, started = Path(tempfile.mkdtemp(prefix=prefix, dir=job.folder.parent)), time.monotonic()
    try:
        execute_into(partial, job, stop, on_cell, workers)
        inputs = noted(partial)
        (partial / INPUTS).unlink(missing_ok=True)
        described = {
            "notebook": job.name,
            "profile": job.profile,
            "given": job.given,
            "params": job.record.values,
        }
        seconds = time.monotonic() - started
        key = run_key(job.content, job.record.values)  # another one if the library has changed meanwhile
        publish(partial, job.folder, build(partial, job.root, key, described, inputs, seconds))
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def execute_into(partial: Path, job: Job, stop: Stop, on_cell: Callable[[int], None], workers: int) -> None:
    """Execute the notebook and check that it reached its end; otherwise keep it as failed and raise RunError."""
    source, target, reached = partial / "source.ipynb", partial / f"{job.name}.ipynb", [0]

    def cell_starts(index: int) -> None:
        stop.check()
        reached[0] = index
        on_cell(index)

    nbformat.write(job.content, source)
    try:
        execute(source, target, job.injected, environment(job, partial, workers), stop, cell_starts)
        source.unlink()
        finish(target, job)
    except Exception as error:
        if stop.requested.is_set():
            raise Interrupted from error
        kept = job.folder / f"{job.name}.failed.ipynb"
        if target.is_file():
            os.replace(target, kept)
        if isinstance(error, OSError) and not isinstance(error, RunError):
            raise
        raise RunError(f"{job.name}: {failure(error, reached[0])} (kept: {kept})") from error


def finish(target: Path, job: Job) -> None:
    """Check that all cells ran (else RunError); remove local paths, fix links, replace explorers by stills, sign."""
    executed = nbformat.read(target, as_version=4)
    missed = [cell for cell in executed.cells if cell.cell_type == "code" and cell.source and not cell.execution_count]
    if missed:  # sys.exit(0) in a cell looks like success to papermill
        raise RunError(f"stopped before the end; this cell never ran: {first_line(missed[0].source)!r}")
    executed.metadata.papermill.update(input_path=job.notebook.name, output_path=target.name)
    relink(executed, job.notebook.parent, job.folder)
    make_stills(executed)
    nbformat.write(executed, target)
    sign(executed)


def sign(notebook: nbformat.NotebookNode) -> None:
    """Make Jupyter trust the outputs, so that it shows them unchanged; an unwritable data folder is ignored."""
    try:
        notary = NotebookNotary()
    except OSError:
        return
    try:
        notary.sign(notebook)
    except OSError:
        return
    finally:
        notary.store.close()


def publish(partial: Path, folder: Path, described: dict[str, Any]) -> None:
    """Move the files of a run to their final names, `run.json` last; files of the previous run are removed."""
    before = outputs_before(folder)
    (folder / "run.json").unlink(missing_ok=True)
    for name in [f"{described['notebook']}.failed.ipynb", *before]:
        if name not in described["outputs"]:
            (folder / name).unlink(missing_ok=True)
    for name in described["outputs"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(partial / name, folder / name)
    write_json(folder / "run.json", described)


def environment(job: Job, partial: Path, workers: int) -> dict[str, str]:
    """Environment of the kernel: folder for its results, this library, its share of the cores, and the command."""
    values = {**os.environ, RUN_DIR: str(partial), "MRILIB_RUN_KEY": job.key, "PYTHONHASHSEED": "0"}
    changed = "".join(f" -p {name} {value}" for name, value in job.given.items())
    values[COMMAND] = f"mrilib run {job.name} --profile {job.profile}{changed}"
    checkout = PACKAGE.parent
    if (checkout / "pyproject.toml").is_file():  # the kernel must import the library from which the key was computed
        values["PYTHONPATH"] = os.pathsep.join(filter(None, [str(checkout), os.environ.get("PYTHONPATH")]))
    if workers > 1:
        values.setdefault("OMP_NUM_THREADS", str(max(1, cores() // workers)))
    return values

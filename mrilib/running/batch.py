"""Run many notebooks, one after another or in parallel; a failure does not stop the others."""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from mrilib.running.failures import RunError
from mrilib.running.jobs import Job
from mrilib.running.kernels import Stop
from mrilib.running.runner import Outcome, run
from mrilib.store.project import UserError

HANDLES = 128  # open files of a run and its kernel, sockets among them; with fewer they fail in words of their own
MORE_HANDLES = 32  # of another run beside it


@dataclass
class Progress:
    """Progress of the running notebooks; written by their threads and read by the display."""

    started: dict[str, float] = field(default_factory=dict)
    cells: dict[str, tuple[int, int]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, job: Job) -> None:
        with self.lock:
            self.started[job.name] = time.monotonic()
            self.cells[job.name] = (0, len(job.content.cells))

    def cell(self, job: Job, index: int) -> None:
        with self.lock:
            self.waiting.discard(job.name)
            self.cells[job.name] = (index, max(index + 1, self.cells[job.name][1]))

    def wait(self, job: Job) -> None:
        with self.lock:
            self.waiting.add(job.name)

    def finish(self, job: Job) -> None:
        with self.lock:
            self.started.pop(job.name, None)
            self.waiting.discard(job.name)

    def line(self) -> str:
        """Progress line such as `04_test_time_training 12/31 0:35`, one entry per running notebook."""
        with self.lock:
            return "  ·  ".join(self.entry(name) for name in sorted(self.started))

    def entry(self, name: str) -> str:
        state = "waiting for another run" if name in self.waiting else "cell {}/{}".format(*self.cells[name])
        return f"{name}  {state}  {clock(time.monotonic() - self.started[name])}"


def clock(seconds: float) -> str:
    """Format seconds as `m:ss`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def missing_data(job: Job) -> str | None:
    """Command that fetches the first data set a notebook needs and lacks, or None if nothing is missing."""
    if not job.record.datasets:
        return None
    from mrilib.data.fetch import locate  # only for notebooks that need data

    for name in job.record.datasets:
        if locate(name) is None:
            return f"mrilib data get {name}"
    return None


def run_all(
    jobs: Sequence[Job],
    workers: int,
    force: bool,
    progress: Progress,
    on_end: Callable[[Job, Outcome | RunError], None],
    on_tick: Callable[[], None],
) -> list[Outcome | RunError]:
    """Run all jobs, `workers` at a time; `on_end` is called after each job, `on_tick` twice per second.

    Ctrl-C or any other exception stops all running jobs and leaves no kernel behind.

    Raises:
        UserError: the system lets this process open too few files.
    """
    check_handles(workers)
    stop = Stop()
    with ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(run_one, job, workers, force, stop, progress): job for job in jobs}
        try:
            for future in ended(futures, on_tick):
                on_end(futures[future], future.result())
        except BaseException:
            stop.request()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


def check_handles(workers: int) -> None:
    """Raise UserError if this many parallel runs need more open files than the system allows."""
    if sys.platform == "win32":
        return
    import resource

    allowed, needed = resource.getrlimit(resource.RLIMIT_NOFILE)[0], HANDLES + MORE_HANDLES * (workers - 1)
    if allowed != resource.RLIM_INFINITY and allowed < needed:
        raise UserError(f"only {allowed} files may be open at a time, but {needed} are needed: ulimit -n {needed}")


def ended(futures: Iterable[Future[Any]], on_tick: Callable[[], None]) -> Iterator[Future[Any]]:
    """Yield the futures as they complete, calling `on_tick` in between."""
    pending = set(futures)
    while pending:
        done, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
        yield from done
        on_tick()


def run_one(job: Job, workers: int, force: bool, stop: Stop, progress: Progress) -> Outcome | RunError:
    """Run a job; a failure is returned like any other result."""
    stop.check()
    progress.start(job)
    try:
        return run(
            job,
            force,
            stop,
            on_cell=lambda index: progress.cell(job, index),
            on_wait=lambda: progress.wait(job),
            workers=workers,
        )
    except RunError as error:
        return error
    finally:
        progress.finish(job)

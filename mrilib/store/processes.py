"""Worker processes that end when the process that started them ends, for whatever reason."""

import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")
POLL = 0.5  # seconds
GRACE = 10.0  # seconds to finish a step and write a checkpoint


class WorkerError(OSError):
    """A worker ended without a result."""


def end_with(parent: int) -> None:
    """End this process within a second after `parent`, the process that started it, which a thread watches.

    Linux's PR_SET_PDEATHSIG would not work, because it fires when the thread that started this process ends.
    """
    Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    starter = parent_process()
    if sys.platform == "win32" and starter is not None:  # os.getppid never changes there
        starter.join()
        os._exit(1)
    while os.getppid() == parent:
        time.sleep(POLL)
    os._exit(1)


def start_worker(parent: int, threads: int) -> None:
    """Initialise a worker of a pool: it ends with `parent` and computes with `threads` threads."""
    end_with(parent)
    import torch  # takes seconds, in which the parent may end

    torch.set_num_threads(threads)


def in_processes(function: Callable[..., T], calls: Iterable[tuple[Any, ...]], jobs: int) -> Iterator[T]:
    """Yield the results of `function` as they arrive, with each call in its own process and `jobs` calls at a time.

    If this generator is closed or interrupted, workers get SIGTERM and `GRACE` seconds to end.

    Raises:
        WorkerError: a worker was killed.
        Exception: whatever a call raised.
    """
    waiting, running = deque(calls), dict[Connection, SpawnProcess]()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                _start(function, waiting.popleft(), running)
            for ended in wait(list(running)):
                assert isinstance(ended, Connection)
                yield _result(ended, running.pop(ended))
    finally:
        _stop(list(running.values()))


def _start(function: Callable[..., Any], call: tuple[Any, ...], running: dict[Connection, SpawnProcess]) -> None:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(os.getpid(), theirs), daemon=True)
    process.start()
    theirs.close()
    running[ours] = process
    with suppress(ConnectionError):  # the worker was killed; its result says so
        ours.send((function, call))


def _work(parent: int, ours: Connection) -> None:
    end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent stops its workers
    function, call = ours.recv()  # imports what the call needs, and so comes after the watch
    try:
        ours.send((function(*call), None))
    except Exception as error:
        ours.send((None, error))
    except KeyboardInterrupt:  # training stopped by SIGTERM
        sys.exit(130)


def _result(connection: Connection, process: SpawnProcess) -> Any:
    try:
        value, error = connection.recv()
    except (EOFError, ConnectionError):
        process.join()
        raise WorkerError(f"a worker ended with status {process.exitcode} (killed, or out of memory)") from None
    process.join()
    if error is not None:
        raise error
    return value


def _stop(processes: list[SpawnProcess]) -> None:
    for process in processes:
        process.terminate()
    end = time.monotonic() + GRACE
    for process in processes:
        process.join(max(0.0, end - time.monotonic()))
        process.kill()
        process.join()

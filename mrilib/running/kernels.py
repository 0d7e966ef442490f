"""Execution of a notebook by the running Python, over private sockets; another thread can kill it."""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import papermill.engines
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop

from mrilib.running.sockets import socket_folder


class Interrupted(Exception):  # noqa: N818 - not an error
    """Raised if the run was told to stop."""


class Stop:
    """Signal that stops the runs of one batch: no new cell starts, and their kernels are killed."""

    def __init__(self) -> None:
        self.requested = threading.Event()
        self.kernels: set[int] = set()

    def request(self) -> None:
        """Stop now; a run in progress raises `Interrupted`."""
        self.requested.set()
        for process in list(self.kernels):
            kill_group(process)

    def check(self) -> None:
        """Raise `Interrupted` if a stop was requested."""
        if self.requested.is_set():
            raise Interrupted


def kill_group(process: int) -> None:
    """Kill a kernel together with the workers that it started."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            os.kill(process, signal.SIGTERM)
        else:
            os.killpg(process, signal.SIGKILL)  # a kernel leads its own process group


class PrivateKernelManager(AsyncKernelManager):
    """Kernel manager that uses the running Python, a given environment and a private folder.

    Papermill and nbclient create the manager themselves, so `manager_for` binds the three values to a subclass.
    """

    folder: str
    environment: Mapping[str, str]
    stop: Stop
    answered = False  # whether a cell has started

    def __init__(self, **options: Any) -> None:
        if sys.platform != "win32":  # no port that another kernel could take, and no network
            options |= {"transport": "ipc", "ip": os.path.join(self.folder, "k")}
        super().__init__(connection_file=os.path.join(self.folder, "kernel.json"), **options)

    @property
    def kernel_spec(self) -> KernelSpec:
        """Kernel specification of the running interpreter, regardless of `python3` in the user's list of kernels."""
        quiet = "--log-level=CRITICAL"  # a kernel that is told to end while it is busy logs that as an error
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", quiet]
        return KernelSpec(argv=command, display_name="Python 3", language="python")

    async def _async_pre_start_kernel(self, **options: Any) -> Any:
        self.stop.check()
        return await super()._async_pre_start_kernel(**options | {"env": dict(self.environment)})

    async def _async_post_start_kernel(self, **options: Any) -> None:
        await super()._async_post_start_kernel(**options)
        self.process: int = self.provisioner.process.pid  # type: ignore[union-attr]
        self.stop.kernels.add(self.process)
        self.stop.check()

    async def _async_interrupt_kernel(self) -> None:
        """Omit the interrupt before a shutdown, because a kernel that starts or answers would print it as an error.

        A kernel that does not obey the shutdown is killed.
        """

    async def _async_shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        """Kill a kernel that is not ready yet, because one that must end while starting prints its unfinished tasks."""
        await super()._async_shutdown_kernel(now or not self.answered, restart)

    shutdown_kernel = _async_shutdown_kernel

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart)
        if hasattr(self, "process"):
            kill_group(self.process)  # a process that the notebook started must not outlive it
            self.stop.kernels.discard(self.process)


class SavingOnce(papermill.engines.NBClientEngine):
    """Engine that saves the notebook once, when its execution ends in any way, instead of twice for each cell."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
        """Execute the cells; papermill saves when this returns or raises."""
        target, nb_man.output_path = nb_man.output_path, None
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **options)
        finally:
            nb_man.output_path = target


papermill.engines.papermill_engines.register(SavingOnce.__name__, SavingOnce)


def manager_for(folder: str, environment: Mapping[str, str], stop: Stop) -> type[PrivateKernelManager]:
    """Create a `PrivateKernelManager` subclass for one run."""
    private = {**environment, "IPYTHONDIR": folder}  # the user's start-up files must not change a result
    return type("RunKernelManager", (PrivateKernelManager,), {"folder": folder, "environment": private, "stop": stop})


def literal_path(path: Path) -> str:
    """Escape a path for papermill, which would substitute `{…}`."""
    return str(path).replace("{", "{{").replace("}", "}}")


def execute(
    source: Path,
    target: Path,
    parameters: dict[str, Any],
    environment: Mapping[str, str],
    stop: Stop,
    on_cell: Callable[[int], None],
) -> None:
    """Execute notebook `source` into `target`; `on_cell` is called with the index of each cell that starts.

    Raises the errors of papermill and nbclient (a failing cell, a dead kernel), OSError, or `Interrupted`.
    """

    logging.getLogger("papermill").setLevel(logging.ERROR)  # it mistakes `int | None` for an unknown parameter
    with socket_folder() as folder:
        loop, manager = ensure_event_loop(), manager_for(folder, environment, stop)

        def started(cell: Any, cell_index: int) -> None:
            manager.answered = True
            on_cell(cell_index)

        try:
            papermill.execute_notebook(
                literal_path(source),
                literal_path(target),
                parameters,
                engine_name=SavingOnce.__name__,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                kernel_manager_class=manager,
                on_cell_start=started,
            )
        finally:
            close(loop)


def close(loop: asyncio.AbstractEventLoop) -> None:
    """Close this thread's event loop, unless it belongs to other code and is still running."""
    if not loop.is_running():
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

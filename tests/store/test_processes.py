"""Workers give results, pass on errors, and never outlive the process that started them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sleepers import fail_or_sleep
from tiny_project import is_alive, wait_until

from mrilib.store.processes import WorkerError, in_processes

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
ROOT = Path(__file__).parents[2]
OUTLIVES = 3.0  # seconds that a worker may outlive its parent
POOL = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells let background jobs ignore it
from mrilib.store.processes import in_processes
from sleepers import sleep
if __name__ == "__main__":
    list(in_processes(sleep, [(sys.argv[1], number) for number in range(4)], 2))
"""
LOKY = """
import os, sys
import loky
from mrilib.store.processes import start_worker
from sleepers import sleep
pool = loky.get_reusable_executor(2, initializer=start_worker, initargs=(os.getpid(), 1))
list(pool.map(sleep, [sys.argv[1]] * 2, range(2)))
"""


def test_results_come_as_they_are_ready():
    assert sorted(in_processes(divmod, [(7, 2), (9, 5), (4, 4)], 2)) == [(1, 0), (1, 4), (3, 1)]


@linux
def test_an_error_is_passed_on_and_ends_the_other_workers(tmp_path):
    with pytest.raises(ValueError, match="no slices"):
        list(in_processes(fail_or_sleep, [(tmp_path, 0), (tmp_path, 1)], 2))
    assert not is_alive(int((tmp_path / "0.pid").read_text()))


def test_a_killed_worker_is_an_error():
    with pytest.raises(WorkerError, match="ended with status 7"):
        list(in_processes(os._exit, [(7,)], 1))


@linux
@pytest.mark.parametrize(("script", "sent"), [(POOL, "SIGKILL"), (LOKY, "SIGKILL"), (POOL, "SIGINT")])
def test_workers_end_with_their_parent_however_it_ends(tmp_path, script, sent):
    path = os.pathsep.join([str(ROOT / "tests" / "support"), str(ROOT)])
    environment = os.environ | {"PYTHONPATH": path}
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: len(list(tmp_path.glob("*.pid"))) == 2, 120)
        process.send_signal(getattr(signal, sent))
        try:
            process.wait(timeout=30)
        finally:
            process.kill()
    workers = [int(file.read_text()) for file in tmp_path.glob("*.pid")]
    assert len(workers) == 2, "none of those that waited began"
    wait_until(lambda: not any(map(is_alive, workers)), OUTLIVES)

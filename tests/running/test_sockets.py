"""Folders of kernels' sockets: private, short, and gone at the latest when the next run starts."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tiny_slices import SUPPORT

from mrilib.running.sockets import PREFIX, remove_abandoned, socket_folder

HOLD = "import time\nfrom mrilib.running.sockets import socket_folder\nwith socket_folder() as folder:\n"
HOLD += "    print(folder, flush=True)\n    time.sleep(60)"


@pytest.fixture
def base(tmp_path_factory, monkeypatch):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def test_a_folder_is_private_and_gone_at_the_end(base):
    with socket_folder() as folder:
        assert Path(folder).parent == base
        assert Path(folder).stat().st_mode & 0o777 == 0o700
    assert not list(base.iterdir())


def test_of_a_killed_run_it_is_removed_by_the_next_and_of_a_running_one_kept(base):
    environment = os.environ | {"TMPDIR": str(base), "PYTHONPATH": str(SUPPORT.parents[1])}
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        left = Path(process.stdout.readline().strip())
        (left / "k-1").write_text("a socket")
        remove_abandoned(base)
        assert left.is_dir(), "in use"
        process.kill()
    assert left.is_dir()
    with socket_folder() as folder:
        assert list(base.iterdir()) == [Path(folder)]


def test_what_is_not_ours_stays(base):
    (base / "mrilib-data").mkdir()
    (base / f"{PREFIX}file").write_text("not a folder")
    remove_abandoned(base)
    assert sorted(path.name for path in base.iterdir()) == ["mrilib-data", f"{PREFIX}file"]

"""Files get to their place whole or not at all, and a full disk is said in one line."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest

from mrilib.data.volumes import write_volume
from mrilib.store import paths
from mrilib.store.paths import atomic_write, cache_dir, data_dir, explain_full_disk, scratch_folder

KSPACE = np.ones((1, 2, 4, 4), np.complex64)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "Ordner mit Leerzeichen, größer" / "ф.txt"
    with atomic_write(path) as temporary:
        temporary.write_text("old")

    def fail():
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


HALF = """
import os, signal, sys
from pathlib import Path
from mrilib.store.paths import atomic_write, scratch_folder
with WRITER(Path(sys.argv[1])) as temporary:
    (temporary / "part" if temporary.is_dir() else temporary).write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def half_written(path, writer):
    """What a process leaves that is killed while it writes."""
    script = HALF.replace("WRITER", writer)
    assert subprocess.run([sys.executable, "-c", script, path], check=False).returncode == -9
    (left,) = path.parent.iterdir()
    assert left.name.endswith(".tmp")
    return left


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_what_a_killed_write_left_is_removed_by_the_next_but_not_what_is_being_written(tmp_path):
    left = half_written(tmp_path / "a.txt", "atomic_write")
    elsewhere = tmp_path / ".0123abcd.1.0123abcd.tmp"  # of another computer that shares the folder
    elsewhere.touch()
    with atomic_write(tmp_path / "b.txt") as first, atomic_write(tmp_path / "c.txt") as second:
        first.touch()
        second.touch()
        with atomic_write(tmp_path / "d.txt") as third:
            third.touch()
        assert not left.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [elsewhere.name, "b.txt", "c.txt", "d.txt"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_clear_line(tmp_path, monkeypatch, number):
    def full(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(paths.os, "fsync", full)
    with pytest.raises(OSError, match=r"no space left to write it \(\d+ MB free\); free some space") as caught:
        write_volume(tmp_path / "v.h5", KSPACE)
    assert caught.value.filename == str(tmp_path / "v.h5")
    assert list(tmp_path.iterdir()) == []


def test_what_hdf5_says_of_a_full_disk_is_understood(tmp_path):
    def full():
        with explain_full_disk(tmp_path / "v.h5"):
            raise RuntimeError("Can't flush (error message = 'No space left on device', …)")

    with pytest.raises(OSError, match="MB free") as caught:
        full()
    assert caught.value.errno == errno.ENOSPC


def test_other_errors_pass_unchanged(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises((NotADirectoryError, FileExistsError)) as caught:
        write_volume(tmp_path / "file" / "v.h5", KSPACE)
    assert caught.value.filename == str(tmp_path / "file"), "not the temporary file, which was never there"


CACHED = """
from mrilib.store.paths import atomic_write, cache_dir, use_writable_cache
use_writable_cache()
use_writable_cache()
with atomic_write(cache_dir() / "weights" / "b.txt") as temporary:
    temporary.write_text("new")
with atomic_write(cache_dir() / "weights" / "a.txt") as temporary:
    temporary.write_text((cache_dir() / "weights" / "a.txt").read_text() + ", changed" if EXISTS else "new")
print(cache_dir(), (cache_dir() / "weights" / "a.txt").read_text(), sep=chr(10))
"""


def in_a_process(cache, exists, folder):
    """Cache that was used, what was written to it, and warnings, of a process that has ended."""
    environment = os.environ | {"MRILIB_CACHE": str(cache), "TMPDIR": str(folder)}
    command = [sys.executable, "-c", CACHED.replace("EXISTS", str(exists))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [*done.stdout.splitlines(), done.stderr]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_cache_that_cannot_be_written_is_read_and_stays_as_it_is(tmp_path):
    with atomic_write(tmp_path / "cache" / "weights" / "a.txt") as temporary:
        temporary.write_text("kept")
    (tmp_path / "cache").chmod(0o500)
    used, text, warned = in_a_process(tmp_path / "cache", True, tmp_path)
    (tmp_path / "cache").chmod(0o700)
    assert text == "kept, changed"
    assert warned.count(f"cache {tmp_path / 'cache'} is not writable (the folder is read-only); using {used}") == 1
    assert (tmp_path / "cache" / "weights" / "a.txt").read_text() == "kept"
    assert [path.name for path in tmp_path.rglob("*")] == ["cache", "weights", "a.txt"], "removed at the end"


@pytest.mark.parametrize("writable", [True, False])
def test_a_cache_is_only_replaced_if_it_cannot_be_made(tmp_path, writable):
    (tmp_path / "file").touch()
    cache = tmp_path / "cache" if writable else tmp_path / "file" / "cache"
    used, text, warned = in_a_process(cache, False, tmp_path)
    assert text == "new"
    assert (used == str(cache), warned == "") == (writable, writable)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "file"][not writable :]


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_scratch_of_killed_processes_is_removed_at_once_but_not_that_of_running_ones(tmp_path):
    left = half_written(tmp_path / "set.h5", "scratch_folder")
    with scratch_folder(tmp_path / "set.h5") as first:
        assert first.parent == tmp_path
        os.utime(first, (0, 0))  # of a process that has been writing into it for hours
        with scratch_folder(tmp_path / "set.h5") as second:
            assert set(tmp_path.iterdir()) == {first, second}
    assert not left.exists()
    assert list(tmp_path.iterdir()) == []


def test_scratch_of_other_computers_is_removed_after_an_hour(tmp_path):
    abandoned, running = tmp_path / ".set.0123abcd.1.x.tmp", tmp_path / ".set.b.tmp"
    for folder in (abandoned, running):
        folder.mkdir()
    os.utime(abandoned, (0, 0))
    with scratch_folder(tmp_path / "set") as scratch:
        assert set(tmp_path.iterdir()) == {running, scratch}
    assert set(tmp_path.iterdir()) == {running}


def test_folders_come_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("MRILIB_DATA", raising=False)
    monkeypatch.setenv("MRILIB_CACHE", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert data_dir() is None
    assert cache_dir() == tmp_path / ".cache" / "mrilib"
    assert not cache_dir().exists()
    monkeypatch.setenv("MRILIB_DATA", "~/my data")
    assert data_dir() == tmp_path / "my data"

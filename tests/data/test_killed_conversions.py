"""Conversions that are killed, or run twice at once, end like an undisturbed one."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from format_files import fastmri_header
from published_files import random_images, write_arrays
from tiny_project import wait_until

from mrilib.cli import main

CONVERT = ["data", "convert", "fastmri"]


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Three files to convert."""
    random, folder = np.random.default_rng(2), tmp_path_factory.mktemp("scans")
    kspace = random.standard_normal((4, 4, 96, 80), np.float32) * random_images(1, 1, 96, 80)
    return [write_arrays(folder / f"{n}.h5", n * kspace, fastmri_header(96, 80, (64, 64))) for n in (1, 2, 3)]


@pytest.fixture(scope="module")
def whole(scans, tmp_path_factory):
    """Hashes of what an undisturbed conversion writes: three volumes and their checksums."""
    found = finished(scans, tmp_path_factory.mktemp("whole") / "out")
    assert len(found) == 6
    return found


def start(scans, output):
    return subprocess.Popen(
        [sys.executable, "-m", "mrilib.cli", *CONVERT, *map(str, scans), "--output", str(output)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def finished(scans, output):
    """Hashes of all files after a conversion that nobody disturbs."""
    assert main([*CONVERT, *map(str, scans), "--output", str(output)]) == 0
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in output.iterdir()}


@pytest.mark.parametrize("sign", ["1.h5", ".3.h5.*.tmp/3.h5"])
def test_killed_between_files_or_within_one_it_is_finished_by_the_next_run(scans, whole, tmp_path, sign):
    process = start(scans, tmp_path)
    wait_until(lambda: process.poll() is not None or any(tmp_path.glob(sign)), 120)
    process.kill()
    process.wait()
    assert finished(scans, tmp_path) == whole


def test_two_at_once_leave_one_whole_volume(scans, whole, tmp_path):
    processes = [start(scans, tmp_path) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0], "the one that comes later finds its own conversion"
    assert finished(scans, tmp_path) == whole

"""Conversions that are killed, or run twice at once, end like an undisturbed one."""

import hashlib
import subprocess
import sys
import time

import numpy as np
import pytest
from format_files import fastmri_header
from published_files import random_images, write_arrays

COMMAND = [sys.executable, "-m", "mrilib.cli", "data", "convert", "fastmri"]


@pytest.fixture
def scans(tmp_path):
    """Three files to convert."""
    random = np.random.default_rng(2)
    kspace = random.standard_normal((4, 4, 96, 80), np.float32) * random_images(1, 1, 96, 80)
    return [write_arrays(tmp_path / f"{n}.h5", n * kspace, fastmri_header(96, 80, (64, 64))) for n in (1, 2, 3)]


def start(scans, output):
    return subprocess.Popen(
        [*COMMAND, *map(str, scans), "--output", str(output)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_killed_at_any_moment_it_is_finished_by_the_next_run(scans, tmp_path):
    begin = time.monotonic()
    assert start(scans, tmp_path / "whole").wait() == 0
    took, whole = time.monotonic() - begin, hashes(tmp_path / "whole")
    assert len(whole) == 6
    process = start(scans, tmp_path / "out")
    time.sleep(0.9 * took)
    process.kill()
    process.wait()
    assert start(scans, tmp_path / "out").wait() == 0
    assert hashes(tmp_path / "out") == whole


def test_two_at_once_leave_one_whole_volume(scans, tmp_path):
    processes = [start(scans, tmp_path / "out") for _ in range(2)]
    codes = [process.wait() for process in processes]
    assert 0 in codes
    assert start(scans, tmp_path / "out").wait() == 0
    start(scans, tmp_path / "alone").wait()
    assert hashes(tmp_path / "out") == hashes(tmp_path / "alone")

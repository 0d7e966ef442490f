"""Checksums beside volumes: written with them, verified when they are read through the catalogue, once per change."""

import os
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from published_files import random_images

from mrilib.data import checksums
from mrilib.data.catalogue import distribution
from mrilib.data.checksums import checksum_of, verify
from mrilib.data.sources import slices_of
from mrilib.data.volumes import VolumeError, write_volume
from mrilib.store.records import sha256_of
from mrilib.store.sealed import beside, seal

ENTRY = replace(distribution("knee_pd"), width=10, slices_per_volume=1)


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A volume with its checksum, in the folder of the catalogue's knees."""
    monkeypatch.setenv("MRILIB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(checksums, "_checked", {})
    path = tmp_path / "data" / ENTRY.folder / "knee.h5"
    write_volume(path, random_images(1, 2, 12, 10), attributes={"acquisition": ENTRY.acquisition})
    seal(path)
    return path


def flipped(path, place=-5):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_the_checksum_is_that_of_sha256sum(path):
    assert beside(path).read_text() == f"{sha256_of(path)}  knee.h5\n"
    assert checksum_of(path) == sha256_of(path)
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "-c", beside(path).name], cwd=path.parent, check=True, capture_output=True)


def test_a_flipped_bit_is_found_through_the_catalogue(path):
    assert slices_of(ENTRY, "train", 1, "files") == [(path, 0)]
    flipped(path)
    with pytest.raises(VolumeError, match=r"knee\.h5: sha256 is .*, but knee.h5.sha256 says .*: changed since"):
        slices_of(ENTRY, "train", 1, "files")
    flipped(path)
    assert slices_of(ENTRY, "train", 1, "files") == [(path, 0)]


def test_a_file_is_hashed_once_and_again_only_after_a_change(path, monkeypatch):
    hashed = []
    monkeypatch.setattr(checksums, "sha256_of", lambda one: hashed.append(one) or sha256_of(one))
    for _ in range(3):
        verify(path)
    checksums._checked.clear()  # as in another process
    verify(path)
    assert hashed == [path]
    verify(path, afresh=True)
    assert hashed == [path] * 2
    times = path.stat()
    flipped(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(VolumeError, match="changed since"):
        verify(path)


def test_a_volume_without_checksum_is_not_judged(path):
    beside(path).unlink()
    flipped(path)
    verify(path, afresh=True)


@pytest.mark.parametrize("text", ["", "0" * 63 + "  knee.h5", "g" * 64 + "  knee.h5", "0" * 64 + "  other.h5"])
def test_a_checksum_that_is_none_is_named(path, text):
    beside(path).write_text(text)
    with pytest.raises(VolumeError, match=r"knee\.h5\.sha256: not a checksum of knee.h5"):
        verify(path)


def test_a_cache_that_cannot_be_written_costs_only_time(path, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    verify(path)
    flipped(path)
    with pytest.raises(VolumeError, match="changed since"):
        verify(path)


def test_hashing_leaves_the_volume_alone(path):
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    verify(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert np.array_equal(sorted(one.name for one in path.parent.iterdir()), ["knee.h5", "knee.h5.sha256"])

"""Damaged global heaps of HDF5 files: refused by name, where HDF5 itself reads for ever."""

import subprocess
import sys

import h5py
import numpy as np
import pytest
from tiny_project import PATIENCE

from mrilib.data import heaps
from mrilib.data.heaps import SIGNATURE
from mrilib.data.volumes import VolumeError, inspect_volume, read_slice, write_volume

SHAPE = (1, 2, 12, 10)
HEADER = 16  # bytes, of a heap and of each object in it
INSPECT = """
import sys
from pathlib import Path
from mrilib.data.volumes import VolumeError, inspect_volume
for path in sorted(Path(sys.argv[1]).glob("*.h5")):
    try:
        found = inspect_volume(path)
        print(found.acquisition, found.patient_id)
    except VolumeError as error:
        assert str(error).startswith(f"{path}: "), error
        print("refused")
"""


@pytest.fixture
def volume(tmp_path):
    path = tmp_path / "scan.h5"
    random = np.random.default_rng(1)
    kspace = (random.normal(size=SHAPE) + 1j * random.normal(size=SHAPE)).astype(np.complex64)
    write_volume(path, kspace, attributes={"acquisition": "a text", "patient_id": "another text"})
    return path


def changed(path, place, value):
    content = bytearray(path.read_bytes())
    content[place] = value
    path.write_bytes(content)


def objects(content, place):
    """Places of the headers of a heap's objects, the free space last."""

    def number(at, count):
        return int.from_bytes(content[at : at + count], "little")

    at = place + HEADER
    while number(at, 2):
        yield at
        at += HEADER + -(-number(at + 8, 8) // 8) * 8
    yield at


def test_every_damaged_byte_of_a_heaps_headers_is_refused_or_does_no_harm(volume, tmp_path):
    content = volume.read_bytes()
    start = content.index(SIGNATURE)
    places = [place + byte for place in (start, *objects(content, start)) for byte in range(HEADER)]
    assert len(places) >= 4 * HEADER, "the heap, two texts and free space"
    folder = tmp_path / "damaged"
    folder.mkdir()
    for place in places:
        for value in (0, content[place] ^ 1, content[place] ^ 0x80, 0xFF):
            path = folder / f"{place}_{value}.h5"
            path.write_bytes(content)
            changed(path, place, value)
    child = [sys.executable, "-c", INSPECT, str(folder)]
    ended = subprocess.run(child, capture_output=True, text=True, timeout=60 * PATIENCE, check=False)
    assert ended.returncode == 0, ended.stderr
    found = ended.stdout.splitlines()
    assert len(found) == len(list(folder.iterdir()))
    assert set(found) == {"refused", "a text another text"}


def test_free_space_of_no_size_is_named(volume):
    content = volume.read_bytes()
    start = content.index(SIGNATURE)
    for byte in range(8, HEADER):
        changed(volume, list(objects(content, start))[-1] + byte, 0)
    with pytest.raises(
        VolumeError, match=rf"scan\.h5: the file is damaged .*at byte {start}\); copy or download it again"
    ):
        inspect_volume(volume)


@pytest.mark.parametrize("options", [{}, {"chunks": (1, 1, 6, 10)}])
def test_k_space_that_looks_like_a_heap_is_read_rightly(volume, options):
    kspace = np.arange(1, 1 + 2 * np.prod(SHAPE), dtype=np.float32).view(np.complex64).reshape(SHAPE)
    kspace.reshape(-1)[7] = np.frombuffer(SIGNATURE, np.complex64)[0]
    with h5py.File(volume, "r+") as file:
        del file["kspace"], file["reconstruction_rss"], file.attrs["max"]
        file.create_dataset("kspace", data=kspace, **options)
    assert volume.read_bytes().count(SIGNATURE) == 2
    np.testing.assert_array_equal(read_slice(volume, 0).kspace, kspace[0])


@pytest.mark.parametrize("shift", range(0, 24, 5))
def test_heaps_are_found_wherever_blocks_end(volume, monkeypatch, shift):
    content = volume.read_bytes()
    start = content.index(SIGNATURE)
    monkeypatch.setattr(heaps, "BLOCK", start + shift - 8)
    changed(volume, start + HEADER + 8, 0xFF)
    with pytest.raises(VolumeError, match=f"at byte {start}"):
        inspect_volume(volume)


def test_a_second_heap_is_checked_too(volume):
    with h5py.File(volume, "r+") as file:
        file["notes"] = ["x" * 3000, "y" * 3000]
    content = volume.read_bytes()
    start = content.rindex(SIGNATURE)
    assert start != content.index(SIGNATURE)
    inspect_volume(volume)
    changed(volume, start + HEADER + 15, 0xFF)
    with pytest.raises(VolumeError, match=f"at byte {start}"):
        inspect_volume(volume)

"""Prepared slices: bounded in memory, the same bits from the file, nothing left behind."""

import copy
import errno
import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from tiny_slices import SUPPORT, tiny_sample

from mrilib.data import kept
from mrilib.data.kept import Kept, size_of
from mrilib.sample import TENSORS

SIZE = {"matrix": (160, 144)}  # its k-space is large enough for the file


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kept, "_held", type(kept._held)())


@pytest.fixture(scope="module")
def samples():
    return [tiny_sample(patient, **SIZE) for patient in range(3)]


def same(one, other):
    return (one.names, one.recon_size) == (other.names, other.recon_size) and all(
        torch.equal(getattr(one, name), getattr(other, name)) for name in TENSORS
    )


def refuse(item):
    raise AssertionError(f"{item} was made again")


def test_the_size_of_a_slice_is_known_beforehand(samples):
    """A slice of fastMRI's knee, 640 × 372 × 15, takes 60 MB."""
    found = sum(getattr(samples[0], name).nbytes for name in TENSORS if name not in ("mask", "peak"))
    assert size_of(4, (160, 144)) == found
    assert size_of(15, (640, 372)) == 59_996_160
    assert size_of(15, (640, 372), maps=False) == 31_426_560


@pytest.mark.parametrize("memory", [0, size_of(4, (160, 144)) + 1000, 10**9])
def test_slices_come_back_bit_for_bit_and_are_made_once(samples, memory):
    lists = Kept(memory)
    for item, sample in enumerate(samples):
        assert same(lists.sample(item, samples.__getitem__), sample)
    for item in (2, 0, 1):
        assert same(lists.sample(item, refuse), samples[item])
    assert sum(kept._held.values()) <= memory


def test_the_bound_is_that_of_all_lists_and_is_freed_with_them(samples):
    one = size_of(4, (160, 144)) + 1000
    first, second = Kept(one), Kept(one)
    first.sample(0, samples.__getitem__)
    held = sum(kept._held.values())
    second.sample(0, samples.__getitem__)
    assert sum(kept._held.values()) == held
    del first
    third = Kept(one)
    third.sample(0, samples.__getitem__)
    assert kept._held[third] == held


def test_a_slice_from_the_file_may_be_changed_without_changing_the_kept_one(samples):
    lists = Kept(0)
    lists.sample(0, samples.__getitem__)
    lists.sample(0, refuse).masked_kspace.zero_()
    assert same(lists.sample(0, refuse), samples[0])


def test_memory_does_not_grow_with_the_list(samples):
    """Of 60 slices only those in use take memory of the process itself."""
    lists = Kept(0)
    for item in range(60):
        lists.sample(item, lambda _: samples[0])
    own = [one for item in lists._samples.values() for one in item.tensors.values() if isinstance(one, torch.Tensor)]
    assert sum(one.nbytes for one in own) < 60 * 2 * kept.SMALL
    assert all(one.untyped_storage().nbytes() == one.nbytes for one in own)


def test_the_file_has_no_name_and_is_gone_after_a_kill(samples, tmp_path):
    lists = Kept(0)
    lists.sample(0, samples.__getitem__)
    assert list((tmp_path / "cache").iterdir()) == []
    code = (
        "import os, signal; from tiny_slices import tiny_sample; from mrilib.data.kept import Kept\n"
        "Kept(0).sample(0, lambda n: tiny_sample(n, matrix=(160, 144))); os.kill(os.getpid(), signal.SIGKILL)"
    )
    path = os.pathsep.join([str(SUPPORT), str(SUPPORT.parents[1])])
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=False)
    assert done.returncode == -9
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EROFS])
def test_without_room_slices_are_made_again_and_it_says_so(samples, monkeypatch, fault, tmp_path):
    def full(**_):
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(kept, "TemporaryFile", full)
    lists = Kept(0)
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"cache: no space for prepared slices \(.*MRILIB_CACHE"):
            assert same(lists.sample(0, samples.__getitem__), samples[0])


class Full(io.BytesIO):
    """A file on a disk that takes a megabyte."""

    def write(self, content):
        if self.tell() > 2**20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(content[: 2**16])


def test_a_disk_that_fills_in_the_middle_loses_nothing(samples, monkeypatch):
    lists = Kept(0)
    lists.sample(0, samples.__getitem__)
    full = Full()
    monkeypatch.setattr(lists, "_stream", full)
    full.write(bytes(10))
    with pytest.warns(UserWarning, match="no space for prepared slices"):
        assert same(lists.sample(1, samples.__getitem__), samples[1])
    assert len(full.getvalue()) == 10, "what did not fit is removed"
    assert same(lists.sample(0, refuse), samples[0])


def test_threads_and_copies(samples):
    lists = Kept(0)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: lists.sample(n % 3, samples.__getitem__), range(24)))
    assert all(same(one, samples[n % 3]) for n, one in enumerate(found))
    assert same(copy.deepcopy(lists).sample(1, samples.__getitem__), samples[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_does_not_write_over_the_parent_s_slices(samples):
    lists = Kept(0)
    lists.sample(0, samples.__getitem__)
    child = os.fork()
    if child == 0:
        right = same(lists.sample(0, refuse), samples[0]) and same(lists.sample(1, samples.__getitem__), samples[1])
        os._exit(0 if right and same(lists.sample(1, refuse), samples[1]) else 1)
    lists.sample(2, samples.__getitem__)
    assert os.waitpid(child, 0)[1] == 0
    for item in (0, 2):
        assert same(lists.sample(item, refuse), samples[item])

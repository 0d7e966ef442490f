"""Which slices belong to a split: by rule from files on disk, or from ranges of simulated patients."""

import os
from dataclasses import replace

import h5py
import numpy as np
import pytest
from tiny_slices import tiny_scan

from mrilib.data.catalogue import distribution
from mrilib.data.simulated import SPLITS
from mrilib.data.sources import data_digest, file_slices, list_files, middle, slices_of
from mrilib.data.volumes import VolumeError, inspect_volume, write_volume
from mrilib.store.sealed import seal

ENTRY = replace(distribution("knee_pd"), width=12, slices_per_volume=2)


def write(folder, name, slices=5, width=12, acquisition="CORPD_FBK"):
    random = np.random.default_rng(len(name))
    shape = (slices, 2, 8, width)
    kspace = random.standard_normal(shape) + 1j * random.standard_normal(shape)
    write_volume(folder / f"{name}.h5", kspace, attributes={"acquisition": acquisition})


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Three training volumes and one test volume of the wanted kind, among others."""
    root = tmp_path / "fast MRI ü"
    train, test = root / ENTRY.folder, root / ENTRY.test_folder
    write(train, "file3")
    write(train, "file1")
    write(train, "file2", slices=4)
    write(train, "other_width", width=14)
    write(train, "other_contrast", acquisition="CORPDFS_FBK")
    write(test, "file9")
    (train / "notes.txt").write_text("not a volume")
    monkeypatch.setenv("MRILIB_DATA", str(root))
    return root


@pytest.mark.parametrize(
    ("slices", "count", "expected"),
    [(36, 2, [17, 18]), (35, 2, [16, 17]), (36, 1, [18]), (5, 3, [1, 2, 3]), (3, 9, [0, 1, 2]), (1, 1, [0])],
)
def test_the_middle_slices(slices, count, expected):
    assert middle(slices, count) == expected


def test_files_are_chosen_by_contrast_and_width_in_order_of_name(root):
    assert [path.name for path in list_files(ENTRY, "train")] == ["file1.h5", "file2.h5", "file3.h5"]
    assert [path.name for path in list_files(ENTRY, "test")] == ["file9.h5"]
    any_width = replace(ENTRY, width=None)
    assert "other_width.h5" in [path.name for path in list_files(any_width, "train")]


def truncated(path):
    os.truncate(path, path.stat().st_size // 2)


def odd(path):
    with h5py.File(path, "a") as file:
        file.attrs["max"] = [1.0, 2.0]


def masked(path):
    with h5py.File(path, "a") as file:
        file["mask"] = np.ones(12)


def pipe(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (truncated, "truncated"),
        (odd, r"attribute `max` is array\(\[1\., 2\.\]\); expected one positive number"),
        (masked, "under-sampled"),
        (pipe, "not a regular file"),
        (lambda path: path.write_bytes(b"no HDF5"), "not an HDF5 file"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_list_and_no_other_takes_its_place(root, spoil, reason, monkeypatch):
    spoil(root / ENTRY.folder / "file2.h5")
    for listed in (lambda: list_files(ENTRY, "train"), lambda: file_slices(ENTRY, "train", 3)):
        with pytest.raises(VolumeError, match=rf"1 of 5 files cannot be used \(file2\.h5\).*: .*{reason}") as caught:
            listed()
        assert "\n" not in str(caught.value)
    monkeypatch.setenv("MRILIB_SKIP_UNUSABLE", "1")
    with pytest.warns(UserWarning, match=r"1 of 5 files left out, as they cannot be used: file2\.h5"):
        assert [path.name for path in list_files(ENTRY, "train")] == ["file1.h5", "file3.h5"]


def test_files_that_cannot_be_used_are_counted(root):
    for number in range(7):
        (root / ENTRY.folder / f"x{number}.h5").touch()
    with pytest.raises(VolumeError, match=r"7 of 12 files cannot be used \(x0\.h5, x1\.h5, .*x4\.h5, and 2 more\)"):
        list_files(ENTRY, "train")
    masked(root / ENTRY.folder / "other_width.h5")  # of another kind, so none that this list leaves out
    with pytest.raises(VolumeError, match="7 of 12 files"):
        list_files(ENTRY, "train")


@pytest.mark.parametrize("mode", ["r", "r+"])
@pytest.mark.parametrize("locking", [None, True, False])
def test_a_file_open_elsewhere_in_the_process_stays_in_the_list(root, mode, locking):
    with h5py.File(root / ENTRY.folder / "file2.h5", mode, locking=locking):
        assert [path.name for path in list_files(ENTRY, "train")] == ["file1.h5", "file2.h5", "file3.h5"]


def made_on(path, model):
    """Write the scanner's model into the header, as fastMRI's files have it."""
    with h5py.File(path, "a") as file:
        text = file["ismrmrd_header"][()].decode()
        del file["ismrmrd_header"]
        system = f"<acquisitionSystemInformation><systemModel>{model}</systemModel></acquisitionSystemInformation>"
        file["ismrmrd_header"] = text.replace("<encoding>", f"{system}<encoding>", 1).encode()


def test_files_are_chosen_by_scanner(root):
    folder = root / ENTRY.folder
    made_on(folder / "file1.h5", "Skyra")
    made_on(folder / "file3.h5", "Biograph_mMR")
    assert inspect_volume(folder / "file3.h5").scanner == "Biograph_mMR"
    assert inspect_volume(folder / "file2.h5").scanner == ""
    for scanner, names in (("skyra", ["file1.h5"]), ("biograph", ["file3.h5"]), ("aera", [])):
        assert [path.name for path in list_files(replace(ENTRY, scanner=scanner), "train")] == names
    with pytest.raises(
        ValueError, match=r"found 0 of 1 slices \(CORPD_FBK with k-space width 12 from a scanner named aera"
    ):
        file_slices(replace(ENTRY, scanner="aera"), "train", 1)


def test_slices_of_files_follow_the_rule(root):
    found = [(path.name, index) for path, index in file_slices(ENTRY, "train", 5)]
    assert found == [("file1.h5", 1), ("file1.h5", 2), ("file2.h5", 1), ("file2.h5", 2), ("file3.h5", 1)]
    assert slices_of(ENTRY, "train", 5, "files") == file_slices(ENTRY, "train", 5)


def test_no_slice_is_in_two_splits(root):
    train = file_slices(ENTRY, "train", 3)
    validation = file_slices(ENTRY, "validation", 3)
    test = file_slices(ENTRY, "test", 2)
    assert len({*train, *validation, *test}) == 8


def test_too_few_files_say_what_was_looked_for_and_where(root):
    with pytest.raises(
        ValueError, match=r"PD knee, train: found 6 of 7 slices \(CORPD_FBK with k-space width 12\)"
    ) as error:
        file_slices(ENTRY, "train", 7)
    assert str(root / ENTRY.folder) in str(error.value)
    with pytest.raises(ValueError, match="found 0 of 1"):
        file_slices(replace(ENTRY, folder="nowhere"), "train", 1)


@pytest.mark.parametrize("value", [None, ""])
def test_without_a_data_folder(monkeypatch, value):
    monkeypatch.delenv("MRILIB_DATA", raising=False)
    if value is not None:
        monkeypatch.setenv("MRILIB_DATA", value)
    with pytest.raises(ValueError, match=r"MRILIB_DATA is not set.*set it, or use source: simulated") as error:
        slices_of(ENTRY, "train", 1, "files")
    assert "\n" not in str(error.value)


def test_an_unknown_source():
    with pytest.raises(ValueError, match="source 'scanner': expected one of simulated, files"):
        slices_of(ENTRY, "train", 1, "scanner")


def test_the_digest_of_files_changes_with_any_of_them(root):
    before = data_digest(ENTRY, "train", 6, "files")
    assert before == data_digest(ENTRY, "train", 6, "files")
    assert before != data_digest(ENTRY, "train", 5, "files")
    write(root / ENTRY.folder, "file2", slices=6)
    assert before != data_digest(ENTRY, "train", 6, "files")


@pytest.mark.parametrize("with_checksum", [False, True])
def test_the_digest_of_files_changes_with_their_content_and_not_with_their_times(root, with_checksum):
    """Names and sizes alone gave the networks and rows of the data before; k-space of one shape has one size."""
    path = root / ENTRY.folder / "file2.h5"
    digests = []
    for factor in (1, 2):
        kspace = factor * np.random.default_rng(0).standard_normal((4, 2, 8, 12)) * (1 + 1j)
        write_volume(path, kspace, attributes={"acquisition": "CORPD_FBK"})
        if with_checksum:
            seal(path)
        digests.append((path.stat().st_size, data_digest(ENTRY, "train", 6, "files")))
        os.utime(path, (1, 1))
        assert data_digest(ENTRY, "train", 6, "files") == digests[-1][1]
    assert digests[0][0] == digests[1][0]
    assert digests[0][1] != digests[1][1]


def test_the_digest_of_a_simulation_changes_with_what_is_simulated():
    entry = replace(ENTRY, scan=tiny_scan())
    digests = {
        data_digest(entry, "train", 5, "simulated"),
        data_digest(entry, "train", 6, "simulated"),
        data_digest(entry, "test", 5, "simulated"),
        data_digest(replace(entry, hardest_of=2), "train", 5, "simulated"),
        data_digest(replace(entry, scan=tiny_scan("brain")), "train", 5, "simulated"),
    }
    assert len(digests) == 5
    assert data_digest(entry, "train", 5, "simulated") == data_digest(entry, "train", 5, "simulated")


def test_simulated_patients_are_in_one_split_only():
    ranges = [set(split) for split in SPLITS.values()]
    assert sum(map(len, ranges)) == len(set.union(*ranges))

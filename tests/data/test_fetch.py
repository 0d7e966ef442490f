"""Fetching data sets: verified, complete or absent, whatever happens on the way; a local server is the index."""

import os
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from fake_index import ARCHIVE, MEMBER, META, VOLUMES, names, noise

from mrilib.cli import main
from mrilib.data import brain_vfa, convert, fetch
from mrilib.data.convert import FlipAngleSeries, centre, extract_member, rotate
from mrilib.data.fetch import FetchError, examined, fetched, get, locate
from mrilib.data.volumes import VolumeError, inspect_volume, read_slice
from mrilib.fourier import ifft2c
from mrilib.running import check, doctor
from mrilib.store import paths
from mrilib.store.parameters import Record
from mrilib.store.records import sha256_of
from mrilib.store.sealed import seal


@dataclass(frozen=True, kw_only=True)
class Needing(Record):
    """Parameters of a notebook that needs the brain."""

    datasets = ("brain-vfa",)


ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kind", ["json", "html"])
def test_it_is_downloaded_verified_and_converted(index, cache, kind):
    index.kind, steps = kind, []
    assert locate("brain-vfa") is None
    with pytest.raises(FetchError, match="mrilib data get brain-vfa"):
        fetched("brain-vfa")
    folder = get("brain-vfa", progress=lambda *step: steps.append(step))
    assert folder == cache / "brain-vfa" == locate("brain-vfa") == fetched("brain-vfa")
    assert names(folder) == VOLUMES
    assert names(cache) == ["brain-vfa"]
    assert steps[-1] == (len(index.archive), len(index.archive))
    assert [path for path, _ in index.asked] == ["/simple/fake/", f"/files/{ARCHIVE}"]
    assert get("brain-vfa", progress=lambda *step: steps.append(None)) == folder
    assert (len(index.asked), None in steps) == (2, False)


def test_volumes_say_where_they_come_from(dataset, forms):
    path = get("brain-vfa", source=forms / ARCHIVE) / VOLUMES[1]
    info, one = inspect_volume(path), read_slice(path, 0, ("flip_angle_correction",))
    assert (info.acquisition, info.simulated, info.coils, info.shape) == ("AXGRE_FA15", False, 3, (8, 6))
    assert one.attributes["flip_angle_deg"] == 15.0
    assert one.attributes["repetition_time_ms"] == 4.8
    assert "Apache-2.0" in one.attributes["licence"]
    assert one.attributes["source"] == f"{ARCHIVE}: {MEMBER}"
    assert one.attributes["source_sha256"] == dataset.sha256[".tar.gz"]
    np.testing.assert_array_equal(one.extras["flip_angle_correction"], np.full((8, 6), 1.5))


def test_every_form_gives_the_same_bytes_and_scratch_stays_inside(dataset, forms, tmp_path, monkeypatch):
    found = []
    for number, name in enumerate((ARCHIVE, "data.h5", "data.npy")):
        monkeypatch.setenv("MRILIB_DATA", str(tmp_path / str(number)))
        found.append([sha256_of(path) for path in sorted(get("brain-vfa", source=forms / name).glob("*.h5"))])
        assert names(tmp_path / str(number)) == ["brain-vfa"]
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) == 2
    assert not list(tmp_path.rglob("escaped"))


def test_the_image_is_the_scanners_turned_by_180_degrees(dataset, forms):
    path = get("brain-vfa", source=forms / "data.npy") / VOLUMES[0]
    stored = np.fft.ifft2(noise(2, 3, 8, 6)[0], norm="ortho")
    turned = stored[:, -np.arange(8) % 8][:, :, -np.arange(6) % 6]
    np.testing.assert_allclose(ifft2c(read_slice(path, 0).kspace), turned, atol=1e-6)


def test_centring_and_turning_keep_measurements_bit_for_bit():
    kspace = noise(3, 8, 6)
    moved = centre(rotate(kspace))
    assert moved.dtype == np.complex64
    np.testing.assert_array_equal(np.sort(np.abs(moved), axis=None), np.sort(np.abs(kspace), axis=None))
    np.testing.assert_allclose(ifft2c(torch.from_numpy(centre(kspace))), np.fft.ifft2(kspace, norm="ortho"), atol=1e-6)
    np.testing.assert_array_equal(rotate(rotate(kspace)), kspace)
    np.testing.assert_allclose(np.fft.fft2(rotate(kspace)), rotate(np.fft.fft2(kspace)), atol=1e-4)


@pytest.mark.parametrize("change", [lambda body: body[:-1] + b"x", lambda body: body[:-1], lambda body: b""])
def test_other_content_is_never_parsed(index, cache, monkeypatch, change):
    monkeypatch.setattr(tarfile, "open", lambda *arguments: pytest.fail("parsed before it was verified"))
    index.archive = change(index.archive)
    with pytest.raises(FetchError, match=r"sha256 is .*, expected|ended before"):
        get("brain-vfa")
    assert names(cache) == []


@pytest.mark.parametrize("name", [ARCHIVE, "data.h5", "data.npy", META])
def test_a_copy_of_other_content_is_refused(cache, forms, name):
    (forms / name).write_bytes(b"other")
    with pytest.raises(FetchError, match=f"^{name}: sha256 is .*download it again"):
        get("brain-vfa", source=forms / ("data.npy" if name == META else name))
    assert names(cache) == []


def test_a_copy_that_is_missing_or_of_another_kind(cache, forms):
    with pytest.raises(FetchError, match=f"no such file; --source takes {ARCHIVE}"):
        get("brain-vfa", source=forms / "none.tar.gz")
    (forms / "data.zip").write_bytes(b"")
    with pytest.raises(FetchError, match=f"data.zip: expected {ARCHIVE}"):
        get("brain-vfa", source=forms / "data.zip")
    (forms / META).unlink()
    with pytest.raises(FetchError, match="needs this file beside it"):
        get("brain-vfa", source=forms / "data.npy")


def test_a_pickle_is_refused_even_when_its_content_is_pinned(dataset, forms, monkeypatch):
    np.save(forms / "data.npy", np.array([print], dtype=object), allow_pickle=True)
    hashes = {**dataset.sha256, ".npy": sha256_of(forms / "data.npy")}
    monkeypatch.setitem(fetch.DATASETS, "brain-vfa", replace(dataset, sha256=hashes))
    with pytest.raises(FetchError, match="allow_pickle=False"):
        get("brain-vfa", source=forms / "data.npy")


def test_a_member_that_is_a_link_is_refused(tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo(MEMBER)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    for member in (MEMBER, "absent"):
        with pytest.raises(VolumeError, match=f"no plain file {member}"):
            extract_member(tmp_path / "a.tar.gz", member, tmp_path / "out")
    assert names(tmp_path) == ["a.tar.gz"]


@pytest.mark.parametrize("shape", [(2, 3, 7, 6), (3, 8, 6)])
def test_a_series_of_another_layout_is_refused(shape):
    with pytest.raises(VolumeError, match="of even size"):
        FlipAngleSeries(noise(*shape), np.ones(shape[-2:]), np.ones(shape[0]), 4.8)
    with pytest.raises(VolumeError, match="do not match"):
        FlipAngleSeries(noise(2, 3, 8, 6), np.ones((8, 8)), np.ones(2), 4.8)


def test_offline_it_says_what_to_do(cache):
    with pytest.raises(FetchError, match=r"127.0.0.1:9/simple/fake/: .*refused.*give it with --source FILE") as caught:
        get("brain-vfa")
    assert "\n" not in str(caught.value)
    assert names(cache) == []


def test_an_incomplete_folder_is_not_taken_for_the_set_nor_overwritten(cache, forms):
    (cache / "brain-vfa").mkdir(parents=True)
    (cache / "brain-vfa" / "own.h5").write_text("mine")
    assert locate("brain-vfa") is None
    with pytest.raises(FetchError, match=r"not the complete set .*; move it away"):
        get("brain-vfa", source=forms / ARCHIVE)
    assert names(cache / "brain-vfa") == ["own.h5"]


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def forget_checksum(path):
    path.with_name(f"{path.name}.sha256").unlink()
    with h5py.File(path, "r+") as file:
        file["kspace"][0, 0, 0, 0] *= 1.0001


DAMAGE = {
    "junk": lambda path: path.write_bytes(b"junk"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "flipped": flip,
    "gone": Path.unlink,
    "without checksum": forget_checksum,
    "junk with checksum": lambda path: (path.write_bytes(b"junk"), seal(path)),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_set_is_named_everywhere_and_made_again(cache, forms, kind, capsys):
    folder = get("brain-vfa", source=forms / ARCHIVE)
    before = {path.name: sha256_of(path) for path in folder.iterdir()}
    DAMAGE[kind](folder / VOLUMES[0])
    assert main(["data", "list"]) == 0
    assert f"brain-vfa  damaged: {folder / VOLUMES[0]}: " in capsys.readouterr().out
    [found] = [one for one in doctor.data() if one.name == "brain-vfa"]
    assert (found.state, found.advice) == ("missing", "mrilib data get brain-vfa")
    assert found.found.startswith(f"damaged: {folder / VOLUMES[0]}: ")
    report = check.check(None, Needing())
    assert not report.ready
    assert report.lines[0].startswith(f"MISSING  brain-vfa: damaged: {folder / VOLUMES[0]}: ")
    assert report.lines[0].endswith("; mrilib data get brain-vfa")
    with pytest.warns(UserWarning, match=r"set was made again, and the damaged one is kept as .*brain-vfa.damaged1"):
        assert get("brain-vfa", source=forms / ARCHIVE) == folder
    assert {path.name: sha256_of(path) for path in folder.iterdir()} == before
    assert names(cache) == ["brain-vfa", "brain-vfa.damaged1"]
    assert locate("brain-vfa") == folder


def test_ten_files_of_junk_are_no_brain(cache, forms, monkeypatch):
    folder = cache / "brain-vfa"
    folder.mkdir(parents=True)
    monkeypatch.setitem(fetch.DATASETS, "brain-vfa", brain_vfa.BRAIN_VFA)
    for name in brain_vfa.BRAIN_VFA.volumes:
        (folder / name).write_bytes(b"junk")
    assert locate("brain-vfa") is None
    assert examined("brain-vfa")[1].startswith(f"damaged: {folder}/file_brain_vfa_FA01.h5: not an HDF5 file")


def test_a_set_of_before_there_were_checksums_is_taken(dataset, forms):
    folder = get("brain-vfa", source=forms / ARCHIVE)
    for path in folder.glob("*.sha256"):
        path.unlink()
    assert get("brain-vfa") == folder == locate("brain-vfa")


def test_when_two_fetch_at_once_the_first_stays(cache, forms, monkeypatch):
    def late(series, folder, *rest):
        convert.write_flip_angles(series, folder, *rest)
        monkeypatch.setattr(brain_vfa, "write_flip_angles", convert.write_flip_angles)
        (get("brain-vfa", source=forms / ARCHIVE) / "first").touch()

    monkeypatch.setattr(brain_vfa, "write_flip_angles", late)
    assert names(get("brain-vfa", source=forms / ARCHIVE)) == [*VOLUMES, "first"]
    assert names(cache) == ["brain-vfa"]


def test_the_data_folder_wins_over_the_cache(dataset, forms, tmp_path, monkeypatch):
    cached = get("brain-vfa", source=forms / ARCHIVE)
    monkeypatch.setenv("MRILIB_DATA", str(tmp_path / "data"))
    assert locate("brain-vfa") == cached
    cached.rename(tmp_path / "moved")
    assert get("brain-vfa", source=forms / ARCHIVE) == tmp_path / "data" / "brain-vfa"


@pytest.mark.parametrize("call", [locate, get])
def test_an_unknown_name(call):
    with pytest.raises(FetchError, match="no dataset 'brain-vfaa'; did you mean 'brain-vfa'"):
        call("brain-vfaa")


def test_a_full_disk_leaves_nothing(cache, forms, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paths.os, "fsync", full)
    with pytest.raises(FetchError, match=r"brain-vfa: no space left .* MB free.*nothing was kept"):
        get("brain-vfa", source=forms / ARCHIVE)
    assert names(cache) == []


def test_a_read_only_target_stays_as_it_is_for_root_too(dataset, forms, tmp_path, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("MRILIB_DATA", str(folder))
    folder.chmod(0o555)
    try:
        with pytest.raises(FetchError, match=r"data/brain-vfa: .*read-only; nothing was kept .MRILIB_DATA or"):
            get("brain-vfa", source=forms / ARCHIVE)
        assert names(folder) == []
    finally:
        folder.chmod(0o755)


def test_a_file_in_the_place_of_the_folder(dataset, forms, tmp_path, monkeypatch):
    (tmp_path / "data").write_text("in the way")
    monkeypatch.setenv("MRILIB_DATA", str(tmp_path / "data"))
    with pytest.raises(FetchError, match=r"File exists|Not a directory"):
        get("brain-vfa", source=forms / ARCHIVE)


STOPPED = """
import sys, time
from dataclasses import dataclass, replace
from pathlib import Path
from mrilib.data import convert, fetch
archive, digest, member = sys.argv[1:]
old = fetch.DATASETS["brain-vfa"]
fetch.DATASETS["brain-vfa"] = replace(old, sha256={".tar.gz": digest}, member=member, volumes={})
write = convert.write_volume
def write_and_wait(*arguments, **options):
    write(*arguments, **options)
    print("written", flush=True)
    time.sleep(60)
convert.write_volume = write_and_wait
fetch.get("brain-vfa", source=Path(archive))
"""


def test_killed_half_way_nothing_counts_as_there_and_the_next_run_does_it_all(dataset, cache, forms):
    command = [sys.executable, "-c", STOPPED, str(forms / ARCHIVE), dataset.sha256[".tar.gz"], MEMBER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout.readline() == b"written\n"
        process.kill()
    (left,) = cache.iterdir()
    assert left.name.startswith(".brain-vfa.")
    assert names(left / "volumes") == VOLUMES[:1]
    assert locate("brain-vfa") is None
    os.utime(left, (time.time() - 7200,) * 2)
    assert names(get("brain-vfa", source=forms / ARCHIVE)) == VOLUMES
    assert names(cache) == ["brain-vfa"]

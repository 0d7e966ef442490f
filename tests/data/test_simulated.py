"""Simulated volumes: made once, the same for ever, and no patient in two splits."""

import tempfile
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from golden_values import golden
from tiny_slices import tiny_scan

from mrilib.data import simulated
from mrilib.data.catalogue import distribution
from mrilib.data.simulated import DATA_VERSION, simulate_patient, simulated_slices, zero_filled_ssim
from mrilib.data.volumes import inspect_volume, read_slice
from mrilib.simulate.acquisition import simulate_slice
from mrilib.simulate.anatomies import ANATOMIES

GOLDEN = golden("simulated")
TINY = replace(distribution("knee_pd"), name="tiny", scan=tiny_scan())


@pytest.mark.parametrize("anatomy", ANATOMIES)
def test_slices_are_those_of_this_data_version(anatomy):
    """If this fails on purpose, raise DATA_VERSION: caches and weights' digests follow from it."""
    kspace = simulate_slice(tiny_scan(anatomy), 50_001, 0.1).kspace
    found = [abs(kspace[tuple(place)]) for place in GOLDEN["places"]] + [np.linalg.norm(kspace)]
    assert found == pytest.approx(GOLDEN[anatomy], rel=1e-3)
    assert GOLDEN["data_version"] == DATA_VERSION


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache ü"))
    return tmp_path / "cache ü"


def test_simulated_volumes_are_made_once(cache, monkeypatch):
    first = simulated_slices(TINY, "train", 3)
    assert [index for _, index in first] == [0, 0, 0]
    assert all(cache in path.parents for path, _ in first)
    monkeypatch.setattr(simulated, "simulate_patient", lambda *_: pytest.fail("simulated again"))
    assert simulated_slices(TINY, "train", 2) == first[:2]
    names = sorted(path.name for path, _ in first)
    assert sorted(path.name for path in first[0][0].parent.iterdir()) == sorted(
        [*names, *(f"{n}.sha256" for n in names)]
    )


@pytest.mark.parametrize("damage", ["a flipped bit", "cut", "foreign", "no checksum"])
def test_a_damaged_volume_is_simulated_again_to_the_same_bytes_with_a_line(cache, damage):
    (path, _), *_ = simulated_slices(TINY, "test", 1)
    content = path.read_bytes()
    middle = content.index(read_slice(path, 0).kspace.numpy().tobytes()) + 1000
    flipped = content[:middle] + bytes([content[middle] ^ 16]) + content[middle + 1 :]
    if damage == "no checksum":
        path.with_name(f"{path.name}.sha256").unlink()
    else:
        path.write_bytes({"a flipped bit": flipped, "cut": content[:-50], "foreign": b"hello"}[damage])
    with pytest.warns(UserWarning, match=rf"{path.name}: .*; it is made again"):
        simulated_slices(TINY, "test", 1)
    assert path.read_bytes() == content
    assert simulated_slices(TINY, "test", 1) == [(path, 0)]


def test_another_simulator_simulates_again_and_a_remark_does_not(cache, library):
    before = simulated_slices(TINY, "test", 1)
    coils = library / "simulate" / "section.py"
    source = coils.read_text()
    coils.write_text(source + "\n# a remark\n")
    assert simulated_slices(TINY, "test", 1) == before
    coils.write_text(source + "\nCHANGED = 1\n")
    assert simulated_slices(TINY, "test", 1)[0][0].parent != before[0][0].parent


def test_simulated_volumes_say_what_they_are(cache):
    (path, index), *_ = simulated_slices(TINY, "test", 1)
    info = inspect_volume(path)
    assert (info.acquisition, info.patient_id) == ("CORPD_FBK", "simulated-knee-50000")
    assert info.simulated
    made = simulate_patient(TINY, 50_000)
    found = read_slice(path, index, extras=("true_image", "true_sens_maps"))
    np.testing.assert_allclose(found.kspace, made.kspace.astype(np.complex64))
    np.testing.assert_allclose(found.extras["true_image"], made.image.astype(np.complex64))
    np.testing.assert_allclose(found.extras["true_sens_maps"], made.sens_maps.astype(np.complex64))


def test_splits_have_different_patients(cache):
    names = [path.name for split in simulated.SPLITS for path, _ in simulated_slices(TINY, split, 2)]
    assert len(set(names)) == 6


def test_another_scan_has_another_folder(cache):
    one, two = simulated_slices(TINY, "test", 1), simulated_slices(replace(TINY, scan=tiny_scan("brain")), "test", 1)
    assert one[0][0].parent != two[0][0].parent


@pytest.mark.parametrize(
    ("split", "count", "message"),
    [
        ("tests", 1, "split 'tests': expected one of train, validation, test"),
        ("train", 0, "count of train slices: expected 1 to 40000, got 0"),
        ("validation", 10_001, "expected 1 to 10000, got 10001"),
    ],
)
def test_splits_and_counts_that_do_not_exist(split, count, message):
    with pytest.raises(ValueError, match=message):
        simulated_slices(TINY, split, count)


def test_an_unwritable_cache_warns_and_works_and_its_substitute_is_removed_at_the_end(tmp_path, monkeypatch):
    at_end = []
    monkeypatch.setattr(simulated.atexit, "register", lambda *call, **options: at_end.append(partial(*call, **options)))
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    simulated._substitute.cache_clear()
    with pytest.warns(UserWarning, match="cache .*file is not writable"):
        first = simulated_slices(TINY, "test", 1)
    assert inspect_volume(first[0][0]).simulated
    with pytest.warns(UserWarning, match="not writable"):
        assert simulated_slices(TINY, "test", 1) == first  # not made again in the same process
    for call in at_end:
        call()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_filtered_slices_are_the_hardest_of_their_candidates(cache):
    hard = replace(TINY, hardest_of=3)

    def ease(made, patient):
        kspace = torch.from_numpy(made.kspace).to(torch.complex64)
        return zero_filled_ssim(kspace, simulated.FILTER.mask(f"{patient}", kspace.shape[-1]))

    for patient in (0, 50_000):
        candidates = [ease(candidate, patient) for candidate in simulated._candidates(hard, patient)]
        assert len(set(candidates)) == 3
        assert ease(simulate_patient(hard, patient), patient) == min(candidates)
    patients = range(50_000, 50_008)
    assert np.mean([ease(simulate_patient(hard, patient), patient) for patient in patients]) < np.mean(
        [ease(simulate_patient(TINY, patient), patient) for patient in patients]
    )

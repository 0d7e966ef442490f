"""What a conversion leaves alone, what it carries over, what it refuses, and how much memory it takes."""

import hashlib
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from format_files import SHAPE, fastmri_header, make, raw
from published_files import Scan, random_images, transform, write_arrays
from tiny_slices import tiny_scan

from mrilib.cli import main
from mrilib.data.conversion import Converted, cornered, turned
from mrilib.data.formats import FORMATS, convert
from mrilib.data.volumes import VolumeError, inspect_volume, read_slice
from mrilib.data.writing import write_converted
from mrilib.fourier import fft2c, ifft2c
from mrilib.simulate.acquisition import simulate_slice

HALF = np.arange(10) % 2 == 0


def hashes(folder):
    """SHA-256 of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def refuse(say):
    pytest.fail(say)


@pytest.fixture(scope="module")
def knee():
    """Two slices of a knee, (2, 4, 40, 48) complex64."""
    return np.stack([simulate_slice(tiny_scan(), patient, 0.1).kspace for patient in (0, 1)]).astype(np.complex64)


# --- nothing is written over ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_neither_an_input_nor_an_earlier_output_is_written_over(name, tmp_path, capsys):
    path, _ = make(name, next(iter(FORMATS[name].views)), tmp_path)
    before = hashes(tmp_path)
    code = main(["data", "convert", name, str(path), "--output", str(tmp_path)])
    found = hashes(tmp_path)
    assert found[path.name] == before[path.name]
    if name != "skm_tea":  # whose volumes have names of their own
        assert (code, found) == (1, before)
        assert f"{path.name}: is the file to convert and is not overwritten" in capsys.readouterr().err
    for _ in range(2):
        assert main(["data", "convert", name, str(path), "--output", str(tmp_path / "out")]) == 0
        first = hashes(tmp_path / "out")
        assert len(first) == (4 if name == "skm_tea" else 2)
        assert main(["data", "convert", name, str(path), "--output", str(tmp_path / "out")]) == 0
        assert hashes(tmp_path / "out") == first
    assert hashes(tmp_path)[path.name] == before[path.name]


def test_two_inputs_of_one_name_do_not_meet(tmp_path, capsys):
    inputs = []
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        path = tmp_path / str(number) / "scan.h5"
        inputs.append(str(write_arrays(path, number * transform(random_images(*SHAPE)), fastmri_header(12, 10))))
    before = hashes(tmp_path)
    assert main(["data", "convert", "fastmri", *inputs, "--output", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert "out/scan.h5 already exists, is not this conversion of" in printed.err
    assert printed.out.strip() == str(tmp_path / "out" / "scan.h5")
    np.testing.assert_allclose(read_slice(tmp_path / "out" / "scan.h5", 0).kspace, transform(random_images(*SHAPE))[0])
    assert before.items() < hashes(tmp_path).items()


def test_a_view_does_not_replace_another(tmp_path):
    path, _ = make("cc_359", "axial", tmp_path)
    convert(path, "cc_359", tmp_path / "out", "axial")
    before = hashes(tmp_path)
    with pytest.raises(VolumeError, match="is not this conversion of"):
        convert(path, "cc_359", tmp_path / "out", "coronal")
    assert hashes(tmp_path) == before


def test_a_file_that_appears_meanwhile_stays(tmp_path):
    target = tmp_path / "out.h5"

    def blocks(scratch):
        yield slice(0, 1), slice(None), torch.ones(1, 2, 4, 4, dtype=torch.complex64)
        target.write_text("mine")

    one = Converted((1, 2, 4, 4), blocks)
    with pytest.raises(VolumeError, match="already exists"):
        write_converted(target, one, tmp_path / "in.h5", {"source": "in.h5"}, refuse)
    assert [file.name for file in tmp_path.iterdir()] == ["out.h5"]
    assert target.read_text() == "mine"


def test_a_conversion_that_was_damaged_is_made_again_and_the_rest_is_kept(tmp_path, capsys):
    path, _ = make("nyu", "native", tmp_path)
    command = ["data", "convert", "nyu", str(path), "--output", str(tmp_path / "out")]
    assert main(command) == 0
    before, target = hashes(tmp_path / "out"), tmp_path / "out" / path.name
    for damage in (lambda content: content[:-100], lambda content: content[:-9] + b"x" + content[-8:]):
        target.write_bytes(damage(target.read_bytes()))
        spoilt = hashes(tmp_path / "out")[path.name]
        assert main(command) == 0
        assert "it is kept as nyu_native.h5.damaged, and made again" in capsys.readouterr().err
        kept = tmp_path / "out" / f"{path.name}.damaged"
        assert hashes(tmp_path / "out") == {**before, kept.name: spoilt}
        kept.unlink()


def test_killed_before_its_checksum_was_written_a_conversion_counts(tmp_path):
    path, _ = make("nyu", "native", tmp_path)
    [made] = convert(path, "nyu", tmp_path / "out")
    before = hashes(tmp_path / "out")
    (tmp_path / "out" / f"{made.name}.sha256").unlink()
    convert(path, "nyu", tmp_path / "out")
    assert hashes(tmp_path / "out") == before


# --- under-sampled files ---------------------------------------------------------------------------------------------


def stored(path):
    with h5py.File(path) as file:
        return {name: file[name][()] for name in file}, dict(file.attrs)


@pytest.mark.parametrize("given", [True, False])
def test_an_under_sampled_file_keeps_its_mask_and_gains_no_ground_truth(tmp_path, given):
    kspace, said = transform(random_images(*SHAPE)) * HALF, []
    extra = {"mask": HALF.astype(np.float32)} if given else {}
    path = write_arrays(tmp_path / "a.h5", kspace, fastmri_header(12, 10), **extra)
    [made] = convert(path, "fastmri", tmp_path / "out", say=said.append)
    found, attributes = stored(made)
    np.testing.assert_array_equal(found["mask"], HALF)
    assert {"reconstruction_rss", "max", "norm"}.isdisjoint({*found, *attributes})
    words = f"{path}: under-sampled, 5 of 10 columns; written with this mask, without ground truth"
    assert said == ([] if given else [words])
    np.testing.assert_array_equal(found["kspace"], kspace)
    assert inspect_volume(made).under_sampled


def test_every_format_of_planes_finds_missing_lines(tmp_path):
    images, said = random_images(*SHAPE), []
    holes = raw(images) * HALF[:, None]
    scan = Scan(holes, "SIEMENS").write(tmp_path / "nyu.h5")
    [made] = convert(scan, "nyu", tmp_path / "out", say=said.append)
    np.testing.assert_array_equal(stored(made)[0]["mask"], HALF)
    path, _ = make("m4raw", "native", tmp_path)
    with h5py.File(path, "r+") as file:
        file["kspace"][..., 3::4] = 0
    [made] = convert(path, "m4raw", tmp_path / "out", say=said.append)
    np.testing.assert_array_equal(stored(made)[0]["mask"], np.arange(256) % 4 != 3)
    path, _ = make("cc_359", "axial", tmp_path)
    plane = np.random.default_rng(1).random((12, 10)) < 0.6
    with h5py.File(path, "r+") as file:
        file["kspace"][...] *= plane[..., None]
    [made] = convert(path, "cc_359", tmp_path / "out", say=said.append)
    found = stored(made)[0]
    np.testing.assert_array_equal(found["mask"], np.roll(plane[::-1], 1, 0))
    np.testing.assert_array_equal(found["kspace"][0].any(0), found["mask"])
    assert len(said) == 3
    with pytest.raises(VolumeError, match="k-space is under-sampled, and this view transforms along"):
        convert(path, "cc_359", tmp_path / "coronal", "coronal")


def test_zero_padding_and_a_shutter_are_no_under_sampling(tmp_path):
    kspace = transform(random_images(*SHAPE))
    kspace[..., :3] = kspace[..., 0, :4] = 0
    path = write_arrays(tmp_path / "a.h5", kspace, fastmri_header(12, 10, measured=(3, 10)))
    [made] = convert(path, "fastmri", tmp_path / "out", say=refuse)
    assert {"kspace", "reconstruction_rss", "ismrmrd_header"} == set(stored(made)[0])
    assert inspect_volume(made).padding == (3, 10)


def test_a_stored_target_is_carried_compared_and_told_from_an_aliased_image(tmp_path):
    kspace = transform(random_images(*SHAPE))
    true = np.sqrt((np.abs(random_images(*SHAPE)[..., 2:10, 2:8]) ** 2).sum(1)).astype(np.float32)
    rounded = true * np.float32(1.001)
    masked = kspace * HALF
    aliased = ifft2c(torch.from_numpy(masked)).abs().square().sum(1).sqrt().numpy()[..., 2:10, 2:8]
    header, said = fastmri_header(12, 10), []
    for name, given, target in (("full", kspace, rounded), ("under", masked, true), ("alias", masked, aliased)):
        path = write_arrays(tmp_path / f"{name}.h5", given, header, reconstruction_rss=target)
        [made] = convert(path, "fastmri", tmp_path / "out", say=said.append)
        found = stored(made)[0].get("reconstruction_rss")
        if name == "alias":
            assert found is None
            assert "is the aliased image of the under-sampled k-space; omitted" in said[-1]
        else:
            np.testing.assert_array_equal(found, target)
    path = write_arrays(tmp_path / "other.h5", kspace, header, reconstruction_rss=2 * true)
    with pytest.raises(VolumeError, match=r"is not the image of its k-space \(difference 100%\)"):
        convert(path, "fastmri", tmp_path / "out", say=refuse)


@pytest.mark.parametrize(
    ("mask", "words"),
    [(np.ones(9), r"`mask` is float64 \(9,\); expected \(10,\)"), (HALF, "`mask` has 5 columns, but k-space holds 10")],
)
def test_a_mask_that_does_not_fit_is_refused(tmp_path, mask, words):
    path = write_arrays(tmp_path / "a.h5", transform(random_images(*SHAPE)), fastmri_header(12, 10), mask=mask)
    with pytest.raises(VolumeError, match=words):
        convert(path, "fastmri", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


# --- values and orientation ------------------------------------------------------------------------------------------


def beyond(kspace):
    kspace = kspace.astype(np.complex128)
    kspace[1, 0, 3, 4] = 1e39
    return kspace


def dead(kspace, *place):
    kspace[place] = 0
    return kspace


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (beyond, r"beyond single precision \(3.4e\+38\) in slice 1"),
        (lambda kspace: kspace * 1e25, "its images overflow or underflow; scale k-space to values of about 1"),
        (lambda kspace: kspace * 1e-30, "its images overflow or underflow"),
        (lambda kspace: kspace * np.nan, "holds NaN"),
        (lambda kspace: dead(kspace, slice(None), 1), r"coil \[1\] is zero everywhere"),
        (lambda kspace: dead(kspace, 2), r"slice \[2\] is zero everywhere"),
        (lambda kspace: dead(kspace, 2, 1), "slice 2, coil 1 is zero everywhere"),
        (lambda kspace: dead(kspace, 1, ..., 4), "slice 1 has 9 measured columns and slice 0 has 10"),
    ],
)
def test_values_that_cannot_be_used_are_refused(tmp_path, spoil, words):
    path = write_arrays(tmp_path / "a.h5", spoil(transform(random_images(*SHAPE))), fastmri_header(12, 10))
    with pytest.raises(VolumeError, match=words) as caught:
        convert(path, "fastmri", tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: np.roll(one, 6, -1), "kx 30 of 48, not in the centre; .*np.roll"),
        (lambda one: np.fft.ifftshift(one, (-2, -1)), "not in the centre; .*np.fft.fftshift"),
        (lambda one: ifft2c(torch.from_numpy(one)).numpy(), "holds images, not k-space; transform them first"),
    ],
)
def test_k_space_stored_otherwise_is_found_by_its_energy(tmp_path, knee, change, words):
    path = write_arrays(tmp_path / "a.h5", knee, fastmri_header(40, 48, (40, 48)))
    convert(path, "fastmri", tmp_path / "good", say=refuse)
    path = write_arrays(tmp_path / "a.h5", change(knee), fastmri_header(40, 48, (40, 48)))
    with pytest.raises(VolumeError, match=words):
        convert(path, "fastmri", tmp_path / "out", say=refuse)


def odd(path):
    """A file of the right layout whose header is no XML."""
    return write_arrays(path, transform(random_images(*SHAPE)), np.arange(3))


def test_one_odd_file_does_not_stop_the_others(tmp_path, capsys, monkeypatch):
    good, _ = make("fastmri", "native", tmp_path)
    for name in ("a.h5", "b.h5"):
        odd(tmp_path / name)
    scalar = write_arrays(tmp_path / "c.h5", transform(random_images(*SHAPE)), fastmri_header(12, 10), mask="text")
    empty = write_arrays(tmp_path / "d.h5", h5py.Empty("c8"), fastmri_header(12, 10))
    files = [tmp_path / "a.h5", tmp_path / "b.h5", scalar, empty, good]
    assert main(["data", "convert", "fastmri", *map(str, files), "--output", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert printed.out.strip() == str(tmp_path / "out" / good.name)
    lines = printed.err.strip().splitlines()
    for path, line in zip(files, lines[:4], strict=False):
        assert line.startswith(f"mrilib: error: {path}: ")
    assert lines[4:] == ["mrilib: 4 of 5 files were not converted"]


@pytest.mark.parametrize("size", [9, 12])
def test_images_are_turned_and_moved_in_k_space(size):
    images = torch.from_numpy(random_images(2, size, 7))
    torch.testing.assert_close(ifft2c(turned(fft2c(images))), images.flip(-2))
    torch.testing.assert_close(ifft2c(cornered(fft2c(images))), torch.fft.ifftshift(images, (-2, -1)))


# --- memory ----------------------------------------------------------------------------------------------------------

PEAK = """
import sys
from pathlib import Path
from mrilib.data.formats import convert
def peak():
    [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM")]
    return 1024 * int(line.split()[1])  # ru_maxrss would begin with the parent's
name, view, *paths = sys.argv[1:]
for path in map(Path, paths):
    before = peak()
    convert(path, name, path.parent / "out", view)
print(peak() - before)
"""
SHAPES = {"fastmri": (40, 8, 256, 192), "skm_tea": (48, 160, 96, 2, 8), "cc_359": (96, 128, 128, 16)}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")
@pytest.mark.parametrize(("name", "view"), [("fastmri", "native"), ("skm_tea", "native"), ("cc_359", "coronal")])
def test_converting_does_not_hold_the_file_in_memory(tmp_path, record_property, name, view):
    random, paths = np.random.default_rng(1), []
    for folder, first in (("small", 2), ("large", SHAPES[name][0])):
        (tmp_path / folder).mkdir()
        shape = first, *SHAPES[name][1:]
        values = random.standard_normal(shape, np.float32)
        header = fastmri_header(*shape[2:], recon=(64, 64)) if name == "fastmri" else None
        values = values if name == "cc_359" else values + 1j * values[::-1]
        paths.append(write_arrays(tmp_path / folder / "a.h5", values.astype(values.dtype), header))
        del values
    command = [sys.executable, "-c", PEAK, name, view, *map(str, paths)]
    found = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])
    share = found / paths[1].stat().st_size
    record_property("peak", f"{share:.2f} of {paths[1].stat().st_size / 1e6:.0f} MB")
    assert share < (0.3 if name == "fastmri" else 1.5)  # by groups of coils; less of larger files

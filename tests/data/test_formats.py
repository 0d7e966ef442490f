"""Published files become fastMRI-layout volumes: orientation, scaling and size, and what is refused."""

import numpy as np
import pytest
import torch
from format_files import SHAPE, fastmri_header, make, raw
from published_files import Scan, random_images, transform, write_arrays

from mrilib.data.formats import FORMATS, convert, recognise
from mrilib.data.fse import corrected, phase_lines
from mrilib.data.ismrmrd import read_raw
from mrilib.data.volumes import VolumeError, inspect_volume, read_slice
from mrilib.fourier import ifft2c

CASES = [(name, view) for name, one in FORMATS.items() for view in one.views]


def images_in(path):
    info = inspect_volume(path)
    return torch.stack([ifft2c(read_slice(path, index).kspace) for index in range(info.slices)]).numpy()


@pytest.mark.parametrize(("name", "view"), CASES)
def test_every_pixel_is_where_it_belongs(name, view, tmp_path):
    path, images = make(name, view, tmp_path)
    written = convert(path, name, tmp_path / "out", view)
    expected = images if name == "skm_tea" else images[None]
    assert len(written) == len(expected)
    for one, wanted in zip(written, expected, strict=True):
        np.testing.assert_allclose(np.abs(images_in(one)), np.abs(wanted), rtol=1e-3, atol=2e-4)
        target = np.stack([read_slice(one, index).target for index in range(len(wanted))])
        rss = np.sqrt((np.abs(wanted) ** 2).sum(1))
        cut = [(whole - part) // 2 for whole, part in zip(rss.shape[1:], target.shape[1:], strict=True)]
        central = rss[:, cut[0] : cut[0] + target.shape[1], cut[1] : cut[1] + target.shape[2]]
        np.testing.assert_allclose(target, central, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_recognised_and_refused_by_all_others(name, tmp_path):
    path, _ = make(name, next(iter(FORMATS[name].views)), tmp_path)
    assert recognise(path) == [name]
    for other in FORMATS.keys() - {name}:
        with pytest.raises(
            VolumeError, match=f"not a file of {FORMATS[other].title}.*looks like {FORMATS[name].title}"
        ):
            convert(path, other, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("name", "view", "message"), [
    ("knee", None, "no format 'knee'; there are: fastmri"),
    ("7t", "oblique", "no view 'oblique'; there are: axial, coronal, sagittal"),
])  # fmt: skip
def test_unknown_names_list_the_known_ones(name, view, message, tmp_path):
    with pytest.raises(VolumeError, match=message):
        convert(tmp_path / "a.h5", name, tmp_path, view)


def test_another_kind_of_file_is_of_no_format(tmp_path):
    path = write_arrays(tmp_path / "other.h5", np.zeros((2, 2), np.float32))
    assert recognise(path) == []
    with pytest.raises(VolumeError, match="not a file of 7T; it fits no other"):
        convert(path, "7t", tmp_path)


# --- sizes and headers ----------------------------------------------------------------------------------------------


def test_prostate_columns_are_padded_as_the_header_says(tmp_path):
    kspace = transform(random_images(*SHAPE))
    averages = np.stack([kspace[..., 3:9]] * 3)
    path = write_arrays(tmp_path / "p.h5", averages, fastmri_header(12, 10, measured=(3, 9)))
    (one,) = convert(path, "prostate", tmp_path / "out")
    info = inspect_volume(one)
    assert (info.shape, info.padding) == ((12, 10), (3, 9))
    found = read_slice(one, 0).kspace.numpy()
    np.testing.assert_allclose(found[..., 3:9], kspace[0, ..., 3:9], rtol=1e-5)
    assert not found[..., :3].any()
    assert not found[..., 9:].any()


@pytest.mark.parametrize(("averages", "measured", "message"), [
    (2, (0, 10), "2 averages; expected the 3"),
    (3, (0, 9), r"k-space has \(12, 10\) rows and columns, but its header says \(12, 9\)"),
])  # fmt: skip
def test_prostate_files_that_lack_something_are_refused(averages, measured, message, tmp_path):
    stored = np.stack([transform(random_images(*SHAPE))] * averages)
    path = write_arrays(tmp_path / "p.h5", stored, fastmri_header(12, 10, measured=measured))
    with pytest.raises(VolumeError, match=message):
        convert(path, "prostate", tmp_path / "out")


def test_skm_tea_columns_outside_the_measured_ones_are_marked(tmp_path):
    stored = transform(random_images(512, 2, 4, 2, 2), (1, 2))
    one, two = convert(write_arrays(tmp_path / "s.h5", stored), "skm_tea", tmp_path / "out")
    assert (one.name, two.name) == ("E1_s.h5", "E2_s.h5")
    assert inspect_volume(one).padding == (48, 464)


def test_the_recon_size_of_a_raw_file_is_kept(tmp_path):
    path = Scan(raw(random_images(*SHAPE)), "SIEMENS", recon=(6, 8)).write(tmp_path / "n.h5")
    (one,) = convert(path, "nyu", tmp_path / "out")
    assert inspect_volume(one).recon_size == (6, 8)


# --- raw readouts ---------------------------------------------------------------------------------------------------


def test_lines_lie_about_the_centre_that_the_header_names(tmp_path):
    kspace = raw(random_images(*SHAPE))[:, :, :, 3:]
    [found] = read_raw(Scan(kspace, "GE", encoded=10).write(tmp_path / "n.h5"), {})
    assert found.columns == (3, 10)
    for number, one in enumerate(kspace):
        np.testing.assert_array_equal(found.kspace(number)[:, :, 3:], one.astype(np.complex64))
        assert not found.kspace(number)[:, :, :3].any()


def test_alternating_signs_are_taken_out_where_the_header_says_so(tmp_path):
    images = random_images(*SHAPE)
    kspace = raw(images) * (-1) ** np.arange(SHAPE[-1])[:, None]
    (one,) = convert(Scan(kspace, "SIEMENS", chop_y=0).write(tmp_path / "n.h5"), "nyu", tmp_path / "out")
    np.testing.assert_allclose(np.abs(images_in(one)), np.abs(images), rtol=1e-3, atol=2e-4)


def test_coils_are_weighted_by_their_noise(tmp_path):
    images, noise = random_images(*SHAPE), np.array([1.0, 2.0, 4.0])
    path = Scan(raw(images), "SIEMENS", noise=noise).write(tmp_path / "n.h5")
    (one,) = convert(path, "nyu", tmp_path / "out")
    weights = (1 / noise) / np.sqrt((1 / noise**2).sum())
    np.testing.assert_allclose(np.abs(images_in(one)), np.abs(images) * weights[:, None, None], rtol=1e-3, atol=2e-4)


def echo_phases(samples, echoes=3):
    """Offset and slope of each echo's phase along the readout; the first is the reference."""
    offset, slope = np.array([0.0, 0.9, -1.3])[:echoes], np.array([0.0, 0.05, -0.11])[:echoes]
    return offset[:, None] + slope[:, None] * np.arange(samples)


def test_the_phase_lines_of_echoes_are_found():
    profile = random_images(2, 3, 1, 64)
    spoiled = transform(profile * np.exp(-1j * echo_phases(64)), (-1,)).astype(np.complex64)
    offset, slope = phase_lines(torch.from_numpy(spoiled))
    np.testing.assert_allclose(slope[0, 0, :, 0], [0, 0.05, -0.11], atol=1e-4)
    np.testing.assert_allclose(offset[0, 0, :, 0], [0, 0.9, -1.3], atol=1e-3)


def test_echoes_are_brought_to_one_phase(tmp_path):
    images = random_images(2, 3, 64, 12)
    clean, segments = raw(images), np.arange(12) % 3
    spoil = np.exp(-1j * echo_phases(64))
    profiles = np.fft.fftshift(np.fft.ifft(np.fft.ifftshift(clean, -1), axis=-1, norm="ortho"), -1)
    spoiled = transform(profiles * spoil[segments], (-1,))
    calibration = transform(random_images(2, 3, 1, 64) * spoil, (-1,))
    scan = Scan(spoiled * 1e8, "GE", segments=segments, calibration=calibration)
    (one,) = convert(scan.write(tmp_path / "f.h5"), "stanford_2d", tmp_path / "out")
    np.testing.assert_allclose(np.abs(images_in(one)), np.abs(images), rtol=1e-3, atol=1e-3)
    untouched = corrected(clean.astype(np.complex64), np.zeros((2, 12), int), calibration.astype(np.complex64))
    np.testing.assert_allclose(untouched, clean, rtol=1e-3, atol=1e-4)


def test_a_raw_file_cut_short_is_refused(tmp_path):
    path = Scan(raw(random_images(*SHAPE)), "SIEMENS").write(tmp_path / "n.h5")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(VolumeError, match=r"n\.h5: the file is (truncated|damaged)"):
        convert(path, "nyu", tmp_path / "out")


@pytest.mark.parametrize(("change", "message"), [
    ({"coils_in_header": 5}, "the header says 5 coils, but readouts have 3"),
    ({"noise": np.ones(2)}, "noise of 2 coils, but k-space of 3"),
])  # fmt: skip
def test_a_raw_file_that_contradicts_itself_is_refused(change, message, tmp_path):
    path = Scan(raw(random_images(*SHAPE)), "SIEMENS", **change).write(tmp_path / "n.h5")
    with pytest.raises(VolumeError, match=message):
        convert(path, "nyu", tmp_path / "out")


@pytest.mark.parametrize(("old", "new", "message"), [
    ("<x>12</x><y>10</y>", "<x>14</x><y>10</y>", "12 samples with its centre at 0, .* fit the 14 samples"),
    ("<center>5</center>", "<center>9</center>", "ky -1, kz 0 lies outside"),
    ("<x>12</x><y>10</y>", "<y>10</y>", "has no encoding/encodedSpace/matrixSize/x"),
    ("<x>12</x>", "<x>twelve</x>", "is 'twelve', not a whole number"),
])  # fmt: skip
def test_a_header_that_does_not_fit_is_refused(old, new, message, tmp_path, monkeypatch):
    text = Scan(raw(random_images(*SHAPE)), "SIEMENS", recon=(7, 7)).header()
    assert old in text
    monkeypatch.setattr(Scan, "header", lambda _: text.replace(old, new))
    path = Scan(raw(random_images(*SHAPE)), "SIEMENS").write(tmp_path / "n.h5")
    with pytest.raises(VolumeError, match=message):
        convert(path, "nyu", tmp_path / "out")

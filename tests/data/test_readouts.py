"""Readouts of raw files: told apart by counters and flags, placed by their centre, refused by name if unknown."""

import h5py
import ismrmrd
import numpy as np
import pytest
import torch
from format_files import SHAPE, raw
from published_files import Scan, acquisition, random_images

from mrilib.data.formats import convert
from mrilib.data.ismrmrd import read_raw
from mrilib.data.raw_formats import nyu
from mrilib.data.volumes import VolumeError
from mrilib.fourier import ifft2c

KSPACE = raw(random_images(*SHAPE)).astype(np.complex64)  # (slice, coil, kz, ky, readout)
LINES, SAMPLES = SHAPE[3], SHAPE[2]


def scan(path, kspace=KSPACE, change=lambda one: None):
    return Scan(kspace, "SIEMENS").write(path, change)


def added(path, *readouts):
    """Append readouts to a file."""
    data = ismrmrd.Dataset(path, "dataset", create_if_needed=False)
    for one in readouts:
        data.append_acquisition(one)
    data.close()
    return path


def readout(values, line, number=0, *flags, **fields):
    one = acquisition(values, line, 0, number, 0)
    for flag in flags:
        one.setFlag(flag)
    for name, value in fields.items():
        setattr(one.idx if hasattr(one.idx, name) else one, name, value)
    return one


def read(path, choice=None):
    """K-space of the only volume."""
    [found] = read_raw(path, choice or {})
    return np.stack([found.kspace(number) for number in range(found.shape[0])])


def error(found, expected):
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def test_averages_are_averaged(tmp_path):
    path = scan(tmp_path / "a.h5", 0.5 * KSPACE)
    scan(path, 1.5 * KSPACE, lambda one: setattr(one.idx, "average", 1))
    assert error(read(path), KSPACE) < 1e-6
    some = [readout(4 * KSPACE[0, :, 0, line], line, average=2) for line in (4, 5)]
    expected = KSPACE.copy()
    expected[0, :, :, 4:6] *= 2
    assert error(read(added(path, *some)), expected) < 1e-6


FLAGS = [name for name in dir(ismrmrd) if name.startswith("ACQ_IS_")]
PART_OF_THE_IMAGE = {"ACQ_IS_PARALLEL_CALIBRATION_AND_IMAGING", "ACQ_IS_REVERSE"}


@pytest.mark.parametrize("flag", sorted({*FLAGS} - PART_OF_THE_IMAGE))
def test_readouts_that_are_no_part_of_the_image_are_left_out(tmp_path, flag):
    path = scan(tmp_path / "a.h5")
    added(path, readout(1e3 * KSPACE[0, :, 0, 0], 5, 0, getattr(ismrmrd, flag)))
    np.testing.assert_array_equal(read(path), KSPACE)


def test_calibration_that_is_also_imaging_belongs_to_the_image(tmp_path):
    def flag(one):
        if one.idx.kspace_encode_step_1 in (4, 5):
            one.setFlag(ismrmrd.ACQ_IS_PARALLEL_CALIBRATION_AND_IMAGING)
            one.setFlag(ismrmrd.ACQ_IS_PARALLEL_CALIBRATION)

    np.testing.assert_array_equal(read(scan(tmp_path / "a.h5", change=flag)), KSPACE)


def test_reversed_readouts_are_turned_round(tmp_path):
    stored = KSPACE.copy()
    stored[:, :, :, 1::2] = stored[:, :, :, 1::2, ::-1]

    def flag(one):
        if one.idx.kspace_encode_step_1 % 2:
            one.setFlag(ismrmrd.ACQ_IS_REVERSE)

    path = scan(tmp_path / "a.h5", stored, flag)
    np.testing.assert_array_equal(read(path), KSPACE)
    added(path, readout(KSPACE[0, :, 0, 0], 5, 0, ismrmrd.ACQ_IS_PHASECORR_DATA))
    with pytest.raises(VolumeError, match="reversed readouts with phase correction"):
        read(path)


def test_partial_echoes_lie_about_their_centre_and_discarded_samples_are_left_out(tmp_path):
    header = Scan(KSPACE, "SIEMENS").header()
    cut = Scan(KSPACE[..., 2:], "SIEMENS")
    cut.header = lambda: header

    def place(one):
        one.center_sample, one.discard_pre, one.discard_post = SAMPLES // 2 - 2, 1, 2

    found = read(cut.write(tmp_path / "a.h5", place))
    np.testing.assert_array_equal(found[..., 3:-2], KSPACE[..., 3:-2])
    assert not found[..., :3].any()
    assert not found[..., -2:].any()
    added(tmp_path / "a.h5", readout(KSPACE[0, :, 0, 0, 2:], 4, center_sample=2, average=1))
    with pytest.raises(VolumeError, match=r"10 samples with its centre at 2, .* does not fit the 12 samples"):
        read(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        (ismrmrd.ACQ_COMPRESSION1, "ACQ_COMPRESSION1, whose meaning is not known here"),
        (ismrmrd.ACQ_USER3, "ACQ_USER3, whose"),
        (40, "flag 40, whose"),
    ],
)
def test_flags_that_are_not_understood_are_refused_by_name(tmp_path, flag, words):
    path = added(scan(tmp_path / "a.h5"), readout(KSPACE[0, :, 0, 0], 5, 0, flag, average=1))
    with pytest.raises(VolumeError, match=words):
        read(path)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (readout(KSPACE[0, :, 0, 5], 5), "2 readouts of slice 0 at ky 5, kz 0 that cannot be told apart"),
        (readout(KSPACE[0, :, 0, 5], 5, 0, encoding_space_ref=1, average=1), "readouts of several encodings"),
        (readout(KSPACE[0, :, 0, 5], 5, 65535), "of 5 slices, up to number 65535, but slice 4 has none"),
        (readout(KSPACE[0, :, 0, 5], 5, repetition=1), "repetition 1: readouts of 1 slices|readouts at ky 5 to 5"),
        (readout(KSPACE[0, :, 0, 5], 5, 4), "slice 4 has 1 lines and slice 0 has 10, or their lines differ"),
    ],
)
def test_readouts_that_contradict_the_rest_are_refused(tmp_path, one, words):
    path = added(scan(tmp_path / "a.h5"), one)
    with pytest.raises(VolumeError, match=words):
        read(path)


def test_an_acquisition_that_was_stopped_is_refused(tmp_path):
    header = Scan(KSPACE, "SIEMENS").header()
    for name, kept, words in (
        ("lines", KSPACE[:, :, :, :6], "readouts at ky 0 to 5, but the header announces 0 to 9"),
        ("slices", KSPACE[:2], "readouts of 2 slices, up to number 1, but the header announces 4"),
    ):
        cut = Scan(kept, "SIEMENS")
        limit = "<slice><minimum>0</minimum><maximum>3</maximum><center>0</center></slice></encodingLimits>"
        cut.header = lambda limit=limit: header.replace("</encodingLimits>", limit)
        with pytest.raises(VolumeError, match=words):
            read(cut.write(tmp_path / f"{name}.h5"))


def test_other_trajectories_are_refused(tmp_path, monkeypatch):
    text = Scan(KSPACE, "SIEMENS").header()
    monkeypatch.setattr(
        Scan, "header", lambda _: text.replace("</encoding>", "<trajectory>radial</trajectory></encoding>")
    )
    with pytest.raises(VolumeError, match="trajectory radial; only Cartesian"):
        read(scan(tmp_path / "a.h5"))


def test_a_matrix_beyond_what_was_measured_is_not_allocated(tmp_path, monkeypatch):
    text = Scan(KSPACE, "SIEMENS").header().replace(f"<y>{LINES}</y>", "<y>1000000000</y>", 1)
    monkeypatch.setattr(Scan, "header", lambda _: text.replace("<center>5</center>", "<center>500000000</center>", 1))
    with pytest.raises(VolumeError, match="the header's matrix has 1000000000 lines per slice"):
        read(scan(tmp_path / "a.h5"))


def test_each_repetition_and_contrast_becomes_a_volume(tmp_path):
    path, factors = tmp_path / "a.h5", {(0, 0): 1, (0, 1): 2, (3, 0): 3, (3, 1): 4}

    def counted(repetition, contrast):
        def change(one):
            one.idx.repetition, one.idx.contrast = repetition, contrast

        return change

    for (repetition, contrast), factor in factors.items():
        scan(path, factor * KSPACE, counted(repetition, contrast))
    made = {one.name: one for one in convert(path, "nyu", tmp_path / "out")}
    assert set(made) == {f"repetition{r}_contrast{c}_a.h5" for r, c in factors}
    for (repetition, contrast), factor in factors.items():
        with h5py.File(made[f"repetition{repetition}_contrast{contrast}_a.h5"]) as file:
            images = ifft2c(torch.from_numpy(file["kspace"][()])).numpy()
        assert error(np.abs(images), factor * np.abs(random_images(*SHAPE))) < 1e-5
    [one] = nyu(path, (0, 1, 2, 3), {"contrast": 1, "repetition": 3})
    assert one.prefix == "repetition3_contrast1_"
    stray = readout(KSPACE[0, :, 0, 5], 5, repetition=4)
    with pytest.raises(VolumeError, match=r"a\.h5: repetition 4, contrast 0: "):
        convert(added(path, stray), "nyu", tmp_path / "stray")
    assert len(nyu(path, (0, 1, 2, 3), {"repetition": 3})) == 2


def test_links_to_other_files_are_refused(tmp_path):
    scan(tmp_path / "real.h5")
    for name, place in (("group", "dataset"), ("data", "dataset/data"), ("xml", "dataset/xml")):
        path = scan(tmp_path / f"{name}.h5")
        with h5py.File(path, "r+") as file:
            del file[place]
            file[place] = h5py.ExternalLink(str(tmp_path / "real.h5"), place)
        with pytest.raises(VolumeError, match=r"not a dataset inside this file|no ISMRMRD data|not a file of"):
            read(path)
        with pytest.raises(VolumeError):
            convert(path, "nyu", tmp_path / "out")
    assert not (tmp_path / "out").exists()

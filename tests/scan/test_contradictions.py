"""A volume whose mask or stored images contradict its k-space is refused by name, also before a reconstruction."""

import h5py
import numpy as np
import pytest
import torch
from tiny_slices import tiny_scan

from mrilib.coils import rss
from mrilib.data.layout import VolumeError
from mrilib.data.volumes import write_volume
from mrilib.fourier import ifft2c
from mrilib.sampling import Undersampling
from mrilib.scan.formats import open_scan
from mrilib.scan.reconstruction import prepare
from mrilib.simulate.acquisition import simulate_slice

SAMPLING = Undersampling(2, 0.2)
HALF = (np.arange(48) % 2 == 0) | (abs(np.arange(48) - 24) < 5)


@pytest.fixture(scope="module")
def kspace():
    """One slice of a knee, (1, 4, 40, 48) complex64."""
    return simulate_slice(tiny_scan(), 0, 0.1).kspace[None].astype(np.complex64)


def prepared(folder, kspace, **datasets):
    """The first slice of a volume in which datasets were replaced."""
    path = folder / "scan.h5"
    write_volume(path, kspace)
    with h5py.File(path, "r+") as file:
        for name, content in datasets.items():
            file.pop(name, None)
            file[name] = content
    return prepare(open_scan(path), 0, SAMPLING)


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (np.ones(9), r"`mask` is float64 \(9,\); expected \(48,\), zeros and ones"),
        (np.ones((2, 48)), r"`mask` is float64 \(2, 48\)"),
        (np.full(48, np.nan), r"`mask` is float64 \(48,\); expected"),
        (np.full(48, 3), r"`mask` is int64 \(48,\); expected"),
        ("text", r"`mask` is .*; expected"),
        (HALF.astype(np.float32), "`mask` excludes samples that k-space holds; remove the mask, or apply it"),
    ],
)
def test_a_mask_that_contradicts_the_k_space_is_refused(tmp_path, kspace, mask, said):
    with pytest.raises(VolumeError, match=rf"scan\.h5: {said}"):
        prepared(tmp_path, kspace, mask=mask)


def test_a_mask_that_agrees_changes_nothing(tmp_path, kspace):
    whole = prepared(tmp_path, kspace)
    assert torch.equal(prepared(tmp_path, kspace, mask=np.ones(48, np.float32)).target, whole.target)
    assert torch.equal(prepared(tmp_path, kspace, mask=np.ones((40, 48), bool)).target, whole.target)
    half = prepared(tmp_path, kspace * HALF, mask=HALF)
    assert half.target is None
    assert half.mask.flatten().tolist() == HALF.tolist()


def images(kspace):
    return rss(ifft2c(torch.from_numpy(kspace)))[:, 0].numpy()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda stored: 1.02 * stored,
        lambda stored: stored[:, ::-1],
        lambda stored: stored * np.nan,
        lambda stored: np.ones((1, 3, 3)),  # ended in a message about calibration rows that named no file
    ],
)
def test_stored_images_of_something_else_are_refused(tmp_path, kspace, spoil):
    with pytest.raises(VolumeError, match=r"scan\.h5: slice 0: `reconstruction_rss` differs"):
        prepared(tmp_path, kspace, reconstruction_rss=spoil(images(kspace)))


def test_stored_images_that_agree_change_nothing(tmp_path, kspace):
    found = prepared(tmp_path, kspace, reconstruction_rss=1.001 * images(kspace))
    np.testing.assert_allclose(found.target[0, 0], images(kspace)[0], rtol=1e-5)
    masked = prepared(tmp_path, kspace * HALF, mask=HALF, reconstruction_rss=images(kspace))
    assert masked.target is None, "the image of the whole k-space says nothing against the half of it"

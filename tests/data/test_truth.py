"""Ground truth: under-sampled files, other images and wrong maxima are found; what agrees is used."""

import h5py
import numpy as np
import pytest
import torch
from tiny_slices import SAMPLING, tiny_scan

from mrilib.coils import rss
from mrilib.data import truth
from mrilib.data.slices import SliceDataset
from mrilib.data.volumes import VolumeError, inspect_volume, read_slice, write_volume
from mrilib.fourier import ifft2c
from mrilib.metrics import center_crop
from mrilib.sampling import Undersampling
from mrilib.simulate.acquisition import simulate_slice
from mrilib.ttt import Settings, held_out

KEPT = (30, 36)
LEVELS = (-0.5, 0.1, 0.5)


@pytest.fixture(scope="module")
def measured():
    """K-space of three slices, (3, 4, 40, 48) complex64; the middle one is the brightest."""
    slices = [simulate_slice(tiny_scan(), 0, level).kspace for level in LEVELS]
    return (np.stack(slices) * np.reshape([0.4, 1.0, 0.6], (3, 1, 1, 1))).astype(np.complex64)


@pytest.fixture
def volume(tmp_path, measured):
    path = tmp_path / "scan.h5"
    write_volume(path, measured, recon_size=KEPT)
    return path


def changed(path, **datasets):
    """The file with datasets replaced, or removed where None; attributes by the name `attributes`."""
    with h5py.File(path, "r+") as file:
        for name, value in datasets.pop("attributes", {}).items():
            file.attrs.pop(name)
            if value is not None:
                file.attrs[name] = value
        for name, data in datasets.items():
            file.pop(name, None)
            if data is not None:
                file[name] = data
    return path


def images(kspace):
    return center_crop(rss(ifft2c(torch.from_numpy(kspace)))[:, 0], KEPT).numpy()


def masked(kspace):
    return kspace * Undersampling(4, 0.08).mask("scan.h5", kspace.shape[-1])[0].numpy()


# --- under-sampled files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["none", "of the aliased image", "of the full k-space"])
@pytest.mark.parametrize("mask", [False, True])
def test_an_under_sampled_file_is_no_ground_truth(volume, measured, target, mask):
    """Masked again, it was scored against its own aliased image: SSIM .90 of zero-filling instead of .40."""
    aliased = masked(measured)
    stored = {"none": None, "of the aliased image": images(aliased), "of the full k-space": images(measured)}[target]
    maximum = {"max": None if stored is None else float(stored.max())}
    changed(volume, kspace=aliased, reconstruction_rss=stored, attributes=maximum)
    if mask:
        changed(volume, mask=np.ones(48, np.float32))
    assert inspect_volume(volume).under_sampled
    with pytest.raises(VolumeError, match=r"scan\.h5: under-sampled.*`mrilib reconstruct` reconstructs"):
        SliceDataset([(volume, 1)], SAMPLING)[0]


def test_scattered_gaps_are_under_sampling_but_corners_and_single_zeros_are_not(volume, measured, generator):
    y, x = torch.meshgrid(torch.linspace(-1, 1, 40), torch.linspace(-1, 1, 48), indexing="ij")
    ellipse, single = (y**2 + x**2 < 1.2).numpy(), np.ones((40, 48), bool)
    single[35, 40] = False
    for seen in (ellipse, single):
        write_volume(volume, measured * seen, recon_size=KEPT)
        assert read_slice(volume, 1).columns.all()
    scattered = (torch.rand(40, 48, generator=generator) < 0.5).numpy()
    changed(volume, kspace=measured * scattered, reconstruction_rss=None, attributes={"max": None})
    with pytest.raises(VolumeError, match="under-sampled"):
        read_slice(volume, 1)


def test_a_mask_alone_says_that_the_file_is_under_sampled(volume):
    changed(volume, mask=np.ones(48, np.float32))
    with pytest.raises(VolumeError, match="it holds a `mask`"):
        read_slice(volume, 0)


def test_one_under_sampled_slice_among_others_is_found(volume, measured):
    kspace = measured.copy()
    kspace[2] = masked(measured)[2]
    changed(volume, kspace=kspace)
    assert read_slice(volume, 0).kspace.shape == (4, 40, 48)
    with pytest.raises(VolumeError, match="under-sampled"):
        read_slice(volume, 2)


def test_an_under_sampled_file_is_written_with_its_mask_and_without_images_of_its_own(tmp_path, measured):
    mask = Undersampling(4, 0.08).mask("scan.h5", 48)[0, 0, 0].numpy()
    for name, given in (("mask.h5", {"mask": mask}), ("gaps.h5", {})):
        write_volume(tmp_path / name, masked(measured), recon_size=KEPT, **given)
        info = inspect_volume(tmp_path / name)
        assert (info.under_sampled, info.has_target, info.max, info.recon_size) == (True, False, None, KEPT)
        with h5py.File(tmp_path / name) as file:
            assert ("mask" in file) == ("mask" in given)
            assert "reconstruction_rss" not in file
    with h5py.File(tmp_path / "mask.h5") as file:
        np.testing.assert_array_equal(file["mask"], mask)


# --- the stored target ----------------------------------------------------------------------------------------------


def test_the_stored_target_is_what_images_are_scored_against(volume, measured):
    stored = (images(measured) * (1 + 1e-3)).astype(np.float32)
    changed(volume, reconstruction_rss=stored, attributes={"max": float(stored.max())})
    sample = SliceDataset([(volume, 0)], SAMPLING)[0]
    assert torch.equal(center_crop(sample.target, KEPT)[0, 0], torch.from_numpy(stored[0]))
    outside = rss(ifft2c(torch.from_numpy(measured[:1])))
    assert torch.equal(sample.target[..., 0, :], outside[..., 0, :]), "what the crop leaves out comes from the k-space"


def test_a_simulated_slice_has_the_same_numbers_as_ever(volume, measured):
    sample = SliceDataset([(volume, 1)], SAMPLING)[0]
    assert torch.equal(sample.target, rss(ifft2c(torch.from_numpy(measured[1:2]))))
    assert torch.equal(sample.mask, SAMPLING.mask("scan.h5", 48))
    with h5py.File(volume) as file:
        assert sample.peak.item() == np.float32(file.attrs["max"])


@pytest.mark.parametrize("factor", [1e6, 1.02, 0.5])
def test_a_target_of_another_scale_is_refused(volume, measured, factor):
    stored = images(measured) * np.float32(factor)
    changed(volume, reconstruction_rss=stored, attributes={"max": float(stored.max())})
    with pytest.raises(VolumeError, match=r"slice 1: `reconstruction_rss` differs by .* expected at most 0\.01"):
        read_slice(volume, 1)


def test_targets_in_another_order_are_refused(volume, measured):
    changed(volume, reconstruction_rss=images(measured)[::-1])
    with pytest.raises(VolumeError, match="slice 0: `reconstruction_rss` differs"):
        read_slice(volume, 0)


def test_a_target_with_nan_is_refused(volume, measured):
    stored = images(measured)
    stored[1, 2, 3] = np.nan
    changed(volume, reconstruction_rss=stored)
    with pytest.raises(VolumeError, match="slice 1: `reconstruction_rss` differs"):
        read_slice(volume, 1)


def test_a_target_larger_than_the_k_space_is_cropped_as_fastmri_does(volume, measured):
    """FLAIR files of 203 columns have images of 320; `fit` died at step 2 and named no file."""
    full = rss(ifft2c(torch.from_numpy(measured)))[:, 0]
    wide = torch.nn.functional.pad(full, (8, 8)).numpy()
    changed(volume, reconstruction_rss=wide, attributes={"max": float(wide.max())})
    assert inspect_volume(volume).recon_size == (40, 48)
    sample = SliceDataset([(volume, 1)], SAMPLING)[0]
    assert sample.recon_size == (40, 48)
    assert torch.equal(sample.target[0, 0], full[1])
    changed(volume, reconstruction_rss=np.ones((3, 60, 60), np.float32), attributes={"max": 1.0})
    with pytest.raises(VolumeError, match=r"scan\.h5: slice 1: `reconstruction_rss` differs"):
        read_slice(volume, 1)


def test_a_reconstruction_size_of_the_header_larger_than_the_k_space(volume):
    with h5py.File(volume, "r+") as file:
        text = file["ismrmrd_header"][()].decode().replace("<y>36</y>", "<y>60</y>")
    changed(volume, reconstruction_rss=None, ismrmrd_header=text.encode(), attributes={"max": None})
    assert inspect_volume(volume).recon_size == (30, 48)
    assert SliceDataset([(volume, 1)], SAMPLING)[0].recon_size == (30, 48)


# --- the maximum ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("attribute", [True, False])
def test_the_maximum_is_the_volume_s_in_every_slice(volume, measured, stored, attribute):
    """A slice's own maximum stood for it where the attribute was missing: SSIM .531 instead of .919 at the edge."""
    expected = images(measured).max()
    changed(
        volume,
        reconstruction_rss=images(measured) if stored else None,
        attributes={} if attribute else {"max": None, "norm": None},
    )
    for index in range(3):
        assert SliceDataset([(volume, index)], SAMPLING)[0].peak.item() == pytest.approx(expected, rel=1e-6)
    assert images(measured)[0].max() < 0.6 * expected


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("factor", [1e6, 1.02, 0.5])
def test_a_maximum_that_disagrees_is_refused_with_both_numbers(volume, measured, stored, factor):
    """A million times too large, it gave SSIM 1.0000 and loss 0.0000."""
    right = float(images(measured).max())
    changed(
        volume,
        reconstruction_rss=images(measured) if stored else None,
        attributes={"max": factor * right},
    )
    with pytest.raises(VolumeError) as caught:
        read_slice(volume, 0)
    assert str(caught.value).startswith(f"{volume}: attribute `max` is {factor * right:.6g}, but the largest value of")
    assert f"is {right:.6g}; correct or remove" in str(caught.value)


def test_the_maximum_is_computed_once_for_each_file_and_again_when_it_is_replaced(volume, measured):
    changed(volume, reconstruction_rss=None, attributes={"max": None})
    before = truth._maximum.cache_info().misses
    first = [read_slice(volume, index).peak for index in (0, 1, 2, 0)]
    assert truth._maximum.cache_info().misses == before + 1
    assert len(set(first)) == 1
    write_volume(volume, 2 * measured, recon_size=KEPT)
    assert read_slice(volume, 0).peak == pytest.approx(2 * first[0])


# --- columns that were never acquired -------------------------------------------------------------------------------


def padded(path, measured, header=True):
    """The volume with six columns zero-padded on the left and eight on the right."""
    kspace = measured.copy()
    kspace[..., :6], kspace[..., 40:] = 0, 0
    write_volume(path, kspace, recon_size=KEPT, padding=(6, 40) if header else None)
    return path


@pytest.mark.parametrize("header", [True, False])
def test_padding_is_no_under_sampling_and_never_counts_as_measured(volume, measured, header):
    padded(volume, measured, header)
    assert not inspect_volume(volume).under_sampled
    every = SliceDataset([(volume, 1)], Undersampling(1, 1.0))[0]
    assert every.mask.flatten().nonzero().flatten().tolist() == list(range(6, 40))
    sample = SliceDataset([(volume, 1)], SAMPLING)[0]
    drawn = SAMPLING.mask("scan.h5", 48)
    assert drawn[..., :6].any()
    assert drawn[..., 40:].any()
    assert torch.equal(sample.mask[..., 6:40], drawn[..., 6:40])
    for unit in ("pixels", "lines"):
        kept = held_out(sample.mask, 40, Settings(unit=unit, holdout=0.5))
        assert not kept[..., :6].any()
        assert not kept[..., 40:].any()


def test_columns_that_the_header_excludes_are_masked_as_in_fastmri(volume, measured):
    write_volume(volume, measured, padding=(6, 40))
    sample = SliceDataset([(volume, 1)], Undersampling(1, 1.0))[0]
    assert sample.mask.flatten().nonzero().flatten().tolist() == list(range(6, 40))


def test_a_header_that_excludes_what_was_measured_is_refused(volume, measured):
    write_volume(volume, measured, padding=(30, 31))
    with pytest.raises(VolumeError, match=r"scan\.h5: `ismrmrd_header` says that columns 30 to 30 were measured"):
        read_slice(volume, 1)

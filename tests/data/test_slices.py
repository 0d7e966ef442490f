"""Slices as networks see them: masks, coil maps, targets, batches."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_slices import SAMPLING, tiny_sample

from mrilib.coils import normalize_maps, rss
from mrilib.data.catalogue import distribution
from mrilib.data.slices import SliceDataset
from mrilib.data.volumes import VolumeError, read_slice, write_volume
from mrilib.fourier import ifft2c
from mrilib.sample import collate, undersample
from mrilib.sampling import CENTER_FRACTIONS, Undersampling, random_mask, seed_from_name
from mrilib.simulate.acquisition import simulate_slice


@pytest.fixture(scope="module")
def volume(tmp_path_factory):
    """A volume of 2 slices whose images are cropped to 30×36."""
    path = tmp_path_factory.mktemp("data ü") / "file_1.h5"
    random = np.random.default_rng(0)
    kspace = random.standard_normal((2, 3, 40, 48)) + 1j * random.standard_normal((2, 3, 40, 48))
    write_volume(path, kspace, recon_size=(30, 36))
    return path


def test_the_mask_follows_from_the_file_name():
    mask = Undersampling(4).mask("file1000126.h5", 372)
    assert mask.shape == (1, 1, 1, 372)
    assert torch.equal(mask, Undersampling(4).mask("file1000126.h5", 372))
    assert not torch.equal(mask, Undersampling(4).mask("file1000127.h5", 372))
    assert torch.equal(mask[0, 0, 0], random_mask(372, 4, 0.08, seed_from_name("file1000126.h5")))


@pytest.mark.parametrize("acceleration", [*CENTER_FRACTIONS, 4.0])
def test_customary_centre_fractions(acceleration):
    mask = Undersampling(acceleration, kind="equispaced_fraction").mask("a.h5", 368)
    assert mask.sum().item() == pytest.approx(368 / acceleration, abs=2)


def test_samplings_that_cannot_be():
    with pytest.raises(ValueError, match=r"no customary value for acceleration 5.*\[2, 3, 4, 8, 16\]"):
        Undersampling(5).mask("a.h5", 320)
    assert Undersampling(5, 0.08).mask("a.h5", 320).shape[-1] == 320
    with pytest.raises(ValueError, match="mask kind 'radial': expected one of random, equispaced"):
        Undersampling(4, kind="radial").mask("a.h5", 320)
    with pytest.raises(ValueError, match=r"acceleration must be at least 1, got 0\.5"):
        Undersampling(0.5, 0.08).mask("a.h5", 320)
    with pytest.raises(ValueError, match="whole number"):
        Undersampling(2.5, 0.08, "equispaced").mask("a.h5", 320)


def test_a_mask_of_another_width_is_refused():
    kspace = torch.ones(3, 40, 48, dtype=torch.complex64)
    with pytest.raises(ValueError, match=r"file_1\.h5\[0\]: the mask has 50 columns but the k-space has 48"):
        undersample(kspace, SAMPLING.mask("a", 50), "file_1.h5[0]")


def test_a_slice_holds_what_the_network_needs(volume):
    sample = SliceDataset([(volume, 1)], SAMPLING)[0]
    full = read_slice(volume, 1).kspace[None]
    assert sample.masked_kspace.dtype == torch.complex64
    assert torch.equal(sample.masked_kspace, full * sample.mask)
    assert torch.equal(sample.target, rss(ifft2c(full)))
    torch.testing.assert_close(rss(sample.sens_maps), torch.ones(1, 1, 40, 48))
    assert (sample.reference.abs() <= sample.target * (1 + 1e-5)).all()
    assert sample.recon_size == (30, 36)
    assert sample.names == ("file_1.h5[1]",)
    assert sample.to("cpu").names == sample.names


def test_maps_come_from_under_sampled_data_only(volume):
    """What lies outside the calibration lines does not change them."""
    kspace = read_slice(volume, 0).kspace
    mask = SAMPLING.mask("a", 48)
    changed = torch.where(mask[0], kspace, 7 * kspace)
    assert torch.equal(undersample(kspace, mask).sens_maps, undersample(changed, mask).sens_maps)


@pytest.mark.parametrize("name", ["knee_pd", "brain_axt2"])
def test_estimated_maps_are_those_of_the_simulated_array(name):
    """|⟨estimated, true⟩| of unit vectors over the coils, where there is signal; the phase is free."""
    made = simulate_slice(distribution(name).scan, 50_001, 0.1)
    kspace = torch.from_numpy(made.kspace).to(torch.complex64)
    sample = undersample(kspace, Undersampling(4).mask("a", kspace.shape[-1]))
    true = normalize_maps(torch.from_numpy(made.sens_maps)[None]).to(torch.complex64)
    agreement = (true.conj() * sample.sens_maps).sum(1).abs()[0]
    magnitude = torch.from_numpy(np.abs(made.image))
    inside = agreement[magnitude > 0.1 * magnitude.quantile(0.95)]
    assert inside.mean() > 0.98
    assert inside.median() > 0.995


def test_a_batch_is_its_slices_one_after_the_other():
    samples = [tiny_sample(patient) for patient in range(3)]
    batch = collate(samples)
    assert batch.names == ("patient 0", "patient 1", "patient 2")
    images = batch.operator.H(batch.masked_kspace)
    for item, sample in enumerate(samples):
        assert torch.equal(batch.target[item : item + 1], sample.target)
        torch.testing.assert_close(images[item : item + 1], sample.operator.H(sample.masked_kspace))


@pytest.mark.parametrize("scan", [{"matrix": (48, 48)}, {"coils": 5}])
def test_slices_of_different_size_are_no_batch(scan):
    with pytest.raises(ValueError, match=r"slices of one size.*\(4, 40, 48\).*use batch_size 1"):
        collate([tiny_sample(0), tiny_sample(1, **scan)])


def test_slices_scored_on_different_parts_are_no_batch():
    one = tiny_sample(0)
    with pytest.raises(ValueError, match=r"one recon_size, got .*\(30, 30\), \(40, 48\).*use batch_size 1"):
        collate([one, replace(one, recon_size=(30, 30))])


def test_the_data_set_reads_lazily_and_says_what_is_wrong(volume, tmp_path):
    broken = tmp_path / "broken.h5"
    broken.write_bytes(b"no HDF5")
    slices = SliceDataset([(volume, 0), (broken, 0)], SAMPLING)
    assert len(slices) == 2
    assert slices[0].names == ("file_1.h5[0]",)
    with pytest.raises(VolumeError, match=r"broken\.h5.*HDF5"):
        slices[1]


def test_slices_of_one_volume_share_its_mask(volume):
    slices = SliceDataset([(volume, 0), (volume, 1)], SAMPLING)
    assert torch.equal(slices[0].mask, slices[1].mask)
    other = SliceDataset([(volume, 0)], replace(SAMPLING, kind="equispaced"))
    assert not torch.equal(slices[0].mask, other[0].mask)


def test_too_narrow_a_centre_says_what_center_fraction_would_do(generator):
    """8× at 80 columns: fastMRI's 4 % are three lines, and ESPIRiT's kernel takes six."""
    kspace = torch.complex(*torch.randn(2, 3, 40, 80, generator=generator))
    with pytest.raises(
        ValueError,
        match=r"file_1\.h5\[0\]: center_fraction: \d calibration lines in the centre of 80 columns, but the coil "
        r"maps need 6; give a center_fraction of 0\.09 or more, and a lower acceleration if",
    ):
        undersample(kspace, Undersampling(8).mask("file_1.h5", 80), "file_1.h5[0]")
    wider = undersample(kspace, Undersampling(8, 0.09).mask("file_1.h5", 80))
    torch.testing.assert_close(rss(wider.sens_maps), torch.ones(1, 1, 40, 80))

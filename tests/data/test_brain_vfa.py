"""The real 13-coil brain as it comes out of the conversion; skipped where it is not at hand."""

from hashlib import sha256

import torch

from mrilib.data.volumes import inspect_volume, read_slice
from mrilib.fourier import ifft2c


def images(folder, angle):
    return ifft2c(read_slice(folder / f"file_brain_vfa_FA{angle:02d}.h5", 0).kspace)


def test_the_real_brain_is_complete_and_said_to_be_real(brain_vfa):
    infos = [inspect_volume(path) for path in sorted(brain_vfa.glob("*.h5"))]
    assert [info.acquisition for info in infos] == [f"AXGRE_FA{angle:02d}" for angle in range(1, 20, 2)]
    assert {(info.slices, info.coils, info.shape, info.simulated) for info in infos} == {(1, 13, (224, 224), False)}


def test_the_real_brain_has_smooth_phase_and_lies_in_the_centre(brain_vfa):
    coil_images = images(brain_vfa, 5)
    neighbours = (coil_images[..., 1:] * coil_images[..., :-1].conj()).sum()
    assert neighbours.real > 0.8 * coil_images.abs().square().sum()  # a missing shift alternates the sign: -0.9
    energy = coil_images.abs().square().sum(0)
    middle = (torch.arange(224) * energy.sum(1)).sum() / energy.sum()
    assert abs(middle - 112) < 10


def test_the_real_brain_has_its_nose_up(brain_vfa):
    target = read_slice(brain_vfa / "file_brain_vfa_FA19.h5", 0).target
    middle = target[35:204, 106:119]  # inside the skull, between the hemispheres
    assert 35 + middle.amax(1).argmax() > 190  # the sagittal sinus, bright by inflow, is at the back of the head


def test_the_real_brain_is_as_noisy_as_described(brain_vfa):
    def ratio(angle):
        """95th percentile of the RSS image over the background's standard deviation, in the corners."""
        target = read_slice(brain_vfa / f"file_brain_vfa_FA{angle:02d}.h5", 0).target
        return float(target.quantile(0.95) / target[:20, :20].std())

    assert ratio(1) < ratio(19) < ratio(5)
    assert sha256(images(brain_vfa, 1).numpy()).digest() != sha256(images(brain_vfa, 5).numpy()).digest()

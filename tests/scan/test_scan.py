"""A scan of one's own: formats give the same images, what was not measured never counts, and kills lose nothing."""

import argparse
import json
import re
import runpy
from dataclasses import replace
from pathlib import Path

import h5py
import ismrmrd
import nibabel
import numpy as np
import published_files
import pytest
import torch
from command_line import refused
from tiny_slices import tiny_model, tiny_scan

from mrilib.cli import main
from mrilib.coils import rss
from mrilib.data.kspace import measured, under_sampled
from mrilib.data.layout import VolumeError
from mrilib.data.readouts import COUNTERS
from mrilib.data.volumes import write_volume
from mrilib.fourier import fft2c, fftc, ifft2c
from mrilib.running.reconstruct_command import add_reconstruct, numbers_of, planned
from mrilib.sampling import Undersampling
from mrilib.scan.formats import open_scan
from mrilib.scan.job import Job
from mrilib.scan.reconstruction import prepare, reconstruct_slice
from mrilib.scan.source import without_oversampling
from mrilib.simulate.acquisition import simulate_slice
from mrilib.store.project import UserError
from mrilib.store.sealed import seal
from mrilib.train.checkpoints import save_weights
from mrilib.ttt import FREE_PHASE, OWN_SCANS

SAMPLING = Undersampling(2, 0.2)
BRIEF = FREE_PHASE.__class__(1e-3, 3, 3, phase="free", warmup=2)


@pytest.fixture(scope="module")
def kspace():
    """Two slices of a knee, (2, 4, 40, 48) complex64."""
    return np.stack([simulate_slice(tiny_scan(), patient, 0.1).kspace for patient in (0, 1)]).astype(np.complex64)


def write_bart(path, kspace):
    """(slice, coil, ky, kx) as .cfl and .hdr."""
    data = kspace.transpose(2, 3, 1, 0)  # readout, phase, coil, slice
    shape = [*data.shape[:2], 1, data.shape[2], *[1] * 9, data.shape[3], 1, 1]
    path.with_suffix(".hdr").write_text("# Dimensions\n" + " ".join(map(str, shape)) + "\n")
    path.write_bytes(data.tobytes("F"))


def write_numpy(path, kspace):
    np.save(path, kspace)


WRITERS = {".h5": write_volume, ".cfl": write_bart, ".npy": write_numpy}


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_gives_the_k_space_that_was_written(tmp_path, kspace, suffix):
    path = tmp_path / f"scan{suffix}"
    WRITERS[suffix](path, kspace)
    scan = open_scan(path)
    assert scan.slices == 2
    for number, one in enumerate(kspace):
        np.testing.assert_array_equal(scan.kspace(number), one)


def test_raw_readouts_are_sorted_into_slices(tmp_path, kspace):
    readouts = kspace.swapaxes(-1, -2)  # (slice, coil, ky, readout)
    path = published_files.Scan(readouts[:, :, None], "SIEMENS", recon=(40, 48)).write(tmp_path / "scan.mrd")
    scan = open_scan(path)
    assert (scan.format, scan.slices, scan.recon_size) == ("ISMRMRD", 2, (40, 48))
    torch.testing.assert_close(scan.kspace(1), torch.from_numpy(kspace[1]))


def test_partitions_of_a_three_dimensional_scan_are_its_slices(tmp_path, kspace):
    volume = fftc(torch.from_numpy(kspace), (0,)).numpy().transpose(1, 0, 3, 2)[None]  # (1, coil, kz, ky, readout)
    path = published_files.Scan(volume, "SIEMENS", volume=True, recon=(40, 48)).write(tmp_path / "scan.h5")
    scan = open_scan(path)
    assert scan.slices == 2
    torch.testing.assert_close(scan.kspace(0), torch.from_numpy(kspace[0]))


def spoilt(path, kspace, change):
    """Raw readouts of a slice, and one more that `change` has changed."""
    readouts = kspace[:1].swapaxes(-1, -2)[:, :, None]
    published_files.Scan(readouts, "SIEMENS", recon=(40, 48)).write(path)
    one = published_files.acquisition(1e3 * readouts[0, :, 0, 5], 5, 0, 0, 0)
    change(one)
    data = ismrmrd.Dataset(path, "dataset", create_if_needed=False)
    data.append_acquisition(one)
    data.close()
    return path


def test_noise_readouts_are_no_part_of_the_image(tmp_path, kspace):
    path = spoilt(tmp_path / "scan.h5", kspace, lambda one: one.setFlag(ismrmrd.ACQ_IS_NOISE_MEASUREMENT))
    torch.testing.assert_close(open_scan(path).kspace(0), torch.from_numpy(kspace[0]))


@pytest.mark.parametrize("counter", COUNTERS)
def test_one_of_several_contrasts_is_chosen(tmp_path, kspace, capsys, counter):
    path = tmp_path / "scan.h5"
    scan = published_files.Scan(kspace[:1].swapaxes(-1, -2)[:, :, None], "SIEMENS", recon=(40, 48))
    scan.write(path, change=lambda one: setattr(one.idx, counter, 3))
    replace(scan, kspace=2 * scan.kspace).write(path)
    with pytest.raises(VolumeError, match=f"more than one {counter} .{counter} 0, 3.; .* --choose {counter}=0"):
        open_scan(path)
    torch.testing.assert_close(open_scan(path, {counter: 3}).kspace(0), torch.from_numpy(kspace[0]))
    torch.testing.assert_close(open_scan(path, {counter: 0}).kspace(0), 2 * torch.from_numpy(kspace[0]))
    with pytest.raises(VolumeError, match=f"no {counter} 1; there are 0, 3"):
        open_scan(path, {counter: 1})
    assert "--choose echo=1: expected NAME=N" in refused(capsys, "reconstruct", str(path), "--choose", "echo=1")
    write_numpy(tmp_path / "scan.npy", kspace)
    with pytest.raises(VolumeError, match=f"holds one volume; omit --choose {counter}"):
        open_scan(tmp_path / "scan.npy", {counter: 0})


def test_three_dimensional_bart_files_are_cut_into_slices(tmp_path, kspace):
    volume = fftc(torch.from_numpy(kspace), (0,)).numpy()  # partitions in place of slices
    shape = [40, 48, 2, 4, *[1] * 12]
    (tmp_path / "scan.hdr").write_text("# Dimensions\n" + " ".join(map(str, shape)) + "\n")
    (tmp_path / "scan.cfl").write_bytes(volume.transpose(2, 3, 0, 1).tobytes("F"))
    for name in ("scan.cfl", "scan.hdr"):
        scan = open_scan(tmp_path / name)
        torch.testing.assert_close(scan.kspace(1), torch.from_numpy(kspace[1]))


def test_readout_oversampling_is_removed_as_the_target_is_cropped(tmp_path, kspace):
    images = ifft2c(torch.from_numpy(kspace))
    wide = torch.nn.functional.pad(torch.view_as_real(images), (0, 0, 0, 0, 20, 20))  # noise-free outer rows
    path = tmp_path / "wide.h5"
    write_volume(path, fft2c(torch.view_as_complex(wide)), recon_size=(40, 48))
    torch.testing.assert_close(open_scan(path).kspace(0), torch.from_numpy(kspace[0]))
    torch.testing.assert_close(
        prepare(open_scan(path), 0, SAMPLING).target[0, 0], images[0].abs().square().sum(0).sqrt()
    )


def test_oversampling_keeps_columns_that_were_not_measured_empty(kspace):
    holes = torch.from_numpy(kspace[0]).clone()
    holes[..., ::3] = 0
    assert not without_oversampling(holes, 30)[..., ::3].any()


def test_what_was_not_measured_never_counts(tmp_path, kspace):
    padded = kspace.copy()
    padded[..., :5] = padded[..., 44:] = 0
    write_numpy(tmp_path / "padded.npy", padded)
    given = prepare(open_scan(tmp_path / "padded.npy"), 0, SAMPLING)
    assert given.target is not None, "zero padding is no under-sampling"
    assert not given.mask[..., :5].any()
    assert not given.mask[..., 44:].any()
    assert (given.mask & SAMPLING.mask("padded.npy", 48)).sum() == given.mask.sum()


def test_a_partial_echo_leaves_its_rows_out_of_the_mask(tmp_path, kspace):
    echo = kspace.copy()
    echo[..., :10, :] = 0
    write_numpy(tmp_path / "echo.npy", echo)
    given = prepare(open_scan(tmp_path / "echo.npy"), 0, SAMPLING)
    assert given.mask.shape == (1, 1, 40, 48)
    assert not given.mask[..., :10, :].any()
    assert reconstruct_slice(tiny_model(), given, BRIEF).images["network_ttt"].isfinite().all()


def test_a_partial_echo_with_an_oversampled_readout_leaves_its_rows_out(tmp_path, kspace):
    images = torch.nn.functional.pad(torch.view_as_real(ifft2c(torch.from_numpy(kspace))), (0, 0, 0, 0, 20, 20))
    wide = fft2c(torch.view_as_complex(images))
    wide[..., :20, :] = 0
    path = tmp_path / "wide.h5"
    write_volume(path, wide, recon_size=(40, 48))
    given = prepare(open_scan(path), 0, SAMPLING)
    assert not given.mask[..., :10, :].any()
    assert given.mask[..., 11:, :].any(-1).all()
    assert given.target is not None


def test_cg_sense_of_a_partial_echo_is_about_as_good_as_of_the_whole_one(tmp_path):
    made = simulate_slice(tiny_scan(coils=8, matrix=(64, 64)), 0, 0.1)
    clean = fft2c(torch.from_numpy(made.sens_maps * made.image).to(torch.complex64))
    truth = rss(ifft2c(clean[None]))[0, 0]
    inside = truth > 0.1 * truth.max()

    def error(first):
        echo = clean.clone()
        echo[:, :first] = 0
        write_numpy(tmp_path / "echo.npy", echo.numpy())
        given = prepare(open_scan(tmp_path / "echo.npy"), 0, SAMPLING)
        image = reconstruct_slice(tiny_model(), given, None).images["cg_sense"]
        return ((image - truth)[inside].norm() / truth[inside].norm()).item()

    whole = error(0)
    assert whole < 0.08
    assert error(12) < 1.3 * whole


def test_a_scan_that_changed_since_its_checksum_is_refused(tmp_path, monkeypatch, kspace):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "scan.h5"
    write_volume(path, kspace)
    seal(path)
    assert open_scan(path).slices == 2
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(VolumeError, match=r"scan\.h5: sha256 is .*, but scan\.h5\.sha256 says .*: changed since"):
        open_scan(path)


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_mask_in_two_dimensions_is_not_taken_for_full_sampling(tmp_path, kspace, generator, share):
    holes = torch.rand(40, 48, generator=generator) < share
    holes[:, 18:30] = True
    write_numpy(tmp_path / "holes.npy", kspace * holes.numpy())
    given = prepare(open_scan(tmp_path / "holes.npy"), 0, SAMPLING)
    assert given.target is None
    assert torch.equal(given.mask[0, 0], holes)
    assert reconstruct_slice(tiny_model(), given, BRIEF).images["network_ttt"].isfinite().all()


def test_an_under_sampled_scan_is_not_masked_again_and_has_no_target(tmp_path, kspace):
    mask = Undersampling(2, 0.2).mask("any", 48)
    write_numpy(tmp_path / "under.npy", kspace * mask.numpy())
    given = prepare(open_scan(tmp_path / "under.npy"), 0, Undersampling(4))
    assert given.target is None
    assert torch.equal(given.mask, mask)
    found = reconstruct_slice(tiny_model(), given, None)
    assert (found.scores, list(found.images)) == ({}, ["zero_filled", "cg_sense", "network"])


@pytest.mark.parametrize(("scale", "within"), [(2.0**-40, 1e-5), (2.0**40, 1e-5), (1e-12, 1e-3), (1e12, 1e-3)])
def test_images_follow_the_units_of_the_file(tmp_path, kspace, scale, within):
    """Powers of two change no digit, so all images are equal; otherwise TTT's first steps magnify the last digits."""
    found = []
    for factor in (1.0, scale):
        write_numpy(tmp_path / "scan.npy", (kspace * factor).astype(np.complex64))
        found.append(reconstruct_slice(tiny_model(), prepare(open_scan(tmp_path / "scan.npy"), 0, SAMPLING), BRIEF))
    for name, image in found[0].images.items():
        assert found[1].scores[name] == pytest.approx(found[0].scores[name], abs=within)
        if name != "network_ttt" or within < 1e-3:
            atol = within * image.max().item()
            torch.testing.assert_close(found[1].images[name] / scale, image, rtol=within, atol=atol)


def test_coils_are_compressed_and_a_dead_one_is_left_out(tmp_path, kspace):
    dead = kspace.copy()
    dead[:, 1] = 0
    write_numpy(tmp_path / "dead.npy", dead)
    scan = open_scan(tmp_path / "dead.npy")
    assert scan.kspace(0).shape[0] == 3
    given = prepare(scan, 0, SAMPLING, coils=2)
    assert given.masked_kspace.shape[1] == 2
    every = prepare(scan, 0, SAMPLING).masked_kspace
    kept = given.masked_kspace.square().abs().sum() / every.square().abs().sum()
    assert 0.8 < kept <= 1.0001, "the first two of three principal components"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda one: np.fft.ifftshift(one, (-2, -1)), "not in the centre; centre the k-space first"),
        (lambda one: one * np.nan, "NaN"),
        (lambda one: one * 0, "zero everywhere"),
        (lambda one: one.real, "expected complex"),
        (lambda one: one[0, 0], r"expected complex \(coil, ky, kx\)"),
        (lambda one: one[..., 16:32], "center-fraction"),
    ],
)
def test_a_scan_that_cannot_be_used_says_what_to_do(tmp_path, kspace, spoil, words):
    write_numpy(tmp_path / "bad.npy", spoil(kspace))
    with pytest.raises(VolumeError, match=words):
        prepare(open_scan(tmp_path / "bad.npy"), 0, Undersampling(4))


def test_files_that_are_no_scans_say_so(tmp_path):
    (tmp_path / "scan.cfl").write_bytes(b"12345678")
    for name, words in (("none.h5", "no such file"), ("scan.cfl", "copy both")):
        with pytest.raises(VolumeError, match=words):
            open_scan(tmp_path / name)
    (tmp_path / "scan.hdr").write_text("# Dimensions\n2 2 1 1\n")
    with pytest.raises(VolumeError, match="8 bytes, but its header says 32"):
        open_scan(tmp_path / "scan.cfl")
    (tmp_path / "scan.raw").write_bytes(b"1")
    with pytest.raises(VolumeError, match=r"no reader for \.raw"):
        open_scan(tmp_path / "scan.raw")
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(VolumeError, match="not a NumPy array"):
        open_scan(tmp_path / "objects.npy")


@pytest.fixture
def weights(tmp_path):
    """Weights of a tiny network."""
    path = tmp_path / "tiny.safetensors"
    save_weights(path, tiny_model(), {"architecture": {"name": "unet", "chans": 4, "num_pool_layers": 2}})
    return path


def job(path, weights, **changes):
    scan = open_scan(path)
    given = {"numbers": [0, 1], "model": tiny_model(), "weights": weights, "sampling": SAMPLING, "settings": BRIEF}
    return Job(scan, **{**given, **changes})


def test_killed_and_resumed_it_gives_the_same_bytes(tmp_path, kspace, weights):
    path = tmp_path / "scan.npy"
    write_numpy(path, kspace)
    whole = [file.read_bytes() for file in job(path, weights).reconstruct(tmp_path / "whole", lambda *_: None)]

    def stop(number, one, found):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job(path, weights).reconstruct(tmp_path / "parts", stop)
    assert not (tmp_path / "parts.h5").exists()
    seen = []
    files = job(path, weights).reconstruct(tmp_path / "parts", lambda number, one, found: seen.append((number, found)))
    assert seen == [(0, True), (1, False)]
    assert [file.read_bytes() for file in files] == whole
    assert sorted(one.name for one in tmp_path.glob(".*")) == []


def test_slices_of_other_settings_are_not_taken(tmp_path, kspace, weights):
    path = tmp_path / "scan.npy"
    write_numpy(path, kspace)

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job(path, weights).reconstruct(tmp_path / "out", stop)
    seen = []
    job(path, weights, settings=None).reconstruct(tmp_path / "out", lambda *told: seen.append(told[2]))
    assert seen == [False, False]


def test_the_command_writes_three_files_with_voxels_and_provenance(tmp_path, kspace, weights, capsys):
    path = tmp_path / "knee.h5"
    write_volume(path, kspace)
    arguments = [
        "--network",
        str(weights),
        "--acceleration",
        "2",
        "--center-fraction",
        "0.2",
        "-o",
        str(tmp_path / "out"),
    ]
    assert main(["reconstruct", str(path), *arguments]) == 0
    printed = capsys.readouterr().out
    assert "fastMRI HDF5, 2 of 2 slices, network tiny" in printed
    assert printed.count("SSIM zero_filled") == 2
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["reconstruction"], file["network"])
        assert file.attrs["network"] == "tiny"
        assert len(json.loads(file["slices"][()])) == 2
        last = file["network"][1]
    image = nibabel.load(tmp_path / "out.nii")
    assert image.shape == (48, 40, 2)
    assert nibabel.aff2axcodes(image.affine) == ("L", "P", "S")
    np.testing.assert_array_equal(image.get_fdata()[:, :, 1].T, last)
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_voxels_come_from_the_header_s_field_of_view(tmp_path, kspace, weights):
    path = tmp_path / "knee.h5"
    write_volume(path, kspace)
    with h5py.File(path, "r+") as file:
        text = file["ismrmrd_header"][()].decode()
        field = "<fieldOfView_mm><x>80</x><y>72</y><z>4.5</z></fieldOfView_mm>"
        del file["ismrmrd_header"]
        file["ismrmrd_header"] = text.replace("<reconSpace>", f"<reconSpace>{field}")
    assert open_scan(path).voxel == (4.5, 80 / 40, 72 / 48)
    files = job(path, weights, settings=None).reconstruct(tmp_path / "out", lambda *_: None)
    assert nibabel.load(files[1]).header.get_zooms() == pytest.approx((1.5, 2.0, 4.5))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.npy"], "no such file"),
        (["scan.npy", "--network", "norm_unet_ssim_d"], "did you mean"),
        (["scan.npy", "--slices", "2"], "has slices 0 to 1"),
        (["scan.npy", "--slices", "a-b"], "expected numbers and ranges"),
        (["scan.npy", "--coils", "0"], "expected at least 1"),
        (["scan.npy", "scan.npy", "-o", "out"], "allowed with one scan"),
        (["scan.npy", "other/scan.npy"], "would write to"),
        (["scan.npy", "--acceleration", "40"], "center-fraction"),
    ],
)
def test_what_the_user_got_wrong_is_one_line(tmp_path, monkeypatch, capsys, kspace, arguments, words):
    monkeypatch.chdir(tmp_path)
    write_numpy(tmp_path / "scan.npy", kspace)
    assert words in refused(capsys, "reconstruct", *arguments)
    assert [one.name for one in tmp_path.iterdir()] == ["scan.npy"]


def test_what_is_there_is_not_written_over(tmp_path, monkeypatch, capsys, kspace):
    monkeypatch.chdir(tmp_path)
    write_numpy(tmp_path / "scan.npy", kspace)
    (tmp_path / "scan_mrilib.nii").write_text("mine")
    assert "scan_mrilib.nii already exists" in refused(capsys, "reconstruct", "scan.npy")
    assert (tmp_path / "scan_mrilib.nii").read_text() == "mine"


def test_a_run_killed_between_its_files_goes_on_to_the_same_bytes(tmp_path, kspace, weights):
    write_numpy(tmp_path / "scan.npy", kspace)
    options = ["--network", str(weights), "--acceleration", "2", "--center-fraction", "0.2", "-o"]
    arguments = ["reconstruct", str(tmp_path / "scan.npy"), *options, str(tmp_path / "out")]
    assert main(arguments) == 0
    made = {path.name: path.read_bytes() for path in tmp_path.glob("out.*")}
    assert len(made) == 3
    (tmp_path / "out.nii").unlink()
    (tmp_path / ".out.slices").mkdir()  # which is removed last
    assert main(arguments) == 0
    assert {path.name: path.read_bytes() for path in tmp_path.glob("out.*")} == made


def test_the_noise_floor_is_left_out_with_the_default_network_alone(tmp_path, kspace, weights):
    write_numpy(tmp_path / "scan.npy", kspace)
    parser = argparse.ArgumentParser()
    add_reconstruct(parser.add_subparsers())
    for options, expected in (([], OWN_SCANS), (["--network", str(weights)], FREE_PHASE)):
        given = ["reconstruct", "scan.npy", "--ttt", "--precision", "float32", *options]
        assert planned(tmp_path / "scan.npy", parser.parse_args(given)).settings == expected


def test_lists_of_slices(tmp_path):
    assert numbers_of(None, 3, tmp_path) == [0, 1, 2]
    assert numbers_of("3,1-2,2", 5, tmp_path) == [1, 2, 3]
    with pytest.raises(UserError, match="expected numbers"):
        numbers_of("1-", 5, tmp_path)


def test_networks_are_listed_with_their_training_data(capsys):
    assert main(["networks"]) == 0
    assert "norm_unet_ssim_d_p_4x" in capsys.readouterr().out


def test_under_sampling_is_told_from_partial_fourier():
    full = torch.ones(1, 4, 8)
    assert not under_sampled(measured(full))
    partial, holes = full.clone(), full.clone()
    partial[..., :3], holes[..., 2] = 0, 0
    assert not under_sampled(measured(partial))
    assert under_sampled(measured(holes))


def test_the_lines_of_the_page_on_scans_run_as_they_stand(tmp_path, monkeypatch, capsys):
    page = (Path(__file__).resolve().parents[2] / "docs" / "own_scans.md").read_text(encoding="utf-8")
    [lines] = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "open_scan" in block]
    monkeypatch.chdir(tmp_path)
    scan = tiny_scan(matrix=(40, 96))
    write_volume(tmp_path / "scan.h5", simulate_slice(scan, 0, 0.1).kspace[None])
    (tmp_path / "lines.py").write_text(lines)
    names = runpy.run_path(str(tmp_path / "lines.py"))
    assert "network_ttt" in capsys.readouterr().out
    assert names["image"].shape == (40, 96)

"""A voxel of the NIfTI lies where the readouts' headers say."""

import h5py
import nibabel
import numpy as np
import published_files
import pytest
import torch
from command_line import refused
from tiny_slices import tiny_scan

from mrilib.cli import main
from mrilib.scan.formats import open_scan
from mrilib.scan.output import directions, write_nifti
from mrilib.scan.reconstruction import Reconstructed
from mrilib.scan.source import ScanFile
from mrilib.simulate.acquisition import simulate_slice

ROWS, COLUMNS, SLICES = 6, 8, 3
VOXEL = (4.0, 2.0, 1.5)  # thickness, along the readout, along phase encoding
GAP = 5.0  # between the centres of slices
TILT = np.deg2rad(20)
READ = np.array([0.0, np.cos(TILT), np.sin(TILT)])
PHASE = np.array([1.0, 0.0, 0.0])
THROUGH = np.cross(PHASE, READ)
CENTRE = np.array([3.0, -7.0, 11.0])  # of the first slice, to the left, back and top


def scan(path, **changes):
    """A raw file whose slices are tilted; `changes` replace fields of its headers."""
    random = np.random.default_rng(0)
    shape = (SLICES, 2, 1, COLUMNS, ROWS)
    readouts = (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(np.complex64)
    readouts[..., COLUMNS // 2, ROWS // 2] = 9  # the largest value in the centre
    published_files.Scan(readouts, "SIEMENS", recon=(ROWS, COLUMNS)).write(path)
    with h5py.File(path, "r+") as file:
        data = file["dataset/data"][:]
        for one in data:
            fields = {"read_dir": READ, "phase_dir": PHASE, "slice_dir": THROUGH}
            fields["position"] = CENTRE + GAP * one["head"]["idx"]["slice"] * THROUGH
            for name, value in (fields | changes).items():
                one["head"][name] = value
        file["dataset/data"][:] = data
        text = file["dataset/xml"][0].decode()
        z, y, x = VOXEL
        field = f"<fieldOfView_mm><x>{y * ROWS}</x><y>{x * COLUMNS}</y><z>{z}</z></fieldOfView_mm>"
        assert "<reconSpace>" in text
        file["dataset/xml"][0] = text.replace("<reconSpace>", f"<reconSpace>{field}").encode()
    return open_scan(path)


def images(count):
    """Slices whose value is their number."""
    return [Reconstructed({"network": torch.full((ROWS, COLUMNS), float(number))}, {}) for number in range(count)]


def test_voxels_lie_where_the_headers_say(tmp_path):
    found = scan(tmp_path / "scan.h5")
    write_nifti(tmp_path / "out.nii", images(SLICES), range(SLICES), found)
    image = nibabel.load(tmp_path / "out.nii")
    assert image.header.get_zooms() == pytest.approx((VOXEL[2], VOXEL[1], GAP))
    assert (image.header["qform_code"], image.header["sform_code"]) == (1, 1)
    column, row, number = 5, 1, 2
    expected = CENTRE + (column - COLUMNS // 2) * VOXEL[2] * PHASE + (row - ROWS // 2) * VOXEL[1] * READ
    expected = (expected + number * GAP * THROUGH) * [-1, -1, 1]
    assert (image.affine @ [column, row, number, 1])[:3] == pytest.approx(expected, abs=1e-4)
    assert image.dataobj[column, row, number] == number


def test_some_slices_lie_where_they_do_among_all(tmp_path):
    found = scan(tmp_path / "scan.h5")
    write_nifti(tmp_path / "some.nii", images(2), [1, 2], found)
    some = nibabel.load(tmp_path / "some.nii").affine
    assert some @ [0, 0, 0, 1] == pytest.approx(found.affine @ [0, 0, 1, 1], abs=1e-4)
    write_nifti(tmp_path / "gap.nii", images(2), [0, 2], found)
    assert nibabel.load(tmp_path / "gap.nii").header["qform_code"] == 0, "slices are left out between"


@pytest.mark.parametrize(
    "changes",
    [{"read_dir": np.zeros(3)}, {"read_dir": PHASE}, {"position": CENTRE}],
    ids=["no direction", "not orthogonal", "slices at one place"],
)
def test_headers_that_say_nothing_usable_are_not_believed(tmp_path, changes):
    found = scan(tmp_path / "scan.h5", **changes)
    assert found.affine is None
    assert found.voxel == pytest.approx(VOXEL)


def test_without_geometry_the_file_says_so(tmp_path):
    plain = ScanFile(tmp_path / "scan.npy", "NumPy", SLICES, lambda index: None)
    write_nifti(tmp_path / "out.nii", images(SLICES), range(SLICES), plain)
    image = nibabel.load(tmp_path / "out.nii")
    assert nibabel.aff2axcodes(image.affine) == ("L", "P", "S")
    assert (image.header["qform_code"], image.header["sform_code"]) == (0, 2)


@pytest.mark.parametrize("orientation", ["LPS", "PIL", "AIR", "RSA"])
def test_a_scan_without_geometry_lies_as_told(tmp_path, orientation):
    plain = ScanFile(tmp_path / "scan.npy", "NumPy", SLICES, lambda index: None, voxel=VOXEL)
    write_nifti(tmp_path / "out.nii", images(SLICES), range(SLICES), plain, orientation)
    image = nibabel.load(tmp_path / "out.nii")
    assert "".join(nibabel.aff2axcodes(image.affine)) == orientation
    assert image.header.get_zooms() == pytest.approx(VOXEL[::-1])
    assert (image.header["qform_code"], image.header["sform_code"]) == (0, 2)


@pytest.mark.parametrize("orientation", ["", "LP", "LRS", "LPX", "LPSA", "axial"])
def test_what_is_no_orientation_is_refused(orientation):
    with pytest.raises(ValueError, match="directions of columns, rows and slices, one letter from each of L/R"):
        directions(orientation)


def test_the_command_takes_an_orientation_where_the_file_has_none(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    scan(tmp_path / "scan.h5")
    assert "omit --orientation" in refused(capsys, "reconstruct", "scan.h5", "--orientation", "PIL")
    kspace = simulate_slice(tiny_scan(matrix=(40, 96)), 0, 0.1).kspace[None]
    np.save(tmp_path / "scan.npy", kspace)
    assert "orientation LLS: expected" in refused(capsys, "reconstruct", "scan.npy", "--orientation", "lls")
    assert main(["reconstruct", "scan.npy", "--orientation", "pil"]) == 0
    assert nibabel.aff2axcodes(nibabel.load("scan_mrilib.nii").affine) == ("P", "I", "L")

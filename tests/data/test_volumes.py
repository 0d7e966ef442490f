"""fastMRI-layout volumes: what is written comes back slice by slice, and what is unusable is refused."""

import os
import re
import tracemalloc
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mrilib.coils import rss
from mrilib.data.volumes import VolumeError, check_same_shape, inspect_volume, read_slice, write_volume
from mrilib.fourier import ifft2c
from mrilib.metrics import center_crop
from mrilib.store.records import sha256_of


def complex_noise(*shape):
    random = np.random.default_rng(5)
    return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(np.complex64)


def test_headers_say_what_was_written(tiny_volume):
    info = inspect_volume(tiny_volume)
    assert (info.slices, info.coils, info.shape, info.recon_size) == (3, 4, (15, 11), (9, 10))
    assert (info.acquisition, info.patient_id, info.simulated) == ("CORPD_FBK", "nobody", True)
    assert info.padding == (0, 11)
    assert info.has_target
    assert not info.under_sampled
    with h5py.File(tiny_volume) as file:
        assert info.max == pytest.approx(file["reconstruction_rss"][()].max())
        assert file.attrs["norm"] == pytest.approx(np.linalg.norm(file["reconstruction_rss"][()]))


def test_the_layout_is_that_of_fastmri(tiny_volume):
    with h5py.File(tiny_volume) as file:
        assert (file["kspace"].dtype, file["kspace"].shape) == (np.complex64, (3, 4, 15, 11))
        assert (file["reconstruction_rss"].dtype, file["reconstruction_rss"].shape) == (np.float32, (3, 9, 10))
        header = file["ismrmrd_header"][()]
    assert isinstance(header, bytes)
    assert b'xmlns="http://www.ismrm.org/ISMRMRD"' in header


def test_a_slice_comes_back_with_the_target_of_its_own_kspace(tmp_path):
    kspace = complex_noise(3, 4, 15, 11)
    write_volume(tmp_path / "a.h5", kspace, extras={"truth": kspace[:, 0].real}, recon_size=(9, 10))
    one = read_slice(tmp_path / "a.h5", 2, ("truth",))
    assert one.kspace.dtype == torch.complex64
    assert one.target.dtype == torch.float32
    torch.testing.assert_close(one.kspace, torch.from_numpy(kspace[2]), rtol=0, atol=0)
    expected = center_crop(rss(ifft2c(torch.from_numpy(kspace[2:])))[0, 0], (9, 10))
    torch.testing.assert_close(one.target, expected)
    torch.testing.assert_close(one.extras["truth"], torch.from_numpy(kspace[2, 0].real))
    assert one.attributes["acquisition"] == "unknown"
    assert one.index == 2


def test_tensors_are_written_like_arrays_and_the_bytes_are_always_the_same(tmp_path):
    kspace = complex_noise(2, 3, 6, 8)
    write_volume(tmp_path / "one" / "v.h5", kspace)
    write_volume(tmp_path / "two" / "v.h5", torch.from_numpy(kspace).requires_grad_())
    assert sha256_of(tmp_path / "one" / "v.h5") == sha256_of(tmp_path / "two" / "v.h5")
    write_volume(tmp_path / "two" / "v.h5", 2 * kspace)
    assert sha256_of(tmp_path / "one" / "v.h5") != sha256_of(tmp_path / "two" / "v.h5")


def test_a_given_reconstruction_is_kept_if_it_is_that_of_the_kspace(tmp_path):
    kspace = complex_noise(2, 3, 6, 8)
    given = center_crop(rss(ifft2c(torch.from_numpy(kspace)))[:, 0], (4, 5)) * 1.001
    write_volume(tmp_path / "v.h5", kspace, given)
    found = read_slice(tmp_path / "v.h5", 1)
    assert torch.equal(found.target, given[1])
    assert torch.equal(center_crop(found.image, (4, 5)), given[1])
    assert found.peak == inspect_volume(tmp_path / "v.h5").max == given.max().item()
    assert inspect_volume(tmp_path / "v.h5").recon_size == (4, 5)
    write_volume(tmp_path / "v.h5", kspace, 1.02 * given)
    with pytest.raises(VolumeError, match=r"v\.h5: slice 1: `reconstruction_rss` differs by 0\.02\d* of its norm"):
        read_slice(tmp_path / "v.h5", 1)


def test_reading_one_slice_does_not_load_the_volume(tmp_path):
    write_volume(tmp_path / "v.h5", complex_noise(60, 4, 64, 64))  # 7.9 MB, a slice 0.13 MB
    read_slice(tmp_path / "v.h5", 0)
    tracemalloc.start()
    read_slice(tmp_path / "v.h5", 59)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.13e6 < peak < 0.6e6


def test_no_handle_stays_open(tiny_volume):
    inspect_volume(tiny_volume)
    read_slice(tiny_volume, 0)
    with pytest.raises(VolumeError):
        read_slice(tiny_volume, 3)
    with h5py.File(tiny_volume, "r+") as file:  # HDF5 refuses while a read-only handle is open
        assert file.attrs["acquisition"] == "CORPD_FBK"


class Slices(torch.utils.data.Dataset):
    def __init__(self, path):
        self.path = path

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return read_slice(self.path, index).kspace


def test_workers_read_what_the_parent_reads(tiny_volume):
    own = [read_slice(tiny_volume, index).kspace for index in range(3)]
    loaded = list(DataLoader(Slices(tiny_volume), batch_size=None, num_workers=2))
    torch.testing.assert_close(loaded, own, rtol=0, atol=0)


def test_real_files_with_zero_padded_columns_and_no_reconstruction(tiny_volume):
    with h5py.File(tiny_volume, "r+") as file:
        del file["reconstruction_rss"]
        text = file["ismrmrd_header"][()].decode()
        del file["ismrmrd_header"]
        del file.attrs["max"]
        kspace = file["kspace"][()]
        kspace[..., :2], kspace[..., 9:] = 0, 0
        file["kspace"][...] = kspace
        text = text.replace("<maximum>10<", "<maximum>6<")
        file["ismrmrd_header"] = text.replace("<center>5<", "<center>3<")
    assert inspect_volume(tiny_volume).padding == (2, 9)  # enc_y//2 − center, + maximum + 1
    assert inspect_volume(tiny_volume).recon_size == (9, 10)
    assert read_slice(tiny_volume, 0).target.shape == (9, 10)
    assert read_slice(tiny_volume, 0).columns.flatten().nonzero().flatten().tolist() == [2, 3, 4, 5, 6, 7, 8]
    with h5py.File(tiny_volume, "r+") as file:
        del file["ismrmrd_header"]
    assert read_slice(tiny_volume, 0).target.shape == (15, 11)
    with h5py.File(tiny_volume, "r+") as file:
        file["mask"] = np.ones(11)
    with pytest.raises(VolumeError, match=r"without ground truth.*use training or validation files"):
        read_slice(tiny_volume, 0)


def replaced(**datasets):
    """A way to break a file: datasets replaced, or removed where None."""

    def change(path):
        with h5py.File(path, "r+") as file:
            for name, data in datasets.items():
                del file[name]
                if data is not None:
                    file[name] = data

    return change


def with_value(value, index):
    def change(path):
        with h5py.File(path, "r+") as file:
            file["kspace"][index] = value

    return change


def as_group(path):
    with h5py.File(path, "r+") as file:
        del file["kspace"]
        file.create_group("kspace")


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


BROKEN = {
    "missing": (Path.unlink, "no such file"),
    "empty": (lambda path: os.truncate(path, 0), "the file is empty"),
    "truncated": (truncate, "the file is truncated; copy or download it again"),
    "foreign": (lambda path: path.write_text("version https://git-lfs"), "not an HDF5 file"),
    "garbled": (lambda path: path.write_bytes(path.read_bytes()[:16] + b"\xff" * 4000), "damaged|truncated"),
    "no kspace": (replaced(kspace=None), "no dataset `kspace`; expected .* found .'ismrmrd_header'"),
    "single coil": (replaced(kspace=complex_noise(3, 15, 11)), "single-coil"),
    "rank": (replaced(kspace=complex_noise(3, 4, 2, 15, 11)), "5 axes"),
    "real": (replaced(kspace=np.ones((3, 4, 15, 11))), "real-valued"),
    "no coils": (replaced(kspace=complex_noise(3, 0, 15, 11)), "no coils"),
    "group": (as_group, "`kspace` is not a dataset"),
    "external link": (replaced(kspace=h5py.ExternalLink("other.h5", "/kspace")), "not a dataset inside"),
    "targets": (replaced(reconstruction_rss=np.ones((2, 9, 10))), r"\(2, 9, 10\); expected \(3, y, x\)"),
    "entities": (replaced(ismrmrd_header=b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"), "not plain XML"),
    "no XML": (replaced(ismrmrd_header=b"<a"), "ismrmrd_header. cannot be used"),
    "other XML": (replaced(ismrmrd_header=b"<a/>"), "no reconSpace/matrixSize/x"),
}
BROKEN_SLICE = {
    "NaN": (with_value(np.nan, (1, 2, 3, 4)), "slice 1 holds NaN or infinite"),
    "infinite": (with_value(np.inf, (1, 0, 0, 0)), "slice 1 holds NaN or infinite"),
    "dead coil": (with_value(0, (1, 2)), r"slice 1, coil \[2\] is zero everywhere"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_an_unusable_file_is_refused_in_one_line_that_names_it(tiny_volume, kind):
    damage, message = BROKEN[kind]
    damage(tiny_volume)
    for read in (inspect_volume, lambda path: read_slice(path, 1)):
        with pytest.raises(VolumeError, match=message) as caught:
            read(tiny_volume)
        assert str(caught.value).startswith(f"{tiny_volume}: ")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", BROKEN_SLICE)
def test_bad_values_are_found_in_the_slice_that_is_read(tiny_volume, kind):
    damage, message = BROKEN_SLICE[kind]
    damage(tiny_volume)
    assert read_slice(tiny_volume, 0).kspace.shape == (4, 15, 11)
    with pytest.raises(VolumeError, match=message):
        read_slice(tiny_volume, 1)


@pytest.mark.parametrize("index", [-1, 3])
def test_a_slice_that_is_not_there(tiny_volume, index):
    with pytest.raises(VolumeError, match=f"no slice {index}; the volume has slices 0 to 2"):
        read_slice(tiny_volume, index)


def test_an_extra_that_is_not_there(tiny_volume):
    with pytest.raises(VolumeError, match="no dataset `sens_maps`"):
        read_slice(tiny_volume, 0, ("sens_maps",))


def test_data_outside_the_file_are_not_followed(tiny_volume, tmp_path):
    with h5py.File(tmp_path / "elsewhere.h5", "w") as file:
        file["kspace"] = complex_noise(3, 4, 15, 11)
    replaced(kspace=h5py.ExternalLink(str(tmp_path / "elsewhere.h5"), "/kspace"))(tiny_volume)
    with pytest.raises(VolumeError, match="not a dataset inside this file"):
        read_slice(tiny_volume, 0)
    layout = h5py.VirtualLayout((3, 4, 15, 11), np.complex64)
    layout[:] = h5py.VirtualSource(str(tmp_path / "elsewhere.h5"), "kspace", (3, 4, 15, 11))
    with h5py.File(tiny_volume, "r+") as file:
        del file["kspace"]
        file.create_virtual_dataset("kspace", layout)
    with pytest.raises(VolumeError, match="not a dataset inside this file"):
        read_slice(tiny_volume, 0)


@pytest.mark.parametrize(
    ("kspace", "options", "message"),
    [
        (np.ones((1, 2, 4, 4)), {}, "real-valued"),
        (complex_noise(2, 4, 4), {}, "single-coil"),
        (complex_noise(1, 0, 4, 4), {}, "no coils"),
        (np.full((1, 2, 4, 4), np.nan + 0j), {}, "NaN"),
        (complex_noise(1, 2, 4, 4), {"extras": {"kspace": np.ones(1)}}, "cannot be called kspace"),
        (complex_noise(1, 2, 4, 4), {"recon_size": (5, 4)}, "does not fit"),
        (complex_noise(1, 2, 4, 4), {"reconstruction_rss": np.ones((2, 4, 4))}, "one image per slice"),
    ],
)
def test_nothing_unreadable_is_written(tmp_path, kspace, options, message):
    with pytest.raises(VolumeError, match=message):
        write_volume(tmp_path / "v.h5", kspace, **options)
    assert list(tmp_path.iterdir()) == []


def test_slices_of_different_size_do_not_share_a_batch(tiny_volume):
    info = inspect_volume(tiny_volume)
    check_same_shape([info, info])
    check_same_shape([])
    for other in (replace(info, shape=(15, 12)), replace(info, coils=5)):
        with pytest.raises(VolumeError, match=r"but \(4, 15, 11\) in .*batches of one"):
            check_same_shape([info, info, replace(other, path=Path("other.h5"))])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tiny_volume):
    tiny_volume.chmod(0)
    with pytest.raises(VolumeError, match=re.escape(f"{tiny_volume}: no permission to read it")):
        read_slice(tiny_volume, 0)

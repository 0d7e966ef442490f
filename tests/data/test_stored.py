"""What HDF5 files hold and declare: every numeric layout is read rightly, and what cannot be there is refused."""

import os
import subprocess
import sys
import tracemalloc
import zlib

import h5py
import numpy as np
import pytest
import torch

from mrilib.coils import rss
from mrilib.data.volumes import VolumeError, inspect_volume, read_slice, write_volume
from mrilib.fourier import ifft2c

SHAPE = (2, 3, 12, 10)


@pytest.fixture
def kspace():
    """Whole numbers below 100, which half precision and integers hold exactly."""
    random = np.random.default_rng(1)
    return (random.integers(-99, 99, SHAPE) + 1j * random.integers(-99, 99, SHAPE)).astype(np.complex64)


@pytest.fixture
def volume(tmp_path, kspace):
    path = tmp_path / "scan.h5"
    write_volume(path, kspace)
    return path


def with_data(path, **datasets):
    """The file with datasets, given as arrays or as functions of file and name, in place of its own."""
    with h5py.File(path, "r+") as file:
        for name, data in datasets.items():
            file.pop(name, None)
            if callable(data):
                data(file, name)
            else:
                file[name] = data


def refused(path, call=inspect_volume):
    with pytest.raises(VolumeError) as caught:
        call(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- numeric layouts ------------------------------------------------------------------------------------------------


def compound(names, kind):
    def stored(kspace):
        made = np.empty(kspace.shape, [(name, kind) for name in names])
        made[names[0]], made[names[1]] = kspace.real, kspace.imag
        return made

    return stored


LAYOUTS = {
    "big-endian": lambda kspace: kspace.astype(">c8"),
    "double": lambda kspace: kspace.astype(np.complex128),
    "long double": lambda kspace: kspace.astype(np.clongdouble),
    "real, imag": compound(("real", "imag"), "<f4"),
    "Real, Imag big-endian": compound(("Real", "Imag"), ">f8"),
    "re, im integers": compound(("re", "im"), "<i2"),
    "half": compound(("r", "i"), "<f2"),
    "big-endian integers": compound(("r", "i"), ">i4"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("options", [{}, {"compression": "gzip", "shuffle": True}, {"chunks": (1, 2, 5, 7)}])
def test_k_space_of_every_numeric_layout_is_read_rightly(volume, kspace, layout, options):
    data = LAYOUTS[layout](kspace)
    with_data(volume, kspace=lambda file, name: file.create_dataset(name, data=data, **options))
    assert inspect_volume(volume).coils == 3
    found = read_slice(volume, 1)
    assert found.kspace.dtype == torch.complex64
    assert torch.equal(found.kspace, torch.from_numpy(kspace[1]))


@pytest.mark.parametrize("kind", ["<f2", ">f4", "<f8", np.longdouble])
def test_targets_of_every_numeric_layout_are_read_rightly(volume, kspace, kind):
    target = rss(ifft2c(torch.from_numpy(kspace)))[:, 0].numpy()
    with_data(volume, reconstruction_rss=target.astype(kind))
    np.testing.assert_allclose(read_slice(volume, 1).target, target[1], rtol=1e-3 if kind == "<f2" else 1e-6)


@pytest.mark.parametrize("kind", [">f4", ">c8", ">i8", "<u1"])
def test_extras_of_every_byte_order_are_read_rightly(volume, kind):
    extra = np.arange(8).reshape(2, 4).astype(kind)
    with_data(volume, extra=extra)
    assert read_slice(volume, 1, ("extra",)).extras["extra"].tolist() == extra[1].tolist()


@pytest.mark.parametrize("kind", ["i2, i2, i2", [("x", "f4"), ("y", "f4")], "f4", "S4"])
def test_what_is_not_complex_is_refused(volume, kind):
    with_data(volume, kspace=np.zeros(SHAPE, kind))
    assert "real-valued k-space found; expected `kspace` complex" in refused(volume)


@pytest.mark.parametrize(("factor", "said"), [(1e40, "beyond single precision"), (1e20, "up to"), (1e-20, "up to")])
def test_values_that_single_precision_cannot_hold_are_refused(volume, kspace, factor, said):
    with_data(volume, kspace=kspace.astype(np.complex128) * factor)
    assert said in refused(volume, lambda path: read_slice(path, 0))


# --- attributes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("max", [1.0, 2.0], "attribute `max` is array([1., 2.]); expected one positive number"),
        ("max", "bright", "attribute `max` is 'bright'; expected one positive number"),
        ("max", np.nan, "attribute `max` is nan; expected one positive number"),
        ("max", np.inf, "attribute `max` is inf"),
        ("max", 0.0, "attribute `max` is 0.0"),
        ("max", -3.0, "attribute `max` is -3.0"),
        ("max", h5py.Empty("f"), "attribute `max` is Empty(dtype="),
        ("acquisition", ["AXT2", "AXT1"], "attribute `acquisition` is array(['AXT2', 'AXT1']"),
        ("patient_id", np.zeros((2, 2)), "attribute `patient_id` is array("),
        ("simulated", [True, False], "attribute `simulated` is array("),
    ],
)
def test_an_odd_attribute_is_refused_by_name(volume, name, value, said):
    with h5py.File(volume, "r+") as file:
        file.attrs[name] = value
    assert said in refused(volume)


def test_an_array_of_one_is_its_value(volume):
    with h5py.File(volume, "r+") as file:
        file.attrs["max"] = np.array([file.attrs["max"]])
        file.attrs["acquisition"] = np.array([b"AXT2"])
        file.attrs["simulated"] = np.array([1])
        expected = file.attrs["max"][0]
    info = inspect_volume(volume)
    assert (info.max, info.acquisition, info.simulated) == (expected, "AXT2", True)


# --- healthy files that could not be read ---------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["r", "r+", "a"])
@pytest.mark.parametrize("locking", [None, True, False, "best-effort"])
def test_a_file_that_this_process_has_open_is_read(volume, kspace, mode, locking):
    with h5py.File(volume, mode, locking=locking):
        assert torch.equal(read_slice(volume, 1).kspace, torch.from_numpy(kspace[1]))


def test_a_file_left_open_by_a_writer_says_so(volume):
    crash = (
        "import h5py, os, sys; file = h5py.File(sys.argv[1], 'w', libver='latest'); file['kspace'] = [1]; "
        "file.flush(); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", crash, str(volume)], check=False)
    said = refused(volume)
    assert "open in a program that writes it; close it there, or, if that crashed, run `h5clear -s scan.h5`" in said
    assert "download" not in said


def test_a_file_compressed_by_a_filter_that_is_not_installed_says_which(volume, kspace):
    def write(file, name):
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((1, *SHAPE[1:]))
        properties.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
        kind = h5py.h5t.py_create(kspace.dtype)
        made = h5py.h5d.create(file.id, name.encode(), kind, h5py.h5s.create_simple(SHAPE), properties)
        for index in range(2):
            made.write_direct_chunk((index, 0, 0, 0), kspace[index].tobytes())

    with_data(volume, kspace=write)
    said = refused(volume)
    assert "`kspace` is compressed with filter 32015" in said
    assert "not installed here; write the file again with h5repack -f GZIP=1" in said
    assert "download" not in said


def test_a_name_that_is_no_text_is_refused(volume):
    content = volume.read_bytes()
    volume.write_bytes(content.replace(b"kspace\x00\x00", b"\xffspace\x00\x00"))
    assert "no dataset `kspace`" in refused(volume)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("seed", range(20))
def test_flipped_bytes_are_refused_in_one_line_or_read(tmp_path, kspace, libver, seed):
    path = tmp_path / "scan.h5"
    write_volume(path, kspace)
    with h5py.File(path) as file, h5py.File(tmp_path / "other.h5", "w", libver=libver) as copy:
        for name in file:
            file.copy(name, copy)
        copy.attrs.update(file.attrs)
    content = bytearray((tmp_path / "other.h5").read_bytes())
    random = np.random.default_rng(seed)
    for place in random.integers(min(len(content), 6000), size=5):
        content[place] ^= 1 << random.integers(8)
    path.write_bytes(content)
    said = f"{path}: "
    try:
        read_slice(path, 1)
    except VolumeError as error:
        said = str(error)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said


# --- sizes that cannot be -------------------------------------------------------------------------------------------


def promised(shape, kind=np.complex64, **options):
    return lambda file, name: file.create_dataset(name, shape, kind, **options)


def bomb(file, name):
    """A gigabyte of zeros in a megabyte."""
    chunk = (1, 2, 4096, 16384)
    made = file.create_dataset(name, chunk, np.complex64, chunks=chunk, compression="gzip")
    packer = zlib.compressobj()
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(1024)) + packer.flush()
    made.id.write_direct_chunk((0, 0, 0, 0), packed)


DECLARED = {
    "191 GiB of fill values": (promised((100, 4, 8000, 8000)), "declares 205 GB but only 0 bytes"),
    "18 PiB in chunks": (promised((10**6, 40, 8000, 8000), chunks=(1, 1, 80, 80)), "declares 20.5 PB but only 0 bytes"),
    "gzip, never written": (promised((9, 9, 900, 900), compression="gzip"), "declares 525 MB but only 0 bytes"),
    "a gzip bomb": (bomb, "declares 1.07 GB but only 1.04 MB"),
}


@pytest.mark.parametrize("kind", DECLARED)
@pytest.mark.parametrize("name", ["kspace", "reconstruction_rss"])
def test_declared_sizes_are_judged_before_anything_is_allocated(volume, kind, name):
    make, said = DECLARED[kind]
    with_data(volume, **{name: make})
    tracemalloc.start()
    told = refused(volume)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert f"`{name}` {said}" in told
    assert peak < 10e6


def test_a_volume_that_was_not_written_to_its_end(volume, kspace):
    def half(file, name):
        made = file.create_dataset(name, SHAPE, np.complex64, chunks=(1, *SHAPE[1:]), compression="gzip")
        made[0] = kspace[0]

    with_data(volume, kspace=half)
    assert "`kspace` declares 5.76 kB but only" in refused(volume)
    assert "was not completely written; copy or download it again" in refused(volume)


def test_header_texts_of_absurd_size(volume):
    with_data(volume, ismrmrd_header=promised((), "S2000000000"))
    assert "`ismrmrd_header` declares 2 GB but only 0 bytes are in the file" in refused(volume)
    with_data(volume, ismrmrd_header=promised((10**13,), h5py.string_dtype()))
    assert "`ismrmrd_header` declares" in refused(volume)
    with_data(volume, ismrmrd_header=h5py.Empty("S1"))
    assert "`ismrmrd_header` holds nothing" in refused(volume)


def test_zeros_between_measured_lines_may_be_compressed(volume, kspace):
    sparse = np.zeros((1, 8, 512, 512), np.complex64)
    sparse[..., ::16] = np.random.default_rng(0).standard_normal((1, 8, 512, 32))
    with_data(volume, reconstruction_rss=np.ones((1, 512, 512)))
    with_data(volume, kspace=lambda file, name: file.create_dataset(name, data=sparse, compression="gzip"))
    assert inspect_volume(volume).under_sampled


@pytest.mark.parametrize("kind", ["fifo", "device", "folder"])
def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path, kind):
    path = tmp_path / "x.h5"
    {"fifo": os.mkfifo, "device": lambda at: at.symlink_to("/dev/zero"), "folder": os.mkdir}[kind](path)
    assert "not a regular file" in refused(path)

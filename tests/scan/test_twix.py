"""Siemens twix: readouts find their place, whatever the order; real files where twixtools is installed."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tiny_slices import tiny_scan

from mrilib.data.layout import VolumeError
from mrilib.scan.formats import open_scan
from mrilib.scan.twix import CALLED, chosen, sorted_readouts
from mrilib.simulate.acquisition import simulate_slice

PATH = Path("scan.dat")
HEADER = """### ASCCONV BEGIN ###
sKSpace.lBaseResolution = 20
sKSpace.lPhaseEncodingLines = 48
sKSpace.ucDimension = 2
sSliceArray.asSlice[0].dThickness = 4.0
sSliceArray.asSlice[0].dReadoutFOV = 60.0
sSliceArray.asSlice[0].dPhaseFOV = 72.0
### ASCCONV END ###
"""


@pytest.fixture(scope="module")
def kspace():
    """Two slices, (2, 4, 40, 48), the readout twice oversampled."""
    return np.stack([simulate_slice(tiny_scan(), patient, 0.1).kspace for patient in (0, 1)]).astype(np.complex64)


def counter(**given):
    return SimpleNamespace(**{"Sli": 0, "Par": 0, "Lin": 0, "Set": 0, "Rep": 0, "Phs": 0, "Eco": 0} | given)


def block(data, reflected=False, center=20, height=0.0, **given):
    sizes = {"UsedChannels": data.shape[0], "SamplesInScan": data.shape[1], "CenterLin": 24, "CenterCol": center}
    sizes |= {"CenterPar": 0, "SliceData": SimpleNamespace(SlicePos=SimpleNamespace(Sag=0.0, Cor=0.1, Tra=height))}
    header = SimpleNamespace(Counter=counter(**given), **sizes)
    return SimpleNamespace(data=data, mdh=header, is_flag_set=lambda flag: reflected and flag == "REFLECT")


def blocks(kspace):
    return [block(kspace[n, :, :, line], Sli=n, Lin=line) for n in range(2) for line in range(48)]


def test_readouts_find_their_place_in_any_order(kspace):
    found = sorted_readouts(blocks(kspace)[::-1], 48, 1, PATH)
    torch.testing.assert_close(found[:, 0], torch.from_numpy(kspace))


def test_missing_lines_stay_empty_and_the_centre_stays_in_the_middle(kspace):
    found = sorted_readouts(blocks(kspace)[10:48], 48, 1, PATH)[0, 0]
    assert not found[..., :10].any()
    torch.testing.assert_close(found[..., 10:], torch.from_numpy(kspace[0, ..., 10:]))
    moved = [block(one.data, Lin=one.mdh.Counter.Lin - 10) for one in blocks(kspace)[10:48]]
    for one in moved:
        one.mdh.CenterLin = 14
    torch.testing.assert_close(sorted_readouts(moved, 48, 1, PATH)[0, 0], found)


def test_reversed_readouts_averages_and_partial_echoes(kspace):
    plain = blocks(kspace)[:48]
    expected = sorted_readouts(plain, 48, 1, PATH)
    turned = [block(one.data[:, ::-1], True, Lin=one.mdh.Counter.Lin) for one in plain]
    torch.testing.assert_close(sorted_readouts(turned, 48, 1, PATH), expected)
    noisy = [block(one.data * factor, Lin=one.mdh.Counter.Lin) for one in plain for factor in (0.5, 1.5)]
    torch.testing.assert_close(sorted_readouts(noisy, 48, 1, PATH), expected)
    cut = [block(one.data[:, 10:], center=10, Lin=one.mdh.Counter.Lin) for one in plain]
    found = sorted_readouts(cut, 48, 1, PATH)[0, 0]
    assert not found[:, :10].any()
    torch.testing.assert_close(found[:, 10:], expected[0, 0, :, 10:])


def test_slices_are_in_the_order_of_their_positions(kspace):
    made = [block(kspace[n, :, :, line], height=-5.0 * n, Sli=n, Lin=line) for n in range(2) for line in range(48)]
    found = sorted_readouts(made, 48, 1, PATH)[:, 0]
    torch.testing.assert_close(found, torch.from_numpy(kspace[::-1].copy()))


def test_partitions_that_were_not_measured_stay_empty(kspace):
    made = [block(kspace[n, :, :, line], Par=n, Lin=line) for n in range(2) for line in range(48)]
    for one in made:
        one.mdh.CenterPar = 1
    found = sorted_readouts(made, 48, 4, PATH)[0]
    torch.testing.assert_close(found[1:3], torch.from_numpy(kspace))
    assert not found[[0, 3]].any()
    made[0].mdh.CenterPar = 3
    with pytest.raises(VolumeError, match="do not fit a matrix of 48 × 4"):
        sorted_readouts(made, 48, 4, PATH)


@pytest.mark.parametrize("name", CALLED)
def test_one_of_several_repetitions_is_chosen(kspace, name):
    wanted = blocks(kspace)
    other = [block(2 * one.data, Lin=one.mdh.Counter.Lin, **{CALLED[name]: 1}) for one in wanted]
    with pytest.raises(VolumeError, match=f"more than one {name} .{name} 0, 1.; choose one, e.g. --choose {name}=0"):
        sorted_readouts(wanted + other, 48, 1, PATH)
    found = sorted_readouts(chosen(wanted + other, {name: 0}, PATH), 48, 1, PATH)
    torch.testing.assert_close(found[:, 0], torch.from_numpy(kspace))
    with pytest.raises(VolumeError, match=f"no {name} 2; there are 0, 1"):
        chosen(wanted + other, {name: 2}, PATH)
    with pytest.raises(VolumeError, match="no imaging readouts"):
        sorted_readouts([], 48, 1, PATH)


def test_without_twixtools_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "twixtools", None)
    (tmp_path / "scan.dat").write_bytes(b"x")
    with pytest.raises(VolumeError, match=r"pip install 'mrilib\[twix\]'"):
        open_scan(tmp_path / "scan.dat")


def write_twix(path, kspace):
    """A file of one measurement, as twixtools writes it."""
    twixtools = pytest.importorskip("twixtools")
    content = HEADER.encode() + b"\0"
    header = b"MeasYaps\0" + np.uint32(len(content)).tobytes() + content
    total = 8 + len(header)
    header = np.array([total, 1], np.uint32).tobytes() + header
    made = []
    for number, one in enumerate(kspace):
        for line in range(one.shape[-1]):
            block = twixtools.mdb.Mdb_local(one[:, :, line])
            block.mdh.Counter.Sli, block.mdh.Counter.Lin = number, line
            block.mdh.CenterLin, block.mdh.CenterCol = 24, 20
            made.append(block)
    twixtools.write_twix([{"hdr_str": np.frombuffer(header, "S1"), "mdb": made, "hdr": {}}], str(path))


def test_a_real_file_is_read(tmp_path, kspace):
    write_twix(tmp_path / "scan.dat", kspace)
    scan = open_scan(tmp_path / "scan.dat")
    assert (scan.format, scan.slices, scan.recon_size) == ("Siemens twix", 2, (20, 48))
    assert scan.voxel == (4.0, 3.0, 1.5)
    torch.testing.assert_close(scan.kspace(1, whole_readout=True), torch.from_numpy(kspace[1]))
    assert scan.kspace(1).shape == (4, 20, 48)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # twixtools leaves the file open
def test_a_damaged_file_is_named(tmp_path, kspace):
    pytest.importorskip("twixtools")
    (tmp_path / "scan.dat").write_bytes(bytes(20_000))
    with pytest.raises(VolumeError, match=r"scan\.dat: not a readable twix file"):
        open_scan(tmp_path / "scan.dat")

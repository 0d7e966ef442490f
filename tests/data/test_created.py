"""HDF5 files are written whole or refused in one error, with nothing printed and no crash at the end of the process."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest
from tiny_project import PATIENCE

from mrilib.data.created import new_file
from mrilib.data.volumes import read_slice, write_volume

FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from mrilib.data.created import new_file
from mrilib.data.volumes import write_volume

def read_back(path, kspace):
    with new_file(path) as file:
        file["kspace"] = kspace
        assert file["kspace"][0].all(), "reads what was not written"

resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
for write in (write_volume, read_back):
    try:
        write(Path(sys.argv[1]) / f"{write.__name__}.h5", np.ones((1, 2, 64, 64), np.complex64))
    except OSError as error:
        print(error.strerror)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit on the size of files")
def test_a_write_that_fails_is_one_error_and_no_crash_at_the_end(tmp_path):
    child = [sys.executable, "-c", FULL, str(tmp_path)]
    ended = subprocess.run(child, capture_output=True, text=True, timeout=60 * PATIENCE, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == ["File too large"] * 2
    assert not (tmp_path / "write_volume.h5").exists()


def test_an_error_of_the_caller_is_the_callers(tmp_path):
    with pytest.raises(ValueError, match="mine"), new_file(tmp_path / "one.h5"):
        raise ValueError("mine")
    with pytest.raises(FileNotFoundError), new_file(tmp_path / "nowhere" / "one.h5"):
        pass


def test_values_of_every_kind_come_back(tmp_path):
    values = np.arange(24.0).reshape(4, 6)
    with new_file(tmp_path / "one.h5") as file:
        file.create_dataset("packed", data=values, chunks=(2, 3), compression="gzip")
        file["texts"], file["link"] = ["x" * 3000, "y"], h5py.SoftLink("/packed")
        file.attrs["note"] = "ü"
    with h5py.File(tmp_path / "one.h5") as file:
        np.testing.assert_array_equal(file["link"], values)
        assert list(file["texts"].asstr()) == ["x" * 3000, "y"]
        assert file.attrs["note"] == "ü"


def test_threads_write_and_read_at_once(tmp_path):
    def write(number):
        path = tmp_path / f"{number}.h5"
        write_volume(path, np.full((1, 2, 8, 8), 1 + number, np.complex64))
        return read_slice(path, 0).kspace.real.max().item()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(60))) == [1 + number for number in range(60)]

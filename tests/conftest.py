"""Fixtures for all tests: seeded randomness, a small synthetic volume, the real brain where it is at hand."""

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tensors are tiny here: threads would only wait for each other

import numpy as np
import pytest
import torch
from fake_index import cache, dataset, forms, index
from jupyterlab_page import browser, desk, lab
from library_copy import library
from notebook7_page import notebook7

__all__ = [
    "brain_vfa",
    "browser",
    "cache",
    "dataset",
    "desk",
    "forms",
    "generator",
    "index",
    "lab",
    "library",
    "notebook7",
    "tiny_volume",
]

ARRAYS = "kspace/pyqmri_vfa_brain_10fa_13coil_224x224.npy"


@pytest.fixture
def generator():
    """A generator of its own, so that no test touches or depends on the global random state."""
    return torch.Generator().manual_seed(20)


@pytest.fixture
def tiny_volume(tmp_path):
    """A fastMRI-layout file of 3 slices, 4 coils, odd and unequal k-space 15×11, images cropped to 9×10."""
    from mrilib.data.volumes import write_volume

    random = np.random.default_rng(3)
    kspace = random.standard_normal((3, 4, 15, 11)) + 1j * random.standard_normal((3, 4, 15, 11))
    path = tmp_path / "file_tiny.h5"
    attributes = {"acquisition": "CORPD_FBK", "patient_id": "nobody", "simulated": True}
    write_volume(path, kspace, attributes=attributes, extras={"truth": kspace[:, 0].real}, recon_size=(9, 10))
    return path


@pytest.fixture(scope="session")
def brain_vfa(tmp_path_factory):
    """The folder of the real 13-coil brain's volumes, found through MRILIB_DATA; converted if it has arrays."""
    from mrilib.data.fetch import get, locate

    root = os.environ.get("MRILIB_DATA")
    if not root:
        pytest.skip("MRILIB_DATA is not set: no real data to test with")
    if (found := locate("brain-vfa")) is not None:
        return found
    if not (Path(root) / ARRAYS).is_file():
        pytest.skip(f"no brain-vfa below MRILIB_DATA={root}; `mrilib data get brain-vfa` fetches it")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MRILIB_DATA")
        patch.setenv("MRILIB_CACHE", str(tmp_path_factory.mktemp("brain")))
        return get("brain-vfa", source=Path(root) / ARRAYS)


def pytest_terminal_summary(terminalreporter):
    """What tests recorded by `record_property`, such as how fast an explorer follows its sliders."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid.rsplit('::')[-1]}: {name} {value}")

"""A distribution of slices, with its two sources: files on disk, selected by their attributes, and a simulation."""

from dataclasses import dataclass

from mrilib.simulate.acquisition import Scan


@dataclass(frozen=True)
class Distribution:
    """A population of slices: what it is, how to find it on disk, and how to simulate it."""

    name: str
    title: str
    scan: Scan
    acquisition: str  # fastMRI's attribute of that name, also written into simulated files
    folder: str  # folder of the training files, below MRILIB_DATA
    test_folder: str
    width: int | None = None  # paper A's lists take only files with this k-space width
    readout: int = 640  # rows of fastMRI's k-space, for time estimates
    slices_per_volume: int = 1  # taken from the middle, as in paper A's lists
    train_slices: int = 300
    test_slices: int = 100
    hardest_of: int = 1  # keep the slice with the lowest zero-filled SSIM out of this many candidates
    scanner: str = ""  # lower-case prefix of the scanner's model in the file headers; any when empty
    population: int = 0  # distributions with the same number share their simulated patients

"""Commands that are killed, run at once and put into hostile surroundings, on inputs as small as they get."""

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from format_files import make
from tiny_project import RECORD, make_project
from tiny_slices import tiny_model, tiny_scan

from mrilib.data.volumes import write_volume
from mrilib.simulate.acquisition import simulate_slice
from mrilib.train.checkpoints import save_weights


@dataclass(frozen=True)
class Work:
    """A command that is killed.

    Args:
        name: row of the table.
        prepare: writes the inputs into an empty folder.
        arguments: of Python, with the folder's `work` as working directory.
        made: files that it makes, as a pattern below the folder.
        signals: one of which is sent each time.
    """

    name: str
    prepare: Callable[[Path], None]
    arguments: Sequence[str]
    made: str
    signals: Sequence[signal.Signals] = (signal.SIGKILL,)


def kspace(patient: int) -> np.ndarray:
    """One slice, (1, coil, ky, kx) complex64."""
    return simulate_slice(tiny_scan(), patient, 0.1).kspace[None].astype(np.complex64)


def prepare_run(folder: Path) -> None:
    project = make_project(folder)
    numbers = "import time\nvalues = []\nfor step in range(steps):\n    time.sleep(0.2)\n    values.append(step**0.5)"
    written = '_ = (folder / "values.txt").write_text(repr(values))'
    project.notebook("01_tiny", numbers, RECORD, written)
    project.root.rename(folder / "work")


def prepare_train(folder: Path) -> None:
    for number in range(3):
        write_volume(folder / "work" / "scans" / f"scan_{number}.h5", kspace(number))


def prepare_convert(folder: Path) -> None:
    (folder / "work").mkdir()
    make("cc_359", "sagittal", folder / "work")


def prepare_reconstruct(folder: Path) -> None:
    write_volume(folder / "work" / "scan.h5", np.concatenate([kspace(number) for number in range(3)]))
    architecture = {"name": "unet", "chans": 4, "num_pool_layers": 2}
    save_weights(folder / "work" / "net.safetensors", tiny_model(), {"architecture": architecture})


def prepare_script(text: str, folder: Path) -> None:
    (folder / "work").mkdir()
    (folder / "work" / "make.py").write_text(text)


TABLE = """
import sys, time
from pathlib import Path
from mrilib.running.tables import make
from mrilib.store.tables import StoredRow, StoredTable

class Toy:
    name = "toy"
    file = Path("shipped/toy.json")
    table = StoredTable("toy", {"a": 1}, (), Path("shipped"))

    def rows(self, device):
        return [StoredRow(self.table, {"n": n}, lambda n=n: time.sleep(0.1) or {"root": n**0.5}) for n in range(12)]

make(Toy(), "cpu", lambda done, count: None)
rows = [repr((entry["key"], entry["row"])) for entry in StoredTable("toy", {"a": 1}, (), Path("shipped")).shipped]
Path("rows.txt").write_text("\\n".join(rows))
"""
CLI = ["-m", "mrilib.cli"]
TRAIN = [*CLI, "train", "--data", "scans", "--recipe", "supervised", "--epochs", "60", "--chans", "4"]
SEVERAL = """
import sys
from mrilib.train import networks

networks.VALIDATION_SLICES = 1  # also in the workers, which import this file
if __name__ == "__main__":
    from mrilib.cli import main

    small = "-p chans 2 -p num_pool_layers 1 -p train_slices 2 -p batch_size 1 -p epochs"
    sys.exit(main(["train", "04", "-j", "2", *small.split(), "EPOCHS"]))
"""


def several(epochs: int) -> Work:
    """`mrilib train 04 -j 2` of networks and lists as small as they get."""
    prepare, signals = partial(prepare_script, SEVERAL.replace("EPOCHS", str(epochs))), (signal.SIGKILL, signal.SIGTERM)
    return Work("train -j 2", prepare, ["make.py"], "cache/weights/*.safetensors", signals)


WORKS = (
    Work("run", prepare_run, [*CLI, "run", "01"], "work/runs/01_tiny/quick/[rv]*[s].*"),
    Work("train", prepare_train, [*TRAIN, "--acceleration", "2"], "work/*.safetensors"),
    Work(
        "convert",
        prepare_convert,
        [*CLI, "data", "convert", "cc_359", "cc_359_sagittal.h5", "--view", "sagittal", "--output", "out"],
        "work/out/**/*.h5",
    ),
    Work(
        "reconstruct",
        prepare_reconstruct,
        [*CLI, "reconstruct", "scan.h5", "--network", "net.safetensors", "--center-fraction", "0.2"],
        "work/scan_mrilib.*",
    ),
    Work("tables make", partial(prepare_script, TABLE), ["make.py"], "work/rows.txt"),
    several(20),
)

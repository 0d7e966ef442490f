"""Small volumes with a landmark, and fastMRI+ annotations of them."""

import torch

from mrilib.data.annotations import NORMAL
from mrilib.data.sources import folder_of
from mrilib.data.twins import HEALTHY
from mrilib.data.volumes import write_volume
from mrilib.fourier import fft2c

HEADER = "file,slice,study_level,x,y,width,height,label\n"
ROWS, COLUMNS = 40, 36
TOP, LEFT, HEIGHT, WIDTH = 6, 20, 5, 3  # of the landmark, in the image as the file holds it
MARK = f"{LEFT},{ROWS - TOP - HEIGHT},{WIDTH},{HEIGHT}"  # as drawn on the image turned upside down


def write(folder, name, slices=3):
    """A volume with one bright rectangle, far from the middle, on all slices but the first and the last."""
    image = torch.full((slices, 1, ROWS, COLUMNS), 0.01, dtype=torch.complex64)
    image[1:-1, 0, TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = 1
    image += 1e-4 * torch.randn(image.shape, generator=torch.Generator().manual_seed(0))  # no column is exactly zero
    write_volume(folder / f"{name}.h5", fft2c(image), attributes={"acquisition": HEALTHY[0].acquisition})
    return folder / f"{name}.h5"


def csv_of(tmp_path, rows):
    path = tmp_path / "brain.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    return path


def brains(root, monkeypatch, slices=3):
    """The csv of fastMRI's brain folders with a healthy and a diseased volume each; any scanner will do."""
    for folder, names in ((HEALTHY[0].folder, ("h1", "d1")), (HEALTHY[0].test_folder, ("h2", "d2"))):
        for name in names:
            write(root / folder, name, slices)
    monkeypatch.setenv("MRILIB_DATA", str(root))
    monkeypatch.setattr(
        "mrilib.data.sources.list_files", lambda entry, split: sorted(folder_of(entry, split).glob("*.h5"))
    )
    healthy = "".join(f"{name},0,Yes,,,,,{NORMAL}\n" for name in ("h1", "h2"))
    marked = [f"{name},{index},No,{MARK},Mass\n" for name in ("d1", "d2") for index in range(1, slices - 1)]
    return csv_of(root, healthy + "".join(marked))

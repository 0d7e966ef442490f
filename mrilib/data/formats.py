"""Published file formats of paper B's datasets, and their conversion to fastMRI-layout volumes.

Reference: Lin, Heckel, ICML 2024, App. G.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mrilib.data.array_formats import (
    cc_359,
    fastmri,
    is_array,
    is_fastmri,
    is_m4raw,
    m4raw,
    m4raw_gre,
    prostate,
    skm_tea,
)
from mrilib.data.conversion import NATIVE, Axes, Converted
from mrilib.data.layout import VolumeError
from mrilib.data.raw_formats import is_scan, nyu, seven_tesla, stanford_2d, stanford_3d
from mrilib.data.readouts import Choice
from mrilib.data.writing import Say, write_converted
from mrilib.store.records import sha256_of


@dataclass(frozen=True)
class Format:
    """Published format of one dataset.

    Args:
        title: title of the dataset.
        fits: function that returns whether a file has this format, judged by its layout and header alone.
        convert: function (file, axes of a view, choice of repetitions and the like) → volumes.
        views: by name, the permutation of the native volume's axes (slice, coil, y, x) to those of the view.
        dropped: number of first and last slices of a view that paper B leaves out because they contain no anatomy.
    """

    title: str
    fits: Callable[[Path], bool]
    convert: Callable[[Path, Axes, Choice], list[Converted]]
    views: dict[str, Axes] = field(default_factory=lambda: {"native": NATIVE})
    dropped: dict[str, tuple[int, int]] = field(default_factory=dict)


def _whole(convert: Callable[[Path, Axes], list[Converted]]) -> Callable[[Path, Axes, Choice], list[Converted]]:
    """Converter of a format that has no repetitions, contrasts, phases or sets to choose from."""

    def checked(path: Path, axes: Axes, choice: Choice) -> list[Converted]:
        if choice:
            raise VolumeError(f"{path}: files of this format have no {next(iter(choice))} to choose")
        return convert(path, axes)

    return checked


FORMATS: dict[str, Format] = {
    "fastmri": Format("fastMRI knee or brain", is_fastmri, _whole(fastmri)),
    "prostate": Format("fastMRI prostate T2", lambda path: is_array(path, "c", 5, True), _whole(prostate)),
    "m4raw": Format("M4Raw", lambda path: is_m4raw(path, gre=False), _whole(m4raw)),
    "m4raw_gre": Format("M4Raw GRE", lambda path: is_m4raw(path, gre=True), _whole(m4raw_gre)),
    "skm_tea": Format("SKM-TEA", lambda path: is_array(path, "c", 5, False), _whole(skm_tea)),
    "stanford_3d": Format(
        "Stanford 3D",
        lambda path: is_scan(path, "GE", volume=True),
        stanford_3d,
        {"sagittal": NATIVE, "axial": (2, 1, 3, 0), "coronal": (3, 1, 2, 0)},
        {"axial": (5, 5), "coronal": (40, 40), "sagittal": (30, 30)},
    ),
    "stanford_2d": Format("Stanford 2D FSE", lambda path: is_scan(path, "GE", volume=False), stanford_2d),
    "nyu": Format("NYU machine learning data", lambda path: is_scan(path, "SIEMENS", volume=False), nyu),
    "7t": Format(
        "7T",
        lambda path: is_scan(path, None, volume=True, seven=True),
        seven_tesla,
        {"axial": (3, 0, 2, 1), "coronal": (2, 0, 3, 1), "sagittal": (1, 0, 3, 2)},
        {"axial": (70, 70), "coronal": (30, 30), "sagittal": (30, 30)},
    ),
    "cc_359": Format(
        "CC-359",
        lambda path: is_array(path, "f", 4, False),
        _whole(cc_359),
        {"axial": NATIVE, "coronal": (2, 1, 0, 3), "sagittal": (3, 1, 0, 2)},
        {"axial": (50, 0), "coronal": (25, 15), "sagittal": (15, 15)},
    ),
}


def recognise(path: Path) -> list[str]:
    """Names of the formats that match a file's layout and header."""
    return [name for name, one in FORMATS.items() if one.fits(path)]


def convert(
    path: Path, name: str, folder: Path, view: str | None = None, choice: Choice | None = None, say: Say = warnings.warn
) -> list[Path]:
    """Convert a published file to fastMRI-layout volumes, each written atomically, with its checksum beside it.

    Existing files are never overwritten. An earlier conversion of the same content is left as it is; if it has been
    damaged since, it is set aside and made again.

    Args:
        path: path of the published file.
        name: name of its format, a key of `FORMATS`.
        folder: output folder; volumes keep the file's own name (with a prefix if one file gives several).
        view: one of the format's views; the first when None.
        choice: which repetition, contrast, phase or set of a raw file to convert, such as {"contrast": 1}; without a
            choice, each becomes a volume.
        say: called with messages for the user, such as that a file is under-sampled.

    Returns:
        The files, whether written now or by an earlier conversion.

    Raises:
        VolumeError: unknown format or view; a file of another format, which the message names; a damaged file; an
            existing output file that is something else.
        OSError: the folder cannot be written.
    """
    if name not in FORMATS:
        raise VolumeError(f"no format {name!r}; there are: {', '.join(FORMATS)}")
    chosen = FORMATS[name]
    view = view or next(iter(chosen.views))
    if view not in chosen.views:
        raise VolumeError(f"{name}: no view {view!r}; there are: {', '.join(chosen.views)}")
    try:
        return _converted(path, name, folder, view, choice or {}, say)
    except (VolumeError, OSError):
        raise
    except Exception as error:  # a damaged file can raise anything
        reason = " ".join(str(error).split())
        raise VolumeError(
            f"{path}: cannot be read as {chosen.title} ({type(error).__name__}: {reason}); fetch the file again"
        ) from error


def _converted(path: Path, name: str, folder: Path, view: str, choice: Choice, say: Say) -> list[Path]:
    chosen = FORMATS[name]
    if name not in (fitting := recognise(path)):
        looks = f"it looks like {' or '.join(FORMATS[one].title for one in fitting)}" if fitting else "it fits no other"
        raise VolumeError(f"{path}: not a file of {chosen.title}; {looks}")
    origin = {"source": path.name, "source_sha256": sha256_of(path), "conversion": f"{name} {view}"}
    written = []
    for one in chosen.convert(path, chosen.views[view], choice):
        target = folder / f"{one.prefix}{path.name if path.suffix == '.h5' else f'{path.stem}.h5'}"
        if target.exists() and target.samefile(path):
            raise VolumeError(f"{target}: is the file to convert and is not overwritten; give another --output")
        write_converted(target, one, path, origin, say)
        written.append(target)
    return written

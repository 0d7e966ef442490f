"""Requirements of a run, without running it: data found, networks to train, hours estimated from a measured step."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import torch

from mrilib.data.annotated import Heads
from mrilib.data.catalogue import distribution
from mrilib.data.distribution import Distribution
from mrilib.data.fetch import examined
from mrilib.data.kept import in_words, size_of
from mrilib.data.parameters import Sourced
from mrilib.data.simulated import SPLITS
from mrilib.data.sources import Source, count_slices, file_slices, list_files
from mrilib.data.volumes import VolumeError, inspect_volume
from mrilib.models.build import build, count_parameters
from mrilib.models.build import sizes as sizes_of
from mrilib.paper_a.experiment import SIDES
from mrilib.paper_a.paper_versus_code.as_published import PUBLISHED_LINES
from mrilib.paper_a.parameters import Training
from mrilib.running.parameters import networks_of
from mrilib.running.slice_lists import SliceLists, slice_lists
from mrilib.sample import undersample
from mrilib.sampling import Undersampling
from mrilib.store.kinds import choose_device
from mrilib.store.parameters import Record
from mrilib.store.paths import data_dir
from mrilib.train.networks import NetworkSpec, stored
from mrilib.train.training import refuse_too_large, training_loss

FILE_WIDTH = 372  # columns of most of fastMRI's knees
TUNED = 3  # networks that paper A test-time trains on each slice
SHRINK = 4  # the measured step uses 1/16 of the slice; time scales with the area


@dataclass
class Report:
    """Lines to display, and whether the run could start."""

    lines: list[str] = field(default_factory=list)
    ready: bool = True

    def note(self, line: str, ready: bool = True) -> None:
        """Add a line; the report is ready only if every line is."""
        self.lines.append(line if ready else f"MISSING  {line}")
        self.ready = self.ready and ready


def check(folder: str | None, p: Record) -> Report:
    """Check for everything that a notebook with these parameters would use.

    Args:
        folder: folder of its section; see `running.parameters.section`.
        p: its parameters.
    """
    report = Report()
    for name in p.datasets:
        place, found = examined(name)
        report.note(f"{name}: {found if place else f'{found}; mrilib data get {name}'}", place is not None)
    specs, lists = networks_of(folder, p), slice_lists(folder, p)
    try:
        device = choose_device(getattr(p, "device", "auto")).type
    except ValueError as error:
        report.note(str(error), False)
        device = "cpu"
    if lists and not specs:
        _check_slices(report, p, lists)
    elif not specs and isinstance(p, Sourced) and p.source == "files":
        root = data_dir()
        report.note(f"fastMRI files: {root or 'MRILIB_DATA is not set'}", root is not None)
    elif not specs:
        report.note("runs on embedded data")
    elif isinstance(p, Training):
        _check_networks(report, specs, _check_shifts(report, p, specs, lists), p, device)
    else:
        _check_networks(report, specs, _check_unions(report, p, specs, lists), p, device)
    return report


def _check_shifts(report: Report, p: Training, specs: Sequence[NetworkSpec], lists: SliceLists) -> int:
    """Report shifts, masks and lists of slices; returns the number of test slices of all shifts."""
    for experiment in p.experiments.values():
        report.note(f"{experiment.shift}: P {experiment.title('P')}, Q {experiment.title('Q')}, {experiment.source}")
        for side in SIDES:
            report.note(mask_line(*experiment.side(side), experiment.source))
    found = _check_slices(report, p, lists)
    tests = {name: count for (name, split), count in lists.items() if split == "test"}
    _check_room(report, specs, p.source, tests)
    return found


def _check_unions(report: Report, p: Any, specs: Sequence[NetworkSpec], lists: SliceLists) -> int:
    """Report networks of several distributions and lists of slices; returns the number of test slices."""
    for spec in specs:
        report.note(f"{spec.name}: {spec.train_slices:,} training slices of {len(spec.lists)} distributions")
    found = _check_slices(report, p, lists)
    _check_room(report, specs, p.source, {})
    return found


def _check_slices(report: Report, p: Any, lists: SliceLists) -> int:
    """Report the slices of every split; returns the number of test slices."""
    for (name, split), count in lists.items():
        _check_data(report, p.source, name, split, count, getattr(p, "annotations", None))
    return sum(count for (_, split), count in lists.items() if split == "test")


def mask_line(name: str, acceleration: float, source: Source) -> str:
    """Number of k-space lines that a mask of this distribution samples, beside that of paper A's published mask."""
    width = slice_size(distribution(name), source)[1]
    published = PUBLISHED_LINES.get((width, acceleration))
    beside = f"; the published mask has {published}" if published else ""
    return f"mask: {width / acceleration:.4g} of {width} lines of {name} at {acceleration:g}×{beside}"


def _check_data(
    report: Report, source: Source, name: str, split: str, count: int, annotations: str | None = None
) -> None:
    if source == "simulated":
        most = len(SPLITS[split])
        line = f"data: {count} {split} slices of {name}, simulated on demand"
        report.note(line if count <= most else f"{split}_slices: {count} of {name}; {most} exist", count <= most)
        return
    try:
        if annotations is None:
            found, where = count_slices(distribution(name), split)
            if found >= count:
                file_slices(distribution(name), split, count)  # verifies their checksums
        else:
            found, where = Heads(source, annotations).count(name, split)
    except VolumeError as error:
        report.note(f"data: {split} slices of {name}: {error}", ready=False)
        return
    enough = found >= count or bool(annotations and split == "test")  # for annotated test slices, any number is enough
    report.note(f"data: {found} of {count} {split} slices of {name} in {where}", enough)


def _check_room(report: Report, specs: Sequence[NetworkSpec], source: Source, tests: dict[str, int]) -> None:
    """Report memory and disk space for the longest list of prepared slices; lists with new masks are not kept."""
    sizes: dict[tuple[str, bool], int] = {}

    def room(lists: dict[str, int], maps: bool) -> int:
        for name in lists:
            if (name, maps) not in sizes:
                sizes[name, maps] = size_of(*_slice(name, source), maps)
        return sum(count * sizes[name, maps] for name, count in lists.items())

    kept = [room(spec.lists, spec.recipe.loss != "ssim") for spec in specs if not spec.recipe.new_masks]
    kept += [room({name: count}, maps=True) for name, count in tests.items()]
    words, enough = in_words(max(kept, default=0))
    report.note(f"memory: the longest list of prepared slices takes {words}", enough)


def _slice(name: str, source: Source) -> tuple[int, tuple[int, int]]:
    """Coils and size of a distribution's slices; for files, those of the first file."""
    entry = distribution(name)
    if source == "files" and data_dir() is not None:
        with suppress(VolumeError):
            for path in list_files(entry, "train")[:1]:
                info = inspect_volume(path)
                return info.coils, info.shape
    return entry.scan.coils, slice_size(entry, source)


def _check_networks(report: Report, specs: Sequence[NetworkSpec], tests: int, p: Record, device: str) -> None:
    """Report networks and their sizes, those to train, and the hours of training and test-time training."""
    missing = [spec for spec in specs if not report.ready or stored(spec) is None]
    report.note(f"weights: {len(specs) - len(missing)} of {len(specs)} found, {len(missing)} to train")
    seconds: dict[str, float] = {}
    for architecture, spec in {str(spec.architecture): spec for spec in specs}.items():
        parts = count_parameters(spec.architecture)
        try:
            refuse_too_large(parts)
            seconds[architecture] = measured_step(spec, device)
        except (ValueError, RuntimeError) as error:
            report.note(f"network: {sizes_of(spec.architecture)}: {str(error).splitlines()[0]}", False)
            return
        step = f"{seconds[architecture]:.2f} s per slice and step on {device}"
        report.note(f"network: {parts:,} parameters ({spec.architecture['name']}), {step}")
    training = sum(seconds[str(s.architecture)] * s.train_slices * s.recipe.epochs for s in missing) / 3600
    report.note(f"time on {device} from measured steps: training {training:.1f} h")
    steps = tuning_steps(p, tests)
    if steps:
        most = steps * max(seconds.values()) / 3600
        report.note(f"test-time training at most {most:.1f} h ({TUNED} networks, {tests} slices, no early stopping)")


def tuning_steps(p: Record, tests: int) -> int:
    """Maximum number of TTT steps in a run: TUNED networks on each of its test slices, without early stopping."""
    return TUNED * tests * getattr(p, "ttt_iterations", 0)


def slice_size(entry: Distribution, source: str) -> tuple[int, int]:
    """Rows and columns of k-space; files of a width that is not known beforehand count as FILE_WIDTH wide."""
    return entry.scan.matrix if source == "simulated" else (entry.readout, entry.width or FILE_WIDTH)


def measured_step(spec: NetworkSpec, device: str) -> float:
    """Measure the seconds of one training step per slice (loss and gradient) on a crop, scaled by area."""
    entry = distribution(next(iter(spec.lists)))
    rows, columns = slice_size(entry, spec.source)
    least = max(32, 2 ** (spec.architecture.get("num_pool_layers", 4) + 1))  # two pixels at the lowest level
    crop = (min(rows, max(rows // SHRINK, least)), min(columns, max(columns // SHRINK, least)))
    noise = torch.randn(2, entry.scan.coils, *crop, generator=torch.Generator().manual_seed(0))
    mask = Undersampling(2, 0.3).mask("timing", crop[1])
    sample = undersample(torch.complex(noise[0], noise[1]), mask).to(device)
    model = build(spec.architecture).to(device)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        training_loss(model, sample, spec.recipe).backward()
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return min(seconds) * (rows * columns) / (crop[0] * crop[1])

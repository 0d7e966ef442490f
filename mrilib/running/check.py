"""Requirements of a run, without running it: data found, networks to train, hours from a measured step."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from mrilib.data.annotated import Heads
from mrilib.data.catalogue import distribution
from mrilib.data.distribution import Distribution
from mrilib.data.fetch import locate
from mrilib.data.parameters import Sourced
from mrilib.data.simulated import SPLITS
from mrilib.data.sources import Source, count_slices
from mrilib.models.build import build, count_parameters, sizes
from mrilib.paper_a.experiment import SIDES
from mrilib.paper_a.paper_versus_code.as_published import PUBLISHED_LINES
from mrilib.paper_a.parameters import Training
from mrilib.running.parameters import networks_of
from mrilib.sample import undersample
from mrilib.sampling import Undersampling
from mrilib.store.devices import choose_device
from mrilib.store.parameters import Record
from mrilib.store.paths import data_dir
from mrilib.train.networks import NetworkSpec, stored
from mrilib.train.training import refuse_too_large, training_loss

SHRINK = 4  # the measured step uses 1/16 of the slice; time scales with the area


@dataclass
class Report:
    """Lines to display, and whether the run could start."""

    lines: list[str] = field(default_factory=list)
    ready: bool = True

    def note(self, line: str, ready: bool = True) -> None:
        """Add a line; if it is not ready, neither is the report."""
        self.lines.append(line if ready else f"MISSING  {line}")
        self.ready = self.ready and ready


def check(folder: str | None, p: Record) -> Report:
    """Check for everything that a notebook with these parameters would use.

    Args:
        folder: folder of its section, see `running.parameters.section`.
        p: its parameters.
    """
    report = Report()
    for name in p.datasets:
        found = locate(name)
        report.note(f"{name}: {found or f'not fetched; mrilib data get {name}'}", found is not None)
    specs = networks_of(folder, p)
    try:
        device = choose_device(getattr(p, "device", "auto")).type
    except ValueError as error:
        report.note(str(error), False)
        device = "cpu"
    if not specs and isinstance(p, Sourced) and p.source == "files":
        root = data_dir()
        report.note(f"fastMRI files: {root or 'MRILIB_DATA is not set'}", root is not None)
    elif not specs:
        report.note("runs on embedded data")
    elif isinstance(p, Training):
        _check_networks(report, specs, _check_lists(report, p, specs), p, device)
    else:
        _check_networks(report, specs, _check_unions(report, p, specs), p, device)
    return report


def _check_lists(report: Report, p: Training, specs: Sequence[NetworkSpec]) -> int:
    """Report shifts, masks and lists of slices; returns the number of test slices of all shifts."""
    wanted: dict[tuple[str, str], int] = {}
    tests = 0
    for experiment in p.experiments.values():
        report.note(f"{experiment.shift}: P {experiment.title('P')}, Q {experiment.title('Q')}, {experiment.source}")
        for side in SIDES:
            report.note(mask_line(*experiment.side(side), experiment.source))
        name = experiment.side("Q")[0]
        wanted[name, "test"] = p.test_slices or distribution(name).test_slices
        tests += wanted[name, "test"]
    for spec in specs:
        for name, count in spec.lists.items():
            wanted[name, "train"] = max(count, wanted.get((name, "train"), 0))
    for (name, split), count in wanted.items():
        _check_data(report, p.source, name, split, count)
    return tests


def _check_unions(report: Report, p: Any, specs: Sequence[NetworkSpec]) -> int:
    """Report slice lists and test slices of networks of several distributions; returns the number of test slices."""
    wanted: dict[str, int] = {}
    for spec in specs:
        report.note(f"{spec.name}: {spec.train_slices:,} training slices of {len(spec.lists)} distributions")
        wanted |= {name: max(count, wanted.get(name, 0)) for name, count in spec.lists.items()}
    for name, count in wanted.items():
        for split, asked in (("train", count), ("test", p.test_slices)):
            _check_data(report, p.source, name, split, asked, getattr(p, "annotations", None))
    return len(wanted) * p.test_slices


def mask_line(name: str, acceleration: float, source: Source) -> str:
    """Number of k-space lines that a mask of this distribution samples, beside that of paper A's published mask."""
    width = _shape(distribution(name), source)[1]
    published = PUBLISHED_LINES.get((width, acceleration))
    beside = f"; the published mask has {published}" if published else ""
    return f"mask: {width / acceleration:.4g} of {width} lines of {name} at {acceleration:g}×{beside}"


def _check_data(
    report: Report, source: Source, name: str, split: str, count: int, annotations: str | None = None
) -> None:
    if source == "simulated":
        most = len(SPLITS[split])
        line = f"data: {count} {split} slices of {name}, simulated on demand"
        report.note(line if count <= most else f"{split}_slices: {count} of {name}; there are {most}", count <= most)
        return
    if annotations is None:
        found, where = count_slices(distribution(name), split)
    else:
        found, where = Heads(source, annotations).count(name, split)
    enough = found >= count or bool(annotations and split == "test")  # for annotated test slices, any number is enough
    report.note(f"data: {found} of {count} {split} slices of {name} in {where}", enough)


def _check_networks(report: Report, specs: Sequence[NetworkSpec], tests: int, p: Record, device: str) -> None:
    """Report networks and their sizes, what to train, and the time of training and test-time training."""
    missing = [spec for spec in specs if not report.ready or stored(spec) is None]
    report.note(f"weights: {len(specs) - len(missing)} of {len(specs)} there, {len(missing)} to train")
    seconds: dict[str, float] = {}
    for architecture, spec in {str(spec.architecture): spec for spec in specs}.items():
        parts = count_parameters(spec.architecture)
        try:
            refuse_too_large(parts)
            seconds[architecture] = measured_step(spec, device)
        except (ValueError, RuntimeError) as error:
            report.note(f"network: {sizes(spec.architecture)}: {str(error).splitlines()[0]}", False)
            return
        step = f"{seconds[architecture]:.2f} s a slice and step on {device}"
        report.note(f"network: {parts:,} parameters ({spec.architecture['name']}), {step}")
    training = sum(seconds[str(s.architecture)] * s.train_slices * s.recipe.epochs for s in missing) / 3600
    report.note(f"time on {device} from measured steps: training {training:.1f} h")
    iterations = getattr(p, "ttt_iterations", 0)
    if iterations:
        most = 3 * tests * iterations * max(seconds.values()) / 3600
        report.note(f"test-time training at most {most:.1f} h (3 networks, {tests} slices, no early stop)")


def _shape(entry: Distribution, source: str) -> tuple[int, int]:
    return entry.scan.matrix if source == "simulated" or entry.width is None else (entry.readout, entry.width)


def measured_step(spec: NetworkSpec, device: str) -> float:
    """Measure the seconds of one training step per slice, loss and gradient, on a crop and scaled by area."""
    entry = distribution(next(iter(spec.lists)))
    rows, columns = _shape(entry, spec.source)
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

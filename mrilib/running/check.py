"""What a run would need, without running it: data found, networks to train, hours from a measured step."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from mrilib.data.annotated import Heads
from mrilib.data.catalogue import SHIFTS, distribution
from mrilib.data.distribution import Distribution
from mrilib.data.fetch import locate
from mrilib.data.paths import data_dir
from mrilib.data.slices import Sampling, undersample
from mrilib.data.sources import Source, count_slices
from mrilib.experiment import Experiment
from mrilib.experiments.as_published import PUBLISHED_LINES
from mrilib.experiments.diverse import UnionSpec
from mrilib.experiments.mixtures import SIDES
from mrilib.experiments.needs import networks
from mrilib.models.build import build
from mrilib.networks import NetworkSpec, stored
from mrilib.training import training_loss

SHRINK = 4  # the measured step works on 1/16 of the slice; time grows with the area


@dataclass
class Report:
    """Lines for the reader, and whether the run could start."""

    lines: list[str] = field(default_factory=list)
    ready: bool = True

    def note(self, line: str, ready: bool = True) -> None:
        """Add a line; one that is not ready makes the whole not ready."""
        self.lines.append(line if ready else f"MISSING  {line}")
        self.ready = self.ready and ready


def check(notebook: str, parameters: Mapping[str, Any]) -> Report:
    """Look for everything that a notebook with these parameters would use.

    Args:
        notebook: its name.
        parameters: validated, all of them.
    """
    report = Report()
    if notebook.startswith("19"):
        folder = locate("brain-vfa")
        report.note(f"brain-vfa: {folder or 'not fetched; mrilib data get brain-vfa'}", folder is not None)
    specs = networks(notebook, parameters)
    if not specs and parameters.get("source") == "files":
        root = data_dir()
        report.note(f"fastMRI files: {root or 'MRILIB_DATA is not set'}", root is not None)
    elif not specs:
        report.note("runs on embedded data")
    else:
        unions = all(isinstance(spec, UnionSpec) for spec in specs)
        tests = (
            _check_unions(report, parameters, specs) if unions else _check_lists(report, notebook, parameters, specs)
        )
        _check_networks(report, specs, tests, parameters)
    return report


def _experiments(notebook: str, parameters: Mapping[str, Any]) -> list[Experiment]:
    every = "shift" not in parameters or notebook.startswith("03")
    shifts = list(SHIFTS) if every else [parameters["shift"]]
    return [Experiment.from_parameters({**parameters, "shift": shift}) for shift in shifts]


def _check_lists(report: Report, notebook: str, parameters: Mapping[str, Any], specs: list[NetworkSpec]) -> int:
    """Note shifts, masks and lists of slices; returns the number of test slices of all shifts."""
    wanted: dict[tuple[str, str], int] = {}
    tests = 0
    for experiment in _experiments(notebook, parameters):
        report.note(f"{experiment.shift}: P {experiment.title('P')}, Q {experiment.title('Q')}, {experiment.source}")
        for side in SIDES:
            report.note(mask_line(*experiment.side(side), experiment.source))
        name = experiment.side("Q")[0]
        wanted[name, "test"] = parameters.get("test_slices") or distribution(name).test_slices
        tests += wanted[name, "test"]
        for name, _ in map(experiment.side, SIDES):
            wanted[name, "train"] = (
                specs[0].train_slices if parameters["train_slices"] else distribution(name).train_slices
            )
    for (name, split), count in wanted.items():
        _check_data(report, parameters.get("source", "simulated"), name, split, count)
    return tests


def _check_unions(report: Report, parameters: Mapping[str, Any], specs: list[NetworkSpec]) -> int:
    """Note the lists of networks trained on unions, and their test slices; returns the number of these."""
    wanted: dict[str, int] = {}
    for spec in specs:
        report.note(f"{spec.name}: {spec.train_slices:,} training slices of {len(spec.lists)} distributions")
        wanted |= {name: max(count, wanted.get(name, 0)) for name, count in spec.lists.items()}
    for name, count in wanted.items():
        for split, asked in (("train", count), ("test", parameters["test_slices"])):
            _check_data(report, parameters["source"], name, split, asked, parameters.get("annotations"))
    return len(wanted) * parameters["test_slices"]


def mask_line(name: str, acceleration: float, source: Source) -> str:
    """How many lines of k-space a mask of this distribution takes, and how many paper A's published one has."""
    width = _shape(distribution(name), source)[1]
    published = PUBLISHED_LINES.get((width, acceleration))
    beside = f"; the published mask has {published}" if published else ""
    return f"mask: {width / acceleration:.4g} of {width} lines of {name} at {acceleration:g}×{beside}"


def _check_data(
    report: Report, source: Source, name: str, split: str, count: int, annotations: str | None = None
) -> None:
    if source == "simulated":
        report.note(f"data: {count} {split} slices of {name}, simulated on demand")
        return
    if annotations is None:
        found, where = count_slices(distribution(name), split)
    else:
        found, where = Heads(source, annotations).count(name, split)
    enough = found >= count or bool(annotations and split == "test")  # of annotated ones all that there are will do
    report.note(f"data: {found} of {count} {split} slices of {name} in {where}", enough)


def _check_networks(report: Report, specs: list[NetworkSpec], tests: int, parameters: Mapping[str, Any]) -> None:
    """Note networks and their sizes, what is to train, and the time that training and test-time training take."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    missing = [spec for spec in specs if not report.ready or stored(spec) is None]
    report.note(f"weights: {len(specs) - len(missing)} of {len(specs)} there, {len(missing)} to train")
    seconds: dict[str, float] = {}
    for spec in specs:
        if str(spec.architecture) not in seconds:
            seconds[str(spec.architecture)] = measured_step(spec, device)
            parts = sum(p.numel() for p in build(spec.architecture).parameters())
            step = f"{seconds[str(spec.architecture)]:.2f} s a slice and step on {device}"
            report.note(f"network: {parts:,} parameters ({spec.architecture['name']}), {step}")
    training = sum(seconds[str(s.architecture)] * s.train_slices * s.recipe.epochs for s in missing) / 3600
    report.note(f"time on {device} from measured steps: training {training:.1f} h")
    if "ttt_iterations" in parameters:
        most = 3 * tests * parameters["ttt_iterations"] * max(seconds.values()) / 3600
        report.note(f"test-time training at most {most:.1f} h (3 networks, {tests} slices, no early stop)")


def _shape(entry: Distribution, source: str) -> tuple[int, int]:
    return entry.scan.matrix if source == "simulated" or entry.width is None else (entry.readout, entry.width)


def measured_step(spec: NetworkSpec, device: str) -> float:
    """Seconds of one training step of one slice, loss and gradient, measured on a crop and scaled by area."""
    entry = distribution(next(iter(spec.lists)))
    rows, columns = _shape(entry, spec.source)
    crop = (max(rows // SHRINK, 32), max(columns // SHRINK, 32))
    noise = torch.randn(2, entry.scan.coils, *crop, generator=torch.Generator().manual_seed(0))
    mask = Sampling(2, 0.3).mask("timing", crop[1])
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

"""What a run would need, without running it: data found, networks to train, hours from a measured step."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from mrilib.data.catalogue import SHIFTS, Distribution, distribution
from mrilib.data.fetch import locate
from mrilib.data.paths import data_dir
from mrilib.data.slices import Sampling, undersample
from mrilib.data.sources import count_slices
from mrilib.experiment import Experiment
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
    found = _experiments(parameters)
    if not found and parameters.get("source") == "files":
        root = data_dir()
        report.note(f"fastMRI files: {root or 'MRILIB_DATA is not set'}", root is not None)
    elif not found:
        report.note("runs on embedded data")
    for experiment in found:
        _check_experiment(report, experiment, parameters)
    return report


def _experiments(parameters: Mapping[str, Any]) -> list[Experiment]:
    if not {"epochs", "train_slices"} <= parameters.keys():
        return []
    shifts = [parameters["shift"]] if "shift" in parameters else list(SHIFTS)
    return [Experiment.from_parameters({**parameters, "shift": shift}) for shift in shifts]


def _check_experiment(report: Report, experiment: Experiment, parameters: Mapping[str, Any]) -> None:
    report.note(f"{experiment.shift}: P {experiment.title('P')}, Q {experiment.title('Q')}, {experiment.source}")
    q, _ = experiment.side("Q")
    tests = parameters.get("test_slices") or distribution(q).test_slices
    wanted = {(q, "test"): tests}
    for spec in experiment.specs().values():
        wanted[spec.distribution, "train"] = spec.train_slices
    found = [_check_data(report, experiment, name, split, count) for (name, split), count in wanted.items()]
    missing = [spec for spec in experiment.specs().values() if not all(found) or stored(spec) is None]
    model = build(missing[0].architecture if missing else experiment.spec("joint", "P").architecture)
    report.note(f"network: {sum(p.numel() for p in model.parameters()):,} parameters")
    report.note(f"weights: {4 - len(missing)} of 4 there, {len(missing)} to train")
    _estimate(report, experiment, missing, tests, parameters)


def _check_data(report: Report, experiment: Experiment, name: str, split: str, count: int) -> bool:
    if experiment.source == "simulated":
        report.note(f"data: {count} {split} slices of {name}, simulated on demand")
        return True
    found, where = count_slices(distribution(name), split)
    report.note(f"data: {found} of {count} {split} slices of {name} in {where}", found >= count)
    return found >= count


def _estimate(
    report: Report, experiment: Experiment, missing: list[NetworkSpec], tests: int, parameters: Mapping[str, Any]
) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    spec = missing[0] if missing else experiment.spec("joint", "P")
    seconds = measured_step(spec, device)
    training = sum(s.train_slices * s.recipe.epochs for s in missing) * seconds / 3600
    report.note(f"time on {device} from a measured step of {seconds:.2f} s a slice: training {training:.1f} h")
    if "ttt_iterations" in parameters:
        most = 3 * tests * parameters["ttt_iterations"] * seconds / 3600
        report.note(f"test-time training at most {most:.1f} h (3 networks, {tests} slices, no early stop)")


def _shape(entry: Distribution, source: str) -> tuple[int, int]:
    return entry.scan.matrix if source == "simulated" or entry.width is None else (entry.readout, entry.width)


def measured_step(spec: NetworkSpec, device: str) -> float:
    """Seconds of one training step of one slice: joint loss and its gradient, measured on a crop and scaled by area."""
    entry = distribution(spec.distribution)
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

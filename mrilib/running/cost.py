"""Cost of a network: floating-point operations of a step, and how fast a device performs them."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from mrilib.data.catalogue import distribution
from mrilib.linop import sense
from mrilib.models.build import build
from mrilib.running.check import SHRINK, measured_step, slice_size
from mrilib.store.project import UserError, hint
from mrilib.train.networks import NetworkSpec

PEAK = {  # dense TF32 operations per second by NVIDIA's data sheets
    "a6000": 77.4e12,
    "a100": 156e12,
    "h100": 494.7e12,
}
# Share of the peak that paper B's U-Net reached: 413,011 slices × 24 epochs of 1.80e12 operations each in 384 hours of
# an A6000 (App. G.2).
UTILISATION = 0.17

Seconds = Callable[[NetworkSpec], float]


def operations(spec: NetworkSpec) -> float:
    """Floating-point operations of a forward and backward pass on one slice, without the Fourier transforms."""
    entry = distribution(next(iter(spec.lists)))
    return operations_of(spec.architecture, (entry.scan.coils, *slice_size(entry, spec.source)))


def operations_of(architecture: Mapping[str, Any], shape: tuple[int, int, int]) -> float:
    """The same for a network given by its description, on slices of (coils, rows, columns)."""
    return _counted(json.dumps(dict(architecture)), shape)


@lru_cache(maxsize=64)
def _counted(architecture: str, shape: tuple[int, int, int]) -> float:
    try:
        return _on("meta", architecture, shape)
    except (
        RuntimeError
    ):  # the network decides by values, which the device "meta" has not: a 16th of the slice is computed
        coils, rows, columns = shape
        return SHRINK**2 * _on("cpu", architecture, (coils, rows // SHRINK, columns // SHRINK))


def _on(device: str, architecture: str, shape: tuple[int, int, int]) -> float:
    with torch.device(device):
        model = build(json.loads(architecture))
        kspace = torch.ones(1, *shape, dtype=torch.complex64)
        A = sense(torch.ones(1, 1, 1, shape[-1], dtype=torch.bool), kspace)
        with torch.no_grad():
            initial = torch.ones_like(model.initial(kspace, A))
    with FlopCounterMode(display=False) as counter:
        model.refine(initial, kspace, A).abs().sum().backward()
    return float(counter.get_total_flops())


def on_gpu(name: str) -> Seconds:
    """Seconds per step on a GPU that is not available, estimated from its data sheet and `UTILISATION`.

    Raises:
        UserError: the name of the GPU is not known.
    """
    if name not in PEAK:
        raise UserError(f"--gpu {name}: expected one of {', '.join(PEAK)}{hint(name, PEAK)}; or --steps FILE")
    return lambda spec: operations(spec) / (PEAK[name] * UTILISATION)


def as_measured(path: Path) -> Seconds:
    """Seconds per step at the operations per second that `benchmarks/gpu.py` measured for each kind of network.

    Raises:
        UserError: the file does not have these measurements.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        rates = {
            kind: one["operations"] / (one["training_step_ms"] / 1e3)
            for kind in ("unet", "varnet")
            for one in [kept["measures"][f"{kind} float32"]]
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"--steps {path}: expected the file that benchmarks/gpu.py writes ({error})") from error
    return lambda spec: operations(spec) / rates["varnet" if "varnet" in spec.architecture["name"] else "unet"]


def here(device: str) -> Seconds:
    """Seconds per step, measured on this machine."""
    return lambda spec: measured_step(spec, device)

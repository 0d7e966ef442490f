"""Slices and networks small enough to train on in a test; also imported by the processes that tests kill."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mrilib.models.reconstructor import UnetReconstructor
from mrilib.sample import Sample, undersample
from mrilib.sampling import Undersampling
from mrilib.simulate.acquisition import Scan, simulate_slice
from mrilib.simulate.sequences import Sequence

SAMPLING = Undersampling(2, 0.16)
SUPPORT = Path(__file__).parent


def tiny_scan(anatomy: str = "knee", coils: int = 4, matrix: tuple[int, int] = (40, 48)) -> Scan:
    """A thin slice with few coils."""
    sequence = Sequence("spin_echo", 2.8, 0.030)
    field, radius = {"head": (260.0, 125.0), "pelv": (420.0, 210.0)}.get(anatomy[:4], (160.0, 90.0))
    return Scan(anatomy, sequence, 3.0, coils, matrix, field, radius, 0.09, sub_slices=1)


def tiny_sample(patient: int = 0, **scan) -> Sample:
    """One under-sampled slice of 40×48 (or as `tiny_scan` is told)."""
    kspace = torch.from_numpy(simulate_slice(tiny_scan(**scan), patient, 0.1).kspace).to(torch.complex64)
    return undersample(kspace, SAMPLING.mask(f"{patient}", kspace.shape[-1]), f"patient {patient}")


def padded(first: int = 6, after: int = 42) -> np.ndarray:
    """One slice, (1, coil, 40, 48) complex64, of which columns `first` to `after` − 1 were measured."""
    kspace = simulate_slice(tiny_scan(), 0, 0.1).kspace[None].astype(np.complex64)
    kspace[..., :first], kspace[..., after:] = 0, 0
    return kspace


def seed_weights(network: nn.Module, seed: int = 0) -> nn.Module:
    """Weights by name, the same with every version of torch; the global random state is left alone."""
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for _, parameter in sorted(network.named_parameters()):
            values = random.standard_normal(parameter.shape) / max(parameter[0].numel(), 1) ** 0.5
            parameter.copy_(torch.from_numpy(values))
    return network


def tiny_model(seed: int = 0, **settings) -> UnetReconstructor:
    """A two-level U-Net of width 4 with seeded weights."""
    with torch.random.fork_rng(devices=[]):
        return seed_weights(UnetReconstructor(4, 2, **settings), seed).eval()


def weights(network: nn.Module) -> Tensor:
    """All weights in one vector."""
    return torch.cat([tensor.flatten() for tensor in network.state_dict().values()])


def run_script(script: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
    """Run Python code in a process that can be killed, with this one's number of threads."""
    path = os.pathsep.join([str(SUPPORT), str(SUPPORT.parents[1])])
    environment = {**os.environ, "PYTHONPATH": path, **environment}
    code = f"import torch; torch.set_num_threads({torch.get_num_threads()})\n{script}"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

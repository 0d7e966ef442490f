"""Speed on a CPU, each measure beside sigpy, plain torch, a published loop or the machine's own limit in the same run.

    python benchmarks/cpu.py [--only TEXT] [--minutes 8] [--size quick] [--output benchmarks/results/cpu.json]

Resumable: each measure is written as soon as it is done. `python benchmarks/page.py` makes docs/performance.md of it.
"""

import copy
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import torch
from gpu import STACKS, stacked
from measuring import Measures, Numbers, in_turn, keep, options, slice_of
from published_loop import published_loop
from sigpy import shepp_logan
from sigpy.mri.app import EspiritCalib
from sigpy.mri.linop import Sense
from sigpy.mri.sim import birdcage_maps
from torch import Tensor, nn

from mrilib.coils import estimate_sens_maps
from mrilib.data.volumes import read_slice, write_volume
from mrilib.fourier import fft2c
from mrilib.linop import Fourier, Sampling, Sensitivity, sense
from mrilib.models.reconstructor import Reconstructor, UnetReconstructor
from mrilib.sample import Sample, collate
from mrilib.sampling import random_mask
from mrilib.store.paths import cache_dir
from mrilib.train.recipe import Recipe
from mrilib.train.training import training_loss
from mrilib.ttt import FREE_PHASE, Settings, test_time_train

CALIBRATION = 24
BATCH = 4


@dataclass(frozen=True)
class Size:
    """Shapes as (coils, rows, columns): of the operators and of a file, and of a slice in the notebooks."""

    large: tuple[int, int, int]
    small: tuple[int, int, int]
    rounds: int
    iterations: int
    slices: int
    notebook: tuple[str, ...]


SIZES = {
    "quick": Size((15, 640, 368), (12, 128, 128), 11, 10, 4, ("--profile", "quick")),
    "toy": Size((4, 64, 48), (4, 64, 64), 3, 5, 2, ("--profile", "smoke", "-p", "ttt_iterations", "3")),
}


def gradient(A: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
    x = image.clone().requires_grad_()
    return torch.autograd.grad(A(x).abs().sum(), x)[0]


def operators(size: Size) -> Numbers:
    """A, Aᴴ, AᴴA and a gradient: ours, composed from plain torch, sigpy's, and the transforms and passes they need.

    The limit is that of this machine: transforms in place (of columns alone for AᴴA, as the mask takes whole columns)
    and one multiplication of all coils by the maps for each application.
    """
    rows, columns = size.large[1:]
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(1, *size.large, dtype=torch.complex64, generator=generator)
    image = torch.randn(1, 1, rows, columns, dtype=torch.complex64, generator=generator)
    mask = random_mask(columns, 4, 0.08, seed=0)[None, None, None]
    A, plain = sense(mask, maps), Sampling(mask) @ Fourier() @ Sensitivity(maps)
    kspace, buffer = A(image), torch.empty_like(maps)
    calls: dict[str, Callable[[], object]] = {
        "fft2": lambda: torch.fft.fft2(kspace, out=buffer),
        "fft": lambda: torch.fft.fft(kspace, out=buffer),
        "pass": lambda: torch.mul(maps, image, out=buffer),
    }
    for name, one in (("mrilib", A), ("torch", plain)):
        calls[f"A {name}"] = lambda one=one: one(image)
        calls[f"A.H {name}"] = lambda one=one: one.H(kspace)
        calls[f"A.N {name}"] = lambda one=one: one.N(image)
        calls[f"gradient {name}"] = lambda one=one: gradient(one, image)
    theirs = Sense(maps[0].numpy(), weights=mask.expand(1, 1, rows, columns)[0, 0].float().numpy())
    x, y = image[0, 0].numpy(), kspace[0].numpy()
    calls |= {"A sigpy": lambda: theirs(x), "A.H sigpy": lambda: theirs.H(y), "A.N sigpy": lambda: theirs.N(x)}
    found = in_turn(calls, size.rounds)
    fft2, fft, once = (found.pop(name) for name in ("fft2", "fft", "pass"))
    limits = {"A": fft2 + once, "A.H": fft2 + once, "A.N": 2 * (fft + once), "gradient": 2 * (fft2 + once)}
    return found | {f"{name} limit": round(value, 3) for name, value in limits.items()}


def step(network: nn.Module, loss: Callable[[], Tensor]) -> Callable[[], None]:
    """A step of Adam."""
    optimizer = torch.optim.Adam(network.parameters(), 1e-4)

    def take() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()

    return take


def supervised(network: Reconstructor, sample: Sample, precision: str = "float32") -> Callable[[], None]:
    """A supervised step of the library, without the reading of the loss."""

    def loss() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            return training_loss(network, sample, Recipe(loss="supervised"))

    return step(network, loss)


def training(size: Size) -> Numbers:
    """Milliseconds a slice of a supervised step of the quick U-Net: the library's, a bare one, and three variants."""
    samples = [slice_of(size.small, seed=seed) for seed in range(BATCH)]
    sample, model = samples[0], UnetReconstructor(8, 4)
    bare, initial = copy.deepcopy(model.unet), model.initial(sample.masked_kspace, sample.operator)
    channels = torch.view_as_real(initial[:, 0]).movedim(-1, 1).contiguous()

    def plain() -> Tensor:
        magnitude = bare(channels).square().sum(1, keepdim=True).sqrt()
        return nn.functional.l1_loss(magnitude, sample.target)

    last = copy.deepcopy(model).to(memory_format=torch.channels_last)
    found = in_turn(
        {
            "library": supervised(copy.deepcopy(model), sample),
            "bare": step(bare, plain),
            "batch": supervised(copy.deepcopy(model), collate(samples)),
            "channels_last": supervised(last, sample),
            "bfloat16": supervised(copy.deepcopy(model), sample, "bfloat16"),
        },
        size.rounds,
    )
    return found | {"batch": round(found["batch"] / BATCH, 3)}


def compiled(size: Size) -> Numbers:
    """The same step with the U-Net through `torch.compile`, and the seconds to compile it."""
    sample, model = slice_of(size.small), UnetReconstructor(8, 4)
    other = copy.deepcopy(model)
    other.unet.compile()
    calls = {"library": supervised(model, sample), "compiled": supervised(other, sample)}
    start = time.perf_counter()
    calls["compiled"]()
    seconds = round(time.perf_counter() - start, 1)
    return {"seconds_to_compile": seconds, **in_turn(calls, size.rounds)}


def ttt(size: Size) -> Numbers:
    """Milliseconds an iteration of test-time training: paper A's, a free phase, bfloat16, and the published loop."""
    sample = slice_of(size.small)
    model = UnetReconstructor(8, 4)
    a = Settings(max_iterations=size.iterations, window=size.iterations)
    kinds = {
        "library": a,
        "free_phase": replace(FREE_PHASE, max_iterations=size.iterations, window=size.iterations),
        "bfloat16": replace(a, precision="bfloat16"),
    }
    given = sample.masked_kspace, sample.mask, sample.sens_maps
    calls: dict[str, Callable[[], object]] = {
        name: lambda settings=settings: test_time_train(model, *given, settings) for name, settings in kinds.items()
    }
    calls["published"] = lambda: published_loop(model, sample, size.iterations)
    return {name: round(value / size.iterations, 3) for name, value in in_turn(calls, 3).items()}


def phantom(size: tuple[int, int, int]) -> Tensor:
    """K-space of one slice of the Shepp-Logan phantom behind birdcage coils, with a little noise."""
    image = shepp_logan(size[1:], dtype=np.complex64)
    coils = torch.from_numpy((birdcage_maps(size) * image).astype(np.complex64))[None]
    noise = torch.randn(coils.shape, dtype=coils.dtype, generator=torch.Generator().manual_seed(0))
    return fft2c(coils + 1e-3 * noise)


def espirit(size: Size) -> Numbers:
    """Coil maps by ESPIRiT: ours with 5 power iterations a pixel, sigpy's with its 100 and with 5; and how alike."""
    kspace = phantom(size.small)
    y = kspace[0].numpy()

    def theirs(iterations: int) -> np.ndarray:
        options = {"calib_width": CALIBRATION, "thresh": 0.02, "crop": 0, "max_iter": iterations, "show_pbar": False}
        return EspiritCalib(y, **options).run()

    def ours() -> Tensor:
        return estimate_sens_maps(kspace, CALIBRATION)

    found = in_turn({"mrilib": ours, "sigpy": lambda: theirs(100), "sigpy, 5": lambda: theirs(5)}, min(size.rounds, 3))
    alike = (ours()[0].conj() * torch.from_numpy(theirs(100))).sum(0).abs()
    inside = torch.fft.ifftshift(torch.fft.ifft2(torch.fft.ifftshift(kspace[0], (-2, -1)))).abs().sum(0)
    return found | {"alike": float(alike[inside > inside.max() / 10].median())}


def reading(size: Size) -> Numbers:
    """Milliseconds a slice of reading a volume, with every check, beside h5py's reading of the same bytes."""
    kspace = phantom(size.large).expand(size.slices, -1, -1, -1)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "phantom.h5"
        write_volume(path, kspace, attributes={"acquisition": "CORPD_FBK"})

        def plain() -> None:
            with h5py.File(path) as file:
                for index in range(size.slices):
                    torch.from_numpy(file["kspace"][index]).abs()

        def bare() -> None:
            with h5py.File(path) as file:
                for index in range(size.slices):
                    file["kspace"][index]

        calls = {"mrilib": lambda: [read_slice(path, index) for index in range(size.slices)], "h5py": bare}
        found = in_turn(calls | {"h5py, magnitude": plain}, min(size.rounds, 5))
    return {name: round(value / size.slices, 3) for name, value in found.items()}


def notebook(size: Size) -> Numbers:
    """Seconds of notebook 04 with its shipped networks and an empty cache, simulated volumes aside."""
    volumes = cache_dir().absolute() / "simulated"
    volumes.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        (Path(folder) / "simulated").symlink_to(volumes)
        command = [sys.executable, "-m", "mrilib.cli", "run", "04", *size.notebook, "--runs-dir", f"{folder}/runs"]
        start = time.perf_counter()
        done = subprocess.run(
            command, env=os.environ | {"MRILIB_CACHE": folder}, capture_output=True, text=True, check=False
        )
        seconds = round(time.perf_counter() - start, 1)
        if done.returncode:
            raise RuntimeError(done.stderr[-400:])
        [results] = Path(folder).glob("runs/*/*/results.json")
        found = json.loads(results.read_text(encoding="utf-8"))
    per_slice = {name: found[f"seconds_{name}_unet_anatomy"]["value"] for name in ("p", "q")}
    return {"seconds": seconds, **{f"ttt_seconds_{name}": round(value, 2) for name, value in per_slice.items()}}


def measures(size: Size) -> Measures:
    """Names and functions of all measures."""
    for function in (operators, training, ttt, espirit, reading):
        yield function.__name__, lambda one=function: one(size)
    for count in STACKS:
        yield f"stacked {count}", lambda n=count: stacked(n, size.small, size.iterations, torch.device("cpu"))
    yield "compiled", lambda: compiled(size)
    yield "notebook 04", lambda: notebook(size)


def main() -> None:
    given = options(__doc__, SIZES, "cpu").parse_args()
    keep(given, {"threads": torch.get_num_threads()}, measures(SIZES[given.size]))


if __name__ == "__main__":
    main()

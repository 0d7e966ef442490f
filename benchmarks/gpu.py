"""Everything that is worth measuring on a GPU, in one run of at most eight minutes; resumable, without network.

    python benchmarks/gpu.py [--device cuda] [--minutes 8] [--size paper] [--output benchmarks/results/gpu.json]

Writes one JSON file and prints a table. Each measure is written as soon as it is done; run again, only what is missing
is measured. `--device cpu --size toy` tries the script itself. `mrilib plan --steps FILE` reads the file.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch

from mrilib.models.build import build
from mrilib.models.reconstructor import Reconstructor
from mrilib.running.cost import operations_of
from mrilib.sample import Sample, undersample
from mrilib.sampling import Undersampling
from mrilib.store.records import hardware, versions, write_json
from mrilib.train.recipe import Recipe
from mrilib.train.training import training_loss
from mrilib.ttt import FREE_PHASE, Settings, test_time_train
from mrilib.ttt.stacked import test_time_train_stacked

Numbers = dict[str, Any]
ROUNDS = 5
TTT_ITERATIONS = 20
STACKS = (1, 2, 4, 8, 16)
PRECISIONS = ("float32", "tf32", "bfloat16")
QUICK = {"name": "unet", "chans": 8, "num_pool_layers": 4}


@dataclass(frozen=True)
class Size:
    """Shape of a slice, (coils, rows, columns), and the networks measured on it."""

    shape: tuple[int, int, int]
    networks: dict[str, dict[str, Any]]
    profile: str


SIZES = {
    "paper": Size(
        (15, 640, 368),
        {
            "unet": {"name": "unet", "chans": 64, "num_pool_layers": 4},
            "varnet": {"name": "varnet", "num_cascades": 12, "chans": 18, "num_pool_layers": 4},
        },
        "gpu",
    ),
    "toy": Size(
        (4, 64, 48),
        {
            "unet": {"name": "unet", "chans": 4, "num_pool_layers": 3},
            "varnet": {"name": "varnet", "num_cascades": 2, "chans": 4, "num_pool_layers": 2},
        },
        "smoke",
    ),
}


def slice_of(shape: tuple[int, int, int], device: torch.device, seed: int = 0) -> Sample:
    """One slice of noise: the arithmetic is that of a measured one."""
    noise = torch.randn(2, *shape, generator=torch.Generator().manual_seed(seed))
    mask = Undersampling(4, 0.16).mask(f"benchmark {seed}", shape[-1])
    return undersample(torch.complex(noise[0], noise[1]), mask).to(device)


def milliseconds(call: Callable[[], object], device: torch.device, rounds: int = ROUNDS) -> float:
    """Median time of a call, after one that warms up."""
    times = []
    for turn in range(rounds + 1):
        start = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize()
        if turn:
            times.append(1e3 * (time.perf_counter() - start))
    return round(median(times), 3)


def operators(size: Size, device: torch.device) -> Numbers:
    """A, Aᴴ, AᴴA, A at the sampled columns and a gradient, beside one bare FFT of all coils."""
    sample = slice_of(size.shape, device)
    A, image = sample.operator, sample.reference
    columns = sample.mask.flatten().nonzero().flatten()

    def gradient() -> None:
        x = image.clone().requires_grad_()
        A(x).abs().sum().backward()

    calls: dict[str, Callable[[], object]] = {
        "fft2": lambda: torch.fft.fft2(sample.masked_kspace),
        "A": lambda: A(image),
        "A.H": lambda: A.H(sample.masked_kspace),
        "A.N": lambda: A.N(image),
        "at_columns": lambda: A.at_columns(image, columns),  # type: ignore[attr-defined]
        "gradient": gradient,
    }
    return {f"{name}_ms": milliseconds(call, device) for name, call in calls.items()}


@contextmanager
def tensor_cores(on: bool) -> Iterator[None]:
    """Let float32 matrix products and convolutions round to TF32."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = on
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def steps(architecture: dict[str, Any], precision: str, size: Size, device: torch.device) -> Numbers:
    """A training step with the joint loss, and an iteration of test-time training; memory at its peak."""
    sample = slice_of(size.shape, device)
    model = build(architecture).to(device)
    optimizer = torch.optim.Adam(model.parameters(), 1e-4, fused=True)
    recipe = Recipe(loss="joint")
    settings = Settings(max_iterations=TTT_ITERATIONS, window=TTT_ITERATIONS)
    settings = replace(settings, precision="bfloat16" if precision == "bfloat16" else "float32")

    def train() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            loss = training_loss(model, sample, recipe)
        loss.backward()
        optimizer.step()

    def adapt() -> None:
        test_time_train(model, sample.masked_kspace, sample.mask, sample.sens_maps, settings)

    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    with tensor_cores(precision == "tf32"):
        found = {
            "parameters": sum(one.numel() for one in model.parameters()),
            "operations": operations_of(architecture, size.shape),
            "training_step_ms": milliseconds(train, device),
            "ttt_iteration_ms": milliseconds(adapt, device, 2) / TTT_ITERATIONS,
        }
    if device.type == "cuda":
        found["peak_bytes"] = torch.cuda.max_memory_allocated()
    return found


def stacked(count: int, shape: tuple[int, int, int], device: torch.device) -> Numbers:
    """Milliseconds an iteration and slice of test-time training, `count` slices at once and one by one."""
    slices = [slice_of(shape, device, seed) for seed in range(count)]
    model: Reconstructor = build(QUICK).to(device)
    settings = replace(FREE_PHASE, max_iterations=TTT_ITERATIONS)

    def one_by_one() -> None:
        for one in slices:
            test_time_train(model, one.masked_kspace, one.mask, one.sens_maps, settings)

    work = count * TTT_ITERATIONS
    together = milliseconds(lambda: test_time_train_stacked(model, slices, settings), device, 2) / work
    alone = milliseconds(one_by_one, device, 2) / work
    return {"stacked_ms": together, "one_by_one_ms": alone, "ratio": round(alone / together, 2)}


def tests(device: torch.device) -> Numbers:
    """Outcome of the tests that need CUDA."""
    done = _command("-m", "pytest", "-m", "cuda", "tests/train/test_on_cuda.py")
    return {"last_line": done.stdout.strip().rpartition("\n")[2], "exit": done.returncode}


def notebook(profile: str, device: torch.device, seed: int) -> Numbers:
    """Notebook 04 under the anatomy shift: seconds and results."""
    start = time.perf_counter()
    options = ["-p", "seed", str(seed), "-p", "device", device.type]
    done = _command("-m", "mrilib.cli", "run", "04", "--profile", profile, *options)
    results = Path("runs") / "04_test_time_training" / profile / "results.json"
    found = json.loads(results.read_text(encoding="utf-8")) if done.returncode == 0 else {"error": done.stderr[-400:]}
    return {"seconds": round(time.perf_counter() - start, 1), "results": found}


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def measures(size: Size, device: torch.device) -> Iterator[tuple[str, Callable[[], Numbers]]]:
    """Names and functions of all measures, the most telling first; trainings with further seeds until time is up."""
    yield "tests", lambda: tests(device)
    yield "operators", lambda: operators(size, device)
    for name, architecture in size.networks.items():
        for precision in PRECISIONS:
            yield f"{name} {precision}", lambda a=architecture, p=precision: steps(a, p, size, device)
    for count in STACKS:
        yield (
            f"stacked {count}",
            lambda n=count: stacked(n, (12, 128, 128) if size.profile == "gpu" else size.shape, device),
        )
    for seed in range(5):
        yield f"notebook 04, seed {seed}", lambda s=seed: notebook(size.profile, device, s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--size", choices=tuple(SIZES), default="paper")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/gpu.json"))
    options = parser.parse_args()
    device, size = torch.device(options.device), SIZES[options.size]
    kept = json.loads(options.output.read_text(encoding="utf-8")) if options.output.exists() else {"measures": {}}
    kept |= {"size": options.size, "device": options.device, "hardware": hardware(), "versions": versions()}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    end, longest = time.monotonic() + 60 * options.minutes, 0.0
    for name, measure in measures(size, device):
        if name in kept["measures"]:
            continue
        if time.monotonic() + longest > end:
            print(f"time is up before: {name}; run again to go on")
            break
        start = time.monotonic()
        try:
            found = measure()
        except (RuntimeError, ValueError) as error:  # out of memory, an operation that is missing: a result too
            found = {"error": f"{type(error).__name__}: {error}"[:400]}
        longest = max(longest, time.monotonic() - start)
        kept["measures"][name] = found
        write_json(options.output, kept)
        brief = {key: value for key, value in found.items() if not isinstance(value, dict)}
        print(f"{name:24} {time.monotonic() - start:6.1f} s  {brief}", flush=True)


if __name__ == "__main__":
    main()

"""Everything that is worth measuring on a GPU, in one run of at most eight minutes; resumable, without network.

    python benchmarks/gpu.py [--device cuda] [--minutes 8] [--size paper] [--output benchmarks/results/gpu.json]

Writes one JSON file and prints a table. Each measure is written as soon as it is done; run again, only what is missing
is measured. `--device cpu --size toy` tries the script itself. `mrilib plan --steps FILE` reads the file.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from measuring import Measures, Numbers, in_turn, keep, options, slice_of

from mrilib.models.build import build
from mrilib.models.reconstructor import Reconstructor
from mrilib.running.cost import operations_of
from mrilib.sample import Sample
from mrilib.train.recipe import Recipe
from mrilib.train.training import training_loss
from mrilib.ttt import FREE_PHASE, Settings, test_time_train
from mrilib.ttt.stacked import test_time_train_stacked

ROUNDS = 5
STACKS = (1, 2, 4, 8, 16)
PRECISIONS = ("float32", "tf32", "bfloat16")
Images = list[torch.Tensor]
QUICK = {"name": "unet", "chans": 8, "num_pool_layers": 4}


@dataclass(frozen=True)
class Size:
    """Shapes of a slice, (coils, rows, columns), networks and TTT iterations measured, and notebook 04 as it is run."""

    shape: tuple[int, int, int]
    stacked: tuple[int, int, int]
    networks: dict[str, dict[str, Any]]
    iterations: int
    profile: str
    given: dict[str, int]
    seeds: int


SIZES = {
    "paper": Size(
        (15, 640, 368),
        (12, 128, 128),
        {
            "unet": {"name": "unet", "chans": 64, "num_pool_layers": 4},
            "varnet": {"name": "varnet", "num_cascades": 12, "chans": 18, "num_pool_layers": 4},
        },
        20,
        "gpu",
        {"test_slices": 48},
        5,
    ),
    "toy": Size(
        (4, 64, 48),
        (4, 64, 48),
        {
            "unet": {"name": "unet", "chans": 4, "num_pool_layers": 3},
            "varnet": {"name": "varnet", "num_cascades": 2, "chans": 4, "num_pool_layers": 2},
        },
        3,
        "smoke",
        {"ttt_iterations": 3, "window": 2},
        1,
    ),
}


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
    return {f"{name}_ms": found for name, found in in_turn(calls, ROUNDS, device).items()}


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
    settings = Settings(max_iterations=size.iterations, window=size.iterations)
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
            "training_step_ms": in_turn({"train": train}, ROUNDS, device)["train"],
            "ttt_iteration_ms": in_turn({"adapt": adapt}, 2, device)["adapt"] / size.iterations,
        }
    if device.type == "cuda":
        found["peak_bytes"] = torch.cuda.max_memory_allocated()
    return found


def stacked(count: int, shape: tuple[int, int, int], iterations: int, device: torch.device) -> Numbers:
    """Milliseconds an iteration and slice of test-time training, `count` slices at once and one by one.

    `difference` is the largest between their images, relative to the largest magnitude, after a few iterations in
    double precision; `difference_float32` that of the images that were timed.
    """
    torch.manual_seed(0)
    model: Reconstructor = build(QUICK).to(device)
    slices = [slice_of(shape, device, seed) for seed in range(count)]
    settings = replace(FREE_PHASE, max_iterations=iterations)
    images: dict[str, Images] = {}

    def one_by_one() -> None:
        images["alone"] = adapted(model, slices, settings)

    def together() -> None:
        images["together"] = [one.image for one in test_time_train_stacked(model, slices, settings)]

    found = in_turn({"one_by_one": one_by_one, "stacked": together}, 2, device)
    times = {f"{name}_ms": round(value / count / iterations, 3) for name, value in found.items()}
    timed = largest_difference(images["alone"], images["together"])
    model, slices, settings = model.double(), list(map(in_double, slices)), replace(settings, max_iterations=3)
    exact = [one.image for one in test_time_train_stacked(model, slices, settings)]
    return {
        **times,
        "ratio": round(found["one_by_one"] / found["stacked"], 2),
        "difference": largest_difference(adapted(model, slices, settings), exact),
        "difference_float32": timed,
    }


def adapted(model: Reconstructor, slices: list[Sample], settings: Settings) -> Images:
    """Images of test-time training, one slice after the other."""
    return [test_time_train(model, one.masked_kspace, one.mask, one.sens_maps, settings).image for one in slices]


def largest_difference(images: Images, others: Images) -> float:
    """Largest difference of a pixel, relative to the brightest of its image."""
    pairs = zip(images, others, strict=True)
    return max(float((one - other).abs().max() / one.abs().max()) for one, other in pairs)


def in_double(sample: Sample) -> Sample:
    """The same measurement in double precision."""
    kspace, maps = (one.to(torch.complex128) for one in (sample.masked_kspace, sample.sens_maps))
    return replace(sample, masked_kspace=kspace, sens_maps=maps)


def tests(device: torch.device, end: float) -> Numbers:
    """Outcome of the tests that need CUDA."""
    done = _command(end, "-m", "pytest", "-m", "cuda", "tests/train/test_on_cuda.py")
    return {"last_line": done.stdout.strip().rpartition("\n")[2], "exit": done.returncode}


def notebook(size: Size, device: torch.device, seed: int, end: float) -> Numbers:
    """Notebook 04 under the anatomy shift: seconds and results."""
    start, given = time.perf_counter(), {"seed": seed, "device": device.type, **size.given}
    with TemporaryDirectory() as runs:
        options = [word for name, value in given.items() for word in ("-p", name, str(value))]
        done = _command(end, "-m", "mrilib.cli", "run", "04", "--profile", size.profile, *options, "--runs-dir", runs)
        if done.returncode:
            raise RuntimeError(done.stderr[-400:])
        [results] = Path(runs).glob("*/*/results.json")
        found = json.loads(results.read_text(encoding="utf-8"))
    return {"seconds": round(time.perf_counter() - start, 1), "results": found}


def _command(end: float, *arguments: str) -> subprocess.CompletedProcess[str]:
    left = max(1.0, end - time.monotonic())
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=left)


def measures(size: Size, device: torch.device, end: float) -> Measures:
    """Names and functions of all measures, the most telling first; trainings with further seeds until time is up."""
    yield "tests", lambda: tests(device, end)
    yield "operators", lambda: operators(size, device)
    for name, architecture in size.networks.items():
        for precision in PRECISIONS:
            yield f"{name} {precision}", lambda a=architecture, p=precision: steps(a, p, size, device)
    for count in STACKS:
        yield f"stacked {count}", lambda n=count: stacked(n, size.stacked, size.iterations, device)
    for seed in range(size.seeds):
        yield f"notebook 04, seed {seed}", lambda s=seed: notebook(size, device, s, end)


def main() -> None:
    parser = options(__doc__, SIZES, "gpu")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args()
    device, size = torch.device(given.device), SIZES[given.size]
    end = time.monotonic() + 60 * given.minutes
    keep(given, {"device": given.device}, measures(size, device, end))


if __name__ == "__main__":
    main()

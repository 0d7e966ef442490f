"""A training step and a test-time-training iteration, each as a ratio to the plain alternative in the same run.

    python benchmarks/networks.py

Training step: U-Net of 32 channels on 320×320, library loop against a bare loop of the same network.
TTT iteration: 8 channels, 12 coils, 128×128, `test_time_train` against the published loop, which applies the forward
model with FFT shifts and scores SSIM after every iteration (Darestani, Liu, Heckel, ICML 2022, its repository).
Two slices at once: `adapt` with a process for each against two threads of this process.
"""

import copy
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import torch
from skimage.metrics import structural_similarity

from mrilib.fourier import fft2c
from mrilib.models.reconstructor import UnetReconstructor
from mrilib.sample import Sample, undersample
from mrilib.sampling import Undersampling
from mrilib.train.adaptation import adapt
from mrilib.train.recipe import Recipe
from mrilib.train.training import training_loss
from mrilib.ttt import Settings, test_time_train

ITERATIONS = 20


def slice_of(coils: int, size: int) -> Sample:
    """One noise slice: the arithmetic is that of a real one."""
    noise = torch.randn(2, coils, size, size, generator=torch.Generator().manual_seed(0))
    mask = Undersampling(4).mask("benchmark", size)
    return undersample(torch.complex(noise[0], noise[1]), mask)


def paired(ours: Callable[[], object], plain: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median seconds of both, run in turn so that drift of the machine hits both."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 1):
        for column, run in zip(seconds, (ours, plain), strict=True):
            start = time.perf_counter()
            run()
            if turn:
                column.append(time.perf_counter() - start)
    return median(seconds[0]), median(seconds[1])


def training_step(rounds: int = 5) -> tuple[float, float]:
    """Supervised step of the library against a bare step on the same two channels."""
    sample = slice_of(2, 320)
    model = UnetReconstructor(32, 4)
    plain = copy.deepcopy(model.unet)
    initial = model.initial(sample.masked_kspace, sample.operator)
    channels = torch.view_as_real(initial[:, 0]).movedim(-1, 1).contiguous()
    optimizers = [torch.optim.Adam(network.parameters(), 1e-4) for network in (model, plain)]
    recipe = Recipe(loss="supervised")

    def ours() -> None:
        optimizers[0].zero_grad(set_to_none=True)
        training_loss(model, sample, recipe).backward()
        optimizers[0].step()

    def bare() -> None:
        optimizers[1].zero_grad(set_to_none=True)
        magnitude = plain(channels).square().sum(1, keepdim=True).sqrt()
        torch.nn.functional.l1_loss(magnitude, sample.target).backward()
        optimizers[1].step()

    return paired(ours, bare, rounds)


def published_loop(model: UnetReconstructor, sample: Sample) -> None:
    """The published test-time training: coil images, centred FFT, two masked losses, then SSIM on every iteration."""
    network = copy.deepcopy(model)
    optimizer = torch.optim.Adam(network.parameters(), 1e-5)
    generator = torch.Generator().manual_seed(0)
    mask = sample.mask.expand(1, 1, *sample.target.shape[-2:])
    held = mask & (torch.rand(mask.shape, generator=generator) < 0.05)
    kept = mask & ~held
    initial = network.initial(sample.masked_kspace, sample.operator)
    target = sample.target[0, 0].numpy()
    for _ in range(ITERATIONS):
        predicted = fft2c(sample.sens_maps * network(sample.masked_kspace, sample.operator, initial))
        errors = []
        for part in (kept, held):
            difference = torch.view_as_real((predicted - sample.masked_kspace) * part).abs().sum()
            errors.append(difference / torch.view_as_real(sample.masked_kspace * part).abs().sum())
        optimizer.zero_grad()
        errors[0].backward()
        optimizer.step()
        with torch.no_grad():
            image = network(sample.masked_kspace, sample.operator, initial).abs()[0, 0].numpy()
        structural_similarity(target, image, data_range=target.max())


def ttt_iteration(rounds: int = 5) -> tuple[float, float]:
    """Seconds an iteration: the library's, the published loop's."""
    sample = slice_of(12, 128)
    model = UnetReconstructor(8, 4)
    settings = Settings(max_iterations=ITERATIONS, window=ITERATIONS)

    def ours() -> None:
        test_time_train(model, sample.masked_kspace, sample.mask, sample.sens_maps, settings)

    a, b = paired(ours, lambda: published_loop(model, sample), rounds)
    return a / ITERATIONS, b / ITERATIONS


def two_at_once(rounds: int = 3) -> tuple[float, float]:
    """Seconds an iteration and slice when two slices run at once: in two processes, in two threads."""
    slices = [slice_of(12, 128)] * 2
    model = UnetReconstructor(8, 4)
    settings = Settings(max_iterations=2 * ITERATIONS, window=ITERATIONS)

    def processes() -> None:
        with tempfile.TemporaryDirectory() as empty:
            os.environ["MRILIB_CACHE"] = empty
            adapt(model, slices, settings, workers=2)

    def threads() -> None:
        def one(sample: Sample) -> None:
            test_time_train(model, sample.masked_kspace, sample.mask, sample.sens_maps, settings)

        before = torch.get_num_threads()
        torch.set_num_threads(1)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, slices))
        torch.set_num_threads(before)

    a, b = paired(processes, threads, rounds)
    return a / settings.max_iterations, b / settings.max_iterations


def main() -> None:
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; medians")
    for name, (ours, plain) in (
        ("training step, 32 channels, 320×320: library / bare loop", training_step()),
        ("TTT iteration, 8 channels, 12 coils, 128×128: library / published loop", ttt_iteration()),
        ("TTT iteration, the same, two slices at once: processes / threads", two_at_once()),
    ):
        print(f"{name}: {1000 * ours:.0f} ms / {1000 * plain:.0f} ms = {ours / plain:.2f}")


if __name__ == "__main__":
    main()

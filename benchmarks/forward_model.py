"""The SENSE operator beside plain torch and SigPy: medians in milliseconds and ratios; 15 coils, 640x368.

Run: python benchmarks/forward_model.py
"""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from torch import Tensor

from mrilib.linop import Fourier, Sampling, Sensitivity, sense
from mrilib.sampling import random_mask

COILS, HEIGHT, WIDTH = 15, 640, 368
ROUNDS = 25


def milliseconds(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median time of each call; the calls take turns, so that a busy moment hits all of them."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for round_number in range(ROUNDS + 2):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if round_number >= 2:
                times[name].append(time.perf_counter() - start)
    return {name: 1e3 * median(values) for name, values in times.items()}


def sigpy_calls(mask: Tensor, sens_maps: Tensor, image: Tensor, kspace: Tensor) -> dict[str, Callable[[], object]]:
    try:
        import sigpy.mri.linop
    except ImportError:
        return {}
    weights = np.broadcast_to(mask[0, 0].numpy(), (HEIGHT, WIDTH)).astype(np.float32)
    A = sigpy.mri.linop.Sense(sens_maps[0].numpy(), weights=weights)
    x, y = image[0, 0].numpy(), kspace[0].numpy()
    return {"A sigpy": lambda: A(x), "A.H sigpy": lambda: A.H(y), "A.N sigpy": lambda: A.N(x)}


def gradient(A: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
    x = image.clone().requires_grad_()
    return torch.autograd.grad(A(x).abs().sum(), x)[0]


def main() -> None:
    generator = torch.Generator().manual_seed(0)
    sens_maps = torch.randn(1, COILS, HEIGHT, WIDTH, dtype=torch.complex64, generator=generator)
    image = torch.randn(1, 1, HEIGHT, WIDTH, dtype=torch.complex64, generator=generator)
    mask = random_mask(WIDTH, 4, 0.08, seed=0)[None, None, None]
    A, plain = sense(mask, sens_maps), Sampling(mask) @ Fourier() @ Sensitivity(sens_maps)
    kspace = A(image)
    calls: dict[str, Callable[[], object]] = {"one bare fft2": lambda: torch.fft.fft2(kspace)}
    for name, operator in (("mrilib", A), ("torch", plain)):
        calls[f"A {name}"] = lambda op=operator: op(image)
        calls[f"A.H {name}"] = lambda op=operator: op.H(kspace)
        calls[f"A.N {name}"] = lambda op=operator: op.N(image)
        calls[f"gradient {name}"] = lambda op=operator: gradient(op, image)
    times = milliseconds(calls | sigpy_calls(mask, sens_maps, image, kspace))
    print(f"one bare fft2 {times['one bare fft2']:.1f} ms, {torch.get_num_threads()} threads")
    for verb in ("A", "A.H", "A.N", "gradient"):
        ours = times[f"{verb} mrilib"]
        others = [
            f"{n} {times[f'{verb} {n}']:6.1f} ms, ratio {times[f'{verb} {n}'] / ours:4.1f}"
            for n in ("torch", "sigpy")
            if f"{verb} {n}" in times
        ]
        print(f"{verb:8} mrilib {ours:6.1f} ms | " + " | ".join(others))


if __name__ == "__main__":
    main()

"""Random weights of LPIPS and DISTS with a few channels."""

import math

import torch
from laws import randn
from torch import Tensor

ALEX = ((3, 4, 11), (4, 5, 5), (5, 6, 3), (6, 5, 3), (5, 4, 3))  # channels in and out, size of the kernel


VGG = [(3, 4)] + [(4, 4)] * 12


def small_weights() -> dict[str, Tensor]:
    """Random weights of both networks with a few channels."""
    layers = {f"alex.{n}": shape for n, shape in enumerate(ALEX)}
    layers |= {f"vgg.{n}": (*shape, 3) for n, shape in enumerate(VGG)}
    weights = {}
    for seed, (name, (inputs, outputs, size)) in enumerate(layers.items()):
        scale = math.sqrt(2 / (inputs * size**2))
        weights[f"{name}.weight"] = scale * randn(outputs, inputs, size, size, seed=seed, dtype=torch.float32)
        weights[f"{name}.bias"] = 0.1 * randn(outputs, seed=seed + 100, dtype=torch.float32)
    for tap, (_, channels, _) in enumerate(ALEX):
        weights[f"alex.linear.{tap}"] = randn(channels, seed=tap, dtype=torch.float32).abs()
        weights[f"vgg.linear.{tap}"] = randn(4, seed=tap + 9, dtype=torch.float32).abs()
    alpha, beta = randn(2, 3 + 5 * 4, dtype=torch.float32).abs()
    return weights | {"dists.alpha": alpha, "dists.beta": beta}

"""Test-time training as published: Darestani, Liu, Heckel, ICML 2022, its repository."""

import copy

import torch
from skimage.metrics import structural_similarity

from mrilib.fourier import fft2c
from mrilib.models.reconstructor import UnetReconstructor
from mrilib.sample import Sample


def published_loop(model: UnetReconstructor, sample: Sample, iterations: int) -> None:
    """Coil images, centred FFT with its shifts, two masked losses, then SSIM on every iteration."""
    network = copy.deepcopy(model)
    optimizer = torch.optim.Adam(network.parameters(), 1e-5)
    generator = torch.Generator().manual_seed(0)
    mask = sample.mask.expand(1, 1, *sample.target.shape[-2:])
    held = mask & (torch.rand(mask.shape, generator=generator) < 0.05)
    kept = mask & ~held
    initial = network.initial(sample.masked_kspace, sample.operator)
    target = sample.target[0, 0].numpy()
    for _ in range(iterations):
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

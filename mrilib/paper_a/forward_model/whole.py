"""The forward model and the reconstruction of one slice, step by step, as one picture."""

import torch
from torch import Tensor

from mrilib.figures.flow import Step, flow
from mrilib.figures.images import WHITE, decades
from mrilib.figures.layout import Picture
from mrilib.figures.sentences import number
from mrilib.linop import Fourier, Sampling, Sensitivity
from mrilib.paper_a.forward_explorer import ITERATIONS, reconstructions
from mrilib.sample import Sample
from mrilib.scoring import matched, slice_ssim


def whole_model(sample: Sample, kind: str) -> Picture:
    """From the image to its measurement, x → S x → F S x → M F S x, and back by zero-filling and by CG-SENSE.

    Args:
        sample: a slice; the coil shown is the one that receives most.
        kind: "simulated" or "measured".
    """
    image = sample.reference
    seen = Sensitivity(sample.sens_maps)(image)
    kspace = Fourier()(seen)
    made = reconstructions(sample, ITERATIONS)
    back = list(made)
    scores = [slice_ssim(made[name], sample)[0] for name in back]
    target, shown = matched(sample, made)
    loudest = int(seen.abs().square().sum((-2, -1)).argmax())
    lines, columns = int(sample.mask.sum()), sample.mask.shape[-1]
    white = float(target.quantile(WHITE))
    steps = [
        Step(_bright(image.abs()), f"the image x ({kind})"),
        Step(_bright(seen[0, loudest].abs()), "seen by one coil: S x", arrow="S\ncoils"),
        Step(_logarithm(kspace[0, loudest]), "its k-space: F S x", arrow="F\nFourier"),
        Step(_logarithm(Sampling(sample.mask)(kspace)[0, loudest]), "measured: M F S x", arrow="M\nmask"),
        *(
            Step(_plane(shown[name] / white), name, f"SSIM {number(score)}", arrow=f"\n{how}")
            for name, score, how in zip(back, scores, ("fill with\nzeros", "iterate"), strict=False)
        ),
    ]
    reached = ", ".join(f"{name} {number(score)}" for name, score in zip(back, scores, strict=True))
    measured = f"{lines} of {columns} lines"
    alt = f"Steps of one {kind} slice, {measured} measured: {'; '.join(step.title for step in steps)}. SSIM: {reached}"
    return flow(steps, alt=alt).titled(_message(scores, measured))


def _message(scores: list[float], measured: str) -> str:
    """What zero-filling and, if there are coil maps, CG-SENSE recover of the image."""
    zeros, *iterated = (number(score) for score in scores)
    if not iterated:
        return f"From {measured}, zero-filling recovers the image with an SSIM of {zeros}"
    told = f"From {measured}, CG-SENSE recovers the image with an SSIM of {iterated[0]}"
    return f"{told}; zero-filling gives {zeros}"


def _plane(image: Tensor) -> Tensor:
    return image.reshape(image.shape[-2:])


def _bright(image: Tensor) -> Tensor:
    """An image in units of its own white, since one coil sees less than all of them."""
    return _plane(image / image.quantile(WHITE))


def _logarithm(kspace: Tensor) -> Tensor:
    magnitude = kspace.abs().cpu()
    return torch.from_numpy(decades((magnitude / magnitude.max()).numpy()))

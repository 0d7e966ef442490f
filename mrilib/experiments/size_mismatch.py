"""Images of half the size that a VarNet was trained on, reconstructed as they are and enlarged (paper B, Figure 20)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from mrilib.coils import rss
from mrilib.data.slices import Sample, SliceDataset, undersample
from mrilib.data.sources import Source
from mrilib.data.volumes import read_slice
from mrilib.experiments.collection import of_datasets
from mrilib.experiments.diverse import equispaced, paper_b, slices_to_test, union, with_varnet
from mrilib.experiments.study import Measures, Study, TestSet
from mrilib.fourier import ifft2c
from mrilib.gap import Interval, performance_gap
from mrilib.metrics import Match, center_crop, match_mean_std, ssim
from mrilib.models.build import describe
from mrilib.models.reconstructor import Reconstructor
from mrilib.size_adjustment import enlarged, reconstruct_enlarged
from mrilib.training import reconstruct

TRAINED, TESTED = "fastmri_knee", "stanford_3d_sagittal"
WAYS = ("as it is", "enlarged")


def halved(slices: SliceDataset, item: int) -> Sample:
    """A slice with the middle half of k-space's rows and columns alone: half the resolution, half the size."""
    path, index = slices.slices[item]
    kspace = read_slice(path, index).kspace
    middle = center_crop(kspace, (kspace.shape[-2] // 2, kspace.shape[-1] // 2))
    return undersample(middle, equispaced((4,)).mask(path.name, middle.shape[-1]), path.name, maps=False)


@torch.no_grad()
def by_size(model: Reconstructor, slices: SliceDataset, match: Match | None, device: torch.device | str) -> Measures:
    """SSIM of each halved slice by the two ways."""
    found: Measures = {way: [] for way in WAYS}
    for item in range(len(slices)):
        sample = halved(slices, item).to(device)
        images = reconstruct(model, sample).abs(), reconstruct_enlarged(model, sample).abs()
        for way, image in zip(WAYS, images, strict=True):
            matched = match_mean_std(sample.target, image) if match else image
            found[way] += ssim(sample.target, matched, data_range=sample.peak).tolist()
    return found


def study(parameters: Mapping[str, Any], device: torch.device | str = "cpu", recompute: bool = False) -> Study:
    """A VarNet of half of fastMRI knee's slices on halved slices of Stanford 3D, sagittal.

    Raises:
        ValueError: too few slices for the dataset's populations.
    """
    recipe = paper_b(*(parameters[key] for key in ("epochs", "train_learning_rate", "batch_size", "seed")))
    architecture = describe("e2e_varnet", with_varnet(parameters))
    taken = of_datasets({TRAINED: parameters["train_slices"] // 2})
    spec = union("half_of_fastmri_knee", taken, architecture, recipe, source=parameters["source"])
    tests = {TESTED: TestSet(TESTED, parameters["test_slices"])}
    return Study(
        "size_mismatch", {TRAINED: spec}, tests, "mean_std", parameters["source"], device, recompute, measure=by_size
    )


def gain(scored: Study) -> Interval:
    """SSIM enlarged minus as it is, on the same slices."""
    enlarged_score, plain = (scored.over(TRAINED, measure=way) for way in reversed(WAYS))
    return performance_gap(enlarged_score, plain)


def inputs(source: Source = "simulated") -> list[Tensor]:
    """Target, zero-filled image and enlarged zero-filled image of the first test slice; (1, 1, y, x) real."""
    sample = halved(slices_to_test(TESTED, 1, source=source), 0)
    large, _ = enlarged(sample.masked_kspace, sample.mask)
    return [sample.target, rss(ifft2c(sample.masked_kspace)), rss(ifft2c(large))]

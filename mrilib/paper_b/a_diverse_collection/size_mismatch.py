"""Images half as large as a VarNet's training images, reconstructed directly and enlarged (paper B, Figure 20)."""

import torch
from torch import Tensor

from mrilib.coils import rss
from mrilib.data.slices import SliceDataset
from mrilib.data.sources import Source
from mrilib.data.volumes import read_slice
from mrilib.fourier import ifft2c
from mrilib.gap import Interval, performance_gap
from mrilib.metrics import Match, center_crop, match_mean_std, ssim
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_b.a_diverse_collection.parameters import Parameters
from mrilib.paper_b.a_diverse_collection.size_adjustment import enlarged, reconstruct_enlarged
from mrilib.paper_b.collection import of_datasets
from mrilib.paper_b.protocol import equispaced, slices_to_test, union
from mrilib.paper_b.study import Measures, Study, TestSet
from mrilib.sample import Sample, undersample
from mrilib.scoring import reconstruct

TRAINED, TESTED = "fastmri_knee", "stanford_3d_sagittal"
WAYS = ("as it is", "enlarged")


def halved(slices: SliceDataset, item: int) -> Sample:
    """Slice with only the central half of the rows and columns of k-space: half the resolution and half the size."""
    path, index = slices.slices[item]
    kspace = read_slice(path, index).kspace
    middle = center_crop(kspace, (kspace.shape[-2] // 2, kspace.shape[-1] // 2))
    return undersample(middle, equispaced((4,)).mask(path.name, middle.shape[-1]), path.name, maps=False)


@torch.no_grad()
def by_size(model: Reconstructor, slices: SliceDataset, match: Match | None, device: torch.device | str) -> Measures:
    """SSIM of each halved slice, reconstructed directly and enlarged."""
    found: Measures = {way: [] for way in WAYS}
    for item in range(len(slices)):
        sample = halved(slices, item).to(device)
        images = reconstruct(model, sample).abs(), reconstruct_enlarged(model, sample).abs()
        for way, image in zip(WAYS, images, strict=True):
            matched = match_mean_std(sample.target, image) if match else image
            found[way] += ssim(sample.target, matched, data_range=sample.peak).tolist()
    return found


def study(p: Parameters, device: torch.device | str = "cpu") -> Study:
    """Study of a VarNet trained on half of the fastMRI knee slices, on halved sagittal slices of Stanford 3D.

    Raises:
        ValueError: too few slices for the dataset's populations.
    """
    taken = of_datasets({TRAINED: p.train_slices // 2})
    spec = union("half_of_fastmri_knee", taken, p.with_varnet.architecture, p.recipe, source=p.source)
    tests = {TESTED: TestSet(TESTED, p.test_slices)}
    return Study("size_mismatch", {TRAINED: spec}, tests, "mean_std", p.source, device, p.recompute, measure=by_size)


def gain(scored: Study) -> Interval:
    """SSIM with enlarging minus SSIM without, on the same slices."""
    enlarged_score, plain = (scored.over(TRAINED, measure=way) for way in reversed(WAYS))
    return performance_gap(enlarged_score, plain)


def inputs(source: Source = "simulated") -> list[Tensor]:
    """Target, zero-filled image and enlarged zero-filled image of the first test slice; (1, 1, y, x) real."""
    sample = halved(slices_to_test(TESTED, 1, source=source), 0)
    large, _ = enlarged(sample.masked_kspace, sample.mask)
    return [sample.target, rss(ifft2c(sample.masked_kspace)), rss(ifft2c(large))]

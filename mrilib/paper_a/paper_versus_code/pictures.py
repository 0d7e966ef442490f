"""Pictures of two differences: the network's input without signs, and one image with two scores."""

import torch
from torch import Tensor

from mrilib.figures.framing import body
from mrilib.figures.images import comparison, mixed_row
from mrilib.figures.layout import Picture
from mrilib.figures.sentences import number
from mrilib.metrics import center_crop, match_mean_std
from mrilib.models.reconstructor import part_rss
from mrilib.paper_a.paper_versus_code.as_published import score
from mrilib.paper_a.paper_versus_code.fidelity import ARMS, Bench
from mrilib.sample import Sample
from mrilib.train.adaptation import adapt
from mrilib.train.networks import network

INSIDE = 0.1  # of the target's maximum: where phases are drawn


def network_inputs(sample: Sample, kind: str) -> Picture:
    """Magnitude and phase of the paper's input A^H y, and of the code's two non-negative channels as one complex image.

    Phases are drawn where the target is bright, since they are noise elsewhere; `kind` says whether data are simulated.
    """
    crop, inside = body(sample.target), sample.target > INSIDE * sample.target.max()
    inputs = {"paper": sample.operator.H(sample.masked_kspace), "code": part_rss(sample.masked_kspace)}
    signs = {"paper": "both signs", "code": "never negative"}
    shown = {}
    for name, image in inputs.items():
        plane = image.reshape(image.shape[-2:])[crop]
        shown[f"{name}: magnitude"] = plane.abs()
        shown[f"{name}: phase, {signs[name]}"] = plane * inside.reshape(inside.shape[-2:])[crop]
    alt = f"A {kind} slice of Q: magnitude and phase of both inputs; the phase of the code's input is never negative"
    message = f"The code's input has no negative part: its phase lies between 0 and π/2 ({kind} data)"
    return mixed_row(shown, alt=alt).titled(message)


def two_scores(bench: Bench, kind: str) -> Picture:
    """First test slice after TTT as in the paper, both unchanged and matched to the target, with both SSIM values."""
    arm = ARMS["as written"]
    sample = bench.samples(arm, 1)[0]
    model = network(bench.spec(arm, "joint", "P"), bench.device)
    image = adapt(model, [sample], bench.resolved(arm), device=bench.device)[0].record.image
    target, plain = (center_crop(one, sample.recon_size) for one in (sample.target, image.abs()))
    plain_score, matched_score = (number(score(image, sample, way)) for way in ("unmatched", "published"))
    truth, *made = (one.reshape(one.shape[-2:]) for one in (target, plain, match_mean_std(target, plain)))
    titles, crop = ["paper: the image as it is", "code: matched to the target"], body(truth)
    message = f"One image, two scores: SSIM {plain_score} as it is, {matched_score} after matching ({kind} data)"
    scores = zip(titles, made, (plain_score, matched_score), strict=True)
    captions = {title: f"SSIM {found} ({_beside(one, truth)})" for title, one, found in scores}
    shown = {title: one[crop] for title, one in zip(titles, made, strict=True)}
    alt = f"{message}: target, both versions and their errors"
    return comparison(truth[crop], shown, captions, alt=alt, target_title=f"target ({kind})").titled(message)


def _beside(image: Tensor, target: Tensor) -> str:
    """Mean and standard deviation of an image, as percentages of the target's."""
    mean, spread = (100 * (of(image) / of(target)).item() for of in (torch.mean, torch.std))
    return f"mean {mean:.0f} %, std. {spread:.0f} % of target"

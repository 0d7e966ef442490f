"""What notebook 09 shows of a transformer: one slice, what test-time training changes, and the findings."""

from collections.abc import Mapping, Sequence

import torch
from IPython.display import Markdown
from torch import Tensor

from mrilib.gap import Interval, mean_interval, performance_gap
from mrilib.metrics import psnr
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a.schemes import Scores
from mrilib.paper_a.shift_result import ShiftResult
from mrilib.paper_a.transformers.blockiness import blockiness
from mrilib.sample import Sample
from mrilib.scoring import matched, reconstruct
from mrilib.train.adaptation import Adapted

Networks = Mapping[str, Reconstructor]
Records = Mapping[str, Sequence[Adapted]]


def example(
    networks: Networks, samples: Sequence[Sample], adapted: Records, scores: Scores, device: torch.device | str
) -> tuple[int, dict[str, Tensor]]:
    """The slice with the median gain, and its images as in paper A's Figure 9, (1, 1, y, x) complex."""
    gains = [a - b for a, b in zip(scores["joint on P + TTT"], scores["supervised on P"], strict=True)]
    middle = sorted(range(len(gains)), key=gains.__getitem__)[len(gains) // 2]
    sample = samples[middle].to(device)
    return middle, {
        "supervised on P": reconstruct(networks["supervised on P"], sample),
        "joint on P + TTT": adapted["joint on P"][middle].record.image.to(device),
        "supervised on Q": reconstruct(networks["supervised on Q"], sample),
    }


def changes(
    network: Reconstructor,
    samples: Sequence[Sample],
    adapted: Sequence[Adapted],
    scores: Scores,
    device: torch.device | str,
) -> dict[str, Interval]:
    """What TTT of the network joint on P changes: self-validation error, PSNR in dB and SSIM, by name of the result."""
    records = [one.record for one in adapted]
    errors = [(r.history.validation_error[0], r.history.validation_error[r.chosen_at]) for r in records]
    first = [reconstruct(network, one.to(device)) for one in samples]
    levels = [(_psnr(s, r.image), _psnr(s, image)) for s, r, image in zip(samples, records, first, strict=True)]
    return {
        "fall_of_validation_error": performance_gap(*zip(*errors, strict=True)),
        "lift_psnr_joint_p": performance_gap(*zip(*levels, strict=True)),
        "lift_joint_p": performance_gap(scores["joint on P + TTT"], scores["joint on P"]),
    }


def grids(
    networks: Networks, samples: Sequence[Sample], adapted: Records, patch: int, device: torch.device | str
) -> dict[str, Interval]:
    """`blockiness` of the targets and of three reconstructions of every slice, averaged."""
    made = {"target": [one.target for one in samples]}
    for name in ("supervised on P", "joint on P"):
        made[name] = [reconstruct(networks[name], one.to(device)).abs() for one in samples]
    made["joint on P + TTT"] = [one.record.image.abs() for one in adapted["joint on P"]]
    return {name: mean_interval([blockiness(image, patch).item() for image in made[name]]) for name in made}


def findings(
    result: ShiftResult,
    changed: Mapping[str, Interval],
    grid: Mapping[str, Interval],
    alone: Mapping[str, Interval],
    weights: int,
) -> Markdown:
    """What the transformer showed, in sentences with their numbers.

    Args:
        result, changed, grid: scores, see `changes` and `grids`.
        alone: SSIM on P after training on measurements alone, by network.
        weights: number of parameters of the transformer.
    """
    means = {name: one.value for name, one in result.means.items()}
    closed = result.closed if result.closed.interval else "undefined here"
    worse = means["joint on Q + TTT"] < means["joint on Q"]
    lines = [
        f"- **What TTT changes.** It changes PSNR by {changed['lift_psnr_joint_p']} dB and SSIM by "
        f"{changed['lift_joint_p']}.",
        f"- **Read the fraction closed, {closed}, together with the scores.** TTT takes the network trained jointly "
        f"on P from an SSIM of {means['joint on P']:.3f} to {means['joint on P + TTT']:.3f}, and the one trained "
        f"jointly on Q from {means['joint on Q']:.3f} to {means['joint on Q + TTT']:.3f}"
        f"{'; the gap also shrinks because the latter gets worse' if worse else ''}.",
        "- **A likely reason.** Trained on measurements alone, without any shift, "
        + " and ".join(f"the {name} reaches {one.value:.3f}" for name, one in alone.items())
        + ". TTT trains on the measurements of a single slice.",
        f"- **The grid of patches:** the ratio of steps across borders to steps inside is "
        f"{grid['supervised on P'].value:.2f} for supervised on P, {grid['joint on P + TTT'].value:.2f} for joint "
        f"on P + TTT and {grid['target'].value:.2f} for the target.",
        f"- *One transformer with {weights:,} parameters, trained once.*",
    ]
    return Markdown("\n".join(lines))


def _psnr(sample: Sample, image: Tensor) -> float:
    """PSNR in dB of one image, scaled as for SSIM."""
    target, made = matched(sample, {"image": image.cpu()})
    return psnr(target, made["image"]).item()

"""One slice, whole and close up, without and with test-time training (paper A's Figure 9)."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from mrilib.figures.plot import Picture, image_row
from mrilib.figures.sentences import number
from mrilib.metrics import psnr
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a.schemes import Scores
from mrilib.paper_a.side_words import side_name, side_word
from mrilib.sample import Sample
from mrilib.scoring import matched, reconstruct
from mrilib.train.adaptation import Adapted

CLOSE = 3  # the close-up is one of so many parts of the image's side
ALONE, TUNED = "supervised on P", "joint on P + TTT"
WHITE = 0.99  # quantile of the target that is drawn white
DARK = 0.1  # of white; darker parts are not of the body


def example(
    networks: Mapping[str, Reconstructor],
    samples: Sequence[Sample],
    adapted: Mapping[str, Sequence[Adapted]],
    scores: Scores,
    device: torch.device | str,
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


def whole_and_close(
    sample: Sample, images: Mapping[str, Tensor], scores: Mapping[str, float], shift: str, kind: str
) -> Picture:
    """The images of `example` with their PSNR and SSIM, and below each the part marked on it, enlarged.

    Args:
        sample: the slice.
        images: see `example`.
        scores: SSIM by name of the image.
        shift: the pair P, Q.
        kind: whether the data are simulated, in a word.
    """
    target, made = matched(sample.to(next(iter(images.values())).device), images)
    names = {ALONE: f"trained on {side_name(shift, 'P')}"}
    names |= {TUNED: f"jointly {names[ALONE]}\n+ TTT"}
    names |= {"supervised on Q": f"trained on {side_name(shift, 'Q')}"}
    psnrs = {name: psnr(target, made[name]).item() for name in names}
    levels = {name: f"PSNR {psnrs[name]:.1f} dB, SSIM {scores[name]:.3f}" for name in names}
    planes = [plane.reshape(plane.shape[-2:]).cpu() for plane in (target, *(made[name] for name in names))]
    rows, columns = busiest(planes[0])
    white = float(planes[0].quantile(WHITE))
    whole = [framed(plane, rows, columns, white) for plane in planes]
    titles = [f"target ({kind})", *names.values(), *[""] * len(planes)]
    captions = ["", *levels.values(), *[""] * len(planes)]
    told = "; ".join(f"{names[name]} {level}" for name, level in levels.items())
    alt = f"One slice of {side_word(shift, 'Q')} by a ViT, whole and close up: target; {told}"
    close = [plane[rows, columns] for plane in planes]
    row = image_row([*whole, *close], titles, captions, alt=alt, vmax=white, ncols=len(planes))
    grains = {name: grain(target, made[name]) for name in names}
    return row.titled(message(*([one[name] for name in (ALONE, TUNED)] for one in (psnrs, scores, grains))))


def grain(target: Tensor, image: Tensor) -> float:
    """Mean of |image − its 3 × 3 mean| where the target, (1, 1, y, x), is smooth: the smoother half of the body."""
    own, made = ((one - F.avg_pool2d(one, 3, stride=1, padding=1)).abs() for one in (target, image))
    body = target > DARK * target.quantile(WHITE)
    return made[body & (own <= own[body].median())].mean().item()


def message(psnrs: Sequence[float], scores: Sequence[float], grains: Sequence[float]) -> str:
    """Effect of TTT on one slice: PSNR in dB, SSIM and `grain` of training on P, then of joint training and TTT."""
    decibels, ssim = psnrs[1] - psnrs[0], scores[1] - scores[0]
    if decibels > 0 >= ssim and grains[1] > grains[0]:
        return (
            f"Joint training and TTT recover anatomy (PSNR {number(decibels, 1, signed=True)} dB) but add noise, "
            f"so SSIM does not rise ({number(ssim, signed=True)})"
        )
    word = "and" if decibels * ssim > 0 else "but"
    return (
        f"On this slice, joint training and TTT {_moved(decibels)} PSNR by {abs(decibels):.1f} dB, {word} "
        f"{_moved(ssim)} SSIM by {abs(ssim):.3f}"
    )


def _moved(change: float) -> str:
    return "raise" if change > 0 else "lower"


def busiest(target: Tensor) -> tuple[slice, slice]:
    """Rows and columns of the square in which the target, (y, x), varies most; chosen by this rule, not by eye."""
    side = min(target.shape) // CLOSE
    mean, square = (F.avg_pool2d(one[None, None], side, stride=1)[0, 0] for one in (target, target.square()))
    top, left = divmod(int((square - mean.square()).argmax()), mean.shape[1])
    return slice(top, top + side), slice(left, left + side)


def framed(image: Tensor, rows: slice, columns: slice, value: float) -> Tensor:
    """Copy of an image (y, x) with a frame of `value`, one pixel wide, around a part of it."""
    drawn = image.clone()
    drawn[rows.start, columns] = drawn[rows.stop - 1, columns] = value
    drawn[rows, columns.start] = drawn[rows, columns.stop - 1] = value
    return drawn

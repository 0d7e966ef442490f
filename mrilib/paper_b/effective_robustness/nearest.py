"""Similarity of a test set to a training set: the best match of each test patch among the training patches.

Paper B (App. D; Figures 6 and 11) embeds random 80×80 patches of targets with CLIP (ViT-B/16, DataComp-1B). Those
weights are not available here, so the embedding is an argument. `patch` needs no weights; `vgg(metric)` needs the
fetched weights of `perceptual`. Any other function of patches, CLIP included, may be used instead; only CLIP gives the
paper's measure.

Reference: Lin, Heckel, ICML 2024, §4 and App. D; Mayilvahanan et al., ICLR 2024.
"""

import hashlib
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from mrilib.paper_b.perceptual import Perceptual

Features = Callable[[Tensor], Tensor]  # (patches, size, size), white = 1, to (patches, channels)
SIDE, BINS = 8, 16  # of `patch`: thumbnail side and histogram bins


def patch(patches: Tensor) -> Tensor:
    """Features for the shape and intensities of a patch: (patches, y, x) → (patches, 8·8 + 16), each half of norm 1.

    The first half is the 8×8 thumbnail minus its mean; the second half is the histogram of 16 bins between black and
    white minus its mean. The cosine similarity of two patches is therefore the mean of two correlations.
    """
    thumbnails = F.adaptive_avg_pool2d(patches[:, None], SIDE).flatten(1)
    bins = (patches.flatten(1).clamp(0, 1) * BINS).long().clamp(max=BINS - 1)
    histograms = F.one_hot(bins, BINS).to(patches.dtype).mean(1)
    return torch.cat([F.normalize(half - half.mean(1, keepdim=True)) for half in (thumbnails, histograms)], 1)


def vgg(metric: Perceptual) -> Features:
    """Deepest VGG16 features, averaged over the patch of at least 16 pixels per side; see `Perceptual.embed`."""
    return lambda patches: metric.embed(patches[:, None], 1.0).to(patches.device)


def nearest_similarity(
    train: Mapping[str, Tensor],
    test: Mapping[str, Tensor],
    features: Features = patch,
    size: int = 80,
    count: int = 8,
    floor: float = 0.1,
    seed: int = 0,
) -> Tensor:
    """Cosine similarity of each test patch to its nearest training patch, averaged over the patches of each image.

    Patches are drawn at random based on `seed` and the image's name, so the result for an image depends neither on
    the other images nor on the last bit of a pixel. White is each image's maximum. The paper drops patches of mainly
    background without saying how. Here, these are patches in which more than half of the pixels are darker than
    `floor`. An image with no other patches keeps those with the most foreground.

    Args:
        train: magnitudes (y, x) by name.
        test: likewise, m images.
        features: function that embeds patches: `patch`, `vgg(metric)`, or your own.
        size: pixels per side; 80 in the paper, about a quarter of its images; use the same fraction for smaller images.
        count: patches per image, or all that are not background if these are fewer; not stated in the paper.
        floor: fraction of white above which a pixel is not background.
        seed: seed of the draws.

    Returns:
        (m,) at most 1; its mean is the similarity of the two sets.

    Raises:
        ValueError: no images; images that are complex, not finite, not (y, x) or smaller than a patch; a size, count
            or floor out of range; features of another shape.
    """
    if size < 1 or count < 1 or not 0 <= floor < 1:
        raise ValueError(f"size and count must be at least 1 and floor in [0, 1), got {size}, {count} and {floor}")
    sets = {"train": train, "test": test}
    for name, images in sets.items():
        _check(name, images, size)
    embedded = {
        name: [_embed(_patches(image, size, count, floor, f"{seed} {of}"), features) for of, image in images.items()]
        for name, images in sets.items()
    }
    known = torch.cat(embedded["train"])
    return torch.stack([(own @ known.T).amax(1).mean() for own in embedded["test"]])


def _patches(image: Tensor, size: int, count: int, floor: float, name: str) -> Tensor:
    """First patches, in an order drawn by the name, that are not mainly background: (at most count, size, size)."""
    image = image.float() / image.amax().clamp(min=torch.finfo(torch.float32).tiny)
    fullness = F.avg_pool2d((image > floor).float()[None], size, stride=1)[0]
    allowed = (fullness >= min(0.5, fullness.amax().item())).cpu()
    drawn_by = hashlib.blake2b(name.encode(), digest_size=6).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(drawn_by, "big"))
    order = torch.randperm(allowed.numel(), generator=generator)
    drawn = order[allowed.flatten()[order]][:count].tolist()
    corners = (divmod(place, allowed.shape[1]) for place in drawn)
    return torch.stack([image[top : top + size, left : left + size] for top, left in corners])


def _embed(patches: Tensor, features: Features) -> Tensor:
    found = features(patches)
    if found.ndim != 2 or len(found) != len(patches):
        raise ValueError(f"features gave {tuple(found.shape)} for {len(patches)} patches, expected (patches, channels)")
    return F.normalize(found)


def _check(name: str, images: Mapping[str, Tensor], size: int) -> None:
    if not images:
        raise ValueError(f"{name} has no images")
    for image in images.values():
        if image.ndim != 2 or image.is_complex() or not image.isfinite().all():
            raise ValueError(f"{name} must hold real, finite images (y, x), got {image.dtype} {tuple(image.shape)}")
        if min(image.shape) < size:
            raise ValueError(f"{name} has an image of {tuple(image.shape)}: smaller than a patch of size {size}")

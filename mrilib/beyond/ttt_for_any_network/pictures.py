"""Images and phases during test-time training on one slice, by paper A's method and with a free phase."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mrilib.models.reconstructor import Reconstructor
from mrilib.sample import Sample
from mrilib.scoring import reconstruct, slice_ssim
from mrilib.train.adaptation import adapt
from mrilib.ttt import Settings, test_time_train

EARLY = 12  # iterations; near the lowest point of the supervised network's run


@dataclass(frozen=True)
class Compared:
    """Complex images of one slice, (1, 1, y, x), and their SSIM, by name; seconds per iteration by phase."""

    images: Mapping[str, Tensor]
    scores: Mapping[str, float]
    seconds: Mapping[str, float]

    @property
    def message(self) -> str:
        """What paper A's method does to the image first, and which of the two methods ends with the higher score."""
        before, early, end, free = self.scores.values()
        fall = "destroys" if early < before / 2 else "degrades"
        course = f"first {fall} the image" if early < before else "does not degrade the image at first"
        return (
            f"Paper A's TTT {course}; TTT with a free phase ends with {'a higher' if free > end else 'no higher'} SSIM"
        )


def compared(
    model: Reconstructor, sample: Sample, live: Mapping[str, Settings], device: torch.device | str
) -> Compared:
    """Images without TTT, early in paper A's run, at the end of that run, and after TTT with a free phase."""
    early = min(EARLY, live["network"].max_iterations - 1)
    brief = replace(live["network"], max_iterations=early + 1)
    images = {"no TTT": reconstruct(model, sample)}
    images[f"paper A, iteration {early}"] = images_at(model, sample, brief, [early])[early]
    seconds = {}
    for phase, name in (("network", "paper A, final image"), ("free", "free phase, final image")):
        tuned = adapt(model, [sample], live[phase], device=device)[0]
        images[name] = tuned.record.image.to(device)
        seconds[phase] = tuned.seconds / live[phase].max_iterations
    return Compared(images, {name: slice_ssim(image, sample)[0] for name, image in images.items()}, seconds)


def phase_error(image: Tensor, truth: Tensor, inside: Tensor) -> float:
    """Median of |arg(x · x̂*)| over the pixels `inside`, in radians; image x̂ and truth x are complex, (…, y, x)."""
    return float((truth * image.conj()).angle().abs()[inside].median())


def images_at(model: Reconstructor, sample: Sample, settings: Settings, iterations: list[int]) -> dict[int, Tensor]:
    """Complex images, (1, 1, y, x), at those requested iterations that test-time training reaches."""
    kept: list[Tensor] = []

    def keep(image: Tensor) -> float:
        kept.append(image.detach().clone())
        return 0.0

    given = (sample.masked_kspace, sample.mask, sample.sens_maps, settings)
    test_time_train(model, *given, score=keep, score_at=iterations)
    return dict(zip(sorted(set(iterations)), kept, strict=False))

"""The phase in pictures: of a network's image, of a free phase, and over the iterations of test-time training."""

from torch import Tensor

from mrilib.models.reconstructor import Reconstructor
from mrilib.sample import Sample
from mrilib.ttt import Settings, test_time_train


def images_at(model: Reconstructor, sample: Sample, settings: Settings, iterations: list[int]) -> dict[int, Tensor]:
    """Complex images at those of some iterations that test-time training reaches, (1, 1, y, x)."""
    kept: list[Tensor] = []

    def keep(image: Tensor) -> float:
        kept.append(image.detach().clone())
        return 0.0

    given = (sample.masked_kspace, sample.mask, sample.sens_maps, settings)
    test_time_train(model, *given, score=keep, score_at=iterations)
    return dict(zip(sorted(set(iterations)), kept, strict=False))

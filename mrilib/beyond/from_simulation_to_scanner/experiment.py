"""All methods on the ten contrasts of the real brain: classical methods, networks trained in simulation, and TTT."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mrilib.beyond.from_simulation_to_scanner import wavelets
from mrilib.beyond.from_simulation_to_scanner.parameters import Parameters
from mrilib.data.fetch import fetched
from mrilib.data.slices import SliceDataset
from mrilib.paper_b.wavelets_need_tuning.experiment import l1_wavelet
from mrilib.sample import Sample
from mrilib.sampling import Undersampling
from mrilib.scoring import best_cg_sense, reconstruct, slice_ssim, zero_filled
from mrilib.train.adaptation import Adapted, adapt
from mrilib.train.networks import by_name

ZERO_FILLED, CG_SENSE, WAVELET = "zero-filled", "CG-SENSE", "ℓ1-wavelet"
KNEE, BRAIN = "knee-trained", "brain-trained"
KNEE_TTT, BRAIN_TTT = f"{KNEE} + TTT", f"{BRAIN} + TTT"
METHODS = (ZERO_FILLED, CG_SENSE, WAVELET, KNEE, BRAIN, KNEE_TTT, BRAIN_TTT)


@dataclass(frozen=True)
class Contrasts:
    """Every method on every contrast.

    Args:
        angles: flip angles, such as "13°".
        samples: the slice at each of them.
        images: by method, one per contrast, (1, 1, y, x); for ℓ1-wavelets see `wavelet_image`.
        scores: by method, SSIM of each contrast.
    """

    angles: Sequence[str]
    samples: Sequence[Sample]
    images: Mapping[str, Sequence[Tensor]]
    scores: Mapping[str, Sequence[float]]

    @property
    def middle(self) -> int:
        """Index of the contrast in the middle of the list; it is chosen by its position, not by its scores."""
        return len(self.angles) // 2


def files(p: Parameters) -> list[Path]:
    """Files of the contrasts, by flip angle; raises FetchError if they have not been downloaded."""
    return sorted(fetched(p.datasets[0]).glob("*.h5"))[: p.contrasts]


def reconstructed(
    p: Parameters,
    paths: Sequence[Path],
    device: torch.device | str = "cpu",
    done: Callable[[Adapted], None] | None = None,
) -> Contrasts:
    """Reconstruct all contrasts by all methods; cached results of TTT are read, not computed again.

    `done` is called with each contrast to which a network has been adapted.
    """
    slices = SliceDataset([(path, 0) for path in paths], Undersampling(p.acceleration))
    samples = [slices[item].to(device) for item in range(len(slices))]
    images = {
        ZERO_FILLED: [zero_filled(sample) for sample in samples],
        CG_SENSE: [best_cg_sense(sample, p.cg_iterations) for sample in samples],
    }
    for name, network in ((KNEE, p.knee_network), (BRAIN, p.brain_network)):
        model = by_name(network, device)
        images[name] = [reconstruct(model, sample) for sample in samples]
        adapted = adapt(model, samples, p.settings, device=device, workers=p.workers, done=done)
        images[f"{name} + TTT"] = [one.record.image.to(device) for one in adapted]
    scores = {WAVELET: [row.read()["ssim"] for row in wavelets.stored(p)]}
    for name, column in images.items():
        scores[name] = [slice_ssim(image, sample)[0] for image, sample in zip(column, samples, strict=True)]
    angles = [f"{int(path.stem[-2:])}°" for path in paths]
    return Contrasts(angles, samples, images, {name: scores[name] for name in METHODS})


def wavelet_image(p: Parameters, found: Contrasts) -> Tensor:
    """ℓ1-wavelet image of the middle contrast, (1, 1, y, x) complex, by the stored weight chosen from its measurement.

    Only the scores of ℓ1-wavelets are stored; computing this image takes seconds.
    """
    given = found.samples[found.middle]
    sample, weight = given.to("cpu"), wavelets.stored(p)[found.middle].read()["weight"]
    scale = zero_filled(sample).max()
    image = l1_wavelet((sample.masked_kspace / scale)[0], sample.mask[0, 0], sample.sens_maps[0], weight)
    return (scale * image).to(given.target.device)

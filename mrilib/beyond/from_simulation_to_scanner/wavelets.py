"""ℓ1-wavelets on the real brain, with the weight of each slice chosen from its own measurement."""

from functools import partial
from pathlib import Path

from torch import Tensor

from mrilib.beyond.from_simulation_to_scanner.parameters import Parameters
from mrilib.data.fetch import fetched
from mrilib.data.slices import SliceDataset
from mrilib.paper_b.wavelets_need_tuning.experiment import l1_wavelet
from mrilib.sample import Sample
from mrilib.sampling import Undersampling
from mrilib.scoring import slice_ssim, zero_filled
from mrilib.store.tables import Row, StoredRow, StoredTable
from mrilib.ttt import Settings, held_out

WEIGHTS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016)


def self_validated(sample: Sample, settings: Settings) -> Row:
    """Reconstruct with the weight that predicts held-out measurements best, and score it.

    Each weight is tried without the held-out measurements, ‖(A x − y)‖₁ is compared on the held-out measurements, and
    the image is then reconstructed from all measurements.

    Args:
        sample: one slice.
        settings: fraction and seed of the hold-out, as for test-time training.

    Returns:
        {"ssim", "weight", "best": SSIM with the weight that is best for the truth}.
    """
    kspace, mask, sens_maps = sample.masked_kspace, sample.mask, sample.sens_maps
    validation = held_out(mask, kspace.shape[-2], settings)
    scale = zero_filled(sample).max()

    def image(kept: Tensor, weight: float) -> Tensor:
        return scale * l1_wavelet((kspace * kept / scale)[0], kept[0, 0], sens_maps[0], weight)

    def error(weight: float) -> float:
        predicted = sample.operator(image(mask & ~validation, weight))
        return ((predicted - kspace) * validation).abs().sum().item()

    chosen = min(WEIGHTS, key=error)
    scores = {weight: slice_ssim(image(mask, weight), sample)[0] for weight in WEIGHTS}
    return {"ssim": round(scores[chosen], 5), "weight": chosen, "best": round(max(scores.values()), 5)}


def stored(p: Parameters) -> list[StoredRow]:
    """Rows of the contrasts, in the order of their files."""
    settings = {"acceleration": p.acceleration, "holdout": p.holdout, "seed": p.seed, "weights": WEIGHTS}
    table = StoredTable("real_wavelets", settings, {__name__})
    paths = sorted(fetched(p.datasets[0]).glob("*.h5"))[: p.contrasts]
    return [StoredRow(table, {"contrast": path.stem}, partial(_compute, path, p)) for path in paths]


def _compute(path: Path, p: Parameters) -> Row:
    return self_validated(SliceDataset([(path, 0)], Undersampling(p.acceleration))[0], p.settings)

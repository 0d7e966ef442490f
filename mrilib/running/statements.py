"""Computation times stated in the papers, beside the estimates of `mrilib plan`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mrilib.data.collections import COLLECTIONS
from mrilib.running.cost import PEAK, UTILISATION, operations_of

SIDE = 320  # operations are counted on SIDE × SIDE and scaled by the number of pixels
GPU = "a6000"  # paper B's; paper A names none
COILS = 15
FASTMRI = 640 * 372  # pixels of k-space, of most knees
TEST_SLICES = 100  # of paper A's Table 3
MINUTES = {  # paper A, Table 3: a slice, network trained on P and on Q; anatomy, dataset, modality, acceleration
    "unet": ((10.1, 3.3), (1.2, 0.4), (1.6, 0.7), (3.6, 2.6)),
    "varnet": ((12.9, 4.2), (1.5, 0.7), (6.5, 2.6), (5.2, 5.1)),
}
PIXELS = (768 * 396, 320 * 320, 640 * 320, 640 * 372)  # of the slices of Q, in the same order
ITERATIONS = {  # printed by the published notebooks for one slice each, networks trained jointly on P and on Q
    "unet": ((1285, 1015), (354, 90), (665, 282), (489, 348)),
    "varnet": ((980, 994), (220, 214), (2500, 903), (301, 394)),
}
PAPER_A: dict[str, dict[str, Any]] = {
    "unet": {"name": "unet", "chans": 64, "num_pool_layers": 4},
    "varnet": {"name": "varnet", "num_cascades": 12, "chans": 18, "num_pool_layers": 4},
}
UNET = {"name": "norm_unet", "chans": 128, "num_pool_layers": 4}
VIT = {"name": "norm_vit", "dim": 1024, "depth": 10, "heads": 16, "patch": 10, "image_size": SIDE}
VARNET = {"name": "e2e_varnet", "num_cascades": 8, "chans": 12, "sens_chans": 8, "num_pool_layers": 4}


@dataclass(frozen=True)
class Statement:
    """GPU-hours that a paper states, and those that the planner counts.

    Args:
        what: what was computed.
        stated, planned: hours.
        assumed: assumptions behind the planned hours.
    """

    what: str
    stated: float
    planned: float
    assumed: str

    @property
    def ratio(self) -> float:
        """Planned hours as a share of the stated ones."""
        return self.planned / self.stated


def statements() -> list[Statement]:
    """The three training runs of paper B's Appendix G.2, the first of which sets the rate, and paper A's Table 3."""
    slices = sum(one.train.slices for one in COLLECTIONS.values() if one.in_training)
    stated = sum(sum(pair) for pairs in MINUTES.values() for pair in pairs) * TEST_SLICES / 60
    trained = f"{slices:,} slices"
    return [
        Statement(
            "paper B, U-Net",
            384,
            _training(UNET, slices * 24),
            f"{trained} × 24 epochs; this row sets the planner's {UTILISATION:.0%} of the peak and checks nothing",
        ),
        Statement("paper B, ViT", 480, _training(VIT, slices * 24), f"{trained} × 24 epochs, {SIDE} × {SIDE}"),
        Statement(
            "paper B, VarNet",
            960,
            _training(VARNET, slices * 40, FASTMRI),
            f"{trained} × 40 epochs, k-space of 640 × 372 and {COILS} coils throughout",
        ),
        Statement(
            "paper A, Table 3",
            stated,
            sum(_tuning(name) for name in PAPER_A),
            f"{TEST_SLICES} slices of each Q; iterations as printed in its notebooks for one slice; GPU not named",
        ),
    ]


def _training(architecture: Mapping[str, Any], steps: int, pixels: int = SIDE**2) -> float:
    return steps * _seconds(architecture, pixels) / 3600


def _tuning(name: str) -> float:
    each = zip(ITERATIONS[name], PIXELS, strict=True)
    seconds = sum(sum(iterations) * _seconds(PAPER_A[name], pixels) for iterations, pixels in each)
    return TEST_SLICES * seconds / 3600


def _seconds(architecture: Mapping[str, Any], pixels: int) -> float:
    counted = operations_of(architecture, (COILS, SIDE, SIDE))
    return counted * pixels / SIDE**2 / (PEAK[GPU] * UTILISATION)

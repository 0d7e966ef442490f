"""ℓ1-wavelet reconstruction, and the best regularisation weight of each distribution (paper B, App. A)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from statistics import fmean

import numpy as np
import torch
from sigpy.mri.app import L1WaveletRecon
from torch import Tensor

from mrilib.data.catalogue import distribution
from mrilib.data.slices import SliceDataset
from mrilib.data.sources import Source, data_digest, slices_of
from mrilib.fourier import fft2c
from mrilib.gap import Interval, performance_gap
from mrilib.metrics import ssim
from mrilib.paper_b.protocol import equispaced
from mrilib.sample import Sample
from mrilib.store.tables import StoredRow, StoredTable

WAVELET = "db4"
Scores = dict[float, list[float]]


@dataclass(frozen=True)
class SingleCoil:
    """One slice as measured by a single coil, in units of the largest magnitude of its image.

    `kspace` (ky, kx) complex, zero where `mask` (1, kx) is; `target` (1, 1, y, x) real.
    """

    kspace: Tensor
    mask: Tensor
    target: Tensor

    @classmethod
    def emulate(cls, sample: Sample) -> "SingleCoil":
        """Emulate a single-coil slice from coil images combined with their sensitivity maps, including the noise."""
        image = sample.reference / sample.reference.abs().max()
        return cls((fft2c(image) * sample.mask)[0, 0], sample.mask[0, 0], image.abs())


def wavelet_reconstruction(slice_: SingleCoil, weight: float, iterations: int = 60) -> Tensor:
    """argmin_x ½‖M F x − y‖² + λ‖Ψ x‖₁ with Ψ an orthogonal wavelet transform, solved with sigpy.

    Args:
        slice_: measurements y, of an image of order 1.
        weight: λ, non-negative.
        iterations: number of iterations of the accelerated proximal gradient method.

    Returns:
        x, (1, 1, y, x) complex.

    Raises:
        ValueError: a negative weight.

    Reference: Lustig, Donoho, Pauly, Magn. Reson. Med. 58, 2007; Lin, Heckel, ICML 2024, App. A (with BART).
    """
    kspace = slice_.kspace[None]
    return l1_wavelet(kspace, slice_.mask, torch.ones_like(kspace), weight, iterations)


def l1_wavelet(kspace: Tensor, mask: Tensor, sens_maps: Tensor, weight: float, iterations: int = 60) -> Tensor:
    """argmin_x ½‖M F S x − y‖² + λ‖Ψ x‖₁ for several coils; otherwise as `wavelet_reconstruction`.

    Args:
        kspace, sens_maps: y and S, (coil, ky, kx) and (coil, y, x) complex.
        mask: (1 or ky, kx) bool.
    """
    if not weight >= 0:
        raise ValueError(f"weight must be at least 0, got {weight}")
    weights = np.broadcast_to(mask.float().numpy(), kspace.shape).astype(np.float32)
    options = {"weights": weights, "wave_name": WAVELET, "max_iter": iterations, "show_pbar": False}
    with _seeded():
        solver = L1WaveletRecon(kspace.numpy(), sens_maps.numpy(), weight, **options)
        return torch.from_numpy(solver.run())[None, None]


@contextmanager
def _seeded() -> Iterator[None]:
    """Seed NumPy's global generator, from which sigpy draws the start of its power iteration; restored at the end."""
    before = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(before)


@dataclass(frozen=True)
class Tuning:
    """SSIM of ℓ1-wavelet reconstructions of several distributions at several weights.

    Args:
        distributions: names; the weight of each is chosen on its validation slices.
        weights: candidate values of λ.
        validation_slices, test_slices: numbers per distribution.
        acceleration, source: acceleration and source of the slices.
        recompute: whether to recompute instead of reading stored rows.
    """

    distributions: Sequence[str]
    weights: Sequence[float]
    validation_slices: int
    test_slices: int
    acceleration: int = 4
    source: Source = "simulated"
    recompute: bool = False
    _read: dict[tuple[str, str], Scores] = field(default_factory=dict, repr=False)

    @property
    def table(self) -> StoredTable:
        """Table of scores, one row per distribution and split."""
        settings = {"acceleration": self.acceleration, "source": self.source, "wavelet": WAVELET}
        return StoredTable("wavelets", settings, {__name__})

    def key(self, name: str, split: str) -> dict[str, object]:
        """Key of a stored row; depends on the digest of the slices."""
        data = data_digest(distribution(name), split, self._count(split), self.source)
        which = {"distribution": name, "split": split, "slices": self._count(split), "data": data}
        return {**which, "weights": list(self.weights)}

    def stored_row(self, name: str, split: str) -> StoredRow:
        """Stored row with the SSIM of each slice of a split at each weight."""
        return StoredRow(self.table, self.key(name, split), partial(self._compute, name, split))

    def rows(self) -> list[StoredRow]:
        """Stored rows of all distributions and splits."""
        return [self.stored_row(name, split) for name in self.distributions for split in ("validation", "test")]

    def _count(self, split: str) -> int:
        return self.validation_slices if split == "validation" else self.test_slices

    def slices(self, name: str, split: str) -> list[SingleCoil]:
        """Slices to reconstruct."""
        pairs = slices_of(distribution(name), split, self._count(split), self.source)
        found = SliceDataset(pairs, equispaced([self.acceleration]))
        return [SingleCoil.emulate(found[item]) for item in range(len(found))]

    def scores(self, name: str, split: str) -> Scores:
        """SSIM of each slice at each weight."""
        if (name, split) not in self._read:
            row = self.stored_row(name, split).read(self.recompute)
            self._read[name, split] = dict(zip(self.weights, row["ssim"], strict=True))
        return self._read[name, split]

    def _compute(self, name: str, split: str) -> dict[str, object]:
        slices = self.slices(name, split)
        return {"ssim": [[round(score(one, weight), 5) for one in slices] for weight in self.weights]}

    def best(self, name: str) -> float:
        """The weight with the highest mean SSIM on the distribution's validation slices."""
        means = {weight: fmean(values) for weight, values in self.scores(name, "validation").items()}
        return max(means, key=means.__getitem__)

    def cost(self, name: str, other: str) -> Interval:
        """SSIM lost on the test slices of one distribution with the best weight of another."""
        test = self.scores(name, "test")
        return performance_gap(test[self.best(name)], test[self.best(other)])

    def points(self, split: str) -> list[Mapping[str, object]]:
        """Chart rows: SSIM of each distribution relative to the best weight, paired by slice and then averaged."""
        return [
            {"distribution": name, "weight": weight, **vars(performance_gap(values, test[self.best(name)]))}
            for name in self.distributions
            for test in (self.scores(name, split),)
            for weight, values in test.items()
        ]


def score(slice_: SingleCoil, weight: float) -> float:
    """SSIM of the reconstruction, with the target's maximum as data range."""
    return ssim(slice_.target, wavelet_reconstruction(slice_, weight).abs()).item()

"""Simulated k-space from a seed: anatomy → signal equation → coil array → noise, with a scanner's matrix and noise."""

from dataclasses import dataclass

import numpy as np

from mrilib.simulate.anatomies import ANATOMIES
from mrilib.simulate.arrays import Complex, noise_covariance, ring_array
from mrilib.simulate.sequences import Sequence
from mrilib.simulate.shapes import Array, Grid, fractal_field, smooth_field
from mrilib.simulate.tissues import TISSUES

OVERSAMPLING = 2  # the object is finer than the voxel, which gives partial-volume effects and Gibbs ringing
SIGNAL_SCALE = 2e-4  # scales magnitudes to the order of fastMRI's files


@dataclass(frozen=True)
class Scan:
    """Everything that defines a simulated acquisition except the patient."""

    anatomy: str  # a key of `anatomies.ANATOMIES`
    sequence: Sequence
    field_strength: float  # tesla
    coils: int
    matrix: tuple[int, int]  # ky, kx
    field_of_view: float  # millimetres, along ky
    array_radius: float  # millimetres
    background: float  # noise-only RSS over the 95th percentile of the image, as measured on scanners
    coupling: float = 0.5  # of the noise between coils
    sub_slices: int = 3  # positions averaged over the slice thickness; 1 is a thin slice

    def grid(self, oversampling: int = 1) -> Grid:
        """Pixel centres at the scan's resolution, or finer."""
        rows, columns = self.matrix
        return Grid((rows * oversampling, columns * oversampling), self.field_of_view / rows / oversampling)


@dataclass(frozen=True)
class SimulatedSlice:
    """k-space (coil, ky, kx) with noise; noise-free image (y, x); the array's true sensitivities (coil, y, x)."""

    kspace: Complex
    image: Complex
    sens_maps: Complex


def _fft2c(image: Complex) -> Complex:
    shifted = np.fft.ifftshift(image, axes=(-2, -1))
    return np.fft.fftshift(np.fft.fft2(shifted, norm="ortho"), axes=(-2, -1))


def _centre(kspace: Complex, shape: tuple[int, int]) -> Complex:
    (rows, columns), (height, width) = kspace.shape[-2:], shape
    top, left = rows // 2 - height // 2, columns // 2 - width // 2
    return kspace[..., top : top + height, left : left + width]


def _signal(scan: Scan, rng: np.random.Generator, grid: Grid, fractions: dict[str, Array]) -> Complex:
    """Complex image: tissue signals with texture at all scales, fat with its own phase, a smooth background phase."""
    texture = fractal_field(rng, grid, exponent=1.1, longest=40.0)
    fat_phase = rng.uniform(1.5, 4.5) if scan.sequence.kind == "gradient_echo" else rng.uniform(-0.15, 0.15)
    image = np.zeros(grid.shape, complex)
    for name, fraction in fractions.items():
        tissue = TISSUES[name]
        signal = scan.sequence.signal(tissue, scan.field_strength)
        phase = np.exp(1j * fat_phase * tissue.fat_fraction)
        image += signal * phase * fraction * np.clip(1 + tissue.texture * texture, 0, None)
    swirl = rng.uniform(0.2, 0.6) * smooth_field(rng, grid, 120.0)
    return image * np.exp(1j * (swirl + rng.uniform(-np.pi, np.pi)))


def _noise(rng: np.random.Generator, covariance: Complex, shape: tuple[int, int]) -> Complex:
    coils = len(covariance)
    white = rng.standard_normal((2, coils, shape[0] * shape[1]))
    mixed = np.linalg.cholesky(covariance) @ (white[0] + 1j * white[1]) / np.sqrt(2)
    return mixed.reshape(coils, *shape)


def simulate_slice(scan: Scan, patient: int, level: float) -> SimulatedSlice:
    """Simulate one fully sampled multi-coil slice y = F S x + n of a patient.

    Args:
        scan: the acquisition.
        patient: seed of anatomy, coil placement, texture and noise; non-negative.
        level: slice position, −1 to 1.
    """
    fine = scan.grid(OVERSAMPLING)
    rng = np.random.default_rng([31, patient, round(1000 * (level + 2))])
    offsets = np.linspace(-0.7, 0.7, scan.sub_slices) if scan.sub_slices > 1 else np.zeros(1)
    anatomy = ANATOMIES[scan.anatomy]
    state = rng.bit_generator.state
    image = np.zeros(fine.shape, complex)
    for offset in offsets:  # the same texture and phase throughout the slice: only the boundaries move
        rng.bit_generator.state = state
        image += _signal(scan, rng, fine, anatomy.paint(patient, fine, level, offset)) / len(offsets)
    image *= SIGNAL_SCALE
    array = np.random.default_rng([32, patient])
    sens_maps = ring_array(array, scan.coils, scan.array_radius, fine, anatomy.view, anatomy.position(level))
    clean = _centre(_fft2c(sens_maps * image), scan.matrix) / OVERSAMPLING
    top, left = (size * OVERSAMPLING // 2 - OVERSAMPLING * (size // 2) for size in scan.matrix)  # keeps the centre
    coarse_maps = sens_maps[..., top::OVERSAMPLING, left::OVERSAMPLING]
    true_image = (
        np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(_centre(_fft2c(image), scan.matrix)), norm="ortho"))
        / OVERSAMPLING
    )
    bright = np.percentile(np.sqrt((np.abs(coarse_maps * true_image) ** 2).sum(0)), 95)
    noise = _noise(rng, noise_covariance(coarse_maps, scan.coupling), scan.matrix)
    sigma = scan.background * bright / np.sqrt(scan.coils)
    return SimulatedSlice(clean + sigma * noise, true_image, coarse_maps)

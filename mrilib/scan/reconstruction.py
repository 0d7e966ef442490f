"""Reconstruction of one slice of a scan, by the classical methods and by a network with and without TTT."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mrilib.coils import KERNEL, compress, estimate_sens_maps, rss
from mrilib.data.kspace import measured, under_sampled
from mrilib.data.layout import VolumeError
from mrilib.fourier import ifft2c
from mrilib.linop import sense
from mrilib.metrics import center_crop, ssim
from mrilib.models.reconstructor import Reconstructor
from mrilib.sampling import Undersampling, calibration_width
from mrilib.scan.source import ScanFile, Size
from mrilib.ttt import Settings, test_time_train

CG_ITERATIONS = 10  # of CG-SENSE, which without a target cannot be stopped at its best


@dataclass(frozen=True)
class Slice:
    """A slice ready to be reconstructed.

    Args:
        masked_kspace: y, (1, coil, ky, kx) complex, scaled to a largest modulus of 1.
        mask: (1, 1, 1 or ky, kx) bool.
        scale: factor that converts to the file's units.
        target: root sum of squares of the fully sampled slice, (1, 1, y, x), cropped, in the file's units; None if the
            scan is under-sampled.
        recon_size: (y, x) of the images to keep.
    """

    masked_kspace: Tensor
    mask: Tensor
    scale: float
    target: Tensor | None
    recon_size: Size


def prepare(
    scan: ScanFile, index: int, sampling: Undersampling, coils: int | None = None, whole_readout: bool = False
) -> Slice:
    """Read a slice; if it is fully sampled, under-sample it and keep the image of all data as the target.

    Args:
        scan: the scan.
        index: index of the slice.
        sampling: how a fully sampled slice is under-sampled; its mask comes from the file's name.
        coils: number of virtual coils after compression; all coils when None.
        whole_readout: whether to keep the readout's oversampling, for networks trained with it.

    Raises:
        VolumeError: as in `ScanFile.kspace`; too few calibration lines; a scan too small for the acceleration.
    """
    name = f"{scan.path}: slice {index}"
    kspace = scan.kspace(index, whole_readout)[None]
    mask = measured(kspace[0])
    if scan.padding:
        mask = mask.clone()
        mask[..., : max(scan.padding[0], 0)] = False
        mask[..., scan.padding[1] :] = False
    height, width = kspace.shape[-2:]
    size = scan.recon_size or (height, width)
    size = (min(size[0], height), min(size[1], width))
    target = None
    if not under_sampled(mask):
        target = center_crop(rss(ifft2c(kspace)), size)
        try:
            mask = mask & sampling.mask(scan.path.name, width)
        except ValueError as error:
            raise VolumeError(f"{name}: {error} (--acceleration, --center-fraction)") from error
    masked = kspace * mask
    lines = calibration_width(mask)
    if lines < KERNEL:
        raise VolumeError(
            f"{name}: {lines} calibration lines of {width} columns; the coil maps need {KERNEL}: give a larger "
            "--center-fraction, or a scan with a fully sampled centre"
        )
    scale = masked.abs().max().item()
    masked = masked / scale
    return Slice(compress(masked, lines, coils) if coils else masked, mask, scale, target, size)


@dataclass(frozen=True)
class Reconstructed:
    """Images of a slice by method, (y, x) real in the file's units, and the outcome of test-time training.

    Args:
        images: by method: "zero_filled", "cg_sense", "network", and "network_ttt" if asked for.
        scores: SSIM by method, with matched mean and standard deviation; empty if there is no target.
        iterations: iteration at which test-time training stopped; 0 without it.
        reason: why it stopped.
        errors: self-validation errors before test-time training and of the returned image.
    """

    images: dict[str, Tensor]
    scores: dict[str, float]
    iterations: int = 0
    reason: str = ""
    errors: tuple[float, float] | None = None


def reconstruct_slice(model: Reconstructor, given: Slice, settings: Settings | None) -> Reconstructed:
    """Reconstruct a slice by every method.

    Args:
        model: the network; not modified.
        given: result of `prepare`.
        settings: settings of test-time training; None omits it.

    Raises the errors of `estimate_sens_maps` and `test_time_train`.
    """
    sens_maps = estimate_sens_maps(given.masked_kspace, calibration_width(given.mask))
    A = sense(given.mask, sens_maps)
    model = model.for_size(given.recon_size)
    found = {"zero_filled": rss(ifft2c(given.masked_kspace)), "cg_sense": _cg_sense(given, sens_maps)}
    with torch.no_grad():
        found["network"] = model(given.masked_kspace, A)
    record = None
    if settings is not None:
        record = test_time_train(model, given.masked_kspace, given.mask, sens_maps, settings)
        found["network_ttt"] = record.image
    cropped = {name: given.scale * center_crop(image.abs(), given.recon_size) for name, image in found.items()}
    scores = {}
    if given.target is not None:
        scores = {name: ssim(given.target, one, match="mean_std").item() for name, one in cropped.items()}
    images = {name: one[0, 0] for name, one in cropped.items()}
    if record is None:
        return Reconstructed(images, scores)
    errors = record.history.validation_error
    return Reconstructed(images, scores, record.stopped_at, record.reason, (errors[0], errors[record.chosen_at]))


def _cg_sense(given: Slice, sens_maps: Tensor) -> Tensor:
    """CG-SENSE in which the readout samples missing from a partial echo are zero.

    Coil maps say almost nothing about samples that lie on one side of all others: if these samples were left free,
    noise and errors of the maps would be amplified there.
    """
    rows = given.mask.any(-1, keepdim=True)
    inside = (rows.cumsum(-2) > 0) & (rows.flip(-2).cumsum(-2).flip(-2) > 0)
    return sense(given.mask | ~inside, sens_maps).pinv(given.masked_kspace, CG_ITERATIONS)

"""Published files of every format, as small as they can be."""

import numpy as np
from published_files import HEADER, Scan, random_images, transform, write_arrays

from mrilib.data.formats import FORMATS

SHAPE = (4, 3, 12, 10)  # slice, coil, y, x


def fastmri_header(rows, columns, recon=(8, 6), measured=None):
    first, after = measured or (0, columns)
    return HEADER.format(
        vendor="SIEMENS", field=3, coils=3, rows=rows, columns=columns, depth=1, recon_y=recon[0], recon_x=recon[1],
        last=after - first - 1, center=columns // 2 - first, chop_y=1, segment=0,
    ).encode()  # fmt: skip


def flipped(images):
    return images[..., ::-1, :]


def raw(images, scale=1.0):
    """(slice, coil, kz, ky, readout) of upright images (slice, coil, y, x) with vertical readout."""
    return transform(flipped(images)).swapaxes(-1, -2)[:, :, None] * scale


def native(images, axes):
    """Images before the view (slice, coil, y, x) was taken by permuting with `axes`."""
    return images.transpose(np.argsort(axes))


def make(name, view, folder):
    """A published file and the images that its conversion must give."""
    axes = FORMATS[name].views[view]
    path = folder / f"{name}_{view}.h5"
    images = random_images(*SHAPE)
    if name == "fastmri":
        return write_arrays(path, transform(images), fastmri_header(12, 10)), images
    if name == "prostate":
        kspace, averages = transform(images), np.full((3, *SHAPE), 9 + 9j, np.complex64)
        averages[1, ..., ::2], change = kspace[..., ::2], random_images(*kspace[..., 1::2].shape)
        averages[0, ..., 1::2], averages[2, ..., 1::2] = kspace[..., 1::2] + change, kspace[..., 1::2] - change
        return write_arrays(path, averages, fastmri_header(12, 10)), images
    if name == "m4raw":
        images = random_images(1, 4, 256, 256)
        return write_arrays(path, transform(flipped(images)), fastmri_header(256, 256, (256, 256))), images
    if name == "m4raw_gre":
        images = random_images(1, 4, 256, 256)
        stored = np.roll(transform(images[..., ::-1]).swapaxes(-1, -2), 45, -1)
        return write_arrays(path, stored, fastmri_header(256, 256, (256, 256))), images
    if name == "skm_tea":
        images = random_images(2, *SHAPE)  # echo first
        stored = transform(flipped(images).transpose(0, 4, 2, 3, 1)).transpose(1, 3, 4, 0, 2)
        return write_arrays(path, stored * 1e11), images
    if name == "cc_359":
        stored = transform(np.fft.fftshift(native(flipped(images), axes), (-2, -1))).transpose(0, 2, 3, 1) * 1e10
        parts = np.stack([stored.real, stored.imag], -1).reshape(*stored.shape[:-1], -1)
        return write_arrays(path, parts.astype(np.float32)), images
    if name == "stanford_2d":
        return Scan(raw(images, 1e8), "GE MEDICAL SYSTEMS").write(path), images
    if name == "nyu":
        return Scan(raw(images), "SIEMENS").write(path), images
    if name == "stanford_3d":
        volume = native(flipped(images), axes)
        volume = volume * (-1) ** np.arange(len(volume))[:, None, None, None]
        kspace = transform(volume).swapaxes(-1, -2)[:, :, None] * 1e7
        return Scan(kspace, "GE MEDICAL SYSTEMS", volume=True).write(path), images
    volume = native(images, axes)  # 7T: (coil, x, y, z)
    kspace = transform(volume, (-3, -2, -1)).transpose(0, 3, 2, 1)[None] * 1e14
    return Scan(kspace, "Philips", 7.0, volume=True).write(path), images

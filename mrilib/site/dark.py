"""Pictures for the dark theme: dark paper and light letters, while the framed images keep their grey levels."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage

PAPER = 250  # grey level above which the border of a picture is paper
BARRIER = 200  # grey level below which a frame keeps the paper's fill out of an image
LETTER = 100  # pixels; what is wider or higher is an image or a bar of colours
DARK, LIGHT = 18, 225  # grey levels of the dark paper and of the letters on it


def dark_png(content: bytes) -> bytes | None:
    """PNG of the same picture on transparent paper with light letters; None if it has no paper with images on it."""
    picture = Image.open(io.BytesIO(content))
    if picture.mode not in ("L", "P"):
        return None
    inside = images(np.asarray(picture.convert("L")))
    if inside is None:
        return None
    triples = picture.getpalette() or [level for level in range(256) for _ in range(3)]
    palette = np.reshape(triples, (-1, 3))
    greys = np.where((palette == palette[:, :1]).all(1), palette[:, 0], -1000)
    nearest = [int(np.abs(greys - turned(level)).argmin()) for level in palette.mean(1)]
    pixels = np.asarray(picture)
    drawn = Image.fromarray(np.where(inside, pixels, np.array(nearest, np.uint8)[pixels]).astype(np.uint8))
    drawn.putpalette(triples)
    paper, buffer = int(np.abs(greys - DARK).argmin()), io.BytesIO()
    drawn.save(buffer, "PNG", transparency=paper)
    return buffer.getvalue()


def dark_animation(content: bytes) -> bytes | None:
    """WebP of the same animation on dark paper with light letters; None if it has no paper with images on it."""
    moving = Image.open(io.BytesIO(content))
    frames, durations, inside = [], [], images(np.asarray(moving.convert("L")), LETTER // 2)
    if inside is None:
        return None
    levels = np.array([turned(level) for level in range(256)], np.uint8)
    for number in range(getattr(moving, "n_frames", 1)):
        moving.seek(number)
        pixels = np.asarray(moving.convert("RGB"))
        frames.append(Image.fromarray(np.where(inside[..., None], pixels, levels[pixels])))
        durations.append(moving.info.get("duration", 0))
    buffer = io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=60)
    return buffer.getvalue()


def turned(level: float) -> int:
    """Grey level on dark paper of a grey level on white paper."""
    return round(LIGHT + (DARK - LIGHT) * level / 255)


def images(grey: np.ndarray, letter: int = LETTER) -> np.ndarray | None:
    """Where the images of a picture (y, x) are, as a boolean array; None if its border is not paper or it has none.

    Each image must be in a frame. What lies on the paper and is at most `letter` pixels in each direction is text.
    """
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if border.min() <= PAPER:
        return None
    labels, _ = ndimage.label(grey > BARRIER)
    on_paper, _ = ndimage.label(labels != labels[0, 0], np.ones((3, 3)))
    inside = np.zeros(grey.shape, bool)
    for box in ndimage.find_objects(on_paper):
        if max(side.stop - side.start for side in box) > letter:
            inside[box] = True
    return inside if inside.any() else None

"""Greyscale images as text, for stored rows."""

import base64
import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def packed(image: Tensor) -> str:
    """Encode an image, (y, x) in [0, 1], as the base64 text of an 8-bit greyscale PNG."""
    content = io.BytesIO()
    Image.fromarray((255 * image.clamp(0, 1)).round().to(torch.uint8).numpy()).save(content, "PNG", optimize=True)
    return base64.b64encode(content.getvalue()).decode()


def unpacked(text: str) -> Tensor:
    """Inverse of `packed`, to within 1/255."""
    pixels = np.array(Image.open(io.BytesIO(base64.b64decode(text))))
    return torch.from_numpy(pixels).float() / 255

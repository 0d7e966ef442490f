"""The device to compute on, by its name."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # takes a second, too slow for `mrilib --help`
    import torch

DEVICES = re.compile(r"auto|cpu|cuda(:\d{1,2})?|mps")
WORDS = "auto, cpu, cuda or cuda:N"


def choose_device(name: str) -> "torch.device":
    """Return the device called `name`; `auto` is the first GPU, or the CPU if there is none.

    Raises ValueError for another name, or if this machine does not have the device.
    """
    import torch

    if not DEVICES.fullmatch(name):
        raise ValueError(f"device: expected {WORDS}, got {name!r}")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device: {name!r} asked for, but torch sees {torch.cuda.device_count()} GPUs; use cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f"device: {name!r} asked for, but torch finds none; use cpu")
    return device

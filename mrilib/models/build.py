"""Build a network from its description, which is stored next to its weights."""

import inspect
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import torch

from mrilib.models.cycle import CycleReconstructor
from mrilib.models.magnitude import EndToEndVarNet, FastmriUnet, NormUnetReconstructor, NormVitReconstructor
from mrilib.models.reconstructor import Reconstructor, UnetReconstructor
from mrilib.models.two_head import TwoHeadReconstructor
from mrilib.models.unrolled import UnrolledReconstructor
from mrilib.models.untrained import ConvDecoder, DipUnet
from mrilib.models.varnet import VarNetReconstructor
from mrilib.models.vit import VitReconstructor

ARCHITECTURES: dict[str, Callable[..., Reconstructor]] = {
    "unet": UnetReconstructor,
    "varnet": VarNetReconstructor,
    "vit": VitReconstructor,
    "two_head": TwoHeadReconstructor,
    "cycle": CycleReconstructor,
    "conv_decoder": ConvDecoder,
    "dip_unet": DipUnet,
    "unrolled": UnrolledReconstructor,
    "norm_unet": NormUnetReconstructor,
    "norm_vit": NormVitReconstructor,
    "e2e_varnet": EndToEndVarNet,
    "fastmri_unet": FastmriUnet,
}


BYTES = 4  # of a parameter
LAYERS = (
    "depth",
    "num_pool_layers",
    "num_cascades",
    "sens_pools",
    "pools",
    "num_unrolls",
    "num_blocks",
    "num_layers",
)  # arguments that count layers
MOST_LAYERS = 64
CONTAINER_LIMITS = tuple(
    Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory/memory.limit_in_bytes")
)  # version 2 and 1


def build(architecture: Mapping[str, Any]) -> Reconstructor:
    """Build the network described by {"name": …, plus the arguments of its class}.

    Raises:
        ValueError: unknown name, an argument that the network does not accept, or more weights than fit into memory.
    """
    count_parameters(architecture)
    return _made(architecture)


def count_parameters(architecture: Mapping[str, Any]) -> int:
    """Number of parameters of the network that `build` would make, without allocating memory for them.

    Raises:
        ValueError: as in `build`.
    """
    if not isinstance(architecture, Mapping):
        raise ValueError(f"model: expected a mapping with a name, got {type(architecture).__name__}")
    said = sizes(architecture)
    for name in LAYERS:
        if isinstance(number := architecture.get(name), int) and number > MOST_LAYERS:
            raise ValueError(f"{name}: expected at most {MOST_LAYERS}, got {number}")
    try:
        with torch.device("meta"):
            network = _made(architecture)
    except (RuntimeError, OverflowError) as error:
        raise ValueError(f"model {architecture['name']!r}: cannot be built with {said} ({error})") from None
    count = sum(tensor.numel() for tensor in (*network.parameters(), *network.buffers()))
    if BYTES * count > memory():
        raise ValueError(
            f"model {architecture['name']!r}: with {said} its {count:,} parameters take {BYTES * count / 1e9:,.0f} GB; "
            f"this machine has {memory() / 1e9:.0f} GB"
        )
    return count


def sizes(architecture: Mapping[str, Any]) -> str:
    """The sizes of a network by parameter, for messages."""
    return ", ".join(f"{name} {value}" for name, value in architecture.items() if name != "name")[:200]


def _made(architecture: Mapping[str, Any]) -> Reconstructor:
    settings = dict(architecture)
    name = settings.pop("name", None)
    if not isinstance(name, str) or name not in ARCHITECTURES:
        raise ValueError(f"model {name!r}: expected one of {', '.join(ARCHITECTURES)}")
    try:
        return ARCHITECTURES[name](**settings)
    except TypeError as error:
        raise ValueError(f"model {name!r}: {str(error).splitlines()[0]}") from error


@cache
def memory() -> int:
    """Bytes of memory of this machine, or of its container if that has less."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")] if hasattr(os, "sysconf") else []
    for limit in CONTAINER_LIMITS:
        with suppress(OSError, ValueError):  # not there, or "max"
            sizes.append(int(limit.read_text()))
    return min(sizes, default=2**63)


def module_of(architecture: Mapping[str, Any]) -> str:
    """Module that defines the network of this description; raises ValueError for an unknown name."""
    if (name := architecture.get("name")) not in ARCHITECTURES:
        raise ValueError(f"model {name!r}: expected one of {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name].__module__


def describe(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Description for `build`: the network's name and those of `settings` that are arguments of its class.

    Raises:
        ValueError: unknown name, or a setting that is not a number, text or list, e.g. a module named like a parameter.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"model {name!r}: expected one of {', '.join(ARCHITECTURES)}")
    arguments = inspect.signature(ARCHITECTURES[name]).parameters
    found = {argument: settings[argument] for argument in arguments if argument in settings}
    for argument, value in found.items():
        if not isinstance(value, (int, float, str, list, tuple)):
            raise ValueError(f"model {name!r}: {argument} is {value!r}; expected a number, a text or a list")
    return {"name": name} | found


class WeightsError(ValueError):
    """A weights file cannot be used; the message says why."""

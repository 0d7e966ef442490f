"""Build a network from its description, which is stored next to its weights."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

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


def build(architecture: Mapping[str, Any]) -> Reconstructor:
    """Build the network described by {"name": …, plus the arguments of its class}.

    Raises:
        ValueError: unknown name, or an argument that the network does not accept.
    """
    settings = dict(architecture)
    name = settings.pop("name", None)
    if name not in ARCHITECTURES:
        raise ValueError(f"model {name!r}: expected one of {', '.join(ARCHITECTURES)}")
    try:
        return ARCHITECTURES[name](**settings)
    except TypeError as error:
        raise ValueError(f"model {name!r}: {error}") from error


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

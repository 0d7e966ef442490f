"""Networks published as PyTorch state dicts: fastMRI's and the papers', recognised by names and shapes."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mrilib.models.build import WeightsError, build
from mrilib.models.reconstructor import Reconstructor
from mrilib.train.checkpoints import fill

SUFFIXES = (".pt", ".pth", ".ckpt")
INSIDE = ("state_dict", "model_state_dict", "model")  # Lightning, paper A, fastMRI before 0.1
FIRST = "down_sample_layers.0.layers.0.weight"  # names of fastMRI's U-Net
LEVEL = re.compile(r"down_sample_layers\.\d+\.layers\.0\.weight")
CASCADE = re.compile(r"cascades\.(\d+)\.")
CONSTANT = re.compile(r"(.*\.)?(cascades\.\d+\.zero|(ssim_)?loss\.w)")
KNOWN = (
    "fastMRI's U-Net (1 channel) and VarNet (with or without sens_net), and paper A's U-Net (2 channels), each with "
    "fastMRI's names"
)


def load_state_dict_file(path: Path) -> Reconstructor:
    """Load a network from a `.pt`, `.pth` or `.ckpt` file, in evaluation mode; no code in the file is run.

    A U-Net with one channel is taken to be fastMRI's; paper B's has the same names but another normalisation.

    Args:
        path: a state dict, or a checkpoint that holds one under "state_dict", "model_state_dict" or "model". Names
            may have a common prefix, such as "module." or "unet.".

    Raises:
        WeightsError: the file cannot be read, holds more than tensors and plain values, or has another architecture.
    """
    tensors = named_tensors(path)
    architecture, own = recognise(tensors, path)
    try:
        model = build(architecture)
    except ValueError as error:
        raise WeightsError(f"{path}: {error}") from None
    fill(model, own, path)
    return model.eval()


def named_tensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a file by name; raises WeightsError."""
    if path.exists() and not path.is_file():
        raise WeightsError(f"{path}: not a regular file")
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such file") from None
    except Exception as error:  # torch raises many kinds
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise WeightsError(
            f"{path}: not a file of tensors alone ({said[0][:120]}); nothing in it was run. Save its state_dict again: "
            "torch.save(model.state_dict(), path)"
        ) from None
    for name in INSIDE:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
            break
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path}: expected a state dict, got {type(content).__name__}")
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if not tensors:
        raise WeightsError(f"{path}: holds no named tensors; expected a state dict")
    for name, value in tensors.items():
        if value.layout != torch.strided or value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise WeightsError(f"{path}: {name} {tuple(value.shape)} declares more numbers than the file holds")
    return tensors


def recognise(tensors: Mapping[str, Tensor], path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Architecture for `models.build.build`, and the tensors under its names; raises WeightsError if none fits."""
    given = {name: tensor for name, tensor in tensors.items() if not CONSTANT.fullmatch(name)}
    firsts = [name for name in given if name.endswith(FIRST)]
    cascades = [name for name in firsts if CASCADE.search(name)]
    if cascades:
        return _varnet(given, cascades)
    if len(firsts) != 1:
        raise WeightsError(f"{path}: not a known network ({KNOWN}); its first tensor is {next(iter(tensors))}")
    unet = _below(given, firsts[0].removesuffix(FIRST))
    chans, channels = unet[FIRST].shape[:2]
    size = {"chans": chans, "num_pool_layers": _levels(unet)}
    named = {f"unet.{name}": tensor for name, tensor in unet.items()}
    if channels == 1:
        return {"name": "fastmri_unet", **size}, named
    if channels == 2:
        return {"name": "unet", **size, "fidelity": "code"}, named
    raise WeightsError(f"{path}: a U-Net of {channels} input channels; the known networks are {KNOWN}")


def _varnet(given: Mapping[str, Tensor], cascades: list[str]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    root = cascades[0][: cascades[0].index("cascades.")]
    own = _below(given, root)
    number = 1 + max(int(found[1]) for name in own if (found := CASCADE.match(name)))
    unet = _below(own, "cascades.0.model.unet.")
    size = {"num_cascades": number, "chans": unet[FIRST].shape[0], "num_pool_layers": _levels(unet)}
    maps = _below(own, "sens_net.norm_unet.unet.")
    if not maps:
        return {"name": "varnet", **size, "fidelity": "code"}, own
    size |= {"sens_chans": maps[FIRST].shape[0], "sens_pools": _levels(maps)}
    return {"name": "e2e_varnet", **size}, {f"varnet.{name}": tensor for name, tensor in own.items()}


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _levels(unet: Mapping[str, Tensor]) -> int:
    return sum(LEVEL.fullmatch(name) is not None for name in unet)

"""Weights and checkpoints on disk: safetensors for the tensors, JSON for the metadata, never pickle."""

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from mrilib.models.build import WeightsError, build
from mrilib.models.reconstructor import Reconstructor
from mrilib.store.paths import atomic_write
from mrilib.store.project import UserError
from mrilib.store.records import note
from mrilib.store.sealed import DamagedError, read_sealed, sealed
from mrilib.store.tensors import read_tensors, write_tensors

MOST_HALF = torch.finfo(torch.float16).max


class WeightsFileError(WeightsError, UserError):
    """A weights error that a command shows as one line."""


def save_weights(path: Path, model: nn.Module, provenance: Mapping[str, Any], half: bool = False) -> None:
    """Write `path` (safetensors) and `path` with suffix .json (architecture, data digest, scores, …).

    Args:
        path: ends in .safetensors.
        model: its state_dict is stored, in float16 when `half`.
        provenance: JSON values; "architecture" is what `models.build.build` needs.

    Raises:
        ValueError: a weight is beyond the range of float16, ±65504; see `fits_half`.
    """
    if half and not fits_half(model):
        raise ValueError(f"{path}: a weight is beyond ±{MOST_HALF:g}, the range of half precision; store it in full")
    tensors = {name: _halved(t) if half else t for name, t in model.state_dict().items()}
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
    card = sealed({**provenance, "sha256": hashlib.sha256(content).hexdigest()})
    with atomic_write(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(card, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def fits_half(model: nn.Module) -> bool:
    """Whether every weight lies in the range of float16."""
    return all(_halved(tensor).isfinite().all() for tensor in model.state_dict().values())


def _halved(tensor: Tensor) -> Tensor:
    return tensor.half() if tensor.is_floating_point() else tensor


def read_card(path: Path, needs: Collection[str] = ()) -> dict[str, Any]:
    """Read the JSON next to a weights file.

    Args:
        path: path of the weights.
        needs: entries that it must have besides "architecture" and "sha256".

    Raises:
        WeightsError: it is missing, damaged or incomplete.
    """
    card = path.with_suffix(".json")
    if not card.is_file():
        raise WeightsFileError(f"{card}: not found; weights come with a JSON file of the same name")
    try:
        content = read_sealed(card, older=True)
    except DamagedError as error:
        raise WeightsFileError(f"{error}; fetch or train the weights again") from None
    lacking = [name for name in ("architecture", "sha256", *needs) if name not in content]
    if lacking:
        raise WeightsFileError(f"{card}: lacks {', '.join(lacking)}; fetch or train the weights again")
    return content


def load_weights(path: Path, data_digest: str | None = None) -> Reconstructor:
    """Load the network stored at `path`, in float32 and evaluation mode.

    Args:
        path: a file written by `save_weights`.
        data_digest: if given, digest of the training data that the weights must come from.

    Raises:
        WeightsError: the file is missing or corrupted, or has another architecture or other training data.
    """
    card = read_card(path)
    note(path)
    note(path.with_suffix(".json"))
    if data_digest is not None and card.get("data_digest") != data_digest:
        raise WeightsFileError(
            f"{path}: trained on data {card.get('data_digest')}, but this experiment's data are {data_digest}; "
            "train again with `mrilib train`"
        )
    try:
        model = build(card["architecture"])
    except (ValueError, TypeError) as error:
        raise WeightsFileError(f"{path.with_suffix('.json')}: another architecture ({error})") from None
    fill(model, _verified(path, card["sha256"]), path)
    return model.eval()


def verify(path: Path) -> dict[str, Any]:
    """Read the JSON of a weights file after checking both; raises WeightsError."""
    card = read_card(path)
    _verified(path, card["sha256"])
    return card


def _verified(path: Path, sha256: str) -> dict[str, Tensor]:
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = "weights not found" if isinstance(error, FileNotFoundError) else f"not readable ({error.strerror})"
        raise WeightsFileError(f"{path}: {reason}; train them with `mrilib train`") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise WeightsFileError(f"{path}: corrupted (its SHA-256 is not the recorded one); fetch or train it again")
    try:
        return load(content)
    except SafetensorError as error:
        raise WeightsFileError(f"{path}: not a safetensors file ({error})") from None


def fill(model: nn.Module, tensors: Mapping[str, Tensor], source: Path | str) -> None:
    """Copy named tensors into a network; raises WeightsError naming the first mismatch, if any."""
    own = model.state_dict()
    missing, foreign = sorted(own.keys() - tensors.keys()), sorted(tensors.keys() - own.keys())
    if missing or foreign:
        what = f"lacks {missing[0]}" if missing else f"has {foreign[0]}, which this network lacks"
        raise WeightsFileError(f"{source}: weights of another architecture ({what})")
    for name, tensor in own.items():
        if tensor.shape != tensors[name].shape:
            raise WeightsFileError(
                f"{source}: weights of another architecture ({name} is {tuple(tensors[name].shape)}, "
                f"expected {tuple(tensor.shape)})"
            )
    model.load_state_dict({name: tensors[name].to(own[name].dtype) for name in own})


def save_checkpoint(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, progress: Mapping[str, Any]
) -> None:
    """Save everything that training needs to resume bit for bit: weights, optimizer state and `progress` (JSON)."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
    write_tensors(path, tensors, progress)


def load_checkpoint(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Restore what `save_checkpoint` wrote and return `progress`.

    Raises:
        WeightsError: the file is damaged or belongs to another network.
    """
    try:
        tensors, progress = read_tensors(path)
    except DamagedError as error:
        raise WeightsFileError(f"{error}; delete this checkpoint to start over") from None
    fill(model, {n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")}, path)
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".", 2)
            state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    return progress

"""Weights and checkpoints on disk: safetensors for the tensors, JSON for the metadata, never pickle."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor, nn

from mrilib.models.build import WeightsError, build
from mrilib.models.reconstructor import Reconstructor
from mrilib.store.paths import atomic_write
from mrilib.store.records import note


def save_weights(path: Path, model: nn.Module, provenance: Mapping[str, Any], half: bool = False) -> None:
    """Write `path` (safetensors) and `path` with suffix .json (architecture, data digest, scores, …).

    Args:
        path: ends in .safetensors.
        model: its state_dict is stored, in float16 when `half`.
        provenance: JSON values; "architecture" is what `models.build.build` needs.
    """
    tensors = {name: (t.half() if half else t).contiguous() for name, t in model.state_dict().items()}
    content = save(tensors)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
    card = {**provenance, "sha256": hashlib.sha256(content).hexdigest()}
    with atomic_write(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(card, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_card(path: Path) -> dict[str, Any]:
    """Read the JSON next to a weights file; raises WeightsError if it is missing, unreadable or incomplete."""
    card = path.with_suffix(".json")
    try:
        content = json.loads(card.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WeightsError(f"{card}: not found; weights come with a JSON file of the same name") from None
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{card}: not valid JSON ({error}); fetch or train the weights again") from None
    if not isinstance(content, dict) or not {"architecture", "sha256"} <= content.keys():
        raise WeightsError(f"{card}: lacks architecture or sha256; fetch or train the weights again")
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
        raise WeightsError(
            f"{path}: trained on data {card.get('data_digest')}, but this experiment's data are {data_digest}; "
            "train again with `mrilib train`"
        )
    try:
        model = build(card["architecture"])
    except ValueError as error:
        raise WeightsError(f"{path}: weights of another architecture ({error})") from None
    fill(model, _verified(path, card["sha256"]), path)
    return model.eval()


def _verified(path: Path, sha256: str) -> dict[str, Tensor]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise WeightsError(f"{path}: weights not found; train them with `mrilib train`") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise WeightsError(f"{path}: corrupted (its SHA-256 is not the recorded one); fetch or train it again")
    try:
        return load(content)
    except SafetensorError as error:
        raise WeightsError(f"{path}: not a safetensors file ({error})") from None


def fill(model: nn.Module, tensors: Mapping[str, Tensor], source: Path | str) -> None:
    """Copy named tensors into a network; raises WeightsError naming the first mismatch, if any."""
    own = model.state_dict()
    missing, foreign = sorted(own.keys() - tensors.keys()), sorted(tensors.keys() - own.keys())
    if missing or foreign:
        what = f"lacks {missing[0]}" if missing else f"has {foreign[0]}, which this network lacks"
        raise WeightsError(f"{source}: weights of another architecture ({what})")
    for name, tensor in own.items():
        if tensor.shape != tensors[name].shape:
            raise WeightsError(
                f"{source}: weights of another architecture ({name} is {tuple(tensors[name].shape)}, "
                f"expected {tuple(tensor.shape)})"
            )
    model.load_state_dict({name: tensors[name].to(own[name].dtype) for name in own})


def save_checkpoint(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, progress: Mapping[str, Any]
) -> None:
    """Save all that training needs to resume bit for bit: weights, optimizer state and `progress` (JSON)."""
    tensors = {f"model.{name}": tensor.contiguous() for name, tensor in model.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value.contiguous() for name, value in state.items()}
    with atomic_write(path) as temporary:
        temporary.write_bytes(save(tensors, metadata={"progress": json.dumps(progress)}))


def load_checkpoint(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Restore what `save_checkpoint` wrote and return `progress`.

    Raises:
        WeightsError: the file is corrupted or belongs to another network.
    """
    try:
        with safe_open(path, "pt") as file:
            progress = json.loads(file.metadata()["progress"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: unreadable checkpoint ({error}); delete it to start over") from None
    fill(model, {n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")}, path)
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".", 2)
            state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    return progress

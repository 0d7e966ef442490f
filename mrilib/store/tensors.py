"""Tensors and JSON values in one safetensors file, with a checksum of both that is verified when it is read."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from mrilib.store.paths import atomic_write
from mrilib.store.sealed import CHECKSUM, damaged, foreign


def write_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write named tensors and JSON values, atomically; raises OSError.

    A tensor that shares memory with another must be copied first; complex ones are given as real views.
    """
    own = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    told = json.dumps(facts)
    content = save(own, {"facts": told, CHECKSUM: _checksum(own, told)})
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote.

    Raises:
        DamagedError: it cannot be read, has another form, or does not match its checksum.
    """
    try:
        content = path.read_bytes()
        tensors, about = load(content), _metadata(content)
        told, expected = about["facts"], about[CHECKSUM]
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise foreign(path, error) from None
    if _checksum(tensors, told) != expected:
        raise damaged(path)
    return tensors, json.loads(told)


def _metadata(content: bytes) -> dict[str, str]:
    size = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + size])["__metadata__"]


def _checksum(tensors: Mapping[str, Tensor], told: str) -> str:
    found = hashlib.sha256(told.encode())
    for name, tensor in sorted(tensors.items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()

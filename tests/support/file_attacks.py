"""Bad files given to `mrilib reconstruct`: weights, scans and volumes."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from tiny_slices import tiny_model, tiny_scan
from torture import Attack

from mrilib.data.volumes import write_volume
from mrilib.simulate.acquisition import simulate_slice
from mrilib.store.sealed import seal
from mrilib.train.checkpoints import save_weights

DEEP = "[" * 10_000


def kspace(patient: int) -> np.ndarray:
    return simulate_slice(tiny_scan(), patient, 0.1).kspace[None].astype(np.complex64)


def saved_weights(folder: Path) -> Path:
    path = folder / "net.safetensors"
    save_weights(path, tiny_model(), {"architecture": {"name": "unet", "chans": 4, "num_pool_layers": 2}})
    return path


def weights() -> Iterator[Attack]:
    """Weights and their cards, cut, changed and replaced."""
    cards = ["", "[]", "3", DEEP, "{}", '{"architecture": 3, "sha256": "a"}', "null", '{"a": NaN}', "\x00"]
    architectures: list[Any] = [
        *([], 3, "unet", {}, {"name": 3}, {"name": "unet", "chans": -1}, {"name": "unet", "chans": 2_000_000}),
        *({"name": "vit", "depth": 10**9}, {"name": "vit", "image_size": 10**5}, {"name": "unet", "chans": "4"}),
        *({"name": "unet", "colour": 3}, {"name": "unet", "chans": 10**40}, {"name": "unet", "num_pool_layers": 60}),
    ]
    for text in cards:
        yield Attack("weights", f"card {text[:30]}", partial(_card, text=text), "net.")
    for one in architectures:
        yield Attack("weights", f"card of {one!r:.40}", partial(_card, architecture=one), "net.")
    for number in range(24):
        for how in (_cut, _flipped):
            yield Attack("weights", f"{how.__name__} {number}", partial(_spoilt, how=how, place=number / 24), "net.")
    contents: dict[str, Any] = {
        "a number": 3,
        "a list": [torch.ones(3)],
        "nothing": {},
        "another network": {"a.weight": torch.ones(3)},
        "numbers that are not there": {UNET: torch.ones(1).expand(10**6, 2, 3, 3)},
        "a wide network": {UNET: torch.ones(1).expand(2**40, 2, 3, 3)},
        "names that are no text": {3: torch.ones(2)},
        "itself": ITSELF,
    }
    for name, content in contents.items():
        yield Attack("weights", f".pt with {name}", partial(_state_dict, content=content), "net.pt")
    for number in range(8):
        yield Attack("weights", f".pt cut at {number}/8", partial(_state_dict, cut=number / 8), "net.pt")
    yield Attack("weights", ".pt that is a pipe", partial(_state_dict, cut=None), "net.pt")


UNET = "down_sample_layers.0.layers.0.weight"
ITSELF: dict[str, Any] = {}
ITSELF["state_dict"] = ITSELF


def _reconstruct(folder: Path, network: str) -> Sequence[str]:
    np.save(folder / "scan.npy", kspace(0))
    return ["reconstruct", "scan.npy", "--network", network, "--acceleration", "2", "--center-fraction", "0.2"]


def _card(folder: Path, text: str | None = None, architecture: Any = None) -> Sequence[str]:
    card = saved_weights(folder).with_suffix(".json")
    content = json.loads(card.read_text()) | {"architecture": architecture}
    card.write_text(json.dumps(content) if text is None else text)
    return _reconstruct(folder, "net.safetensors")


def _cut(content: bytes, place: float) -> bytes:
    return content[: int(place * len(content))]


def _flipped(content: bytes, place: float) -> bytes:
    at = int(place * len(content))
    return content[:at] + bytes([content[at] ^ 0x20]) + content[at + 1 :]


def _spoilt(folder: Path, how: Callable[[bytes, float], bytes], place: float) -> Sequence[str]:
    path = saved_weights(folder)
    path.write_bytes(how(path.read_bytes(), place))
    return _reconstruct(folder, path.name)


def _state_dict(folder: Path, content: Any = None, cut: float | None = 1.0) -> Sequence[str]:
    path = folder / "net.pt"
    if cut is None:
        os.mkfifo(path)
    else:
        torch.save(content if content is not None else tiny_model().unet.state_dict(), path)
        path.write_bytes(_cut(path.read_bytes(), cut))
    return _reconstruct(folder, path.name)


def scans() -> Iterator[Attack]:
    """Scans cut short, of another shape or type, and in place of which is something else."""
    arrays: dict[str, Any] = {
        "real": np.ones((1, 4, 40, 48), np.float32),
        "a text": np.array("scan"),
        "objects": np.array([{}], object),
        "one axis": np.ones(9, np.complex64),
        "six axes": np.ones((1, 1, 1, 4, 40, 48), np.complex64),
        "no slice": np.ones((0, 4, 40, 48), np.complex64),
        "no column": np.ones((1, 4, 40, 0), np.complex64),
        "nan": np.full((1, 4, 40, 48), np.nan, np.complex64),
        "zeros": np.zeros((1, 4, 40, 48), np.complex64),
    }
    for name, array in arrays.items():
        yield Attack("scans", f".npy of {name}", partial(_scan, array=array), "scan.npy")
    for number in range(12):
        yield Attack("scans", f".npy cut at {number}/12", partial(_scan, place=number / 12), "scan.npy")
        yield Attack("scans", f".h5 cut at {number}/12", partial(_volume, place=number / 12), "scan.h5")
    for suffix in (".npy", ".h5", ".mrd", ".cfl", ".dat", ".txt", ""):
        for kind, make in {"nothing": None, "a pipe": os.mkfifo, "a folder": Path.mkdir, "empty": Path.touch}.items():
            yield Attack("scans", f"{suffix} {kind}", partial(_other, suffix=suffix, make=make), "scan")


def _scan(folder: Path, array: Any = None, place: float = 1.0) -> Sequence[str]:
    saved_weights(folder)
    arguments = _reconstruct(folder, "net.safetensors")
    path = folder / "scan.npy"
    if array is not None:
        np.save(path, array, allow_pickle=True)
    path.write_bytes(_cut(path.read_bytes(), place))
    return arguments


def _volume(folder: Path, place: float) -> Sequence[str]:
    path = folder / "scan.h5"
    write_volume(path, kspace(0))
    path.write_bytes(_cut(path.read_bytes(), place))
    return ["reconstruct", path.name, *_reconstruct(folder, saved_weights(folder).name)[2:]]


def _other(folder: Path, suffix: str, make: Callable[[Path], Any] | None) -> Sequence[str]:
    path = folder / f"scan{suffix}"
    arguments = ["reconstruct", path.name, *_reconstruct(folder, saved_weights(folder).name)[2:]]
    (folder / "scan.npy").unlink()
    if make is not None:
        make(path)
    return arguments


def volumes() -> Iterator[Attack]:
    """Volumes with a flipped byte anywhere, which their checksum shows, and with odd attributes and datasets."""
    for number in range(24):
        yield Attack("volumes", f"flipped at {number}/24", partial(_flipped_volume, place=number / 24), "scan.h5")
    attributes = {
        "max": (np.nan, 0.0, -1.0, "bright", [1.0, 2.0]),
        "acquisition": (["AXT2", "AXT1"], np.zeros((2, 2))),
        "patient_id": (np.zeros((2, 2)),),
        "simulated": ([True, False],),
    }
    for name, values in attributes.items():
        for value in values:
            yield Attack("volumes", f"{name} {value!r}", partial(_attributed, name=name, value=value), "scan.h5")
    datasets: dict[str, Any] = {
        "ismrmrd_header": ("", "<a>" * 10_000, "\x01", 3, np.ones(3), "<ismrmrdHeader/>"),
        "mask": (np.ones(9), np.ones((2, 48)), "mask", np.full(48, np.nan)),
        "reconstruction_rss": (np.ones((1, 3, 3)), np.full((1, 40, 48), np.nan), np.ones((9, 40, 48)), "image"),
        "kspace": (np.ones(3), "k", np.ones((1, 4, 40, 48)), np.full((1, 4, 40, 48), np.inf, np.complex64)),
    }
    for name, contents in datasets.items():
        for content in contents:
            attack = partial(_replaced, name=name, content=content)
            yield Attack("volumes", f"{name} {content!r:.30}", attack, "scan.h5")


def _changed(folder: Path, change: Callable[[h5py.File], None]) -> Sequence[str]:
    path = folder / "scan.h5"
    write_volume(path, kspace(0))
    with h5py.File(path, "r+") as file:
        change(file)
    return ["reconstruct", path.name, *_reconstruct(folder, saved_weights(folder).name)[2:]]


def _attributed(folder: Path, name: str, value: Any) -> Sequence[str]:
    return _changed(folder, lambda file: file.attrs.__setitem__(name, value))


def _replaced(folder: Path, name: str, content: Any) -> Sequence[str]:
    def change(file: h5py.File) -> None:
        file.pop(name, None)
        file[name] = content

    return _changed(folder, change)


def _flipped_volume(folder: Path, place: float) -> Sequence[str]:
    arguments, path = _changed(folder, lambda file: None), folder / "scan.h5"
    seal(path)
    path.write_bytes(_flipped(path.read_bytes(), place))
    return arguments

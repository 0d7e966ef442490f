"""Bad inputs of the command; a new kind is one more function in KINDS that yields attacks."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tiny_project import make_project
from tiny_slices import tiny_model, tiny_scan
from torture import Attack

from mrilib.data.volumes import write_volume
from mrilib.simulate.acquisition import simulate_slice
from mrilib.store.project import find_root
from mrilib.train.checkpoints import save_weights

ROOT = find_root(Path(__file__).parent)
DEEP = "[" * 10_000
NUMBERS = ("-1", "0", "nan", "inf", "1e400", "abc", "", "9" * 5000, str(10**30), "1,5", "0x10", "💥")
CLAIM = '- {id: a, claim: b, "paper says": c, notebook: 01_tiny, margin: d, predicate: ["PREDICATE"]}\n'


def options() -> Iterator[Attack]:
    """Numbers and names on the command line."""
    for value in NUMBERS:
        for option, rest in (
            ("-j", ["train", "04"]),
            ("-j", ["run", "04", "--check"]),
            ("--device", ["train", "04"]),
            ("--device", ["tables", "make", "wavelets"]),
            ("--rows", ["tables", "check", "wavelets"]),
            ("--epochs", ["train", "--data", "scans"]),
            ("--chans", ["train", "--data", "scans"]),
            ("--acceleration", ["train", "--data", "scans"]),
            ("--recipe", ["train", "--data", "scans"]),
            ("--coils", ["reconstruct", "scan.npy", "--network", "net.safetensors"]),
            ("--slices", ["reconstruct", "scan.npy", "--network", "net.safetensors"]),
            ("--acceleration", ["reconstruct", "scan.npy", "--network", "net.safetensors"]),
            ("--center-fraction", ["reconstruct", "scan.npy", "--network", "net.safetensors"]),
            ("--network", ["reconstruct", "scan.npy"]),
            ("--shift", ["train", "04"]),
            ("--profile", ["run", "04", "--check"]),
        ):
            accepted = (option, value) in (("--slices", "0"), ("--rows", str(10**30)), ("--coils", str(10**30)))
            if not accepted:
                prepare = partial(_with_files, arguments=[*rest, f"{option}={value}"])
                yield Attack("options", f"{rest[0]} {option}={value[:20]}", prepare, _named(option, value))
    for name, value in (("chans", "-1"), ("chans", "2000000"), ("epochs", DEEP), ("num_pool_layers", "12")):
        for rest in (["train", "04"], ["run", "04", "--check"], ["run", "04"]):
            prepare = partial(_with_files, arguments=[*rest, "-p", name, value])
            yield Attack("options", f"{rest[0]} -p {name} {value[:20]}", prepare, name)


def _named(option: str, value: str) -> str:
    return {"--profile": "profile", "--network": "", "--center-fraction": "center", "--acceleration": "accel"}.get(
        option, option.lstrip("-")
    )


def _with_files(folder: Path, arguments: Sequence[str]) -> Sequence[str]:
    os.chdir(ROOT) if arguments[0] in ("tables", "run") or "04" in arguments else None
    (folder / "scans").mkdir()
    for number in (0, 1):
        write_volume(folder / "scans" / f"scan_{number}.h5", _kspace(number))
    np.save(folder / "scan.npy", _kspace(0))
    _weights(folder)
    return arguments


def _kspace(patient: int) -> np.ndarray:
    return simulate_slice(tiny_scan(), patient, 0.1).kspace[None].astype(np.complex64)


def _weights(folder: Path) -> Path:
    path = folder / "net.safetensors"
    save_weights(path, tiny_model(), {"architecture": {"name": "unet", "chans": 4, "num_pool_layers": 2}})
    return path


def profiles() -> Iterator[Attack]:
    """Texts of params/<notebook>/quick.yaml."""
    texts = [
        *("steps: 010", "steps: 1:30", "steps: 3\nsteps: 4", "steps: [3", "steps: -1e400", "steps: .nan"),
        *("- steps", "3", "steps", DEEP, "? [a]\n: 3", "1: 2", "steps: &a [*a]", "steps: *a", "!!int abc", "\x00"),
        *("steps: !!python/object/apply:os.getcwd []", "steps: " + "9" * 5000, "stepps: 3", "steps: null"),
        *("steps: yes", "steps: {a: 1}", "steps: 2026-01-01", "rate: 1e-", "rate: fast", "rate: true", "%YAML 9"),
    ]
    for text in texts:
        yield Attack("profiles", text[:30], partial(_profile, text=text), "quick.yaml", partial(_is_ten, text=text))
    for name, make in {
        "a pipe": os.mkfifo,
        "a device": lambda path: path.symlink_to("/dev/zero"),
        "a folder": Path.mkdir,
        "latin-1": lambda path: path.write_bytes(b"steps: \xe9"),
        "dangling": lambda path: path.symlink_to("nowhere"),
        "a petabyte": lambda path: (path.touch(), os.truncate(path, 2**43)),
    }.items():
        yield Attack("profiles", name, partial(_profile, make=make), "quick.yaml")


def _is_ten(folder: Path, text: str) -> bool:
    return text == "steps: 010"  # ten by YAML 1.2, see tests/store/test_texts.py


def _profile(folder: Path, text: str = "", make: Callable[[Path], Any] | None = None) -> Sequence[str]:
    project = make_project(folder)
    project.notebook("01_tiny", "print(steps)")
    path = project.profile("01_tiny", text)
    if make is not None:
        path.unlink()
        make(path)
    os.chdir(project.root)
    return ["run", "01", "--check"]


def claims() -> Iterator[Attack]:
    """Texts of params/claims.yaml and predicates in it."""
    texts = ["3", "- 3", "- {id: a}", DEEP, "- {id: a, id: b}", CLAIM + CLAIM, CLAIM.replace("id: a", "id: 1"), "\x00"]
    predicates = [
        *(
            "(" * 300 + "x >= 1" + ")" * 300,
            "x >= " + "9" * 5000,
            "-" * 3000 + "x >= 1",
            "x",
            "1 >= 0",
            "x >= y.z",
            "f(x) >= 1",
        ),
        *(
            "x ** 99 >= 1",
            "[x] >= 1",
            "__import__('os') >= 1",
            "x >= 'a'",
            "x >= 1e400j",
            "x if x else x",
            "x >=",
            "not " * 90,
        ),
    ]
    texts += [CLAIM.replace("PREDICATE", predicate) for predicate in predicates]
    for text in texts:
        yield Attack("claims", text[:60], partial(_claims, text=text), "claims.yaml")


def _claims(folder: Path, text: str) -> Sequence[str]:
    project = make_project(folder)
    (project.root / "params" / "claims.yaml").write_text(text)
    os.chdir(project.root)
    return ["claims"]


def notebooks() -> Iterator[Attack]:
    """Files in place of a notebook, and their parameters cells."""
    for text in (
        "",
        "[]",
        "3",
        "{}",
        '{"cells": 3}',
        DEEP,
        '{"nbformat": 4, "nbformat_minor": 5, "cells": [1]}',
        "\x00",
    ):
        yield Attack("notebooks", text[:40], partial(_notebook, text=text), "01_tiny.ipynb")
    for cell in (
        *(
            "steps = 3",
            "steps: int",
            "steps: int = f()",
            "steps: dict = {}",
            "steps: int = 'a'",
            "import os",
            "(" * 500,
        ),
        *("steps: int = " + "-" * 5000 + "1", "steps: int = 1\nsteps: int = 10**9", "steps: list[list[list]] = []"),
    ):
        yield Attack("notebooks", cell[:40], partial(_notebook, cell=cell), "01_tiny.ipynb")


def _notebook(folder: Path, text: str | None = None, cell: str | None = None) -> Sequence[str]:
    project = make_project(folder)
    path = project.notebook("01_tiny", parameters=cell)
    if text is not None:
        path.write_text(text)
    os.chdir(project.root)
    return ["run", "01", "--check"]


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
    np.save(folder / "scan.npy", _kspace(0))
    return ["reconstruct", "scan.npy", "--network", network, "--acceleration", "2", "--center-fraction", "0.2"]


def _card(folder: Path, text: str | None = None, architecture: Any = None) -> Sequence[str]:
    card = _weights(folder).with_suffix(".json")
    content = json.loads(card.read_text()) | {"architecture": architecture}
    card.write_text(json.dumps(content) if text is None else text)
    return _reconstruct(folder, "net.safetensors")


def _cut(content: bytes, place: float) -> bytes:
    return content[: int(place * len(content))]


def _flipped(content: bytes, place: float) -> bytes:
    at = int(place * len(content))
    return content[:at] + bytes([content[at] ^ 0x20]) + content[at + 1 :]


def _spoilt(folder: Path, how: Callable[[bytes, float], bytes], place: float) -> Sequence[str]:
    path = _weights(folder)
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


def results() -> Iterator[Attack]:
    """Damaged records of an earlier run: it is run again, never believed."""
    for text in ("", "[]", "null", "3", DEEP, "{}", '{"outputs": 3}', '{"outputs": {"a": 1}}', '{"key": []}', "\x00"):
        for file in ("run.json", "results.json"):
            yield Attack(
                "results", f"{file} {text[:20]}", partial(_result, file=file, text=text), file, lambda folder: True
            )


def _result(folder: Path, file: str, text: str) -> Sequence[str]:
    project = make_project(folder)
    (project.root / "params" / "claims.yaml").write_text(CLAIM.replace("PREDICATE", "x >= 1"))
    run = project.root / "runs" / "01_tiny" / "quick"
    run.mkdir(parents=True)
    (run / "results.json").write_text('{"x": 2}')
    (run / "run.json").write_text('{"key": "a", "outputs": {}, "inputs": {}}')
    (run / file).write_text(text)
    os.chdir(project.root)
    return ["claims"]


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
    _weights(folder)
    arguments = _reconstruct(folder, "net.safetensors")
    path = folder / "scan.npy"
    if array is not None:
        np.save(path, array, allow_pickle=True)
    path.write_bytes(_cut(path.read_bytes(), place))
    return arguments


def _volume(folder: Path, place: float) -> Sequence[str]:
    path = folder / "scan.h5"
    write_volume(path, _kspace(0))
    path.write_bytes(_cut(path.read_bytes(), place))
    return ["reconstruct", path.name, *_reconstruct(folder, _weights(folder).name)[2:]]


def _other(folder: Path, suffix: str, make: Callable[[Path], Any] | None) -> Sequence[str]:
    path = folder / f"scan{suffix}"
    arguments = ["reconstruct", path.name, *_reconstruct(folder, _weights(folder).name)[2:]]
    (folder / "scan.npy").unlink()
    if make is not None:
        make(path)
    return arguments


def outputs() -> Iterator[Attack]:
    """Folders that cannot be written to, found before the work."""
    for name, make in {
        "a file": Path.touch,
        "read-only": lambda path: path.mkdir(mode=0o500),
        "below a file": lambda path: path.parent.joinpath("taken").touch(),
        "a pipe": os.mkfifo,
        "too long": lambda path: None,
    }.items():
        output = {"below a file": "taken/out", "too long": "x" * 300}.get(name, "out")
        yield Attack("outputs", f"train --output {name}", partial(_output, make=make, output=output), output[:40])


def _output(folder: Path, make: Callable[[Path], Any], output: str) -> Sequence[str]:
    make(folder / "out")
    return _with_files(folder, ["train", "--data", "scans", "--chans", "2", "--epochs", "1", "--output", output])


KINDS = (options, profiles, claims, notebooks, weights, results, scans, outputs)


def attacks() -> list[Attack]:
    """All attacks, in a fixed order."""
    return [attack for kind in KINDS for attack in kind()]

"""Bad inputs of the command; a new kind is one more function in KINDS that yields attacks."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from file_attacks import DEEP, kspace, saved_weights, scans, volumes, weights
from tiny_project import make_project
from torture import Attack

from mrilib.data.volumes import write_volume
from mrilib.store.project import find_root

ROOT = find_root(Path(__file__).parent)
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
        write_volume(folder / "scans" / f"scan_{number}.h5", kspace(number))
    np.save(folder / "scan.npy", kspace(0))
    saved_weights(folder)
    return arguments


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


KINDS = (options, profiles, claims, notebooks, weights, results, scans, volumes, outputs)


def attacks() -> list[Attack]:
    """All attacks, in a fixed order."""
    return [attack for kind in KINDS for attack in kind()]

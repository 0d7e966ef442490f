"""Manifest of a run, to decide whether its results are still valid: its dependencies and its outputs."""

import subprocess
from pathlib import Path, PurePosixPath
from typing import Any

from nbformat import NotebookNode

from mrilib.store.code import code_digest, imported
from mrilib.store.records import (
    Fingerprint,
    cores,
    cpu_name,
    dependencies,
    digest,
    fingerprint,
    read_json,
    versions,
    whole,
)


def run_key(notebook: NotebookNode, parameters: dict[str, Any]) -> str:
    """Digest of everything known before a run: parameters, cells, the library files they import, versions.

    Tables, weights and data are recorded as they are read, see `records.note`.
    """
    cells = [[cell.cell_type, cell.source] for cell in notebook.cells]
    modules = {name for kind, source in cells if kind == "code" for name in imported(source)}
    return digest([parameters, cells, code_digest(modules), versions(dependencies())])


def build(
    folder: Path,
    root: Path,
    key: str,
    described: dict[str, Any],
    inputs: dict[str, Fingerprint],
    seconds: float,
) -> dict[str, Any]:
    """Build the manifest of the run whose files are in `folder`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    recorded = (read_json(folder / "results.json") or {}).get("run", {})  # as seen by the kernel, including the GPU
    return {
        "key": key,
        **described,
        "seconds": round(seconds, 1),
        "commit": commit(root),
        "versions": versions(dependencies()),
        "hardware": recorded.get("hardware") or {"cpu": cpu_name(), "cores": cores()},
        "inputs": inputs,
        "outputs": {path.relative_to(folder).as_posix(): fingerprint(path) for path in files},
    }


def commit(root: Path) -> str | None:
    """Commit of the checkout, with `-dirty` if files differ from it, or None outside a repository."""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def read(folder: Path) -> dict[str, Any] | None:
    """Read the manifest of a complete run in `folder`; None if there is none, or if one of its files has changed."""
    manifest = read_json(folder / "run.json")
    if manifest is None or not isinstance(manifest.get("outputs"), dict):
        return None
    outputs = {str(folder / name): seen for name, seen in manifest["outputs"].items() if is_inside(name)}
    return manifest if unchanged(outputs) else None


def is_inside(name: str) -> bool:
    """Whether a relative path read from a file stays inside its intended folder."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def is_current(folder: Path, key: str) -> bool:
    """Whether `folder` contains a complete run with this key whose input files are unchanged."""
    manifest = read(folder)
    return manifest is not None and manifest.get("key") == key and unchanged(manifest.get("inputs", {}))


def unchanged(files: dict[str, Fingerprint]) -> bool:
    """Whether every file still has its recorded fingerprint."""
    try:
        return all(fingerprint(whole(path)) == seen for path, seen in files.items())
    except OSError:
        return False

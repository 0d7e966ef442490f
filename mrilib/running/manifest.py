"""Manifest of a run, to decide whether its results are still valid: its dependencies and its outputs."""

import subprocess
from pathlib import Path, PurePosixPath
from typing import Any

from nbformat import NotebookNode

from mrilib.running.executed import committed
from mrilib.store.code import code_digest, imported
from mrilib.store.records import (
    Fingerprint,
    cores,
    cpu_name,
    dependencies,
    digest,
    fingerprint,
    read_json,
    required,
    versions,
    whole,
)
from mrilib.store.sealed import kept, read_sealed, sealed


def run_key(notebook: NotebookNode, parameters: dict[str, Any]) -> str:
    """Digests of everything known before a run: `code_key`, and the digest of parameters and versions.

    Tables, weights, data and displayed sources are recorded as they are read; see `records.note`.
    """
    return f"{code_key(notebook)}-{digest([parameters, versions(required(tuple(dependencies())))])[:32]}"


def code_key(notebook: NotebookNode) -> str:
    """Digest of a notebook's cells and of the library files they import."""
    cells = [[cell.cell_type, cell.source] for cell in notebook.cells]
    modules = {name for kind, source in cells if kind == "code" for name in imported(source)}
    return digest([cells, code_digest(modules, without=())])[:32]


def has_code(manifest: dict[str, Any], notebook: NotebookNode) -> bool:
    """Whether a run was made with the current notebook, the current library and the current files of the package."""
    package = {path: seen for path, seen in manifest["inputs"].items() if not Path(path).is_absolute()}
    return manifest["key"].partition("-")[0] == code_key(notebook) and unchanged(package)


def build(
    folder: Path,
    root: Path,
    key: str,
    described: dict[str, Any],
    inputs: dict[str, Fingerprint],
    seconds: float,
) -> dict[str, Any]:
    """Build the manifest of the run whose files are in `folder`, with its checksum."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    recorded = (read_json(folder / "results.json") or {}).get("run", {})  # as seen by the kernel, including the GPU
    manifest = {
        "key": key,
        **described,
        "seconds": round(seconds, 1),
        "commit": commit(root),
        "versions": versions(dependencies()),
        "hardware": recorded.get("hardware") or {"cpu": cpu_name(), "cores": cores()},
        "inputs": inputs,
        "outputs": {path.relative_to(folder).as_posix(): fingerprint(path) for path in files},
    }
    return sealed(manifest)


def commit(root: Path) -> str | None:
    """Commit of the checkout, with `-dirty` if files differ from it, or None outside a repository.

    A notebook that was run in place differs only in its outputs and is not dirty.
    """
    try:
        head = git(root, "rev-parse", "HEAD").strip()
        top = Path(git(root, "rev-parse", "--show-toplevel").strip())
        names = [name for name in git(top, "diff", "--name-only", "-z", "HEAD").split("\0") if name]
        return f"{head}-dirty" if any(differs(top, name) for name in names) else head
    except (OSError, subprocess.SubprocessError):
        return None


def differs(top: Path, name: str) -> bool:
    """Whether a file that git calls changed differs from the commit in more than a notebook's outputs."""
    if not name.endswith(".ipynb"):
        return True
    try:
        return committed((top / name).read_text("utf-8")) != committed(git(top, "show", f"HEAD:{name}"))
    except (OSError, ValueError, subprocess.SubprocessError):  # added, removed, or no notebook
        return True


def git(folder: Path, *words: str) -> str:
    """Output of git in a folder; raises OSError or SubprocessError."""
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True, encoding="utf-8").stdout


def executed(folder: Path, manifest: dict[str, Any]) -> Path:
    """The executed notebook of a run, the one notebook among its outputs."""
    return folder / next((name for name in manifest["outputs"] if name.endswith(".ipynb")), "notebook.ipynb")


def read(folder: Path) -> dict[str, Any] | None:
    """Read the manifest of a complete run in `folder`; None if there is none, or if one of its files has changed.

    Warns if it is damaged.
    """
    manifest = kept(folder / "run.json", read_sealed)
    if manifest is None:
        return None
    outputs = {str(folder / name): seen for name, seen in manifest["outputs"].items() if is_inside(name)}
    return manifest if unchanged(outputs) else None


def outputs_before(folder: Path) -> list[str]:
    """Files inside `folder` that its manifest lists, even if the manifest is damaged."""
    outputs = (read_json(folder / "run.json") or {}).get("outputs")
    return [name for name in outputs if is_inside(name)] if isinstance(outputs, dict) else []


def is_inside(name: str) -> bool:
    """Whether a relative path read from a file stays inside its intended folder."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def is_current(folder: Path, key: str) -> bool:
    """Whether `folder` contains a complete run with this key whose input files are unchanged."""
    manifest = read(folder)
    return manifest is not None and manifest["key"] == key and unchanged(manifest["inputs"])


def unchanged(files: dict[str, Fingerprint]) -> bool:
    """Whether every file still has its recorded fingerprint."""
    try:
        return all(fingerprint(whole(path)) == seen for path, seen in files.items())
    except OSError:
        return False

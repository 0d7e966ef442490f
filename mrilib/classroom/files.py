"""Files of a classroom: selecting them, checking that they are unchanged, and packing them into an archive."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mrilib import __version__
from mrilib.running.manifest import commit, is_inside
from mrilib.store.project import UserError
from mrilib.store.records import read_json, sha256_of, write_json

PROJECT, CACHE, WHEELS = "companion", "cache", "wheels"
MANIFEST = "classroom.json"
CONSTRAINTS = ".ci/constraints.txt"
ROOMS = ("mrilib", "notebooks", "params")  # no notebook runs without them
LEFT_BEHIND = {"__pycache__", ".ipynb_checkpoints"}
PACKED = {".whl", ".safetensors", ".h5", ".png"}  # cannot be compressed further


def copy_project(root: Path, target: Path) -> None:
    """Copy the files of a project: those tracked by git and new ones in ROOMS; without git, all except leftovers."""
    for name in project_files(root):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, copy)


def project_files(root: Path) -> list[str]:
    """Paths of the project's files, relative to `root`."""
    names = tracked(root) if (root / ".git").exists() else None
    if names is None:
        rooms = [path for room in (*ROOMS, ".ci") for path in (root / room).rglob("*")]
        found = [*(path for path in root.iterdir() if path.suffix != ".zip"), *rooms]
        names = {path.relative_to(root).as_posix() for path in found if not LEFT_BEHIND & set(path.parts)}
    return sorted(name for name in names if (root / name).is_file())


def tracked(root: Path) -> set[str] | None:
    """Files tracked by git below `root` and new files in ROOMS, or None if git fails."""
    names: set[str] = set()
    for asked in (["--cached"], ["--others", "--exclude-standard", "--", *ROOMS]):
        command = ["git", "-C", str(root), "ls-files", "-z", *asked]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
        except (OSError, subprocess.SubprocessError):
            return None
        names |= set(filter(None, done.stdout.split("\0")))
    return names


def write_manifest(folder: Path, root: Path) -> None:
    """Write the manifest: what the classroom was made from, and the SHA-256 of each of its files."""
    files = {path.relative_to(folder).as_posix(): sha256_of(path) for path in _files(folder)}
    made = {
        "classroom": 1,
        "mrilib": __version__,
        "commit": commit(root),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "platform": sysconfig.get_platform(),
        "files": files,
    }
    write_json(folder / MANIFEST, made)


def read_manifest(place: Path) -> dict[str, Any] | None:
    """Read the manifest of a classroom folder or archive; None for anything else."""
    found = read_json(place / MANIFEST) if place.is_dir() else _packed_manifest(place)
    return found if found is not None and isinstance(found.get("files"), dict) and "classroom" in found else None


def _packed_manifest(archive: Path) -> dict[str, Any] | None:
    try:
        with zipfile.ZipFile(archive) as opened:
            names = [name for name in opened.namelist() if name.count("/") == 1 and name.endswith(f"/{MANIFEST}")]
            content = json.loads(opened.read(names[0])) if names else None
    except (OSError, zipfile.BadZipFile, ValueError):
        return None
    return content if isinstance(content, dict) else None


def changed(folder: Path) -> list[str]:
    """Files of the manifest that are missing or differ; raises UserError if there is no manifest."""
    manifest = read_manifest(folder)
    if manifest is None or not folder.is_dir():
        raise UserError(f"{folder}: no {MANIFEST}, so it is not a classroom; unpack the archive and name its folder")
    return [name for name, seen in manifest["files"].items() if not (is_inside(name) and same(folder / name, seen))]


def same(path: Path, seen: str) -> bool:
    """Whether the file exists and has this SHA-256."""
    return path.is_file() and sha256_of(path) == seen


def pack(folder: Path, archive: Path) -> Path:
    """Zip a folder under its own name; returns the archive."""
    with zipfile.ZipFile(archive, "w", strict_timestamps=False) as opened:
        for path in _files(folder):
            kind = zipfile.ZIP_STORED if path.suffix in PACKED else zipfile.ZIP_DEFLATED
            opened.write(path, os.path.join(folder.name, path.relative_to(folder)), kind)
    return archive


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())

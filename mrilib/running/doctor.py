"""Check what this machine offers the notebooks, with advice on everything that is missing."""

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from mrilib.store.records import cores, cpu_name

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PACKAGES = (
    "papermill",
    "ipykernel",
    "jupyterlab",
    "ipywidgets",
    "altair",
    "vl-convert-python",
    "h5py",
    "numpy",
)
State = Literal["ok", "optional", "missing", "broken"]


@dataclass(frozen=True)
class Finding:
    """Result of one check: `ok`, `optional` (absent, not needed), `missing` (absent, useful) or `broken` (needed)."""

    name: str
    state: State
    found: str
    advice: str = ""


def examine() -> list[Finding]:
    """Run all checks; a check that fails is itself a finding."""
    looks: tuple[Callable[[], Iterable[Finding]], ...] = (
        python,
        torch,
        machine,
        jupyter,
        data,
        shipped,
        cache,
        browser,
    )
    return [finding for look in looks for finding in examined(look)]


def examined(look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Findings of one check, or the error it raised."""
    try:
        return list(look())
    except Exception as error:  # whatever is wrong with this machine, the report must still be produced
        return [Finding(look.__name__, "broken", f"{type(error).__name__}: {error}", "install mrilib again")]


def python() -> Iterable[Finding]:
    """Check the Python interpreter."""
    yield Finding("Python", "ok", sys.version.split()[0])


def torch() -> Iterable[Finding]:
    """Check the PyTorch build and its GPU."""
    if find_spec("torch") is None:
        yield Finding("torch", "broken", "not installed", "pip install torch")
        return
    import torch  # takes a second or two

    build = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "CPU build"
    yield Finding("torch", "ok", f"{torch.__version__}, {build}, {torch.get_num_threads()} threads")
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            seen = torch.cuda.get_device_properties(index)
            yield Finding("GPU", "ok", f"{seen.name}, {seen.total_memory / 2**30:.0f} GiB")
    else:
        yield Finding(
            "GPU",
            "optional",
            "none found, and none needed",
            "only the profiles gpu and paper use a GPU; they also need a CUDA build of torch",
        )


def machine() -> Iterable[Finding]:
    """Check processor and memory."""
    yield Finding("CPU", "ok", f"{cores()} cores, {cpu_name()}")
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        small = memory < 4
        advice = "the notebooks need 4 GiB; close other programs" if small else ""
        yield Finding("memory", "missing" if small else "ok", f"{memory:.0f} GiB", advice)


def jupyter() -> Iterable[Finding]:
    """Check the packages needed to run and show notebooks."""
    for package in PACKAGES:
        try:
            yield Finding(package, "ok", version(package))
        except PackageNotFoundError:
            yield Finding(package, "broken", "not installed", f"pip install {package}")


def data() -> Iterable[Finding]:
    """Check the folder of real data, and the data sets that can be fetched."""
    folder = os.environ.get("MRILIB_DATA")
    if not folder:
        yield Finding(
            "MRILIB_DATA",
            "optional",
            "not set",
            "needed only for real data: set it to the folder that holds the data",
        )
    elif Path(folder).is_dir():
        yield Finding("MRILIB_DATA", "ok", folder)
    else:
        yield Finding("MRILIB_DATA", "missing", f"{folder} is not a folder", "create it, or change the variable")
    from mrilib.data import fetch  # imported on demand

    for name in fetch.DATASETS:
        place, found = fetch.examined(name)
        state: State = "ok" if place else "missing" if found.startswith("damaged") else "optional"
        yield Finding(name, state, found, "" if place else f"mrilib data get {name}")


def shipped() -> Iterable[Finding]:
    """Check the package's tables and weights against their checksums."""
    from mrilib.models.build import WeightsError
    from mrilib.store.sealed import DamagedError
    from mrilib.store.tables import SHIPPED, entries
    from mrilib.train.checkpoints import verify
    from mrilib.train.networks import SHIPPED as WEIGHTS

    tables, weights = sorted(SHIPPED.glob("*.json")), sorted(WEIGHTS.glob("*.safetensors"))
    try:
        rows = sum(len(entries(file)) for file in tables)
        for file in weights:
            verify(file)
    except (DamagedError, WeightsError) as error:
        yield Finding("tables, weights", "broken", str(error), "install mrilib again")
    else:
        yield Finding("tables, weights", "ok", f"{rows} rows of {len(tables)} tables, {len(weights)} networks, intact")


def cache() -> Iterable[Finding]:
    """Check the cache folder, or the folder in which it will be created."""
    from mrilib.store.paths import cache_dir, nearest_folder  # imported on demand

    folder = cache_dir()
    nearest = nearest_folder(folder)
    writable = nearest.is_dir() and os.access(nearest, os.W_OK)
    advice = "" if writable else "set MRILIB_CACHE to a writable folder; without a cache, runs are slower"
    yield Finding(
        "cache",
        "ok" if writable else "missing",
        str(folder) if writable else f"{folder} not writable",
        advice,
    )


def browser() -> Iterable[Finding]:
    """Look for a Chromium for the browser tests."""
    place = next(filter(None, map(shutil.which, BROWSERS)), None)
    advice = "" if place else "only `pytest -m browser` needs a browser: install chromium"
    yield Finding("browser", "ok" if place else "optional", place or "no chromium on PATH", advice)


def report(findings: Iterable[Finding]) -> str:
    """Format the findings, one line each, with the advice below."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:<8} {finding.name:<18} {finding.found}")
        if finding.advice:
            lines.append(f"{'':<27} {finding.advice}")
    return "\n".join(lines)

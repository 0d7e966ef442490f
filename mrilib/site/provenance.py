"""Provenance of a page's numbers: one line below the first figure, and full details at the end."""

from html import escape
from typing import Any

from mrilib.running.batch import clock
from mrilib.site.html import facts
from mrilib.store.records import digest


def badge(manifest: dict[str, Any], notebook: str) -> str:
    """One line of HTML: run time, hardware, profile, and a link to the notebook."""
    hardware = manifest.get("hardware", {})
    parts = [
        f"<span>ran in {clock(manifest['seconds'])} min</span>",
        f"<span>{escape(device(hardware))}</span>",
        f"<span>profile {escape(manifest['profile'])}</span>",
        '<a href="#provenance">provenance</a>',
        f'<a href="{escape(notebook)}" download>notebook</a>',
    ]
    return f'<p class="badge-line">{" · ".join(parts)}</p>'


def footer(manifest: dict[str, Any]) -> str:
    """Parameters, commit, versions, hardware and wall time of a run, from its manifest."""
    given = " ".join(f"-p {name} {value}" for name, value in manifest.get("given", {}).items())
    number = manifest["notebook"].partition("_")[0]
    profile = "" if manifest["profile"] == "quick" else f" --profile {manifest['profile']}"
    versions = (f"{name} {version}" for name, version in manifest.get("versions", {}).items() if version)
    parameters = facts([(name, escape(str(value))) for name, value in manifest.get("params", {}).items()])
    return facts(
        [
            ("command", f"<code>{escape(' '.join(f'mrilib run {number}{profile} {given}'.split()))}</code>"),
            ("wall time", f"{clock(manifest['seconds'])} min"),
            ("hardware", escape(machine(manifest.get("hardware", {})))),
            ("versions", escape(", ".join(versions))),
            ("commit", f"<code>{escape(str(manifest.get('commit') or 'not in a repository'))}</code>"),
            ("parameters", f"SHA-256 <code>{digest(manifest.get('params', {}))}</code>"),
            ("", f"<details><summary>values of the parameters</summary>{parameters}</details>"),
            ("run", f"SHA-256 <code>{escape(manifest['key'])}</code> of parameters, cells, library and versions"),
        ]
    )


def device(hardware: dict[str, Any]) -> str:
    """Name of the GPU, or the number of CPU cores."""
    return str(hardware.get("gpu") or f"{hardware.get('cores', '?')} CPU cores")


def machine(hardware: dict[str, Any]) -> str:
    """Processor, cores and GPU in words."""
    gpu = hardware.get("gpu") or "no GPU"
    return f"{hardware.get('cpu', 'unknown processor')}, {hardware.get('cores', '?')} cores, {gpu}"

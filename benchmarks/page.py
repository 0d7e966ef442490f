"""Write docs/performance.md from the measures in benchmarks/results.

python benchmarks/page.py [--results FOLDER] [--output FILE]
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measuring import RESULTS

from mrilib.running.statements import statements
from mrilib.store.paths import atomic_write

Measures = dict[str, dict[str, Any]]
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
SLOW = 2.0  # times the limit from which a reason is asked for

HEAD = """\
# How fast it is

Made by `python benchmarks/page.py` from the JSON in `benchmarks/results/`. Times are medians in milliseconds; what
stands in one table was measured in one run, call by call in turn, so that a busy moment hits all. With one thread on
the CPU they are the processor's time: the machine was busy with other work, which slows memory and caches all the
same, so ratios are to be trusted more than times. A ratio is the other's time over ours: above 1, ours is faster.
"""
TOY = """
**Size `toy`, on a machine that was busy: this shows that the scripts run, and its times and ratios mean nothing.**
"""
OPERATORS = """
## Operators

A = M F S on {size}. *Limit* is this machine's: the Fourier transforms that are needed, in place, and one
multiplication of all coils for each application. For AᴴA that is two transforms along the columns: a mask of whole
columns commutes with the readout transform. *torch* is the same composed of masks, centred transforms and maps one
by one. The gradient is that of ‖Ax‖₁: moduli and their signs are passes over all coils that its limit leaves out.
"""
TRAINING = """
## Training step

U-Net of 8 channels, slices of {size}, supervised loss, a step of Adam; milliseconds a slice. *Bare* is the same
U-Net and loss without k-space, complex images or checks.
"""
COMPILED = """
`torch.compile` of the U-Net took {compile} s and then {verdict}.
"""
TTT = """
## Iteration of test-time training

The same U-Net and slices. *Published* is the published loop: centred transforms with shifts, SSIM after every
iteration.
"""
STACKED = """
## Test-time training of many slices at once

`mrilib.ttt.stacked` beside one slice after the other, milliseconds an iteration and slice. *Difference* is the
largest of any pixel, relative to the brightest, after three iterations in double precision. In single precision it
is larger: these slices are noise and the network is random, and the first steps of Adam are as long for a gradient
that is rounding as for any other.
"""
STACK_COLUMNS = ("one_by_one_ms", "stacked_ms", "ratio", "difference", "difference_float32")
ESPIRIT = """
## Coil maps

ESPIRiT of a phantom behind {size} coils and pixels, 24 calibration lines. sigpy takes 100 power iterations a pixel,
ours 5 from the low-resolution coil images; maps agree to {alike:.4f} (median of |⟨a, b⟩| over the object).
"""
READING = """
## Reading a volume

Milliseconds a slice of {large}, from files in memory. *h5py* reads the same bytes. `read_slice` also makes the
image, and compares it with the stored one and its maximum; the first time it verifies the file's checksum. Two
thirds of its time are the image: the transform of all coils, and its two shifts, which take as long again.
"""
NOTEBOOK = """
## Notebook 04

{seconds:.0f} s for the whole of it with an empty cache (simulated volumes and shipped networks were there);
test-time training of a slice takes {ttt_seconds_p:.1f} s from P and {ttt_seconds_q:.1f} s from Q (medians).
"""

STATEMENTS = """
## `mrilib plan` beside what the papers say

GPU-hours on an A6000, counted as the planner counts: operations of a forward and a backward pass, at a fixed share
of the TF32 peak. That share is taken from paper B's U-Net, so the first row is an input; the others are checks.
They took two and a half to five times as long as counted. Not counted are Fourier transforms, reading, validation,
and in paper A's notebooks a further forward pass and SSIM on the CPU at every iteration; how much of a GPU a
transformer or a cascade of small networks uses beside one wide U-Net was not measured here. So what
`mrilib plan --gpu` prints is a lower bound; `--steps` with a file of `benchmarks/gpu.py` replaces the share by a
measured step.
"""


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *[[_cell(one) for one in row] for row in rows]]
    return "\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.1e}" if 0 < value < 1e-3 else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def operators(found: dict[str, float]) -> str:
    """A row for each operator."""
    rows = []
    for name in ("A", "A.H", "A.N", "gradient"):
        ours, limit = found[f"{name} mrilib"], found[f"{name} limit"]
        others = [found.get(f"{name} {other}") for other in ("torch", "sigpy")]
        ratios = [value / ours if value else "" for value in others]
        rows.append([name.replace(".H", "ᴴ").replace("A.N", "AᴴA"), ours, *ratios, ours / limit])
    return table(["", "ours, ms", "torch / ours", "sigpy / ours", "ours / limit"], rows)


def beside(found: dict[str, float], ours: str, names: dict[str, str], first: str) -> str:
    """A row for ours and for each other, with its ratio to ours."""
    rows = [[first, found[ours], ""]]
    rows += [[title, found[name], found[name] / found[ours]] for name, title in names.items() if name in found]
    return table(["", "ms", "ratio"], rows)


def slow(measures: Measures) -> list[str]:
    """Measures that take more than SLOW times their limit."""
    found = measures.get("operators", {})
    return [
        f"{name}: {found[f'{name} mrilib'] / found[f'{name} limit']:.1f}"
        for name in ("A", "A.H", "A.N", "gradient")
        if f"{name} limit" in found and found[f"{name} mrilib"] > SLOW * found[f"{name} limit"]
    ]


def stacks(measures: Measures) -> str:
    """A row for each number of slices."""
    rows = [
        [int(name.split()[1]), *(one[column] for column in STACK_COLUMNS)]
        for name, one in measures.items()
        if name.startswith("stacked") and "ratio" in one
    ]
    return table(
        ["slices", "one by one, ms", "stacked, ms", "ratio", "difference", "in single precision"],
        sorted(rows, key=lambda row: row[0]),
    )


def about(kept: dict[str, Any]) -> str:
    """The machine."""
    machine = kept["hardware"]["gpu"] if kept.get("device") == "cuda" else kept["hardware"]["cpu"]
    threads = f", {kept['threads']} threads" if "threads" in kept else ""
    return f"{machine}{threads}, torch {kept['versions']['torch']}, size `{kept['size']}`"


def toy(kept: dict[str, Any]) -> str:
    """A warning where the sizes are toys."""
    return TOY if kept["size"] == "toy" else ""


def cpu(kept: dict[str, Any], sizes: dict[str, str]) -> str:
    """All that `cpu.py` measured."""
    m: Measures = {name: one for name, one in kept["measures"].items() if "error" not in one}
    parts = [f"\nOn the CPU: {about(kept)}.\n", toy(kept)]
    if "operators" in m:
        parts += [OPERATORS.format(size=sizes["large"]), operators(m["operators"])]
        parts += [f"\nMore than {SLOW:g} times the limit: {', '.join(found)}.\n"] if (found := slow(m)) else []
    if "training" in m:
        names = {"bare": "bare", "batch": "batch of 4", "channels_last": "channels last", "bfloat16": "bfloat16"}
        parts += [TRAINING.format(size=sizes["small"]), beside(m["training"], "library", names, "ours")]
    if "compiled" in m:
        one = m["compiled"]
        faster = one["library"] / one["compiled"]
        step = f"a step takes {one['compiled']:.3g} ms in place of {one['library']:.3g} ms"
        parts.append(COMPILED.format(compile=one["seconds_to_compile"], verdict=f"{step}, a ratio of {faster:.2f}"))
    if "ttt" in m:
        names = {"published": "published", "free_phase": "with a free phase", "bfloat16": "bfloat16"}
        parts += [TTT, beside(m["ttt"], "library", names, "ours")]
    if any(name.startswith("stacked") for name in m):
        parts += [STACKED, stacks(m)]
    if "espirit" in m:
        names = {"sigpy": "sigpy, 100 iterations", "sigpy, 5": "sigpy, 5 iterations"}
        heading = ESPIRIT.format(size=sizes["small"], alike=m["espirit"]["alike"])
        parts += [heading, beside(m["espirit"], "mrilib", names, "ours")]
    if "reading" in m:
        names = {"h5py": "h5py", "h5py, magnitude": "h5py and magnitudes"}
        parts += [READING.format(**sizes), beside(m["reading"], "mrilib", names, "ours")]
    if "notebook 04" in m:
        parts.append(NOTEBOOK.format(**m["notebook 04"]))
    return "".join(parts)


def gpu(kept: dict[str, Any]) -> str:
    """What `gpu.py` measured."""
    rows = [
        [name, one["parameters"], one["operations"] / 1e9, one["training_step_ms"], one["ttt_iteration_ms"]]
        for name, one in kept["measures"].items()
        if "training_step_ms" in one
    ]
    head = ["", "parameters", "10⁹ operations a step", "training step, ms", "TTT iteration, ms"]
    stacked = stacks(kept["measures"])
    return f"\n## `benchmarks/gpu.py`\n\n{about(kept)}.\n{toy(kept)}{table(head, rows)}{stacked}"


def planned() -> str:
    """A row for each statement of a paper."""
    rows = [[one.what, one.stated, one.planned, f"{one.ratio:.2f}", one.assumed] for one in statements()]
    return STATEMENTS + table(["", "stated, h", "counted, h", "share", "assumed"], rows)


def main() -> None:
    from cpu import SIZES

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--output", type=Path, default=PAGE)
    given = parser.parse_args()
    kept = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(given.results.glob("*.json"))}
    if "cpu" not in kept:
        raise SystemExit(f"{given.results}/cpu.json: not there; python benchmarks/cpu.py makes it")
    size = SIZES[kept["cpu"]["size"]]
    sizes = {name: " × ".join(map(str, getattr(size, name))) for name in ("large", "small")}
    text = HEAD + cpu(kept["cpu"], sizes)
    text += "".join(gpu(one) for name, one in kept.items() if name.startswith("gpu")) + planned()
    with atomic_write(given.output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(given.output)


if __name__ == "__main__":
    main()

"""`mrilib plan`: estimated hours of a run, and its parts for a cluster; `mrilib part`: compute one of the parts."""

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrilib.running.arguments import check_device, read_given, said
from mrilib.store.project import UserError, find_notebook, notebooks, profile_of, root_here

if TYPE_CHECKING:  # importing torch takes a second, too slow for `mrilib --help`
    from mrilib.running.cost import Seconds
    from mrilib.running.jobs import Job
    from mrilib.running.workload import Part

MOST = 10_000
COLUMNS = ("notebook", "networks", "training", "TTT at most", "together", "days")
ASSUMED = """\
The table gives the hours on one device to train every network from scratch. Training: seconds per step x slices x
epochs. Test-time training: three networks on each test slice, all iterations; early stopping shortens it. Files of
unknown size count as 640 x 372. Stored tables, reading files, evaluation and the Fourier transforms are not
counted.{bound}"""
BOUND = """
With --gpu, the hours are a lower bound. Runs that took 104, 480 and 960 GPU-hours according to the papers are estimated
at a fifth to two fifths of these hours (docs/performance.md). To use measured steps, give --steps."""


def add_plan(subparsers: Any) -> None:
    """Add `mrilib plan`."""
    parser = subparsers.add_parser(
        "plan",
        help="estimate the hours of a run, before asking for an allocation",
        description="Estimate what a run costs, notebook by notebook, from measured or estimated steps.",
    )
    _add_run(parser, "*")
    parser.add_argument("--gpu", metavar="NAME", help="estimate for this GPU: a6000, a100 or h100")
    parser.add_argument("--steps", type=Path, metavar="FILE", help="steps measured by benchmarks/gpu.py")
    parser.add_argument("--gpus", type=int, default=1, metavar="N", help="number of devices (default: 1)")
    parser.add_argument("--shards", type=int, default=8, metavar="N", help="split slices into N parts (default: 8)")
    parser.add_argument("--parts", type=Path, metavar="FILE", help="add the remaining parts to FILE, for the workflow")
    parser.set_defaults(command=plan_runs)


def add_part(subparsers: Any) -> None:
    """Add `mrilib part`."""
    parser = subparsers.add_parser("part", help="compute one part of a run; `mrilib plan --parts` lists the parts")
    _add_run(parser, None)
    parser.add_argument("--name", required=True, help="name of the part")
    parser.add_argument("--done", type=Path, required=True, metavar="FILE", help="file to write when the part is done")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.set_defaults(command=compute_part)


def _add_run(parser: argparse.ArgumentParser, many: str | None) -> None:
    parser.add_argument("notebook", nargs=many, metavar="NOTEBOOK", help="number or name")
    parser.add_argument(
        "--profile", default="quick", help="params/<notebook>/PROFILE.yaml: quick (default), gpu, paper, smoke"
    )
    parser.add_argument(
        "-p", action="append", default=[], metavar="NAME VALUE", help="change one parameter; repeatable"
    )


def _jobs(names: list[str], options: argparse.Namespace) -> "list[Job]":
    from mrilib.running.jobs import plan

    root = root_here()
    found = [find_notebook(name, root) for name in names] or notebooks(root)
    given = read_given(options.p)
    return [plan(notebook, root, profile_of(notebook, options.profile, root), given) for notebook in found]


def plan_runs(options: argparse.Namespace) -> int:
    """Print the hours of each notebook, and write its parts if asked for."""
    from mrilib.running.workload import hours, workload

    for name, number in (("gpus", options.gpus), ("shards", options.shards)):
        if not 1 <= number <= MOST:
            raise UserError(f"--{name}: expected a number from 1 to {MOST:,}, got {number}")
    step, source = _step(options)
    jobs = _jobs(options.notebook, options)
    print(f"{source}; profile {options.profile}\n\n" + _line(*COLUMNS))
    total, found = 0.0, []
    for job in jobs:
        parts = workload(job, step, options.shards)
        found.append((job, parts))
        training, adapting = hours(parts, "train"), hours(parts, "ttt", "inside")
        total += training + adapting
        if parts:
            count = sum(part.kind == "train" for part in parts)
            together = training + adapting
            print(_line(job.name, count, training, adapting, together, together / 24 / options.gpus))
    print(_line("all", "", "", "", total, total / 24 / options.gpus))
    print("\n" + ASSUMED.format(bound=BOUND if options.gpu else ""))
    if options.parts:
        _add_parts(options.parts, found, options.p)
    return 0


def _add_parts(file: Path, found: "list[tuple[Job, list[Part]]]", given: list[str]) -> None:
    """Add the remaining parts to a file; finding out which networks exist needs the data on which they are trained."""
    from mrilib.running.workload import to_do
    from mrilib.store.records import read_json, write_json

    try:
        content = {
            job.name: {
                "run": {"profile": job.profile, "given": given},
                "folder": str(job.folder),
                "parts": [asdict(part) for part in to_do(job, parts)],
            }
            for job, parts in found
        }
    except ValueError as error:  # files that are not there or cannot be used, damaged weights
        raise UserError(f"--parts {file}: {said(error)}") from error
    before = (read_json(file) or {}).get("notebooks", {})
    try:
        write_json(file, {"notebooks": before | content})
    except OSError as error:
        raise UserError(f"--parts {file}: {error.strerror or error}") from error
    print(f"{file}: snakemake --snakefile workflow/Snakefile --configfile {file}")


def _step(options: argparse.Namespace) -> "tuple[Seconds, str]":
    from mrilib.running import cost

    if options.gpu and options.steps:
        raise UserError("--gpu and --steps: give only one of them")
    if options.gpu:
        share = f"{cost.UTILISATION:.0%} of its TF32 peak, as for paper B's U-Net"
        return cost.on_gpu(options.gpu), f"estimated for {options.gpus} x {options.gpu} at {share}"
    if options.steps:
        return cost.as_measured(options.steps), f"from the steps in {options.steps}"
    return cost.here("cpu"), "from steps measured on this machine's CPU"


def _line(*cells: object) -> str:
    texts = [f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells]
    return f"{texts[0]:<34}" + "".join(f"{text:>13}" for text in texts[1:])


def compute_part(options: argparse.Namespace) -> int:
    """Compute a part and record in a file that it is done."""
    from mrilib.running.workload import compute
    from mrilib.store.records import write_json

    start = time.monotonic()
    [job] = _jobs([options.notebook], options)
    try:
        outcome = compute(job, options.name, check_device(options.device))
        options.done.parent.mkdir(parents=True, exist_ok=True)
        write_json(options.done, outcome | {"seconds": round(time.monotonic() - start, 1)})
    except (ValueError, OSError) as error:  # of the data, the weights or the file
        raise UserError(said(error)) from error
    return 0

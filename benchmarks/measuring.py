"""Times of calls that take turns, and a file that keeps each measure as soon as it is done."""

import argparse
import json
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import torch

from mrilib.sample import Sample, undersample
from mrilib.sampling import Undersampling
from mrilib.store.records import hardware, versions, write_json

Numbers = dict[str, Any]
Measures = Iterable[tuple[str, Callable[[], Numbers]]]
RESULTS = Path(__file__).parent / "results"


def slice_of(shape: tuple[int, int, int], device: torch.device | str = "cpu", seed: int = 0) -> Sample:
    """One slice of noise, (coils, rows, columns): the arithmetic is that of a measured one."""
    noise = torch.randn(2, *shape, generator=torch.Generator().manual_seed(seed))
    mask = Undersampling(4, 0.16).mask(f"benchmark {seed}", shape[-1])
    return undersample(torch.complex(noise[0], noise[1]), mask).to(device)


def in_turn(
    calls: Mapping[str, Callable[[], object]], rounds: int, device: torch.device | str = "cpu"
) -> dict[str, float]:
    """Median milliseconds of each call, after one that warms up; they take turns, so that a busy moment hits all.

    With one thread on the CPU it is the processor's time, to which other processes add little.
    """
    cuda = torch.device(device).type == "cuda"
    clock = time.process_time if not cuda and torch.get_num_threads() == 1 else time.perf_counter
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            start = clock()
            call()
            if cuda:
                torch.cuda.synchronize()
            if turn:
                times[name].append(1e3 * (clock() - start))
    return {name: round(median(values), 3) for name, values in times.items()}


def options(description: str | None, sizes: Iterable[str], name: str) -> argparse.ArgumentParser:
    """Options of a script that measures; its file is `benchmarks/results/<name>.json` unless told."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=8, help="no further measure is begun that would end later")
    parser.add_argument("--size", choices=tuple(sizes), default=next(iter(sizes)))
    parser.add_argument("--output", type=Path, default=RESULTS / f"{name}.json")
    parser.add_argument("--only", default="", metavar="TEXT", help="only measures whose name begins so")
    return parser


def keep(given: argparse.Namespace, about: Numbers, measures: Measures) -> None:
    """Take the measures that the file has not yet, until time is up; each is written as soon as it is done.

    Raises:
        SystemExit: the file is of another size or machine.
    """
    about = {"size": given.size, "hardware": hardware(), "versions": versions(), **about}
    kept = json.loads(given.output.read_text(encoding="utf-8")) if given.output.exists() else {**about, "measures": {}}
    if other := [name for name in about if kept.get(name) != about[name]]:
        raise SystemExit(
            f"{given.output}: measured with another {', '.join(other)}; give another --output or delete it"
        )
    end, longest = time.monotonic() + 60 * given.minutes, 0.0
    given.output.parent.mkdir(parents=True, exist_ok=True)
    for name, measure in measures:
        if name in kept["measures"] or not name.startswith(given.only):
            continue
        if time.monotonic() + longest >= end:
            print(f"time is up before: {name}; run again to go on")
            break
        start = time.monotonic()
        try:
            found = measure()
        except subprocess.TimeoutExpired:  # what it computed lies in the cache
            print(f"time is up during: {name}; run again to go on")
            break
        except (RuntimeError, ValueError, ImportError) as error:  # out of memory, not installed: a result too
            found = {"error": f"{type(error).__name__}: {error}"[:400]}
        longest = max(longest, time.monotonic() - start)
        kept["measures"][name] = found
        write_json(given.output, kept)
        brief = {key: value for key, value in found.items() if not isinstance(value, dict)}
        print(f"{name:24} {time.monotonic() - start:6.1f} s  {brief}", flush=True)

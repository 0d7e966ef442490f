"""Stored tables: their notebooks, how to recompute their rows, and whether rows are reproduced."""

import json
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from torch import Tensor

from mrilib.models.build import WeightsError
from mrilib.running.jobs import Job, plan
from mrilib.store.code import file_of
from mrilib.store.paths import cache_dir
from mrilib.store.project import UserError, hint, notebooks
from mrilib.store.records import digest
from mrilib.store.tables import SHIPPED, Entry, StoredRow, entries, is_older

MODULE = "tables"  # module of a section, with a function `rows(p, device)`
UNLIKE = ("seconds", "machine", "slices")  # parts of a row that differ between machines or folders
TOLERANCE = 0.02  # of a score; training and test-time training end differently on another processor
NAMED = 3  # parts of a row that are named where they differ


@dataclass(frozen=True)
class Shipped:
    """A table of the package, and the jobs whose rows it contains."""

    name: str
    jobs: tuple[Job, ...]

    @property
    def file(self) -> Path:
        """Path of its file."""
        return SHIPPED / f"{self.name}.json"

    @property
    def entries(self) -> list[Entry]:
        """Rows as shipped."""
        return entries(self.file)

    def rows(self, device: str = "cpu") -> list[StoredRow]:
        """Distinct rows, with how to compute each."""
        found = [row for job in self.jobs for row in rows_of(job, device) if row.table.name == self.name]
        return list({digest([dict(row.key), row.table.settings]): row for row in found}.values())


def module_of(job: Job) -> Any:
    """Module that computes the stored rows of a notebook, or None if there is none."""
    name = f"{job.section}.{MODULE}"
    return import_module(name) if job.section and file_of(name) else None


def rows_of(job: Job, device: str) -> list[StoredRow]:
    """All rows that a notebook stores with the parameters of a job."""
    return module_of(job).rows(job.record, device)


def shipped(root: Path) -> dict[str, Shipped]:
    """The package's tables by name, in the order of their notebooks."""
    found: dict[str, list[Job]] = {}
    for notebook in notebooks(root):
        job = plan(notebook, root)
        module = module_of(job)
        if module is None:
            continue
        jobs = [job if name == job.profile else plan(notebook, root, name) for name in profiles(module)]
        for name in module.TABLES:
            found.setdefault(name, []).extend(jobs)
    return {name: Shipped(name, tuple(jobs)) for name, jobs in found.items()}


def profiles(module: Any) -> Sequence[str]:
    """Profiles whose rows a section ships."""
    return getattr(module, "PROFILES", ("quick",))


def named(name: str, root: Path) -> Shipped:
    """Return the table with this name; raises UserError with the nearest name if there is none."""
    every = shipped(root)
    if name not in every:
        raise UserError(f"no table {name!r}{hint(name, every)}")
    return every[name]


def make(table: Shipped, device: str, done: Callable[[int, int], None], most: int | None = None) -> Path:
    """Recompute rows and write the package's file; the next call continues where a killed or limited call stopped.

    Args:
        table: table to recompute.
        device: device to train and score on.
        done: called as done(rows computed, total number of rows).
        most: number of rows to compute now; all if None. The others stay as they are or are still missing.
    """
    begun = cache_dir() / "tables" / table.name / "making"
    since = _since(begun)
    rows = table.rows(device)
    waiting = [row for row in rows if not row.table.kept_since(row.key, since)]
    for number, row in enumerate(waiting[:most], len(rows) - len(waiting)):
        done(number, len(rows))
        row.read(recompute=True)
    done(len(rows) - len(waiting) + len(waiting[:most]), len(rows))
    groups: dict[str, list[StoredRow]] = {}
    for row in rows:
        groups.setdefault(digest(row.table.settings), []).append(row)
    for group in groups.values():
        group[0].table.ship([row.key for row in group if row.table.find(row.key)])
    if most is None or most >= len(waiting):
        begun.unlink(missing_ok=True)  # another process that makes this table may have ended first
    return table.file


def _since(begun: Path) -> float:
    """Time at which the computation of a table began, kept in a file until the table is complete."""
    begun.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with suppress(FileExistsError):
            begun.touch(exist_ok=False)
        with suppress(FileNotFoundError):
            return begun.stat().st_mtime


@dataclass(frozen=True)
class Difference:
    """Differences between a recomputed row and the stored one; without `parts`, why it was not computed.

    `parts` maps the path to each number or image of the row, such as "ssim.3", to its difference.
    """

    key: Mapping[str, Any]
    parts: Mapping[str, float] | None
    reason: str = ""
    older: bool = False  # whether other code made the stored row

    @property
    def largest(self) -> float | None:
        """The largest difference; None if the row was not computed."""
        return None if self.parts is None else max(self.parts.values(), default=0.0)

    @property
    def beyond(self) -> list[str]:
        """Paths of the parts that differ by more than the tolerance, the largest difference first."""
        parts = self.parts or {}
        return sorted((name for name, far in parts.items() if far > TOLERANCE), key=lambda name: -parts[name])

    @property
    def holds(self) -> bool:
        """Whether the row was reproduced."""
        return self.parts is not None and not self.beyond

    @property
    def said(self) -> str:
        """The outcome in words."""
        if self.reason or self.parts is None:
            return self.reason
        where = f"; beyond the tolerance: {len(self.beyond)} of {len(self.parts)}, {', '.join(self.beyond[:NAMED])}"
        older = "; stored by older code" if self.older else ""
        return f"largest difference {self.largest:.1e}{where if self.beyond else ''}{older}"


def check(table: Shipped, count: int, seed: int, device: str) -> Iterable[Difference]:
    """Recompute some of the shipped rows, without storing them, and compare.

    Args:
        table: table to check.
        count: number of rows, drawn at random.
        seed: seed of the draw.
        device: device to compute on.
    """
    rows = [(row, entry) for row in table.rows(device) if (entry := row.table.of_package(row.key))]
    for row, stored in random.Random(seed).sample(rows, min(count, len(rows))):
        try:
            now = json.loads(json.dumps(row.compute()))  # as it would be stored: keys become text
            parts = dict(differences(row.opened(stored["row"]), row.opened(now)))
            yield Difference(row.key, parts, older=is_older(stored))
        except WeightsError as error:  # weights that have not been fetched
            yield Difference(row.key, None, str(error))
        except Exception as error:  # continue with the other rows
            yield Difference(row.key, {"row": math.inf}, f"{type(error).__name__}: {error}")


def differences(stored: Any, now: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Yield the path and difference of each number and image of two rows; infinite where their structures differ."""
    if isinstance(stored, Mapping) and isinstance(now, Mapping):
        for name in sorted({*map(str, stored), *map(str, now)}):
            if not name.startswith(UNLIKE):
                yield from differences(stored.get(name), now.get(name), f"{path}.{name}".lstrip("."))
    elif isinstance(stored, list | tuple) and isinstance(now, list | tuple) and len(stored) == len(now):
        for number, pair in enumerate(zip(stored, now, strict=True)):
            yield from differences(*pair, f"{path}.{number}".lstrip("."))
    else:
        yield path, distance(stored, now)


def distance(stored: Any, now: Any) -> float:
    """Difference of two numbers, or the largest of two images; infinite if they are not comparable or it is NaN."""
    if isinstance(stored, Tensor) and isinstance(now, Tensor) and stored.shape == now.shape:
        return finite((stored - now).abs().max().item())
    if isinstance(stored, int | float) and isinstance(now, int | float):
        return finite(abs(stored - now))
    return 0.0 if type(stored) is type(now) and not isinstance(now, Tensor) and stored == now else math.inf


def finite(difference: float) -> float:
    """`difference`, or infinity in place of NaN, which `max` would lose."""
    return math.inf if math.isnan(difference) else difference


def code_in_words(made: Sequence[Entry]) -> str:
    """Whether entries were made by the current code; "not stated" for entries from before code was recorded."""
    counts = {"older": sum(map(is_older, made)), "not stated": sum("code" not in entry for entry in made)}
    said = [what if count == len(made) else f"{count} {what}" for what, count in counts.items() if count]
    return ", ".join(said) or "as now"


def lines(root: Path) -> list[str]:
    """One line per table: number of rows shipped, date, hours of computation, code and notebook."""
    found = [("table", "rows", "made", "hours", "code", "notebook")]
    for table in shipped(root).values():
        made = [entry["made"] for entry in table.entries]
        days = sorted({one["date"] for one in made}) or ["never"]
        hours = sum(one["seconds"] for one in made) / 3600
        code = code_in_words(table.entries)
        found.append((table.name, str(len(made)), days[-1], f"{hours:.1f}", code, table.jobs[0].name))
    widths = [max(len(line[column]) for line in found) for column in range(6)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in found]

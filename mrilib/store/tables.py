"""Result tables of experiments that require many trainings: shipped with the package, cached, or computed on demand."""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from mrilib.store.paths import PACKAGE, atomic_write, cache_dir
from mrilib.store.records import hardware, note, versions

SHIPPED = PACKAGE / "tables"
COMMAND = "MRILIB_COMMAND"  # variable with the command that started this process; defaults to its own arguments
Key = Mapping[str, Any]
Row = dict[str, Any]
Entry = dict[str, Any]


def entries(path: Path) -> list[Entry]:
    """Entries of a table file, not to be modified; empty if there is no readable file."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> list[Entry]:
    return json.loads(path.read_text(encoding="utf-8"))["rows"]


def made_now(seconds: float) -> dict[str, Any]:
    """Provenance of a row: date, duration, versions, hardware and command."""
    typed = os.environ.get(COMMAND) or " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return {
        "date": date.today().isoformat(),
        "seconds": round(seconds, 1),
        "versions": versions(),
        "hardware": hardware(),
        "command": typed,
    }


class StoredTable:
    """Rows of one experiment, each under a key of parameters, all computed with the same `settings`.

    A row found in the cache or in the package is returned as it is; any other is computed on request and cached
    at once, so that a killed sweep resumes where it stopped.

    Args:
        name: name of the table and its file.
        settings: everything else that determines the rows (JSON values); rows of other settings are never returned.
        shipped: folder of the package's tables.
    """

    def __init__(self, name: str, settings: Mapping[str, Any], shipped: Path = SHIPPED) -> None:
        self.name = name
        self.settings = json.loads(json.dumps(settings))
        self._file = shipped / f"{name}.json"
        if self._file.exists():
            note(self._file)
        self.shipped: list[Entry] = [entry for entry in entries(self._file) if entry["settings"] == self.settings]

    def _kept(self, key: Key) -> Path:
        content = json.dumps([dict(key), self.settings], sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        return cache_dir() / "tables" / self.name / f"{digest}.json"

    def of_package(self, key: Key) -> Entry | None:
        """The entry under `key` that is shipped with the package, or None."""
        return next((entry for entry in self.shipped if entry["key"] == dict(key)), None)

    def _of_cache(self, key: Key) -> Entry | None:
        return next((entry for entry in entries(self._kept(key)) if entry["key"] == dict(key)), None)

    def find(self, key: Key) -> Entry | None:
        """The entry under `key` with its provenance: {"key", "settings", "made", "row"}; None if there is none.

        An entry computed on this machine takes precedence over the package's.
        """
        return self._of_cache(key) or self.of_package(key)

    def row(self, key: Key, compute: Callable[[], Row], recompute: bool = False) -> Row:
        """The row under `key`, computed and cached if it does not exist yet or `recompute` is set."""
        found = None if recompute else self.find(key)
        if found is not None:
            return found["row"]
        start = time.perf_counter()
        row = compute()
        return self.keep(key, row, time.perf_counter() - start)

    def keep(self, key: Key, row: Row, seconds: float) -> Row:
        """Cache a row that took `seconds` to compute and return it as it will be read back."""
        entry = {"key": dict(key), "settings": self.settings, "made": made_now(seconds), "row": row}
        self._write(self._kept(key), [entry])
        return json.loads(json.dumps(row))

    def kept_since(self, key: Key, moment: float) -> bool:
        """Return whether a row was computed on this machine since `moment`, in seconds as from `time.time`."""
        path = self._kept(key)
        return path.exists() and path.stat().st_mtime >= moment

    def ship(self, keys: Sequence[Key]) -> Path:
        """Write the rows under `keys` to the package's file, preferring new ones; ValueError if one is missing."""
        found = [self.find(key) for key in keys]
        missing = [dict(key) for key, entry in zip(keys, found, strict=True) if entry is None]
        if missing:
            raise ValueError(f"table {self.name}: {missing[0]} was not computed yet; run it with recompute first")
        others = [entry for entry in entries(self._file) if entry["settings"] != self.settings]
        self._write(self._file, [*others, *(entry for entry in found if entry is not None)])
        return self._file

    def _write(self, path: Path, rows: Sequence[Entry]) -> None:
        lines = ",\n".join(json.dumps(row, allow_nan=False, ensure_ascii=False) for row in rows)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as temporary:
            temporary.write_text(f'{{"rows": [\n{lines}\n]}}\n', encoding="utf-8")

    def provenance(self, keys: Sequence[Key]) -> str:
        """Origin of the rows, for captions: stored with the package, from this machine's cache, or both."""
        shipped = [entry for key in keys if not self._of_cache(key) and (entry := self.of_package(key))]
        if not shipped:
            return "computed on this machine"
        days = sorted({entry["made"]["date"] for entry in shipped})
        part = "" if len(shipped) == len(keys) else f" ({len(shipped)} of {len(keys)} rows)"
        return f"stored with the package{part}, made {days[0] if len(days) == 1 else f'{days[0]} to {days[-1]}'}"


@dataclass(frozen=True)
class StoredRow:
    """One row of a table and the function that computes it.

    `opened` turns what is stored as text, such as an image, into numbers that can be compared.
    """

    table: StoredTable
    key: Key
    compute: Callable[[], Row]
    opened: Callable[[Row], Mapping[Any, Any]] = dict

    def read(self, recompute: bool = False) -> Row:
        """The stored row, computed first if necessary."""
        return self.table.row(self.key, self.compute, recompute)


def origin(rows: Sequence[StoredRow]) -> str:
    """Origin of the rows of one table, for captions; see `StoredTable.provenance`."""
    return rows[0].table.provenance([row.key for row in rows])

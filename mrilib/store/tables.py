"""Tables of experiments that take many trainings: shipped with the package, kept in the cache, or computed now."""

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
COMMAND = "MRILIB_COMMAND"  # what was typed to start this process; its own arguments where that is not set
Key = Mapping[str, Any]
Row = dict[str, Any]
Entry = dict[str, Any]


def entries(path: Path) -> list[Entry]:
    """Entries of a table file, to be read only; none where there is no readable one."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError):
        return []


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> list[Entry]:
    return json.loads(path.read_text(encoding="utf-8"))["rows"]


def made_now(seconds: float) -> dict[str, Any]:
    """When, how fast, by what and where a row was made."""
    typed = os.environ.get(COMMAND) or " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return {
        "date": date.today().isoformat(),
        "seconds": round(seconds, 1),
        "versions": versions(),
        "hardware": hardware(),
        "command": typed,
    }


class StoredTable:
    """Rows of one experiment, each under a key of parameters; all made with the same `settings`.

    A row found in the cache or in the package is returned as it is; any other is computed when asked for and
    kept in the cache at once, so that a killed sweep goes on where it stopped.

    Args:
        name: of the table and its file.
        settings: whatever else decides the rows (JSON values); rows of other settings are never returned.
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
        """The entry under `key` that was shipped with the package."""
        return next((entry for entry in self.shipped if entry["key"] == dict(key)), None)

    def _of_cache(self, key: Key) -> Entry | None:
        return next((entry for entry in entries(self._kept(key)) if entry["key"] == dict(key)), None)

    def find(self, key: Key) -> Entry | None:
        """The entry under `key` with its provenance: {"key", "settings", "made", "row"}; None if there is none.

        One that was made on this machine goes before the package's.
        """
        return self._of_cache(key) or self.of_package(key)

    def row(self, key: Key, compute: Callable[[], Row], recompute: bool = False) -> Row:
        """The row under `key`, computed and kept if it is nowhere yet or `recompute` is set."""
        found = None if recompute else self.find(key)
        if found is not None:
            return found["row"]
        start = time.perf_counter()
        row = compute()
        return self.keep(key, row, time.perf_counter() - start)

    def keep(self, key: Key, row: Row, seconds: float) -> Row:
        """Keep a row that took so long in the cache; returns it as it will be read."""
        entry = {"key": dict(key), "settings": self.settings, "made": made_now(seconds), "row": row}
        self._write(self._kept(key), [entry])
        return json.loads(json.dumps(row))

    def kept_since(self, key: Key, moment: float) -> bool:
        """Whether a row was made on this machine after a moment, in seconds as `time.time`."""
        path = self._kept(key)
        return path.exists() and path.stat().st_mtime >= moment

    def ship(self, keys: Sequence[Key]) -> Path:
        """Write the rows under `keys` to the package's file, the newly computed first; ValueError for one not there."""
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
        """Where the rows come from, for captions: stored with the package, from this machine's cache, or both."""
        shipped = [entry for key in keys if not self._of_cache(key) and (entry := self.of_package(key))]
        if not shipped:
            return "computed on this machine"
        days = sorted({entry["made"]["date"] for entry in shipped})
        part = "" if len(shipped) == len(keys) else f" ({len(shipped)} of {len(keys)} rows)"
        return f"stored with the package{part}, made {days[0] if len(days) == 1 else f'{days[0]} to {days[-1]}'}"


@dataclass(frozen=True)
class StoredRow:
    """One row of a table and how it is computed."""

    table: StoredTable
    key: Key
    compute: Callable[[], Row]

    def read(self, recompute: bool = False) -> Row:
        """The row as it is stored, or computed now."""
        return self.table.row(self.key, self.compute, recompute)


def origin(rows: Sequence[StoredRow]) -> str:
    """Where rows of one table come from, for captions: see `StoredTable.provenance`."""
    return rows[0].table.provenance([row.key for row in rows])

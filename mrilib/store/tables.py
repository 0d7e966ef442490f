"""Result tables of experiments with many training runs: shipped with the package, cached, or computed on demand."""

import json
import os
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from mrilib.store.code import code_digest
from mrilib.store.paths import PACKAGE, atomic_write, cache_dir
from mrilib.store.records import digest, hardware, note, versions
from mrilib.store.sealed import CHECKSUM, DamagedError, foreign, kept, read_sealed, sealed

SHIPPED = PACKAGE / "tables"
COMMAND = "MRILIB_COMMAND"  # variable with the command that started this process; defaults to its own arguments
Key = Mapping[str, Any]
Row = dict[str, Any]
Entry = dict[str, Any]


PARTS = ("key", "settings", "made", "row")  # of an entry; those made since code is stated also have "code"


def entries(path: Path) -> list[Entry]:
    """Entries of a table file, not to be modified; empty if there is no file.

    Raises:
        DamagedError: the file is damaged, or its entries have another form.
    """
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return []
    return _read(path, changed)


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> list[Entry]:
    rows = read_sealed(path).get("rows")
    if not isinstance(rows, list) or not all(_is_entry(row) for row in rows):
        raise foreign(path, f"its rows are not entries with {', '.join(PARTS)}")
    return rows


def _is_entry(row: Any) -> bool:
    return isinstance(row, dict) and all(isinstance(row.get(part), dict) for part in PARTS)


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


@cache
def loaded_code(modules: frozenset[str]) -> str:
    """Digest of modules and what they import, computed only once because loaded code does not change."""
    return code_digest(modules)[:16]


def is_older(entry: Entry) -> bool:
    """Whether an entry says that other code computed it; entries made before code was recorded do not say so."""
    code = entry.get("code")
    return code is not None and code["digest"] != loaded_code(frozenset(code["modules"]))


class StoredTable:
    """Rows of one experiment, each under a key of parameters, all computed with the same `settings`.

    A row found in the cache or in the package is returned as it is. Any other row is computed on request and cached at
    once, so that a killed sweep resumes where it stopped.

    Args:
        name: name of the table and its file.
        settings: everything else that determines the rows (JSON values); rows with other settings are never returned.
        modules: modules that compute the rows. A cached row is computed again when they, or what they import, change;
            a shipped row is returned, and `provenance` says if other code computed it.
        shipped: folder of the package's tables.

    Raises:
        DamagedError: the package's file is damaged.
    """

    def __init__(
        self, name: str, settings: Mapping[str, Any], modules: Collection[str], shipped: Path = SHIPPED
    ) -> None:
        self.name = name
        self.settings = json.loads(json.dumps(settings))
        self.modules = frozenset(modules)
        self._file = shipped / f"{name}.json"
        if self._file.exists():
            note(self._file)
        self.shipped: list[Entry] = [entry for entry in self._all_shipped() if entry["settings"] == self.settings]

    @property
    def code(self) -> dict[str, Any]:
        """Code that computes the rows: modules to start from, and the digest of what they reach."""
        return {"modules": sorted(self.modules), "digest": loaded_code(self.modules)}

    def _all_shipped(self) -> list[Entry]:
        try:
            return entries(self._file)
        except DamagedError as error:
            raise DamagedError(f"{error}; install mrilib again, or remove it: mrilib tables make {self.name}") from None

    def _kept(self, key: Key) -> Path:
        return cache_dir() / "tables" / self.name / f"{digest([dict(key), self.settings, self.code])[:16]}.json"

    def of_package(self, key: Key) -> Entry | None:
        """The entry under `key` that is shipped with the package, or None."""
        return next((entry for entry in self.shipped if entry["key"] == dict(key)), None)

    def _of_cache(self, key: Key) -> Entry | None:
        found = kept(self._kept(key), entries) or []
        return next((entry for entry in found if entry["key"] == dict(key)), None)

    def find(self, key: Key) -> Entry | None:
        """The entry under `key` with its provenance: {"key", "settings", "code", "made", "row"}; None if there is none.

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
        entry = {"key": dict(key), "settings": self.settings, "code": self.code, "made": made_now(seconds), "row": row}
        self._write(self._kept(key), [entry])
        return json.loads(json.dumps(row))

    def kept_since(self, key: Key, moment: float) -> bool:
        """Return whether a row was computed on this machine since `moment`, in seconds like those of `time.time`."""
        path = self._kept(key)
        return path.exists() and path.stat().st_mtime >= moment

    def ship(self, keys: Sequence[Key]) -> Path:
        """Write rows by their keys to the package's file, preferring new ones; raises ValueError if one is missing."""
        found = [self.find(key) for key in keys]
        missing = [dict(key) for key, entry in zip(keys, found, strict=True) if entry is None]
        if missing:
            raise ValueError(f"table {self.name}: {missing[0]} has not been computed yet; run it with recompute first")
        others = [entry for entry in self._all_shipped() if entry["settings"] != self.settings]
        self._write(self._file, [*others, *(entry for entry in found if entry is not None)])
        return self._file

    def _write(self, path: Path, rows: Sequence[Entry]) -> None:
        lines = ",\n".join(json.dumps(row, allow_nan=False, ensure_ascii=False) for row in rows)
        checksum = sealed({"rows": rows})[CHECKSUM]
        with atomic_write(path) as temporary:
            temporary.write_text(f'{{"rows": [\n{lines}\n], "{CHECKSUM}": "{checksum}"}}\n', encoding="utf-8")

    def provenance(self, keys: Sequence[Key]) -> str:
        """Origin of the rows, for captions: stored with the package, from this machine's cache, or both."""
        shipped = [entry for key in keys if not self._of_cache(key) and (entry := self.of_package(key))]
        if not shipped:
            return "computed on this machine"
        days = sorted({entry["made"]["date"] for entry in shipped})
        part = "" if len(shipped) == len(keys) else f" ({len(shipped)} of {len(keys)} rows)"
        older = ", by older code" if any(map(is_older, shipped)) else ""
        return f"stored with the package{part}, made {days[0] if len(days) == 1 else f'{days[0]} to {days[-1]}'}{older}"


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

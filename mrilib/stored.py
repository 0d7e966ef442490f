"""Tables of experiments that take many trainings: shipped with the package, kept in the cache, or computed now."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import torch

from mrilib import __version__
from mrilib.data.paths import atomic_write, cache_dir

SHIPPED = Path(__file__).parent / "tables"
Key = Mapping[str, Any]
Row = dict[str, Any]
Entry = dict[str, Any]


def _rows(path: Path) -> list[Entry]:
    """Entries of a table file; none where there is no readable one."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))["rows"]
    except (OSError, ValueError, KeyError, TypeError):
        return []


class StoredTable:
    """Rows of one experiment, each under a key of parameters; all made with the same `settings`.

    A row found in the package or in the cache is returned as it is; any other is computed when asked for and
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
        self._shipped = [entry for entry in _rows(self._file) if entry["settings"] == self.settings]

    def _kept(self, key: Key) -> Path:
        content = json.dumps([dict(key), self.settings], sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        return cache_dir() / "tables" / self.name / f"{digest}.json"

    def find(self, key: Key) -> Entry | None:
        """The entry under `key` with its provenance: {"key", "settings", "made", "row"}; None if there is none."""
        for entry in (*self._shipped, *_rows(self._kept(key))):
            if entry["key"] == dict(key):
                return entry
        return None

    def row(self, key: Key, compute: Callable[[], Row], recompute: bool = False) -> Row:
        """The row under `key`, computed and kept if it is nowhere yet or `recompute` is set."""
        found = None if recompute else self.find(key)
        if found is not None:
            return found["row"]
        start = time.perf_counter()
        row = compute()
        made = {
            "date": date.today().isoformat(),
            "seconds": round(time.perf_counter() - start, 1),
            "mrilib": __version__,
            "torch": torch.__version__,
        }
        entry = {"key": dict(key), "settings": self.settings, "made": made, "row": row}
        self._write(self._kept(key), [entry])
        return json.loads(json.dumps(row))

    def ship(self, keys: Sequence[Key]) -> Path:
        """Write the rows under `keys` to the package's file, the newly computed first; ValueError for one not there."""
        entries = [next(iter(_rows(self._kept(key))), self.find(key)) for key in keys]
        missing = [dict(key) for key, entry in zip(keys, entries, strict=True) if entry is None]
        if missing:
            raise ValueError(f"table {self.name}: {missing[0]} was not computed yet; run it with recompute first")
        self._write(self._file, [entry for entry in entries if entry is not None])
        return self._file

    def _write(self, path: Path, entries: Sequence[Entry]) -> None:
        lines = ",\n".join(json.dumps(entry, allow_nan=False, ensure_ascii=False) for entry in entries)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as temporary:
            temporary.write_text(f'{{"rows": [\n{lines}\n]}}\n', encoding="utf-8")

    def provenance(self, keys: Sequence[Key]) -> str:
        """Where the rows come from, for captions: stored with the package, from this machine's cache, or both."""
        shipped = [entry for entry in self._shipped if entry["key"] in [dict(key) for key in keys]]
        if not shipped:
            return "computed on this machine"
        days = sorted({entry["made"]["date"] for entry in shipped})
        part = "" if len(shipped) == len(keys) else f" ({len(shipped)} of {len(keys)} rows)"
        return f"stored with the package{part}, made {days[0] if len(days) == 1 else f'{days[0]} to {days[-1]}'}"

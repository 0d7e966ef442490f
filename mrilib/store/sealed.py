"""Files with a checksum that is verified when they are read: JSON within itself, any other file by one beside it.

What is damaged in a cache is made again, with a warning; what is shipped is refused.
"""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from mrilib.store.paths import atomic_write
from mrilib.store.project import UserError
from mrilib.store.records import BESIDE, digest

CHECKSUM = "checksum"
T = TypeVar("T")


class DamagedError(UserError):
    """A file that mrilib wrote has changed since, or was written by something else; the message names it."""


def damaged(path: Path) -> DamagedError:
    """Error for a file whose content does not have its checksum."""
    return DamagedError(f"{path}: damaged, its content does not have its {CHECKSUM}")


def foreign(path: Path, error: object) -> DamagedError:
    """Error for a file that was not written by this version of mrilib."""
    return DamagedError(f"{path}: not a complete file of this version of mrilib ({error})")


def kept(path: Path, read: Callable[[Path], T]) -> T | None:
    """`read(path)` of a file in the cache; None if there is none, and with a warning if it is damaged."""
    if not path.exists():
        return None
    try:
        return read(path)
    except DamagedError as error:
        warnings.warn(f"{error}; it is made again", stacklevel=2)
        return None


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values as they are read back, with their checksum."""
    plain = json.loads(json.dumps(content))
    plain.pop(CHECKSUM, None)
    return {**plain, CHECKSUM: digest(plain)}


def read_sealed(path: Path, older: bool = False) -> dict[str, Any]:
    """Read a JSON object written with `sealed`, checksum included.

    Args:
        path: path of the file.
        older: whether to accept a file without checksum, which an older version wrote.

    Raises:
        DamagedError: it cannot be read, is of another form, or its checksum is not that of its content.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        expected = digest({name: value for name, value in content.items() if name != CHECKSUM})
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise foreign(path, error) from None
    if content.get(CHECKSUM, expected) != expected:
        raise damaged(path)
    if CHECKSUM not in content and not older:
        raise foreign(path, f"it has no {CHECKSUM}")
    return content


@contextmanager
def write_sealed(path: Path) -> Iterator[Path]:
    """As `atomic_write`, with the file's SHA-256 beside it in the form of `sha256sum`, which is there first."""
    with atomic_write(path) as temporary:
        yield temporary
        with atomic_write(_beside(path)) as beside:
            beside.write_text(f"{_sha256(temporary)}  {path.name}\n", encoding="utf-8")


def check_file(path: Path) -> Path:
    """Return `path` if it has the checksum beside it; a file that does not change is read once.

    Raises:
        DamagedError: it does not, or there is none.
    """
    try:
        expected = _beside(path).read_text(encoding="utf-8").partition(" ")[0]
        status = path.stat()
        found = _sha256_once(path, status.st_size, status.st_mtime_ns)
    except (OSError, UnicodeDecodeError) as error:
        raise foreign(path, error) from None
    if found != expected:
        raise damaged(path)
    return path


def _beside(path: Path) -> Path:
    return path.with_name(path.name + BESIDE)


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@lru_cache(maxsize=65_536)
def _sha256_once(path: Path, size: int, changed: int) -> str:
    return _sha256(path)

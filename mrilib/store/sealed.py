"""Files with a checksum that is verified when they are read: inside a JSON file, beside any other file.

Damaged files in a cache are made again, with a warning; damaged shipped files are refused.
"""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from mrilib.store.paths import atomic_write
from mrilib.store.project import UserError
from mrilib.store.records import BESIDE, digest, sha256_of
from mrilib.store.texts import read_text

CHECKSUM = "checksum"
LENGTH = 64  # hexadecimal digits of a SHA-256
T = TypeVar("T")


class DamagedError(UserError):
    """A file that mrilib wrote has changed since, or was written by something else; the message names it."""


def damaged(path: Path) -> DamagedError:
    """Error for a file whose content does not match its checksum."""
    return DamagedError(f"{path}: damaged; its content does not match its {CHECKSUM}")


def foreign(path: Path, error: object) -> DamagedError:
    """Error for a file that was not written by this version of mrilib."""
    return DamagedError(f"{path}: not a complete file of this version of mrilib ({error})")


def kept(path: Path, read: Callable[[Path], T]) -> T | None:
    """`read(path)` of a file in the cache; None if there is none or, with a warning, if it is damaged."""
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
        older: whether to accept a file without a checksum, as older versions wrote it.

    Raises:
        DamagedError: it cannot be read, has another form, or does not match its checksum.
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
    """Like `atomic_write`, but first writes the file's checksum beside it."""
    with atomic_write(path) as temporary:
        yield temporary
        _write_beside(path, sha256_of(temporary))


def seal(path: Path) -> None:
    """Write the checksum of a finished file beside it; raises OSError if that fails."""
    _write_beside(path, sha256_of(path))


def beside(path: Path) -> Path:
    """Path of the file that holds a file's SHA-256, in the format of `sha256sum`."""
    return path.with_name(path.name + BESIDE)


def _write_beside(path: Path, found: str) -> None:
    with atomic_write(beside(path)) as temporary:
        temporary.write_text(f"{found}  {path.name}\n", encoding="utf-8")


def read_beside(path: Path) -> str | None:
    """The checksum beside a file, or None without one; raises DamagedError if it is not a checksum of this file."""
    try:
        text = read_text(beside(path))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedError(f"{beside(path)}: cannot be read ({error})") from error
    found, _, name = text.strip().partition("  ")
    if len(found) != LENGTH or set(found) - set("0123456789abcdef") or name != path.name:
        raise DamagedError(f"{beside(path)}: not a checksum of {path.name}")
    return found


def check_file(path: Path) -> Path:
    """Return `path` if the file matches the checksum beside it; an unchanged file is read only once.

    Raises:
        DamagedError: it does not match, or there is no checksum.
    """
    expected = read_beside(path)
    if expected is None:
        raise foreign(path, f"there is no {beside(path).name}")
    try:
        status = path.stat()
        found = _sha256_once(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise foreign(path, error) from None
    if found != expected:
        raise damaged(path)
    return path


@lru_cache(maxsize=65_536)
def _sha256_once(path: Path, size: int, changed: int) -> str:
    return sha256_of(path)

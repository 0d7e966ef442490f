"""Locations of data and cache, and atomic writing of files."""

import atexit
import errno
import os
import shutil
import socket
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory, TemporaryFile, gettempdir

PACKAGE = Path(__file__).resolve().parent.parent
CACHE = "MRILIB_CACHE"
FULL = (errno.ENOSPC, errno.EDQUOT)
TAKEN = (errno.ENOTEMPTY, errno.EEXIST)
ABANDONED = 3600.0  # seconds without a change after which another computer's scratch folder is removed


def _folder(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).expanduser().absolute() if value else None


def data_dir() -> Path | None:
    """The folder named by MRILIB_DATA, or None when it is not set."""
    return _folder("MRILIB_DATA")


def cache_dir() -> Path:
    """MRILIB_CACHE, or ~/.cache/mrilib; created on first write, so this call never fails."""
    return _folder(CACHE) or Path.home() / ".cache" / "mrilib"


def use_writable_cache() -> None:
    """Make this process and its workers use a temporary cache with links into the usual one if the latter is read-only.

    Warns if so. The temporary cache is removed when this process ends or, if it is killed, by the next process.
    """
    usual = cache_dir()
    try:
        check_writable(usual)
    except OSError as error:
        stack = ExitStack()
        atexit.register(stack.close)
        folder = stack.enter_context(scratch_folder(Path(gettempdir()) / "mrilib-cache"))
        with suppress(OSError):  # no links on this machine
            _link_files(usual, folder)
        os.environ[CACHE] = str(folder)
        warnings.warn(f"cache {usual} is not writable ({error.strerror}); using {folder} instead", stacklevel=3)


def _link_files(cache: Path, folder: Path) -> None:
    """Make a cache's folders in another one, and links to its files."""
    for path in cache.rglob("*"):
        place = folder / path.relative_to(cache)
        if path.is_dir() and not path.is_symlink():
            place.mkdir()
        else:
            place.symlink_to(path)


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to, which atomically becomes `path` if the block succeeds.

    If the block fails, nothing is left and an existing `path` is untouched. Missing folders are created. Files that
    killed processes of this computer left in the folder are removed.

    Raises:
        OSError: no space is left (the message names the path and the free space); or as raised by the block or the
            disk.
    """
    path = Path(path)
    temporary = path.with_name(f".{_owner()}.{token_hex(4)}.tmp")  # short: `path` may be near the length limit
    try:
        with explain_full_disk(path):
            _create(path.parent)
            for left in path.parent.glob(f".{_computer()}.*.tmp"):
                if not _is_used(left):
                    left.unlink(missing_ok=True)
            yield temporary
            _flush(temporary)
            os.replace(temporary, path)
    finally:
        with suppress(NotADirectoryError):  # the folder could not be created, which is the error to be seen
            temporary.unlink(missing_ok=True)


@contextmanager
def scratch_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder next to `target`, removed at the end; those of killed processes are removed first.

    Folders of other computers that share this location are removed if unchanged for `ABANDONED` seconds.

    Raises:
        OSError: the folder of `target` cannot be created, or is read-only or full.
    """
    prefix = f".{target.name}."
    with explain_full_disk(target):
        _create(target.parent)
        _refuse_read_only(target.parent)
        for left in target.parent.glob(f"{prefix}*.tmp"):
            if not _is_used(left):
                shutil.rmtree(left, ignore_errors=True)
        with TemporaryDirectory(prefix=f"{prefix}{_owner()}.", suffix=".tmp", dir=target.parent) as folder:
            yield Path(folder)


def _create(folder: Path) -> None:
    """Create a folder and its parents; the error for a file in its place says that it is not a directory."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None


def check_writable(folder: Path) -> None:
    """Create a folder if there is none and write to it, so that an unusable one is found before the work starts.

    Raises:
        OSError: it cannot be created, or is read-only or full.
    """
    with explain_full_disk(folder / "any"):
        _create(folder)
        _refuse_read_only(folder)
        with TemporaryFile(dir=folder) as probe:
            probe.write(bytes(4096))


def publish(made: Path, target: Path, before: Path) -> None:
    """Move a finished file or folder to its final name; an existing one is moved to `before`, and back on failure."""
    if target.exists():
        os.replace(target, before)
    try:
        os.replace(made, target)
    except OSError:
        if before.exists():
            os.replace(before, target)
        raise


def publish_first(folder: Path, target: Path) -> None:
    """Atomically move a finished folder to its final name; if another process was first, its folder is kept."""
    try:
        os.replace(folder, target)
    except OSError as error:
        if error.errno not in TAKEN:
            raise


@contextmanager
def explain_full_disk(path: Path) -> Iterator[None]:
    """Turn a full-disk error, however the writing library reports it, into one line."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # HDF5 reports a failed flush as RuntimeError
        if getattr(error, "errno", None) in FULL or os.strerror(errno.ENOSPC) in str(error):
            reason = f"no space left to write it ({_free(path) / 1e6:.0f} MB free); free some space, or write elsewhere"
            raise OSError(errno.ENOSPC, reason, str(path)) from error
        raise


def _computer() -> str:
    """Short name of this computer, which distinguishes its files from those of others that share the folder."""
    return sha256(socket.gethostname().encode()).hexdigest()[:8]


def _owner() -> str:
    """Computer and process, as part of a temporary name."""
    return f"{_computer()}.{os.getpid()}"


def _is_used(path: Path) -> bool:
    """Whether a temporary file or folder named `….computer.process.any.tmp` may be in use."""
    _, _, computer, process, _, _ = f"...{path.name}".rsplit(".", 5)
    if computer == _computer() and process.isdigit():
        return _runs(int(process))
    with suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime <= ABANDONED
    return False


def _runs(process: int) -> bool:
    """Whether a process of this computer runs, or may run."""
    if sys.platform == "win32":  # where a signal of 0 would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _refuse_read_only(folder: Path) -> None:
    """Refuse a folder whose mode lets nobody write to it, even for root, who could bypass the mode."""
    if not folder.stat().st_mode & 0o222:
        raise PermissionError(errno.EACCES, "the folder is read-only", str(folder))


def nearest_folder(path: Path) -> Path:
    """The path, or its nearest parent that exists and is accessible."""
    return next(place for place in (path, *path.parents) if os.path.exists(place))  # Path.exists raises PermissionError


def _free(path: Path) -> int:
    return shutil.disk_usage(nearest_folder(path.absolute().parent)).free


def _flush(path: Path) -> None:
    with open(path, "rb+") as stream:
        os.fsync(stream.fileno())

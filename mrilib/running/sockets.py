"""Private folders for a kernel's sockets; folders left behind by killed runs are removed by the next run."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

PREFIX = "mrilib-kernel-"
PATH_LIMIT = 70  # characters; the system allows about 104, the folder's name and those of its sockets need the rest


@contextmanager
def socket_folder() -> Iterator[str]:
    """Yield a folder that only this user can access, with a path short enough for socket names; removed at the end."""
    base = Path(tempfile.gettempdir())
    if len(os.fsencode(base)) > PATH_LIMIT:
        base = Path("/tmp")
    remove_abandoned(base)
    folder, lock = _locked_folder(base)
    try:
        yield str(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def remove_abandoned(base: Path) -> None:
    """Remove the socket folders below `base` whose runs have ended; any other run holds the lock of its folder."""
    if sys.platform == "win32":  # no sockets there, and no locks on folders
        return
    for folder in base.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another user's, in use, or already gone
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(descriptor).st_uid == os.getuid():
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def _locked_folder(base: Path) -> tuple[Path, int | None]:
    """Create a folder and lock it; the lock is released however this process ends."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        if sys.platform == "win32":
            return folder, None
        with suppress(FileNotFoundError):  # removed by another run before it was locked: once more
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            with suppress(OSError):  # a file system without locks: nobody can remove it either
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if folder.exists():
                return folder, descriptor
            os.close(descriptor)

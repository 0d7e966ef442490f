"""Lock that lets a notebook run only once at a time; other processes and threads wait for it."""

import errno
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

NO_FLOCK = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL}  # network file systems without locks
POLL = 0.2  # seconds


@contextmanager
def exclusive(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file `path`; `waiting` is called while another holder has it, and may raise to give up."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        release = acquire(descriptor, path, waiting)
        try:
            yield
        finally:
            release()
    finally:
        os.close(descriptor)


def acquire(descriptor: int, path: Path, waiting: Callable[[], None]) -> Callable[[], None]:
    """Wait for the lock; returns the function that releases it."""
    take = take_system_lock
    while True:
        try:
            release = take(descriptor, path)
        except OSError as error:
            if take is take_owner_file or error.errno not in NO_FLOCK:
                raise
            take, release = take_owner_file, None
        if release is not None:
            return release
        waiting()
        time.sleep(POLL)


def take_system_lock(descriptor: int, path: Path) -> Callable[[], None] | None:
    """Take the system lock, which is released however its process ends; None while another process holds it."""
    if sys.platform == "win32":
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return None
        return lambda: msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    return lambda: fcntl.flock(descriptor, fcntl.LOCK_UN)


def take_owner_file(descriptor: int, path: Path) -> Callable[[], None] | None:
    """Create a lock file that names host and process, replacing that of an ended process of this host."""
    owner = path.with_name(path.name + ".owner")
    try:
        handle = os.open(owner, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        if is_stale(owner):
            owner.unlink(missing_ok=True)
        return None
    with os.fdopen(handle, "w") as stream:
        stream.write(f"{socket.gethostname()} {os.getpid()}")
    return lambda: owner.unlink(missing_ok=True)


def is_stale(owner: Path) -> bool:
    """Whether the owner was a process of this host that no longer exists."""
    try:
        host, _, pid = owner.read_text().partition(" ")
        if host != socket.gethostname() or not pid.isdigit():
            return False
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False

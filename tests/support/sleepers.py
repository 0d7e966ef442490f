"""Calls for worker processes that say who they are and then sleep; imports nothing that takes time."""

import os
import time
from pathlib import Path


def sleep(folder, number):
    """Write this process's number to `<number>.pid`, complete or not at all, and sleep for ten minutes."""
    own = Path(folder) / f"{number}.pid"
    own.with_suffix(".part").write_text(str(os.getpid()))
    own.with_suffix(".part").rename(own)
    time.sleep(600)


def fail_or_sleep(folder, number):
    """Number 1 raises ValueError once number 0 sleeps."""
    while number == 1:
        if (Path(folder) / "0.pid").exists():
            raise ValueError("no slices")
        time.sleep(0.05)
    sleep(folder, number)

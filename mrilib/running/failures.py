"""Explain in one line why a run failed and what to do."""

import errno
import re
from pathlib import Path

from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError


class RunError(OSError):
    """Raised if a notebook did not run to its end; the message is one line that says where and why."""


def first_line(error: object) -> str:
    """First non-empty line of a text, without terminal colours."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split("\n")
    return next((line.strip() for line in lines if line.strip()), type(error).__name__)


def failure(error: BaseException, index: int) -> str:
    """Explain in one line why a notebook stopped."""
    match error:
        case PapermillExecutionError():
            return f"cell In [{error.exec_count}] failed: {error.ename}: {first_line(error.evalue)}"
        case DeadKernelError():
            return f"the kernel died in cell {index} (out of memory, or killed)"
        case RunError():
            return str(error)
    return f"cell {index}: {type(error).__name__}: {first_line(error)}"


def explain(error: OSError, folder: Path) -> str:
    """Explain a file-system error and what to do about it."""
    if error.errno == errno.ENOSPC:
        return f"no space left on the disk of {folder}: free some space, or give another folder with --runs-dir"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        place = error.filename or folder
        return f"cannot write to {place}: {error.strerror}; give another folder with --runs-dir"
    return f"{error.filename or folder}: {error.strerror or error}"

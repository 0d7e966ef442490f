"""New HDF5 files on disks that may be full.

After a failed write, HDF5 cannot close its file, and Python prints tracebacks or crashes when it exits. Therefore, HDF5
writes to a stream that discards everything after the first error, which is raised once the file is closed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import h5py


class _Stream(FileIO):
    """A file that remembers the error of its first failed write."""

    error: OSError | None = None

    def write(self, content: Any) -> int:
        left = memoryview(content).cast("B")
        while left and self.error is None:
            try:
                left = left[super().write(left) :]
            except OSError as error:
                self.error = error
        return len(content)

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0


@contextmanager
def new_file(path: Path) -> Iterator[h5py.File]:
    """Create or replace an HDF5 file; raises OSError if it cannot be written in full."""
    with _Stream(str(path), "w+") as stream:
        try:
            with h5py.File(stream, "w") as file:
                yield file
        except Exception:  # of reading what was not written
            if stream.error is None:
                raise
        if stream.error is not None:
            raise stream.error

"""Load arrays from a pickle without executing its code: only what builds an array of floats is allowed."""

import pickle
import stat
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

DEEPEST = 8  # nested dictionaries
FLOATS = ("f2", "f4", "f8")
NOT_NEEDED = (  # opcodes that create instances, or reserve memory before there are bytes for it
    *(pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX, pickle.PERSID, pickle.BINPERSID),
    *(pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.BYTEARRAY8, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
)


class PickleError(ValueError):
    """A pickle requests anything but arrays, or is damaged."""


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """Load the float arrays of nested dictionaries, keyed by the nested keys joined with "/".

    Raises:
        PickleError: the pickle names anything but numpy's array, dtype and `_reconstruct`, holds anything but
            dictionaries and float arrays, declares more bytes than the file has, or is damaged.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise PickleError(f"{path.name}: not a regular file")
    with open(path, "rb") as stream:
        try:
            content = _ArraysOnly(_Bounded(stream, status.st_size)).load()
        except PickleError:
            raise
        except Exception as error:  # a damaged pickle can raise anything
            raise PickleError(f"{path.name}: damaged pickle ({type(error).__name__}: {error})") from error
    found = _flattened(content, "", DEEPEST, set())
    if not found:
        raise PickleError("the pickle is empty")
    return found


class _Bounded:
    """A file that reserves no more memory than it has bytes."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream, self.size = stream, size

    def read(self, count: int) -> bytes:
        return self.stream.read(min(count, self.size))

    def readline(self) -> bytes:
        return self.stream.readline()


class _Array:
    """Stands for numpy's array class, which a pickle could otherwise call with any shape."""

    __slots__ = ()


class _Empty:
    """numpy's `_reconstruct`, for the empty array to which every pickled array then adds its content."""

    __slots__ = ()

    def __call__(self, kind: Any, shape: Any, typecode: Any) -> np.ndarray:
        if not isinstance(kind, _Array) or shape != (0,):
            raise PickleError(f"the pickle asks for an array of shape {shape!r:.60} without its content")
        return np.empty(0, "b")


class _FloatType:
    """numpy's dtype, of floats only."""

    __slots__ = ()

    def __call__(self, name: Any, *flags: Any) -> np.dtype:
        if name not in FLOATS:
            raise PickleError(f"the pickle holds numbers of type {name!r:.60}; expected {', '.join(FLOATS)}")
        return np.dtype(name)


ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Array(),
    ("numpy", "dtype"): _FloatType(),
    ("numpy.core.multiarray", "_reconstruct"): _Empty(),  # up to numpy 1
    ("numpy._core.multiarray", "_reconstruct"): _Empty(),  # from numpy 2
}


class _ArraysOnly(pickle._Unpickler):  # in Python, whose memo is a dictionary and not as long as its largest index
    dispatch = {  # noqa: RUF012 - as in the base class
        code: load for code, load in pickle._Unpickler.dispatch.items() if bytes([code]) not in NOT_NEEDED
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise PickleError(f"the pickle asks for {module}.{name}; only numpy arrays are read; nothing was run")
        return ALLOWED[module, name]


def _flattened(content: Any, name: str, levels: int, seen: set[int]) -> dict[str, np.ndarray]:
    if isinstance(content, np.ndarray) and content.dtype.kind == "f":
        return {name: content}
    if not isinstance(content, dict):
        raise PickleError(
            f"{name or 'the pickle'}: expected dictionaries of float arrays, got {type(content).__name__}"
        )
    if not levels or id(content) in seen:
        raise PickleError(f"{name[:60]}: a dictionary within itself, used twice, or more than {DEEPEST} levels deep")
    seen.add(id(content))
    parts = (_flattened(value, f"{name}/{key}".lstrip("/"), levels - 1, seen) for key, value in content.items())
    return {key: array for part in parts for key, array in part.items()}

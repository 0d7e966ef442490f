"""Load arrays from a pickle without executing its code: only what builds a numpy array is allowed."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

ALLOWED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),  # up to numpy 1
    ("numpy._core.multiarray", "_reconstruct"),  # from numpy 2
}


class PickleError(ValueError):
    """A pickle requests anything but arrays, or is damaged."""


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """Load the float arrays of nested dictionaries, keyed by the nested keys joined with "/".

    Raises:
        PickleError: the pickle names anything but numpy's array, dtype and `_reconstruct`, holds anything but
            dictionaries and float arrays, or is damaged.
    """
    with open(path, "rb") as stream:
        try:
            content = _ArraysOnly(stream).load()
        except PickleError:
            raise
        except Exception as error:  # a damaged pickle can raise anything
            raise PickleError(f"{path.name}: damaged pickle ({type(error).__name__}: {error})") from error
    return _flattened(content, "")


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise PickleError(f"the pickle asks for {module}.{name}; only numpy arrays are read, nothing was run")
        return super().find_class(module, name)


def _flattened(content: Any, name: str) -> dict[str, np.ndarray]:
    if isinstance(content, np.ndarray) and content.dtype.kind == "f":
        return {name: content}
    if not isinstance(content, dict):
        raise PickleError(
            f"{name or 'the pickle'}: expected dictionaries of float arrays, got {type(content).__name__}"
        )
    parts = (_flattened(value, f"{name}/{key}".lstrip("/")) for key, value in content.items())
    return {key: array for part in parts for key, array in part.items()}

"""Setup and output of every notebook: a device, the library's source on the page, results on disk."""

import inspect
import math
import os
import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from IPython.display import HTML, Markdown, display

from mrilib.figures.plot import Figure, Table, enable, save, table
from mrilib.store.kinds import choose_device
from mrilib.store.paths import PACKAGE, use_writable_cache
from mrilib.store.project import find_root
from mrilib.store.records import INPUTS, RUN_DIR, hardware, note, note_in, read_json, versions, write_json

# JupyterLab breaks printed lines and sources in the middle of words and numbers.
WORDS_STAY_WHOLE = "<style>.jp-OutputArea-output pre { word-break: normal; overflow-wrap: anywhere }</style>"


def setup(seed: int = 0, device: str = "auto") -> torch.device:
    """Reset the notebook's results, enable the figures, and return the device to compute on.

    Nothing is seeded: random functions take `seed`. `auto` is the first GPU, or the CPU if there is none. If the cache
    cannot be written, another one is used until the kernel ends. Raises ValueError if this machine does not have the
    device.
    """
    chosen = choose_device(device)
    use_writable_cache()
    enable()
    display(HTML(WORDS_STAY_WHOLE))
    run = {"seed": seed, "device": chosen.type, "hardware": hardware(), "versions": versions()}
    key = os.environ.get("MRILIB_RUN_KEY")
    write_json(results_file(), {"run": run | ({"key": key} if key else {})})
    (run_dir() / INPUTS).unlink(missing_ok=True)
    return chosen


def show_source(thing: Any) -> Markdown:
    """Show the source of a function or class in the library, highlighted, below the name of its file.

    Raises ValueError if there is no Python source.
    """
    try:
        lines, first = inspect.getsourcelines(inspect.unwrap(thing))
        file = Path(inspect.getsourcefile(inspect.unwrap(thing)) or "")
    except (TypeError, OSError) as error:
        raise ValueError(f"show_source: expected a function or class written in Python, got {thing!r}") from error
    note(file)
    source = textwrap.dedent("".join(lines)).rstrip()
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", source)), default=0))
    return Markdown(f"`{shown_path(file)}`, line {max(first, 1)}\n\n{fence}python\n{source}\n{fence}")


def shown_path(file: Path) -> str:
    """Path of a source file starting at its package, without the folders of this machine."""
    checkout = PACKAGE.parent
    return file.relative_to(checkout).as_posix() if file.is_relative_to(checkout) else file.name


def record(
    name: str,
    value: Any,
    low: float | None = None,
    high: float | None = None,
    n: int | None = None,
    trainings: int | None = None,
) -> None:
    """Write a result to `results.json`: a number, optionally with its 95 % interval, text, or a list.

    Args:
        name: flat key, such as `fraction_closed`.
        value: number, one-element tensor, text, boolean, or a list.
        low, high: ends of the interval, both or neither; an interval of one sample says nothing and is omitted.
        n: number of samples behind it.
        trainings: number of training runs behind it; one if omitted.

    Raises ValueError naming the result for a bad name, NaN, or an incomplete interval.
    """
    check_name(name)
    if (low is None) != (high is None):
        raise ValueError(f"record({name!r}): an interval needs both low and high")
    plain = to_plain(value, name)
    if low is None or high is None or (n == 1 and (low == high or unbounded(low, high))):
        put(name, plain if n is None else {"value": plain, "n": int(n)})
        return
    interval = {"value": plain, "low": to_plain(low, name), "high": to_plain(high, name)}
    if not interval["low"] <= interval["high"]:
        raise ValueError(f"record({name!r}): low {low} is above high {high}")
    counts = {"n": n, "trainings": None if trainings == 1 else trainings}
    put(name, interval | {key: int(count) for key, count in counts.items() if count is not None})


def record_table(name: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Write a table to `results.json` under `name`, one mapping per row, and return it for display.

    A cell is a number, text, or an interval `{"value":, "low":, "high":}`. Raises the errors of `record`.
    """
    check_name(name)
    plain = [{str(key): to_plain(cell, name) for key, cell in row.items()} for row in rows]
    put(name, plain)
    return table(plain, list(dict.fromkeys(column for row in plain for column in row)))


def record_input(path: str | os.PathLike[str]) -> Path:
    """Record a data file on which the results depend, so that changes to it invalidate them; returns its path.

    Raises OSError if it cannot be read.
    """
    file = Path(path).resolve()
    note_in(run_dir(), file)
    return file


def run_dir() -> Path:
    """Folder of this run's results: the runner's, or else `runs/interactive/<notebook>/` of the project."""
    given = os.environ.get(RUN_DIR)
    if given:
        folder = Path(given)
    else:
        session = os.environ.get("JPY_SESSION_NAME", "")  # set by Jupyter's server
        folder = (find_root(Path.cwd()) or Path.cwd()) / "runs" / "interactive" / Path(session).stem
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def keep(figure: Figure, name: str) -> Figure:
    """Save a figure as `figures/<name>.png` of this run and return it for display."""
    save(figure, run_dir() / "figures" / f"{name}.png")
    return figure


def results_file() -> Path:
    """`results.json` of this run."""
    return run_dir() / "results.json"


def put(name: str, content: Any) -> None:
    """Add one entry to `results.json`."""
    write_json(results_file(), (read_json(results_file()) or {}) | {name: content})


def check_name(name: str) -> None:
    """Raise ValueError for a key to which a claim could not refer."""
    if not name.isidentifier() or name == "run":
        raise ValueError(f"record: expected a name like 'fraction_closed', got {name!r}")


def unbounded(low: Any, high: Any) -> bool:
    """Whether these are the ends of an interval that is not defined, see `gap.Interval`."""
    return any(isinstance(end, float) and math.isinf(end) for end in (low, high))


def to_plain(value: Any, name: str) -> Any:
    """Convert `value` to JSON types; raises ValueError naming the result for NaN and unsupported types."""
    if hasattr(value, "tolist"):  # tensors and numpy's numbers
        value = value.item() if math.prod(value.shape) == 1 else value.tolist()
    if isinstance(value, Mapping):
        left_out = ("low", "high") if unbounded(value.get("low"), value.get("high")) else ()
        return {str(key): to_plain(item, name) for key, item in value.items() if key not in left_out}
    if isinstance(value, (list, tuple)):
        return [to_plain(item, name) for item in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"record({name!r}): expected a finite number or a text, got {value!r}")
    return value

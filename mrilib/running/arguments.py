"""Parsing of the command line: one-line errors, `-p name value`, any encoding, and an orderly exit on SIGTERM."""

import argparse
import io
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from mrilib.store.project import UserError

LONGEST = 400  # characters at the beginning and at the end of a message, which may repeat what was typed
MOST_JOBS = 256


class Parser(argparse.ArgumentParser):
    """Argument parser with one-line errors."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{one_line(message)}; see `{self.prog} --help`")


def replace_missing_letters() -> None:
    """Print `?` in place of characters that the output's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@contextmanager
def termination_as_exit() -> Iterator[None]:
    """Turn SIGTERM into SystemExit, so that kernels and partial files are cleaned up."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def one_line(error: object) -> str:
    """An error on one line; the middle of a very long one is left out."""
    text = " ".join(str(error).split())
    return text if len(text) <= 2 * LONGEST else f"{text[:LONGEST]} … {text[-LONGEST:]}"


def check_jobs(number: int, what: str) -> None:
    """Raise UserError if `-j` is not a valid number of parallel tasks."""
    if not 1 <= number <= MOST_JOBS:
        raise UserError(f"-j: expected a number of {what} at a time, 1 to {MOST_JOBS}, got {number}")


def check_device(name: str) -> str:
    """Return `name`; raises UserError if there is no such device."""
    from mrilib.store.kinds import choose_device

    try:
        choose_device(name)
    except ValueError as error:
        raise UserError(f"--{error}") from error
    return name


def said(error: ValueError | OSError) -> str:
    """One line for an error, with the file it names."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return one_line(error)


def join_parameters(arguments: Sequence[str]) -> list[str]:
    """Join `-p name value` into the single word `-pname=value`, so that a value may begin with a minus sign."""
    rest, joined = list(arguments), []
    while rest:
        word = rest.pop(0)
        if word == "-p" and rest and "=" not in rest[0]:
            if len(rest) < 2:
                raise UserError(f"-p {rest[0]}: expected a value after the name")
            word = f"-p{rest.pop(0)}={rest.pop(0)}"
        joined.append(word)
    return joined


def read_given(pairs: Sequence[str]) -> dict[str, str]:
    """Convert `name=value` words to a mapping."""
    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UserError(f"-p {name}: expected a name and a value")
        if name in given:
            raise UserError(f"-p {name}: given twice")
        given[name] = value
    return given


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add `--choose NAME=N`; see `choice_of`."""
    parser.add_argument(
        "--choose",
        action="append",
        default=[],
        metavar="NAME=N",
        help="choose one repetition, contrast, phase or set of a raw file that has several, for example contrast=1",
    )


def choice_of(given: Sequence[str]) -> dict[str, int]:
    """Values of counters by name, from words such as contrast=1."""
    from mrilib.data.readouts import COUNTERS  # imports NumPy, too slow for `mrilib --help`

    found = {}
    for text in given:
        name, _, number = text.partition("=")
        if name not in COUNTERS or not (number.isascii() and number.isdecimal()):
            raise UserError(f"--choose {text}: expected NAME=N with one of {', '.join(COUNTERS)}, such as contrast=1")
        found[name] = int(number)
    return found


def show_help(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return 2


def show_progress(line: str) -> None:
    """Update one line of a terminal; nothing is written to a log file."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{line[:110]}", end="", flush=True)

"""The table of what became of all attacks and kills, printed at the end, also with `-n`."""

from collections.abc import Iterator
from typing import Any

import pytest
from torture import Tally

TALLY = Tally()


@pytest.fixture(scope="session")
def tally() -> Iterator[Tally]:
    """Counts of the whole session."""
    return TALLY


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the counts of this process to the one that prints them, if it is another."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["tally"] = TALLY.plain()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the counts of a process that has ended."""
    TALLY.add(**getattr(node, "workeroutput", {}).get("tally", {"counts": {}, "worse": []}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    if TALLY.counts:
        terminalreporter.section("torture")
        terminalreporter.write_line(TALLY.table())
        for line in TALLY.worse:
            terminalreporter.write_line(line)

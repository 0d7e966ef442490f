"""The table of what became of all attacks and kills, printed at the end."""

from collections.abc import Iterator

import pytest
from torture import Tally

TALLY = Tally()


@pytest.fixture(scope="session")
def tally() -> Iterator[Tally]:
    """Counts of the whole session."""
    return TALLY


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    if TALLY.counts:
        terminalreporter.section("torture")
        terminalreporter.write_line(TALLY.table())
        for line in TALLY.worse:
            terminalreporter.write_line(line)

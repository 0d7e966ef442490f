"""The page for referees says nothing that the page of claims and the stored tables do not say."""

import re

import pytest
from records import ROOT
from referee import picture

PAGE = (ROOT / "docs" / "referee.md").read_text(encoding="utf-8")
CLAIMS = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
MARKED = re.compile(r"<!-- trainings[^>]*-->\n(.*?)\n?<!-- /trainings -->", re.DOTALL)
PROSE = " ".join(MARKED.sub("", PAGE).split())
VERDICTS = {
    cells[0]: cells[6]
    for line in CLAIMS.splitlines()
    if line.startswith(("| A/", "| B/")) and (cells := line.strip("| ").split(" | "))
}
SAID = re.findall(r"([AB]/(?:Table|Figure|Prop\.|App\.) [\w.]*\w)(?:: (reproduced|differs|undecided|not run))?", PROSE)


@pytest.mark.parametrize("figure", sorted(set(re.findall(r"-?\d[\d.e-]* \[[^\]]*\]", PROSE))))
def test_every_figure_is_one_of_the_claims(figure):
    assert figure in CLAIMS


@pytest.mark.parametrize(("item", "verdict"), sorted(set(SAID)))
def test_every_verdict_is_that_of_the_claims(item, verdict):
    assert VERDICTS[item] == verdict or not verdict


def test_figures_and_verdicts_are_found():
    assert len(re.findall(r"\[-?\d", PROSE)) > 35
    assert sum(bool(verdict) for _, verdict in SAID) > 20


def test_the_table_of_trainings_is_that_of_the_stored_rows():
    """Made by `python tests/support/referee.py`."""
    assert MARKED.search(PAGE).group(1) == picture()

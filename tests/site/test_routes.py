"""Pages of routes to print: their chapters, what is left out, and their PDF where a Chromium is installed."""

import shutil

import pytest
from tiny_site import make_executed_project

from mrilib.classroom.routes import ROUTES
from mrilib.running.claims import complete_runs
from mrilib.site import route_pages
from mrilib.site.pages import find_pages

PDF = '#!/bin/sh\nfor one; do case $one in --print-to-pdf=*) echo %PDF > "${one#*=}";; esac; done\n'


@pytest.fixture
def found(tmp_path):
    """Pages and missing notebooks of the tiny project."""
    root = make_executed_project(tmp_path).root
    return find_pages(root, complete_runs(root / "runs", root))


@pytest.fixture
def site(tmp_path):
    """A landing page and a route's page with a place for the PDF's link, as Sphinx leaves them."""
    folder = tmp_path / "html"
    folder.mkdir()
    for name in ("index", "route_45_minutes"):
        (folder / f"{name}.html").write_text('to print<span class="pdf-of-route_45_minutes"></span>.')
    return folder


def browser(folder, script):
    """A program that is called like Chromium."""
    folder.mkdir()
    program = folder / route_pages.BROWSERS[0]
    program.write_text(script)
    program.chmod(0o755)
    return str(folder)


def test_a_route_is_one_page_without_code_and_with_its_headings_lowered(found, tmp_path):
    pages, missing = found
    for page in pages:  # as our notebooks number their cells
        for number, cell in enumerate(page.content.cells):
            cell.id = str(number)
    made = route_pages.route_notebook(ROUTES[0], pages, missing, tmp_path, {})
    assert len({cell.id for cell in made.cells}) == len(made.cells)
    text = "\n".join(cell.source for cell in made.cells if cell.cell_type == "markdown")
    assert [line for line in text.splitlines() if line.startswith("# ")] == ["# Route of 45 minutes, to print"]
    assert text.index("## Does the chart move?") < text.index("## Does it explore?")
    assert text.count("new-sheet") == 2
    assert "Provenance" not in text
    assert 'href="01_chart.html#provenance"' in text
    assert {tuple(cell.metadata.tags) for cell in made.cells if cell.cell_type == "code"} == {("remove-input",)}
    assert "want of a complete run" not in text, "03 belongs to another route"


def test_a_route_none_of_whose_notebooks_ran_has_no_page(found):
    assert route_pages.printable(found[0]) == [ROUTES[0]]


def test_code_in_text_keeps_its_comments():
    assert route_pages._lowered("# A\n```sh\n# b\n```\n## C\n#5") == "## A\n```sh\n# b\n```\n### C\n#5"


def test_a_pdf_that_was_written_is_linked(site, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", browser(tmp_path / "bin", PDF))
    assert route_pages.write_pdfs(site, ROUTES[:1]) == []
    assert (site / "route_45_minutes.pdf").read_text() == "%PDF\n"
    for page in site.glob("*.html"):
        assert '(<a href="route_45_minutes.pdf">PDF</a>)' in page.read_text()


@pytest.mark.parametrize("script", ["#!/bin/sh\necho no sandbox >&2\nexit 1\n", None])
def test_without_a_pdf_there_is_no_link(site, tmp_path, monkeypatch, script):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty") if script is None else browser(tmp_path / "bin", script))
    expected = [] if script is None else ["route_45_minutes.pdf: not written: no sandbox"]
    assert route_pages.write_pdfs(site, ROUTES[:1]) == expected
    assert "PDF" not in (site / "index.html").read_text()


@pytest.mark.browser
def test_chromium_prints_a_page(site):
    if not any(map(shutil.which, route_pages.BROWSERS)):
        pytest.skip("no Chromium on the path")
    assert route_pages.write_pdfs(site, ROUTES[:1]) == []
    assert (site / "route_45_minutes.pdf").read_bytes().startswith(b"%PDF-")

"""The site: what becomes of outputs, formulas, links and claims, and that a half-built one is never in its place."""

import json
import re
import shutil
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from tiny_project import files_below
from tiny_site import (
    PARAMETERS,
    TABLE,
    chart_notebook,
    explorer_notebook,
    make_executed_project,
    put_run,
)

from mrilib.cli import main
from mrilib.figures.notebook import WORDS_STAY_WHOLE
from mrilib.running.claims import complete_runs
from mrilib.site import build
from mrilib.site.formulas import mathml
from mrilib.site.glossary import explained
from mrilib.site.notebook_page import badge_of, insert_below_first_figure, linked, page_notebook
from mrilib.site.outputs import shown
from mrilib.site.pages import find_pages
from mrilib.site.sphinx_extension import unbroken
from mrilib.store.paths import PACKAGE
from mrilib.store.project import UserError
from mrilib.store.records import digest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture
def project(tmp_path, monkeypatch):
    made = make_executed_project(tmp_path)
    monkeypatch.chdir(made.root)
    return made


def formulas(notebook):
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return re.findall(r"\$\$(.+?)\$\$", text, re.S) + re.findall(r"(?<!\$)\$([^$\n]+)\$(?!\$)", text)


def html_of(output, files):
    return shown(output, "notebooks/01_chart.ipynb", files)["data"]["text/html"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_formula_of_the_notebooks_becomes_mathml(notebook):
    for tex in formulas(notebook):
        assert mathml(tex).startswith("<math alttext="), tex


def test_formulas_mean_what_tex_means():
    assert "<mo>arg</mo><msub><mo>min</mo>" in mathml(r"\arg\min_x")
    assert "<mo>&#x0223C;</mo>" in mathml(r"x \sim P"), "a relation, not a letter"
    assert "&#x1D53C;" in mathml(r"\mathbb E"), "double-struck without `mathvariant`, which browsers ignore"
    assert mathml(r"\lVert x \rVert_2^2").count('stretchy="false"') == 2, "both bars of one height"
    assert 'alttext="a &lt; b"' in mathml("a < b")
    assert 'display="block"' in mathml("a", "block")


def test_a_formula_stays_with_the_mark_after_it():
    body = "<p><math><mi>x</mi></math>: <math>y</math> or</p>"
    context = {"body": body}
    unbroken(None, "", "", context, None)
    kept = '<span class="unbroken"><math><mi>x</mi></math>:</span>'
    assert context["body"] == f"<p>{kept} <math>y</math> or</p>"


@pytest.mark.parametrize("tex", [r"\nonesuch x", r"\frac{", "x_{", r"\begin{aligned} a &= b \end{aligned}"])
def test_a_formula_that_cannot_be_drawn_is_named(tex):
    with pytest.raises(ValueError, match=re.escape(tex)):
        mathml(tex)


def test_a_chart_keeps_its_image_and_its_specification_beside_it(tmp_path):
    output = chart_notebook().cells[1].outputs[0]
    html = html_of(output, tmp_path)
    (image,) = re.findall(r'src="(pictures/\w+\.png)"', html)
    assert (tmp_path / image).read_bytes().startswith(b"\x89PNG")
    assert 'alt="A line, &lt;/script&gt; and steeper with the share"' in html
    specification = re.search(r"json\">(.*?)</script>", html)[1]
    assert json.loads(specification)["params"][0]["bind"]["input"] == "range"
    assert html.count("</script>") == 1, "a description cannot end the script"
    assert re.search(r'width="\d+" height="\d+"', html), "the page does not jump when the image comes"


def test_a_table_can_be_scrolled_and_text_stays(tmp_path):
    table, said, _ = chart_notebook().cells[1].outputs[2:]
    assert TABLE in html_of(table, tmp_path)
    assert 'class="wide"' in html_of(table, tmp_path)
    assert shown(said, "a.ipynb", tmp_path) is said


def test_an_explorer_says_what_it_needs_and_shows_its_first_view(tmp_path):
    content = explorer_notebook()
    html = html_of(content.cells[1].outputs[0], tmp_path)
    assert "needs a kernel" in html
    assert '<a href="notebooks/01_chart.ipynb" download>01_chart.ipynb</a> in JupyterLab' in html
    assert "<p>a is 2</p>" in html
    assert 'alt="A dot"' in html
    assert "run its cell" not in html, "there is none on a page"


def test_the_style_of_jupyter_is_dropped(tmp_path):
    assert shown(new_output("display_data", {"text/html": WORDS_STAY_WHOLE}), "a.ipynb", tmp_path) is None


def test_a_table_that_is_folded_in_the_notebook_is_folded_with_its_code(project):
    [page, *_], _ = find_pages(project.root, complete_runs(project.root / "runs", project.root))
    page.content.cells[1].metadata["jupyter"] = {"outputs_hidden": True}
    made = page_notebook(page, {"01_chart"}, project.root)
    [code] = [cell for cell in made.cells if cell.cell_type == "code"]
    assert code.metadata.tags == ["hide-cell"]
    assert code.metadata.mystnb["code_prompt_show"] == "Show the table and its code"


def test_a_progress_bar_is_dropped_and_what_stands_beside_it_stays(tmp_path):
    bar = chart_notebook().cells[1].outputs[-1]
    assert shown(bar, "a.ipynb", tmp_path) is None
    bar.text += "done: 0.9\n"
    assert shown(bar, "a.ipynb", tmp_path).text == "done: 0.9\n"


def test_the_first_of_each_term_is_explained_and_code_and_formulas_are_not():
    terms = {"gap": 'the "difference"', "line": "a column"}
    source = "# The gap\n\nThe gap is a **gap**; `gap`, $gap$, [gap](a.md). Gaps, off-line, line and gap."
    abbr = '<abbr class="term" tabindex="0" title="{}">{}</abbr>'
    seen = set()
    expected = source.replace("The gap is", f"The {abbr.format('the &quot;difference&quot;', 'gap')} is")
    expected = expected.replace(", line and", f", {abbr.format('a column', 'line')} and")
    assert explained(source, terms, seen) == expected
    assert explained("gap", terms, seen) == "gap", "once a page"
    assert explained("gap", {}, set()) == "gap"


def test_code_is_folded_and_nobody_is_told_to_run_cells(project):
    pages, _ = find_pages(project.root, complete_runs(project.root / "runs", project.root))
    made = page_notebook(pages[0], {"01_chart"}, project.root, {"gap": "a difference"})
    assert [cell.metadata.tags for cell in made.cells if cell.cell_type == "code"] == [["hide-input"]]
    text = made.cells[0].source
    assert "Run All" not in text
    assert "open the notebook in JupyterLab" in text
    assert text.count("<abbr") == 1
    assert len(made.cells[1].outputs) == 4, "without the progress bar"


def dead_links(folder):
    """Addresses on the pages of a site that lead to no file of it, or to no place on their page."""
    dead = []
    for page in sorted(folder.glob("*.html")):  # the theme keeps templates below _static
        text = page.read_text(encoding="utf-8")
        for link in re.findall(r"""\b(?:href|src)=["']([^"']*)["']""", text):
            address, _, place = unescape(unquote(link)).partition("#")
            if re.match(r"[a-z]+:|//", address):
                continue
            target = page.parent / address.partition("?")[0] if address else page
            lost = not target.exists()
            if not lost and place and target.suffix == ".html":
                there = target.read_text(encoding="utf-8")
                lost = f'id="{place}"' not in there and f'name="{place}"' not in there
            dead += [f"{page.name}: {link}"] if lost else []
    return dead


def test_links_stay_within_the_site():
    source = "[a](01_chart.ipynb), [b](03_absent.ipynb#x), [c](https://example.org/d.html), [e](#f)"
    assert linked(source, {"01_chart"}) == (
        "[a](01_chart.ipynb), b (not on this site), [c](https://example.org/d.html), [e](#f)"
    )
    executed = "[a](../../../notebooks/01_chart.ipynb#x), [plan](../../../notebooks/README.md#glossary), [p](../p/a.md)"
    assert linked(executed, {"01_chart", "README"}) == (
        "[a](01_chart.ipynb#x), [plan](lessons.md#glossary), p (not on this site)"
    )


def test_of_several_runs_the_one_with_fewest_changes_is_shown(project):
    put_run(project, project.root / "notebooks" / "01_chart.ipynb", new_notebook(), steps="5")
    pages, missing = find_pages(project.root, complete_runs(project.root / "runs", project.root))
    assert [(page.name, page.run.folder.name) for page in pages] == [("01_chart", "quick"), ("02_explorer", "quick")]
    assert missing == ["03_absent"]


def test_a_page_has_its_badge_beneath_its_first_figure_and_its_provenance_at_its_end(project):
    pages, _ = find_pages(project.root, complete_runs(project.root / "runs", project.root))
    _title, figure, below, last = page_notebook(pages[0], {"01_chart"}, project.root).cells
    assert figure.cell_type == "code"
    assert "ran in 1:03 min" in below.source
    assert digest(PARAMETERS) in last.source
    for named in ("mrilib run 01", "1:03 min", "cores", "python 3", pages[0].run.manifest["key"]):
        assert named in last.source
    assert len(pages[0].content.cells) == 2, "the run itself is left alone"


STRIP = "> strip\n>\n> ran"


def test_the_badge_stands_in_the_box_of_the_strip_of_routes():
    cells = [new_code_cell("draw()"), new_markdown_cell("> **45-minute route** · step 1"), new_markdown_cell("Text")]
    insert_below_first_figure(cells, "<p>ran in 1:03 min</p>")
    assert [cell.source for cell in cells[1:]] == [
        "Text",
        "> **45-minute route** · step 1\n>\n> <p>ran in 1:03 min</p>",
    ]
    assert badge_of(cells[2].source) == "<p>ran in 1:03 min</p>", "kept on the pages of routes, without the strip"
    assert badge_of("> **45-minute route** · step 1") == ""


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("What to look for.\n\n## A section\n\nMore.", ["What to look for.", STRIP, "## A section\n\nMore."]),
        ("## A section\n\nMore.", [STRIP, "## A section\n\nMore."]),
        ("What to look for.", ["What to look for.", STRIP]),
    ],
)
def test_the_strip_of_routes_stands_before_the_first_section(text, order):
    cells = [new_code_cell("figure"), new_markdown_cell("> strip"), new_markdown_cell(text)]
    insert_below_first_figure(cells, "ran")
    assert [cell.source for cell in cells[1:]] == order


def test_the_site_is_built_and_replaced_as_a_whole(project, monkeypatch, capsys):
    output = project.root / "public"
    assert main(["site", "--output", str(output)]) == 0
    printed = capsys.readouterr()
    assert printed.err == "", "Sphinx has nothing to warn of"
    assert "left out  03_absent" in printed.out
    assert "mrilib run 03" in printed.out
    page, first, claims = (
        (output / f"{name}.html").read_text(encoding="utf-8") for name in ("01_chart", "index", "claims")
    )
    assert page.count("<math ") == 4
    assert 'href="02_explorer.html"' in page
    assert "charts.js" in page
    assert dead_links(output) == []
    assert '<abbr class="term" tabindex="0" title="what training on Q has over training on P">gap</abbr>' in page
    assert "Show the code" in page
    assert "xylophone" in page
    assert "TTT:" not in page, "no progress bars"
    assert 'src="_static/ttt_in_motion.webp"' in first
    assert 'class="image-explorer"' in first
    assert "_static/image_explorer.js" in first
    images = (output / "_static" / "image_explorer.js").read_text(encoding="utf-8")
    assert "simulated dots" in images
    assert "dot b, with, shift II" in images
    assert 'href="lessons.html"' in page + first
    assert 'href="route_45_minutes.html"' in first
    assert not (output / "route_90_minutes.html").exists(), "none of its notebooks has run"
    assert "The mrilib developers" in first
    assert "charts.js" not in (output / "02_explorer.html").read_text(encoding="utf-8")
    assert "half is &lt;closed&gt;" in claims
    assert "✓ reproduced" in claims
    assert "2 tests: 1 reproduced, 0 differs, 0 undecided, 1 not run" in first
    buttons = re.search(r'<p class="buttons">(.*?)</p>', first)[1]
    assert re.findall('href="(.*?)"', buttons) == [
        "01_chart.html",
        "claims.html",
        "route_45_minutes.html",
        "lessons.html",
    ]
    assert 'href="01_chart.html"' in first
    assert re.search(r"03 absent.*no complete run exists", first)
    assert (output / "notebooks" / "02_explorer.ipynb").is_file()
    core = (output / "reference.html").read_text(encoding="utf-8")
    assert 'id="mrilib.ttt.test_time_train"' in core, "named by the module that a reader imports"
    assert "\\" not in re.sub(r"<[^>]*>", "", core.partition("<article")[2]), "nothing is shown as an escape"
    roots = {file.stem for file in PACKAGE.glob("*.py")} - {"__init__", "cli"}
    assert all(f'id="module-mrilib.{name}"' in core for name in roots), "every module of the core"
    before = files_below(output)
    (output / "stale.html").touch()
    built = project.root / "built"
    shutil.copytree(output, built, ignore=shutil.ignore_patterns("stale.html"))
    monkeypatch.setattr(build, "run_sphinx", lambda work: shutil.copytree(built, work / "html") and [])
    assert main(["site", "--output", str(output)]) == 0
    assert files_below(output) == before, "nothing of the former site is left"
    monkeypatch.setattr(build, "run_sphinx", lambda work: (_ for _ in ()).throw(OSError("Sphinx could not")))
    assert main(["site", "--output", str(output)]) == 1
    assert "Sphinx could not" in capsys.readouterr().err
    assert files_below(output) == before, "a failed build leaves the former site"
    assert not list(project.root.glob(".public*")), "and nothing else"


def test_a_folder_that_is_not_a_site_is_left_alone(project):
    mine = project.root / "mine"
    mine.mkdir()
    (mine / "thesis.tex").touch()
    with pytest.raises(UserError, match="is not a site"):
        build.build_site(project.root, project.root / "runs", mine)
    assert files_below(mine) == ["thesis.tex"]


def test_a_missing_package_comes_with_the_command_that_installs_it(project, monkeypatch, capsys):
    monkeypatch.setattr(build, "find_spec", lambda name: None if name == "myst_nb" else object())
    assert main(["site"]) == 2
    error = capsys.readouterr().err
    assert "the site needs myst_nb" in error
    assert "pip install -c .ci/constraints.txt -e '.[site]'" in error


def test_without_runs_there_is_no_site(project, capsys):
    assert main(["site", "--runs-dir", str(project.root / "nothing")]) == 2
    assert "mrilib run --all" in capsys.readouterr().err
    assert not (project.root / "build").exists()

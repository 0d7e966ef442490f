"""Executed notebooks: their links lead somewhere, their tabs have names, running in place is no change of the code."""

import os
import re
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from tiny_project import REPOSITORY

from mrilib.running import manifest
from mrilib.running.executed import committed, relink, without_outputs
from mrilib.store.project import notebooks

LINK = re.compile(r"\]\(([^)\s#]+)")
GIT = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@a", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@a"}


def targets(content):
    """Relative addresses in the text of a notebook."""
    text = "\n".join(cell.source for cell in content.cells if cell.cell_type == "markdown")
    return [found for found in LINK.findall(text) if not re.match(r"[a-z]+:", found)]


@pytest.mark.parametrize("path", notebooks(REPOSITORY), ids=lambda path: path.stem)
def test_links_of_an_executed_notebook_lead_somewhere(path):
    folder = REPOSITORY / "runs" / path.stem / "quick"
    content = nbformat.read(path, as_version=4)
    assert targets(content)
    relink(content, path.parent, folder)
    dead = [target for target in targets(content) if not os.path.exists(os.path.normpath(folder / target))]
    assert dead == []


def test_only_links_to_files_are_moved(tmp_path):
    (tmp_path / "notebooks").mkdir()
    for name in ("01_a.ipynb", "map.png"):
        (tmp_path / "notebooks" / name).touch()
    text = "[a](01_a.ipynb#x) [b](https://e.org/01_a.ipynb) [c](#d) [e](absent.ipynb) `f[0](n)` ![g](map.png)"
    html = '<a href="01_a.ipynb">a</a><img src="data:image/png;base64,AA"><a href="mailto:a@b">m</a>'
    shown = new_output("display_data", {"text/markdown": text, "text/html": html, "text/plain": "01_a.ipynb"})
    content = new_notebook(cells=[new_markdown_cell(text), new_code_cell("a = '](01_a.ipynb)'", outputs=[shown])])
    relink(content, tmp_path / "notebooks", tmp_path / "runs" / "01_a" / "quick")
    moved = text.replace("(01_a", "(../../../notebooks/01_a").replace("(map", "(../../../notebooks/map")
    assert content.cells[0].source == moved
    assert content.cells[1].source == "a = '](01_a.ipynb)'", "code is left alone"
    data = content.cells[1].outputs[0].data
    assert data["text/markdown"] == moved
    assert data["text/html"] == html.replace('"01_a', '"../../../notebooks/01_a')
    assert data["text/plain"] == "01_a.ipynb"


def git(folder, *words):
    return subprocess.run(["git", *words], cwd=folder, env=os.environ | GIT, check=True, capture_output=True, text=True)


@pytest.fixture
def checkout(tmp_path):
    """A repository with one notebook and one module, all committed."""
    (tmp_path / "notebooks").mkdir()
    content = new_notebook(cells=[new_code_cell("1 + 1")])
    (tmp_path / "notebooks" / "01_a.ipynb").write_text(committed(nbformat.writes(content)))
    (tmp_path / "module.py").write_text("a = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def run_in_place(path, source="1 + 1"):
    """What JupyterLab leaves when a notebook was run and saved."""
    content = nbformat.read(path, as_version=4)
    content.cells[0] = new_code_cell(source, execution_count=3, outputs=[new_output("stream", text="2")])
    content.metadata["language_info"] = {"name": "python", "version": "3.13.1"}
    nbformat.write(content, path)


def test_a_notebook_run_in_place_is_not_dirty_and_a_changed_one_is(checkout):
    head = git(checkout, "rev-parse", "HEAD").stdout.strip()
    assert manifest.commit(checkout) == head
    run_in_place(checkout / "notebooks" / "01_a.ipynb")
    assert git(checkout, "diff", "--name-only").stdout, "git sees it"
    assert manifest.commit(checkout) == head
    run_in_place(checkout / "notebooks" / "01_a.ipynb", "1 + 2")
    assert manifest.commit(checkout) == f"{head}-dirty"
    git(checkout, "checkout", "-q", ".")
    (checkout / "module.py").write_text("a = 2\n")
    assert manifest.commit(checkout / "notebooks") == f"{head}-dirty"


def test_a_notebook_that_is_broken_new_or_gone_is_dirty(checkout):
    path = checkout / "notebooks" / "01_a.ipynb"
    path.write_text("{")
    assert manifest.commit(checkout).endswith("-dirty")
    path.unlink()
    assert manifest.commit(checkout).endswith("-dirty")


def test_with_the_filter_git_sees_and_commits_no_outputs(checkout):
    (checkout / ".gitattributes").write_text((REPOSITORY / ".gitattributes").read_text())
    git(checkout, "config", "filter.mrilib-outputs.clean", f'"{sys.executable}" -m mrilib.running.executed')
    git(checkout, "add", ".gitattributes")
    git(checkout, "commit", "-qm", "filter")
    path = checkout / "notebooks" / "01_a.ipynb"
    run_in_place(path)
    assert git(checkout, "diff").stdout == ""
    git(checkout, "add", "-u")
    assert git(checkout, "status", "--porcelain").stdout == ""
    run_in_place(path, "1 + 2")
    git(checkout, "commit", "-qam", "second")
    stored = git(checkout, "show", "HEAD:notebooks/01_a.ipynb").stdout
    assert "1 + 2" in stored
    assert '"outputs": []' in stored
    assert "3.13.1" not in stored


@pytest.mark.parametrize("path", notebooks(REPOSITORY), ids=lambda path: path.stem)
def test_what_is_committed_is_what_the_filter_writes(path):
    text = path.read_text(encoding="utf-8")
    assert committed(text) == text
    assert without_outputs(nbformat.reads(text, as_version=4)).cells[0].id == "0"

"""The worksheet and the instructor's sheet are made of the notebooks' own exercises."""

import nbformat
import pytest
from command_line import refused
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from tiny_project import REPOSITORY

from mrilib.classroom import sheets
from mrilib.cli import main
from mrilib.store.project import notebooks

QUESTIONS = "Seen.\n\n## Exercises\n\n1. **Open.** Why is\n   it so?\n2. **Fill in.** How many? Replace both `None`."
CODE = "from a import check\n\nfirst, last = None, None  # of the rows\nanswer = None  # how many\ncheck(first, answer)"
ANSWERS = (
    "<details><summary>Answers</summary>\n\n1. Because $x^2$.\n2. Twelve.\n\n</details>\n\n## References\n\n- One."
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    for folder in ("notebooks", "params"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'mrilib'\n")
    cells = [new_markdown_cell(QUESTIONS), new_code_cell(CODE), new_markdown_cell(ANSWERS)]
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "03_some_name.ipynb")
    nbformat.write(new_notebook(cells=cells[:0]), tmp_path / "notebooks" / "04_none.ipynb")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_questions_blanks_and_answers_come_from_the_notebook(project):
    one = sheets.read(project / "notebooks" / "03_some_name.ipynb")
    assert one.title == "03 some name"
    assert one.questions == ["**Open.** Why is it so?", "**Fill in.** How many? Replace both `None`."]
    assert one.blanks == [("first, last", "of the rows"), ("answer", "how many")]
    assert one.answers == ["Because $x^2$.", "Twelve."]
    assert sheets.read(project / "notebooks" / "04_none.ipynb") is None


def test_students_get_room_and_no_answers(project):
    worksheet, answers = (path.read_text(encoding="utf-8") for path in sheets.write(project, project / "out"))
    for text in (worksheet, answers):
        assert "**03.1** **Open.** Why is it so?" in text
        assert "**03.2** **Fill in.** How many?" in text
    assert "Twelve" not in worksheet
    assert "`first, last`: of the rows ____" in worksheet
    assert "> Twelve." in answers


def test_an_exercise_without_answer_is_refused(project, capsys):
    path = project / "notebooks" / "03_some_name.ipynb"
    path.write_text(path.read_text().replace("2. Twelve.", "Twelve."))
    assert "has 2 exercises and 1 answers" in refused(capsys, "classroom", "out", "--sheets")


def test_the_command_writes_both(project, capsys):
    assert main(["classroom", "out", "--sheets"]) == 0
    assert capsys.readouterr().out.split() == ["out/worksheet.md", "out/answers.md"]
    assert (project / "out" / "answers.md").is_file()


def test_every_notebook_of_the_companion_is_on_the_sheets():
    for path in notebooks(REPOSITORY):
        one = sheets.read(path)
        assert len(one.questions) >= 3
        assert one.blanks[-1][0] == "answer"

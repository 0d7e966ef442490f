"""Every notebook has its exercises: three kinds of them, a check that never raises, folded answers."""

import ast
import builtins
import re
from pathlib import Path

import nbformat
import pytest

from mrilib.store.project import find_root, notebooks

ROOT = find_root(Path(__file__).parent)
every_notebook = pytest.mark.parametrize("path", notebooks(ROOT) if ROOT else [], ids=lambda path: path.stem)


class Anything(float):
    """Stands for whatever the notebook has computed before: a number, a list of one, an object, a function."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *arguments, **options):
        return self

    def __getitem__(self, key):
        return self

    def __iter__(self):
        return iter([1.0])

    def __len__(self):
        return 1


def exercises(path):
    """The cells from the heading of the exercises on."""
    cells = nbformat.read(path, as_version=4).cells
    starts = [n for n, cell in enumerate(cells) if cell.cell_type == "markdown" and "## Exercises" in cell.source]
    assert starts, "no exercises"
    return cells[starts[0] :]


def checks(cells):
    """Sources of the cells that are filled in."""
    return [cell.source for cell in cells if cell.cell_type == "code" and re.search(r"\banswer = None", cell.source)]


def said(source, answer):
    """What a check prints for an answer, in a notebook where everything else has been run."""
    loaded = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    given = {name: Anything(1.0) for name in loaded if not hasattr(builtins, name)}
    printed = []
    given["print"] = lambda *words: printed.append(" ".join(map(str, words)))
    given["given_answer"] = answer
    exec(re.sub(r"\banswer = None", "answer = given_answer", source), given)  # noqa: S102
    return "\n".join(printed)


@every_notebook
def test_three_to_five_numbered_exercises_of_the_three_kinds(path):
    text = exercises(path)[0].source.partition("## Exercises")[2]
    numbers = [int(found) for found in re.findall(r"^(\d)\. \*\*", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert 3 <= len(numbers) <= 5
    for kind in ("Predict, then change.", "Fill in.", "Open."):
        assert f"**{kind}**" in text


@every_notebook
def test_a_check_hints_and_never_raises(path):
    sources = checks(exercises(path))
    assert sources, "a cell with `answer = None` that checks what is put there"
    for source in sources:
        assert said(source, None).strip(), "it says what to do"
        for wrong in ("a text", -1e9, [1, 2], {"a": 1}, float("nan")):
            hint = said(source, wrong)
            assert hint.strip()
            assert "Right" not in hint


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        *(("07", 0.3), ("08", 0.48), ("09", 16), ("10", 0.8562), ("11", 2880), ("12", 0.02), ("13", 268), ("15", 460)),
        *(("16", 2.2), ("17", 5520), ("18", 2.083)),
    ],
)
def test_the_folded_answer_is_right(number, answer):
    path = next(path for path in notebooks(ROOT) if path.stem.startswith(number))
    assert "Right" in said(checks(exercises(path))[0], answer)
    assert "Right" not in said(checks(exercises(path))[0], 1.5 * answer)


@every_notebook
def test_answers_are_folded_in_the_same_notebook(path):
    folded = re.findall(r"<details>(.*?)</details>", "\n".join(cell.source for cell in exercises(path)), re.DOTALL)
    count = len(re.findall(r"^\d\. \*\*", exercises(path)[0].source.partition("## Exercises")[2], re.MULTILINE))
    assert len(folded) == 1
    assert len(re.findall(r"^\d\. ", folded[0], re.MULTILINE)) == count, "one for each exercise"


@pytest.mark.parametrize(
    ("source", "wrong"),
    [("answer = None\nprint(abs(answer - 1))", None), ("answer = None\nprint(answer is None or abs(answer - 1))", "x")],
)
def test_a_check_that_raises_is_seen(source, wrong):
    with pytest.raises(TypeError):
        said(source, wrong)

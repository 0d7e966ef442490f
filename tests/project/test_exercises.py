"""Every notebook has its exercises: three kinds of them, blanks that are checked one by one, folded answers."""

import ast
import re
from fractions import Fraction
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from exercise_solutions import SOLUTIONS, STATE

from mrilib.exercises.blanks import EMPTY, RIGHT, Blank, verdict
from mrilib.store.project import find_root, notebooks

ROOT = find_root(Path(__file__).parent)
PATHS = notebooks(ROOT) if ROOT else []
every_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
every_number = pytest.mark.parametrize("number", SOLUTIONS)
every_blank = pytest.mark.parametrize(
    ("number", "name"), [(number, name) for number, blanks in SOLUTIONS.items() for name in blanks]
)
WRONG = ("a text", -1e9, [1, 2], {"a": 1}, float("nan"), object(), [[1], [2, 3]], torch.zeros(0), np.datetime64("now"))


def exercises(path):
    """The cells from the heading of the exercises on."""
    cells = nbformat.read(path, as_version=4).cells
    starts = [n for n, cell in enumerate(cells) if cell.cell_type == "markdown" and "## Exercises" in cell.source]
    assert starts, "no exercises"
    return cells[starts[0] :]


def check_of(path):
    """The cell that is filled in, as a syntax tree."""
    found = [ast.parse(cell.source) for cell in exercises(path) if cell.cell_type == "code"]
    assert len(found) == 1
    return found[0]


@pytest.fixture
def say(capsys):
    """Runs a notebook's cell with these blanks filled and the others still None; what it prints."""

    def fill(number, **filled):
        *before, call = check_of(next(path for path in PATHS if path.stem.startswith(number))).body
        given = dict(STATE.get(number, {}))
        for part in (before, [call]):
            exec(compile(ast.Module(part, []), "cell", "exec"), given)  # noqa: S102
            given |= filled
            if part is before:
                capsys.readouterr()
        return capsys.readouterr().out.strip()

    return fill


@every_notebook
def test_three_to_five_numbered_exercises_of_the_three_kinds(path):
    text = exercises(path)[0].source.partition("## Exercises")[2]
    numbers = [int(found) for found in re.findall(r"^(\d)\. \*\*", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert 3 <= len(numbers) <= 5
    for kind in ("Predict, then change.", "Fill in.", "Open."):
        assert f"**{kind}**" in text


@every_notebook
def test_the_cell_has_blanks_and_a_check_and_no_solution(path):
    tree = check_of(path)
    imported, *blanks, call = tree.body
    assert isinstance(imported, ast.ImportFrom)
    assert imported.module.endswith(f".{path.stem[3:]}.exercises")
    for line in blanks:
        assert isinstance(line, ast.Assign)
        assert all(isinstance(node, ast.Constant) for node in getattr(line.value, "elts", [line.value]))
    assert isinstance(call, ast.Expr)
    assert not call.value.keywords
    assert all(isinstance(argument, ast.Name | ast.Attribute) for argument in call.value.args)
    empty = [line.targets[0] for line in blanks if "None" in ast.unparse(line.value)]
    names = [node.id for target in empty for node in ast.walk(target) if isinstance(node, ast.Name)]
    assert names == list(SOLUTIONS[path.stem[:2]])


@every_number
def test_empty_blanks_are_asked_for_from_the_top(say, number):
    filled, solution = {}, SOLUTIONS[number]
    assert say(number) == EMPTY
    for name, following in zip(solution, [*solution][1:], strict=False):
        filled[name] = solution[name]
        assert f"Next: `{following}`" in say(number, **filled)


def as_array(value):
    return value if isinstance(value, str) else np.asarray(value)


def as_tensor(value):
    return value if isinstance(value, str) else torch.as_tensor(value)


def as_gradients(value):
    """A tensor that still has its graph, as a network's output has."""
    return value if isinstance(value, str) else torch.as_tensor(value).to(torch.complex64).requires_grad_()


@every_number
@pytest.mark.parametrize("form", [lambda value: value, as_array, as_tensor, as_gradients])
def test_what_is_right_is_right_in_every_form(say, number, form):
    solution = {name: form(value) for name, value in SOLUTIONS[number].items()}
    assert say(number, **solution) == RIGHT
    assert say(number, answer=solution["answer"]) == RIGHT, "a way of one's own leaves the other blanks empty"


@every_blank
def test_a_wrong_blank_is_named_and_its_value_is_not(say, number, name):
    right = SOLUTIONS[number][name]
    scaled = [] if isinstance(right, str) else [1.5 * np.asarray(right, complex)]
    for wrong in (*WRONG, *scaled):
        hint = say(number, **{**SOLUTIONS[number], name: wrong})
        assert f"`{name}`" in hint, wrong
        assert RIGHT not in hint
        if isinstance(right, int | float):
            figures = [float(found.replace(",", "")) for found in re.findall(r"\d[\d,.]*\d|\d", hint)]
            assert not [figure for figure in figures if abs(figure - right) < 0.005 * right], hint


def test_the_mask_of_the_first_notebook_is_counted_not_named(say):
    """4× with the centre measured as well is 20/7; a tensor of it was refused once."""
    lines = STATE["00"]["sample"].mask.flatten()
    assert say("00", answer=len(lines) / lines.sum()) == RIGHT
    assert say("00", answer=4) != RIGHT


def test_whole_numbers_are_exact_and_others_need_two_digits():
    assert verdict(Blank("answer", 2881, 2880, "count")) != RIGHT
    assert verdict(Blank("answer", 0.67, 2 / 3, "divide")) == RIGHT
    assert verdict(Blank("answer", 0.65, 2 / 3, "divide")) != RIGHT
    assert verdict(Blank("answer", Fraction(2, 3), 2 / 3, "divide")) == RIGHT
    assert "as a fraction" in verdict(Blank("answer", 67, 2 / 3, "divide"))


def test_a_right_answer_with_a_wrong_step_says_so():
    blanks = Blank("part", 3, 2, "half of it"), Blank("answer", 4, 4, "twice the part")
    assert verdict(*blanks) == "The answer is fine, but `part` is not the right number: half of it"


@every_notebook
def test_answers_are_folded_in_the_same_notebook(path):
    folded = re.findall(r"<details>(.*?)</details>", "\n".join(cell.source for cell in exercises(path)), re.DOTALL)
    count = len(re.findall(r"^\d\. \*\*", exercises(path)[0].source.partition("## Exercises")[2], re.MULTILINE))
    assert len(folded) == 1
    assert len(re.findall(r"^\d\. ", folded[0], re.MULTILINE)) == count, "one for each exercise"
    assert "is the answer for this" not in folded[0], "an answer does not hand its question back"

"""Parameters: the typed cell, the profiles and `-p`; every wrong value is one line that names its origin."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from records import record
from tiny_project import make_project

from mrilib.running.parameters import apply, declared, read_profile, record_of, resolve
from mrilib.store.kinds import in_words
from mrilib.store.parameters import ParameterError
from mrilib.store.project import UserError, find_root, profile_file

ROOT = find_root(Path(__file__).parent)
PROFILES = sorted(ROOT.glob("params/*/*.yaml")) if ROOT else []
CELL = """from_yaml: float = 0.5  # step size, 1/mm — "é"
steps: int = 3  # iterations
flag: bool = False
name: str = "a # b"  # a name
widths: list[int] = [8, 16]
scales: list[float] = [1.0]
limit: int | None = None
kind: Literal["magnitude", "complex"] = "magnitude"
factor: Literal[2, 4] = 4
label: str | None = None"""


@pytest.fixture
def notebook(tmp_path):
    return nbformat.read(make_project(tmp_path).notebook("01_tiny", parameters=CELL), 4)


@pytest.fixture
def parameters(notebook):
    return record_of(notebook, "01_tiny").declared()


def parse(folder, cell):
    path = make_project(folder).notebook("01_tiny", parameters=cell)
    return declared(nbformat.read(path, 4), path.name)


def test_the_cell_is_read_with_types_and_meanings(notebook):
    cell = declared(notebook, "01_tiny")
    assert [line.meaning for line in cell.values()][:4] == [
        'step size, 1/mm — "é"',
        "iterations",
        "",
        "a name",
    ]
    assert cell["widths"].default == [8, 16]
    assert in_words(cell["limit"].kind) == "int | None"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("from_yaml", "1e-4", 0.0001),
        ("from_yaml", 2, 2.0),
        ("from_yaml", "-1e-4", -0.0001),
        ("steps", "7", 7),
        ("steps", 7, 7),
        ("flag", "true", True),
        ("flag", "no", False),
        ("flag", True, True),
        ("name", "no", "no"),
        ("name", "7", "7"),
        ("name", "null", "null"),
        ("widths", "[4, 8]", [4, 8]),
        ("widths", [4], [4]),
        ("scales", "[1e-4, 2]", [0.0001, 2.0]),
        ("limit", "null", None),
        ("limit", "5", 5),
        ("kind", "complex", "complex"),
        ("factor", "2", 2),
        ("label", "None", None),
        ("label", "x", "x"),
    ],
)
def test_values_take_the_declared_type(parameters, name, value, expected):
    got = apply(parameters, {name: value}, "-p")[name]
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("steps", "abc", "-p: steps: expected int, got 'abc'"),
        ("steps", True, "-p: steps: expected int, got True"),
        ("steps", 1.5, "-p: steps: expected int, got 1.5"),
        ("steps", None, "-p: steps: expected int, got None"),
        ("steps", "True", "-p: steps: expected int, got 'True'"),
        ("steps", {"a": 1}, "-p: steps: expected int, got {'a': 1}"),
        ("from_yaml", "fast", "-p: from_yaml: expected float, got 'fast'"),
        ("from_yaml", False, "-p: from_yaml: expected float, got False"),
        ("from_yaml", "nan", "-p: from_yaml: expected float, got 'nan'"),
        ("flag", 1, "-p: flag: expected bool, got 1"),
        ("flag", "maybe", "-p: flag: expected bool, got 'maybe'"),
        ("name", 7, "-p: name: expected str, got 7"),
        ("widths", "8", "-p: widths: expected list[int], got '8'"),
        ("widths", "[8, true]", "-p: widths: expected list[int], got '[8, true]'"),
        ("widths", "[8", "-p: widths: expected list[int], got '[8'"),
        ("limit", "abc", "-p: limit: expected int | None, got 'abc'"),
        ("kind", "complx", "got 'complx'; did you mean 'complex'?"),
        ("factor", "3", "expected Literal[2, 4], got '3'"),
        ("step", "3", "-p: no parameter 'step'; did you mean 'steps'?"),
    ],
)
def test_wrong_values_and_names_are_refused(parameters, name, value, message):
    with pytest.raises(ParameterError, match=re.escape(message)):
        apply(parameters, {name: value}, "-p")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (None, "01_tiny.ipynb: needs exactly one cell tagged 'parameters', but has 0"),
        ("steps = 3", "parameters cell: line 1: expected `name: type = literal  # meaning`"),
        ("steps: int", "parameters cell: line 1: expected `name: type = literal  # meaning`"),
        ("a: int = 1\nsteps: int = 2 * 3", "line 2: steps: the default must be a literal"),
        ("steps: int = 'x'", "line 1: steps: expected int, got 'x'"),
        (
            "steps: dict = {}",
            "line 1: unknown type dict: use int, float, str, bool, list[…], Literal[…] or | None",
        ),
        ("steps: int =", "01_tiny.ipynb: parameters cell: "),
    ],
)
def test_a_wrong_cell_names_the_notebook(tmp_path, cell, message):
    with pytest.raises(ParameterError, match=re.escape(message)):
        parse(tmp_path, cell)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- steps\n", "expected a flat mapping `name: value`, got list"),
        ("steps: [1\n", "not readable as YAML"),
        ("1: 2\n", "expected a flat mapping"),
        ("!!python/object/apply:os.getcwd []\n", "not readable as YAML"),
    ],
)
def test_a_wrong_profile_names_its_file(tmp_path, text, message):
    file = make_project(tmp_path).profile("01_tiny", text)
    with pytest.raises(ParameterError, match=re.escape(str(file)) + ".*" + re.escape(message)):
        read_profile(file)


def test_a_profile_that_is_not_there_names_the_nearest(tmp_path):
    project = make_project(tmp_path)
    notebook = project.notebook("01_tiny")
    assert profile_file(notebook, "quick", project.root) is None, "no folder in params: the cell's defaults"
    project.profile("01_tiny", "steps: 4\n", "paper")
    with pytest.raises(UserError, match="01_tiny has no profile 'papr'; did you mean 'paper'"):
        profile_file(notebook, "papr", project.root)


def test_the_command_line_wins_over_the_profile_and_names_the_folder(tmp_path, notebook):
    file = make_project(tmp_path / "other").profile("01_tiny", "# quick: as expected\nsteps: 4\nfrom_yaml: 1e-4\n")

    def resolved(given):
        return resolve(notebook, "01_tiny", file, given)

    plain = resolved({})
    assert plain.injected == {"steps": 4, "from_yaml": 0.0001}
    assert plain.label("quick") == "quick"
    same = resolved({"steps": "4"})
    assert same.label("quick") == "quick", "a -p that changes nothing is no other run"
    other = resolved({"steps": "3"})
    assert other.injected == {"from_yaml": 0.0001}, "back to the cell's default"
    assert re.fullmatch("quick-[0-9a-f]{8}", other.label("quick"))
    assert resolved({"steps": 3}).label("quick") == other.label("quick")


@pytest.mark.parametrize("file", PROFILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_profiles_of_this_project_fit_their_notebooks(file):
    notebook = ROOT / "notebooks" / f"{file.parent.name}.ipynb"
    assert notebook.is_file(), "a profile without a notebook"
    cell = declared(nbformat.read(notebook, 4), notebook.name)
    values = apply(record(notebook.stem).declared(), read_profile(file), str(file))
    assert record(notebook.stem, file.stem), "the values go together"
    same = [name for name, value in values.items() if value == cell[name].default]
    assert not same, f"a profile holds differences only; these are the cell's defaults: {same}"
    header = file.read_text(encoding="utf-8").splitlines()[:1]
    assert header, "the first line says what to expect"
    assert header[0].startswith(f"# {file.stem}:"), "the first line is `# <profile>: …expected result, time, source`"


def test_the_parameters_module_never_evaluates_code():
    tree = ast.parse(Path(declared.__code__.co_filename).read_text(encoding="utf-8"))
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"eval", "exec", "compile", "__import__"}

"""Every notebook has the parts and the measure of the model notebook; each runs with its quick profile."""

import ast
import json
import re
import statistics
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from homeless import papermill_elsewhere
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell
from notebook_cells import assigned_names, code_cells, imported_names, is_parameters, outer_names, read
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from records import record, section

from mrilib.data.fetch import locate
from mrilib.running.claims import load
from mrilib.running.jobs import plan
from mrilib.running.parameters import declared, read_profile
from mrilib.running.predicates import keys
from mrilib.running.runner import run
from mrilib.store.project import SMOKE, find_notebook, find_root, notebooks, profile_file, profile_of

ROOT = find_root(Path(__file__).parent)
PATHS = notebooks(ROOT) if ROOT else []
EXPECTED = {
    "00_start_here",
    "01_forward_model",
    "02_natural_distribution_shifts",
    "03_mixtures",
    "04_test_time_training",
    "05_early_stopping_and_ablation",
    "06_provable_adaptation",
    "07_variants_that_fail",
    "08_zero_shot_and_untrained",
    "09_transformers",
    "10_paper_versus_code",
    "11_one_model_or_many",
    "12_effective_robustness",
    "13_pathologies",
    "14_distributional_overfitting",
    "15_a_diverse_collection",
    "16_wavelets_need_tuning",
    "17_fine_tuning_forgets",
    "18_ttt_on_diverse_models",
    "19_from_simulation_to_scanner",
    "20_ttt_for_any_network",
}
FORBIDDEN = (
    r"sys\.path|CUDA_VISIBLE_DEVICES|filterwarnings|simplefilter|^\s*[!%]|/home/|/root/|/Users/|[A-Z]:\\\\"
    r"|manual_seed|random\.seed"
)
EXPLORER = re.compile(r"\b(explore_\w+|\w+_explorer)\(")
every_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def lines(source):
    """Lines with something on them."""
    return [line for line in source.splitlines() if line.strip()]


def text(path):
    return "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


def test_the_notebooks_of_the_reading_order_are_there():
    assert {path.stem for path in PATHS} >= EXPECTED


@every_notebook
def test_the_file_is_clean(path):
    content = read(path)
    nbformat.validate(content)
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(path)), "run nbstripout"
    assert [cell.id for cell in content.cells] == [str(n) for n in range(len(content.cells))], "run nbstripout"
    assert not {"papermill", "widgets", "signature"} & set(content.metadata)
    assert content.metadata["kernelspec"]["name"] == "python3"
    assert path.stat().st_size < 200_000


@every_notebook
def test_the_title_is_a_question(path):
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    assert re.match(r"# .*\?\s*$", first.source.splitlines()[0])


@every_notebook
def test_one_typed_parameters_cell_followed_by_setup(path):
    parameters = declared(read(path), path.name)
    assert 1 <= len(parameters) <= 27
    assert all(parameter.meaning for parameter in parameters.values()), "each with its meaning in a comment"
    cells = code_cells(path)
    at = next(n for n, cell in enumerate(cells) if is_parameters(cell))
    assert at <= 1, "only imports come before the parameters"
    first, second = lines(cells[at + 1].source)[:2]
    assert first == "p = Parameters.of(globals())", "read once, and from then on only `p` travels"
    assert re.search(r"\bsetup\(", second)
    assert "seed" not in parameters or "p.seed" in second


@every_notebook
def test_cells_are_short(path):
    cells = code_cells(path)
    lengths = [len(lines(cell.source)) for cell in cells if not is_parameters(cell)]
    assert statistics.median(lengths) <= 5
    assert sorted(lengths)[-2] <= 15, "one cell may be longer: the loop the notebook is about"
    assert max(lengths) <= 25
    assert sum(lengths) <= 150


@every_notebook
def test_the_library_is_called_not_written_again(path):
    trees = [ast.parse(cell.source) for cell in code_cells(path)]
    made = [node for tree in trees for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    assert len(made) <= 2
    assert all(node.end_lineno - node.lineno < 6 for node in made), [node.name for node in made]
    loops = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.While)]
    assert not loops, "iterations belong to the library"


@every_notebook
def test_nothing_that_ties_it_to_one_machine(path):
    for cell in code_cells(path):
        found = re.search(FORBIDDEN, cell.source, re.MULTILINE)
        assert found is None, found


@every_notebook
def test_a_figure_that_is_kept_is_seen(path):
    """Jupyter shows the last value of a cell only; what comes before it has to be displayed."""
    for cell in code_cells(path):
        for line in ast.parse(cell.source).body[:-1]:
            called = line.value.func if isinstance(line, ast.Expr) and isinstance(line.value, ast.Call) else None
            assert getattr(called, "id", "") not in {"keep", "bullets"}, ast.unparse(line)


@every_notebook
def test_a_sentence_stands_between_two_cells_of_code(path):
    content = read(path).cells
    start = next(n for n, cell in enumerate(content) if re.search(r"\bsetup\(", cell.source))
    kinds = [cell.cell_type for cell in content[start + 1 :]]
    pairs = [n for n, pair in enumerate(pairwise(kinds)) if pair == ("code", "code")]
    assert not pairs, f"two code cells in a row after cell {start + 1 + pairs[0]}"


@every_notebook
def test_results_are_recorded_and_the_sections_are_there(path):
    code = "\n".join(cell.source for cell in code_cells(path))
    assert re.search(r"\brecord(_table|_interval)?\(", code)
    if path.stem != "00_start_here":
        for heading in ("## What we saw", "## Exercises", "## References"):
            assert heading in text(path)
        assert "<details>" in text(path), "answers are folded"


@every_notebook
def test_a_quick_profile_says_what_to_expect(path):
    header = (ROOT / "params" / path.stem / "quick.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert re.search(r"\b(s|min|minutes|seconds)\b", header), "the first line gives the time it takes"


def test_the_names_that_claims_ask_for_are_recorded():
    claims = [claim for claim in load(ROOT / "params" / "claims.yaml") if claim.predicate]
    for claim in claims:
        path = ROOT / "notebooks" / f"{claim.notebook}.ipynb"
        assert path.is_file(), f"{claim.id}: no notebook {claim.notebook}"
        parameters = record(claim.notebook).declared()
        for name, value in (item for case in claim.cases for item in case.items()):
            assert name in parameters, f"{claim.id}: {claim.notebook} has no parameter {name}"
            assert parameters[name].validate(value, claim.id) == value


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Runs of each notebook with its quick profile, made once."""
    folder, made = tmp_path_factory.mktemp("runs"), {}

    def execute(path):
        if path not in made:
            made[path] = run(plan(path, ROOT, "quick", runs=folder))
        return made[path].job.folder

    return execute


@pytest.mark.notebook
@every_notebook
def test_it_runs_with_its_quick_profile(path, executed):
    job = plan(path, ROOT)
    missing = [name for name in job.record.datasets if locate(name) is None]
    if missing:
        pytest.skip(f"needs mrilib data get {missing[0]}")
    folder = executed(path)
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert len(results) > 1, "something beside `run` was recorded"
    for claim in load(ROOT / "params" / "claims.yaml"):
        if claim.notebook == path.stem and claim.cases == [{}]:
            assert {key for line in claim.lines for key in keys(line)} <= results.keys(), claim.id


@pytest.mark.notebook
@every_notebook
def test_it_runs_twice_in_one_kernel_and_its_explorers_in_any_order(path, tmp_path, monkeypatch):
    """As a reader does who changes a cell and runs all again, or starts with the last explorer."""
    monkeypatch.setenv("MRILIB_RUN_DIR", str(tmp_path / "run"))
    profile = profile_file(path, profile_of(path, SMOKE, ROOT), ROOT)
    notebook = parameterize_notebook(load_notebook_node(str(path)), read_profile(profile))
    once = [cell for cell in notebook.cells if cell.cell_type == "code"]
    explorers = [cell for cell in once if EXPLORER.search(cell.source)]
    notebook.cells = [new_code_cell(cell.source) for cell in [*once, *once, *reversed(explorers), *explorers]]
    NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": str(path.parent)}}).execute()


@pytest.mark.notebook
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("residual", "maybe", "residual: expected bool, got 'maybe'"),
        ("seed", "-1", "seed: expected int, at least 0, below 4294967296, got '-1'"),
        ("holdout", "2", "holdout: expected float, above 0, below 1, got '2'"),
        ("tests_slices", "2", "no parameter 'tests_slices'; did you mean 'test_slices'?"),
    ],
)
def test_plain_papermill_refuses_what_does_not_fit_before_any_work(tmp_path, monkeypatch, name, value, words):
    path = ROOT / "notebooks" / "04_test_time_training.ipynb"
    monkeypatch.setenv("MRILIB_RUN_DIR", str(tmp_path / "run"))
    command = [sys.executable, "-m", "papermill", str(path), str(tmp_path / "out.ipynb"), "--no-progress-bar"]
    done = subprocess.run([*command, "-r", name, value], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.rstrip().splitlines()[-1] == f"ParameterError: {words}"
    assert not (tmp_path / "run" / "results.json").exists()


@pytest.mark.notebook
def test_plain_papermill_runs_it_too(tmp_path):
    profile = ROOT / "params" / "01_forward_model" / "quick.yaml"
    done = papermill_elsewhere(tmp_path, find_notebook("01", ROOT), "-f", str(profile))
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "run" / "results.json").is_file()


@pytest.mark.notebook
def test_plain_papermill_says_what_to_fetch(tmp_path, monkeypatch):
    monkeypatch.delenv("MRILIB_DATA", raising=False)
    done = papermill_elsewhere(tmp_path, find_notebook("19", ROOT))
    assert done.returncode != 0
    assert "FetchError: brain-vfa has not been fetched; run: mrilib data get brain-vfa" in done.stderr.splitlines()


def test_each_notebook_leads_to_the_next():
    for path, following in pairwise(PATHS):
        last = next(cell.source for cell in reversed(read(path).cells) if cell.cell_type == "markdown")
        assert f"Next in reading order: [{following.stem[:2]} " in last, f"{path.stem}: say what comes next"
        assert f"]({following.name})" in last


@every_notebook
def test_the_record_has_the_cells_names_and_types(path):
    cell, known = declared(read(path), path.name), record(path.stem).declared()
    assert {name: line.kind for name, line in cell.items()} == {name: known[name].plain for name in cell}
    assert cell.keys() == known.keys()


@every_notebook
def test_the_section_bears_the_notebooks_name(path):
    assert section(path.stem).rpartition(".")[2] == path.stem.partition("_")[2]


@every_notebook
def test_parameters_are_used_through_the_record_only(path):
    """A second run of a cell must find what the first did: no cell reads or takes a parameter's own name."""
    parameters = set(declared(read(path), path.name))
    cells = code_cells(path)
    at = next(n for n, cell in enumerate(cells) if is_parameters(cell))
    assert not parameters & {name for cell in cells[:at] for name in imported_names(ast.parse(cell.source))}
    for cell in cells[at + 1 :]:
        assert not outer_names(ast.parse(cell.source)) & parameters, cell.source
        assert cell.source.count("globals()") == cell.source.count("p = Parameters.of(globals())")
        assert "p" not in assigned_names(ast.parse(cell.source.replace("p = Parameters.of(globals())", "")))

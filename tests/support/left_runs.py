"""Complete runs of a notebook on the disk, without the seconds that a kernel takes, and claims about them."""

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from mrilib.running.claims import Claim, answer, complete_runs
from mrilib.running.manifest import build, run_key
from mrilib.store.records import write_json

CELL = "from mrilib.solvers import conjugate_gradient"


def write_notebook(root, cell=CELL):
    """Notebook 04_x of a project."""
    content = new_notebook(cells=[new_code_cell(cell)])
    (root / "notebooks").mkdir(exist_ok=True)
    nbformat.write(content, root / "notebooks" / "04_x.ipynb")
    return content


def leave_run(runs, label, results, profile="quick", given=None, inputs=None, **params):
    """A complete run of notebook 04_x on the disk, in a folder that is also its project."""
    folder = runs / "04_x" / label
    folder.mkdir(parents=True)
    write_json(folder / "results.json", results)
    described = {"notebook": "04_x", "profile": profile, "given": given or {}, "params": params}
    key = run_key(write_notebook(runs), params)
    write_json(folder / "run.json", build(folder, runs, key, described, inputs or {}, 1.0))
    return folder


def runs_in(folder):
    return complete_runs(folder, folder)


def claim(*predicate, **fields):
    given = {"id": "A/Table 1", "claim": "it closes", "paper says": "98 %", "notebook": "04_x", "margin": "half"}
    given["predicate"] = list(predicate or ("closed >= 0.5",))
    return Claim(**given | fields)


def interval(low, **more):
    return {"closed": {"value": 0.8, "low": low, "high": 0.9, "n": 4, **more}}


def verdict(runs, asked):
    return answer(asked, runs_in(runs)).verdict

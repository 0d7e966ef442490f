"""A project whose tiny notebooks have run: a chart with a slider, a picture, a table, a formula, an explorer."""

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import altair
import ipywidgets
import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image
from tiny_project import Project, make_project

from mrilib.figures.frame import explorer
from mrilib.figures.layout import Tile, compose
from mrilib.figures.theme import _mimebundle
from mrilib.figures.tiles import TILE, tile_row
from mrilib.running import manifest
from mrilib.running.runner import publish
from mrilib.running.stills import make_stills
from mrilib.store.records import write_json

CLAIMS = """
- {id: A/Table 1, claim: half is <closed>, paper says: 98 %, margin: ½, notebook: 01_chart, predicate: [closed >= .5]}
- {id: B/Figure 1, claim: nothing is lost, paper says: plot, margin: all, notebook: 03_absent, predicate: [lost <= 1]}
"""
PARAMETERS = {"steps": 3, "rate": 0.001}
LANGUAGE = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
CHART_TEXT = r"""# Does the chart move?

Yes, and $\hat\theta_c = \arg\min_\theta \lVert x \rVert_2$ with $x \sim P$.

$$ \frac{1}{2} \sum_i x_i \qquad \text{halved} $$

*Run > Run All Cells*, then move the gap's slider.

The gap is a **gap**; `gap` and $gap$ stay, and so does the second gap.

Names in code may be long: `mrilib.figures.a_name_that_is_wider_than_the_screen_of_a_telephone_is_in_portrait`.

Next: [02 explorer](02_explorer.ipynb), then [03 absent](03_absent.ipynb) and [the plan](README.md)."""
TABLE = "<table><tr><th>name</th><th>score</th></tr><tr><td>zebrafish</td><td>0.9</td></tr></table>"


@cache
def slider_chart() -> dict[str, Any]:
    """The outputs of a chart whose slider picks how steep a line is."""
    share = altair.param("share", value=0.5, bind=altair.binding_range(min=0, max=1, step=0.25, name="share "))
    rows = altair.Data(values=[{"x": x} for x in (0, 1, 2)])
    line = altair.Chart(rows, description="A line, </script> and steeper with the share").add_params(share)
    drawn = (
        line.transform_calculate(y="datum.x * share")
        .mark_line()
        .encode(x="x:Q", y=altair.Y("y:Q", scale={"domain": [0, 2]}))
    )
    data, metadata = _mimebundle(drawn.to_dict())
    return new_output("display_data", data, metadata=metadata)


def picture() -> dict[str, Any]:
    """The outputs of a small picture."""
    data, metadata = compose([[Tile(np.zeros((4, 4), np.uint8))]], "A black square")._repr_mimebundle_()
    return new_output("display_data", data, metadata=metadata)


def explorer_output() -> tuple[dict[str, Any], dict[str, Any]]:
    """The output of an explorer and the metadata of its notebook, as a run leaves them."""
    tile = f'<figure style="{TILE}"><img src="{DOT}" alt="A dot" style="width: 100%"></figure>'
    box = explorer({"a": ipywidgets.IntSlider(2)}, lambda a: f"<p>a is {a}</p>{tile_row([tile] * 4)}")
    state = ipywidgets.Widget.get_manager_state()["state"]
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": box.model_id}, "text/plain": "VBox(children=())"}
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": state}}
    return new_output("execute_result", view, execution_count=1), widgets


DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)


def explorer_image(caption: str) -> dict[str, Any]:
    """An image of the explorer that needs no kernel: which one, and its caption."""
    return {"source": 0, "caption": caption}


IMAGES = {
    "title": "simulated dots",
    "images": [DOT],
    "parts": [
        {
            "name": "Networks",
            "controls": {"shift": ["I", "II"], "slice": ["a", "b"], "network": ["without TTT", "with TTT"]},
            "views": [
                [[[explorer_image(f"dot {s}, {n}, shift {q}")] for n in ("without", "with")] for s in "ab"]
                for q in ("I", "II")
            ],
        },
        {
            "name": "One run",
            "controls": {"iteration": [str(10 * n) for n in range(12)]},
            "views": [[explorer_image(f"iteration {10 * n}")] for n in range(12)],
        },
    ],
}


def chart_notebook() -> nbformat.NotebookNode:
    """An executed notebook with everything that needs no kernel."""
    table = new_output("display_data", {"text/html": TABLE, "text/plain": "a table"})
    said = new_output("stream", name="stdout", text="one word: xylophone\n")
    bar = new_output(
        "stream", name="stdout", text="P + TTT:  50%|█████     | 1/2 [00:03<00:03]\r100%|████| 2/2 [00:05]\n"
    )
    outputs = [slider_chart(), picture(), table, said, bar]
    return new_notebook(
        cells=[new_markdown_cell(CHART_TEXT), new_code_cell("show()", outputs=outputs)], metadata=LANGUAGE
    )


def explorer_notebook() -> nbformat.NotebookNode:
    """An executed notebook with an explorer."""
    output, widgets = explorer_output()
    cells = [new_markdown_cell("# Does it explore?"), new_code_cell("explore()", outputs=[output])]
    made = new_notebook(cells=cells, metadata=LANGUAGE | {"widgets": widgets})
    make_stills(made)
    return made


def put_run(project: Project, notebook: Path, content: nbformat.NotebookNode, **given: Any) -> Path:
    """A complete run of a notebook, without the seconds that a kernel takes; returns its folder."""
    job = project.plan(notebook, given=given)
    partial = project.root / "partial"
    partial.mkdir()
    nbformat.write(content, partial / f"{job.name}.ipynb")
    write_json(partial / "results.json", {"closed": 0.8})
    described = {"notebook": job.name, "profile": job.profile, "given": job.given, "params": job.record.values}
    job.folder.mkdir(parents=True)
    publish(partial, job.folder, manifest.build(partial, job.root, job.key, described, {}, 63.4))
    shutil.rmtree(partial)
    return job.folder


PLAN = """# Teaching

See [01](01_chart.ipynb), [03](03_absent.ipynb) and the [glossary](#glossary).

## Glossary

| term | meaning |
|---|---|
| **gap** | what training on *Q* has over training on *P* |
"""


def make_executed_project(folder: Path) -> Project:
    """A project with lesson plans and three notebooks, two of which have run."""
    project = make_project(folder)
    (project.root / "notebooks" / "README.md").write_text(PLAN)
    (project.root / "docs").mkdir()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(project.root / "docs" / "ttt_in_motion.webp")
    (project.root / "docs" / "image_explorer.json").write_text(json.dumps(IMAGES))
    (project.root / "params" / "claims.yaml").write_text(CLAIMS)
    chart, explores, _ = (project.notebook(name) for name in ("01_chart", "02_explorer", "03_absent"))
    put_run(project, chart, chart_notebook())
    put_run(project, explores, explorer_notebook())
    return project

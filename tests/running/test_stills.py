"""An executed notebook shows its explorers without widgets: what they were set to, and what that looked like."""

import ipywidgets
from nbformat.v4 import new_code_cell, new_notebook, new_output
from tiny_site import LANGUAGE, explorer_notebook

from mrilib.figures.frame import explorer
from mrilib.running.stills import NEEDS, WIDGET, WIDGETS, make_stills


def executed(controls, render, **more):
    """The HTML that is left of an explorer."""
    box = explorer(controls, render, **more)
    state = {WIDGETS: {"state": ipywidgets.Widget.get_manager_state()["state"]}}
    output = new_output("execute_result", {WIDGET: {"model_id": box.model_id}, "text/plain": "VBox()"})
    notebook = new_notebook(
        cells=[new_code_cell("explore()", outputs=[output])], metadata=LANGUAGE | {"widgets": state}
    )
    make_stills(notebook)
    assert "widgets" not in notebook.metadata
    (data,) = (output.data for output in notebook.cells[0].outputs)
    assert list(data) == ["text/html"]
    return data["text/html"]


def test_it_says_how_it_stood_and_shows_what_it_showed():
    controls = {
        "a": ipywidgets.FloatSlider(0.25, description="share"),
        "b": ipywidgets.Dropdown(options=[("one", 1), ("two", 2)], value=2, description="which"),
        "c": ipywidgets.Dropdown(options=[], description="nothing"),
        "d": ipywidgets.Text("", description="look in"),
    }
    html = executed(controls, lambda a, b, c, d: f"<p>{a} of {b}</p>")
    assert f"{NEEDS}</em> share: 0.25 · which: two</p>" in html
    assert html.endswith("<p>0.25 of 2</p></div>")


def test_what_an_explorer_brings_for_this_stands_instead_of_its_view():
    slider = ipywidgets.FloatSlider(0.25, description="share")
    html = executed({"a": slider}, lambda a: f"<p>{a}</p>", still="<p>three images</p>")
    assert html.endswith(f"{NEEDS}</em> </p><p>three images</p></div>")


def test_names_cannot_break_the_page():
    html = executed({"a": ipywidgets.Text("</p><b>", description="<i>")}, lambda a: "")
    assert "&lt;i&gt;: &lt;/p&gt;&lt;b&gt;" in html


def test_places_on_the_machine_that_ran_the_notebook_are_not_shown():
    controls = {
        "a": ipywidgets.Text("/home/someone/scans", description="look in"),
        "b": ipywidgets.Text(r"C:\scans", description="or in"),
        "c": ipywidgets.Dropdown(options=["brain/one.h5"], description="volume"),
    }
    html = executed(controls, lambda a, b, c: "<p>seen</p>")
    assert f"{NEEDS}</em> volume: brain/one.h5</p>" in html


def test_an_explorer_whose_state_was_not_saved_and_other_outputs_do_no_harm():
    notebook = explorer_notebook()
    before = notebook.cells[1].outputs[0].data["text/html"]
    make_stills(notebook)
    assert notebook.cells[1].outputs[0].data["text/html"] == before
    lost = new_output("execute_result", {WIDGET: {"model_id": "gone"}})
    notebook.cells[1].outputs.append(lost)
    make_stills(notebook)
    assert NEEDS in lost.data["text/html"]

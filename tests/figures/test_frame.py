"""What explorers share: a view that follows the controls, views made ahead, errors where the reader looks."""

from types import SimpleNamespace

import ipywidgets
import pytest
from widget_parts import parts

from mrilib.figures import frame
from mrilib.figures.frame import explorer


def slider():
    return ipywidgets.IntSlider(value=1, min=0, max=9, description="n")


def test_the_view_follows_and_an_error_is_shown_in_it():
    one, view, _ = parts(explorer({"n": slider()}, lambda n: f"<p>{1 / n:.2f}</p>"))
    assert view.value == "<p>1.00</p>"
    one.value = 4
    assert view.value == "<p>0.25</p>"
    one.value = 0
    assert 'role="alert"' in view.value
    assert "ZeroDivisionError" in view.value
    one.value = 2
    assert view.value == "<p>0.50</p>"


def test_words_of_an_error_are_no_markup():
    def render(n):
        raise ValueError("<b> is wrong")

    assert "&lt;b&gt; is wrong" in parts(explorer({"n": slider()}, render))[1].value


def test_views_made_ahead_are_not_made_again():
    asked = []
    one, view, _ = parts(explorer({"n": slider()}, lambda n: asked.append(n) or str(n), [{"n": 1}, {"n": 2}]))
    assert asked == [1, 2]
    one.value = 2
    assert (view.value, asked) == ("2", [1, 2])
    one.value = 3
    assert (view.value, asked) == ("3", [1, 2, 3])


@pytest.fixture
def cell(monkeypatch):
    """A notebook's cell, whose runs are numbered by the test."""
    request = {"metadata": {"cellId": "one"}, "header": {"msg_id": "first"}}
    monkeypatch.setattr(frame, "get_ipython", lambda: SimpleNamespace(get_parent=lambda: request))
    monkeypatch.setattr(frame, "OF_CELL", {})
    return request


def alive():
    return len(ipywidgets.Widget.get_manager_state()["state"])


def test_running_a_cell_again_leaves_no_widget_of_its_earlier_run(cell):
    def run(message):
        cell["header"]["msg_id"] = message
        return [explorer({"n": slider()}, str), explorer({"n": slider()}, str)]

    before = alive()
    first = run("first")
    kept = alive()
    run("second")
    run("third")
    assert alive() == kept > before
    assert all(box.comm is None for box in first)


def test_explorers_of_one_run_and_of_two_cells_stay(cell):
    boxes = [explorer({"n": slider()}, str), explorer({"n": slider()}, str)]
    cell["metadata"]["cellId"] = "two"
    boxes.append(explorer({"n": slider()}, str))
    assert all(box.comm is not None for box in boxes)
    cell["metadata"].clear()
    cell["header"]["msg_id"] = "of a front end without cells"
    assert explorer({"n": slider()}, str).comm is not None

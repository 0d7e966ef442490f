"""What explorers share: a view that follows the controls, views made ahead, errors where the reader looks."""

import ipywidgets
from widget_parts import parts

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

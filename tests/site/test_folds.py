"""What is folded on a page: code, and long lists of numbers."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from mrilib.site.claims_page import folded
from mrilib.site.notebook_page import fold, joined


@pytest.mark.parametrize(
    ("source", "tag"), [("show_source(a.b)", "remove-input"), ("a = 1\nshow_source(a)", "hide-input")]
)
def test_the_call_that_shows_a_source_is_left_out(source, tag):
    cell = new_code_cell(source)
    fold(cell)
    assert cell.metadata.tags == [tag]


def test_many_numbers_are_folded_after_the_first():
    numbers = ", ".join(f"a{n} 0.5 [0.4, 0.6]" for n in range(30))
    first, rest = folded(numbers).split("<details><summary>more numbers</summary>")
    assert f"{first}, {rest.removesuffix('</details>')}" == numbers
    assert folded("0.5 [0.4, 0.6] < 1") == "0.5 [0.4, 0.6] &lt; 1"


def test_code_that_shows_nothing_is_in_one_fold_with_the_code_after_it():
    said = [new_output("stream", name="stdout", text="said")]
    cells = [new_code_cell("a"), new_code_cell("b", outputs=said), new_code_cell("c"), new_markdown_cell("d")]
    assert [(cell.source, cell.get("outputs", [])) for cell in joined(cells)] == [
        ("a\n\nb", said),
        ("c", []),
        ("d", []),
    ]


def test_a_page_begins_with_a_picture_and_the_code_of_its_setup_is_folded_with_that_of_the_picture():
    drawn = [new_output("stream", name="stdout", text="drawn")]
    head, intro, figure = new_markdown_cell("head"), new_markdown_cell("intro"), new_code_cell("draw", outputs=drawn)
    later = [new_markdown_cell("text"), new_code_cell("silent"), new_markdown_cell("more")]
    cells = [head, new_code_cell("import"), new_code_cell("setup"), intro, figure, *later]
    expected = ["head", "intro", "import\n\nsetup\n\ndraw", "text", "silent", "more"]
    assert [cell.source for cell in joined(cells)] == expected

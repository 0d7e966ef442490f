"""Pictures of a page: files with alt text, and a second one for the dark theme."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from tiny_site import chart_notebook, picture

from mrilib.figures.layout import Tile, compose
from mrilib.site.outputs import shown
from mrilib.site.pictures import stored


def html_of(output, files):
    return shown(output, "notebooks/01_chart.ipynb", files)["data"]["text/html"]


def test_pictures_become_files_with_alt_text(tmp_path):
    html = html_of(picture(), tmp_path)
    assert 'alt="A black square"' in html
    assert "base64" not in html
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 2, "one in each theme"


def test_a_picture_on_paper_has_a_second_one_for_the_dark_theme(tmp_path):
    pixels = np.tile(np.repeat(np.array([0, 255], np.uint8), 8), (128, 8))  # white stripes that reach the frame
    code = base64.b64encode(compose([[Tile(pixels, "a title")]], "stripes").png).decode()
    html = stored(f'<img src="data:image/png;base64,{code}" alt="stripes" width="324">', tmp_path)
    tags = re.findall(r'<img class="dark-light (on-\w+)" .*?src="(.*?)" alt="stripes" width="324">', html)
    light, dark = (np.asarray(Image.open(tmp_path / name).convert("RGBA")) for _, name in tags)
    assert [theme for theme, _ in tags] == ["on-light", "on-dark"]
    assert (light[0, 0], dark[0, 0, 3]) == (pytest.approx([255] * 4), 0), "the page shows through"
    middle = len(light) // 2
    assert (light[middle, 40:-40, 0] == dark[middle, 40:-40, 0]).all(), "the image stays"
    letters = slice(24, 60)  # rows of the title
    assert light[letters, ..., 0].min() < 60
    assert dark[letters, ..., 0].max() > 180


def test_a_chart_is_stored_once(tmp_path):
    assert html_of(chart_notebook().cells[1].outputs[0], tmp_path).count("<img") == 1


def test_a_picture_without_html_has_an_alt_text_too(tmp_path):
    output = picture()
    del output["data"]["text/html"]
    assert 'alt="A black square"' in html_of(output, tmp_path)
    output["metadata"] = {}
    assert 'alt="A black square"' in html_of(output, tmp_path), "from the text beside it"


def test_a_drawing_is_a_png_on_a_page_so_that_its_letters_are_those_of_the_page(tmp_path):
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><text x="2" y="15">SSIM</text></svg>'
    html = f'<img data-chart src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}" alt="a">'
    found = stored(html, tmp_path)
    [file] = (tmp_path / "pictures").iterdir()
    assert Image.open(io.BytesIO(file.read_bytes())).size == (60, 40)
    assert f'src="pictures/{file.name}"' in found
    assert "data-chart" in found

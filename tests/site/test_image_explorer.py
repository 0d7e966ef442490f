"""Images that move without a kernel: all there, small, and called simulated."""

import json
from copy import deepcopy
from pathlib import Path

import pytest
from tiny_site import IMAGES

from mrilib.data.catalogue import SHIFTS
from mrilib.site import image_explorer
from mrilib.store.project import UserError

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda parts: parts[0]["views"].pop(), "a view is missing for some choice"),
        (lambda parts: parts[0].pop("controls"), "no images of an explorer"),
        (lambda parts: parts[1]["views"][3][0].pop("source"), "no images of an explorer"),
        (lambda parts: parts[1]["views"][3][0].update(source=1), "a view is missing for some choice"),
    ],
)
def test_images_that_are_not_all_there_are_refused_by_name(tmp_path, change, message):
    content = deepcopy(IMAGES)
    change(content["parts"])
    (tmp_path / "images.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=rf"images\.json: {message}.*docs/image_explorer.py"):
        image_explorer.script(tmp_path / "images.json", "")


def test_the_projects_own_images_are_whole_small_and_called_simulated():
    source = ROOT / "docs" / image_explorer.SOURCE
    assert "const CONTENT" in image_explorer.script(source, "")
    assert source.stat().st_size < 1.5e6
    content = json.loads(source.read_text())
    assert "simulated" in content["title"]
    several, one_run = content["parts"]
    shown = [title.partition(":")[0].replace(" ", "_") for title in several["controls"]["shift, P to Q"]]
    assert shown == [name for name in SHIFTS if name in shown], "in the order of the notebooks"
    for view in [*one_run["views"], *(view for shift in several["views"] for item in shift for view in item)]:
        assert "simulated" in view[0]["caption"]

"""Pictures of one slice by the methods of notebook 08: they show what the table of scores says, and are small."""

import json

import numpy as np
import pytest
from records import record

from mrilib.metrics import ssim
from mrilib.paper_a.zero_shot_and_untrained.images import SHOWN, opened, usual
from mrilib.paper_a.zero_shot_and_untrained.tables import slices
from mrilib.store.tables import SHIPPED

STORED = json.loads((SHIPPED / "contest_images.json").read_text(encoding="utf-8"))["rows"]


@pytest.mark.parametrize("entry", STORED, ids=lambda entry: entry["key"]["method"])
def test_a_picture_scores_what_its_row_says(entry):
    sample = slices(record("08"), "test")[entry["key"]["item"]]
    target = sample.target / sample.target.max()
    image = opened(entry["row"])["image"][None, None]
    assert ssim(target, image, match="mean_std").item() == pytest.approx(entry["row"]["ssim"], abs=0.01)


def test_every_method_shown_has_a_picture_of_the_same_slice():
    assert [entry["key"]["method"] for entry in STORED] == list(SHOWN)
    assert len({entry["key"]["item"] for entry in STORED}) == 1
    assert (SHIPPED / "contest_images.json").stat().st_size < 100_000


def test_the_usual_slice_has_the_mean_lead():
    class Fixed:
        def on_test(self, name):
            return {"ssim": [0.9, 0.9, 0.9] if name == "joint on P + TTT" else [0.5, 0.7, 0.9]}

    assert usual(Fixed()) == int(np.argmin([0.4 - 0.2, 0.0, 0.2]))

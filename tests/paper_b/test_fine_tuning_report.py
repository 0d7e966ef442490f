"""The matrix says in every cell what was gained or lost, and where nothing is certain."""

import pytest
import torch

from mrilib.gap import Interval
from mrilib.paper_b.collection import arm_title
from mrilib.paper_b.fine_tuning_forgets.images import close_up
from mrilib.paper_b.fine_tuning_forgets.report import in_words, matrix_chart, matrix_table, message

CHANGES = {
    ("nyu", "nyu"): Interval(0.02, 0.01, 0.03, 12),
    ("nyu", "cc_359_sagittal"): Interval(-0.05, -0.06, -0.04, 12),
    ("cc_359_sagittal", "nyu"): Interval(-0.001, -0.01, 0.01, 12),
    ("cc_359_sagittal", "cc_359_sagittal"): Interval(0.04, 0.03, 0.05, 12),
}


def test_titles_tell_views_apart_where_they_must():
    assert (arm_title("nyu"), arm_title("cc_359_sagittal")) == ("NYU data", "CC-359 sagittal")


def test_a_cell_shows_the_change_and_brackets_what_holds_zero():
    spec = matrix_chart(CHANGES, "A message").to_dict()
    cells = {(row["tuned"], row["tested"]): row for row in spec["data"]["values"]}
    assert cells["NYU data", "CC-359 sagittal"]["label"] == "−0.050"
    assert cells["CC-359 sagittal", "NYU data"]["label"] == "(−0.001)"
    assert cells["NYU data", "NYU data"]["own"] is True
    color = spec["layer"][0]["encoding"]["color"]["scale"]
    assert color["domain"] == [-0.05, 0, 0.05]
    assert "NYU data on CC-359 sagittal −0.050" in spec["description"]
    with pytest.raises(ValueError, match="changes is empty: nothing to draw"):
        matrix_chart({}, "A message")


def test_the_table_holds_the_others_together():
    forgotten = {"nyu": CHANGES["nyu", "cc_359_sagittal"], "cc_359_sagittal": CHANGES["cc_359_sagittal", "nyu"]}
    found = matrix_table(CHANGES, forgotten, "A caption")
    assert found.headings == ("fine-tuned on", "NYU data", "CC-359 sagittal", "the other five")
    assert found.cells[0][0] == "NYU data"
    assert found.cells[0][3].startswith("−0.050")


def test_sentences_count_the_losses_elsewhere():
    elsewhere = {key: change for key, change in CHANGES.items() if key[0] != key[1]}
    lost = [change for change in elsewhere.values() if change.value < 0]
    gained, forgotten, last = in_words(CHANGES, {"nyu": CHANGES["nyu", "cc_359_sagittal"]})
    assert gained == "**Change in SSIM on the dataset used for fine-tuning:** NYU data +0.020 [0.010, 0.030]."
    assert forgotten == "**Change in SSIM on the other five datasets together:** NYU data −0.050 [−0.060, −0.040]."
    assert last.startswith(f"**{len(lost)} of {len(elsewhere)} changes on other datasets are losses**")


def test_the_message_counts_gains_and_losses():
    gains = "Gains on 2 of 2 datasets used for fine-tuning"
    assert message(CHANGES) == f"{gains}, losses in 2 of 2 tests on others, 1 of them certain"
    better = CHANGES | {("nyu", "cc_359_sagittal"): Interval(0.05, 0.04, 0.06, 12)}
    assert message(better).endswith("losses in 1 of 2 tests on others, 0 of them certain")


@pytest.mark.parametrize("error", [0.5, 0.0])
def test_the_close_up_is_where_the_error_rises_or_falls_most(error):
    target, before, after = (torch.zeros(8, 10) for _ in range(3))
    before[5:, 7:], after[5:, 7:] = 0.5 - error, error
    rows, columns = close_up(target, before, after)
    assert (rows.stop - rows.start, columns.stop - columns.start) == (4, 4)
    assert (rows.start, rows.stop, columns.start, columns.stop) == (4, 8, 6, 10)

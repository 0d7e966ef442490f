"""The matrix says in every cell what was gained or lost, and where nothing is certain."""

import pytest

from mrilib.gap import Interval
from mrilib.paper_b.fine_tuning_forgets.report import in_words, matrix_chart, matrix_table, message

CHANGES = {
    ("nyu", "nyu"): Interval(0.02, 0.01, 0.03, 12),
    ("nyu", "cc_359_sagittal"): Interval(-0.05, -0.06, -0.04, 12),
    ("cc_359_sagittal", "nyu"): Interval(-0.001, -0.01, 0.01, 12),
    ("cc_359_sagittal", "cc_359_sagittal"): Interval(0.04, 0.03, 0.05, 12),
}


def test_a_cell_shows_the_change_and_brackets_what_holds_zero():
    spec = matrix_chart(CHANGES, "A message").to_dict()
    cells = {(row["tuned"], row["tested"]): row for row in spec["data"]["values"]}
    assert cells["knee\n(NYU)", "brain, sagittal\n(CC-359)"]["label"] == "−0.050"
    assert cells["brain, sagittal\n(CC-359)", "knee\n(NYU)"]["label"] == "(−0.001)"
    assert cells["knee\n(NYU)", "knee\n(NYU)"]["own"] is True
    color = spec["layer"][0]["encoding"]["color"]["scale"]
    assert color["domain"] == [-0.05, 0, 0.05]
    assert "fine-tuned on knee (NYU), tested on brain, sagittal (CC-359): −0.050" in spec["description"]
    with pytest.raises(ValueError, match="changes is empty: nothing to draw"):
        matrix_chart({}, "A message")


def test_the_table_holds_the_others_together():
    forgotten = {"nyu": CHANGES["nyu", "cc_359_sagittal"], "cc_359_sagittal": CHANGES["cc_359_sagittal", "nyu"]}
    found = matrix_table(CHANGES, forgotten, "A caption")
    assert found.headings == ("fine-tuned on", "knee (NYU)", "brain, sagittal (CC-359)", "the other five")
    assert found.cells[0][0] == "knee (NYU)"
    assert found.cells[0][3].startswith("−0.050")


def test_sentences_count_the_losses_elsewhere():
    elsewhere = {key: change for key, change in CHANGES.items() if key[0] != key[1]}
    lost = [change for change in elsewhere.values() if change.value < 0]
    gained, forgotten, last = in_words(CHANGES, {"nyu": CHANGES["nyu", "cc_359_sagittal"]})
    assert gained == "**Change in SSIM on the dataset used for fine-tuning:** knee (NYU) +0.020 [0.010, 0.030]."
    others = "**Change in SSIM on the other five datasets together, after fine-tuning on:**"
    assert forgotten == f"{others} knee (NYU) −0.050 [−0.060, −0.040]."
    assert last.startswith(f"**{len(lost)} of {len(elsewhere)} changes on other datasets are losses**")


def test_the_message_counts_what_is_beyond_doubt():
    helps = "Fine-tuning raises SSIM on 2 of the 2 datasets used for it"
    assert message(CHANGES) == f"{helps} and lowers SSIM in 1 of 2 tests on other datasets"
    better = CHANGES | {("nyu", "cc_359_sagittal"): Interval(0.05, 0.04, 0.06, 12)}
    assert message(better).endswith("lowers SSIM in 0 of 2 tests on other datasets")

"""The gaps of notebook 02 as a chart and in sentences: the words follow the intervals."""

from mrilib.gap import Interval
from mrilib.paper_a.natural_distribution_shifts.report import (
    example_message,
    gaps_chart,
    in_words,
    intensities_chart,
    trained,
)

GAPS = {
    "dataset": Interval(0.004, -0.001, 0.009, 12),
    "anatomy": Interval(0.217, 0.203, 0.229, 12),
    "adversarially_filtered": Interval(-0.007, -0.010, -0.003, 12),
}


def test_each_gap_is_said_as_its_interval_supports_it():
    assert in_words(GAPS) == [
        "**A gap on *Q*:** anatomy +0.217 [0.203, 0.229].",
        "**No gap distinguishable from zero, or a negative gap:** dataset +0.004 [−0.001, 0.009]; "
        "adversarially filtered −0.007 [−0.010, −0.003].",
        "**Paper A's gaps,** from measured data: dataset +0.033; anatomy +0.067; adversarially filtered 0.000.",
    ]


def test_the_chart_goes_from_p_to_q_and_has_the_largest_gap_first():
    means = {(shift, side): Interval(0.8 if side == "Q" else 0.7, 0.6, 0.9, 12) for shift in GAPS for side in "PQ"}
    spec = gaps_chart(means, GAPS, "simulated").to_dict()
    assert " ".join(spec["title"]) == (
        "Training on other images costs quality under 1 of 3 shifts (simulated data, n = 12 each)"
    )
    first, second, last = spec["description"].split(": ", 1)[1].split("; ")
    assert first.startswith("anatomy (knees → brains): trained on other images (P) 0.700, on similar images (Q) 0.800,")
    assert first.endswith("+0.217 [0.203, 0.229]")
    assert second.startswith("dataset")
    assert last.startswith("adversarially filtered")


def test_the_example_says_which_network_is_worse():
    told = example_message("anatomy", 0.673, 0.887)
    assert told == "The same brain slice (Q): a network trained on knees (P) does worse than one trained on brains (Q)"
    assert "does no worse than" in example_message("anatomy", 0.9, 0.887)


def test_a_reconstruction_is_named_without_the_word_supervised():
    assert trained("anatomy", "supervised on P") == "trained on knees (P)"
    assert trained("modality", "supervised on Q") == "trained on T1 brains (Q)"
    assert trained("anatomy", "zero-filled") == "zero-filled"


def test_histograms_are_named_at_their_peaks():
    densities = {"P": [0.1, 0.9, 0.2], "Q": [0.2, 0.3, 0.8]}
    rows = [
        {"distribution": side, "intensity": 0.5 * n, "density": density}
        for side, column in densities.items()
        for n, density in enumerate(column)
    ]
    spec = intensities_chart(rows, "modality", "simulated, 2 slices each").to_dict()
    title = " ".join(spec["title"])
    assert title.startswith(
        "The histogram of T2 brains peaks at 0.5 times the mean of the slice, that of T1 brains at 1 ("
    )
    words = [row for layer in spec["layer"] for row in layer["data"]["values"] if "word" in row]
    assert [(row["word"], row["intensity"]) for row in words] == [("T2 brains (P)", 0.5), ("T1 brains (Q)", 1.0)]

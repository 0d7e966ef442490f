"""The gaps of notebook 02 as a chart and in sentences: the words follow the intervals."""

from mrilib.gap import Interval
from mrilib.paper_a.natural_distribution_shifts.report import gaps_chart, in_words

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
        "Training on P costs quality on Q under 1 of 3 shifts (simulated data, n = 12 each)"
    )
    first, second, last = spec["description"].split(": ", 1)[1].split("; ")
    assert first == "anatomy: trained on P 0.700, trained on Q 0.800, +0.217 [0.203, 0.229]"
    assert second.startswith("dataset")
    assert last.startswith("adversarially filtered")

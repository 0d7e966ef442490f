"""The gaps of notebook 02 in sentences: the word follows the interval."""

from mrilib.gap import Interval
from mrilib.paper_a.natural_distribution_shifts.report import in_words


def test_each_gap_is_said_as_its_interval_supports_it():
    gaps = {
        "anatomy": Interval(0.217, 0.203, 0.229, 12),
        "dataset": Interval(0.004, -0.001, 0.009, 12),
        "adversarially_filtered": Interval(-0.007, -0.010, -0.003, 12),
    }
    assert in_words(gaps) == [
        "**Anatomy:** training on *Q* scores 0.217 [0.203, 0.229] higher than training on *P*; the gap in paper A is "
        "0.067.",
        "**Dataset:** the difference cannot be distinguished from zero, +0.004 [−0.001, 0.009]; "
        "the gap in paper A is 0.033.",
        "**Adversarially filtered:** training on *Q* scores 0.007 [0.003, 0.010] lower than training on *P*; the gap "
        "in paper A is 0.000.",
    ]

"""Exercise 2: where the rule of marginal gains stops."""

from itertools import accumulate

from mrilib.exercises.blanks import Blank, check
from mrilib.paper_b.distributional_overfitting.experiment import marginal

SCORES = (0.900, 0.920, 0.930, 0.9310, 0.9312, 0.9313)
GAIN = 0.002
WINDOW = 2


def check_stop(best: object, ahead: object, answer: object) -> None:
    """Check the best scores so far, their lead over those `WINDOW` points before, and where the rule stops."""
    so_far = list(accumulate(SCORES, max))
    leads = [now - before for before, now in zip(so_far, so_far[WINDOW:], strict=False)]
    stop = marginal(SCORES, GAIN, WINDOW)
    short = "at which point is `ahead` below 0.002 for the first time? Its first entry belongs to point 2"
    check(
        Blank("best", best, so_far, "at each point, the highest score so far", within=1e-5),
        Blank("ahead", ahead, leads, "`best` at a point minus `best` two points earlier"),
        Blank("answer", answer, stop, short),
    )

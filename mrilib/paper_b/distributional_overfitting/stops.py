"""Cost and benefit of a stopping rule that uses only scores in distribution, as dots and in sentences."""

from collections.abc import Mapping

import altair

from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.sentences import measured
from mrilib.paper_b.distributional_overfitting.experiment import Curve
from mrilib.paper_b.distributional_overfitting.experiment import title as named
from mrilib.paper_b.distributional_overfitting.report import SIDES, in_words, stops_in_words

Curves = Mapping[str, Curve]


def stops_chart(curves: Curves, kind: str) -> altair.LayerChart:
    """SSIM where the rule stops minus SSIM at the end, on both sides, one line per training run."""
    title = f"{_message(curves)} ({kind} data)"
    rows = [
        {"name": named(name), "series": words, **vars(one.gains[side][one.epochs[one.stop]])}
        for name, one in curves.items()
        for side, words in SIDES.items()
    ]
    x_title = "SSIM where the rule stops minus SSIM at the end (95 % interval)"
    return dots_chart(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title)


def seen(curves: Curves, chosen: str) -> list[str]:
    """Sentences on what this training run loses and gains, what the others lose, and what the rule changes."""
    own = {chosen: curves[chosen]} if chosen in curves else {}
    others = [
        f"{named(name)} {measured(one.change('Q', one.peak), signed=True)}"
        for name, one in curves.items()
        if name != chosen
    ]
    lead = "**Other runs, change in SSIM out of distribution after the best epoch:**"
    told = [f"{lead} {'; '.join(others)}."] if others else []
    return [*in_words(own), *told, *stops_in_words(own)]


def _message(curves: Curves) -> str:
    """In how many runs the rule's stop is better out of distribution than the end, and worse in distribution."""
    stops = [{side: one.gains[side][one.epochs[one.stop]] for side in SIDES} for one in curves.values()]
    better, worse = sum(one["Q"].low > 0 for one in stops), sum(one["P"].high < 0 for one in stops)
    return (
        f"Stopping by the rule raises SSIM out of distribution in {better} of {len(stops)} training runs and lowers it "
        f"in distribution in {worse or 'none'}"
    )

"""A chart as it is drawn, for tests of what stands in it."""

import altair
import vl_convert

from mrilib.figures.theme import VEGA_LITE


def chart_svg(chart):
    """SVG of a chart in the house style."""
    with altair.theme.enable("mrilib"):
        return vl_convert.vegalite_to_svg(chart.to_dict(validate=False), vl_version=VEGA_LITE)

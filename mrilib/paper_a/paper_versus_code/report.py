"""Chart of changes with their intervals around zero, one line each."""

from collections.abc import Mapping

import altair

from mrilib.figures.charts import data, finished, tooltip
from mrilib.figures.theme import INK, MUTED, SERIES_COLORS
from mrilib.gap import Interval

ROW_HEIGHT, WIDTH, NUMBERS = 26, 420, 14
DIRECTIONS = {"higher": SERIES_COLORS[0], "lower": SERIES_COLORS[4]}


def changes_chart(changes: Mapping[str, Interval], *, x_title: str, alt: str, title: str = "") -> altair.LayerChart:
    """Plot each change as a dot with its 95 % interval, largest first; the dot is hollow if the interval contains 0.

    Args:
        changes: intervals by short name.
        x_title: what changed, with its unit.
        alt: what the figure shows, for readers who cannot see it.
        title: what is compared.

    Raises:
        ValueError: nothing to draw.
    """
    if not changes:
        raise ValueError("changes is empty: nothing to draw")
    ordered = sorted(changes.items(), key=lambda item: -abs(item[1].value))
    names = [name for name, _ in ordered]
    rows = [_row(name, interval) for name, interval in ordered]
    labels = altair.Axis(labelLimit=300, ticks=False, domain=False, grid=True)
    y = altair.Y("name:N", sort=names, title=None, axis=labels)
    color = altair.Color("direction:N", title=None, scale=_scale(DIRECTIONS), legend=_legend())
    base = altair.Chart(data(rows)).encode(y=y, tooltip=tooltip("name", "value", "low", "high"))
    x = altair.X("value:Q", title=x_title, axis=altair.Axis(tickCount=7))
    dots = base.mark_point(size=85, opacity=1, strokeWidth=2).encode(x=x, color=color)
    fill = altair.condition(
        "datum.certain", altair.Color("direction:N", scale=_scale(DIRECTIONS)), altair.value("white")
    )
    layers = [
        altair.Chart(altair.Data(values=[{"zero": 0}])).mark_rule(color=INK, strokeWidth=1.5).encode(x="zero:Q"),
        base.mark_rule(strokeWidth=2.5).encode(x="low:Q", x2="high:Q", color=color),
        dots.encode(fill=fill),
        base.mark_text(align="left", dx=NUMBERS, color=MUTED).encode(x=altair.value(WIDTH), text="label:N"),
    ]
    return finished(altair.layer(*layers), alt, title).properties(width=WIDTH, height=ROW_HEIGHT * len(rows))


def _row(name: str, interval: Interval) -> dict[str, object]:
    direction = "higher" if interval.value >= 0 else "lower"
    label = f"{interval.value:+.4f}".replace("-", "−")
    return {"name": name, "direction": direction, "label": label, "certain": interval.excludes_zero, **vars(interval)}


def _scale(colors: Mapping[str, str]) -> altair.Scale:
    return altair.Scale(domain=list(colors), range=list(colors.values()))


def _legend() -> altair.Legend:
    return altair.Legend(orient="bottom", symbolType="stroke", symbolOpacity=1, symbolSize=400)

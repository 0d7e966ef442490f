"""Pieces of HTML that pages of the site share."""

from collections.abc import Sequence
from html import escape


def table(label: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of finished HTML cells; the first of a row heads it. `label` names the table for screen readers."""
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    lines = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>' for first, *rest in rows
    )
    return wide(label, f'<table class="table"><thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table>')


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """Names and finished HTML beside each other."""
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{text}</dd>' for name, text in rows)}</dl>"


def wide(label: str, content: str) -> str:
    """What may be wider than the page: a box that scrolls; `assets/scrolling.js` lets the keyboard do it."""
    return f'<div class="wide" role="group" aria-label="{escape(label)}">{content}</div>'

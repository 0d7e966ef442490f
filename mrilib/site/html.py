"""HTML fragments shared by the pages of the site."""

from collections.abc import Sequence
from html import escape

from mrilib.store.project import label


def table(name: str, head: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    """Table of HTML cells; the first cell of each row is its header, and `name` names the table for screen readers.

    `kind` is a class of the table for the style sheet.
    """
    columns = "".join(f'<th scope="col">{column}</th>' for column in head)
    lines = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>' for first, *rest in rows
    )
    classes = f"table {kind}".strip()
    return wide(name, f'<table class="{classes}"><thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table>')


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """List of names with their HTML values."""
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{text}</dd>' for name, text in rows)}</dl>"


def wide(name: str, content: str) -> str:
    """Scrollable box for content wider than the page; `assets/scrolling.js` makes it scroll with the keyboard."""
    return f'<div class="wide" role="group" aria-label="{escape(name)}">{content}</div>'


def link(name: str) -> str:
    """Link to a notebook's page."""
    return f'<a href="{escape(name)}.html">{escape(label(name))}</a>'

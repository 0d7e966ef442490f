"""HTML fragments shared by the pages of the site."""

from collections.abc import Sequence
from html import escape


def table(label: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Table of HTML cells; the first cell of each row is its header, and `label` names the table for screen readers."""
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    lines = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>' for first, *rest in rows
    )
    return wide(label, f'<table class="table"><thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table>')


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """List of names with their HTML values."""
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{text}</dd>' for name, text in rows)}</dl>"


def wide(label: str, content: str) -> str:
    """Scrollable box for content wider than the page; `assets/scrolling.js` makes it scroll with the keyboard."""
    return f'<div class="wide" role="group" aria-label="{escape(label)}">{content}</div>'

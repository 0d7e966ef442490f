"""Sphinx extension of the site: formulas as MathML, not split from punctuation after them, and the chart script."""

import re
from html import escape
from typing import Any

from docutils import nodes
from sphinx.util import logging

from mrilib.site.formulas import mathml
from mrilib.site.reference import literal

logger = logging.getLogger(__name__)
CHARTS = "charts.js"
FORMULA_AND_MARK = re.compile(r"(<math\b(?:(?!</math>).)*</math>)([.,:;)?!’]+)", re.DOTALL)


def setup(app: Any) -> dict[str, Any]:
    """Register the extension; called by Sphinx."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    app.connect("html-page-context", add_charts)
    app.connect("html-page-context", unbroken)
    app.connect("autodoc-process-docstring", literal, priority=400)  # before napoleon writes markup of its own
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def inline(translator: Any, node: nodes.math) -> None:
    """Write an inline formula."""
    write(translator, node, "inline")


def block(translator: Any, node: nodes.math_block) -> None:
    """Write a display formula, which scrolls if it is too long."""
    translator.body.append('<div class="formula" role="group" aria-label="formula">')
    write(translator, node, "block", "</div>")


def write(translator: Any, node: nodes.Element, display: str, end: str = "") -> None:
    """Write the formula, or its TeX and a warning if it cannot be converted."""
    tex = node.astext()
    try:
        translator.body.append(mathml(tex, display) + end)
    except ValueError as error:
        logger.warning("%s", error, location=node)
        translator.body.append(f"<code>{escape(tex)}</code>{end}")
    raise nodes.SkipNode


def add_charts(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Load the chart script on pages that have charts."""
    if '<figure class="chart">' in context.get("body", ""):
        app.add_js_file(CHARTS, loading_method="defer")


def unbroken(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Keep a formula and the punctuation after it on one line; browsers would break between them."""
    whole = r'<span class="unbroken">\1\2</span>'
    context["body"] = FORMULA_AND_MARK.sub(whole, context.get("body", ""))

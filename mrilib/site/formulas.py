"""Conversion of TeX to MathML, which browsers render without a script."""

import re
from html import escape

from latex2mathml.converter import convert

ARGUMENT = re.compile(r"\\arg(?![A-Za-z])")  # latex2mathml 3.81 treats it as a letter
# For a letter without braces, it uses `mathvariant`, which browsers ignore.
ALPHABET = re.compile(r"\\(mathbb|mathcal) *([A-Za-z])")
CORRECTIONS = {  # its output, and the intended one
    "<mi>&#x0007E;</mi>": "<mo>&#x0223C;</mo>",  # `\sim`, as a tilde with the spacing of a letter
    "<mo>&#x02016;</mo>": '<mo stretchy="false">&#x02016;</mo>',  # `\lVert` and `\rVert`, of different heights
}
UNREAD = re.compile(r"\\|&(?!#?\w+;)")  # commands and alignments that it leaves unconverted


def mathml(tex: str, display: str = "inline") -> str:
    r"""Convert a formula to `<math>` with the TeX as its alternative; `display` is "inline" or "block".

    Raises ValueError for TeX that cannot be converted.
    """
    try:
        read = ALPHABET.sub(r"\\\1{\2}", ARGUMENT.sub(r"\\operatorname{arg}", tex))
        drawn = convert(read, display=display)
    except Exception as error:  # its exceptions have no common base class
        raise ValueError(f"not TeX that latex2mathml can read ({type(error).__name__}): {tex}") from error
    if UNREAD.search(drawn):
        raise ValueError(f"not TeX that latex2mathml can read in full: {tex}")
    for written, meant in CORRECTIONS.items():
        drawn = drawn.replace(written, meant)
    return drawn.replace("<math ", f'<math alttext="{escape(tex)}" ', 1)

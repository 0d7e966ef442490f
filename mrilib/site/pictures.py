"""Images of a page as separate files beside it, so that pages stay small."""

import base64
import hashlib
import re
from html import escape
from pathlib import Path

import vl_convert

from mrilib.site.dark import dark_png

FOLDER = "pictures"  # folder of the site
EMBEDDED = re.compile(r'<img([^>]*?)src="data:image/(png|svg\+xml);base64,([^"]+)"([^>]*)>')
SHARPNESS = 2  # device pixels per CSS pixel of a drawing


def stored(html: str, files: Path, themes: bool = True) -> str:
    """Move the embedded images of HTML to `files/pictures`.

    With `themes`, a picture on paper gets a second version for the dark theme; the style sheet shows one of the two.
    """

    def move(found: re.Match[str]) -> str:
        before, kind, code, after = found.groups()
        content = base64.b64decode(code)
        if kind != "png":  # an SVG in an image would be drawn in the fonts of the reader's system
            content = vl_convert.svg_to_png(content.decode(), scale=SHARPNESS)
        dark = dark_png(content) if themes else None
        shown = {"": content} if dark is None else {" on-light": content, " on-dark": dark}
        # `dark-light` tells the theme not to dim the image
        return "".join(
            f'<img{before}class="dark-light{theme}" loading="lazy" src="{_written(one, files)}"{after}>'
            for theme, one in shown.items()
        )

    return EMBEDDED.sub(move, html)


def _written(content: bytes, files: Path) -> str:
    """Address of the PNG, written below `files` under a name of its own."""
    name = f"{FOLDER}/{hashlib.sha256(content).hexdigest()[:16]}.png"
    (files / FOLDER).mkdir(parents=True, exist_ok=True)
    (files / name).write_bytes(content)
    return name


def png_tag(code: str, alt: str, width: int | None = None, height: int | None = None) -> str:
    """Image tag from a base64-encoded PNG, with its size in CSS pixels if known."""
    sizes = "".join(f' {name}="{size}"' for name, size in (("width", width), ("height", height)) if size)
    return f'<img src="data:image/png;base64,{"".join(code.split())}" alt="{escape(alt)}"{sizes}>'

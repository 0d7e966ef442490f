"""Images of a page as separate files beside it, so that pages stay small."""

import base64
import hashlib
import re
from html import escape
from pathlib import Path

FOLDER = "pictures"  # folder of the site
EMBEDDED = re.compile(r'<img([^>]*?)src="data:image/(png|svg\+xml);base64,([^"]+)"')
SUFFIXES = {"png": "png", "svg+xml": "svg"}


def stored(html: str, files: Path) -> str:
    """Move the embedded images of HTML to `files/pictures`; they are shown unchanged, also in the dark theme."""

    def move(found: re.Match[str]) -> str:
        attributes, kind, code = found.groups()
        content = base64.b64decode(code)
        name = f"{FOLDER}/{hashlib.sha256(content).hexdigest()[:16]}.{SUFFIXES[kind]}"
        (files / FOLDER).mkdir(parents=True, exist_ok=True)
        (files / name).write_bytes(content)
        # `dark-light` tells the theme not to dim the image
        return f'<img{attributes}class="dark-light" loading="lazy" src="{name}"'

    return EMBEDDED.sub(move, html)


def png_tag(code: str, alt: str, width: int | None = None, height: int | None = None) -> str:
    """Image tag from a base64-encoded PNG, with its size in CSS pixels if known."""
    sizes = "".join(f' {name}="{size}"' for name, size in (("width", width), ("height", height)) if size)
    return f'<img src="data:image/png;base64,{"".join(code.split())}" alt="{escape(alt)}"{sizes}>'

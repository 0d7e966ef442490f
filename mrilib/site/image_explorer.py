"""Explorer of precomputed images, which works on a page without kernel, server or network."""

import json
from pathlib import Path

from mrilib.store.project import UserError

SOURCE = "image_explorer.json"  # in docs/, written by docs/image_explorer.py
SCRIPT = "image_explorer.js"
PLACE = f"""<div class="image-explorer"><p>This explorer needs JavaScript.</p></div>
<script defer src="_static/{SCRIPT}"></script>"""


def script(source: Path, code: str) -> str:
    """The page's script: the images in the JSON file `source`, and the code that shows them.

    Raises UserError naming the file if it does not hold such images.
    """
    try:
        content = json.loads(source.read_text(encoding="utf-8"))
        many = len(content["images"])
        whole = all(
            _whole(part["views"], [len(values) for values in part["controls"].values()], many)
            for part in content["parts"]
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{source}: no images of an explorer ({error}); `python docs/image_explorer.py` writes them"
        ) from error
    if not whole:
        raise UserError(f"{source}: a view is missing for some choice; `python docs/image_explorer.py` writes them all")
    return f"(() => {{ const CONTENT = {json.dumps(content)};\n{code}}})();\n"


def _whole(views: list, sizes: list[int], many: int) -> bool:
    """Whether each choice of values has a view, a list of captions and of positions among `many` images."""
    if not sizes:
        return all(image["caption"] and 0 <= image["source"] < many for image in views)
    return len(views) == sizes[0] and all(_whole(inside, sizes[1:], many) for inside in views)

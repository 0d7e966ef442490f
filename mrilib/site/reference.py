"""Reference of the core from its docstrings: modules in their order from k-space to a score."""

from importlib.util import find_spec

NAME = "reference"
MODULES = (
    *("fourier", "sampling", "linop", "coils", "solvers", "losses", "metrics", "scoring", "ttt", "gap", "subspace"),
    *("models.reconstructor", "models.unet", "models.varnet", "models.vit", "models.unrolled"),
)
FIRST = """# Reference of the core

What a notebook or a script of your own would call. Images are complex tensors (…, y, x), k-space and coil maps have a
coil dimension before them, masks are boolean and broadcast against k-space. How the rooms hang together and where to
add something is in `CONTRIBUTING.md`."""


def reference() -> str:
    """The page in Markdown, one section a module; Sphinx's autodoc fills it in."""
    sections = [section(f"mrilib.{name}") for name in MODULES]
    return "\n\n".join([FIRST, *sections, ""])


def section(module: str) -> str:
    """Section of a module; raises ImportError if there is none."""
    if find_spec(module) is None:
        raise ImportError(f"no module {module}")
    return f"## `{module}`\n\n```{{eval-rst}}\n.. automodule:: {module}\n   :members:\n   :member-order: bysource\n```"


def literal(app: object, what: str, name: str, subject: object, options: object, lines: list[str]) -> None:
    """Escape what is plain text in our docstrings and markup in reStructuredText: |x|, A*, name_; for autodoc."""
    for number, line in enumerate(lines):
        parts = line.split("`")
        parts[::2] = [part.translate(ESCAPED) for part in parts[::2]]
        lines[number] = "`".join(parts)


ESCAPED = str.maketrans({"|": r"\|", "*": r"\*", "_": r"\_"})

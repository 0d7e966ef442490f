"""Reference of the core, made from its docstrings: modules in their order from k-space to a score."""

from mrilib.store.paths import PACKAGE

NAME = "reference"
CORE = (
    *("fourier", "sampling", "linop", "coils", "solvers", "losses", "metrics", "sample", "scoring"),
    *("ttt", "gap", "subspace"),
)
ESCAPED = str.maketrans({"|": r"\|", "*": r"\*", "_": r"\_"})
FIRST = """# Reference of the core

These are the functions that a notebook or a script of your own would call. Images are complex tensors (…, y, x).
K-space and coil maps have a coil dimension before the last two. Masks are boolean and broadcast against k-space.
`CONTRIBUTING.md` explains how the parts of the library depend on each other and where to add something."""


def reference() -> str:
    """The page in Markdown, with one section per module; Sphinx's autodoc fills it in."""
    networks = [f"models.{file.stem}" for file in sorted((PACKAGE / "models").glob("[a-z]*.py"))]
    return "\n\n".join([FIRST, *map(section, [*CORE, *networks]), ""])


def section(name: str) -> str:
    """Section of a module of the package."""
    filled = f".. automodule:: mrilib.{name}\n   :members:\n   :member-order: bysource"
    return f"## `mrilib.{name}`\n\n```{{eval-rst}}\n{filled}\n```"


def literal(app: object, what: str, name: str, subject: object, options: object, lines: list[str]) -> None:
    """Escape, for autodoc, what is plain text in our docstrings but markup in reStructuredText: |x|, A*, name_."""
    for number, line in enumerate(lines):
        parts = line.split("`")
        parts[::2] = [part.translate(ESCAPED) for part in parts[::2]]
        lines[number] = "`".join(parts)

"""The rooms of the library: the floor of each, one sentence for each, and their picture as the code has them."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "mrilib"
FLOORS = (  # of each room, from the ground up; a module at the root is a room of its own
    {
        "fourier": "centred, orthonormal Fourier transforms",
        "sampling": "undersampling masks, identical to fastMRI's line by line",
        "solvers": "conjugate gradients and power method",
        "metrics": "SSIM, PSNR, NMSE: every convention is an argument",
        "gap": "performance gap, fraction closed, and their intervals",
        "subspace": "denoising in a subspace, the example of paper A's theory",
    },
    {
        "linop": "operators with A(x), A.H(y), A.N(x), A.pinv(y)",
        "coils": "ESPIRiT sensitivity maps and root sum of squares",
        "losses": "supervised, self-supervised and joint losses",
    },
    {"sample": "one batch of measured slices"},
    {"models": "networks, one file for each; `build.py` lists them"},
    {
        "scoring": "scoring of images, and baseline reconstructions",
        "ttt": "test-time training of one slice, or of many at once",
    },
    {
        "simulate": "simulation of k-space",
        "store": "files on disk: parameter records, tables, provenance",
        "exercises": "exercises: blanks, their checks and hints",
    },
    {
        "data": "data files: fastMRI layout, converters, catalogue",
        "figures": "images, charts, tables, the frame of explorers",
    },
    {"train": "training: recipe, objectives, loop, checkpoints; TTT of many slices"},
    {
        "paper_a": "one folder for each of paper A's notebooks",
        "paper_b": "one folder for each of paper B's notebooks",
        "scan": "reading, reconstructing and writing the user's scans",
    },
    {"beyond": "one folder for each notebook beyond the papers"},
    {"running": "runner, claims, stored tables, `mrilib doctor`"},
    {"classroom": "lessons without an internet connection"},
    {"site": "static website"},
    {"cli": "the command `mrilib`"},
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
CORE = {room for rooms in FLOORS[:5] for room in rooms}


def module_name(file):
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(module):
    """`fourier` for `mrilib.fourier`, `models` for `mrilib.models.unet`."""
    return module.split(".")[1]


SOURCES = {
    module_name(file): file.read_text(encoding="utf-8")
    for file in sorted(PACKAGE.rglob("*.py"))
    if file.parent != PACKAGE or file.name != "__init__.py"
}


def imports(source, modules):
    """Modules that a source imports anywhere, functions and `import_module("…")` included."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {
                f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in modules else node.module
                for alias in node.names
                if not (node.module == "mrilib" and alias.name == "__version__")
            }
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            found |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return {name for name in found if isinstance(name, str)}


def picture():
    """The rooms from the top down: floor, name, number of files, what they are for, and the rooms they look at."""
    lines = []
    for floor, rooms in reversed(list(enumerate(FLOORS))):
        for name, sentence in rooms.items():
            own = [module for module in SOURCES if room(module) == name]
            files = [module for module in own if not (PACKAGE.parent / Path(*module.split("."))).is_dir()]
            lines.append((str(floor), name, str(len(files)), sentence, looked_at(own, name)))
    heads = ("floor", "room", "files", "purpose", "imports from")
    widths = [max(len(line[column]) for line in (heads, *lines)) for column in range(4)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[4]]).rstrip()
        for line in (heads, *lines)
    )


def looked_at(modules, name):
    """Rooms that a room's modules import from, the core as one."""
    found = {room(other) for module in modules for other in imports(SOURCES[module], SOURCES) & SOURCES.keys()}
    others = sorted(found - {name} - CORE, key=lambda other: (-FLOOR_OF[other], other))
    return " ".join([*others, *(["core"] if name not in CORE and found & CORE else sorted(found & CORE - {name}))])


if __name__ == "__main__":
    print(picture())

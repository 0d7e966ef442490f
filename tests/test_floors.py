"""The floors of the library: imports go down, never up or round in a circle, inside functions too."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "mrilib"
FLOORS = {
    0: {"distributed", "fourier", "sampling", "metrics", "solvers", "subspace", "subspace_trials"},
    1: {"linop", "coils", "losses", "simulate"},
    2: {"models", "data"},
    3: {
        "training",
        "checkpoints",
        "networks",
        "objectives",
        "ttt",
        "adaptation",
        "stopping",
        "gap",
        "robustness",
        "nearest",
        "perceptual",
        "scoring",
        "size_adjustment",
    }
    | {"calibration", "experiment", "stored", "zero_shot", "untrained", "experiments"},
    4: {"plot", "show", "widgets", "notebook", "project", "records"},
    5: {"cli", "running", "site"},
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
SHOWING = {"IPython", "ipykernel", "ipywidgets", "altair", "vl_convert", "anywidget", "papermill", "nbclient"}
SHOWING |= {"nbformat", "jupyter_client", "jupyter_core", "matplotlib"}
STRANGERS = {("models", "data"), ("data", "models")}


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


def faults(module, source, modules):
    """What is wrong with the imports of one module."""
    here, wrong = FLOOR_OF[room(module)], []
    for name in sorted(imports(source, modules)):
        top = name.split(".")[0]
        if name == "mrilib":
            wrong.append(f"{module} imports the package itself")
        elif top == "mrilib" and FLOOR_OF.get(room(name), 99) > here:
            wrong.append(f"{module} (floor {here}) imports {name}, which lies above it")
        elif top == "mrilib" and (room(module), room(name)) in STRANGERS:
            wrong.append(f"{module} imports {name}: models and data never see each other")
        elif here <= 3 and (top in SHOWING or name.startswith(("tqdm.auto", "tqdm.notebook"))):
            wrong.append(f"{module} (floor {here}) imports {name}, which is for showing")
    if any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(ast.parse(source))):
        wrong.append(f"{module} has a relative import")
    return wrong


def circle(graph):
    """A circle of imports, or nothing."""
    done = set()

    def visit(module, path):
        if module in path:
            return path[path.index(module) :] + [module]
        if module in done:
            return []
        done.add(module)
        return next(filter(None, (visit(name, [*path, module]) for name in graph.get(module, ()))), [])

    return next(filter(None, (visit(module, []) for module in graph)), [])


@pytest.mark.parametrize("module", SOURCES)
def test_imports_go_down(module):
    assert room(module) in FLOOR_OF, "a new room: give it a floor here and in the design"
    assert not faults(module, SOURCES[module], SOURCES)


def test_there_is_no_circle():
    graph = {module: imports(source, SOURCES) & SOURCES.keys() for module, source in SOURCES.items()}
    assert circle(graph) == []
    assert sum(map(len, graph.values())) > 10, "imports were found at all"


def test_packages_open_with_nothing():
    for file in PACKAGE.rglob("__init__.py"):
        lines = file.read_text(encoding="utf-8").split()
        assert lines == [] or (file.parent == PACKAGE and lines[0] == "__version__" and len(lines) == 3)


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        ("mrilib.fourier", "from mrilib.linop import sense", "lies above it"),
        ("mrilib.fourier", "def f():\n    from mrilib.linop import sense", "lies above it"),
        ("mrilib.ttt", "from mrilib import plot", "lies above it"),
        ("mrilib.ttt", "import importlib\nimportlib.import_module('mrilib.plot')", "lies above it"),
        ("mrilib.ttt", "from mrilib.nowhere import a", "lies above it"),
        ("mrilib.linop", "import mrilib", "the package itself"),
        ("mrilib.linop", "def f():\n    import mrilib as m", "the package itself"),
        ("mrilib.models.unet", "from mrilib.data import slices", "never see each other"),
        ("mrilib.data.slices", "import mrilib.models.unet", "never see each other"),
        ("mrilib.gap", "def f():\n    import altair", "for showing"),
        ("mrilib.training", "from tqdm.auto import tqdm", "for showing"),
        ("mrilib.models.unet", "from .varnet import VarNet", "relative import"),
    ],
)
def test_every_kind_of_wrong_import_is_seen(module, source, fault):
    modules = {"mrilib.plot", "mrilib.linop", "mrilib.models.unet", "mrilib.data.slices"}
    assert [line for line in faults(module, source, modules) if fault in line]


def test_what_is_allowed_is_not_a_fault():
    source = "from mrilib import __version__\nfrom mrilib.fourier import fft2c\nimport torch"
    assert not faults("mrilib.linop", source, set())
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]

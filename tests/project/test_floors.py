"""The floors of the library: imports go down, never up or round in a circle, inside functions too."""

import ast
import json
import subprocess
import sys

import pytest
from rooms import CORE, FLOOR_OF, PACKAGE, SOURCES, imports, picture, room

import mrilib

PAPERS = ("paper_a", "paper_b", "beyond")  # one folder a notebook; what two of them share lies beside these folders
SHOWING = {"IPython", "ipykernel", "ipywidgets", "altair", "vl_convert", "anywidget", "papermill", "nbclient"}
SHOWING |= {"font_source_sans_pro", "nbformat", "jupyter_client", "jupyter_core", "matplotlib"}
OUTSIDE_THE_CORE = SHOWING | {"h5py", "loky", "pydantic", "yaml", "safetensors", "PIL", "sigpy", "tqdm"}
WITHOUT_SHOWING = CORE | {"simulate", "store", "data", "train"}
STRANGERS = {("data", "models"), ("data", "ttt"), ("data", "scoring"), ("figures", "models"), ("figures", "ttt")}
MOST_LINES = 300
MOST_AT_THE_ROOT = 13


def faults(module, source, modules):
    """What is wrong with the imports of one module."""
    here, wrong = room(module), []
    for name in sorted(imports(source, modules)):
        top = name.split(".")[0]
        if name == "mrilib":
            wrong.append(f"{module} imports the package itself")
        elif top == "mrilib":
            wrong += between_rooms(module, name, modules)
        elif here in WITHOUT_SHOWING - CORE and (top in SHOWING or name.startswith(("tqdm.auto", "tqdm.notebook"))):
            wrong.append(f"{module} imports {name}, which is for showing")
        elif here in CORE and top in OUTSIDE_THE_CORE:
            wrong.append(f"{module} imports {name}, which the core knows nothing of")
    if any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(ast.parse(source))):
        wrong.append(f"{module} has a relative import")
    return wrong


def between_rooms(module, name, modules):
    """Faults of one import between the library's own modules."""
    here, there = room(module), room(name)
    if here == there:
        own, other = section(module), section(name)
        if here in PAPERS and other and own != other and name in modules:
            return [f"{module} imports {name}: sections do not see each other; what they share lies beside them"]
        return []
    if FLOOR_OF.get(there, 99) >= FLOOR_OF[here]:
        return [f"{module} imports {name}, which does not lie below it"]
    if (here, there) in STRANGERS:
        return [f"{module} imports {name}: {here} and {there} never see each other"]
    return []


def section(module):
    """`mixtures` for `mrilib.paper_a.mixtures.sweep`, nothing for what lies beside the sections."""
    parts = module.split(".")[2:]
    return parts[0] if len(parts) > 1 else ""


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
    assert room(module) in FLOOR_OF, "a new room: give it a floor here and in CONTRIBUTING.md"
    assert not faults(module, SOURCES[module], SOURCES)


def test_no_file_is_long_and_the_root_is_small():
    long = {module: len(source.splitlines()) for module, source in SOURCES.items()}
    assert {module: lines for module, lines in long.items() if lines > MOST_LINES} == {}
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_AT_THE_ROOT


def test_every_notebook_has_a_folder_and_every_folder_a_notebook():
    folders = {path.parent.name for name in PAPERS for path in (PACKAGE / name).glob("*/__init__.py")}
    names = {path.stem.partition("_")[2] for path in (PACKAGE.parent / "notebooks").glob("[0-9]*.ipynb")}
    assert folders == names
    assert all(
        (path.parent / "parameters.py").is_file() for n in PAPERS for path in (PACKAGE / n).glob("*/__init__.py")
    )


def loaded_by(*statements):
    """For each statement, run one after another in a new process: the package's modules and all modules' top names."""
    code = "\n".join(["import sys", *(f"{statement}\nprint(*sys.modules)" for statement in statements)])
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return [
        (own_modules(names), {name.split(".")[0] for name in names}) for names in map(str.split, printed.splitlines())
    ]


def own_modules(names):
    """Those of the package that are files."""
    files = {name for name in names if name in SOURCES and not name.endswith(".__init__")}
    return {name for name in files if (PACKAGE.parent.joinpath(*name.split(".")).with_suffix(".py")).is_file()}


def test_the_core_loads_alone():
    (_, by_torch), (own, others) = loaded_by("import torch", "import mrilib.ttt, mrilib.scoring")
    assert {room(name) for name in own} <= CORE
    assert not (others - by_torch) & OUTSIDE_THE_CORE


def test_the_toy_proof_loads_little():
    path = next((PACKAGE.parent / "notebooks").glob("06_*.ipynb"))
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    source = "".join(next(cell["source"] for cell in cells if cell["cell_type"] == "code"))
    ((own, _),) = loaded_by(source)
    assert 5 < len(own) <= 20, sorted(own)


def test_the_picture_of_the_rooms_is_that_of_the_code():
    page = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert picture() in page, "draw it again: python tests/support/rooms.py"


def test_there_is_no_circle():
    graph = {module: imports(source, SOURCES) & SOURCES.keys() for module, source in SOURCES.items()}
    assert circle(graph) == []
    assert sum(map(len, graph.values())) > 10, "imports were found at all"


def test_packages_open_with_nothing():
    for file in PACKAGE.rglob("__init__.py"):
        body = ast.parse(file.read_text(encoding="utf-8")).body
        if file.parent == PACKAGE:
            assert [ast.unparse(node) for node in body] == [f"__version__ = {mrilib.__version__!r}"]
        elif file.parent == PACKAGE / "ttt":  # one name of the core, in several files
            assert {type(node) for node in body[1:]} == {ast.ImportFrom, ast.Assign}
        else:
            assert body == []


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        ("mrilib.fourier", "from mrilib.linop import sense", "does not lie below"),
        ("mrilib.fourier", "from mrilib.sampling import random_mask", "does not lie below"),
        ("mrilib.fourier", "def f():\n    from mrilib.linop import sense", "does not lie below"),
        ("mrilib.ttt", "from mrilib.figures import plot", "does not lie below"),
        ("mrilib.ttt", "import importlib\nimportlib.import_module('mrilib.figures.plot')", "does not lie below"),
        ("mrilib.ttt", "from mrilib.nowhere import a", "does not lie below"),
        ("mrilib.paper_b.study", "from mrilib.paper_a.mixtures import sweep", "does not lie below"),
        ("mrilib.paper_a.mixtures.sweep", "from mrilib.paper_a.other import thing", "sections do not see each other"),
        ("mrilib.paper_a.experiment", "from mrilib.paper_a.other import thing", "sections do not see each other"),
        ("mrilib.linop", "import mrilib", "the package itself"),
        ("mrilib.linop", "def f():\n    import mrilib as m", "the package itself"),
        ("mrilib.data.slices", "import mrilib.models.unet", "never see each other"),
        ("mrilib.gap", "def f():\n    import altair", "the core knows nothing of"),
        ("mrilib.ttt", "import loky", "the core knows nothing of"),
        ("mrilib.train.training", "from tqdm.auto import tqdm", "for showing"),
        ("mrilib.models.unet", "from .varnet import VarNet", "relative import"),
    ],
)
def test_every_kind_of_wrong_import_is_seen(module, source, fault):
    modules = {"mrilib.figures.plot", "mrilib.linop", "mrilib.models.unet", "mrilib.data.slices"}
    modules |= {"mrilib.paper_a.other.thing", "mrilib.paper_a.mixtures.sweep"}
    assert [line for line in faults(module, source, modules) if fault in line]


def test_what_is_allowed_is_not_a_fault():
    source = "from mrilib import __version__\nfrom mrilib.fourier import fft2c\nimport torch"
    assert not faults("mrilib.linop", source, set())
    modules = {"mrilib.paper_a.mixtures.sweep", "mrilib.paper_a.experiment"}
    assert not faults("mrilib.paper_a.mixtures.images", "from mrilib.paper_a.mixtures import sweep", modules)
    assert not faults("mrilib.paper_a.mixtures.images", "from mrilib.paper_a import experiment", modules)
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]

"""What the digest of the library's code takes notice of."""

import ast
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mrilib.store import code


@pytest.mark.parametrize(
    ("before", "after", "matters"),
    [
        ("        return x, x + z", "        # the noisy one last\n        return x, x + z", False),
        ('"""', '"""In other words: ', False),
        ("\n\n\ndef", "\n\n\n\n\ndef", False),
        ("return x, x + z", "return x, x - z", True),
    ],
    ids=["a comment", "a docstring", "layout", "a sign"],
)
def test_the_meaning_of_code_is_what_it_does(library, before, after, matters):
    file = library / "subspace.py"
    was = code.code_digest(["mrilib.subspace"])
    source = file.read_text(encoding="utf-8")
    assert before in source
    file.write_text(source.replace(before, after, 1), encoding="utf-8")
    assert (code.code_digest(["mrilib.subspace"]) != was) == matters


def test_the_meaning_is_the_same_with_every_version_of_python():
    """Versions of Python that know more fields of a tree leave them empty in a tree without them."""
    source = 'def f(a, *, b: int = 3) -> str:\n    """Do."""\n    return f"{a!r:>{b}}" if a[0:1] else "ü"\n'
    assert code.read(source).meaning == "8d1f0f81652a36b0a0a5b6cd38f226c1fe7dd07a2a82f59d530d1bc3eac8accd"
    assert code.read(source.replace("3", "4")).meaning != code.read(source).meaning


def test_a_file_changed_under_a_running_process_has_a_digest_of_its_own(library, monkeypatch):
    """What is loaded is older than the file: its results must not pass for those of the file's code."""
    file = library / "solvers.py"
    monkeypatch.setattr(code, "LOADED", {file: file.stat().st_mtime_ns})
    before, source = code.code_digest({"mrilib.solvers"}), file.read_text()
    file.write_text(source + "\nFASTER = True\n")
    here = code.code_digest({"mrilib.solvers"})
    monkeypatch.setattr(code, "LOADED", {file: file.stat().st_mtime_ns})  # another process, which loads it
    assert len({before, here, code.code_digest({"mrilib.solvers"})}) == 3
    assert all(path.suffix == ".py" for path in code.LOADED)


def test_what_is_left_out_is_left_out_with_what_only_it_imports(library):
    everything = set(code.reached(["mrilib.train.networks"]))
    fewer = set(code.reached(["mrilib.train.networks"], without=("mrilib.store", "mrilib.models.build")))
    assert {"mrilib.models.vit", "mrilib.store.paths", "mrilib.models.build"} <= everything - fewer
    assert {"mrilib.models.reconstructor", "mrilib.train.training"} <= fewer
    assert "mrilib.stores" not in code.reached(["mrilib.stores"], without=("mrilib.store",))


def test_no_two_threads_build_trees_at_once(monkeypatch):
    building, most, build = [], [], ast.parse

    def slow(source):
        building.append(source)
        most.append(len(building))
        time.sleep(0.01)
        building.pop()
        return build(source)

    monkeypatch.setattr(ast, "parse", slow)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(code.parse, ["x = 1"] * 8))
    assert max(most) == 1

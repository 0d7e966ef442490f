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
    was = code.meaning_digest(["mrilib.subspace"]), code.code_digest(["mrilib.subspace"])
    source = file.read_text(encoding="utf-8")
    assert before in source
    file.write_text(source.replace(before, after, 1), encoding="utf-8")
    assert (code.meaning_digest(["mrilib.subspace"]) != was[0]) == matters
    assert code.code_digest(["mrilib.subspace"]) != was[1]


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

"""Slices that a run would read: those on which its networks are trained and validated, and those that are scored."""

from collections.abc import Iterable, Sequence
from importlib import import_module

from mrilib.paper_a.parameters import Training
from mrilib.paper_b.protocol import VALIDATION_PER_PART, UnionSpec
from mrilib.running.parameters import networks_of
from mrilib.store.code import file_of
from mrilib.store.parameters import Record
from mrilib.train.networks import VALIDATION_SLICES, NetworkSpec

SliceLists = dict[tuple[str, str], int]  # number of slices by distribution and split


def slice_lists(folder: str | None, p: Record) -> SliceLists:
    """Largest number of slices of each distribution and split that a run with these parameters asks for.

    A section lists what it scores in a function `scored` next to its networks; test slices of Q are common to all
    sections of paper A.

    Args:
        folder: folder of the section; see `running.parameters.section`.
        p: its parameters.
    """
    found: SliceLists = {}
    if folder is None or file_of(f"{folder}.networks") is None:
        return found
    scored = getattr(import_module(f"{folder}.networks"), "scored", lambda p: ())
    for name, split, count in [*_tests_of_q(p), *scored(p), *_trained(networks_of(folder, p))]:
        found[name, split] = max(count, found.get((name, split), 0))
    return {key: count for key, count in found.items() if count}


def _tests_of_q(p: Record) -> Iterable[tuple[str, str, int]]:
    if isinstance(p, Training):
        yield from (one.slice_list("Q", "test", p.test_slices) for one in p.experiments.values())


def _trained(specs: Sequence[NetworkSpec]) -> Iterable[tuple[str, str, int]]:
    for spec in specs:
        validated = VALIDATION_PER_PART if isinstance(spec, UnionSpec) else VALIDATION_SLICES
        for name, count in spec.lists.items():
            yield from ((name, "train", count), (name, "validation", validated))

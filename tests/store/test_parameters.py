"""A record takes exactly its own names, checks them before any work, and keeps copies."""

from dataclasses import FrozenInstanceError, dataclass, replace
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Le, Len
from records import record

from mrilib.store.parameters import Count, ParameterError, Rate, Record, Share

CELL = "steps: int = 3  # iterations\nrate: float = 1e-3  # step size\nresidual: bool = False  # add the input"
GIVEN = {"steps": 3, "rate": 1e-3, "residual": False}


@dataclass(frozen=True, kw_only=True)
class Tiny(Record):
    steps: Count
    rate: Rate
    residual: bool

    def check(self) -> None:
        if self.steps > 100 and self.residual:
            raise ParameterError(f"steps: expected at most 100 with residual, got {self.steps}")


@dataclass(frozen=True, kw_only=True)
class Ranges(Record):
    share: Share
    width: Annotated[int, Ge(2), Le(8)]
    sizes: Annotated[list[Count], Len(2, 2)]
    kind: Literal["a", "b"] | None


def test_a_record_holds_copies_and_cannot_be_changed():
    sizes = [4, 8]
    made = Ranges(share=0.5, width=4, sizes=sizes, kind=None)
    sizes.append(9)
    assert made.sizes == [4, 8]
    with pytest.raises(FrozenInstanceError):
        made.width = 3
    assert replace(made, width=3).width == 3
    assert made.values == {"share": 0.5, "width": 4, "sizes": [4, 8], "kind": None}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"share": 1}, "share: expected float, above 0, below 1, got 1"),
        ({"share": float("nan")}, "share: expected float, above 0, below 1, got nan"),
        ({"width": 9}, "width: expected int, at least 2, at most 8, got 9"),
        ({"width": True}, "width: expected int, at least 2, at most 8, got True"),
        ({"sizes": [1]}, r"sizes: expected list\[int, at least 1, at most 100000\], 2 of them, got \[1\]"),
        ({"sizes": [1, 0]}, r"sizes: .* got \[1, 0\]"),
        ({"kind": "c"}, "kind: expected Literal\\['a', 'b'\\] | None, got 'c'"),
    ],
)
def test_ranges_are_named_in_the_refusal(change, message):
    good = {"share": 0.5, "width": 4, "sizes": [4, 8], "kind": "a"}
    with pytest.raises(ParameterError, match=message):
        Ranges(**good | change)


def test_texts_are_read_as_the_command_line_reads_them():
    """Plain papermill injects `-p residual false` and YAML's 2e-3 as texts."""
    made = Tiny.of(GIVEN | {"residual": "false", "rate": "2e-3", "steps": "7"})
    assert made == Tiny(steps=7, rate=0.002, residual=False)
    with pytest.raises(ParameterError, match="residual: expected bool, got 'maybe'"):
        Tiny.of(GIVEN | {"residual": "maybe"})


def test_values_that_do_not_go_together_are_refused():
    with pytest.raises(ParameterError, match="at most 100 with residual, got 101"):
        Tiny.of(GIVEN | {"residual": True, "steps": 101})


def test_names_of_the_cell_and_of_papermill_must_be_the_records():
    other = {"network": object(), "Tiny": Tiny}
    assert Tiny.of(GIVEN | other | {"In": ["import x", CELL, "# Parameters\nsteps = 3\n", "p = ..."]})
    with pytest.raises(ParameterError, match="no parameter 'step'; did you mean 'steps'"):
        Tiny.of(GIVEN | {"step": 4, "In": ["", CELL, "# Parameters\nstep = 4\n", "p = ..."]})
    mistyped = CELL.replace("steps", "stepps")
    with pytest.raises(ParameterError, match="no parameter 'stepps'; did you mean 'steps'"):
        Tiny.of(GIVEN | {"stepps": 4, "In": ["", CELL, mistyped, "p = ..."]})
    with pytest.raises(ParameterError, match="rate: not set; run the parameters cell first"):
        Tiny.of({"steps": 3, "residual": False})


def test_only_the_last_run_of_the_cell_counts():
    """A reader mends the name and runs the cell again in the same kernel."""
    mistyped = CELL.replace("steps", "stepps")
    assert Tiny.of(GIVEN | {"stepps": 4, "In": ["", mistyped, "p = ...", CELL, "p = ..."]})


@pytest.mark.parametrize(
    ("number", "change"),
    [
        ("04", {"seed": -1}),
        ("04", {"seed": 2**40}),
        ("04", {"holdout": 2}),
        ("04", {"workers": 0}),
        ("04", {"test_slices": -1}),
        ("04", {"window": 0}),
        ("04", {"chans": 0}),
        ("04", {"num_pool_layers": 12}),
        ("04", {"epochs": 0}),
        ("04", {"ttt_learning_rate": 0}),
        ("03", {"coefficient": 1.5}),
        ("06", {"n": 100}),
        ("06", {"ttt_rate": 1}),
        ("08", {"unrolled": [1, 2, 3]}),
        ("08", {"rates": []}),
        ("09", {"heads": 5}),
        ("09", {"image_size": 4}),
        ("12", {"dim": 0}),
        ("14", {"training": "unet_t2_kne"}),
        ("16", {"first": "fm_knee_pd_skyr"}),
        ("19", {"contrasts": 11}),
        ("01", {"angles": [2]}),
    ],
)
def test_sections_refuse_what_would_fail_after_work_was_done(number, change):
    with pytest.raises(ParameterError, match=r"expected|did you mean"):
        record(number, **change)

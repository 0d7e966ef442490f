"""Predicates: lines of a small language over recorded results, judged by their whole intervals."""

import pytest

from mrilib.running.predicates import PredicateError, check, expand, parse

RESULTS = {
    "closed": {"value": 0.9, "low": 0.7, "high": 0.95, "n": 8},
    "around": {"value": 0.1, "low": -0.1, "high": 0.3, "n": 8},
    "of_one_slice": {"value": 8.0, "n": 1},
    "exact": 8,
    "gap": 0.2,
    "reason": "there is no gap to close",
    "ok": True,
}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("closed >= 0.7", True),
        ("closed >= 0.8", None),
        ("closed >= 0.951", False),
        ("closed <= 0.95", True),
        ("closed <= 0.69", False),
        ("0.1 <= gap <= 0.2", True),
        ("0.1 <= gap <= 0.19", False),
        ("-0.3 <= gap - 0.5 <= -0.3", True),
        ("0.6 <= closed <= 0.9", None),
        ("0.96 <= closed <= 0.9", False),
        ("closed - gap >= 0.4", True),
        ("closed - closed >= 0", None),
        ("2 * closed >= 1.4", True),
        ("-2 * closed >= -1.4", None),
        ("gap / 2 >= 0.1", True),
        ("gap / closed <= 0.2858", True),
        ("gap / around >= 0", None),
        ("reason >= 0", None),
        ("reason - reason >= 0", None),
        ("0 * reason >= 1", None),
        ("exact >= 8", True),
        ("exact <= 7", False),
        ("of_one_slice >= 0", None),
    ],
)
def test_the_whole_interval_keeps_a_margin_or_none_of_it_does(line, expected):
    assert check(line, RESULTS).holds is expected


@pytest.mark.parametrize(
    "line",
    [
        "__import__('os').system('true')",
        "closed",
        "1",
        "True",
        "closed >= True",
        "1 >= 0",
        "gap >= 'x'",
        "(lambda: 1)() >= 0",
        "[x for x in gap] >= 0",
        "value(closed) >= 0",
        "low(closed) >= 0",
        "closed.low >= 0",
        "closed['low'] >= 0",
        "gap ** 2 >= 0",
        "gap in closed",
        "gap if gap >= 0 else 1 >= 0",
        "(gap >= 0) + 1 >= 0",
        "gap > 0",
        "gap == 0",
        "gap >= 0 and closed >= 0",
        "not gap >= 0",
        "gap >=",
        "a = 1",
        "",
    ],
)
def test_nothing_else_is_a_predicate(line):
    with pytest.raises(PredicateError, match="predicate"):
        parse(line)


def test_what_was_not_recorded_or_is_undefined_is_named():
    found = check("nothing + closed >= 0", RESULTS)
    assert (found.holds, found.missing, found.keys) == (None, ("nothing",), ("nothing", "closed"))
    assert check("reason >= 0", RESULTS).reasons == ("reason is undefined: there is no gap to close",)
    with pytest.raises(PredicateError, match="'ok' is not a number: True"):
        check("ok >= 0", RESULTS)


def test_places_are_written_out_for_every_value():
    over = {"net": ["unet", "vit"], "shift": ["anatomy", "dataset"]}
    lines = expand(["gap_{net}_{shift} >= 0.1", "loss_{net} <= 1", "all >= 0"], over)
    assert lines == [
        *(f"gap_{net}_{shift} >= 0.1" for net in over["net"] for shift in over["shift"]),
        "loss_unet <= 1",
        "loss_vit <= 1",
        "all >= 0",
    ]
    for wrong in ({"net": ["unet"]}, over | {"slice": ["1"]}):
        with pytest.raises(PredicateError, match="expected each placeholder of the predicate in `over`"):
            expand(["gap_{net}_{shift} >= 0.1"], wrong)

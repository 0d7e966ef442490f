"""The planner against the papers' own GPU-hours: what is an input, what is a check, and how far off it is."""

import pytest

from mrilib.running.statements import statements


@pytest.fixture(scope="module")
def found():
    return {one.what: one for one in statements()}


def test_table_3_of_paper_a_sums_to_104_hours(found):
    """U-Net 16.5 + 7.0 and VarNet 26.1 + 12.6 minutes a slice, 100 slices."""
    assert found["paper A, Table 3"].stated == pytest.approx(62.2 * 100 / 60)
    assert round(found["paper A, Table 3"].stated) == 104


def test_the_unet_of_paper_b_is_where_the_rate_comes_from(found):
    """413,011 slices × 24 epochs × 1.80e12 operations at 17 % of 77.4e12 a second."""
    expected = 413_011 * 24 * 1.802e12 / (0.17 * 77.4e12) / 3600
    assert found["paper B, U-Net"].planned == pytest.approx(expected, rel=1e-3)
    assert found["paper B, U-Net"].ratio == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(
    ("what", "ratio"), [("paper B, ViT", 0.39), ("paper B, VarNet", 0.21), ("paper A, Table 3", 0.23)]
)
def test_the_others_are_checks_and_took_two_and_a_half_to_five_times_as_long(found, what, ratio):
    assert found[what].ratio == pytest.approx(ratio, abs=0.015)


def test_hours_of_test_time_training_by_hand(found):
    """Iterations × seconds at 320 × 320 (0.0343 s and 0.0327 s by the count) × areas in units of that size."""
    areas = [2.97, 1, 2, 2.325]
    unet = sum(n * a for n, a in zip([2300, 444, 947, 837], areas, strict=True)) * 0.03428
    varnet = sum(n * a for n, a in zip([1974, 434, 3403, 695], areas, strict=True)) * 0.03269
    assert found["paper A, Table 3"].planned == pytest.approx((unet + varnet) * 100 / 3600, rel=0.01)

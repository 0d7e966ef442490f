"""Paper against code: every switch does what its row says, and changes are paired, stored and found again."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from records import record
from tiny_slices import tiny_model, tiny_sample, tiny_scan

from mrilib import ttt
from mrilib.data import catalogue
from mrilib.data.catalogue import SHIFTS, Shift
from mrilib.data.volumes import write_volume
from mrilib.gap import Interval
from mrilib.metrics import ssim
from mrilib.paper_a.paper_versus_code.as_published import (
    LEVELS,
    Leaking,
    OneMask,
    OneMaskSpec,
    filled,
    score,
    volume_maximum,
)
from mrilib.paper_a.paper_versus_code.discrepancies import DISCREPANCIES, NOT_RUN
from mrilib.paper_a.paper_versus_code.fidelity import (
    ARMS,
    MAIN,
    SCHEMES,
    UNIQUE,
    Arm,
    Bench,
    change_in_closed,
    closed,
    gap_row,
    scaled_window,
)
from mrilib.paper_a.paper_versus_code.report import (
    changes_chart,
    fractions_chart,
    main_chart,
    scores_chart,
    summary,
)
from mrilib.paper_a.paper_versus_code.sides import SIDES
from mrilib.paper_a.paper_versus_code.words import TOGETHER, WORDS, YARDSTICK
from mrilib.paper_a.slips import PRINTED, ROUNDING
from mrilib.sampling import Undersampling
from mrilib.scoring import reconstruct, slice_ssim, with_cropped_maps
from mrilib.simulate.acquisition import simulate_slice
from mrilib.store import tables as stored
from mrilib.train import networks
from mrilib.train.networks import cache_path, network
from mrilib.ttt import Settings

SETTINGS = Settings(learning_rate=1e-3, max_iterations=3, window=30)
TINY = {"train_slices": 2, "epochs": 1, "batch_size": 1, "chans": 4, "num_pool_layers": 2}


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """Two tiny distributions, an empty cache, nothing shipped."""
    knee = catalogue.distribution("knee_pd")
    for name, scan in (("tiny_p", tiny_scan()), ("tiny_q", tiny_scan("brain"))):
        monkeypatch.setitem(catalogue.DISTRIBUTIONS, name, replace(knee, name=name, scan=scan))
    monkeypatch.setitem(SHIFTS, "tiny", Shift("tiny", "tiny_p", "tiny_q", 2, 2))
    monkeypatch.setattr(networks, "VALIDATION_SLICES", 1)
    monkeypatch.setattr(networks, "SHIPPED", tmp_path / "none")
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    return Bench(replace(record("10", **TINY).experiment, shift="tiny"), SETTINGS, 2)


# --- rows -----------------------------------------------------------------------------------------------------------


def test_every_row_is_measured_or_says_why_not():
    assert len({row.key for row in DISCREPANCIES}) == len({row.name for row in DISCREPANCIES}) == len(DISCREPANCIES)
    for row in DISCREPANCIES:
        assert (row.arms is None) == bool(row.reason), row.name
        assert row.paper, row.name
        assert row.code, row.name
        assert row.key.isidentifier(), row.name
        assert len(row.name) <= 36, "short enough for the chart"
        assert row.arms is None or row.switch, row.name
    used = {name for row in DISCREPANCIES for name in row.arms or ()}
    assert used == ARMS.keys()


def test_a_row_without_a_measurement_shows_no_number():
    for row in DISCREPANCIES:
        assert row.row()["change"] == (NOT_RUN if row.arms else f"not measured here: {row.reason}")
        assert row.row(Interval(0.1, 0.0, 0.2, 12))["change"]["value"] == 0.1


def test_the_arms_of_a_row_differ_in_what_the_row_is_about_only():
    for row in DISCREPANCIES:
        if row.arms and row.arms[0] != "as published":
            first, second = (vars(ARMS[name]) for name in row.arms)
            differing = {name for name in first if first[name] != second[name]}
            assert len(differing) == 1 or row.name in {"one mask for every slice", "hold-out hits the centre"}, row.name


# --- switches -------------------------------------------------------------------------------------------------------


def test_one_mask_is_the_same_for_every_file_and_has_the_published_number_of_columns():
    for width, acceleration, columns in ((396, 4, 99), (372, 4, 94), (320, 4, 83), (372, 2, 186), (128, 4, 32)):
        masks = [OneMask(acceleration).mask(name, width) for name in ("a.h5", "b.h5")]
        assert torch.equal(*masks)
        assert masks[0].sum() == columns
    assert not torch.equal(Undersampling().mask("a.h5", 128), Undersampling().mask("b.h5", 128))


def test_filled_maps_change_only_where_they_were_zero(sample):
    before, after = with_cropped_maps(sample).sens_maps, filled(sample).sens_maps
    zero = torch.view_as_real(before) == 0
    assert zero.any()
    assert torch.equal(torch.view_as_real(after)[~zero], torch.view_as_real(before)[~zero])
    for coil in range(before.shape[1]):
        parts, was = torch.view_as_real(after)[:, coil], zero[:, coil]
        assert (parts[was] == torch.view_as_real(before)[:, coil].abs().max()).all()


def first_image(model, sample, **changes):
    settings = replace(SETTINGS, max_iterations=1, **changes)
    return ttt.test_time_train(model, sample.masked_kspace, sample.mask, sample.sens_maps, settings).image


def test_a_leaking_network_sees_what_is_held_out(sample):
    model = tiny_model()
    everything = model(sample.masked_kspace, sample.operator).detach()
    assert torch.equal(first_image(Leaking(model, sample), sample), everything)
    assert not torch.equal(first_image(model, sample), everything)
    assert torch.equal(first_image(model, sample, fidelity="code"), everything), "as the existing switch does"


@pytest.mark.parametrize("kind", ["paper", "code"])
def test_a_factor_on_the_measurements_cancels(sample, kind):
    """Why the published scale factor has nothing to switch here."""
    model = tiny_model(fidelity=kind)
    image = model(sample.masked_kspace, sample.operator)
    torch.testing.assert_close(model(7 * sample.masked_kspace, sample.operator), 7 * image, rtol=1e-4, atol=1e-9)


def test_scores_are_what_they_are_called(sample):
    image = 2 * sample.reference + 0.1 * sample.reference.abs().max()
    target, magnitude = sample.target, image.abs()
    top = target.max().item()
    assert score(image, sample, "published") == pytest.approx(slice_ssim(image, sample)[0])
    assert score(3 * image, sample, "published") == pytest.approx(score(image, sample, "published"))
    assert score(image, sample, "unmatched") == pytest.approx(ssim(target, magnitude).item())
    assert score(image, sample, "fastMRI", top) == pytest.approx(score(image, sample, "unmatched"), rel=1e-5)
    assert score(image, sample, "fastMRI", 2 * top) > score(image, sample, "unmatched")
    swapped = replace(sample, target=magnitude)
    assert score(image, sample, "reversed") == pytest.approx(score(target + 0j, swapped, "published"), abs=2e-3)


def test_windows_keep_their_share_of_the_iterations():
    assert [scaled_window(w, 2500) for w in (1, 20, 100)] == [1, 20, 100]
    assert [scaled_window(w, 400) for w in (1, 20, 100)] == [1, 3, 16]


def test_draws_with_replacement_hit_the_share_given():
    m = 100_000
    drawn = np.random.default_rng(0).integers(m, size=m // 20)
    assert len(np.unique(drawn)) / m == pytest.approx(UNIQUE, abs=5e-4)
    assert 1 - (1 - 1 / m) ** (m // 20) == pytest.approx(UNIQUE, abs=1e-6)


def test_the_volume_is_at_least_as_bright_as_its_slices(tmp_path):
    entry = replace(catalogue.distribution("brain_axt2"), scan=tiny_scan("brain", matrix=(24, 24)))
    kspace = simulate_slice(entry.scan, 7, float(LEVELS[2])).kspace[None].astype(np.complex64)
    path = tmp_path / "one.h5"
    write_volume(path, kspace, attributes={"acquisition": "AXT2", "patient_id": "simulated-brain-7", "simulated": True})
    brightest = volume_maximum(entry, path)
    write_volume(path, kspace / 2, attributes={"acquisition": "AXT2", "patient_id": "x", "simulated": False})
    assert 0 < 2 * volume_maximum(entry, path) <= brightest * 1.000001


# --- the bench ------------------------------------------------------------------------------------------------------


def test_settings_and_networks_follow_the_arm():
    bench = Bench(record("10").experiment, Settings(max_iterations=400, window=30), 12)
    written, published = bench.resolved(ARMS["as written"]), bench.resolved(ARMS["as published"])
    assert written == bench.settings
    assert (published.window, published.iterate, published.norm) == (16, "last", "real_view")
    plain, code = (bench.spec(ARMS[name], "joint", "P") for name in ("as written", "per-part RSS"))
    assert plain == bench.experiment.spec("joint", "P")
    assert code == replace(plain, architecture=plain.architecture | {"fidelity": "code"})
    one = bench.spec(ARMS["one mask"], "joint", "P")
    assert isinstance(one, OneMaskSpec)
    assert cache_path(one) != cache_path(plain)
    assert len({str(bench.key(name, scheme)) for name in ARMS for scheme in SCHEMES}) == len(ARMS) * len(SCHEMES)


def test_a_network_with_one_mask_is_trained_on_it(bench):
    one = bench.spec(ARMS["one mask"], "joint", "P")
    per_file = bench.experiment.spec("joint", "P")
    first, second = (torch.cat([p.flatten() for p in network(spec).parameters()]) for spec in (one, per_file))
    assert not torch.equal(first, second)
    assert torch.equal(first, torch.cat([p.flatten() for p in network(one).parameters()]))


def test_scores_are_measured_once_and_found_again(bench, monkeypatch):
    monkeypatch.setitem(ARMS, "leaking", Arm(leaking=True))
    scores = {name: bench.scores(name) for name in ("as written", "leaking", "last iterate")}
    assert all(len(set(column)) == 2 for column in scores.values())
    assert bench.measure("leaking", count=1) == scores["leaking"][:1]
    monkeypatch.setattr(Bench, "measure", None)
    assert {name: bench.scores(name) for name in scores} == scores
    assert bench.change(("leaking", "lines")) is None, "one was not run"
    change = bench.change(("leaking", "as written"))
    assert change.value == pytest.approx(np.subtract(scores["leaking"], scores["as written"]).mean())
    assert bench.change(("leaking", "leaking")) == Interval(0, 0, 0, 2)


def test_the_schemes_of_the_gap_without_tuning_are_plain_reconstructions(bench):
    scores = {scheme: bench.scores("score unmatched", scheme) for scheme in ("supervised on P", "supervised on Q")}
    for side in "PQ":
        model, slices = network(bench.experiment.spec("supervised", side)), bench.experiment.test_slices(2)
        plain = [score(reconstruct(model, slices[item]), slices[item], "unmatched") for item in range(2)]
        assert scores[f"supervised on {side}"] == pytest.approx(plain, abs=1e-5)
    assert bench.schemes("score unmatched") is None, "two were not run"
    for scheme in ("joint on P + TTT", "joint on Q + TTT"):
        bench.scores("score unmatched", scheme)
    assert bench.schemes("score unmatched").keys() == SCHEMES.keys() >= {MAIN}


def test_the_change_in_the_fraction_closed_is_paired():
    rng = np.random.default_rng(3)
    base = rng.uniform(0, 0.3, 12)
    columns = (0.6 + base, 0.4 + base, 0.62 + base, 0.6 + base + rng.normal(0, 0.01, 12))
    one = dict(zip(SCHEMES, columns, strict=True))
    other = one | {MAIN: one[MAIN] - 0.02}
    assert change_in_closed(one, one).interval == Interval(0, 0, 0, 12)
    change = change_in_closed(one, other).interval
    assert change.value == pytest.approx(closed(one).interval.value - closed(other).interval.value)
    assert change.low == pytest.approx(0.1), "slices differ, the change does not"
    assert change.high == pytest.approx(0.1)
    none = change_in_closed(one, one | {"supervised on P": one["supervised on Q"]})
    assert str(none).startswith("undefined: the gap before")
    assert gap_row("other", other, one)["change"] == "−10.0% [−10.0%, −10.0%]"
    assert gap_row("one", one, one)["change"] == gap_row("one", one, None)["change"] == "–"
    assert gap_row("none", None, one) == {"arm": "none", "closed": NOT_RUN}


# --- numbers of the paper -------------------------------------------------------------------------------------------


def test_printed_per_cents_against_printed_scores():
    found = {one.item: (round(one.recomputed, 1), one.verdict) for one in PRINTED}
    assert found["Table 6, ViT"] == (85.6, "does not follow")
    assert found["Table 4, ZS-SSL"] == (92.7, "possible, if scores were rounded")
    assert found["Table 5, CycleU-Net"] == (29.4, "follows")
    assert found["Table 2, VarNet, acceleration"] == (99.2, "possible, if scores were rounded")
    assert [one.item for one in PRINTED if one.gap_after and abs(one.recomputed_gap - one.gap_after) > 2e-4] == [
        "Table 6, ViT"
    ]
    assert len(PRINTED) == 12


def test_what_rounding_allows_is_what_rounded_scores_give():
    """Scores drawn about the printed ones never leave the span, and come near both ends of it."""
    one = next(one for one in PRINTED if one.item == "Table 4, ZS-SSL")
    shifts = np.random.default_rng(0).uniform(-ROUNDING, ROUNDING, (20_000, 4))
    before_q, before_p, after_q, after_p = (np.array([*one.before, *one.after]) + shifts).T
    drawn = 100 * (1 - (after_q - after_p) / (before_q - before_p))
    least, largest = one.possible
    assert least <= drawn.min() < least + 0.15
    assert largest - 0.15 < drawn.max() <= largest


CHANGES = {
    "4× is 3.86×": Interval(0.001, -0.001, 0.002, 12),
    "score: mean and std matched": Interval(-0.1, -0.2, -0.05, 12),
    "window of 20, not 100": Interval(0.3, 0.2, 0.4, 12),
    TOGETHER: Interval(0.02, 0.01, 0.03, 12),
}
GROUP_OF = {row.name: row.group for row in DISCREPANCIES}


def test_the_chart_has_a_line_for_every_change_below_the_heading_of_its_group():
    spec = changes_chart(CHANGES, GROUP_OF, "simulated").to_dict()
    rows = next(one["data"]["values"] for one in spec["layer"] if len(one.get("data", {}).get("values", ())) == 4)
    assert [(row["group"], row["name"], row["certain"], row["label"]) for row in rows] == [
        ("how the score is computed", "output with the target's mean and std", True, "−0.100"),
        ("measurement and input", "acceleration 3.86× instead of 4×", False, "+0.001"),
        ("stopping window (in our short runs)", "window of 20 iterations, not 100", True, "+0.300"),
        ("all together", "all changes except mask and score", True, "+0.020"),
    ]
    domain = spec["layer"][1]["encoding"]["y"]["scale"]["domain"]
    assert domain[:4] == [name for row in rows[:2] for name in (row["group"], row["name"])]
    assert " ".join(spec["title"]) == "All 4 changes that were measured, by kind (simulated data)"
    for chart in (changes_chart, main_chart):
        with pytest.raises(ValueError, match="nothing to draw"):
            chart({}, {}, "simulated")


def test_the_first_chart_has_the_largest_of_each_kind_the_smallest_and_what_to_compare_them_with():
    small = {"5 % drawn with replacement": Interval(0.0005, -0.001, 0.002, 12)}
    more = {"score: slice's maximum": Interval(0.05, 0.02, 0.08, 12), YARDSTICK: Interval(0.9, 0.8, 1.0, 12)}
    spec = main_chart(CHANGES | small | more, GROUP_OF, "simulated").to_dict()
    rows = next(one["data"]["values"] for one in spec["layer"] if len(one.get("data", {}).get("values", ())) > 1)
    assert [(row["part"], row["beside"]) for row in rows] == [
        ("stopping", False), ("score", False), ("sampling", False), ("hold-out", False), ("score", False),
        ("yardstick", True), ("all together", True),
    ]  # fmt: skip
    assert " ".join(rows[4]["one"].split()) == "range of the whole volume"
    assert " ".join(spec["title"]).startswith(
        "The largest single difference changes SSIM by 0.300; all differences in the method together by only 0.020"
    )


def test_neither_the_yardstick_nor_all_together_counts_as_a_difference():
    yardstick = {YARDSTICK: Interval(0.9, 0.8, 1.0, 12)}
    title = " ".join(main_chart(CHANGES | yardstick, GROUP_OF, "simulated").to_dict()["title"])
    assert title.startswith("The largest single difference changes SSIM by 0.300")
    first, none, beside = summary(CHANGES | yardstick, {})
    assert first.startswith(
        "**2 of 3 differences change SSIM.** The three largest: *window of 20 iterations, not 100* +0.300"
    )
    assert none.endswith("*acceleration 3.86× instead of 4×*.")
    assert beside.startswith("**For comparison.** Change in SSIM: *all changes except mask and score* +0.020")
    assert "*another random hold-out (yardstick)* +0.900" in beside


def test_every_difference_that_is_drawn_has_words():
    drawn = [row.name for row in DISCREPANCIES if row.arms]
    assert sorted(WORDS) == sorted(drawn) == sorted(SIDES)
    assert all(len(words) <= 52 for sides in SIDES.values() for words in sides), "longer ones need a third line"
    assert len(set(WORDS.values())) == len(WORDS)
    assert all(len(words) <= 42 for words in WORDS.values()), "longer ones leave no room for the plot"


def test_scores_and_shares_have_their_span_as_title():
    means = {"as written": Interval(0.86, 0.83, 0.89, 12), "score unmatched": Interval(0.7, 0.67, 0.73, 12)}
    title = " ".join(scores_chart(means, "simulated").to_dict()["title"])
    assert title.startswith("One set of images scores from 0.70 to 0.86")
    shares = {"as written": means["as written"], "as published": means["score unmatched"]}
    spec = fractions_chart(shares, "simulated").to_dict()
    assert "TTT closes 70 to 86 % of the gap" in " ".join(spec["title"])
    assert "as the paper says 86 % [83, 89]" in spec["description"]


@pytest.mark.skipif(not (stored.SHIPPED / "fidelity.json").exists(), reason="no stored table yet")
def test_a_stored_row_comes_out_the_same():
    bench = Bench(record("10").experiment, record("10").settings, 12)
    for name in ("as written", "score of fastMRI"):
        kept = bench.table.find(bench.key(name, "supervised on P"))["row"]["ssim"]
        assert bench.measure(name, "supervised on P", count=2) == pytest.approx(kept[:2], abs=2e-4)


def test_without_a_stored_row_the_way_to_make_them_is_told(bench):
    with pytest.raises(ValueError, match=r"no row is stored .*-p recompute missing"):
        bench.provenance()

"""Findings are written from the run's numbers: each sentence has the right one."""

import json
from dataclasses import replace

import pytest
import torch
from records import record

from mrilib.figures import rows
from mrilib.gap import Interval
from mrilib.paper_a.early_stopping_and_ablation import report as stopping
from mrilib.paper_a.provable_adaptation.explorer import subspace_drawing
from mrilib.paper_a.shift_result import ShiftResult
from mrilib.paper_a.table_2 import Block, stored_block
from mrilib.paper_a.test_time_training import report as ttt
from mrilib.paper_a.transformers import pictures
from mrilib.paper_a.transformers import report as transformers
from mrilib.paper_a.transformers import tables as tables_09
from mrilib.paper_a.transformers.pictures import busiest, framed
from mrilib.paper_a.variants_that_fail import report as variants
from mrilib.paper_a.variants_that_fail import tables as tables_07
from mrilib.paper_a.variants_that_fail.experiment import LENGTHENED, Closing
from mrilib.paper_a.zero_shot_and_untrained import report as contest
from mrilib.running.claims import load
from mrilib.store.project import root_here
from mrilib.ttt import History

WIDE = {
    "supervised on Q": 0.9,
    "supervised on P": 0.7,
    "joint on Q": 0.88,
    "joint on P": 0.65,
    "joint on Q + TTT": 0.9,
    "joint on P + TTT": 0.85,
    "supervised on P + TTT": 0.8,
    "joint on P + TTT, no early stopping": 0.6,
}


def spread(mean):
    """Three scores around a mean."""
    return [mean - 0.001, mean, mean + 0.001]


def result(**changed):
    return ShiftResult("unet", "anatomy", "simulated", {name: spread(changed.get(name, WIDE[name])) for name in WIDE})


def block(**changed):
    return Block(result(**changed), {}, "stored")


def number(value):
    return Interval(value, value - 0.01, value + 0.01, 3)


def test_a_wide_gap_is_told_with_what_is_left_of_it():
    said = ttt.findings([block()], "simulated").data
    assert "**Wide gaps.** U-Net, anatomy: 0.200 → 0.050, 75 % closed, 75 % reached." in said
    assert "0.850 with early stopping, 0.600 without" in said
    assert "TTT improves the score in 1 of 1 cases." in said
    assert "*Simulated data; 1 training run × 3 test slices.*" in said


def test_the_packages_blocks_are_told_with_their_trainings_and_slices(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    p = record("04")
    found = ttt.stored_blocks(p.experiment, p.settings, p.test_slices)
    [anatomy] = [one.result for one in found if one.name == "unet_anatomy"]
    assert anatomy.before.trainings > 1
    assert (anatomy.before.n, anatomy.gain_of_early_stopping.n) == (24, 12)
    assert "U-Net, anatomy" in [row[0] for row in ttt.in_short(found, "simulated").cells]
    samples = f"1 to {anatomy.before.trainings} training runs × 12 to 24 test slices"
    assert samples in ttt.findings(found, "simulated").data
    assert samples in " ".join(ttt.gaps_chart(found, "simulated").to_dict()["title"])


def test_a_narrow_gap_is_not_called_wide_and_no_gap_has_no_fraction():
    narrow = {"supervised on P": 0.88, "joint on P + TTT": 0.91}
    assert "Wide gaps" not in ttt.findings([block(**narrow)], "simulated").data
    said = ttt.narrow_findings([block(**narrow)], "simulated").data
    assert "**Narrow gaps.** U-Net, anatomy: 0.020 → -0.010" in said
    level = block(**narrow | {"joint on P + TTT": 0.9001})
    assert "0.020 → 0.000" in ttt.narrow_findings([level], "simulated").data
    assert "lowers it in the others (U-Net, anatomy: 0.880 → 0.800)" in ttt.findings([level], "simulated").data
    none = ttt.narrow_findings([block(**{"supervised on P": 0.9})], "simulated").data
    assert "no fraction can be given.** U-Net, anatomy (gap before 0.000" in none


def test_the_slice_shown_has_the_median_gain_of_the_stored_scores(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    p = record("04")
    stored = stored_block("unet", "anatomy", experiment=p.experiment, settings=p.settings, slices=12)
    after, before = (stored.result.scores[name] for name in ("joint on P + TTT", "supervised on P"))
    gains = [a - b for a, b in zip(after, before, strict=True)]
    assert sorted(gains)[6] == gains[ttt.middle_slice(p.experiment, p.settings, 12)]
    assert ttt.middle_slice(p.experiment, p.settings, 3) == 0


def test_every_gap_has_a_line_with_the_share_closed_beside_it():
    told = ttt.gaps_chart([block(), block(**{"supervised on P": 0.9})], "simulated").to_dict()["description"]
    assert "U-Net, anatomy (knees → brains): gap before TTT 0.200, gap after TTT 0.050, 75 % [" in told
    assert "no gap to close" in told


def test_a_gap_that_closes_because_both_networks_are_ruined_is_told_as_lower_ssim():
    ruined = {"joint on P + TTT": 0.3, "joint on Q + TTT": 0.31}
    told = ttt.gaps_chart([block(**ruined)], "simulated").to_dict()["description"]
    assert "gap before TTT 0.200, gap after TTT 0.010, SSIM falls (95 % [" in told


def test_gaps_before_and_after_have_the_colours_of_what_they_are_of():
    spec = json.dumps(ttt.gaps_chart([block()], "simulated").to_dict())
    assert '["#C78009", "#295FDD"]' in spec
    assert "No scores are stored" in ttt.gaps_chart([], "simulated").data


@pytest.mark.parametrize(
    ("after", "borne_out"),
    [
        ({}, True),
        ({"joint on P + TTT": 0.7}, False),
        ({"joint on P + TTT": 0.3}, False),
        ({"joint on P + TTT": 0.3, "joint on Q + TTT": 0.31}, False),
    ],
)
def test_the_first_figure_claims_no_more_than_its_gaps_show(after, borne_out):
    spec = json.dumps(ttt.gaps_chart([block(**after)], "simulated").to_dict())
    assert ("closes more than half of every wide gap" in spec) is borne_out
    beside = json.dumps(ttt.gaps_chart([block(), block(**after)], "simulated").to_dict())
    assert ("closes more than half of 1 of 2 wide gaps" in beside) is not borne_out


def test_the_title_of_the_curves_gives_the_score_at_the_stop_and_at_the_end():
    history = History([1.0] * 9, [1.0] * 9, {0: 0.5, 4: 0.9, 8: 0.7})
    words = "The returned image has an SSIM of 0.900; the image after 8 iterations has 0.700 (one simulated slice)"
    assert ttt.ends_in_words(history, 5, "one simulated slice") == words


def test_stopping_is_told_in_numbers():
    answers = {
        "rank_correlation_validation_ssim": number(-0.9),
        "loss_to_oracle": number(0.003),
        "gain_of_early_stopping": number(0.026),
    }
    said = stopping.stopping_findings(answers, 30, 600, number(0.088)).data
    for words in (
        "−0.900 [",
        "window of 30, the rule loses 0.003",
        "iteration 600 loses a further 0.026",
        "loses 0.088",
    ):
        assert words in said


def vit(**changed):
    return ShiftResult("vit", "anatomy", "simulated", result(**changed).scores)


GRID = {
    name: number(value)
    for name, value in zip(
        ("target", "supervised on P", "joint on P", "joint on P + TTT"), (1, 1.8, 1.4, 1.2), strict=True
    )
}


def test_a_tuned_transformer_is_told_by_its_scores():
    alone = {"U-Net": number(0.81), "ViT": number(0.72)}
    changed = {"lift_psnr_joint_p": number(1.7), "lift_joint_p": number(0.0)}
    noise, gap, reason = transformers.findings(vit(), changed, GRID, alone)
    assert noise.startswith("**TTT fits the measurement, including its noise:** ")
    assert "TTT of the jointly trained network changes PSNR by +1.7 [1.7, 1.7] dB and SSIM by" in noise
    assert "from 1.40 to 1.20 (network trained without the self-supervised term: 1.80; target: 1.00)" in noise
    assert gap.startswith("**The gap:** TTT narrows the gap of the ViT from 0.200 to 0.050;")
    assert "U-Net reaches 0.810 and the ViT reaches 0.720" in reason
    better, *_ = transformers.findings(vit(), changed | {"lift_joint_p": number(0.1)}, GRID, alone)
    assert better.startswith("**What TTT changes:**")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"joint on Q + TTT": 0.87}, "to 0.020, partly because the network trained on brains gets worse"),
        ({"joint on Q + TTT": 0.8, "joint on P + TTT": 0.69}, "to 0.110, only because the network trained on brains"),
        ({"joint on P + TTT": 0.6}, "TTT widens the gap of the ViT from 0.200 to 0.300"),
    ],
)
def test_a_gap_that_shrinks_from_the_wrong_end_is_called_so(changed, words):
    assert words in transformers.gap_message(vit(**changed))
    assert words in " ".join(transformers.gaps_chart(vit(**changed), block(), "simulated").to_dict()["title"])


def test_changes_by_ttt_are_drawn_slice_by_slice_and_their_title_follows_the_intervals():
    levels = [21.0, 22.0, 23.0], [20.0, 20.5, 22.0]
    spec = transformers.changes_chart(levels, vit(), block(), "simulated").to_dict()
    assert " ".join(spec["title"]).startswith("With joint training and TTT, the transformer's PSNR rises by 1.2 dB and")
    assert "U-Net's SSIM rises by 0.150" in " ".join(spec["title"])
    level = transformers.message(number(0.0), [number(-0.1)])
    assert (
        level == "With joint training and TTT, the transformer's PSNR shows no clear change and its SSIM falls by 0.100"
    )


def test_the_grid_and_the_curves_have_their_result_as_title():
    title = " ".join(transformers.grid_chart(GRID, "anatomy", "simulated").to_dict()["title"])
    assert title.startswith(
        "Visibility of the patch grid: 1.80 at first; joint training lowers it to 1.40, then TTT lowers it to 1.20"
    )
    level = GRID | {"joint on P + TTT": number(1.4)}
    title = " ".join(transformers.grid_chart(level, "anatomy", "simulated").to_dict()["title"])
    assert "then TTT leaves it at 1.40" in title
    curves = {"ViT": [[0.5, 0.5], [0.6, 0.7]], "U-Net": [[0.5, 0.5], [0.8, 0.9]]}
    title = " ".join(transformers.curves_chart(curves, "anatomy", "simulated").to_dict()["title"])
    assert "the U-Net ends 0.200 above the transformer" in title


def test_the_close_up_is_where_the_target_varies_most_and_is_framed_on_the_whole():
    target = torch.full((12, 12), 0.5)
    target[8:, :4] = torch.eye(4)
    rows, columns = busiest(target)
    assert (rows, columns) == (slice(8, 12), slice(0, 4))
    drawn = framed(target, rows, columns, 2.0)
    assert drawn[8:, :4].eq(2).sum() == 12
    assert target.max() == 1


@pytest.mark.parametrize(
    ("psnrs", "scores", "effect"),
    [
        ((25.3, 28.9), (0.790, 0.788), "raise PSNR by 3.6 dB, but lower SSIM by 0.002"),
        ((25, 24), (0.7, 0.8), "lower PSNR by 1.0 dB, but raise SSIM by 0.100"),
        ((25, 26), (0.7, 0.8), "raise PSNR by 1.0 dB, and raise SSIM by 0.100"),
    ],
)
def test_one_slice_is_told_by_both_scores(psnrs, scores, effect):
    assert pictures.message(psnrs, scores, (0.2, 0.1)) == f"On this slice, joint training and TTT {effect}"


def test_noise_is_named_where_the_smooth_half_of_the_body_gets_rougher():
    told = pictures.message((25.3, 28.9), (0.790, 0.788), (0.1, 0.2))
    assert told == "Joint training and TTT recover anatomy (PSNR +3.6 dB) but add noise, so SSIM does not rise (−0.002)"
    target = torch.zeros(1, 1, 16, 16)
    target[..., 4:] = 1
    checks = torch.ones(16, 16)
    checks[::2, ::2] = checks[1::2, 1::2] = -1
    beside = target.clone()
    beside[..., :3] += 0.1 * checks[:, :3]
    clean, dark, grainy = (pictures.grain(target, one) for one in (target, beside, target + 0.1 * checks))
    assert clean == dark < grainy


def test_the_example_of_ttt_is_told_by_its_scores():
    told = ttt.example_message("knees (P)", "brain slice (Q)", 0.661, 0.851, 0.899)
    assert told.startswith("On this brain slice (Q), training")
    assert told.endswith("training on knees (P) costs 0.238 in SSIM; joint training and TTT recover 80 % of it")
    assert ttt.example_message("knees (P)", "brain slice (Q)", 0.661, 0.621, 0.899).endswith(
        "joint training and TTT change SSIM by −0.040"
    )
    assert "On this brain slice (Q), training on knees (P) costs hardly any SSIM (0.900, 0.899)" in ttt.example_message(
        "knees (P)", "brain slice (Q)", 0.9, 0.91, 0.899
    )


def test_the_contest_is_told_by_its_leads():
    names = (
        "joint on P + TTT",
        "joint on Q + TTT",
        "ConvDecoder",
        "un-trained network",
        "ZS-SSL from P",
        "ZS-SSL from Q",
    )
    scores = {name: spread(value) for name, value in zip(names, (0.87, 0.9, 0.83, 0.83, 0.84, 0.83), strict=True)}
    scores |= {name: spread(value) for name, value in (("q", 0.9), ("p", 0.7))}
    way = contest.Adaptation("Table 4, TTT of VarNet", ("q", "p", names[1], names[0]), scores)
    said = contest.findings(scores, {"ttt": way, "zs": way}, number(3.0), {"joint on P + TTT": number(-0.01)}, 4).data
    assert "TTT of the network trained on *P* reaches an SSIM of 0.870 [" in said
    assert "zero-shot learning 0.030 [" in said
    assert "Zero-shot learning takes 3.0 [3.0, 3.0] times as long as TTT" in said
    assert "85.0% [" in said


@pytest.mark.parametrize(
    ("method", "side", "name"), [("joint + TTT", "P", "joint on P + TTT"), ("supervised", "Q", "supervised on Q")]
)
def test_networks_are_named_as_everywhere(method, side, name):
    assert variants.label(method, side) == name


def closings(cycle):
    return {
        "CycleU-Net + TTT": Closing(spread(0.9), spread(0.7), spread(0.9), [cycle - 0.02, cycle, cycle + 0.02]),
        "joint + TTT": Closing(spread(0.9), spread(0.7), spread(0.9), [0.87, 0.88, 0.89]),
    }


def test_table_5_beside_longer_training_states_what_its_claim_rests_on():
    now, longer = closings(0.72), closings(0.80)
    found = variants.stated(now)
    [table_5] = [entry for entry in load(root_here() / "params" / "claims.yaml") if entry.id == "A/Table 5"]
    assert found.keys() == table_5.settled_lines.keys()
    assert found["fraction_reached_cycle_ttt"].value == pytest.approx(0.1)
    assert variants.moves(now, {}) == {}
    assert variants.moves(now, now) == dict.fromkeys(found, 0.0)
    moved = variants.moves(now, longer)
    assert (moved["fraction_closed_joint_ttt"], moved["fraction_reached_cycle_ttt"] > 1) == (0.0, True)
    text = repr(variants.longer_table({25: now, 50: longer}, "simulated"))
    assert [part in text for part in ("10.0%", "50.0%")] == [True, True]


def test_fractions_without_a_gap_are_recorded_with_the_reason(monkeypatch):
    found = {}
    monkeypatch.setattr(rows, "record", lambda name, value, *_: found.__setitem__(name, value))
    none = Closing(spread(0.7), [0.6, 0.7, 0.8], spread(0.7), spread(0.7))
    variants.record_results({"CycleU-Net + TTT": none}, {})
    assert "not distinguishable" in found["fraction_closed_cycle_ttt"]
    assert "not distinguishable" in found["fraction_reached_cycle_ttt"]


def test_longer_training_is_stored_for_the_parameters_that_the_notebooks_have_and_for_no_others():
    p, q = record("07"), record("09")
    assert tables_07.stored_closings(p.twice_as_long).keys() == set(LENGTHENED)
    assert tables_07.stored_closings(replace(p, seed=5).twice_as_long) == {}
    [(epochs, longer)] = tables_09.longer(q).items()
    assert (epochs, longer.before.n) == (2 * q.epochs, q.test_slices)
    assert tables_09.longer(replace(q, seed=5)) == {}


def test_table_6_beside_longer_training_states_what_its_claim_rests_on():
    [table_6] = [entry for entry in load(root_here() / "params" / "claims.yaml") if entry.id == "A/Table 6"]
    assert transformers.stated(vit()).keys() == table_6.settled_lines.keys()
    better = vit(**{"joint on P + TTT": WIDE["supervised on Q"]})
    title = " ".join(transformers.longer_chart({25: vit(), 50: better}, "simulated").to_dict()["title"])
    assert "Trained for 50 epochs instead of 25, the ViT reaches 100 %" in title


def test_every_method_of_the_variants_has_its_distance_as_a_dot():
    scores = {(name, side): spread(0.8 + 0.1 * (side == "Q")) for name in variants.METHODS for side in "PQ"}
    spec = variants.gaps(scores, "simulated").to_dict()
    rows = next(one["data"]["values"] for one in spec["layer"] if len(one.get("data", {}).get("values", ())) > 1)
    assert [row["name"] for row in rows if row["label"] == "+0.100"] == [
        variants.NAMES[name] for name in variants.DRAWN
    ]


def test_the_drawing_shows_that_less_shrinkage_is_too_little_under_more_noise():
    spec = subspace_drawing(0.5, 1.0).to_dict()
    dots = (
        [d["name"] for value in spec["datasets"].values() for d in value if "name" in d] if "datasets" in spec else []
    )
    text = json.dumps(spec)
    assert "trained on P: \\u03b1 = 0.80" in text or "trained on P: α = 0.80" in dots
    assert "trained on Q: \\u03b1 = 0.50" in text or "trained on Q: α = 0.50" in dots

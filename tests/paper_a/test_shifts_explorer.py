"""The shift explorer moves without a browser: images, errors, scores and gap bars follow the choice."""

import re
from dataclasses import replace

import pytest
import torch
from records import record
from tiny_slices import tiny_model, tiny_sample
from widget_parts import parts

from mrilib.data.catalogue import SHIFTS
from mrilib.metrics import match_mean_std
from mrilib.paper_a.shift_result import ShiftResult
from mrilib.paper_a.shifts_explorer import Case, compared, explore_shifts, gap_bars, scheme_in_words, with_stored
from mrilib.train.adaptation import Adapted
from mrilib.ttt import History, TTTRecord

LEVELS = {
    "supervised on Q": 0.9,
    "supervised on P": 0.7,
    "joint on Q": 0.88,
    "joint on P": 0.69,
    "joint on Q + TTT": 0.9,
    "joint on P + TTT": 0.85,
    "supervised on P + TTT": 0.8,
}
SPREAD = (-0.02, 0.0, 0.01)
NETWORKS = [name for name in LEVELS if "TTT" not in name]


def result(shift, levels=LEVELS):
    scores = {name: [level + step for step in SPREAD] for name, level in levels.items()}
    return ShiftResult("unet", shift, "simulated", scores)


@pytest.fixture(scope="module")
def own():
    """A case with images: three slices, four networks, and another image for TTT."""
    samples = [tiny_sample(patient) for patient in range(len(SPREAD))]
    networks = {name: tiny_model(seed) for seed, name in enumerate(NETWORKS)}
    adapted = {}
    for name in ("joint on Q", "joint on P", "supervised on P"):
        records = [TTTRecord(s.reference.flip(-1), s.reference, History([1.0], [1.0], {}), 0, 0, "") for s in samples]
        adapted[name] = [Adapted("slice", record, 0.8, 0.8, 1.0) for record in records]
    return Case(result("anatomy"), samples, networks, adapted)


@pytest.fixture
def cases(own):
    return {"anatomy": own, "dataset": Case(result("dataset", LEVELS | {"supervised on P": 0.8}))}


def sources(view):
    return re.findall(r'src="([^"]+)"', view.value)


def test_a_slice_changes_the_three_images_and_not_the_gap(cases):
    *_, item, view, _ = parts(explore_shifts(cases, "anatomy"))
    before = sources(view)
    assert "SSIM of this slice 0.670" in view.value
    item.value = 3
    after = sources(view)
    assert [a != b for a, b in zip(before, after, strict=True)] == [True, True, True, False]
    assert "SSIM of this slice 0.700" in view.value
    assert "slice 3 of brains (Q)" in view.value


def test_ttt_changes_image_error_and_gap_and_leaves_the_target(cases):
    _, _, ttt, _, view, _ = parts(explore_shifts(cases, "anatomy"))
    before = sources(view)
    ttt.value = "on"
    after = sources(view)
    assert [a != b for a, b in zip(before, after, strict=True)] == [False, True, True, True]
    assert "joint on P + TTT: mean SSIM 0.847" in view.value
    assert "Gap: 0.050 [0.050, 0.050]; gap before: 0.200 [0.200, 0.200]; closed: 75.0%" in view.value


def test_a_network_changes_its_image_and_its_words(cases):
    _, network, _, _, view, _ = parts(explore_shifts(cases, "anatomy", "supervised on P"))
    assert "Gap: 0.200" in view.value
    seen = set()
    for name in network.options:
        network.value = name
        assert f"{name}: mean SSIM" in view.value
        seen.add(tuple(sources(view)[1:3]))
    assert len(seen) == len(NETWORKS)


def test_images_with_ttt_are_those_of_the_record(own):
    target, image = own.views("joint on P + TTT", 1)
    expected = match_mean_std(own.samples[1].target, own.adapted["joint on P"][1].record.image.abs())
    assert torch.equal(target, own.samples[1].target)
    assert torch.equal(image, expected)


def test_a_shift_without_images_shows_scores_and_says_how_to_get_them(cases):
    shift, *_, view, _ = parts(explore_shifts(cases, "anatomy"))
    shift.value = "dataset"
    assert "<code>mrilib run 04 -p shift dataset</code>" in view.value
    assert len(sources(view)) == 1
    assert "Dataset shift (simulated data): P is" in view.value
    assert "gap before: 0.100" in view.value


def test_what_was_not_scored_is_said_in_the_view(cases):
    _, network, ttt, _, view, _ = parts(explore_shifts(cases, "anatomy", "supervised on Q"))
    ttt.value = "on"
    assert 'role="alert"' in view.value
    assert "supervised on Q + TTT: scored neither here nor in paper A" in view.value
    network.value = "supervised on P"
    assert "supervised on P + TTT: mean SSIM 0.797" in view.value


def test_the_gap_of_supervised_training_with_ttt_is_to_the_supervised_network_of_q(own):
    assert compared(own, "joint on Q", "on") == ("joint on P + TTT", "joint on Q + TTT")
    assert compared(own, "supervised on P", "on") == ("supervised on P + TTT", "supervised on Q")
    assert "Gap: 0.100 [0.100, 0.100]; gap before: 0.200" in scheme_in_words(own, "supervised on P", "on")


def test_without_ttt_one_gap_is_drawn_in_words():
    spec = gap_bars(Case(result("anatomy")), "supervised on P", "off").to_dict()
    assert [row["row"] for row in spec["layer"][0]["data"]["values"]] == ["gap"]
    assert {row["scheme"] for row in spec["layer"][-1]["data"]["values"]} == {
        "supervised on knees (P)",
        "supervised on brains (Q)",
    }
    both = gap_bars(Case(result("anatomy")), "joint on P", "on").to_dict()
    assert [row["row"] for row in both["layer"][0]["data"]["values"]] == ["gap before", "gap now"]


def test_without_ttt_there_is_no_switch():
    two = result("anatomy", {name: LEVELS[name] for name in ("supervised on P", "supervised on Q")})
    controls = parts(explore_shifts({"anatomy": Case(two)}, "anatomy", "supervised on Q"))
    assert [control.description for control in controls[:-2]] == ["shift, P to Q", "network", "slice of Q"]


def test_a_start_that_is_not_there_is_refused(cases):
    with pytest.raises(ValueError, match="shift 'modality': no scores; expected one of anatomy, dataset"):
        explore_shifts(cases, "modality")
    with pytest.raises(ValueError, match="network 'unet': not scored; expected one of supervised on Q"):
        explore_shifts(cases, "anatomy", "unet")


def test_stored_scores_stand_beside_this_run():
    own, given = Case(result("modality", dict.fromkeys(LEVELS, 0.5))), (record("04").experiment, record("04").settings)
    twelve = replace(own.result, scores={name: [*column] * 4 for name, column in own.result.scores.items()})
    found = with_stored(Case(twelve), *given)
    assert list(found) == list(SHIFTS)
    assert found["modality"].result is twelve
    assert all(case.slices == 12 and not case.has_image("joint on P") for case in found.values())
    assert list(with_stored(own, *given)) == ["modality"], "none is stored for so few slices"

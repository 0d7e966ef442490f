"""Section 7's networks: what they are trained on, what a row holds, and what is compared with what."""

from dataclasses import replace

import pytest
import torch
from records import record, section
from tiny_slices import seed_weights

from mrilib.data.collections import COLLECTIONS
from mrilib.data.twins import TWINS
from mrilib.metrics import artefact_variance, center_crop, match_mean_std, ssim
from mrilib.models.build import build
from mrilib.paper_b import collection, perceptual
from mrilib.paper_b.a_diverse_collection import size_mismatch
from mrilib.paper_b.collection import (
    D_P,
    ELSEWHERE,
    FASTMRI,
    TESTED,
    arm_title,
    arms,
    gain,
    members,
    of_datasets,
    parts,
)
from mrilib.paper_b.protocol import apportioned, slices_to_test
from mrilib.paper_b.study import Study, TestSet
from mrilib.running.parameters import networks_of
from mrilib.running.weights import spec_of

TINY = {"name": "norm_unet", "chans": 2, "num_pool_layers": 2}
PARAMETERS = record("15")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path_factory.getbasetemp() / "collection"))


def per_dataset(taken):
    return {name: sum(taken.get(part, 0) for part in TWINS[name]) for name in TWINS}


def test_the_collection_is_the_papers_thirteen():
    assert len(D_P) == 13
    assert not {*D_P} & {*ELSEWHERE}
    assert {*D_P, *ELSEWHERE} == {*COLLECTIONS}
    assert {*FASTMRI} < {*D_P}


def test_arms_have_the_slices_they_are_said_to_have():
    made = parts(120, 20)
    assert {arm: sum(taken.values()) for arm, taken in made.items()} == {
        **dict.fromkeys(TESTED, 120), "d_p": 460, "d_p_few": 120,
    }  # fmt: skip
    assert per_dataset(made["d_p"]) == {name: 120 if name in FASTMRI else 20 if name in D_P else 0 for name in TWINS}
    few = per_dataset(made["d_p_few"])
    assert {name for name, count in few.items() if count} == {*D_P}
    assert abs(few["fastmri_knee"] - few["fastmri_brain"]) <= 1
    assert few["fastmri_knee"] > 5 * few["7t_axial"]
    assert all(made["d_p"][part] == count for part, count in made["fastmri_knee"].items())


def test_each_arm_is_another_network_of_the_same_kind():
    made = arms(PARAMETERS)
    assert len({spec.digest for spec in made.values()}) == len(made) == 8
    assert len({(spec.recipe, str(spec.architecture)) for spec in made.values()}) == 1
    assert made["d_p"].train_slices == 2 * PARAMETERS.train_slices + 11 * PARAMETERS.other_slices
    assert len(networks_of(section("15"), PARAMETERS)) == 9


def test_a_card_gives_the_specification_again():
    spec = arms(PARAMETERS)["d_p"]
    assert spec_of({"spec": spec.card}) == spec
    listed = {**spec.card, "parts": [list(one) for one in spec.parts], "accelerations": [4]}  # as JSON has it
    assert spec_of({"spec": listed}).digest == spec.digest


def test_every_population_is_tested_on():
    found = collection.tests(12)
    assert {*found} == {part for name in TESTED for part in TWINS[name]}
    assert per_dataset({name: one.slices for name, one in found.items()})["nyu"] == 12
    assert per_dataset({name: one.slices for name, one in collection.tests(9).items()})["fastmri_brain"] == 9


@pytest.mark.parametrize(
    ("shares", "slices", "expected"),
    [
        ({"a": 98, "b": 1, "c": 1}, 3, {"a": 1, "b": 1, "c": 1}),
        ({"a": 98, "b": 1, "c": 1}, 50, {"a": 48, "b": 1, "c": 1}),
        ({"a": 45, "b": 40, "c": 15}, 20, {"a": 9, "b": 8, "c": 3}),
    ],
)
def test_slices_are_shared_out_by_shares(shares, slices, expected):
    assert apportioned(shares, slices) == expected


def test_a_row_holds_ssim_matched_and_not_and_artefacts():
    model, slices = seed_weights(build(TINY)).eval(), slices_to_test("m4raw_gre", 1)
    found = collection.quality(model, slices, "mean_std", "cpu")
    sample = slices[0]
    with torch.no_grad():
        output = model(sample.masked_kspace, sample.operator).abs()
    target, output = (center_crop(x, sample.recon_size) for x in (sample.target, output))
    matched = match_mean_std(target, output)
    assert found["ssim"] == pytest.approx(ssim(target, matched, sample.peak).tolist())
    assert found["ssim_unmatched"] == pytest.approx(ssim(target, output, sample.peak).tolist())
    assert found["artefacts"] == pytest.approx(artefact_variance(target, matched, sample.peak).tolist())
    assert collection.quality(model, slices, None, "cpu")["ssim"] == pytest.approx(found["ssim_unmatched"])


class Brightness:
    """Stands for both metrics."""

    def lpips(self, target, image, peak):
        return (target - image).abs().mean((1, 2, 3)) / peak

    dists = lpips


def test_perceptual_rows_are_a_table_of_their_own(monkeypatch):
    monkeypatch.setattr(perceptual, "load", lambda device: Brightness())
    found = collection.perceptual_quality(
        seed_weights(build(TINY)).eval(), slices_to_test("m4raw_gre", 1), "mean_std", "cpu"
    )
    assert {name: len(values) for name, values in found.items()} == {"lpips": 1, "dists": 1}
    scored = Study("tiny", {}, {}, recompute=True)
    scored._read["a", "b"] = {"ssim": [1.0]}
    monkeypatch.setattr(perceptual, "available", lambda: False)
    other = collection.perceptual_study(scored)
    assert (other.name, other.recompute, other._read) == ("collection_perceptual", False, {})
    monkeypatch.setattr(perceptual, "available", lambda: True)
    assert collection.perceptual_study(scored).recompute


def test_what_can_be_shown_depends_on_what_is_stored(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    shipped, other = (collection.study(p) for p in (PARAMETERS, replace(PARAMETERS, epochs=1)))
    assert collection.weights_here(shipped, ("fastmri_brain", "d_p"))
    assert not collection.weights_here(other, ("d_p",))
    monkeypatch.setattr(perceptual, "available", lambda: True)
    assert collection.can_score(collection.perceptual_study(shipped))
    assert not collection.can_score(collection.perceptual_study(other))


@pytest.fixture
def scored():
    made = Study(
        "none", dict.fromkeys(["fastmri_knee", "fastmri_brain", "d_p"]), {"m4raw_gre": TestSet("m4raw_gre", 2)}
    )
    rows = {"fastmri_knee": (0.5, 90.0), "fastmri_brain": (0.6, 80.0), "d_p": (0.8, 70.0)}
    for arm, (score, artefacts) in rows.items():
        measures = {"ssim": score, "ssim_unmatched": score - 0.1, "artefacts": artefacts}
        made._read[arm, "m4raw_gre"] = {name: [value] * 2 for name, value in measures.items()}
    return made


def test_a_gain_is_positive_where_the_collection_is_better(scored):
    assert collection.best_of_fastmri(scored, "m4raw_gre") == "fastmri_brain"
    assert gain(scored, "fastmri_brain", ["m4raw_gre"]).value == pytest.approx(0.2)
    assert gain(scored, "fastmri_brain", ["m4raw_gre"], "artefacts").value == pytest.approx(10)
    matching = collection.matching_gain(scored, {"d_p": ["m4raw_gre"], "fastmri_knee": ["m4raw_gre"]})
    assert (matching.value, matching.n) == (pytest.approx(0.1), 2), "a slice that two networks see counts once"
    assert list(members("nyu")) == list(TWINS["nyu"])


def test_examples_are_first_slices_matched_to_their_targets(monkeypatch):
    monkeypatch.setattr(collection, "network", lambda *_: seed_weights(build(TINY)).eval())
    found = collection.example(Study("none", {"d_p": None}, {}), "m4raw_gre", ["d_p"])
    assert found.images["d_p"].shape == found.target.shape
    assert found.images["d_p"].mean() == pytest.approx(found.target.mean().item(), rel=1e-4)
    assert -1 <= found.ssim["d_p"] <= 1


def test_datasets_and_arms_have_titles():
    assert arm_title("cc_359_sagittal") == "CC-359 sagittal"
    assert arm_title("nyu") == "NYU data"
    assert arm_title("d_p") == "13 datasets"


def test_the_rows_that_notebook_15_reads_come_with_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    found = collection.study(PARAMETERS)
    assert found.missing == []
    assert collection.perceptual_study(found).missing == []
    assert size_mismatch.study(PARAMETERS).missing == []
    assert collection.study(replace(PARAMETERS, model="norm_vit")).missing == []


def test_one_slice_of_a_dataset_is_one_of_its_largest_population():
    counts = {name: test.slices for name, test in collection.tests(1).items()}
    for dataset in TESTED:
        shares = TWINS[dataset]
        assert sum(counts[name] for name in shares) == 1
        assert counts[max(shares, key=shares.__getitem__)] == 1
    assert {name: test.slices for name, test in collection.tests(12).items()} == of_datasets(dict.fromkeys(TESTED, 12))


def test_what_was_not_tested_has_no_scores():
    study = Study("collection", {}, {"nothing": TestSet("m4raw_gre", 0)})
    assert study.scores("any", "nothing") == study.rows() == study.missing == []

"""Networks of healthy heads and of heads with lesions: arms, scores of boxes, and what is read from them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from annotated_files import COLUMNS, HEIGHT, ROWS, WIDTH, brains
from records import record
from scored_lesions import AREAS, ILL, PARAMETERS, WELL, scored_study
from tiny_slices import seed_weights

from mrilib.data.annotated import Heads
from mrilib.metrics import region_ssim
from mrilib.models.build import build
from mrilib.paper_b.pathologies import experiment
from mrilib.paper_b.pathologies.analysis import (
    ALIKE,
    BOTH_ARMS,
    HEALTHY_ARMS,
    SMALL,
    Lesion,
    agreement,
    contrast_kept,
    difference,
    height,
    lesions,
    on_slices_with,
)
from mrilib.paper_b.pathologies.experiment import (
    MORE,
    HeadsSpec,
    HeadsTest,
    P,
    Q,
    arms,
    contrast,
    lesion_scores,
    parts,
    shared_among,
)
from mrilib.paper_b.pathologies.images import LesionImages, examples
from mrilib.paper_b.protocol import paper_b, ssim_scores, union
from mrilib.paper_b.study import Study

TINY = {"name": "norm_unet", "chans": 2, "num_pool_layers": 2}


@pytest.fixture
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path_factory.getbasetemp() / "pathologies"))


def test_arms_have_the_papers_ratio_and_its_control():
    made = parts(216, Heads())
    total = {arm: sum(taken.values()) for arm, taken in made.items()}
    assert (total["P"], total["P and Q"]) == (216, 336)
    assert total[MORE] == total["P and Q"]
    assert total["quarter of P and Q"] == 54 + 30
    assert set(made[MORE]) == set(made["P"]) == set(P)
    assert {name: made["P and Q"][name] for name in P} == made["P"]
    assert set(made) == {*HEALTHY_ARMS, *BOTH_ARMS}


def test_slices_are_shared_as_far_as_there_are_some():
    assert shared_among({"a": 9, "b": 9, "c": 9}, 8) == {"a": 3, "b": 3, "c": 2}
    assert shared_among({"a": 9, "b": 1, "c": 0}, 8) == {"a": 7, "b": 1, "c": 0}
    with pytest.raises(ValueError, match="train_slices: 11 wanted; 3 populations have 10"):
        shared_among({"a": 9, "b": 1, "c": 0}, 11)
    with pytest.raises(ValueError, match="train_slices: 400,000 wanted"):
        parts(400_000, Heads())


def test_networks_differ_in_their_data_only():
    specs = arms(PARAMETERS)
    assert len({spec.digest for spec in specs.values()}) == len(specs) == 7
    assert len({(spec.recipe, str(spec.architecture)) for spec in specs.values()}) == 1
    other = arms(replace(PARAMETERS, train_slices=90))
    assert other["half of P"].digest != specs["half of P"].digest


def test_contrast_is_of_the_box_over_its_ring():
    image = torch.zeros(30, 30)
    image[10:14, 12:15] = 0.5
    box = np.s_[10:14, 12:15]
    assert contrast(image, box) == pytest.approx(0.5)
    image[8:10, 10:17] = 7  # nearer than the ring
    assert contrast(image, box) == pytest.approx(0.5)
    image[6, 10:17] = 1
    assert contrast(image, box) < 0.5
    corner = torch.zeros(20, 20)
    corner[:3, :3] = 1
    assert contrast(corner, np.s_[0:3, 0:3]) == pytest.approx(1)


@pytest.fixture
def study(cache):
    spec = HeadsSpec(**vars(union("p", {WELL: 1}, TINY, paper_b(1))))
    tests = {name: HeadsTest(name, 2) for name in (WELL, ILL)}
    return Study("tiny", {"P": spec}, tests)


def test_a_row_holds_the_slice_and_its_lesions(study):
    model = seed_weights(build(TINY)).eval()
    slices = study.tests[ILL].load("simulated")
    found = lesion_scores(model, slices, boxes=Heads().boxes)
    assert found["ssim"] == ssim_scores(model, slices)
    boxes = [(item, box) for item, place in enumerate(slices.slices) for box in Heads().boxes(*place)]
    assert found["slice"] == [item for item, _ in boxes]
    assert {len(found[name]) for name in found if name != "ssim"} == {len(boxes)}
    item, (rows, columns) = boxes[-1]
    sample = slices[item]
    image = model(sample.masked_kspace, sample.operator).abs().detach()
    assert found["lesion"][-1] == pytest.approx(
        region_ssim(sample.target, image, (rows, columns), sample.target.max()).item()
    )
    assert found["area"][-1] == (rows.stop - rows.start) * (columns.stop - columns.start) / sample.target[0, 0].numel()
    assert found["target_contrast"][-1] == pytest.approx(
        contrast(sample.target[0, 0], (rows, columns)) / sample.target.max().item()
    )
    assert lesion_scores(model, study.tests[WELL].load("simulated"), boxes=Heads().boxes)["lesion"] == []


def test_files_with_annotations_are_scored_in_the_landmark(tmp_path, monkeypatch, cache):
    csv = brains(tmp_path, monkeypatch, slices=30)
    asked = replace(PARAMETERS, source="files", annotations=str(csv), train_slices=180)
    made = experiment.study(replace(asked, test_slices=1))
    assert {arm: spec.train_slices for arm, spec in made.arms.items() if arm in ("P", "P and Q", MORE)} == {
        "P": 180, "P and Q": 280, MORE: 220,  # of ten times 22 healthy slices that validation leaves
    }  # fmt: skip
    every = experiment.study(replace(asked, test_slices=99))
    assert {one.slices for one in every.tests.values()} == {30, 28}
    one = made.tests[Q[0]]
    assert [(path.stem, index) for path, index in one.load("files").slices] == [("d2", 1)]
    found = made.measure(seed_weights(build(TINY)).eval(), one.load("files"), None, "cpu")
    assert found["area"] == [HEIGHT * WIDTH / (ROWS * COLUMNS)]
    assert found["target_contrast"][0] == pytest.approx(1, abs=0.05)
    spec = HeadsSpec(**vars(union("p", {P[0]: 2, Q[0]: 1}, TINY, paper_b(1), source="files")), annotations=str(csv))
    assert [(path.stem, index) for path, index in spec.training_slices().slices] == [("h1", 0), ("h1", 1), ("d1", 1)]
    before = spec.digest, one.digest("files")
    csv.write_text(csv.read_text().replace("Mass", "Cyst"))
    assert (spec.digest, one.digest("files")) != before


@pytest.fixture
def scored():
    return scored_study()


def test_lesions_are_parted_by_size_and_keep_their_order(scored):
    every = lesions(scored, "P")
    assert [(one.slice, one.order) for one in every] == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
    small, large = (lesions(scored, "P", size) for size in ("small", "large"))
    assert [one.area for one in small] == [area for area in AREAS if area <= SMALL]
    assert [one.area for one in large] == [0.03, 0.02]
    assert on_slices_with(scored, "P", "small") == scored.scores("P", ILL)
    assert on_slices_with(scored, "P", "large") == scored.scores("P", ILL)[:2]


def test_networks_on_one_line_have_no_height(scored):
    for size in ("small", "large", ""):
        found = height(scored, size)
        assert found.value == pytest.approx(0, abs=1e-9)
        assert found.n == {"small": 3, "large": 2, "": 3}[size], "the shorter of both lists"
    for arm in BOTH_ARMS:
        row = scored._read[arm, ILL]
        row["lesion"] = [value + 0.1 for value in row["lesion"]]
    assert height(scored, "small").value == pytest.approx(0.1)
    assert difference(scored, MORE, "P and Q", "large").value == pytest.approx(-0.1)


def test_the_share_of_contrast_that_is_kept(scored):
    assert contrast_kept(scored, "P", "small").value == pytest.approx(0.5)
    assert contrast_kept(scored, "P", "large").value == pytest.approx(1)
    assert contrast_kept(scored, "P", "small", over="P and Q").value == pytest.approx(0.5 - 0.75)


def test_agreement_tells_low_scores_from_high(scored):
    row = scored._read["P", ILL]
    base = scored._read["P and Q", ILL]["lesion"]
    row["lesion"] = [base[0] - 0.1, base[1], base[2], base[3], base[4], base[5] + 0.1]
    found = agreement(scored, "P", "P and Q", "small")
    assert found.alike.value == 0.5
    assert found.spread_low == pytest.approx(0.1)
    assert found.spread_high == pytest.approx(0)
    assert found.better_low == 0.5
    assert ALIKE < 0.1


def test_examples_are_chosen_by_size_and_by_seed(scored):
    chosen = examples(scored, "P", 2, seed=0)
    assert chosen[0].area == min(AREAS)
    assert len({one.area for one in chosen}) == 3
    assert all(one.size == "small" for one in chosen)
    assert examples(scored, "P", 2, seed=0) == chosen
    assert {one.area for seed in range(9) for one in examples(scored, "P", 2, seed)} == {a for a in AREAS if a <= SMALL}
    with pytest.raises(ValueError, match="4 small lesions in the test slices are too few for 5 examples"):
        examples(scored, "P", 4, seed=0)


def test_pictures_are_made_once_and_kept(study, monkeypatch):
    monkeypatch.setattr(experiment, "VALIDATION_PER_PART", 1)
    lesion = Lesion(ILL, 1, 0, 0.1, 0.5, 0.1, 0.1)
    images = LesionImages(study)
    first, target = images.reconstruction("P", lesion), images.target(lesion)
    row = images.stored_row("P", lesion)
    assert images.table.find(row.key) is None, "showing keeps nothing"
    row.read()
    assert first.shape == target.shape
    assert target.max().item() == pytest.approx(1)
    monkeypatch.setattr("mrilib.paper_b.pathologies.images.network", lambda *_: pytest.fail("made again"))
    assert torch.equal(LesionImages(study).reconstruction("P", lesion), first)
    assert images.box(lesion) == Heads().boxes(*study.tests[ILL].load("simulated").slices[1])[0]


def test_the_rows_that_notebook_13_reads_come_with_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    assert experiment.study(record("13")).missing == []
    assert experiment.study(record("13").twice_as_long).missing == []

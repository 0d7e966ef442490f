"""Paper A's experiment: four networks, and test slices that none of them has seen."""

import json
from dataclasses import replace

import pytest
import torch
from records import record
from tiny_slices import tiny_sample, tiny_scan

from mrilib.data import catalogue
from mrilib.data.catalogue import SHIFTS, distribution
from mrilib.data.simulated import SPLITS
from mrilib.scoring import matched
from mrilib.store.tables import SHIPPED

P = record("04", train_slices=5, epochs=3, batch_size=2, train_learning_rate=1e-3, num_pool_layers=3, seed=1)
ANATOMY = P.experiment


def test_four_networks_are_needed():
    specs = ANATOMY.specs()
    assert set(specs) == {(loss, side) for loss in ("supervised", "joint") for side in "PQ"}
    assert {specs[loss, "P"].distribution for loss in ("supervised", "joint")} == {"knee_pd"}
    assert {specs[loss, "Q"].distribution for loss in ("supervised", "joint")} == {"brain_axt2"}
    assert all(spec.recipe.loss == loss for (loss, _), spec in specs.items())
    assert len({spec.digest for spec in specs.values()}) == 4


def test_every_argument_reaches_the_network():
    spec = ANATOMY.spec("joint", "P")
    recipe = spec.recipe
    found = (recipe.epochs, recipe.batch_size, recipe.learning_rate, recipe.schedule, recipe.shuffle, recipe.seed)
    assert found == (3, 2, 1e-3, P.schedule, P.shuffle, 1)
    assert spec.architecture == {
        "name": "unet",
        "chans": P.chans,
        "num_pool_layers": 3,
        "residual": False,
        "pinv_iterations": 0,
        "fidelity": "paper",
    }
    assert (spec.train_slices, spec.source) == (5, "simulated")
    before = ANATOMY.spec("joint", "P").digest
    for change in (
        {"residual": True},
        {"pinv_iterations": 2},
        {"fidelity": "code"},
        {"supervised_target": "complex"},
        {"shuffle": False},
        {"seed": 2},
        {"chans": 4},
        {"train_slices": 6},
    ):
        assert replace(P, **change).experiment.spec("joint", "P").digest != before


def test_no_number_of_slices_means_the_papers_lists():
    paper = replace(ANATOMY, train_slices=0)
    assert paper.spec("joint", "P").train_slices == distribution("knee_pd").train_slices
    assert paper.spec("joint", "Q").train_slices == distribution("brain_axt2").train_slices


@pytest.mark.parametrize("name", SHIFTS)
def test_sides_follow_from_the_shift(name):
    experiment = replace(ANATOMY, shift=name)
    for side, entry, acceleration in (
        ("P", SHIFTS[name].p, SHIFTS[name].p_acceleration),
        ("Q", SHIFTS[name].q, SHIFTS[name].q_acceleration),
    ):
        assert experiment.side(side) == (entry, acceleration)
        assert experiment.spec("joint", side).acceleration == acceleration
        assert experiment.title(side) == f"{distribution(entry).title} at {acceleration}×"
    assert experiment.title("P") != experiment.title("Q")


def test_a_scheme_is_named_with_what_its_sides_are():
    assert ANATOMY.named("joint on P + TTT") == "joint on P (PD knee) + TTT"
    assert replace(ANATOMY, shift="acceleration").named("supervised on Q") == "supervised on Q (2×)"
    assert ANATOMY.named("PSNR") == "PSNR"


def test_an_unknown_shift():
    with pytest.raises(ValueError, match="did you mean 'modality'"):
        replace(ANATOMY, shift="modalities").specs()


def test_test_slices_are_of_q_and_of_no_training_patient(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    small = replace(distribution("brain_axt2"), scan=tiny_scan("brain"), test_slices=3)
    monkeypatch.setitem(catalogue.DISTRIBUTIONS, "brain_axt2", small)
    patients = [int(path.stem.split("_")[-1]) for path, _ in ANATOMY.test_slices(2).slices.slices]
    assert all("brain_axt2" in path.name for path, _ in ANATOMY.test_slices(2).slices.slices)
    assert all(patient in SPLITS["test"] for patient in patients)
    assert not any(patient in SPLITS[split] for patient in patients for split in ("train", "validation"))
    assert len(ANATOMY.test_slices(0)) == 3


def test_images_are_shown_as_they_are_scored():
    sample = replace(tiny_sample(), recon_size=(20, 24))
    target, images = matched(sample, {"zero-filled": sample.operator.H(sample.masked_kspace)})
    found = images["zero-filled"]
    assert found.shape == target.shape == (1, 1, 20, 24)
    assert torch.equal(target, sample.target[..., 10:30, 12:36])
    torch.testing.assert_close(found.mean(), target.mean())
    torch.testing.assert_close(found.std(), target.std())


@pytest.mark.parametrize("name", ["ablation", "variants"])
def test_stored_tables_are_of_experiments_as_they_are_now(name):
    """A field added to a recipe or an experiment must not orphan what took hours to compute."""
    rows = json.loads((SHIPPED / f"{name}.json").read_text(encoding="utf-8"))["rows"]
    experiment = record("07").with_network("two_head") if name == "variants" else record("05").experiment
    card = experiment.card
    found = [{key: row["settings"].get(key) for key in card} for row in rows]
    assert json.loads(json.dumps(card)) in found

"""Diverse data and TTT: networks that differ in their data only, rows with and without TTT, fractions of one gap."""

from collections import Counter
from dataclasses import replace

import pytest
import torch
from records import record, section
from remedied import remedied
from tiny_slices import seed_weights

from mrilib.beyond.ttt_on_diverse_models.experiment import (
    DIVERSE,
    GOAL,
    HOME,
    NOTHING,
    ONE,
    REMEDIES,
    SIX,
    TESTED,
    TRAINED_ON,
    arms,
    before_and_after,
    closed,
    gain,
    lift,
    lift_lost,
    seconds,
    studies,
)
from mrilib.data.catalogue import distribution
from mrilib.data.collections import COLLECTIONS
from mrilib.data.twins import TWINS
from mrilib.models.build import build
from mrilib.paper_b.protocol import slices_to_test, union
from mrilib.running.parameters import networks_of
from mrilib.train.networks import InMemory
from mrilib.train.recipe import Recipe
from mrilib.ttt import Settings

PARAMETERS = record("18")


@pytest.mark.parametrize("collection", TESTED)
def test_networks_differ_in_their_data_only(collection):
    made = arms(PARAMETERS, collection)
    assert list(made) == [ONE, SIX, DIVERSE, HOME]
    assert {spec.train_slices for spec in made.values()} == {PARAMETERS.train_slices}
    assert len({spec.digest for spec in made.values()}) == 4
    assert len({str((spec.recipe, spec.architecture)) for spec in made.values()}) == 1
    assert made[HOME].lists.keys() == TWINS[collection].keys()


@pytest.mark.parametrize("collection", TESTED)
def test_they_take_as_many_steps(collection):
    for spec in arms(PARAMETERS, collection).values():
        sizes: Counter = Counter()
        for name, count in spec.parts:
            sizes[distribution(name).scan.coils, distribution(name).scan.matrix] += count
        assert all(count % spec.recipe.batch_size == 0 for count in sizes.values())


def test_none_but_the_reference_saw_what_is_tested():
    tested = {name for collection in TESTED for name in TWINS[collection]}
    assert not any(COLLECTIONS[collection].in_training for collection in TESTED)
    assert not tested & {name for names in TRAINED_ON.values() for name in names}
    assert set(TRAINED_ON[ONE]) < set(TRAINED_ON[SIX]) < set(TRAINED_ON[DIVERSE])


def test_the_notebook_needs_three_networks_and_three_references():
    assert len(networks_of(section("18"), PARAMETERS)) == 6


def test_rows_follow_the_settings_of_ttt():
    one, other = (studies(replace(PARAMETERS, window=window))["m4raw_gre"] for window in (7, 8))
    rate, iterations = PARAMETERS.ttt_learning_rate, PARAMETERS.ttt_iterations
    assert one.table.settings["ttt"] == Settings(rate, iterations, 7, PARAMETERS.holdout, seed=PARAMETERS.seed).card
    assert one.table.settings != other.table.settings
    tests = studies(replace(PARAMETERS, test_slices=7))["stanford_2d"].tests
    assert [test.slices for test in tests.values()] == [2, 2, 2, 1]


def test_a_joint_network_of_a_union_gets_coil_maps_once(tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    spec = union("one", {"m4raw_gre": 2}, {"name": "unet", "chans": 2}, Recipe("joint", epochs=1))
    slices = spec.training_slices()
    assert isinstance(slices, InMemory)
    assert slices[0] is slices[0]
    assert slices[0].sens_maps.shape[1] == 4


def test_a_slice_is_scored_without_and_with_ttt(tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    model = seed_weights(build({"name": "unet", "chans": 2, "num_pool_layers": 2})).eval()
    before = [weight.clone() for weight in model.parameters()]
    slices = slices_to_test("m4raw_gre", 2)
    found = before_and_after(model, slices, None, "cpu", settings=Settings(1e-2, 5))
    assert set(found) == {"ssim", "ssim_ttt", "seconds", "seconds_ttt", "iterations"}
    assert {len(values) for values in found.values()} == {2}
    assert found["iterations"] == [5.0, 5.0]
    assert found["ssim"] != found["ssim_ttt"]
    assert all(torch.equal(*pair) for pair in zip(before, model.parameters(), strict=True))


def test_gains_are_paired_and_the_goal_stays():
    found = remedied()
    assert gain(found, REMEDIES["diversity"]).value == pytest.approx(0.15)
    assert lift(found, DIVERSE).value == pytest.approx(0.1)
    lost = lift_lost(found, DIVERSE)
    assert (lost.value, lost.low, lost.n) == (pytest.approx(0.1), pytest.approx(0.1), 9)
    shares = {name: closed(found, remedy).interval.value for name, remedy in REMEDIES.items()}
    assert shares["diversity"] == pytest.approx(0.5)
    assert shares["TTT"] == pytest.approx(2 / 3)
    assert shares["diversity and TTT"] == pytest.approx(5 / 6)
    assert seconds(found, NOTHING) == [0.02] * 9
    assert closed({"one": found["m4raw_gre"]}, GOAL).interval.value == pytest.approx(1)


@pytest.mark.parametrize(
    ("collection", "changes", "message"),
    [
        ("nyu", {}, "collection 'nyu': expected one of cc_359_sagittal, m4raw_gre, stanford_2d"),
        ("m4raw_gre", {"train_slices": 20}, "20 slices cannot be shared by 32 distributions"),
        ("m4raw_gre", {"model": "u_net"}, r"model: expected Literal\['unet'\], got 'u_net'"),
    ],
)
def test_what_cannot_be_compared_is_refused(collection, changes, message):
    with pytest.raises(ValueError, match=message):
        arms(replace(PARAMETERS, **changes), collection)


def test_fewer_test_slices_than_distributions_are_one_each():
    found = studies(replace(PARAMETERS, test_slices=3))
    assert {name: [test.slices for test in study.tests.values()] for name, study in found.items()} == {
        "cc_359_sagittal": [3],
        "m4raw_gre": [3],
        "stanford_2d": [1, 1, 1],
    }


def test_the_rows_that_notebook_18_reads_come_with_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    assert [study.missing for study in studies(PARAMETERS).values()] == [[]] * 3

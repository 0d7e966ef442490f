"""Networks trained on unions: each slice once an epoch, batches of equal sizes, digests that follow the data."""

from dataclasses import replace

import pytest
import torch
from tiny_slices import seed_weights

from mrilib.data.catalogue import distribution
from mrilib.metrics import ssim
from mrilib.models.build import build
from mrilib.paper_b.protocol import VALIDATION_PER_PART, equispaced, paper_b, slices_to_test, ssim_scores, union
from mrilib.sampling import AnyOf, Undersampling
from mrilib.train.networks import network, stored

TINY = {"name": "norm_unet", "chans": 2, "num_pool_layers": 2}
RECIPE = paper_b(2)
PARTS = {"cc_359_axial": 3, "m4raw_gre": 2}


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path_factory.getbasetemp() / "diverse"))


def test_a_union_has_the_slices_of_all_its_parts():
    spec = union("two", PARTS, TINY, RECIPE)
    slices = spec.training_slices()
    assert (len(slices), spec.train_slices) == (5, 5)
    assert [slices[item].masked_kspace.shape[1] for item in range(5)] == [12, 12, 12, 4, 4]
    assert slices[0].sens_maps.shape[1] == 0
    validation = {path for path, _ in spec.validation_slices().slices}
    assert len(validation) == 2 * VALIDATION_PER_PART
    assert not validation & {path for path, _ in slices.slices}


def test_batches_hold_slices_of_one_size():
    spec = union("two", PARTS, TINY, replace(RECIPE, batch_size=2))
    sizes = [slices.masked_kspace.shape for slices in spec.training_slices()]
    for epoch in range(3):
        batches = spec.recipe.batches(5, epoch, spec.kinds)
        assert sorted(item for batch in batches for item in batch) == list(range(5))
        assert all(len({sizes[item] for item in batch}) == 1 for batch in batches)
    assert union("two", PARTS, TINY, RECIPE).kinds is None


def test_the_digest_follows_parts_and_accelerations():
    specs = [
        union("u", PARTS, TINY, RECIPE),
        union("u", {**PARTS, "m4raw_gre": 3}, TINY, RECIPE),
        union("u", {"cc_359_axial": 3, "m4raw_t2": 2}, TINY, RECIPE),
        union("u", PARTS, TINY, RECIPE, accelerations=(2, 4)),
    ]
    assert len({spec.digest for spec in specs}) == 4
    assert specs[0].digest == union("u", {**PARTS, "m4raw_t2": 0}, TINY, RECIPE).digest


def test_it_trains_is_stored_and_found_again():
    spec = union("two", PARTS, TINY, RECIPE)
    model = network(spec)
    assert stored(spec) is not None
    slices = slices_to_test("m4raw_gre", 2)
    ours = ssim_scores(model, slices)
    sample = slices[0]
    image = model(sample.masked_kspace, sample.operator)
    assert ours[0] == pytest.approx(ssim(sample.target, image.abs(), data_range=sample.target.max().item()).item())
    assert ssim_scores(network(spec), slices) == ours
    assert ssim_scores(model, slices, match="mean_std") != ours


def test_accelerations_are_drawn_for_each_slice_and_epoch():
    sampling = equispaced((2, 8))
    dense = [sampling.mask(f"slice {n}", 128).float().mean().item() > 0.4 for n in range(40)]
    assert [equispaced((one,)).mask("x", 128).float().mean().item() > 0.4 for one in (2, 8)] == [True, False]
    assert 10 <= sum(dense) <= 30
    assert torch.equal(sampling.mask("slice 3", 128), sampling.mask("slice 3", 128))
    assert equispaced((4,)) == Undersampling(4, kind="equispaced")
    assert isinstance(sampling, AnyOf)


def test_the_score_needs_no_maps_and_knows_the_volumes_maximum():
    model = seed_weights(build(TINY)).eval()
    slices = slices_to_test("cc_359_axial", 2)
    assert len(ssim_scores(model, slices)) == 2


@pytest.mark.parametrize(
    ("parts", "accelerations", "message"),
    [
        ({}, (4,), "train_slices: 0 slices are too few for all parts of 'u'"),
        ({"m4raw_gre": 0}, (4,), "are too few"),
        ({"m4raw_gre": -1, "m4raw_t2": 3}, (4,), "are too few"),
        ({"m4raw_gpe": 1}, (4,), "unknown distribution 'm4raw_gpe'; did you mean 'm4raw_gre'"),
        ({"m4raw_gre": 1}, (), "accelerations: expected at least one"),
        ({"m4raw_gre": 1}, (5,), "no customary value for acceleration 5"),
    ],
)
def test_unions_that_select_nothing_are_refused(parts, accelerations, message):
    with pytest.raises(ValueError, match=message):
        union("u", parts, TINY, RECIPE, accelerations)


def test_test_slices_are_of_other_patients():
    spec = union("one", {"m4raw_gre": 4}, TINY, RECIPE)
    names = {path.name for path, _ in spec.training_slices().slices}
    assert not names & {path.name for path, _ in slices_to_test("m4raw_gre", 4).slices}
    assert distribution("m4raw_gre").population

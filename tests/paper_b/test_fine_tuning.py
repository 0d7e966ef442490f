"""Fine-tuning starts where its base ended, is another network under another base, and is compared slice by slice."""

from dataclasses import replace

import pytest
import torch
from records import record
from tiny_slices import weights

from mrilib.data.twins import TWINS
from mrilib.paper_b import collection
from mrilib.paper_b.fine_tuning_forgets.experiment import (
    BEFORE,
    FineTuneSpec,
    arms,
    changes,
    fine_tuned,
    forgotten,
    study,
)
from mrilib.paper_b.protocol import paper_b, union
from mrilib.train.networks import network, stored

TINY = {"name": "norm_unet", "chans": 2, "num_pool_layers": 2}
BASE = union("few", {"m4raw_t2": 2}, TINY, paper_b(1))
FINE = record("17", fine_slices=5, fine_epochs=1, fine_learning_rate=1e-4)
PARAMETERS = replace(FINE, fine_slices=5, test_slices=10, chans=2, num_pool_layers=2, epochs=1)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))


def test_it_starts_from_the_weights_of_its_base(cache):
    spec = fine_tuned(BASE, "m4raw_gre", FINE)
    before = weights(network(BASE))
    assert torch.equal(weights(spec.initial()), before)
    after = weights(network(spec))
    assert not torch.equal(after, before)
    assert (after - before).abs().max() < 0.01, "a small rate, few steps"
    assert stored(spec) is not None
    assert torch.equal(weights(network(spec)), after)
    assert torch.equal(weights(network(BASE)), before), "the base stays as it was"


def test_the_digest_follows_the_base():
    spec = fine_tuned(BASE, "m4raw_gre", FINE)
    other = fine_tuned(replace(BASE, recipe=paper_b(2)), "m4raw_gre", FINE)
    same = union(spec.distribution, dict(spec.parts), TINY, spec.recipe)
    assert len({spec.digest, other.digest, same.digest, fine_tuned(BASE, "cc_359_axial", FINE).digest}) == 4
    assert spec.card["base"] == BASE.card
    assert spec.lists == {"m4raw_gre": 5}


def test_bases_of_another_architecture_are_refused():
    spec = fine_tuned(BASE, "m4raw_gre", FINE)
    with pytest.raises(ValueError, match=r"fine-tuning norm_unet_ssim_few_4x needs its architecture, .*; got "):
        replace(spec, architecture={**TINY, "chans": 4})
    with pytest.raises(ValueError, match="dataset 'm4raw_gpe': expected one of fastmri_knee, "):
        fine_tuned(BASE, "m4raw_gpe", FINE)


def test_arms_are_the_collections_network_and_four_that_start_from_it():
    made = arms(PARAMETERS)
    assert list(made) == [BEFORE, *collection.ELSEWHERE]
    assert made[BEFORE] == collection.arms(PARAMETERS)["d_p"]
    tuned = [spec for spec in made.values() if isinstance(spec, FineTuneSpec)]
    assert {spec.base.digest for spec in tuned} == {made[BEFORE].digest}
    assert {spec.train_slices for spec in tuned} == {5}


def test_changes_are_paired_with_the_base_and_leave_the_own_dataset_out_of_what_is_forgotten():
    made = study(PARAMETERS)
    for arm in made.arms:
        for test, one in made.tests.items():
            own = arm in TWINS and test in TWINS[arm]
            gain = 0.0 if arm == BEFORE else 0.1 if own else -0.2
            made._read[arm, test] = {"ssim": [0.5 + 0.01 * n + gain for n in range(one.slices)]}
    found = changes(made)
    assert len(found) == 4 * 6
    for (arm, name), change in found.items():
        assert change.value == pytest.approx(0.1 if arm == name else -0.2)
        assert change.n == 10
    assert forgotten(made, "nyu").value == pytest.approx(-0.2)
    assert forgotten(made, "nyu").n == 5 * 10


def test_the_rows_that_notebook_17_reads_come_with_the_package(cache):
    assert study(record("17")).missing == []

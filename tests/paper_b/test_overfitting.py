"""Curves of distributional overfitting: what they hold, where they are cut, and the rule that stops without Q."""

from dataclasses import replace

import pytest
import torch
from records import record

from mrilib.data.pictures import packed, unpacked
from mrilib.data.twins import SIXTEEN
from mrilib.gap import performance_gap
from mrilib.paper_b.distributional_overfitting import experiment
from mrilib.paper_b.distributional_overfitting.experiment import SHIFTS, Curve, curve, marginal, spec, title
from mrilib.paper_b.distributional_overfitting.trainings import TRAININGS
from mrilib.paper_b.pairs import Pair
from mrilib.paper_b.protocol import paper_b, ssim_scores, union
from mrilib.train.networks import network
from mrilib.train.recipe import LATER, Recipe

TINY = {"name": "norm_unet", "chans": 2, "num_pool_layers": 2}
PAIR = Pair("GRE to T2", ("m4raw_gre",), ("m4raw_t2",))
PARAMETERS = record("14", varnet_epochs=3, varnet_slices=22)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A curve of three epochs, two slices in every list."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MRILIB_CACHE", str(tmp_path_factory.mktemp("overfitting")))
        patch.setattr(experiment, "VALIDATION_SLICES", 2)
        made = Curve(union("tiny", {"m4raw_gre": 2}, TINY, paper_b(3)), PAIR, 2)
        assert not made.stored
        assert made.row
        yield made


def test_a_curve_holds_every_slice_of_every_list_and_ends_at_the_end(tiny):
    assert tiny.stored
    assert tiny.epochs == [0, 2, 3]
    assert {name: [len(point) for point in of] for name, of in tiny.row["scores"].items()} == {
        name: [2, 2, 2] for name in ("test P", "test Q", "validation P", "validation Q")
    }
    assert len(tiny.row["loss"]) == 3
    model = network(tiny.spec)
    for side, name in (("P", "m4raw_gre"), ("Q", "m4raw_t2")):
        slices = experiment._slices({name: 2}, "test", "simulated")
        assert tiny.scores(f"test {side}")[-1] == pytest.approx(ssim_scores(model, slices), abs=1e-6), "looking is free"


def test_the_images_kept_are_those_of_the_network(tiny):
    shown = tiny.example()
    assert list(shown) == ["fully sampled", "epoch 0", "epoch 3"]
    assert len({image.shape for image in shown.values()}) == 1
    slices = experiment._slices({"m4raw_t2": 1}, "test", "simulated")
    image = experiment._image(network(tiny.spec), slices, "cpu")
    assert (shown["epoch 3"] - image.clamp(0, 1)).abs().max() <= 0.5 / 255 + 1e-6


def test_a_curve_is_kept_under_its_network_and_slices(tiny, monkeypatch):
    monkeypatch.setattr(experiment, "watched", lambda *_: pytest.fail("trained again"))
    assert replace(tiny).row == tiny.row
    for other in (replace(tiny, recompute=True), replace(tiny, test_slices=3)):
        with pytest.raises(pytest.fail.Exception, match="trained again"):
            assert other.row


def test_a_recomputed_curve_is_trained_once(tiny, monkeypatch):
    trained = []
    row = dict(tiny.row)
    monkeypatch.setattr(Curve, "_compute", lambda self: trained.append(self) or row)
    again = replace(tiny, recompute=True)
    assert again.epochs == again.epochs == tiny.epochs
    assert len(trained) == 1


def test_the_peak_is_looked_for_on_validation_slices(tiny):
    row = {
        "epochs": [0, 2, 4],
        "scores": {
            "test P": [[0.5, 0.6], [0.7, 0.8], [0.8, 0.9]], "validation P": [[0.5], [0.7], [0.8]],
            "test Q": [[0.9, 0.9], [0.6, 0.7], [0.5, 0.5]], "validation Q": [[0.5], [0.8], [0.6]],
        },
    }  # fmt: skip
    made = replace(tiny)
    made.__dict__["row"] = row
    assert made.peak == 1
    assert made.change("Q", made.peak) == performance_gap([0.5, 0.5], [0.6, 0.7])
    assert made.change("P", made.peak).value == pytest.approx(0.1)
    assert made.mean("Q", 0).value == pytest.approx(0.9)
    assert made.stop == 2


@pytest.mark.parametrize(
    ("scores", "stop"),
    [
        ([0.1, 0.5, 0.7, 0.75, 0.751, 0.7515, 0.9], 5),  # two points brought .0015
        ([0.1, 0.3, 0.5, 0.7], 3),  # never marginal: the end
        ([0.5, 0.7, 0.6, 0.8, 0.9], 4),  # a dip is not the end while the best rises
        ([0.9, 0.9, 0.9, 0.95], 2),
        ([0.4], 0),
    ],
)
def test_training_stops_where_improvement_at_home_is_marginal(scores, stop):
    assert marginal(scores, 0.002, 2) == stop


@pytest.mark.parametrize(("scores", "gain", "window"), [([], 0.1, 1), ([0.5], -0.1, 1), ([0.5], 0.1, 0)])
def test_rules_that_mean_nothing_are_refused(scores, gain, window):
    with pytest.raises(ValueError, match="scores, gain and window: expected some scores, gain >= 0 and window >= 1"):
        marginal(scores, gain, window)


def test_trainings_differ_in_what_their_names_say():
    specs = {name: spec(PARAMETERS, name) for name in TRAININGS}
    assert len({one.digest for one in specs.values()}) == len(TRAININGS)
    assert specs["sgd_tenth"].recipe == replace(specs["unet_t2_knee"].recipe, optimizer="sgd", learning_rate=0.1)
    assert specs["sgd_tenth"].parts == specs["unet_t2_knee"].parts
    assert (specs["varnet_t2_knee"].recipe.epochs, specs["varnet_t2_knee"].train_slices) == (3, 22)
    assert specs["vit_t2_knee"].architecture["name"] == "norm_vit"
    known = {part.name for part in SIXTEEN}
    for pair in SHIFTS.values():
        assert {*pair.p} <= known
        assert not {*pair.p} & {*pair.q}
    with pytest.raises(ValueError, match="training 'unet': expected one of unet_t2_knee, "):
        curve(PARAMETERS, "unet")


def test_titles_say_network_and_what_it_is_about():
    assert title("vit_t2_knee") == "ViT, T2 brain to knee"
    assert title("sgd_hundredth") == "U-Net, SGD, rate 0.01"
    assert len({title(name) for name in TRAININGS}) == len(TRAININGS)


def test_images_survive_packing():
    image = torch.linspace(-0.1, 1.1, 12).reshape(3, 4)
    assert (unpacked(packed(image)) - image.clamp(0, 1)).abs().max() <= 0.5 / 255 + 1e-6


def test_the_optimizer_came_later():
    assert "optimizer" not in Recipe().card
    assert Recipe(optimizer="sgd").card["optimizer"] == "sgd"
    assert LATER["optimizer"] == Recipe().optimizer
    with pytest.raises(ValueError, match="optimizer 'rmsprop': expected one of adam, sgd"):
        Recipe(optimizer="rmsprop")

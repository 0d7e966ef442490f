"""LPIPS and DISTS: their arithmetic with small random weights; the authors' numbers where the weights are there."""

import math

import numpy as np
import pytest
import torch
from laws import randn
from safetensors.torch import save_file
from small_vgg import small_weights
from torch import Tensor

from mrilib.data.perceptual_weights import WEIGHTS
from mrilib.models.build import WeightsError
from mrilib.paper_b import perceptual
from mrilib.paper_b.perceptual import Perceptual, texture_and_structure
from mrilib.store.records import noted

DISTANCES = (
    lambda metric, *pair: metric.lpips(*pair),
    lambda metric, *pair: metric.lpips(*pair, backbone="vgg"),
    lambda metric, *pair: metric.dists(*pair),
)
AUTHORS = {
    "alex": 0.0074360,
    "vgg": 0.2868944,
    "dists": 0.3717127,
}  # of `pattern`, by lpips 0.1.4 and DISTS-pytorch 0.1


@pytest.fixture
def metric() -> Perceptual:
    return Perceptual(small_weights())


def pattern(y: int = 48, x: int = 40) -> tuple[Tensor, Tensor]:
    """A smooth image with a bright middle, and the same with fine stripes; white is 700."""
    row, column = torch.meshgrid(torch.arange(float(y)), torch.arange(float(x)), indexing="ij")
    waves = (1 + torch.sin(column / 3) * torch.cos(row / 5)) / 2
    target = waves * torch.exp(-((column - 20) ** 2 + (row - 24) ** 2) / 400)
    image = target + 0.1 * torch.sin(2.5 * column + 1.5 * row) * target
    return 700 * target[None, None], 700 * image[None, None]


@pytest.mark.parametrize("distance", DISTANCES)
def test_equal_images_are_at_distance_zero_and_others_are_not(metric, distance):
    target, image = pattern()
    assert distance(metric, target, target, 700.0).tolist() == [0.0]
    assert distance(metric, target, image, 700.0).item() > 1e-5


@pytest.mark.parametrize("distance", DISTANCES)
def test_distances_are_symmetric_free_of_units_and_one_per_item(metric, distance):
    target, image = pattern()
    alone = distance(metric, target, image, 700.0)
    torch.testing.assert_close(distance(metric, image, target, 700.0), alone)
    targets, images = torch.cat([target, image, 3 * target]), torch.cat([image, image, 3 * image])
    found = distance(metric, targets, images, torch.tensor([700.0, 700.0, 2100.0]))
    torch.testing.assert_close(found, torch.stack([alone[0], torch.zeros(()), alone[0]]), atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("distance", DISTANCES)
def test_what_is_brighter_than_white_is_white(metric, distance):
    target, image = pattern()
    found = distance(metric, target, image, 350.0)
    torch.testing.assert_close(distance(metric, target.clamp(max=350), image.clamp(max=350), 350.0), found)


def test_texture_and_structure_by_numpy():
    first, second = randn(2, 5, 9, 8, dtype=torch.float64), randn(2, 5, 9, 8, seed=1, dtype=torch.float64)
    texture, structure = texture_and_structure(first, second)
    for item in range(2):
        for channel in range(5):
            a, b = first[item, channel].numpy().ravel(), second[item, channel].numpy().ravel()
            means, moments = (a.mean(), b.mean()), np.cov(a, b, bias=True)
            expected = (2 * means[0] * means[1] + 1e-6) / (means[0] ** 2 + means[1] ** 2 + 1e-6)
            assert float(texture[item, channel]) == pytest.approx(expected, rel=1e-9)
            expected = (2 * moments[0, 1] + 1e-6) / (np.trace(moments) + 1e-6)
            assert float(structure[item, channel]) == pytest.approx(expected, rel=1e-9)


def test_texture_sees_brightness_and_structure_sees_contrast_and_phase():
    waves = torch.sin(torch.arange(32.0) * math.pi / 4).expand(1, 1, 32, 32).double()
    texture, structure = texture_and_structure(2 + waves, 1 + waves)
    assert (texture.item(), structure.item()) == pytest.approx((4 / 5, 1), abs=1e-6)
    texture, structure = texture_and_structure(2 + waves, 2 - waves)
    assert (texture.item(), structure.item()) == pytest.approx((1, -1), abs=1e-5)


def test_dists_weighs_the_image_itself_as_its_first_layer():
    weights = small_weights()
    weights["dists.alpha"], weights["dists.beta"] = torch.zeros(23), torch.zeros(23)
    weights["dists.alpha"][:3], weights["dists.beta"][:3] = 0.2, 0.6
    target, image = pattern()
    texture, structure = texture_and_structure(target / 700, (image / 700).clamp(0, 1))
    expected = 0.25 * (1 - texture) + 0.75 * (1 - structure)
    torch.testing.assert_close(Perceptual(weights).dists(target, image, 700.0), expected[:, 0])


@pytest.mark.parametrize("backbone", ["alex", "vgg"])
def test_lpips_adds_its_layers_by_their_linear_weights(backbone):
    weights, (target, image) = small_weights(), pattern()
    layers = []
    for kept in range(5):
        one = {f"{backbone}.linear.{n}": weights[f"{backbone}.linear.{n}"] * (n == kept) for n in range(5)}
        layers.append(Perceptual(weights | one).lpips(target, image, 700.0, backbone))
    assert min(layers) > 0
    torch.testing.assert_close(Perceptual(weights).lpips(target, image, 700.0, backbone), torch.stack(layers).sum(0))
    ones = {f"{backbone}.linear.{n}": torch.ones_like(weights[f"{backbone}.linear.{n}"]) for n in range(5)}
    far = Perceptual(weights | ones).lpips(target, image, 700.0, backbone)
    assert far < 5 * 2, "rectified features of length 1 are at most √2 apart"


def test_an_embedding_is_the_mean_of_the_deepest_features(metric):
    target, image = pattern()
    found = metric.embed(torch.cat([target, image]), 700.0)
    assert found.shape == (2, 4)
    torch.testing.assert_close(metric.embed(2 * image, 1400.0), found[1:])


@pytest.mark.parametrize("distance", DISTANCES)
def test_wrong_input_is_named(metric, distance):
    target, image = pattern()
    for pair, limits, message in (
        ((target, image * 1j), 700.0, "image is complex"),
        ((target * math.nan, image), 700.0, "target has values that are not finite"),
        ((target, image[..., 1:]), 700.0, "target and image must both be"),
        ((target, image), -1.0, "data_range must be positive"),
        ((target[..., :15], image[..., :15]), 700.0, "too small: at least"),
    ):
        with pytest.raises(ValueError, match=message):
            distance(metric, *pair, limits)


def test_the_smallest_images_still_have_features(metric):
    target, image = pattern(31, 31)
    assert metric.lpips(target, image, 700.0).isfinite().all()
    for metric_of in DISTANCES[1:]:
        assert metric_of(metric, target[..., :16, :16], image[..., :16, :16], 700.0).isfinite().all()
    with pytest.raises(ValueError, match="backbone must be 'alex' or 'vgg', got 'squeeze'"):
        metric.lpips(target, image, 700.0, "squeeze")


def test_without_weights_it_says_what_to_type(monkeypatch, tmp_path):
    monkeypatch.delenv("MRILIB_DATA", raising=False)
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    assert not perceptual.available()
    with pytest.raises(WeightsError, match=r"mrilib data get perceptual$"):
        perceptual.load()


def test_fetched_weights_are_noted_as_an_input_of_the_run(monkeypatch, tmp_path):
    save_file({"dists.alpha": torch.ones(1)}, tmp_path / WEIGHTS)
    monkeypatch.setattr(perceptual, "locate", lambda name: tmp_path)
    monkeypatch.setenv("MRILIB_RUN_DIR", str(tmp_path / "run"))
    perceptual.load()
    assert list(noted(tmp_path / "run")) == [str(tmp_path / WEIGHTS)]


def test_the_authors_weights_give_the_authors_numbers():
    if not perceptual.available():
        pytest.skip("no weights here; `mrilib data get perceptual` fetches them")
    metric, (target, image) = perceptual.load(), pattern()
    found = {name: metric.lpips(target, image, 700.0, name).item() for name in ("alex", "vgg")}
    assert {**found, "dists": metric.dists(target, image, 700.0).item()} == pytest.approx(AUTHORS, rel=1e-4)
    assert metric.embed(target, 700.0).shape == (1, 512)

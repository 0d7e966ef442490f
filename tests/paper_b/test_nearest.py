"""Nearest-neighbour similarity of two sets: its laws, with small images."""

import pytest
import torch
from laws import randn
from small_vgg import small_weights
from torch import Tensor

from mrilib.paper_b.effective_robustness.nearest import nearest_similarity, patch, vgg
from mrilib.paper_b.perceptual import Perceptual


def images(count: int, seed: int, waves: float = 0.4, y: int = 40, x: int = 36) -> Tensor:
    """Bright ellipses with stripes on a dark background, (count, y, x)."""
    row, column = torch.meshgrid(torch.linspace(-1, 1, y), torch.linspace(-1, 1, x), indexing="ij")
    shift = randn(count, 2, seed=seed, dtype=torch.float32)[..., None, None]
    body = ((row - shift[:, 0] / 9) ** 2 + column**2 < 0.7).float()
    return body * (1.5 + torch.sin(waves * (torch.arange(float(x)) + 9 * shift[:, 1])))


def near(train: Tensor | list[Tensor], test: Tensor | list[Tensor], **options: object) -> Tensor:
    """Similarity of images whose names tell their ellipses and stripes apart, whatever their unit."""
    named = ({f"{(image / image.abs().amax()).sum():.2f}": image for image in images} for images in (train, test))
    return nearest_similarity(*named, **{"size": 12, "count": 5, **options})


def test_patches_follow_the_name_and_not_the_last_bit():
    drawn = []

    def remember(patches):
        drawn.append(patches)
        return patches.flatten(1)

    one, noise = images(1, 1)[0] + 0.1, randn(40, 36, seed=5, dtype=torch.float32)
    for name, image in (("a", one), ("a", one * (1 + 1e-6 * noise)), ("b", one)):
        nearest_similarity({name: image}, {name: image}, remember, 12, 5)
    torch.testing.assert_close(drawn[2], drawn[0], rtol=0, atol=1e-4)
    assert not torch.allclose(drawn[4], drawn[0])


def test_a_set_is_at_similarity_one_to_itself_and_to_what_contains_it():
    one, other = images(4, 1), images(3, 2, waves=1.5)
    torch.testing.assert_close(near(one, one), torch.ones(4))
    torch.testing.assert_close(near(torch.cat([other, one]), one), torch.ones(4))
    assert near(other, one).max() < 0.999


def test_more_training_images_never_lower_it():
    test, train = images(4, 1), images(6, 3)
    fewer, more = near(train[:2], test), near(train, test)
    assert (more >= fewer).all()
    assert (more > fewer).any()


def test_neither_order_nor_company_nor_unit_matters():
    train, test = images(5, 1), images(4, 2)
    found = near(train, test)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(near(train.flip(0), test[order]), found[order])
    torch.testing.assert_close(near(train, test[1:2]), found[1:2])
    torch.testing.assert_close(near(1024 * train, test / 4), found)


def test_the_same_seed_draws_the_same_patches_and_another_seed_others():
    train, test = images(5, 1), images(4, 2)
    assert torch.equal(near(train, test, seed=3), near(train, test, seed=3))
    assert not torch.equal(near(train, test, seed=3), near(train, test, seed=4))


def test_sets_may_hold_images_of_several_sizes():
    small, large = images(2, 1), images(2, 2, y=52, x=48)
    found = near([*small, *large], [*small, *images(1, 5, y=30, x=44)])
    assert found.shape == (3,)
    torch.testing.assert_close(found[:2], torch.ones(2))


def test_the_same_kind_is_nearer_than_another():
    test = images(4, 1)
    same, other = near(images(8, 2), test), near(images(8, 2, waves=2.5), test)
    assert same.mean() > other.mean() + 0.02


def test_background_is_left_out():
    seen = []

    def remember(patches):
        seen.append(patches)
        return patches.flatten(1)

    one = images(3, 1)
    near(one, one, features=remember)
    for patches in seen:
        assert patches.shape == (5, 12, 12)
        assert patches.amax() <= 1
        assert ((patches > 0.1).float().mean((1, 2)) >= 0.5).all()


def test_an_image_of_background_keeps_its_fullest_patch():
    thin = torch.zeros(1, 40, 36)
    thin[:, 20, 18] = 3.0
    torch.testing.assert_close(near(thin, thin), torch.ones(1))
    assert near(torch.zeros(1, 40, 36), thin).isfinite().all()


def test_a_patch_is_described_by_form_and_intensities():
    patches = images(3, 1)[:, 8:24, 8:24] / 2.5
    found = patch(patches)
    assert found.shape == (3, 80)
    torch.testing.assert_close(found[:, :64].norm(dim=1), torch.ones(3))
    torch.testing.assert_close(found[:, 64:].norm(dim=1), torch.ones(3))
    turned = patch(patches.flip(1, 2))
    torch.testing.assert_close(turned[:, 64:], found[:, 64:])
    assert not torch.allclose(turned[:, :64], found[:, :64])


def test_networks_and_own_functions_embed_patches():
    metric = Perceptual(small_weights())
    train, test = images(3, 1), images(2, 2)
    for features in (vgg(metric), lambda patches: patches.flatten(1)):
        assert near(train, test, features=features, size=16).max() <= 1 + 1e-6
        torch.testing.assert_close(near(test, test, features=features, size=16), torch.ones(2))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 0}, "size and count must be at least 1"),
        ({"floor": 1.0}, r"floor in \[0, 1\)"),
        ({"train": images(0, 1)}, "train has no images"),
        ({"test": images(2, 1) * 1j}, "test must hold real, finite images"),
        ({"test": images(2, 1)[:, None]}, r"test must hold real, finite images \(y, x\)"),
        ({"train": images(2, 1) / 0}, "train must hold real, finite images"),
        ({"size": 38}, r"train has an image of \(40, 36\): smaller than a patch of size 38"),
        ({"features": lambda patches: patches}, r"features gave \(5, 12, 12\) for 5 patches"),
    ],
)
def test_wrong_input_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        near(**{"train": images(2, 1), "test": images(2, 2), **changes})

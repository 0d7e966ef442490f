"""A grid of patches is seen, wherever it starts; an image without one has none."""

import pytest
import torch

from mrilib.paper_a.transformers.blockiness import blockiness


def noise(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_an_image_without_a_grid_has_none():
    torch.testing.assert_close(blockiness(noise(2, 1, 96, 128), 8), torch.ones(2), atol=0.05, rtol=0)
    ramp = torch.arange(40.0).expand(1, 1, 24, 40) + torch.arange(24.0)[:, None]
    assert blockiness(ramp, 6).item() == pytest.approx(1)


@pytest.mark.parametrize("missing", [0, 1, 4])
def test_a_grid_is_seen_where_the_transformer_lays_it(missing):
    patches = noise(1, 1, 6, 7).repeat_interleave(6, -1).repeat_interleave(6, -2)
    image = (patches + 0.1 * noise(*patches.shape, seed=1))[..., missing // 2 :, missing // 2 :]
    image = image[..., : 36 - missing, : 42 - missing]
    assert blockiness(image, 6) > 5
    assert blockiness(image[..., 4:, 4:], 6) < 1, "cut on one side only, the grid lies elsewhere"
    torch.testing.assert_close(blockiness(5 * image, 6), blockiness(image, 6))


@pytest.mark.parametrize("patch", [1, 50])
def test_without_borders_or_insides_there_is_nothing_to_compare(patch):
    with pytest.raises(ValueError, match=f"patch {patch}"):
        blockiness(noise(1, 1, 40, 40), patch)

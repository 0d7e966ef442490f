"""Intensities: only what holds signal counts, the scale drops out, and the distance is the textbook's."""

from dataclasses import replace

import pytest
import torch
from tiny_slices import tiny_sample

from mrilib.paper_a.natural_distribution_shifts.intensities import (
    body_intensities,
    histogram_rows,
    intensity_distances,
    ks_distance,
    pairwise_distances,
)

RANDOM = torch.Generator().manual_seed(0)
NOISE = 0.05 + 0.01 * torch.rand(1, 1, 32, 32, generator=RANDOM)


def slice_of(low, high):
    """A square body of uniform intensities between `low` and `high` in noise."""
    image = NOISE.clone()
    image[..., 8:24, 8:24] = low + (high - low) * torch.rand(16, 16, generator=RANDOM)
    return image


def ks(first, second):
    return ks_distance(body_intensities(first.target), body_intensities(second.target))


def test_the_body_is_what_stands_above_the_noise():
    inside = body_intensities(slice_of(0.5, 1.5))
    assert inside.numel() == 16 * 16
    assert inside.mean().item() == pytest.approx(1)


def test_scale_drops_out():
    image = slice_of(0.5, 1.5)
    torch.testing.assert_close(body_intensities(1e-4 * image), body_intensities(image))


def test_an_image_of_noise_alone_is_refused():
    with pytest.raises(ValueError, match="target: no pixel exceeds the noise"):
        body_intensities(NOISE)


def test_distance_of_uniform_distributions_in_closed_form():
    """Uniform on [0, 1] and on [s, 1 + s]: the cumulative functions are s apart."""
    grid = (torch.arange(1000) + 0.5) / 1000
    for shift in (0.0, 0.25, 0.6, 1.0, 3.0):
        assert ks_distance(grid, grid + shift) == pytest.approx(min(shift, 1.0), abs=2e-3)


def test_distance_is_symmetric_and_ranks_only():
    first, second = torch.rand(200, generator=RANDOM), torch.rand(300, generator=RANDOM) ** 2
    assert ks_distance(first, second) == pytest.approx(ks_distance(second, first))
    assert ks_distance(first.exp(), second.exp()) == pytest.approx(ks_distance(first, second))


def test_distance_agrees_with_its_definition():
    first, second = torch.rand(20, generator=RANDOM), torch.rand(30, generator=RANDOM)
    at = torch.cat([first, second])
    difference = [((first <= t).float().mean() - (second <= t).float().mean()).abs().item() for t in at]
    assert ks_distance(first, second) == pytest.approx(max(difference))


def test_slices_are_compared_in_pairs():
    sample = tiny_sample()
    narrow, wide = (replace(sample, target=slice_of(*ends)) for ends in ((0.9, 1.1), (0.2, 1.8)))
    near, far = pairwise_distances([narrow, narrow], [narrow, wide])
    assert near == 0
    assert far > 0.3


def test_a_single_slice_has_no_second_half_to_compare_with():
    sample = tiny_sample()
    narrow, wide = (replace(sample, target=slice_of(*ends)) for ends in ((0.9, 1.1), (0.2, 1.8)))
    three = intensity_distances([narrow, narrow, narrow], [wide, wide, wide])
    assert [found.value for found in three.values()] == pytest.approx([ks(narrow, wide), 0, ks(narrow, wide)])
    (alone,) = intensity_distances([narrow], [wide]).values()
    assert (alone.value, alone.bounded, alone.n) == (pytest.approx(ks(narrow, wide)), False, 1)


def test_histograms_are_densities_and_every_slice_counts_the_same():
    sample = tiny_sample()
    small, large = replace(sample, target=slice_of(0.5, 1.5)), replace(sample, target=slice_of(0.2, 1.8))
    rows = histogram_rows({"one": [small], "both": [small, large], "other": [large]}, bins=30, top=3.0)
    density = {
        name: [row["density"] for row in rows if row["distribution"] == name] for name in ("one", "both", "other")
    }
    assert sum(density["one"]) * 0.1 == pytest.approx(1)
    mean = [(a + b) / 2 for a, b in zip(density["one"], density["other"], strict=True)]
    assert density["both"] == pytest.approx(mean)
    assert rows[0]["intensity"] == pytest.approx(0.05)

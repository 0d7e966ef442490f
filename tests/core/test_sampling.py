from typing import Any

import numpy as np
import pytest
import torch
from golden_values import golden
from torch import Tensor

from mrilib.sampling import (
    MASKS,
    calibration_width,
    center_block,
    equispaced_fraction_mask,
    equispaced_mask,
    random_mask,
    seed_from_name,
    split_mask,
)

GOLDEN = golden("masks")


def columns(mask: Tensor) -> list[int]:
    return mask.nonzero().flatten().tolist()


@pytest.mark.parametrize("case", GOLDEN, ids=lambda c: f"{c['kind']}-{c['width']}-{c['acceleration']}-{c['seed']}")
def test_masks_equal_fastmri(case: dict[str, Any]) -> None:
    seed = seed_from_name(case["seed"]) if isinstance(case["seed"], str) else case["seed"]
    mask = MASKS[case["kind"]](case["width"], case["acceleration"], case["center_fraction"], seed)
    assert mask.shape == (case["width"],)
    assert mask.dtype == torch.bool
    assert columns(mask) == case["columns"]


def test_published_counts() -> None:
    knee, brain = seed_from_name("file1000126.h5"), seed_from_name("file_brain_AXT2_209_6001308.h5")
    assert columns(random_mask(372, 4, 0.08, knee))[:8] == [0, 2, 13, 17, 21, 31, 34, 38]
    assert int(random_mask(372, 4, 0.08, knee).sum()) == 92
    assert int(equispaced_mask(372, 4, 0.08, knee).sum()) == 115
    assert int(random_mask(396, 4, 0.08, brain).sum()) == 106
    assert int(equispaced_mask(396, 4, 0.08, brain).sum()) == 123


@pytest.mark.parametrize("kind", MASKS)
def test_global_random_state_is_neither_read_nor_changed(kind: str) -> None:
    np.random.seed(1)
    torch.manual_seed(1)
    before, torch_before = np.random.get_state(), torch.get_rng_state()
    first = MASKS[kind](320, 4, 0.08, 5)
    MASKS[kind](320, 4, 0.08, None)
    split_mask(first[None, None, None], 0.1, None, readout=8)
    after = np.random.get_state()
    assert np.array_equal(before[1], after[1])
    assert before[2:] == after[2:]
    assert torch.equal(torch_before, torch.get_rng_state())
    np.random.seed(2)
    assert torch.equal(MASKS[kind](320, 4, 0.08, 5), first)


@pytest.mark.parametrize("kind", MASKS)
def test_centre_is_sampled_and_seeds_matter(kind: str) -> None:
    masks = [MASKS[kind](368, 4, 0.08, seed) for seed in range(12)]
    assert all(mask[center_block(368, 29)].all() for mask in masks)
    assert len({tuple(columns(mask)) for mask in masks}) > 1


def test_unseeded_masks_differ() -> None:
    assert len({tuple(columns(random_mask(368, 4, 0.08, None))) for _ in range(4)}) > 1


def test_fraction_mask_reaches_the_acceleration() -> None:
    for width in (320, 368, 396):
        assert abs(int(equispaced_fraction_mask(width, 4, 0.08, 0).sum()) - width / 4) <= 2


def test_acceleration_one_samples_everything() -> None:
    assert random_mask(33, 1, 0.08, 0).all()
    assert random_mask(33, 1, 1.0, 0).all()
    assert equispaced_mask(33, 1, 0.08, 0).all()


def test_seed_comes_from_the_name_alone() -> None:
    assert seed_from_name("ab.h5") == (97, 98, 46, 104, 53)
    assert seed_from_name("/some/where/ab.h5") == seed_from_name("ab.h5")


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("00111000", 2),
        ("00111100", 4),
        ("0001000", 1),
        ("0000000", 0),
        ("11111111", 8),
        ("1101011", 1),
        ("01100000", 0),
    ],
)
def test_calibration_width_is_symmetric_about_the_zero_frequency(run: str, expected: int) -> None:
    mask = torch.tensor([bit == "1" for bit in run])
    assert calibration_width(mask) == expected
    assert mask[center_block(len(mask), expected)].all()


def test_calibration_width_of_pixels_and_batches_is_what_all_have() -> None:
    mask = torch.ones(2, 1, 5, 8, dtype=torch.bool)
    mask[1, 0, 3, 1] = mask[0, 0, 2, 7] = False
    assert calibration_width(mask) == 4


MASK = random_mask(64, 4, 0.1, 3)[None, None, None]


@pytest.mark.parametrize("unit", ["pixels", "lines"])
@pytest.mark.parametrize("fraction", [0.001, 0.05, 0.3, 0.999])
def test_split_is_disjoint_complete_and_exact(unit: str, fraction: float) -> None:
    train, held_out = split_mask(MASK, fraction, 0, unit, readout=10)
    whole = MASK.expand(1, 1, 10, 64) if unit == "pixels" else MASK
    assert train.shape == held_out.shape == whole.shape
    assert train.dtype == held_out.dtype == torch.bool
    assert not (train & held_out).any()
    assert torch.equal(train | held_out, whole)
    block = center_block(64, calibration_width(MASK))
    n = int(whole.sum()) if unit == "pixels" else int(MASK.sum()) - (block.stop - block.start)
    assert int(held_out.sum()) == min(max(round(fraction * n), 1), n - 1)


def test_split_into_lines_keeps_the_calibration_block() -> None:
    train, _ = split_mask(MASK, 0.9, 1, "lines")
    assert calibration_width(train) == calibration_width(MASK) > 1


def test_split_depends_on_the_seed_only() -> None:
    first, again, other = (split_mask(MASK, 0.1, seed, readout=10)[1] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_split_of_a_batch_parts_each_item() -> None:
    masks = torch.cat([MASK, random_mask(64, 2, 0.1, 4)[None, None, None]])
    train, held_out = split_mask(masks, 0.2, 0, readout=10)
    assert torch.equal(train | held_out, masks.expand(2, 1, 10, 64))
    assert held_out.sum((1, 2, 3)).tolist() == [round(0.2 * 10 * int(m.sum())) for m in masks]


def test_split_of_a_pixel_mask_needs_no_readout() -> None:
    pixels = split_mask(MASK, 0.5, 0, readout=10)[0]
    train, held_out = split_mask(pixels, 0.5, 1)
    assert torch.equal(train | held_out, pixels)


@pytest.mark.parametrize("kind", MASKS)
def test_wrong_mask_parameters_are_named(kind: str) -> None:
    for arguments, name in (
        ((0, 4, 0.08), "width"),
        ((320, 0.5, 0.08), "acceleration"),
        ((320, 4, 0.0), "center_fraction"),
        ((320, 4, 1.1), "center_fraction"),
    ):
        with pytest.raises(ValueError, match=rf"^{name} must"):
            MASKS[kind](*arguments, 0)


def test_too_few_lines_and_broken_strides_are_named() -> None:
    for kind in ("random", "equispaced_fraction"):
        with pytest.raises(ValueError, match=r"acceleration 16 leaves 20 of 320 columns.*takes 26"):
            MASKS[kind](320, 16, 0.08, 0)
    with pytest.raises(ValueError, match="acceleration 4 leaves 25 of 100 columns"):
        equispaced_fraction_mask(100, 4, 0.25, 0)
    for kind in ("equispaced", "magic"):
        with pytest.raises(ValueError, match="whole number"):
            MASKS[kind](320, 2.5, 0.08, 0)


def test_wrong_splits_are_named() -> None:
    for fraction in (0.0, 1.0, -0.1):
        with pytest.raises(ValueError, match=r"^fraction must"):
            split_mask(MASK, fraction, 0, readout=10)
    with pytest.raises(ValueError, match=r"^readout is needed"):
        split_mask(MASK, 0.1, 0)
    with pytest.raises(ValueError, match=r"^readout is 9"):
        split_mask(MASK.expand(1, 1, 10, 64), 0.1, 0, readout=9)
    with pytest.raises(ValueError, match=r"^unit must"):
        split_mask(MASK, 0.1, 0, "rows")
    with pytest.raises(ValueError, match=r"^mask must be bool"):
        split_mask(MASK.float(), 0.1, 0, readout=10)
    with pytest.raises(ValueError, match="at least 2"):
        split_mask(torch.ones(1, 1, 1, 8, dtype=torch.bool), 0.1, 0, "lines")
    with pytest.raises(ValueError, match="whole columns"):
        split_mask(split_mask(MASK, 0.5, 0, readout=10)[0], 0.1, 0, "lines")

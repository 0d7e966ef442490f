import pytest
import torch
from laws import randn

from mrilib.linop import sense
from mrilib.losses import (
    joint_loss,
    joint_terms,
    kspace_consistency,
    l1_norm,
    normalized_l1,
    ssim_loss,
    supervised_loss,
)
from mrilib.metrics import ssim

MASK = torch.tensor([1, 0, 1, 1, 0, 1], dtype=torch.bool)[None, None, None]
A = sense(MASK, randn(2, 3, 7, 6, seed=1))
IMAGE, OTHER = randn(2, 1, 7, 6, seed=2), randn(2, 1, 7, 6, seed=3)


def test_l1_norms_by_hand() -> None:
    values = torch.tensor([[3 + 4j, 0], [1j, -1]])
    assert l1_norm(values).tolist() == [5, 2]
    assert l1_norm(values, "real_view").tolist() == [7, 2]
    assert l1_norm(values.real, "real_view").tolist() == [3, 1]


def test_real_view_lies_between_modulus_and_its_root_two_fold() -> None:
    modulus, real_view = l1_norm(IMAGE), l1_norm(IMAGE, "real_view")
    assert (modulus < real_view).all()
    assert (real_view < 2**0.5 * modulus).all()


@pytest.mark.parametrize("norm", ["modulus", "real_view"])
def test_normalized_l1_is_the_mean_over_items(norm: str) -> None:
    alone = [normalized_l1(IMAGE[i : i + 1], OTHER[i : i + 1], norm) for i in range(2)]
    torch.testing.assert_close(normalized_l1(IMAGE, OTHER, norm), torch.stack(alone).mean())


def test_normalized_l1_does_not_depend_on_the_unit() -> None:
    assert normalized_l1(OTHER, OTHER) == 0
    assert float(normalized_l1(1.5 * OTHER, OTHER)) == pytest.approx(0.5)
    torch.testing.assert_close(normalized_l1(9 * IMAGE, 9 * OTHER), normalized_l1(IMAGE, OTHER))


def test_consistency_vanishes_for_the_image_that_was_measured() -> None:
    assert kspace_consistency(IMAGE, A(IMAGE), A) < 1e-15
    assert float(kspace_consistency(torch.zeros_like(IMAGE), A(IMAGE), A)) == pytest.approx(1)


def test_consistency_on_a_subset_ignores_the_rest_and_is_normalised_by_it() -> None:
    kspace = A(IMAGE)
    subset = (torch.rand(1, 1, 7, 6, generator=torch.Generator().manual_seed(4)) < 0.5) & MASK
    changed = torch.where(subset, kspace, 1e3 * kspace)
    assert kspace_consistency(IMAGE, changed, A, mask=subset) < 1e-15
    difference, reference = ((A(OTHER) - kspace) * subset).abs(), (kspace * subset).abs()
    expected = (difference.sum((1, 2, 3)) / reference.sum((1, 2, 3))).mean()
    torch.testing.assert_close(kspace_consistency(OTHER, kspace, A, mask=subset), expected)


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (MASK.expand(3, 1, 1, 6), r"mask must be bool .* k-space \(2, 3, 7, 6\), got torch.bool \(3, 1, 1, 6\)"),
        (0.3 * MASK, r"mask must be bool .* got torch.float32"),
        (MASK[0, 0, 0], "mask must be bool"),
    ],
)
def test_a_mask_of_another_batch_or_type_is_refused(mask: torch.Tensor, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        kspace_consistency(IMAGE, A(IMAGE), A, mask=mask)


def test_complementary_subsets_make_up_the_whole() -> None:
    one = sense(MASK, randn(1, 3, 7, 6, seed=1))
    kspace = one(IMAGE[:1])
    rows = torch.arange(7)[:, None].expand(1, 1, 7, 6) < 3
    parts = [
        kspace_consistency(OTHER[:1], kspace, one, mask=m) * l1_norm(kspace * m)[0] for m in (rows & MASK, ~rows & MASK)
    ]
    torch.testing.assert_close(sum(parts) / l1_norm(kspace)[0], kspace_consistency(OTHER[:1], kspace, one))


def test_magnitude_leaves_the_phase_free_and_complex_does_not() -> None:
    turned = IMAGE * 1j
    assert supervised_loss(turned, IMAGE) < 1e-15
    assert supervised_loss(turned, IMAGE.abs()) < 1e-15
    assert float(supervised_loss(turned, IMAGE, kind="complex")) == pytest.approx(2**0.5)


def test_joint_loss_is_the_sum_of_its_terms() -> None:
    kspace = A(OTHER)
    supervised, consistency = joint_terms(IMAGE, OTHER, kspace, A, kind="complex", norm="real_view")
    assert supervised == supervised_loss(IMAGE, OTHER, "complex", "real_view")
    assert consistency == kspace_consistency(IMAGE, kspace, A, norm="real_view")
    assert joint_loss(IMAGE, OTHER, kspace, A, "complex", "real_view") == supervised + consistency


@pytest.mark.parametrize("kind", ["magnitude", "complex"])
def test_gradients_are_finite_even_where_the_image_is_zero(kind: str) -> None:
    image = torch.zeros(2, 1, 7, 6, dtype=torch.complex128, requires_grad=True)
    joint_loss(image, OTHER, A(OTHER), A, kind=kind).backward()
    assert image.grad is not None
    assert image.grad.isfinite().all()
    assert image.grad.abs().sum() > 0


def test_ssim_loss_is_one_minus_ssim() -> None:
    target, image = IMAGE.abs().repeat(1, 1, 2, 2), OTHER.abs().repeat(1, 1, 2, 2)
    expected = 1 - ssim(target, image, data_range=2.5).mean()
    assert ssim_loss(image, target, data_range=2.5) == expected
    assert ssim_loss(target, target, data_range=2.5).abs() < 1e-12


def test_wrong_input_is_named() -> None:
    with pytest.raises(ValueError, match="must agree"):
        normalized_l1(IMAGE, OTHER[:1])
    with pytest.raises(ValueError, match="kind must be"):
        supervised_loss(IMAGE, OTHER, kind="phase")
    with pytest.raises(ValueError, match="complex reference"):
        supervised_loss(IMAGE, OTHER.abs(), kind="complex")
    with pytest.raises(ValueError, match="norm must be"):
        l1_norm(IMAGE, "l2")

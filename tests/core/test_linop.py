from collections.abc import Callable

import pytest
import torch
from laws import LAWS, assert_close, check_isometry, randn
from torch import Tensor

from mrilib.linop import Fourier, LinearOperator, Sampling, Sensitivity, sense

Shape = tuple[int, ...]


def mask_of(*shape: int, seed: int = 0) -> Tensor:
    """About half sampled, centre always."""
    mask = torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) < 0.5
    mask[..., shape[-1] // 2] = True
    return mask


def plain(mask: Tensor, sens_maps: Tensor) -> LinearOperator:
    return Sampling(mask) @ Fourier() @ Sensitivity(sens_maps)


def senses(
    make: Callable[[Tensor, Tensor], LinearOperator], y: int, x: int, rows: int, batch: int
) -> tuple[LinearOperator, Shape, Shape]:
    """Operator, domain, codomain: batch of two, three coils."""
    return make(mask_of(batch, 1, rows, x), randn(2, 3, y, x, seed=20)), (2, 1, y, x), (2, 3, y, x)


SIZES = [(8, 6), (7, 6), (6, 5), (7, 5), (10, 4)]
SENSES = {
    f"{make.__name__} {y}x{x}, {batch} {kind} mask": senses(make, y, x, rows, batch)
    for make, sizes in ((sense, SIZES[:4]), (plain, SIZES[1:2]))
    for y, x in sizes
    for kind, rows in (("column", 1), ("pixel", y))
    for batch in (1, 2)
}
OPERATORS: dict[str, tuple[LinearOperator, Shape, Shape]] = {
    "fourier": (Fourier(), (2, 1, 7, 6), (2, 1, 7, 6)),
    "sampling": (Sampling(mask_of(2, 1, 7, 6)), (2, 3, 7, 6), (2, 3, 7, 6)),
    "sensitivity": (Sensitivity(randn(2, 3, 7, 6)), (2, 1, 7, 6), (2, 3, 7, 6)),
    "one map for all": (sense(mask_of(1, 1, 1, 6), randn(1, 3, 7, 6)), (2, 1, 7, 6), (2, 3, 7, 6)),
    **SENSES,
}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", OPERATORS)
def test_law(name: str, law: Callable[[LinearOperator, Shape, Shape], None]) -> None:
    law(*OPERATORS[name])


def test_fourier_is_an_isometry() -> None:
    check_isometry(Fourier(), (2, 3, 7, 6))


@pytest.mark.parametrize("size", [*SIZES, (64, 48), (63, 48), (65, 47)])
@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
def test_fast_form_equals_the_composition(size: Shape, dtype: torch.dtype) -> None:
    mask, maps = mask_of(1, 1, 1, size[1]), randn(2, 3, *size, dtype=dtype)
    x, y = randn(2, 1, *size, seed=1, dtype=dtype), randn(2, 3, *size, seed=2, dtype=dtype)
    fast, slow = sense(mask, maps), plain(mask, maps)
    tolerance = 3e-7 if dtype == torch.complex64 else 1e-14
    for verb in (lambda A: A(x), lambda A: A.H(y), lambda A: A.N(x)):
        assert_close(verb(fast), verb(slow), tolerance)
        assert verb(fast).dtype == dtype
    columns = mask.flatten().nonzero().flatten()
    assert_close(fast.at_columns(x, columns), slow(x)[..., columns], tolerance)
    assert_close(fast.sens_maps, maps, tolerance)


def test_maps_receive_the_gradient_of_the_composition() -> None:
    mask, x = mask_of(1, 1, 1, 6), randn(2, 1, 7, 6)
    gradients = []
    for make in (sense, plain):
        maps = randn(2, 3, 7, 6, seed=3).requires_grad_()
        A = make(mask, maps)
        A.H(A(x)).abs().square().sum().backward()
        gradients.append(maps.grad)
    assert_close(*gradients)


def test_unsampled_locations_stay_exactly_zero() -> None:
    mask = mask_of(1, 1, 1, 7)
    kspace = sense(mask, randn(1, 3, 9, 7))(randn(1, 1, 9, 7))
    assert not kspace[..., ~mask[0, 0, 0]].any()
    assert kspace[..., mask[0, 0, 0]].all()


def test_pinv_of_full_sampling_returns_the_image() -> None:
    A = sense(torch.ones(1, 1, 1, 6, dtype=torch.bool), randn(1, 3, 7, 6))
    image = randn(1, 1, 7, 6, seed=4)
    assert_close(A.pinv(A(image), iterations=200, tolerance=1e-14), image)


def test_buffers_follow_the_operator_and_are_not_saved() -> None:
    A = sense(mask_of(1, 1, 1, 6), randn(1, 3, 7, 6))
    assert not A.state_dict()
    moved = A.to("meta")
    assert all(buffer.is_meta for buffer in moved.buffers())
    assert len(list(moved.buffers())) >= 3


def test_wrong_input_is_named() -> None:
    mask, maps = mask_of(1, 1, 1, 6), randn(1, 3, 7, 6)
    A = sense(mask, maps)
    with pytest.raises(ValueError, match="mask must be bool"):
        sense(mask.float(), maps)
    with pytest.raises(ValueError, match="mask must be bool"):
        sense(mask[0], maps)
    with pytest.raises(ValueError, match="mask of shape"):
        sense(mask_of(1, 1, 1, 7), maps)
    with pytest.raises(ValueError, match="sens_maps must be complex"):
        sense(mask, maps.real)
    with pytest.raises(ValueError, match="image must be"):
        A(randn(1, 3, 7, 6))
    with pytest.raises(ValueError, match="kspace must be"):
        A.H(randn(1, 1, 7, 6))
    with pytest.raises(ValueError, match="kspace has values that are not finite"):
        A.pinv(torch.full((1, 3, 7, 6), torch.nan, dtype=torch.complex128))


@pytest.mark.parametrize("items", [(2, 1), (1, 2), (3, 2), (2, 3)], ids=str)
@pytest.mark.parametrize("part", ["sens_maps", "mask"])
def test_maps_and_masks_of_another_batch_are_refused_not_broadcast(part: str, items: tuple[int, int]) -> None:
    given, measured = items
    maps = torch.ones(given if part == "sens_maps" else 1, 3, 8, 6, dtype=torch.complex64)
    mask = torch.ones(given if part == "mask" else 1, 1, 1, 6, dtype=torch.bool)
    kspace, image = torch.ones(measured, 3, 8, 6) + 0j, torch.ones(measured, 1, 8, 6) + 0j
    fast, slow = sense(mask, maps), Sampling(mask) @ Fourier() @ Sensitivity(maps)
    if given == 1:
        assert fast.H(kspace).shape == slow.H(kspace).shape == image.shape, "one for all slices"
        return
    for A in (fast, slow):
        for apply, tensor in ((A, image), (A.H, kspace)):
            with pytest.raises(ValueError, match=f"{part} are for a batch of {given}, but .* is a batch of {measured}"):
                apply(tensor)
    with pytest.raises(ValueError, match=f"{part} are for a batch"):
        fast.N(image)

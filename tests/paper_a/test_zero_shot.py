"""ZS-SSL: parts that never mix, the published proportions, the best weights on all measurements."""

from dataclasses import replace

import pytest
import torch
from tiny_slices import seed_weights, tiny_sample, weights

from mrilib.models.build import build
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a.zero_shot_and_untrained import zero_shot as zs
from mrilib.paper_a.zero_shot_and_untrained.zero_shot import ZeroShotSettings, mixed_loss, part, zero_shot
from mrilib.sampling import center_block

QUICK = ZeroShotSettings(learning_rate=1e-3, max_epochs=3, splits=2)
ARCHITECTURE = {"name": "unrolled", "num_unrolls": 1, "num_blocks": 1, "features": 4, "cg_iterations": 2}


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


def model(seed=0):
    return seed_weights(build(ARCHITECTURE), seed)


def run(network, sample, settings=QUICK, **options):
    return zero_shot(network, sample.masked_kspace, sample.mask, sample.sens_maps, settings, **options)


# --- the parts --------------------------------------------------------------------------------------------------------


def test_the_parts_are_disjoint_and_all(sample):
    parts = part(sample.mask, 40, ZeroShotSettings())
    assert torch.equal(parts.everything, sample.mask.expand(1, 1, 40, 48))
    assert torch.equal(parts.known | parts.validation, parts.everything)
    assert not (parts.known & parts.validation).any()
    assert len(parts.pairs) == 25
    for seen, compared in parts.pairs:
        assert torch.equal(seen | compared, parts.known)
        assert not (seen & compared).any()


def test_the_published_shares_are_drawn_outside_the_centre(sample):
    parts = part(sample.mask, 40, ZeroShotSettings())
    outside = parts.everything.sum().item() - 16
    validation = parts.validation.sum().item()
    assert validation == round(0.2 * outside)
    assert {compared.sum().item() for _, compared in parts.pairs} == {round(0.4 * (outside - validation))}


def test_the_central_four_by_four_is_never_selected(sample):
    parts = part(sample.mask, 40, replace(QUICK, validation=0.9, loss=0.9))
    center = (..., center_block(40, 4), center_block(48, 4))
    for selected in (parts.validation, *(compared for _, compared in parts.pairs)):
        assert not selected[center].any()
    assert all(seen[center].all() for seen, _ in parts.pairs)


def test_splits_differ_and_follow_the_seed(sample):
    parts = part(sample.mask, 40, QUICK)
    assert not torch.equal(parts.pairs[0][1], parts.pairs[1][1])
    again, other = part(sample.mask, 40, QUICK), part(sample.mask, 40, replace(QUICK, seed=1))
    assert torch.equal(parts.validation, again.validation)
    assert torch.equal(parts.pairs[1][1], again.pairs[1][1])
    assert not torch.equal(parts.validation, other.validation)
    assert not torch.equal(parts.pairs[0][1], other.pairs[0][1])


# --- the loss ---------------------------------------------------------------------------------------------------------


def test_the_loss_is_half_of_each_ratio():
    measured = torch.tensor([[[[3.0, 4.0j]]]])
    predicted = torch.tensor([[[[3.0 + 1.0j, 4.0j]]]])
    assert mixed_loss(predicted, measured).item() == pytest.approx(0.5 * 1 / 5 + 0.5 * 1 / 7)
    assert mixed_loss(measured, measured) == 0
    assert mixed_loss(0 * measured, measured) == 1


# --- the run ----------------------------------------------------------------------------------------------------------


class Scripted(Reconstructor):
    """(1 + e)·truth: in training e = 1, at the k-th self-validation the k-th number of a list."""

    def __init__(self, truth, errors):
        super().__init__()
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))
        self.one = torch.nn.Parameter(torch.zeros(()))
        self.truth, self.errors = truth, errors

    def initial(self, masked_kspace, A):
        return torch.zeros_like(self.truth)

    def refine(self, initial, masked_kspace, A):
        if torch.is_grad_enabled():
            return self.truth * 2 + self.one
        factor = 1 + self.errors[min(int(self.calls), len(self.errors) - 1)]
        self.calls += 1
        return self.truth * factor


def script(sample, errors, **settings):
    y = sample.operator(sample.reference)
    network = Scripted(sample.reference, errors)
    settings = ZeroShotSettings(**{"splits": 1, "max_epochs": len(errors), "learning_rate": 1e-9, **settings})
    return zero_shot(network, y, sample.mask, sample.sens_maps, settings)


def test_it_stops_after_so_many_epochs_without_a_new_minimum(sample):
    record = script(sample, [0.5, 0.3, 0.4, 0.35, 0.31, 0.2], patience=3)
    assert record.history.validation_error == pytest.approx([0.5, 0.3, 0.4, 0.35, 0.31], rel=1e-3)
    assert (record.stopped_at, record.chosen_at) == (4, 1)
    assert record.reason == "no new minimum for 3 epochs"


def test_a_new_minimum_starts_the_count_again(sample):
    record = script(sample, [0.5, 0.6, 0.4, 0.6, 0.7, 0.1], patience=3)
    assert (record.stopped_at, record.chosen_at, record.reason) == (5, 5, "max_epochs was reached")


def test_the_image_is_that_of_the_best_weights_on_all_measurements(sample):
    settings = replace(QUICK, learning_rate=0.03, max_epochs=8, patience=8)
    record = run(model(), sample, settings)
    best = run(model(), sample, replace(settings, max_epochs=record.chosen_at + 1))
    assert record.chosen_at < record.stopped_at, "the last epoch is not the best, or this tests nothing"
    assert torch.equal(record.image, best.last_image)
    assert not torch.equal(record.image, record.last_image)


def test_the_image_sees_what_was_held_out(sample):
    """Training and self-validation do not see Γ as an input, the last reconstruction does."""
    seen = []

    class Watched(type(model())):
        def refine(self, initial, masked_kspace, A):
            seen.append(A.mask)
            return super().refine(initial, masked_kspace, A)

    watched = Watched(**{name: value for name, value in ARCHITECTURE.items() if name != "name"})
    run(watched, sample, replace(QUICK, max_epochs=1))
    parts = part(sample.mask, 40, QUICK)
    expected = [*(given for given, _ in parts.pairs), parts.known, parts.everything, parts.everything]
    assert len(seen) == len(expected)
    assert all(torch.equal(one, two) for one, two in zip(seen, expected, strict=True))


def test_it_learns_and_changes_nothing_that_it_is_given(sample):
    network = model()
    before = weights(network)
    record = run(network, sample, replace(QUICK, max_epochs=8))
    assert torch.equal(weights(network), before)
    assert record.history.train_error[-1] < record.history.train_error[0]
    assert record.image.shape == sample.target.shape
    assert not record.image.requires_grad


def test_the_same_seed_gives_the_same_bits(sample):
    one, two = run(model(), sample), run(model(), sample)
    assert torch.equal(one.image, two.image)
    assert one.history == two.history
    assert not torch.equal(run(model(), sample, replace(QUICK, seed=1)).image, one.image)


def test_scores_are_of_the_image_from_all_measurements(sample):
    scored = run(model(), sample, score=lambda image: image.abs().mean().item(), score_at=(2,))
    assert scored.history.score == {2: pytest.approx(scored.last_image.abs().mean().item())}
    assert run(model(), sample).history.train_error == scored.history.train_error


def test_wrong_input_is_refused(sample):
    with pytest.raises(ValueError, match="takes one slice, got 2"):
        zero_shot(model(), sample.masked_kspace.expand(2, -1, -1, -1), sample.mask, sample.sens_maps, QUICK)
    with pytest.raises(ValueError, match="not finite"):
        zero_shot(model(), sample.masked_kspace * float("nan"), sample.mask, sample.sens_maps, QUICK)
    for wrong in ({"splits": 0}, {"patience": 0}, {"max_epochs": 0}, {"learning_rate": 0.0}):
        with pytest.raises(ValueError, match="must be positive"):
            ZeroShotSettings(**wrong)
    for wrong in ({"loss": 1.0}, {"validation": 0.0}):
        with pytest.raises(ValueError, match="must lie between 0 and 1"):
            ZeroShotSettings(**wrong)


def test_the_defaults_are_the_published_ones():
    expected = ZeroShotSettings(5e-4, 300, 25, 0.2, 0.4, 25)
    assert ZeroShotSettings() == expected
    assert zs.CENTER == 4

"""Test-time training: what is held out stays out, the rule stops where it should, the best image is returned."""

from concurrent.futures import CancelledError
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_slices import tiny_model, tiny_sample, weights

from mrilib import ttt
from mrilib.models.reconstructor import Reconstructor
from mrilib.sampling import calibration_width, center_block
from mrilib.ttt import OWN_SCANS, Settings, objective, one_slice, rises

adapt = ttt.test_time_train  # its own name would be collected as a test
QUICK = Settings(learning_rate=1e-3, max_iterations=6, window=2)


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


def run(model, sample, settings=QUICK, **options):
    return adapt(model, sample.masked_kspace, sample.mask, sample.sens_maps, settings, **options)


class Scripted(Reconstructor):
    """Gives (1 + e)·truth in iteration k, e the k-th number of a list: then its self-validation error is |e|."""

    def __init__(self, truth, errors):
        super().__init__()
        self.one = torch.nn.Parameter(torch.zeros(()))
        self.truth, self.errors, self.calls = truth, errors, 0

    def initial(self, masked_kspace, A):
        return torch.zeros_like(self.truth)

    def refine(self, initial, masked_kspace, A):
        factor = 1 + self.errors[min(self.calls, len(self.errors) - 1)]
        self.calls += 1
        return self.truth * factor + 0 * self.one


def script(sample, errors, **settings):
    """Run test-time training through a script; measurements are exact, so that its errors are known."""
    y = sample.operator(sample.reference)
    settings = Settings(**{"learning_rate": 1e-3, "max_iterations": len(errors), "window": 1, **settings})
    return adapt(Scripted(sample.reference, errors), y, sample.mask, sample.sens_maps, settings)


def error_of(image, sample):
    return (image / sample.reference).real.median().item() - 1


# --- the hold-out ---------------------------------------------------------------------------------------------------


def split(sample, **settings):
    return objective.split(sample.masked_kspace, sample.mask, sample.sens_maps, replace(QUICK, **settings))


def test_gradients_are_computed_whatever_the_caller_switched_off(sample):
    with torch.no_grad():
        record = run(tiny_model(), sample)
    assert record.history == run(tiny_model(), sample).history


@pytest.mark.parametrize("unit", ["pixels", "lines"])
@pytest.mark.parametrize("fidelity", ["paper", "code"])
def test_training_and_validation_part_are_disjoint_and_all(sample, unit, fidelity):
    given = split(sample, unit=unit, fidelity=fidelity, holdout=0.2)
    assert not (given.train & given.validation).any()
    assert torch.equal(given.train | given.validation, sample.mask.expand_as(given.train | given.validation))
    outer = sample.mask.sum() - calibration_width(sample.mask)
    candidates = sample.mask.sum() if (unit, fidelity) == ("pixels", "code") else outer
    rows = sample.masked_kspace.shape[-2] if unit == "pixels" else 1
    assert given.validation.sum() == round(0.2 * candidates.item() * rows)


def test_held_out_measurements_never_reach_the_network(sample):
    """Whatever they are, training error and image stay the same bits; only the self-validation error differs."""
    given = split(sample)
    changed = sample.masked_kspace * (1 + 9 * given.validation)
    settings = replace(QUICK, iterate="last")
    for sens_maps in (sample.sens_maps, None):  # neither through the coil maps, where these are estimated
        plain = adapt(tiny_model(), sample.masked_kspace, sample.mask, sens_maps, settings)
        other = adapt(tiny_model(), changed, sample.mask, sens_maps, settings)
        assert torch.equal(plain.image, other.image)
        assert plain.history.train_error == other.history.train_error
        assert plain.history.validation_error != other.history.validation_error


def test_held_out_measurements_leak_as_in_the_published_code(sample):
    settings = replace(QUICK, iterate="last", fidelity="code")
    given = split(sample, fidelity="code")
    changed = sample.masked_kspace * (1 + 9 * given.validation)
    plain = adapt(tiny_model(), sample.masked_kspace, sample.mask, sample.sens_maps, settings)
    other = adapt(tiny_model(), changed, sample.mask, sample.sens_maps, settings)
    assert not torch.equal(plain.image, other.image)
    assert torch.equal(given.network_kspace, sample.masked_kspace)


def test_calibration_lines_are_never_held_out_but_in_the_published_code(sample):
    center = center_block(sample.mask.shape[-1], calibration_width(sample.mask))
    assert not split(sample).validation[..., center].any()
    assert not split(sample, unit="lines").validation[..., center].any()
    assert split(sample, fidelity="code").validation[..., center].any()


def test_network_input_and_operator_lack_what_is_held_out(sample):
    given = split(sample)
    assert (given.network_kspace[given.validation.expand_as(given.network_kspace)] == 0).all()
    assert (sample.masked_kspace[given.validation.expand_as(given.network_kspace)] != 0).any()
    predicted = given.network_operator(sample.reference)
    assert (predicted[given.validation.expand_as(predicted)] == 0).all()


def test_lines_are_held_out_whole(sample):
    assert split(sample, unit="lines").validation.shape == sample.mask.shape
    record = run(tiny_model(), sample, replace(QUICK, unit="lines"))
    assert len(record.history.validation_error) == 6


def test_the_seed_decides_what_is_held_out(sample):
    assert torch.equal(split(sample).validation, split(sample).validation)
    assert not torch.equal(split(sample).validation, split(sample, seed=1).validation)


# --- the stopping rule and the image ----------------------------------------------------------------------------------


def test_the_rule_waits_until_the_iteration_exceeds_three_windows():
    assert not rises(list(range(7)), window=2)  # the last is iteration 6 = 3w
    assert rises(list(range(8)), window=2)
    assert not rises(list(range(301)), window=100)
    assert rises(list(range(302)), window=100)  # the published code's first chance: "301" in its output


def test_the_rule_compares_the_means_of_two_windows():
    start = [9.0, 8.0, 7.0, 6.0]
    assert rises([*start, 2.0, 2.0, 1.0, 3.1], window=2)
    assert not rises([*start, 2.0, 2.0, 1.0, 3.0], window=2)  # equal is no rise
    assert not rises([*start, 1.0, 5.0, 2.0, 3.0], window=2)  # the last two rise, their mean does not
    assert rises([*start, 3.0, 1.0, 4.0, 2.0], window=2)  # the last two fall, their mean does not


FALL_AND_RISE = [0.9, 0.8, 0.5, 0.3, 0.2, 0.1, 0.4, 0.6, 0.05]


def test_the_error_in_the_history_is_that_of_the_image(sample):
    record = script(sample, FALL_AND_RISE)
    assert record.history.validation_error == pytest.approx(FALL_AND_RISE[:7], rel=1e-4)
    assert record.history.train_error == pytest.approx(FALL_AND_RISE[:7], rel=1e-4)


@pytest.mark.parametrize(("iterate", "chosen"), [("best", 5), ("last", 6)])
def test_the_best_or_the_last_image_is_returned(sample, iterate, chosen):
    record = script(sample, FALL_AND_RISE, iterate=iterate)
    assert (record.stopped_at, record.chosen_at) == (6, chosen)
    assert record.reason == "the self-validation error rose"
    assert error_of(record.image, sample) == pytest.approx(FALL_AND_RISE[chosen], rel=1e-3)
    assert error_of(record.last_image, sample) == pytest.approx(0.4, rel=1e-3)


@pytest.mark.parametrize("iterate", ["best", "last"])
def test_running_on_changes_neither_image_nor_stopping_point(sample, iterate):
    """The error of iteration 8 is lower than any before, but the rule has stopped by then."""
    stopped = script(sample, FALL_AND_RISE, iterate=iterate)
    ran_on = script(sample, FALL_AND_RISE, iterate=iterate, run_on=True)
    assert torch.equal(ran_on.image, stopped.image)
    facts = [(r.stopped_at, r.chosen_at, r.reason) for r in (stopped, ran_on)]
    assert facts[0] == facts[1]
    assert len(ran_on.history.validation_error) == len(FALL_AND_RISE)
    assert error_of(ran_on.last_image, sample) == pytest.approx(0.05, rel=1e-3)


def test_running_on_with_a_network(sample):
    settings = Settings(learning_rate=0.03, max_iterations=30, window=3)
    stopped, ran_on = run(tiny_model(), sample, settings), run(tiny_model(), sample, settings.running_on())
    assert stopped.stopped_at < 29  # so large a step makes the error rise
    assert torch.equal(stopped.image, ran_on.image)
    assert ran_on.history.validation_error[: stopped.stopped_at + 1] == stopped.history.validation_error
    assert len(ran_on.history.train_error) == 30


def test_without_a_rise_it_ends_at_max_iterations(sample):
    record = script(sample, [0.5, 0.4, 0.3, 0.2, 0.1, 0.05])
    assert (record.stopped_at, record.chosen_at) == (5, 5)
    assert record.reason == "max_iterations was reached"
    assert torch.equal(record.image, record.last_image)


def test_divergence_returns_the_best_image_and_warns(sample):
    with pytest.warns(RuntimeWarning, match="diverged at iteration 3.*not finite"):
        record = script(sample, [0.5, 0.2, 0.4, float("nan"), 0.1])
    assert (record.stopped_at, record.chosen_at) == (2, 1)
    assert "diverged at iteration 3" in record.reason
    assert len(record.history.train_error) == 3
    assert error_of(record.image, sample) == pytest.approx(0.2, rel=1e-3)
    assert error_of(record.last_image, sample) == pytest.approx(0.4, rel=1e-3)


@pytest.mark.parametrize("errors", [FALL_AND_RISE, [0.5, 0.2, 0.4, float("nan"), 0.1], [0.5, 0.4, 0.3]])
@pytest.mark.parametrize("settings", [{}, {"run_on": True}, {"iterate": "last"}])
@pytest.mark.filterwarnings("ignore:test-time training diverged")
def test_errors_read_in_blocks_decide_as_errors_read_at_once(sample, monkeypatch, errors, settings):
    """On an accelerator errors are read every few iterations: what came after the stop must not count."""
    at_once = script(sample, errors, **settings)
    monkeypatch.setitem(one_slice.READ_EVERY, "cpu", 4)
    in_blocks = script(sample, errors, **settings)
    assert in_blocks.history == at_once.history
    assert torch.equal(in_blocks.image, at_once.image)
    assert torch.equal(in_blocks.last_image, at_once.last_image)
    facts = [(one.stopped_at, one.chosen_at, one.reason) for one in (at_once, in_blocks)]
    assert facts[0] == facts[1]


def test_divergence_after_the_stopping_point_does_not_change_why_it_stopped(sample):
    with pytest.warns(RuntimeWarning, match="diverged at iteration 8"):
        record = script(sample, [*FALL_AND_RISE[:8], float("inf")], run_on=True)
    assert (record.stopped_at, record.reason) == (6, "the self-validation error rose")


def test_a_network_that_is_broken_from_the_start_is_an_error(sample):
    with pytest.raises(ValueError, match="not finite before the first step"):
        script(sample, [float("nan"), 0.1])
    with pytest.raises(ValueError, match="not finite before the first step"):
        adapt(tiny_model(), sample.masked_kspace * float("nan"), sample.mask, sample.sens_maps, QUICK)


# --- what it does to networks and to the world -----------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"residual": True}, {"fidelity": "code"}])
def test_the_errors_go_down(sample, settings):
    record = run(tiny_model(**settings), sample, replace(QUICK, max_iterations=40, window=20))
    assert record.history.train_error[-1] < 0.7 * record.history.train_error[0]
    assert min(record.history.validation_error) < 0.8 * record.history.validation_error[0]
    assert record.image.shape == (1, 1, 40, 48)
    assert record.image.is_complex()
    assert not record.image.requires_grad


def test_the_given_network_is_never_changed(sample):
    model = tiny_model()
    before = weights(model)
    run(model, sample)
    assert torch.equal(weights(model), before)
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_same_seed_same_bits_and_global_random_state_untouched(sample):
    model = tiny_model()
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    one, two = run(model, sample), run(model, sample)
    assert torch.equal(one.image, two.image)
    assert one.history == two.history
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()
    assert run(model, sample, replace(QUICK, seed=1)).history != one.history


def test_the_score_is_computed_where_it_was_asked_for_and_nowhere_else(sample):
    scored = []

    def score(image):
        scored.append(image)
        return float(len(scored))

    record = run(tiny_model(), sample, score=score, score_at=(0, 4, 99))
    assert record.history.score == {0: 1.0, 4: 2.0}
    assert len(scored) == 2
    assert torch.equal(record.image, run(tiny_model(), sample).image)


def test_progress_is_told_both_errors(sample):
    told = []
    record = run(tiny_model(), sample, progress=lambda *facts: told.append(facts))
    errors = zip(record.history.train_error, record.history.validation_error, strict=True)
    assert told == [(iteration, *pair) for iteration, pair in enumerate(errors)]


def test_what_progress_raises_ends_the_loop_at_once(sample):
    told = []

    def enough(iteration, *_):
        told.append(iteration)
        if iteration == 2:
            raise CancelledError

    with pytest.raises(CancelledError):
        run(tiny_model(), sample, progress=enough)
    assert told == [0, 1, 2]


def test_paper_settings_are_the_default(sample):
    assert (Settings().learning_rate, Settings().max_iterations, Settings().holdout) == (1e-5, 2500, 0.05)
    record = adapt(tiny_model(), sample.masked_kspace, sample.mask, settings=replace(QUICK, max_iterations=1))
    torch.testing.assert_close(record.image, run(tiny_model(), sample, replace(QUICK, max_iterations=1)).image)


def test_the_published_norm_is_larger(sample):
    modulus, real_view = (run(tiny_model(), sample, replace(QUICK, norm=norm)) for norm in ("modulus", "real_view"))
    assert modulus.history.train_error[0] != real_view.history.train_error[0]


def test_one_slice_at_a_time(sample):
    with pytest.raises(ValueError, match=r"one slice, .* got torch.complex64 \(2, 4, 40, 48\)"):
        adapt(tiny_model(), sample.masked_kspace.repeat(2, 1, 1, 1), sample.mask)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"mask": torch.ones(48, dtype=torch.bool)},
            r"mask must be bool \(1, 1, 1 or 40, 48\), .* \(48,\)",
        ),
        ({"mask": torch.ones(1, 1, 1, 40, dtype=torch.bool)}, "the mask has 40 columns but the k-space has 48"),
        ({"mask": torch.ones(2, 1, 1, 48, dtype=torch.bool)}, r"mask must be .* got torch.bool \(2, 1, 1, 48\)"),
        ({"mask": torch.ones(1, 1, 1, 48)}, "mask must be bool .* got torch.float32"),
        (
            {"sens_maps": torch.ones(1, 1, 40, 48) + 0j},
            r"sens_maps must be \(1, 4, 40, 48\) as masked",
        ),
        ({"masked_kspace": torch.ones(1, 4, 40, 48)}, "masked_kspace must be of one slice, .* got torch.float32"),
        ({"model": tiny_model().requires_grad_(False)}, "model: no parameter requires a gradient"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(sample, change, said):
    given = {name: getattr(sample, name) for name in ("masked_kspace", "mask", "sens_maps")} | {"model": tiny_model()}
    with pytest.raises(ValueError, match=said):
        adapt(**given | change)


def test_inference_mode_is_refused_by_name(sample):
    with torch.inference_mode(), pytest.raises(ValueError, match=r"leave torch.inference_mode, or use"):
        run(tiny_model(), sample)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": "columns"}, "unit 'columns': expected pixels or lines"),
        ({"iterate": "median"}, "iterate 'median': expected best or last"),
        ({"fidelity": "thesis"}, "fidelity 'thesis': expected paper or code"),
        ({"norm": "l2"}, "norm 'l2': expected modulus or real_view"),
        ({"max_iterations": 0}, "must be positive"),
        ({"window": 0}, "must be positive"),
        ({"learning_rate": 0.0}, "must be positive"),
        ({"learning_rate": float("nan")}, "must be positive"),
        ({"holdout": 0.0}, "holdout must lie between 0 and 1, got 0"),
        ({"holdout": 1.0}, "holdout must lie between 0 and 1, got 1"),
    ],
)
def test_settings_that_make_no_sense(change, message):
    with pytest.raises(ValueError, match=message):
        Settings(**change)


# --- the phase ------------------------------------------------------------------------------------------------------


class Conjugated(Reconstructor):
    """Another network's image with all phases reversed: the same magnitude, a wrong phase everywhere."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def initial(self, masked_kspace, A):
        return self.network.initial(masked_kspace, A)

    def refine(self, initial, masked_kspace, A):
        return self.network.refine(initial, masked_kspace, A).conj()


def test_with_a_free_phase_only_the_networks_magnitude_counts(sample):
    free = replace(QUICK, phase="free", warmup=2)
    errors = [run(model, sample, free).history.train_error for model in (tiny_model(), Conjugated(tiny_model()))]
    assert errors[0] == pytest.approx(errors[1], rel=1e-4)
    plain = [run(model, sample).history.train_error for model in (tiny_model(), Conjugated(tiny_model()))]
    assert plain[0] != pytest.approx(plain[1], rel=1e-2)


def test_the_free_phase_explains_what_its_penalty_allows(sample):
    settings = replace(QUICK, phase="free", max_iterations=30, window=30, learning_rate=1e-12)
    loose, tight = (run(tiny_model(), sample, replace(settings, phase_weight=weight)) for weight in (0.0, 1e3))
    assert loose.history.train_error[-1] < 0.97 * loose.history.train_error[0]
    assert loose.history.train_error[-1] < tight.history.train_error[-1]


def test_the_step_rises_over_the_warm_up(sample):
    settings = Settings(learning_rate=1e-3, max_iterations=2, window=1)
    first = [change_of_weights(sample, replace(settings, warmup=steps)) for steps in (0, 1, 4)]
    assert first[0] == first[1] == pytest.approx(1e-3, rel=1e-3), "Adam's first step is its learning rate"
    assert first[2] == pytest.approx(1e-3 / 4, rel=1e-3)


def change_of_weights(sample, settings):
    """Largest change of a weight by the first step."""
    model, seen = tiny_model(), []
    model.register_forward_pre_hook(lambda one, _: seen.append(weights(one)))
    run(model, sample, settings)
    return (seen[1] - seen[0]).abs().max().item()


def test_settings_without_a_free_phase_have_the_card_that_stored_results_have():
    stored = {"learning_rate", "max_iterations", "window", "holdout", "unit", "iterate", "fidelity", "norm", "seed"}
    assert Settings().card.keys() == stored | {"run_on"}
    assert Settings(phase="free").card["phase"] == "free"


def test_with_a_tuned_decoder_the_encoder_keeps_its_weights_and_the_network_given_is_whole(sample):
    model = tiny_model()
    before = weights(model)
    made = objective.slice_objective(
        model, sample.masked_kspace, sample.mask, sample.sens_maps, replace(QUICK, tuned="decoder")
    )
    encoder = sum(one.numel() for one in model.unet.down_sample_layers.parameters())
    assert sum(one.numel() for one in made.weights) == sum(one.numel() for one in model.parameters()) - encoder
    whole, decoder = (run(model, sample, replace(QUICK, tuned=one)) for one in ("all", "decoder"))
    assert decoder.history.train_error[0] == pytest.approx(whole.history.train_error[0], rel=1e-5)
    assert decoder.history.train_error[-1] < decoder.history.train_error[0]
    assert torch.equal(weights(model), before)


def test_weights_of_columns():
    kspace = torch.tensor([8.0, 2.0, 0.5, 0.0]).expand(1, 3, 5, 4) * torch.exp(1j * torch.rand(1, 3, 5, 4))
    assert torch.equal(objective.column_weights(kspace, 0.0), torch.ones(4))
    assert objective.column_weights(kspace, 0.5)[:3] == pytest.approx([1.0, 2.0, 4.0])
    equal = (objective.column_weights(kspace, 1.0) * kspace).abs().sum((0, 1, 2))[:3]
    assert equal == pytest.approx(equal[:1].expand(3))
    assert objective.column_weights(kspace, 0.5)[3].item() == pytest.approx(objective.FAINTEST**-0.5)
    assert objective.column_weights(torch.zeros(1, 1, 2, 2), 0.5).isfinite().all()


def test_a_balanced_loss_weighs_the_training_part_and_not_self_validation(sample):
    given = tiny_model(), sample.masked_kspace, sample.mask, sample.sens_maps
    flat, balanced = (objective.slice_objective(*given, replace(QUICK, balance=one)) for one in (0.0, 0.5))
    error = (balanced.everything.at_columns(flat()[3], flat.columns) - flat.y).abs()
    factor = objective.column_weights(flat.y, 0.5) * flat.train_part
    expected = (error * factor).sum() / (flat.y.abs() * factor).sum()
    assert balanced()[1].item() == pytest.approx(expected.item(), rel=1e-5) != flat()[1].item()
    assert balanced()[2].item() == pytest.approx(flat()[2].item(), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("phase", "none"),
        ("warmup", -1),
        ("phase_weight", -0.1),
        ("tuned", "encoder"),
        ("balance", -0.1),
        ("balance", 1.5),
        ("balance", float("nan")),
    ],
)
def test_settings_of_the_phase_that_mean_nothing_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        Settings(**{name: value})


def test_a_noise_floor_needs_a_free_phase_and_changes_no_card_without_it():
    assert "noise_floor" not in Settings(phase="free").card
    assert OWN_SCANS.card["noise_floor"] is True
    for name, value in (("noise_floor", True), ("phase_start", "selected")):
        with pytest.raises(ValueError, match=f"{name}: it needs a phase of its own"):
            Settings(**{name: value})


@pytest.mark.parametrize(("cycles", "aliased"), [(0, False), (8, True)], ids=["smooth", "fast"])
def test_a_phase_too_fast_for_the_calibration_lines_starts_from_all_lines(sample, cycles, aliased):
    x = torch.linspace(0, 2 * torch.pi * cycles, sample.reference.shape[-1])
    truth = torch.polar(sample.reference.abs(), 2 * x.sin().expand_as(sample.target))
    given = Scripted(truth.abs(), [0.0]), sample.operator(truth), sample.mask, sample.sens_maps
    calibrated, selected = (
        objective.slice_objective(*given, Settings(phase="free", phase_start=one)).model.start
        for one in ("calibration", "selected")
    )
    made = objective.slice_objective(*given, Settings(phase="free"))
    zero_filled = torch.sgn(made.network_operator.H(made.network_kspace))
    assert not torch.equal(calibrated, zero_filled)
    assert torch.equal(selected, zero_filled if aliased else calibrated)


def test_the_first_image_with_a_noise_floor_is_about_the_networks(sample):
    settings = replace(QUICK, phase="free", max_iterations=1)
    plain, floored = (run(tiny_model(), sample, replace(settings, noise_floor=one)) for one in (False, True))
    difference = (floored.image.abs() - plain.image.abs()).norm() / plain.image.norm()
    assert difference < 0.05
    assert floored.history.train_error[0] != plain.history.train_error[0]


def test_bfloat16_rounds_the_convolutions_and_nothing_else(sample):
    settings = replace(QUICK, phase="free")
    exact, rounded = (run(tiny_model(), sample, replace(settings, precision=one)) for one in ("float32", "bfloat16"))
    assert rounded.image.dtype == torch.complex64
    difference = (rounded.image - exact.image).abs().max() / exact.image.abs().max()
    assert 0 < difference < 0.05
    assert rounded.history.train_error == pytest.approx(exact.history.train_error, rel=0.02)
    assert "precision" not in settings.card
    with pytest.raises(ValueError, match="precision 'half': expected float32 or bfloat16"):
        replace(settings, precision="half")

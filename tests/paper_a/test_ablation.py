"""The phase is measured, turned and aligned as stated; a row of the ablation says what its curves say."""

import math
from dataclasses import replace

import pytest
import torch
from records import record
from tiny_slices import tiny_model, tiny_sample

from mrilib.paper_a.early_stopping_and_ablation import tables
from mrilib.paper_a.early_stopping_and_ablation.ablation import (
    GRID,
    INTERVENTIONS,
    PLUNGE,
    SCORED,
    Turned,
    Variant,
    ablation_row,
    at_iterations,
    dips,
    mean_curves,
    measured_angle,
    outcome,
    phase_against_dip,
    phase_error,
    turned,
    watched,
)
from mrilib.paper_a.experiment import Experiment
from mrilib.scoring import reconstruct
from mrilib.ttt import Settings

P = record("05")


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


@pytest.fixture
def images(generator):
    return (torch.randn(2, 1, 5, 6, dtype=torch.complex128, generator=generator) for _ in range(2))


def test_a_constant_turn_is_the_phase_error(images):
    x, reference = images
    for angle in (0.0, 0.3, -1.2, 3.0):
        error = phase_error(reference * torch.exp(torch.tensor(1j * angle)) * x.abs(), reference)
        torch.testing.assert_close(error, torch.full((2,), abs(angle), dtype=torch.float64))


def test_phase_error_is_blind_to_scale_and_symmetric_in_sign(images):
    x, reference = images
    error = phase_error(x, reference)
    assert ((error > 0) & (error < math.pi)).all()
    torch.testing.assert_close(phase_error(7 * x, 3 * reference), error)
    torch.testing.assert_close(phase_error(x.conj(), reference.conj()), error)
    torch.testing.assert_close(phase_error(-x, reference), math.pi - error)


def test_a_random_phase_has_error_of_half_pi(generator):
    x, reference = (torch.randn(1, 1, 200, 200, dtype=torch.complex64, generator=generator) for _ in range(2))
    assert phase_error(x, reference).item() == pytest.approx(math.pi / 2, abs=0.02)


def test_turning_the_output_leaves_magnitudes_weights_and_input_alone(sample):
    model = tiny_model()
    turn = Turned(model, 0.7)
    before, after = reconstruct(model, sample), reconstruct(turn, sample)
    torch.testing.assert_close(after.abs(), before.abs())
    torch.testing.assert_close(phase_error(after, before), torch.tensor([0.7]))
    assert {p.data_ptr() for p in turn.parameters()} == {p.data_ptr() for p in model.parameters()}
    assert repr(turn) != repr(Turned(model, 0.8)), "caches are keyed by it"


def test_the_measured_angle_is_the_one_that_was_turned_away(sample):
    model = tiny_model()
    angle = measured_angle(model, sample)
    assert measured_angle(Turned(model, -0.4), sample) == pytest.approx(angle + 0.4, abs=1e-4)
    assert measured_angle(turned(model, "aligned", sample), sample) == pytest.approx(0, abs=1e-4)
    assert turned(model, "none", sample) is model


def test_alignment_never_looks_at_what_self_validation_may_hold_out(sample):
    outside = sample.masked_kspace.clone()
    outside[..., : outside.shape[-1] // 4] = 0

    class Fixed(Turned):
        def refine(self, initial, masked_kspace, A):
            return sample.reference

    model = Fixed(tiny_model(), 0.0)
    assert measured_angle(model, sample) == measured_angle(model, replace(sample, masked_kspace=outside))
    assert measured_angle(model, sample) == pytest.approx(0, abs=0.01), "the truth needs no turn"


def test_variants_are_distinct_networks_on_p():
    assert len(GRID) == 8
    everything = (*GRID, *INTERVENTIONS)
    assert len({variant.name for variant in everything}) == len({str(v.key) for v in everything}) == 12
    assert len({variant.spec(P.experiment).digest for variant in GRID}) == 8
    assert {variant.spec(P.experiment).distribution for variant in GRID} == {"knee_pd"}
    assert Variant().spec(P.experiment) == P.experiment.spec("supervised", "P")
    assert Variant("joint", turn="half").spec(P.experiment) == P.experiment.spec("joint", "P")


def test_a_row_holds_a_curve_a_slice(sample):
    row = ablation_row(tiny_model(), "quarter", [sample, sample], Settings(1e-2, 5, 2, 0.1))
    assert row["iterations"] == [0, 2, 4]
    assert {len(row[name]) for name in row if name != "iterations"} == {2}
    assert row["ssim"][0] == row["ssim"][1]
    assert row["phase_error"][0][0] != ablation_row(tiny_model(), "none", [sample], Settings(1e-2, 1))["phase_error"][0]
    assert dips(row)[0] == row["ssim"][0][0] - min(row["ssim"][0]) >= 0
    assert PLUNGE in SCORED


def test_a_dip_after_the_plunge_does_not_count():
    row = {"iterations": [0, 30, 45], "ssim": [[0.5, 0.4, 0.1], [0.5, 0.6, 0.1]]}
    assert dips(row) == pytest.approx([0.1, 0.0])


ROW = {
    "iterations": [0, 30, 45],
    "before": [0.5, 0.7],
    "after": [0.8, 0.9],
    "ssim": [[0.5, 0.25, 0.1], [0.75, 1.0, 0.1]],
    "phase_error": [[1.5, 1.0, 0.5], [0.5, 0.4, 0.3]],
}


def test_what_a_row_says_in_the_mean():
    found = {name: interval.value for name, interval in outcome(ROW).items()}
    assert found == pytest.approx({"before": 0.6, "worst": 0.5, "dip": 0.125, "after": 0.85, "phase": 1.0})
    assert at_iterations(ROW, 30, 0) == [[0.25, 1.0], [0.5, 0.75]]
    curve = mean_curves({"one": ROW}, "ssim")
    assert [(point["iteration"], point["value"]) for point in curve] == [(0, 0.625), (30, 0.625), (45, 0.1)]
    assert all(point["method"] == "one" and point["low"] <= point["value"] <= point["high"] for point in curve)


def test_a_larger_phase_error_with_a_deeper_dip_is_a_correlation_of_one():
    deeper = ROW | {"ssim": [[0.5, 0.1, 0.0], [0.75, 0.5, 0.1]], "phase_error": [[2.0], [2.0]]}
    assert phase_against_dip([ROW, deeper]).value == 1
    assert phase_against_dip([ROW, deeper | {"phase_error": [[0.1], [0.1]]}]).value == -1


def test_watching_keeps_the_images_that_were_scored(sample):
    record, images = watched(tiny_model(), sample, Settings(1e-2, 3), (0, 2))
    assert list(images) == list(record.history.score) == [0, 2]
    assert torch.equal(images[2], record.last_image)


def test_rows_of_another_experiment_are_never_returned(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    own = replace(P, epochs=1, test_slices=2)
    row = tables.variants(own)[Variant().name]
    row.table.keep(row.key, {"before": [0.5]}, 0.0)
    for change in (
        {"ttt_learning_rate": 1e-3},
        {"ttt_iterations": 7},
        {"holdout": 0.1},
        {"test_slices": 3},
        {"train_slices": 5},
        {"seed": 1},
        {"shift": "modality"},
        {"chans": 2},
    ):
        other = tables.variants(replace(own, **change))[Variant().name]
        assert other.table.find(other.key) is None, change
    assert row.table.find(row.key) is not None


def test_a_stored_row_is_made_once(sample, monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    monkeypatch.setattr(tables, "network", lambda spec, device: tiny_model())
    monkeypatch.setattr(Experiment, "test_slices", lambda self, count: [sample])
    own = replace(P, test_slices=1, ttt_iterations=3, holdout=0.1, ttt_learning_rate=1e-2)
    made = tables.variants(own)[Variant("joint", turn="half").name].read()
    monkeypatch.setattr(tables, "network", lambda spec, device: pytest.fail("made again"))
    assert tables.variants(own)[Variant("joint", turn="half").name].read() == made


def test_the_rows_that_notebook_05_reads_come_with_the_package():
    assert [row.key for row in tables.rows(P) if row.table.of_package(row.key) is None] == []

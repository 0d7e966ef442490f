"""Forms of a real slice: each holds the same object, and the table groups them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_slices import tiny_scan

from mrilib.beyond.from_simulation_to_scanner.report import forms_table
from mrilib.beyond.from_simulation_to_scanner.robustness import (
    CASES,
    CHANGES,
    HOLDOUTS,
    MIXED,
    NETWORKS,
    Case,
    changed,
    gain,
    groups,
    in_words,
)
from mrilib.coils import rss
from mrilib.data.volumes import write_volume
from mrilib.fourier import ifft2c
from mrilib.sampling import MASKS, Undersampling
from mrilib.scan.formats import open_scan
from mrilib.scan.reconstruction import prepare
from mrilib.simulate.acquisition import simulate_slice


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    path = tmp_path_factory.mktemp("scan") / "scan.h5"
    write_volume(path, np.stack([simulate_slice(tiny_scan(), 0, 0.1).kspace]))
    return replace(open_scan(path), recon_size=None)


@pytest.mark.parametrize("change", CHANGES)
def test_every_form_can_be_reconstructed(scan, change):
    given = prepare(changed(scan, change), 0, Undersampling(2, 0.2))
    assert given.target is not None, "complete, or complete but for an edge"
    assert torch.isfinite(given.target).all()


@pytest.mark.parametrize("change", ["oversampled readout", "32 coils"])
def test_forms_that_change_nothing_give_the_same_image(scan, change):
    before, after = (rss(ifft2c(one.kspace(0)[None])) for one in (scan, changed(scan, change)))
    assert torch.allclose(before, after, rtol=1e-3, atol=1e-4 * before.max())


def test_forms_say_what_they_do(scan):
    kspace = scan.kspace(0)
    assert CHANGES["32 coils"](kspace).shape[0] == MIXED
    assert CHANGES["odd size"](kspace).shape[1:] == (kspace.shape[1] - 1, kspace.shape[2] - 1)
    assert CHANGES["oversampled readout"](kspace).shape[1] == 2 * kspace.shape[1]
    assert not CHANGES["partial Fourier"](kspace)[..., : kspace.shape[2] // 4].any()
    assert not CHANGES["partial echo"](kspace)[:, : kspace.shape[1] // 4].any()
    assert (changed(scan, "units of 1e-12").kspace(0).abs().max() / kspace.abs().max()).item() == pytest.approx(1e-12)


def row(before, after):
    return {"cg_sense": 0.6, "zero_filled": 0.5, "network": before, "network_ttt": after, "iterations": 120}


def test_the_table_groups_masks_and_names_the_least_gain():
    found = [(case, row(0.7, 0.8 - 0.01 * case.seed)) for case in CASES]
    grouped = groups(found)
    assert next(iter(grouped)) == "as measured"
    assert {len(some) for name, some in grouped.items() if "hold-outs" in name} == {HOLDOUTS}
    assert sum("hold-outs" in name for name in grouped) == len(MASKS)
    cells = forms_table({next(iter(NETWORKS)): found}, "A caption").cells
    equispaced = next(line for line in cells if line[0].startswith("equispaced mask"))
    assert equispaced[1:] == ("0.600", "0.700", "0.780")
    assert gain(row(0.7, 0.65)) == pytest.approx(-0.05)
    assert in_words(Case(mask="equispaced_fraction", seed=3)) == "equispaced fraction mask, hold-out 3"

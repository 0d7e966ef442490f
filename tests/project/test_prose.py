"""Numbers in a notebook's prose come from its run: what a sentence states is printed by a cell, not typed."""

import re
from pathlib import Path

import pytest
from notebook_cells import read
from records import record

from mrilib.data.catalogue import SHIFTS, distribution
from mrilib.data.sources import slices_of
from mrilib.data.volumes import read_slice
from mrilib.paper_a.mixtures.sweep import Mixtures, Outcome
from mrilib.paper_a.published import CLOSED
from mrilib.paper_a.table_2 import stored_block
from mrilib.paper_a.variants_that_fail import tables as variants
from mrilib.paper_a.variants_that_fail.experiment import Closing
from mrilib.sample import undersample
from mrilib.sampling import Undersampling
from mrilib.scoring import best_cg_sense, cg_sense_scores, slice_ssim, with_cropped_maps, zero_filled
from mrilib.store.project import find_root, notebooks
from mrilib.train.networks import dataset

ROOT = find_root(Path(__file__).parent)
GENERATED = notebooks(ROOT)
RESULT = re.compile(r"(?<![\w.])[+−-]?0?\.\d{2,}")  # a score or a difference of scores
ELSEWHERE = re.compile(r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|\[doi:[^\]]*\]")  # code, formulas, addresses
OF_THE_PAPER = {
    "08": {"0.0015", "0.018"},  # paper A, Table 4: TTT of VarNet ahead of ZS-SSL and of an un-trained network
    "09": {".8429", ".8859", ".0095", ".0088"},  # paper A, Table 6
    "12": {"0.001", "0.006"},  # paper B, Table 2: behind in distribution and ahead at 3-fold
}
OF_THE_SCANNER = {"01": {"0.08", "0.23"}}  # background of the real brain: see the test of its figures
every_generated = pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.stem)


def prose(path):
    """Text before the exercises, which are worked with given numbers."""
    cells = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    return ELSEWHERE.sub("", "\n".join(cells).partition("## Exercises")[0])


@every_generated
def test_no_result_is_typed(path):
    number = path.stem[:2]
    assert set(RESULT.findall(prose(path))) <= OF_THE_PAPER.get(number, set()) | OF_THE_SCANNER.get(number, set())


@every_generated
def test_a_percentage_of_a_gap_is_not_typed(path):
    closed = [float(text.split()[0]) for model in ("unet", "varnet") for text in CLOSED[model].values()]
    of_paper_a = f"{min(closed):.0f} to {max(closed):.0f} % of the gap"
    assert not re.findall(r"\d %[^.]{0,30}of the gap", prose(path).replace(of_paper_a, ""))


@every_generated
def test_code_before_the_first_figure_is_folded(path):
    before = []
    for cell in read(path).cells:
        if cell.cell_type == "code":
            before.append(cell.metadata.get("jupyter", {}).get("source_hidden", False))
            if re.search(r"\bsetup\(", cell.source):
                break
    assert all(before)
    assert len(before) == 3, "imports, parameters, setup"


@every_generated
def test_a_figure_follows_the_setup(path):
    cells = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    at = next(n for n, source in enumerate(cells) if re.search(r"\bsetup\(", source))
    assert re.search(r"\bkeep\(|_explorer\(|_chart\(", cells[at + 1]), "the message first, and its figure with it"


@every_generated
def test_every_reference_can_be_followed(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    entries = re.findall(r"^- .+$", text.partition("## References")[2], re.MULTILINE)
    assert entries
    assert all("](https://" in entry for entry in entries)


# --- what a title or an answer states, against the stored rows or the library ---------------------------------------

NATURAL = [shift for shift in SHIFTS if shift != "adversarially_filtered"]


def stored_scores(shift):
    p = record("04")
    return stored_block("unet", shift, experiment=p.experiment, settings=p.settings, slices=p.test_slices).result


def test_02_training_on_q_is_better_under_the_natural_shifts_and_not_on_hard_slices():
    assert all(stored_scores(shift).before.low > 0 for shift in NATURAL)
    assert stored_scores("adversarially_filtered").before.low < 0


def test_03_a_quarter_of_q_brings_most_of_the_gain_and_costs_little():
    p = record("03")
    for shift in NATURAL:
        sweep = Mixtures(p.experiments[shift], p.test_slices).sweep((0.0, 0.25, 1.0), False, "cpu")
        found = Outcome(sweep[0.25], sweep[0.0], sweep[1.0])
        assert found.gained.interval.value > 0.6
        assert found.lost.value < 0.015


def test_07_papers_loss_closes_most_of_the_gap_and_scales_and_offsets_half():
    p = record("07")
    rows = {
        key: variants.consistency(p, *key, "cpu").read(False)["after"]
        for key in [(m, s) for m in variants.METHODS for s in "QP"]
    }
    before = stored_scores("anatomy").scores
    pair = before["supervised on Q"], before["supervised on P"]
    closed = {name: Closing(*pair, rows[name, "Q"], rows[name, "P"]).closed.interval.value for name in variants.METHODS}
    assert closed["joint"] > 0.7
    assert closed["affine-only"] == pytest.approx(0.5, abs=0.1)


def test_00_what_both_scores_gain_at_half_the_acceleration():
    p, scores = record("00"), {}
    for acceleration in (4, 2):
        sample = dataset(p.contrast, "test", 1, acceleration, "simulated")[0]
        images = zero_filled(sample), best_cg_sense(sample, p.iterations)
        scores[acceleration] = [slice_ssim(image, sample)[0] for image in images]
    gains = [f"{low - high:.2f}" for low, high in zip(scores[2], scores[4], strict=True)]
    assert gains == ["0.17", "0.10"]


@pytest.mark.parametrize(("acceleration", "best_at", "fall"), [(4, 8, "0.08"), (2, 3, "0.14")])
def test_01_when_cg_sense_is_best_and_how_far_it_falls(acceleration, best_at, fall):
    p = record("01")
    [(path, index)] = slices_of(distribution(p.data), "test", 1, "simulated")
    found = read_slice(path, index)
    mask = Undersampling(acceleration, kind=p.mask_kind).mask(path.name, found.kspace.shape[-1])
    sample = with_cropped_maps(undersample(found.kspace, mask, path.name, found.info.recon_size), p.crop)
    scores = cg_sense_scores(sample, p.iterations)
    assert (1 + scores.index(max(scores)), f"{max(scores) - scores[-1]:.2f}") == (best_at, fall)

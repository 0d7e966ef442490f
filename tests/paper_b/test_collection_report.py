"""Section 7 shown: names and numbers of the rows stand where they belong."""

import pytest
import torch

from mrilib.data.twins import TWINS
from mrilib.figures.plot import Picture
from mrilib.gap import Interval
from mrilib.paper_b.a_diverse_collection import report
from mrilib.paper_b.a_diverse_collection.published import ARTEFACTS
from mrilib.paper_b.collection import TESTED, Example
from mrilib.paper_b.protocol import paper_b, union
from mrilib.paper_b.study import Study

ARMS = (*TESTED, "d_p", "d_p_few")


@pytest.fixture
def study():
    parts = [part for name in TESTED for part in TWINS[name]]
    made = Study("none", dict.fromkeys(ARMS), dict.fromkeys(parts))
    for place, arm in enumerate(ARMS):
        for part in parts:
            made._read[arm, part] = {"ssim": [0.5 + 0.01 * place] * 2, "artefacts": [200.0 - place] * 2}
    return made


def test_a_population_is_described_by_its_scan():
    assert report.parameters_of("7t_axial") == "axial, 7 T\n32 coils, 116×94\nnoise 6 %"


def test_one_population_of_each_dataset_is_shown():
    assert len(report.one_of_each()) == len(TWINS) == 17
    assert report.one_of_each(["fastmri_prostate"]) == list(TWINS["fastmri_prostate"])
    assert set(report.FEW) < set(TWINS)


def test_tables_stand_beside_the_printed_numbers(study):
    found = report.beside_paper(study, "artefacts", ARTEFACTS["U-Net"], 0, "A caption")
    assert found.headings[:2] == ("trained on", "fastMRI knee")
    assert [row[0] for row in found.cells] == ["fastMRI knee", "fastMRI brain", "13 datasets", "test distribution"]
    assert found.cells[0][1] == "200 (257)"
    assert found.cells[3][3] == "198 (239)"  # CC-359's own network


def test_gains_are_of_the_collection_over_fastmri(study):
    found = report.gains(study)
    assert found["over_best_nyu"].value == pytest.approx(0.05)
    assert found["over_knee_elsewhere"].value == pytest.approx(0.06)
    artefacts = report.gains(study, "artefacts")
    assert artefacts["over_brain_elsewhere"].value == pytest.approx(5)
    assert "over_best_nyu" not in artefacts
    rows = report.gains_table({"U-Net": study}, "A caption").cells
    assert rows[2][0] == "brain, sagittal (CC-359)"
    assert rows[2][1].startswith("0.050")
    assert rows[2][3].startswith("0.040")


def test_the_chart_goes_from_the_better_fastmri_network_to_the_collection(study):
    spec = report.scores_chart(study, "simulated").to_dict()
    title, told = " ".join(spec["title"]), spec["description"]
    assert title == (
        "The network trained on 13 datasets scores higher than the better fastMRI network on 4 of 4 unseen datasets, "
        "with no clear loss on fastMRI (simulated data)"
    )
    assert "knee (NYU): better fastMRI network 0.510, 13 datasets 0.560, its own network 0.530, +0.050 [" in told
    assert "fastMRI knee (in distribution): " in told


def test_the_best_network_of_a_row_is_in_bold_and_the_own_one_stands_apart(study):
    lines = report.scores_in_bold(study, "Beneath").data.splitlines()
    nyu = next(line for line in lines if line.startswith("| knee (NYU)"))
    assert nyu == "| knee (NYU) | 0.500 | 0.510 | 0.560 | **0.570** | 0.530 |"
    assert lines[-1] == "Beneath"


def test_gains_are_drawn_and_told_over_the_better_fastmri_network(study):
    spec = report.gains_chart(study, "simulated").to_dict()
    assert " ".join(spec["title"]) == (
        "With as few slices as one dataset, diverse data still win on 4 of 4 unseen datasets (simulated data)"
    )
    assert "knee (NYU), 13 datasets +0.050" in spec["description"]
    assert "test distribution" not in spec["description"], "it is in the chart of the scores"
    first, few, left = report.in_words(study)
    assert first.startswith("**13 datasets minus the better fastMRI network:** brain, sagittal (CC-359)")
    assert "knee (NYU) +0.050 [0.050, 0.050]" in first
    assert "knee (NYU) +0.060 [0.060, 0.060]" in few
    assert "knee (NYU) −0.030 [−0.030, −0.030]" in left


def test_a_loss_on_fastmri_with_few_slices_is_in_the_title(study):
    for place, parts in enumerate((TWINS["fastmri_knee"], TWINS["fastmri_brain"])):
        for part in parts:
            study._read["d_p_few", part] = {"ssim": [0.1] * 2, "artefacts": [200.0] * 2}
        title = " ".join(report.gains_chart(study, "simulated").to_dict()["title"])
        assert f"but lose on {('one of the', 'both')[place]} fastMRI datasets" in title


def test_twins_may_have_other_titles(monkeypatch):
    drawn = {}
    monkeypatch.setattr(report, "image_row", lambda images, titles, captions, **_: drawn.update(titles=titles))
    report.twins_picture(["m4raw_gre"], "An alt text")
    assert drawn["titles"] == ["M4Raw GRE"]
    report.twins_picture(["m4raw_gre"], "An alt text", titles=["brain"])
    assert drawn["titles"] == ["brain"]


def test_a_step_whose_interval_holds_zero_is_undecided():
    one, other = Interval(0.003, 0.001, 0.005, 12), Interval(-0.023, -0.038, 0.008, 12)
    level = "**Enlarging** has no clear effect on SSIM (−0.023 [−0.038, 0.008])."
    assert report.steps_in_words(one, one, other)[1] == level


def test_examples_are_a_dataset_a_column():
    image = torch.rand(16, 16, generator=torch.Generator().manual_seed(0))
    one = Example(image, {"d_p": image}, {"d_p": 1.0})
    picture = report.examples_picture({"nyu": one}, ["d_p"], "simulated", "An alt text")
    assert (picture.alt, picture.title) == (
        "An alt text: knee (NYU), 13 datasets SSIM 1.000",
        "On 0 of 1 slices from unseen datasets, diverse training data raise SSIM (simulated data)",
    )


def test_examples_begin_with_the_target_and_tell_what_the_last_network_gains(monkeypatch):
    image = torch.rand(20, 20, generator=torch.Generator().manual_seed(0))
    one = Example(image, {"d_p": image, "fastmri_brain": image}, {"fastmri_brain": 0.5, "d_p": 0.625})
    drawn = []
    monkeypatch.setattr(report, "image_grid", lambda *grid, alt, **_: drawn.extend(grid) or Picture(b"", alt, 1))
    picture = report.examples_picture({"nyu": one}, ["fastmri_brain", "d_p"], "simulated", "alt")
    assert picture.alt == "alt: knee (NYU), fastMRI brain SSIM 0.500, 13 datasets SSIM 0.625"
    rows, names, columns, captions = drawn
    assert names == ["fully sampled", "trained on fastMRI brain", "trained on 13 datasets"]
    assert columns == ["knee\n(NYU)"]
    assert captions == [[""], ["SSIM 0.500"], ["SSIM 0.625 (+0.125)"]]
    assert {row[0].shape[0] < row[0].shape[1] for row in rows} == {True}, "wider than high"
    assert picture.title.startswith("On 1 of 1 slices")


def test_every_network_is_listed_with_its_slices():
    spec = union("two", {"m4raw_gre": 3, "prostate_t2": 2}, {"name": "norm_unet"}, paper_b(1))
    rows = report.arms_rows(Study("none", {"d_p": spec}, {}))
    assert rows == [{"arm": "13 datasets", "slices": 5, "parts": 2}]

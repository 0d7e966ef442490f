"""`--check` finds what a run would need and says what is missing."""

from types import SimpleNamespace

import pytest
import torch
from annotated_files import brains
from records import record, section

from mrilib.data.catalogue import distribution
from mrilib.data.kept import size_of
from mrilib.data.stored import in_bytes
from mrilib.data.twins import DISEASED, HEALTHY
from mrilib.data.volumes import write_volume
from mrilib.models.build import build
from mrilib.running.check import check, measured_step
from mrilib.running.parameters import networks_of
from mrilib.running.slice_lists import slice_lists
from mrilib.store.parameters import ParameterError

TINY = {"train_slices": 4, "epochs": 1, "chans": 2, "num_pool_layers": 2, "test_slices": 2, "ttt_iterations": 3}


def checked(number, profile="quick", **changes):
    return check(section(number), record(number, profile, **changes))


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MRILIB_DATA", raising=False)


def test_a_simulated_run_is_ready_and_says_what_it_will_train():
    report = checked("04", **TINY)
    assert report.ready
    assert "weights: 0 of 4 found, 4 to train" in report.lines
    assert any("measured step" in line for line in report.lines)


def test_files_without_a_folder_are_missing():
    report = checked("04", source="files", **TINY)
    assert not report.ready
    assert any(line.startswith("MISSING") and "MRILIB_DATA, which is not set" in line for line in report.lines)


def test_files_are_counted_by_rule(monkeypatch, tmp_path, generator):
    monkeypatch.setenv("MRILIB_DATA", str(tmp_path))
    kspace = torch.complex(*torch.randn(2, 3, 2, 8, 372, generator=generator))
    for n in range(2):
        path = tmp_path / "knee_multicoil_train" / f"file{n}.h5"
        write_volume(path, kspace, attributes={"acquisition": "CORPD_FBK"})
    report = checked("04", source="files", **TINY)
    assert any("data: 4 of 4 train slices of knee_pd" in line for line in report.lines)
    assert any(line.startswith("MISSING  data: 0 of 2 test slices of brain_axt2") for line in report.lines)
    assert any(line.startswith("MISSING  data: 4 of 24 validation slices of knee_pd") for line in report.lines)


@pytest.mark.parametrize(
    ("notebook", "changes", "found"),
    [
        (
            "02",
            {"test_slices": 3},
            {("knee_pdfs_coronal", "test"): 1, ("brain_axt2", "test"): 3, ("stanford", "validation"): 24},
        ),
        ("03", {"test_slices": 3}, {("knee_pdfs_coronal", "test"): 3, ("stanford", "test"): 3}),
        ("05", {"validation_slices": 40, "test_slices": 3}, {("knee_pd", "validation"): 40, ("brain_axt2", "test"): 3}),
        ("08", {"validation_slices": 40}, {("brain_axt2", "validation"): 40, ("knee_pd", "validation"): 24}),
        ("09", {"curve_slices": 40}, {("knee_pd", "validation"): 40}),
        ("11", {"test_slices": 3}, {("fm_brain_t2_skyra", "test"): 3, ("fm_knee_pd_aera", "validation"): 8}),
        (
            "12",
            {"test_slices": 9, "best_slices": 5},
            {("fm_brain_t2_skyra", "validation"): 9, ("fm_knee_pd_aera", "test"): 5},
        ),
        ("13", {"test_slices": 3}, {("fm_brain_t2_skyra_lesions", "test"): 3}),
        ("14", {"test_slices": 20}, {("fm_brain_t2_skyra", "test"): 4, ("fm_knee_pd_aera", "validation"): 3}),
        ("15", {"test_slices": 12}, {("cc_359_sagittal", "test"): 12, ("cc_359_sagittal", "validation"): 8}),
        ("16", {"validation_slices": 3, "test_slices": 5}, {("m4raw_t2", "validation"): 3, ("m4raw_t2", "test"): 5}),
        ("17", {"test_slices": 12}, {("m4raw_gre", "test"): 12, ("m4raw_gre", "validation"): 8}),
        ("18", {"test_slices": 6}, {("m4raw_gre", "test"): 6, ("stanford_2d_knee", "train"): 32}),
    ],
)
def test_every_split_that_a_notebook_reads_is_counted(notebook, changes, found):
    lists = slice_lists(section(notebook), record(notebook, **changes))
    assert {key: lists.get(key) for key in found} == found


def test_the_paper_profile_is_the_papers_network():
    paper = record("04", "paper")
    spec = paper.experiment.spec("joint", "P")
    assert sum(p.numel() for p in build(spec.architecture).parameters()) == 31_024_386
    assert (spec.recipe.epochs, spec.recipe.learning_rate, spec.recipe.batch_size) == (300, 1e-5, 1)
    assert spec.train_slices == 376
    assert (paper.ttt_iterations, paper.ttt_learning_rate) == (2500, 1e-5)


def test_masks_and_lists_are_the_papers(monkeypatch):
    monkeypatch.setattr("mrilib.running.check.measured_step", lambda spec, device: 1.0)
    lines = "\n".join(checked("02", "paper").lines)
    for published in ("99", "94", "83", "186"):
        assert f"the published mask has {published}" in lines
    for name, count in {"brain_axt2": 310, "knee_pd": 376, "knee_pdfs_coronal": 366}.items():
        assert f"0 of {count} train slices of {name}" in lines
    for count in (
        "308 train slices of stanford",
        "320 train slices of brain_axt1pre",
        "76 test slices of brain_axt1pre",
    ):
        assert f"0 of {count}" in lines
    for count in ("100 test slices of brain_axt2", "97 test slices of knee_pd", "88 test slices of stanford"):
        assert f"0 of {count}" in lines


@pytest.mark.parametrize(
    ("notebook", "count"),
    [
        ("02", 7),
        ("03", 23),
        ("04", 4),
        ("05", 8),
        ("06", 0),
        ("07", 8),
        ("08", 6),
        ("09", 6),
        ("10", 9),
        ("14", 1),
        ("16", 0),
        ("17", 5),
        ("19", 0),
    ],
)
def test_every_network_of_a_notebook_is_counted_once(notebook, count):
    found = networks_of(section(notebook), record(notebook, "paper"))
    assert len(found) == len({str(spec.card) for spec in found}) == count


def test_a_step_takes_time():
    assert measured_step(record("04", **TINY).experiment.spec("joint", "P"), "cpu") > 0


def test_hours_are_steps_times_their_seconds(monkeypatch):
    """A negative number of iterations gave "at most -0.1 h"."""
    monkeypatch.setattr("mrilib.running.check.measured_step", lambda spec, device: 900.0)
    lines = str(checked("04", **TINY))
    assert "training 4.0 h" in lines, "four networks, four slices, one epoch"
    assert "test-time training at most 4.5 h (3 networks, 2 slices" in lines, "three iterations"
    with pytest.raises(ParameterError, match="ttt_iterations: expected int, at least 1"):
        record("04", ttt_iterations=-1)


def test_notebook_19_needs_its_data():
    assert not checked("19").ready


def test_networks_of_unions_are_counted_by_distribution(monkeypatch):
    monkeypatch.delenv("MRILIB_DATA", raising=False)
    lines = str(checked("11", chans=2, num_pool_layers=2))
    assert "anatomy_p_and_q_4x: 240 training slices of 16 distributions" in lines
    assert "data: 20 train slices of fm_knee_pd_aera, simulated on demand" in lines
    report = checked("11", "paper")
    assert not report.ready
    assert "7,756,097 parameters (norm_unet)" in str(report)
    assert "0 of 2000 train slices of fm_knee_pd_skyra in MRILIB_DATA, which is not set" in str(report)


def test_annotated_heads_are_counted_by_the_csv(tmp_path, monkeypatch):
    small = {"chans": 2, "num_pool_layers": 2}
    assert "data: 8 test slices of fm_brain_t2_skyra_lesions, simulated on demand" in str(checked("13", **small))
    lines = str(checked("13", "paper", **small))
    assert "0 of 250 train slices of fm_brain_t2_skyra_lesions in the files of fastMRI+'s brain.csv" in lines
    asked = small | {"annotations": str(brains(tmp_path, monkeypatch, 20)), "train_slices": 72}
    report = checked("13", "paper", **asked)
    lines = str(report)
    assert report.ready
    assert f"data: 20 of 12 train slices of {HEALTHY[0].name}" in lines
    assert f"'data: 18 of 80 test slices of {DISEASED[0].name}" in lines  # all there are will do
    monkeypatch.delenv("MRILIB_DATA")
    lines = str(checked("13", "paper", **asked))
    assert f"0 of 80 test slices of {DISEASED[0].name} in MRILIB_DATA, which is not set" in lines


def test_memory_and_disk_are_stated(monkeypatch, tmp_path):
    """310 slices of fastMRI's brain, 768 × 396 with 12 coils of 62 MB each: 19 GB, all but 2 of them on disk."""
    monkeypatch.setattr("mrilib.running.check.measured_step", lambda spec, device: 1.0)
    [line] = [line for line in checked("04", **TINY).lines if "prepared slices" in line]
    assert line.endswith(f"takes {in_bytes(4 * size_of(12, (128, 128)))}, in memory")
    wanted = 310 * size_of(12, (768, 396))
    free = SimpleNamespace(free=wanted)
    monkeypatch.setattr("mrilib.data.kept.shutil.disk_usage", lambda _: free)
    [line] = [line for line in checked("04", "paper").lines if "prepared slices" in line]
    kept = f"takes {in_bytes(wanted)}: 2 GB in memory, {in_bytes(wanted - 2e9)} in a temporary file in {tmp_path}/cache"
    assert line == f"memory: the longest list of prepared slices {kept}, where {in_bytes(wanted)} are free"
    free.free = wanted - 2 * 10**9 - 1
    [line] = [line for line in checked("04", "paper").lines if "prepared slices" in line]
    assert line.startswith("MISSING  memory: ")


def test_sizes_of_files_are_those_of_the_first(monkeypatch, tmp_path, generator):
    monkeypatch.setenv("MRILIB_DATA", str(tmp_path))
    monkeypatch.setattr("mrilib.running.check.measured_step", lambda spec, device: 1.0)
    kspace = torch.complex(*torch.randn(2, 3, 7, 50, 372, generator=generator))
    for folder in ("knee_multicoil_train", "knee_multicoil_val"):
        write_volume(tmp_path / folder / "file0.h5", kspace, attributes={"acquisition": "CORPD_FBK"})
    asked = TINY | {"train_slices": 1000}
    [line] = [line for line in checked("04", source="files", **asked).lines if "prepared slices" in line]
    assert f"takes {in_bytes(1000 * size_of(12, (768, 396)))}: " in line, "the brain's, of which there are no files"
    monkeypatch.setattr("mrilib.running.check.distribution", lambda _: distribution("knee_pd"))
    [line] = [line for line in checked("04", source="files", **asked).lines if "prepared slices" in line]
    assert f"takes {in_bytes(1000 * size_of(7, (50, 372)))}: 2 GB in memory" in line


def test_a_file_that_cannot_be_used_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_DATA", str(tmp_path))
    (tmp_path / "knee_multicoil_train").mkdir()
    (tmp_path / "knee_multicoil_train" / "half.h5").touch()
    report = checked("04", source="files", **TINY)
    assert not report.ready
    assert any(
        "MISSING  data: train slices of knee_pd: " in one and "half.h5: the file is empty" in one
        for one in report.lines
    )

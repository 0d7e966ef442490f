"""Twins of paper B's datasets: as many, as they are named, and noisier where signal is scarce."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mrilib.data.catalogue import DISTRIBUTIONS, distribution
from mrilib.data.collections import COLLECTIONS
from mrilib.data.simulated import POPULATION, SPLITS, simulate_patient, simulated_slices
from mrilib.data.twins import DISEASED, HEALTHY, PARTS, PD, PDFS, SIXTEEN, TWINS, noise
from mrilib.data.volumes import inspect_volume
from mrilib.simulate.anatomies import ANATOMIES

BODY = {"knee": "knee_joint", "brain": "head", "prostate": "pelvis"}


def test_every_dataset_has_a_twin_whose_shares_add_up():
    assert list(TWINS) == list(COLLECTIONS)
    for shares in TWINS.values():
        assert sum(shares.values()) == pytest.approx(1)
        assert set(shares) <= set(DISTRIBUTIONS)
    assert sorted(name for shares in TWINS.values() for name in shares) == sorted(part.name for part in PARTS)


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_has_the_datasets_anatomy_view_field_and_coils(name):
    one, scans = COLLECTIONS[name], [distribution(part).scan for part in TWINS[name]]
    for scan in scans:
        body, _, view = scan.anatomy.rpartition("_")
        assert body == BODY.get(one.anatomy, body)
        assert view == one.view or one.view == "various"
        assert f"{scan.field_strength:g}" in one.field.split(", ")
    coils = [int(number) for number in one.coils.replace("-", ", ").split(", ")]
    assert min(coils) <= min(scan.coils for scan in scans) <= max(scan.coils for scan in scans) <= max(coils)
    if one.view == "various":
        assert len({scan.anatomy for scan in scans}) > 1


def test_the_16_distributions_of_fastmri_are_the_papers():
    assert len(SIXTEEN) == 16
    fields = [part.scan.field_strength for part in SIXTEEN]
    assert (fields.count(1.5), fields.count(3.0)) == (7, 9)
    assert [part.scan.anatomy for part in SIXTEEN].count("knee_joint_coronal") == 6
    assert {part.name for part in SIXTEEN} == {*TWINS["fastmri_knee"], *TWINS["fastmri_brain"]}
    t2 = sum(share for name, share in TWINS["fastmri_brain"].items() if "_t2_" in name)
    assert t2 == pytest.approx(0.60)
    assert distribution("fm_brain_t2_avanto").scan.coils == 4  # of the shift in coils


def test_people_are_shared_where_one_scan_gives_several_images():
    population = {part.name: part.population for part in PARTS}
    for dataset in ("m4raw", "stanford_3d", "7t", "cc_359"):
        assert len({number for name, number in population.items() if name.startswith(dataset)}) == 1
    assert population["skm_tea_first_8"] == population["skm_tea_second_8"] != population["skm_tea_first_16"]
    assert len({population[part.name] for part in SIXTEEN}) == 16
    assert 0 not in population.values()  # of paper A's


def test_a_view_of_the_same_person_has_the_same_head(tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    names = []
    for part in ("cc_359_axial", "cc_359_sagittal", "fm_brain_t2_skyra"):
        path = simulated_slices(distribution(part), "test", 1)[0][0]
        names.append(inspect_volume(path).patient_id.rpartition("-")[2])
    assert names[0] == names[1] != names[2]
    assert int(names[0]) % POPULATION == SPLITS["test"][0]


def test_heads_with_lesions_are_of_other_people_in_the_same_scanners():
    assert len(HEALTHY) == len(DISEASED) == 10
    assert set(HEALTHY) <= set(SIXTEEN)
    for well, ill in zip(HEALTHY, DISEASED, strict=True):
        assert ANATOMIES[ill.scan.anatomy].diseased
        assert replace(ill.scan, anatomy=well.scan.anatomy) == well.scan
        assert (ill.folder, ill.acquisition, ill.scanner) == (well.folder, well.acquisition, well.scanner)
    assert len({part.population for part in (*PARTS, *DISEASED)}) == len({part.population for part in PARTS}) + 10


def test_noise_follows_the_field():
    levels = [noise(PD, field) for field in (0.3, 1.5, 3.0, 7.0)]
    assert levels == sorted(levels, reverse=True)
    assert levels[2] == 0.09
    assert levels[0] / levels[2] == pytest.approx(math.sqrt(10))
    assert noise(PDFS, 3.0) > noise(PD, 3.0)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_part_can_be_scanned(part):
    scan = part.scan
    assert scan.anatomy in ANATOMIES
    assert scan.sequence.repetition_time > scan.sequence.echo_time > 0
    assert 0.05 < scan.background < 0.35
    assert part.train_slices <= len(SPLITS["train"])
    assert part.folder.split("/")[0] in {*TWINS, "knee_multicoil_train", "brain_multicoil_train"}
    assert part.folder != part.test_folder
    assert bool(part.scanner) == (part in SIXTEEN)


@pytest.mark.parametrize("name", ["7t_sagittal", "m4raw_gre", "prostate_t2"])
def test_a_slice_is_as_large_and_as_noisy_as_it_is_said_to_be(name):
    part = distribution(name)
    made = simulate_patient(part, 3)
    assert made.kspace.shape == (part.scan.coils, *part.scan.matrix)
    clean = np.abs(made.sens_maps * made.image) ** 2
    noise_rss = np.sqrt((np.abs(np.fft.ifft2(made.kspace, norm="ortho")) ** 2).sum(0))
    assert np.percentile(noise_rss, 95) == pytest.approx(np.percentile(np.sqrt(clean.sum(0)), 95), rel=0.1)

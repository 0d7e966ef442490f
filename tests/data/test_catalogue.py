"""The catalogue: paper A's distributions and shifts, each with a simulation and a rule for files."""

import pytest

from mrilib.data.catalogue import DISTRIBUTIONS, SHIFTS, distribution, shift
from mrilib.data.simulated import SPLITS
from mrilib.data.twins import DISEASED, PARTS
from mrilib.sampling import CENTER_FRACTIONS
from mrilib.simulate.anatomies import ANATOMIES


def test_names_are_found():
    for name in DISTRIBUTIONS:
        assert distribution(name).name == name
    for name in SHIFTS:
        assert shift(name).name == name


@pytest.mark.parametrize(
    ("find", "name", "nearest"), [(distribution, "knee_pfds", "knee_pdfs"), (shift, "anatomi", "anatomy")]
)
def test_a_misspelt_name_gets_the_nearest_one(find, name, nearest):
    with pytest.raises(ValueError, match=rf"unknown .* '{name}'; did you mean '{nearest}'\?$") as error:
        find(name)
    assert "\n" not in str(error.value)


def test_a_name_like_no_other_gets_the_beginning_of_the_list():
    with pytest.raises(ValueError, match="there are: ") as error:
        distribution("zzz")
    assert "did you mean" not in str(error.value)
    assert f"({len(DISTRIBUTIONS)} in all)" in str(error.value)


@pytest.mark.parametrize(
    ("name", "train", "test", "per_volume", "acquisition"),
    [
        ("knee_pd", 376, 97, 2, "CORPD_FBK"),
        ("knee_pdfs", 366, 97, 2, "CORPDFS_FBK"),
        ("brain_axt2", 310, 100, 1, "AXT2"),
        ("brain_axt1pre", 320, 76, 2, "AXT1PRE"),
        ("knee_pdfs_coronal", 366, 97, 2, "CORPDFS_FBK"),
        ("stanford", 308, 88, 22, "STANFORD3D"),
    ],
)
def test_lists_are_as_long_as_paper_a_published_them(name, train, test, per_volume, acquisition):
    entry = distribution(name)
    assert (entry.train_slices, entry.test_slices, entry.slices_per_volume) == (train, test, per_volume)
    assert entry.acquisition == acquisition


PAPER_A = [entry for entry in DISTRIBUTIONS.values() if entry not in (*PARTS, *DISEASED)]


@pytest.mark.parametrize("entry", PAPER_A, ids=lambda entry: entry.name)
def test_every_distribution_has_a_twin_that_can_be_simulated(entry):
    scan = entry.scan
    assert scan.anatomy in ANATOMIES
    assert entry.name.partition("_")[0] in ("stanford", scan.anatomy.partition("_")[0])
    assert 0.05 < scan.background < 0.25  # what scanners give, see the module's text
    assert 2 * max(abs(scan.grid().y[:, 0])) >= 0.95 * scan.field_of_view
    assert scan.sequence.repetition_time > scan.sequence.echo_time > 0
    assert entry.train_slices <= len(SPLITS["train"])
    assert entry.test_slices <= len(SPLITS["test"])


@pytest.mark.parametrize("entry", SHIFTS.values(), ids=list(SHIFTS))
def test_every_shift_joins_known_distributions_and_changes_one_thing(entry):
    p, q = distribution(entry.p), distribution(entry.q)
    assert {entry.p_acceleration, entry.q_acceleration} <= set(CENTER_FRACTIONS)
    assert (p is q) == (entry.p_acceleration != entry.q_acceleration)


def test_the_five_shifts_of_paper_a():
    assert set(SHIFTS) == {"anatomy", "dataset", "modality", "acceleration", "adversarially_filtered"}
    assert SHIFTS["anatomy"].p == "knee_pd"
    assert SHIFTS["anatomy"].q == "brain_axt2"
    coronal, sagittal = distribution(SHIFTS["dataset"].p), distribution(SHIFTS["dataset"].q)
    assert (coronal.scan.anatomy, sagittal.scan.anatomy) == ("knee_joint_coronal", "knee_joint_sagittal")
    assert (coronal.scan.coils, sagittal.scan.coils) == (15, 8)
    assert coronal.scan.sub_slices > sagittal.scan.sub_slices == 1  # a thick slice and a thin one
    assert coronal.population != sagittal.population  # no patient is on both sides
    assert distribution("knee_pd_hard").scan == distribution("knee_pd").scan
    assert distribution("knee_pd_hard").hardest_of > 1

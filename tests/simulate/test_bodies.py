"""Bodies in three dimensions: planes that cross agree where they cross, sides and ends are where they belong."""

import numpy as np
import pytest

from mrilib.simulate.anatomies import ANATOMIES, LEVELS
from mrilib.simulate.head import head
from mrilib.simulate.knee_joint import knee_joint
from mrilib.simulate.pelvis import pelvis
from mrilib.simulate.section import AFAR, VIEWS, Section, Waves, lattice, melt
from mrilib.simulate.shapes import Grid

BODIES = {"head": head, "knee_joint": knee_joint, "pelvis": pelvis}
GRID = Grid((97, 97), 2.5)  # odd, so that the middle pixel lies at 0
MIDDLE = 48


def along(fractions, tissue, where):
    return fractions[tissue][where] if tissue in fractions else np.zeros(97)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("patient", [0, 7])
def test_planes_agree_where_they_cross(body, patient):
    planes = {view: BODIES[body](patient, GRID, view, 0.0) for view in VIEWS}
    row, column = np.s_[MIDDLE, :], np.s_[:, MIDDLE]
    crossings = [
        ("axial", row, "coronal", row),  # along x at y = z = 0
        ("axial", column, "sagittal", row),  # along y
        ("coronal", column, "sagittal", column),  # along z
    ]
    for first, here, second, there in crossings:
        for tissue in set(planes[first]) | set(planes[second]):
            one, other = along(planes[first], tissue, here), along(planes[second], tissue, there)
            np.testing.assert_allclose(one, other, atol=1e-3, err_msg=f"{first}, {second}: {tissue}")


def centre(fraction):
    """Centre of mass in millimetres, (row, column)."""
    weight = fraction / fraction.sum()
    return (weight * GRID.y).sum(), (weight * GRID.x).sum()


def test_landmarks_lie_where_they_belong():
    axial, sagittal = (head(3, GRID, view, place) for view, place in (("axial", 34.0), ("sagittal", 32.0)))
    assert centre(axial["fluid"])[0] < -50  # eyes in front, which is up
    assert centre(sagittal["fluid"])[1] < -50  # and to the left when seen from the side
    neck = head(3, GRID, "coronal", 30.0)
    assert neck["muscle"][60:].sum() > neck["muscle"][:40].sum()  # below, as rows run to the feet
    knee = knee_joint(3, GRID, "sagittal", 0.0)
    assert centre(knee["blood"])[1] > 20  # vessels behind
    assert centre(knee_joint(3, GRID, "coronal", 22.0)["bone"] * (GRID.x > 30) * (GRID.y > 50))[1] > 30  # fibula, left
    assert "peripheral_zone" in pelvis(3, GRID, "axial", 0.0)
    assert centre(pelvis(3, GRID, "axial", 0.0)["cartilage"] * (np.abs(GRID.x) < 30) * (GRID.y > 10))[0] > 20  # rectum


@pytest.mark.parametrize("anatomy", [name for name in ANATOMIES if name.rpartition("_")[0] in BODIES])
def test_levels_go_from_the_first_slice_to_the_last(anatomy):
    planes = ANATOMIES[anatomy]
    assert planes.position(-LEVELS) == pytest.approx(planes.middle - planes.reach)
    assert planes.position(LEVELS) == pytest.approx(planes.middle + planes.reach)
    body = BODIES[anatomy.rpartition("_")[0]]
    for ours, theirs in zip(
        planes.paint(5, GRID, 0.3, 0.5).values(),
        body(5, GRID, planes.view, planes.position(0.3) + 1.0).values(),
        strict=True,
    ):
        assert np.array_equal(ours, theirs)


def test_distances_to_solids_are_millimetres():
    plane = Section.cut(GRID, "axial", 0.0)
    ball = plane.ellipsoid((0, 0, 0), (20, 20, 20))
    radius = np.hypot(GRID.x, GRID.y)
    near = (radius > 1) & (radius < 45)
    np.testing.assert_allclose(ball[near], (20 - radius)[near], atol=1e-9)
    assert plane.ellipsoid((0, 0, 70), (20, 20, 20)).max() <= -AFAR + 1e-9  # not cut at all
    rod = plane.tube((0, -30, 0), (0, 30, 0), 4, 8)
    assert rod[MIDDLE, MIDDLE] == pytest.approx(6)
    assert rod[MIDDLE, MIDDLE + 4] == pytest.approx(6 - 10)
    tilted = plane.ellipsoid((0, 0, 0), (10, 30, 10), nod=90.0)
    assert tilted[MIDDLE + 8, MIDDLE] < 0 < tilted[MIDDLE + 3, MIDDLE]  # the long axis now runs along z


def test_a_random_field_has_unit_variance_and_its_wavelength():
    planes = [Section.cut(GRID, view, 4.0) for view in VIEWS]
    values = np.stack([Waves(np.random.default_rng(seed), 25.0).at(planes[seed % 3]) for seed in range(12)])
    assert abs(values.mean()) < 0.1
    assert values.std() == pytest.approx(1, abs=0.1)
    spectrum = (np.abs(np.fft.fft2(values, norm="ortho")) ** 2).mean(0)
    frequency = np.hypot(np.fft.fftfreq(97, 2.5)[:, None], np.fft.fftfreq(97, 2.5)[None])
    assert 0.6 / 25 < (spectrum * frequency).sum() / spectrum.sum() < 1.1 / 25  # cut at random angles


def test_melting_joins_without_a_crease():
    one, other = np.linspace(-40, 40, 9), np.full(9, 0.0)
    joined = melt(one, other, 10)
    assert (joined >= np.maximum(one, other)).all()
    assert joined[4] == pytest.approx(2.5)
    assert joined[0] == 0
    assert joined[8] == pytest.approx(40)


def test_the_coils_see_the_plane_that_is_cut():
    points = lattice(Grid((8, 6), 2.0), "sagittal", 5.0, 3)
    assert (points[:, 0] == 5).all()
    assert sorted(set(points[:, 1])) == [-6, 0, 6]
    assert sorted(set(points[:, 2])) == [-8, 0, 8]


def test_an_unknown_view_is_named():
    with pytest.raises(ValueError, match="view 'oblique': expected one of axial, coronal, sagittal"):
        head(0, GRID, "oblique", 0.0)

"""Lesions lie where they are said to lie, change nothing else, and stand out as their contrast says."""

import numpy as np
import pytest

from mrilib.data.twins import FLAIR, T1POST, T2
from mrilib.simulate.anatomies import ANATOMIES
from mrilib.simulate.lesions import LARGEST, REACH, RIM, SMALLEST, Lesion, lesions
from mrilib.simulate.shapes import Grid
from mrilib.simulate.tissues import TISSUES

GRID = Grid((128, 128), 1.8)
HEALTHY, DISEASED = ANATOMIES["head_axial"], ANATOMIES["head_lesions_axial"]
CASES = [(patient, level) for patient in range(4) for level in (-0.4, 0.3)]


@pytest.mark.parametrize(("patient", "level"), CASES)
def test_nothing_changes_outside_the_lesions_and_their_rim(patient, level):
    healthy, diseased = (one.paint(patient, GRID, level) for one in (HEALTHY, DISEASED))
    position = HEALTHY.position(level)
    near = np.zeros(GRID.shape, bool)
    for lesion in lesions(patient, level, position):
        rows, columns = lesion.box(GRID, "axial", position)
        assert diseased["lesion"][rows, columns].max() > 0.5
        x, y, _ = lesion.centre
        near |= np.hypot(GRID.x - x, GRID.y - y) < lesion.radius + RIM + 8 * GRID.spacing
    assert near.any()
    for tissue, fraction in healthy.items():
        np.testing.assert_allclose(diseased[tissue][~near], fraction[~near], atol=1e-4)
    assert sum(diseased.values()).max() <= 1 + 1e-9
    assert "lesion" not in healthy


def test_sizes_span_the_range_and_rims_do_not_touch():
    radii = []
    for patient in range(200):
        found = lesions(patient, 0.0, 0.0)
        assert 1 <= len(found) <= 3
        assert all(one.apart(other) for n, one in enumerate(found) for other in found[:n])
        radii += [lesion.radius for lesion in found]
    assert SMALLEST <= min(radii) < 3.5
    assert 22 < max(radii) <= LARGEST
    assert lesions(3, 0.1, 5.0) == lesions(3, 0.1, 5.0) != lesions(4, 0.1, 5.0)


def test_an_anatomy_knows_its_lesions():
    assert HEALTHY.lesions(3, 0.1) == []
    assert DISEASED.lesions(3, 0.1) == lesions(3, 0.1, DISEASED.position(0.1))
    cores = [one for patient in range(200) for one in DISEASED.lesions(patient, 0.2)]
    assert max(np.hypot(*one.centre[:2]) + one.radius for one in cores) <= REACH


def test_the_box_holds_the_core():
    lesion = Lesion((10.0, -20.0, 3.0), 9.0)
    rows, columns = lesion.box(GRID, "axial", 3.0)
    inside = np.hypot(GRID.x - 10, GRID.y + 20) < 9
    assert inside[rows, columns].sum() == inside.sum()
    assert abs((rows.stop - rows.start) * GRID.spacing - 18) <= 2 * GRID.spacing
    assert lesion.box(GRID, "axial", 13.0) is None
    assert lesion.box(GRID, "coronal", -20.0) is not None


def test_lesions_are_bright_where_the_clinic_sees_them_bright():
    for sequence in (T2, FLAIR, T1POST):
        lesion, tissue = (sequence.signal(TISSUES[name], 3.0) for name in ("lesion", "white_matter"))
        assert lesion > 1.15 * tissue

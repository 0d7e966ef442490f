"""fastMRI+'s csv: boxes land on what they mark, and what does not fit is named with its line."""

import numpy as np
import pytest
from annotated_files import COLUMNS, HEIGHT, LEFT, MARK, ROWS, TOP, WIDTH, brains, csv_of, write

from mrilib.data.annotated import Heads
from mrilib.data.annotations import NORMAL, AnnotationError, read_annotations
from mrilib.data.twins import DISEASED, HEALTHY
from mrilib.data.volumes import inspect_volume, read_slice


def test_a_box_is_turned_over_with_the_image(tmp_path):
    path = write(tmp_path, "one")
    marks = read_annotations(csv_of(tmp_path, f"one,1,No,{MARK},Mass\n"))
    (box,) = marks.boxes(inspect_volume(path), 1)
    assert box == (slice(TOP, TOP + HEIGHT), slice(LEFT, LEFT + WIDTH))
    target = read_slice(path, 1).target
    assert target[box].min() > 0.9
    outside = target.clone()
    outside[box] = 0
    assert outside.max() < 0.1
    assert marks.boxes(inspect_volume(path), 0) == []


def test_several_boxes_and_labels_of_whole_volumes(tmp_path):
    path = write(tmp_path, "one")
    content = f'one,1,No,{MARK},Mass\none.h5,1,No,0,0,2,4,"Cyst, likely"\ntwo,0,Yes,,,,,{NORMAL}\none,0,Yes,,,,,Mass\n'
    marks = read_annotations(csv_of(tmp_path, content))
    assert len(marks.boxes(inspect_volume(path), 1)) == 2
    assert marks.boxes(inspect_volume(path), 1)[1] == (slice(ROWS - 4, ROWS), slice(0, 2))
    assert [row.label for row in marks.rows] == ["Mass", "Cyst, likely", NORMAL, "Mass"]
    assert marks.has_box(path, 1)
    assert not marks.has_box(path, 0)
    assert not marks.is_healthy(path)
    assert marks.is_healthy(tmp_path / "two.h5")
    marks.check({"one": inspect_volume(path), "two": inspect_volume(write(tmp_path, "two"))})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("one,1,No,a,1,2,3,Mass\n", r"line 2: x is 'a'; expected a whole number of at least 0"),
        (
            "one,1,No,1,1,2,3,Mass\none,1,No,1,-1,2,3,Mass\n",
            r"line 3: y is '-1'; expected a whole number of at least 0",
        ),
        ("one,1,No,1,1,0,3,Mass\n", r"line 2: width is '0'; expected a whole number of at least 1"),
        ("one,1,No,1,1,2,,Mass\n", r"line 2: height is ''; expected a whole number of at least 1"),
        ("one,1.5,No,1,1,2,3,Mass\n", r"line 2: slice is '1.5'"),
        ("one,1,perhaps,1,1,2,3,Mass\n", r"line 2: study_level is 'perhaps'; expected Yes or No"),
        ("one,1\n", r"line 2: study_level is ''; expected Yes or No"),
    ],
)
def test_rows_that_are_wrong_are_named(tmp_path, rows, message):
    with pytest.raises(AnnotationError, match=message):
        read_annotations(csv_of(tmp_path, rows))


def test_files_that_are_no_annotations_are_refused(tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("file,slice,label\none,1,Mass\n")
    with pytest.raises(AnnotationError, match="no column study_level, x, y, width, height; expected file,slice"):
        read_annotations(other)
    with pytest.raises(AnnotationError, match=r"annotations .*nowhere.csv: cannot be read"):
        read_annotations(tmp_path / "nowhere.csv")
    other.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AnnotationError, match="cannot be read"):
        read_annotations(other)


def test_rows_of_nothing_and_boxes_outside_are_refused(tmp_path):
    path = write(tmp_path, "one")
    volumes = {"one": inspect_volume(path)}
    missing = read_annotations(csv_of(tmp_path, "three,0,Yes,,,,,Mass\n"))
    with pytest.raises(AnnotationError, match=r"line 2: no volume three.h5 below MRILIB_DATA"):
        missing.check(volumes)
    late = read_annotations(csv_of(tmp_path, f"one,3,No,{MARK},Mass\n"))
    with pytest.raises(AnnotationError, match=r"line 2: one has no slice 3; the volume has slices 0 to 2"):
        late.check(volumes)
    for box in (f"{COLUMNS - 1},0,2,2", f"0,{ROWS - 1},2,2"):
        wide = read_annotations(csv_of(tmp_path, f"one,1,No,{box},Mass\n"))
        with pytest.raises(
            AnnotationError, match=rf"line 2: the box \(.*\) reaches outside the {ROWS}x{COLUMNS} image"
        ):
            wide.boxes(volumes["one"], 1)


@pytest.fixture
def root(tmp_path, monkeypatch):
    return brains(tmp_path, monkeypatch)


def test_files_are_parted_by_the_csv(root):
    heads = Heads("files", str(root))
    healthy, diseased = HEALTHY[0].name, DISEASED[0].name
    assert [(path.stem, index) for path, index in heads.pairs(healthy, "train", 3)] == [("h1", 0), ("h1", 1), ("h1", 2)]
    assert [(path.stem, index) for path, index in heads.pairs(diseased, "test", 1)] == [("d2", 1)]
    (pair,) = heads.pairs(diseased, "test", 1)
    assert heads.boxes(*pair) == [(slice(TOP, TOP + HEIGHT), slice(LEFT, LEFT + WIDTH))]
    assert heads.boxes(*heads.pairs(healthy, "test", 1)[0]) == []
    with pytest.raises(ValueError, match="found 1 of 2 slices"):
        heads.pairs(diseased, "test", 2)
    before = heads.digest(diseased, "test", 1)
    root.write_text(root.read_text() + "d2,1,No,0,0,2,2,Mass\n")
    assert heads.digest(diseased, "test", 1) != before


def test_files_need_a_csv_whose_rows_exist(root):
    with pytest.raises(ValueError, match=r"annotations: files need fastMRI\+'s brain.csv"):
        Heads("files").pairs(HEALTHY[0].name, "train", 1)
    other = root.with_name("other.csv")
    other.write_text(root.read_text() + "elsewhere,0,Yes,,,,,Mass\n")
    with pytest.raises(AnnotationError, match=r"line 6: no volume elsewhere\.h5"):
        Heads("files", str(other)).pairs(HEALTHY[0].name, "train", 1)


def test_simulated_heads_come_with_their_boxes(tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    heads = Heads()
    (pair,) = heads.pairs("fm_brain_t1post_avanto_lesions", "test", 1)
    boxes, target = heads.boxes(*pair), read_slice(*pair).target
    assert boxes
    for rows, columns in boxes:
        assert 0 <= rows.start < rows.stop <= target.shape[0]
        assert 0 <= columns.start < columns.stop <= target.shape[1]
    inside = np.mean([target[box].mean().item() for box in boxes])
    assert inside > 1.1 * target[40:70, 40:70].median().item()  # enhancing, within the brain
    (well,) = heads.pairs("fm_brain_t1post_avanto", "test", 1)
    assert heads.boxes(*well) == []

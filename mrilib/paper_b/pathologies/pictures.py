"""Pictures of heads with lesions: whole slices, and close-ups of single lesions beside their reconstructions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from torch import Tensor

from mrilib.data.annotated import Heads
from mrilib.data.annotations import Region
from mrilib.data.catalogue import distribution
from mrilib.data.volumes import read_slice
from mrilib.figures.crops import Crop, crops
from mrilib.figures.images import image_grid
from mrilib.figures.layout import Ring
from mrilib.figures.plot import Picture, comparison
from mrilib.metrics import region_ssim
from mrilib.paper_b.pathologies.analysis import Lesion, contrast_kept, lesions
from mrilib.paper_b.pathologies.experiment import contrast
from mrilib.paper_b.pathologies.images import LesionImages
from mrilib.paper_b.study import Study

REACH, RING = 16, 5  # image pixels: from the centre of a box to the edges of its close-up, and around it
TITLES = {"P": "trained on healthy heads only", "P and Q": "also trained on lesions"}
CLEAR = 2.5  # image pixels from a lesion to the ring around it
APART, CORNER = 4, 3  # image pixels: distance of the corners from a box, and their length


def first_slices(rows: Mapping[str, Sequence[str]], heads: Heads, kind: str) -> Picture:
    """First test slice of each population, a row of images for each row title, lesions marked by corners.

    The populations of the last row name the columns, as many as the shortest row has; `kind` states what they are.
    """
    count = min(map(len, rows.values()))
    images = [[_first(name, heads) for name in names[:count]] for names in rows.values()]
    titles = [distribution(name).title.removeprefix("fastMRI ") for name in [*rows.values()][-1][:count]]
    alt = f"One {kind} test slice each, {' and '.join(rows)}, lesions marked by corners: {'; '.join(titles)}"
    drawn = image_grid(images, [*rows], titles, alt=alt, vmax=1.0)
    return drawn.titled(f"Each column shows heads with the same contrast and scanner ({kind})")


def _first(name: str, heads: Heads) -> Tensor:
    """First test slice of a population, (y, x), white at 1, its lesions marked."""
    pair = heads.pairs(name, "test", 1)[0]
    found = read_slice(*pair).target
    white = white_of(found)
    for box in heads.boxes(*pair):
        found = cornered(found, box, white)
    return found / white


def cornered(image: Tensor, box: Region, value: float) -> Tensor:
    """Copy an image (y, x) and draw four corners of `value` around a box, APART pixels away from it."""
    marked = image.clone()
    (top, bottom), (left, right) = ((side.start - APART, side.stop + APART - 1) for side in box)
    for row, down in ((top, 1), (bottom, -1)):
        for column, along in ((left, 1), (right, -1)):
            for step in range(CORNER):
                for y, x in ((row + down * step, column), (row, column + along * step)):
                    if 0 <= y < image.shape[0] and 0 <= x < image.shape[1]:
                        marked[y, x] = value
    return marked


def example(images: LesionImages, lesion: Lesion, arms: Sequence[str], title: str) -> Picture:
    """Target and reconstructions with the lesion's box and its SSIM below, and error maps."""
    target, box = images.target(lesion), images.box(lesion)
    white = white_of(target)
    made = {arm: images.reconstruction(arm, lesion) for arm in arms}
    scores = {_title(arm): f"SSIM in box {_box_ssim(target, image, box):.3f}" for arm, image in made.items()}
    shown = {_title(arm): cornered(image, box, white) for arm, image in made.items()}
    alt = f"{title}: target, reconstructions and error maps, the lesion marked by corners; " + "; ".join(
        f"{name}, {score}" for name, score in scores.items()
    )
    marked = cornered(target, box, white)
    return comparison(marked, shown, scores, alt=alt, vmax=white, target_title=title)


def _details(
    images: LesionImages, lesion: Lesion, made: Mapping[str, Tensor], titles: tuple[str, str], scored: bool = False
) -> list[Crop]:
    """The head, and a lesion in the target and in reconstructions by title, each ringed, with its share of contrast."""
    target, box = images.target(lesion), images.box(lesion)
    close, dark, white = about(target, box)
    whole = (slice(0, target.shape[0]), slice(0, target.shape[1]))
    row = [Crop((target / white_of(target)).clamp(0, 1), titles[0], ring(box, whole, 2 * CLEAR))]
    for words, image in ({titles[1]: target} | dict(made)).items():
        share, ssim = kept(target, image, box), _box_ssim(target, image, box)
        below = f"{share:.0f} % of the contrast" + (f"\nSSIM {ssim:.3f}" if scored and image is not target else "")
        near = ((image[close] - dark) / (white - dark)).clamp(0, 1)
        row.append(Crop(near, words, ring(box, close, CLEAR), share, below))
    return row


def ring(box: Region, shown: Region, clear: float) -> Ring:
    """The ring around a box, `clear` image pixels away from it, in the part `shown` of an image."""
    down, across = ((side.start + side.stop) / 2 - part.start for side, part in zip(box, shown, strict=True))
    radius = max(side.stop - side.start for side in box) / 2 + clear
    width = shown[1].stop - shown[1].start
    return across / width, down / width, radius / width


def typical(study: Study, chosen: Sequence[Lesion], arms: tuple[str, str]) -> Lesion:
    """The lesion for which the share of contrast that one network keeps more than another is closest to the mean."""
    mean_by = contrast_kept(study, arms[1], "small", over=arms[0]).value
    pairs = zip(*(lesions(study, arm, "small") for arm in arms), strict=True)
    by = {_place(one): (two.contrast - one.contrast) / one.target_contrast for one, two in pairs}
    return min(chosen, key=lambda one: abs(by[_place(one)] - mean_by))


def _place(lesion: Lesion) -> tuple[str, int, int]:
    return lesion.test, lesion.slice, lesion.order


def close_ups(images: LesionImages, chosen: Sequence[Lesion], arms: Sequence[str], title: str) -> Picture:
    """One row per lesion: the head, then target and reconstructions near the lesion, which is ringed in all of them.

    Close-ups reach `REACH` pixels from the centre of the box. Their grey window is that of the target in the box and
    `RING` pixels around it, so that the lesion fills the window and a bright scalp does not.
    """
    rows: list[list[Crop]] = []
    told: list[str] = []
    for lesion in chosen:
        made = {arm: images.reconstruction(arm, lesion) for arm in arms}
        named = {_title(arm): image for arm, image in made.items()}
        row = _details(images, lesion, named, (title, "target, magnified"), scored=True)
        rows.append([replace(one, title="") for one in row] if rows else row)
        told += [_of_lesion(images.target(lesion), image, images.box(lesion)) for image in made.values()]
    alt = f"{title}: close-ups of {len(chosen)} small lesions, ringed, target and reconstructions; {'; '.join(told)}"
    return crops(rows, alt=alt)


def _of_lesion(target: Tensor, image: Tensor, box: Region) -> str:
    """SSIM of a lesion's box, and the share of its contrast that a reconstruction keeps."""
    return f"SSIM {_box_ssim(target, image, box):.3f}, contrast {kept(target, image, box):.0f} %"


def kept(target: Tensor, image: Tensor, box: Region) -> float:
    """Contrast of a lesion in a reconstruction, in per cent of that in the target."""
    return 100 * contrast(image, box) / contrast(target, box)


def _title(arm: str) -> str:
    """What an arm's network was trained on, in words."""
    return TITLES.get(arm, f"trained on {arm}")


def nearer_to_each_other(images: LesionImages, chosen: Iterable[Lesion], arms: Sequence[str]) -> list[bool]:
    """Whether, for each lesion, two reconstructions of its box are more alike than either is to the target."""
    found = []
    for lesion in chosen:
        target, box = images.target(lesion), images.box(lesion)
        one, other = (images.reconstruction(arm, lesion) for arm in arms)
        found.append(_box_ssim(one, other, box) > max(_box_ssim(target, image, box) for image in (one, other)))
    return found


def about(target: Tensor, box: Region) -> tuple[Region, float, float]:
    """Pixels of a close-up, (rows, columns), and the dark and white ends of its grey window."""
    rows, columns = (_window(side, REACH, size) for side, size in zip(box, target.shape, strict=True))
    near = target[tuple(slice(max(side.start - RING, 0), side.stop + RING) for side in box)]
    dark, white = (near.quantile(share).item() for share in (0.02, 0.98))
    return (rows, columns), dark, white


def white_of(target: Tensor) -> float:
    """White level at which the brain is visible although the scalp is brighter."""
    return target.quantile(0.97).item()


def _box_ssim(target: Tensor, image: Tensor, box: Region) -> float:
    return region_ssim(target[None, None], image[None, None], box, data_range=1.0).item()


def _window(side: slice, reach: int, size: int) -> slice:
    middle = min(max((side.start + side.stop) // 2, reach), size - reach)
    return slice(middle - reach, middle + reach)

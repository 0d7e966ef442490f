"""Both sides of every difference that is measured, in plain words: its part, what the paper says, what the code does.

Where the paper leaves a choice open, its side is the interpretation that the library adopts.
"""

from typing import NamedTuple

from mrilib.paper_a.paper_versus_code.words import TOGETHER, YARDSTICK


class Sides(NamedTuple):
    """Part of the method, and the paper's and the code's version of it."""

    part: str
    paper: str
    code: str


SIDES: dict[str, Sides] = {
    "network input: per-part RSS": Sides("network input", "one complex image", "two images without signs or phase"),
    "one mask for every slice": Sides("sampling", "a random mask for each file", "one mask for all slices"),
    "4× is 3.86×": Sides("sampling", "acceleration 4×", "acceleration 3.86×"),
    "coil maps cropped at 0.8": Sides("coil maps", "defined everywhere", "zero outside the body"),
    "zeros of the maps filled": Sides("coil maps", "zero outside the body (usual default)", "maximal outside the body"),
    "hold-out left in the input": Sides("hold-out", "hidden from the network", "visible to the network"),
    "hold-out hits the centre": Sides("hold-out", "not in the k-space centre", "also in the k-space centre"),
    "pixels, not lines": Sides("hold-out", "whole lines, as a scanner measures them", "single pixels of k-space"),
    "5 % drawn with replacement": Sides("hold-out", "each pixel drawn at most once", "some pixels drawn twice"),
    YARDSTICK: Sides("yardstick", "one random hold-out", "another random hold-out"),
    "last iterate, not best": Sides("stopping", "keeps the best image", "keeps the last image"),
    "window of 20, not 100": Sides("stopping", "after 100 iterations without gain", "after 20 iterations without gain"),
    "window of 20, scaled; not ours": Sides(
        "stopping", "as in our other notebooks", "after 20 iterations without gain"
    ),
    "window of 100, not first rise": Sides(
        "stopping", "when the error first rises", "after 100 iterations without gain"
    ),
    "|Re| + |Im|, not modulus": Sides("loss", "modulus of complex errors", "real and imaginary errors apart"),
    TOGETHER: Sides("all together", "the whole method as in the paper", "all as in the code, except mask and score"),
    "score: mean and std matched": Sides(
        "score", "SSIM of the image as it is", "SSIM after matching the image to the target"
    ),
    "score: slice's maximum": Sides("score", "range of the whole volume", "range of the slice"),
    "score: target matched instead": Sides("score", "image matched to the target", "target matched to the image"),
}

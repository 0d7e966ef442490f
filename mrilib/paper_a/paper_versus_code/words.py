"""The differences between paper A and its code in words for charts and sentences, and their groups in charts."""

from collections.abc import Mapping, Sequence

from mrilib.paper_a.paper_versus_code.discrepancies import Group

TOGETHER, YARDSTICK = "all of these but masks and score", "no seed: another split"
SCORE, INPUT, TUNING, WINDOWS, ALL = GROUPS = (
    "how the score is computed",
    "measurement and input",
    "test-time training",
    "stopping window (in our short runs)",
    "all together",
)
OF_GROUP: dict[Group, str] = {"measurement and input": INPUT, "test-time training": TUNING, "score": SCORE}
WORDS: dict[str, str] = {
    "network input: per-part RSS": "network input without phase",
    "one mask for every slice": "one sampling mask for all slices",
    "4× is 3.86×": "acceleration 3.86× instead of 4×",
    "coil maps cropped at 0.8": "coil maps set to zero outside the body",
    "zeros of the maps filled": "coil maps maximal outside the body",
    "hold-out left in the input": "held-out data stay in the network's input",
    "hold-out hits the centre": "held out in the k-space centre, too",
    "pixels, not lines": "single pixels held out, not lines",
    "5 % drawn with replacement": "held-out pixels may be drawn twice",
    YARDSTICK: "another random hold-out (yardstick)",
    "last iterate, not best": "last image kept, not the best",
    "window of 20, not 100": "window of 20 iterations, not 100",
    "window of 20, scaled; not ours": "window of 20, not the library's",
    "window of 100, not first rise": "stop after 100 iterations without gain",
    "|Re| + |Im|, not modulus": "loss |Re| + |Im|, not modulus",
    TOGETHER: "all changes except mask and score",
    "score: mean and std matched": "output with the target's mean and std",
    "score: slice's maximum": "range: slice's maximum, not volume's",
    "score: target matched instead": "target matched to the image instead",
}


def in_words(name: str) -> str:
    """A difference in words; a difference that is never drawn keeps its name."""
    return WORDS.get(name, name)


def grouped(names: Mapping[str, Group]) -> dict[str, list[str]]:
    """Names by the group in which they are drawn, in the order of GROUPS; groups without names are omitted."""
    found = {group: [name for name, of in names.items() if _drawn_in(name, of) == group] for group in GROUPS}
    return {group: members for group, members in found.items() if members}


def _drawn_in(name: str, group: Group) -> str:
    if name == TOGETHER:
        return ALL
    return WINDOWS if name.startswith("window") else OF_GROUP.get(group, group)


def listed(names: Sequence[str]) -> str:
    """Names in words, in italics, separated by commas."""
    return ", ".join(f"*{in_words(name)}*" for name in names)

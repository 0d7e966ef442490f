"""Methods of a contest in plain words, the same in charts, pictures, tables and sentences.

Unless a name says otherwise, weights come from P; *TTT* starts from joint training.
"""

from mrilib.paper_a.side_words import side_word

LEADER = "joint on P + TTT"
WORDS = {
    "supervised on Q": "trained on {Q}",
    "supervised on P": "trained on {P}",
    LEADER: "TTT",
    "joint on Q + TTT": "TTT, from {Q}",
    "supervised on P + TTT": "TTT without joint training",
    "ZS-SSL from P": "zero-shot learning",
    "ZS-SSL from Q": "zero-shot learning, from {Q}",
    "unrolled, supervised on P": "unrolled network, trained on {P}",
    "unrolled, supervised on Q": "unrolled network, trained on {Q}",
    "ConvDecoder": "un-trained decoder",
}
STARTS = (LEADER, "supervised on P + TTT", "un-trained network", "ConvDecoder")  # of the curves
WITH_ARTICLE = ("un-trained network", "ConvDecoder")


def in_words(name: str, shift: str = "") -> str:
    """A method in words, with both sides of the shift in a word, or as P and Q; its own name where it has no words."""
    return WORDS.get(name, name).format(P=side_word(shift, "P"), Q=side_word(shift, "Q"))


def short(name: str) -> str:
    """A method as the subject of a sentence."""
    return f"{'the ' if name in WITH_ARTICLE else ''}{in_words(name)}"

"""Methods of a contest in plain words, the same in charts, pictures, tables and sentences."""

from mrilib.paper_a.side_words import side_word

LEADER = "joint on P + TTT"
WORDS = {
    "supervised on Q": "trained on {Q}, for reference",
    "supervised on P": "trained on {P}, no adaptation",
    LEADER: "trained on {P}, then test-time training",
    "joint on Q + TTT": "trained on {Q}, then test-time training",
    "supervised on P + TTT": "trained with targets only, then test-time training",
    "ZS-SSL from P": "zero-shot learning, weights from {P}",
    "ZS-SSL from Q": "zero-shot learning, weights from {Q}",
    "unrolled, supervised on P": "unrolled network, trained on {P}",
    "unrolled, supervised on Q": "unrolled network, trained on {Q}",
    "ConvDecoder": "un-trained decoder",
}
SHORT = {
    LEADER: "test-time training",
    "supervised on P + TTT": "training with targets only",
    "ZS-SSL from P": "zero-shot learning",
    "un-trained network": "the un-trained network",
    "ConvDecoder": "the un-trained decoder",
}
STARTS = {
    LEADER: "joint training",
    "supervised on P + TTT": "training with targets only",
    "un-trained network": "the un-trained network",
    "ConvDecoder": "the un-trained decoder",
}  # of the curves


def in_words(name: str, shift: str = "") -> str:
    """A method in words, with both sides of the shift in a word, or as P and Q; its own name where it has no words."""
    return WORDS.get(name, name).format(P=side_word(shift, "P"), Q=side_word(shift, "Q"))


def short(name: str) -> str:
    """A method in few words, as the subject of a sentence."""
    return SHORT.get(name, name)

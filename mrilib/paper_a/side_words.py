"""P and Q in a word, for titles and legends."""

from mrilib.paper_a.experiment import Side

IN_A_WORD: dict[tuple[str, Side], str] = {("anatomy", "P"): "knees", ("anatomy", "Q"): "brains"}


def side_word(shift: str, side: Side) -> str:
    """P or Q of a shift in a word, such as "knees"; its letter where there is none."""
    return IN_A_WORD.get((shift, side), side)

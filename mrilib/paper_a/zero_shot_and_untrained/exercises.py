"""Exercise 2: what a network sees of the measurement."""

from mrilib.exercises.blanks import Blank, check


def check_seen(fitted: object, hidden: object, answer: object) -> None:
    """Check the shares of Ω that are fitted, hidden and seen if Γ takes 0.2 of Ω and Λ takes 0.4 of the rest."""
    left = 1 - 0.2
    taken = 0.4 * left
    check(
        Blank("fitted", fitted, left, "Γ is held out first; what share is left?"),
        Blank("hidden", hidden, taken, "Λ takes its proportion of `fitted`, not of all of Ω"),
        Blank("answer", answer, left - taken, "subtract `hidden` from `fitted`"),
    )

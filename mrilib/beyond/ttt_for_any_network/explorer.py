"""Explorer: scrub through test-time training of one slice, with and without a free phase."""

from collections.abc import Mapping
from html import escape

import ipywidgets

from mrilib.figures.frame import STYLE, WIDE, explorer
from mrilib.paper_a.early_stopping_and_ablation.explorer import film_images
from mrilib.paper_a.early_stopping_and_ablation.film import Film


def explore_phase(films: Mapping[str, Film]) -> ipywidgets.VBox:
    """Explore films of the same slice, one for each method, by iteration.

    Args:
        films: by method, all of the same length.

    Raises:
        ValueError: films of different lengths, or none.
    """
    if len({film.planned for film in films.values()}) != 1:
        raise ValueError(f"films: expected films of one length, got {[film.planned for film in films.values()]}")
    any_film = next(iter(films.values()))
    method = ipywidgets.Dropdown(options=list(films), description="method", style=STYLE)
    last = (any_film.planned - 1) // any_film.every * any_film.every
    scrub = {**WIDE, "continuous_update": True, "step": any_film.every}
    iteration = ipywidgets.IntSlider(description="iteration", min=0, max=last, value=last, **scrub)

    def page(method: str, iteration: int) -> str:
        film = films[method]
        at = min(iteration, film.last)
        score = film.history.score
        lowest = min(score, key=score.__getitem__)
        words = (
            f"{method}, iteration {at}: SSIM {score[at]:.3f}; before TTT {score[0]:.3f}, lowest {score[lowest]:.3f} at "
            f"iteration {lowest}, last {score[len(score) - 1]:.3f}."
        )
        return f"<p>{escape(words)}</p>{film_images(film, at, score[at])}"

    return explorer({"method": method, "iteration": iteration}, page)

"""Explorer: scrub through test-time training, change its stopping rule, and run it on a slice of your choice."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from html import escape

import ipywidgets

from mrilib.figures.frame import HALF, STYLE, WIDE, explorer, shown
from mrilib.figures.theme import METHOD_COLORS, MUTED
from mrilib.figures.tiles import error_scale
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a.early_stopping_and_ablation.curves import WIDTH, Mark, curves_svg
from mrilib.paper_a.early_stopping_and_ablation.film import BRIGHTER, Film, Filming
from mrilib.paper_a.early_stopping_and_ablation.rules import WORDS, Rule, halts_at, in_words, stopping_point
from mrilib.paper_a.early_stopping_and_ablation.still import curves_image, image_row, still
from mrilib.sample import Sample
from mrilib.ttt import History, Settings

LOOK = 0.3  # seconds between polls of a run
IMAGE_WIDTH = 206  # CSS pixels; three side by side are as wide as the curves
SHOWN = METHOD_COLORS["supervised on P + TTT"]  # colour of the mark at the displayed iteration


def iteration_in_words(history: History, iteration: int, rule: Rule, window: int, planned: int) -> str:
    """Describe SSIM at the iteration, at the rule's stop and at the best iteration so far, and the rule's loss."""
    point, best = stopping_point(history, rule, window), stopping_point(history, "oracle", window)
    score, length = history.score, len(history.score)
    run = f"{length} iterations" if length == planned else f"the {length} iterations so far"
    return (
        f"Iteration {iteration}: SSIM {score[iteration]:.3f}. {_verdict(history, rule, window, run)} "
        f"iteration {point}: SSIM {score[point]:.3f}. Best of {run}: SSIM {score[best]:.3f} at iteration {best}. "
        f"SSIM lost by stopping: {score[best] - score[point]:.3f}."
    )


def _verdict(history: History, rule: Rule, window: int, run: str) -> str:
    named = f"The rule “{in_words(rule, window)}”"
    if rule in ("fixed", "oracle"):
        return f"{named} returns the image of"
    halt = halts_at(history.validation_error, rule, window)
    when = f"does not stop within {run}" if halt is None else f"stops at iteration {halt}"
    return f"{named} {when} and returns the image of"


def _marks(history: History, iteration: int, rule: Rule, window: int) -> list[Mark]:
    """Marks at the displayed iteration, at the rule's image and, without words, at the rule's stop if that differs."""
    point = stopping_point(history, rule, window)
    halt = None if rule in ("fixed", "oracle") else halts_at(history.validation_error, rule, window)
    stop = [] if halt in (None, point) else [Mark(halt, "", MUTED, dot=False)]
    marks = [Mark(point, f"returned: iteration {point}" + (f" (stopped at {halt})" if stop else "")), *stop]
    return [*marks, Mark(iteration, f"shown: iteration {iteration}", SHOWN)]


def film_images(film: Film, iteration: int, score: float) -> str:
    """Target, reconstruction and error map side by side, each with a caption."""
    frame = film.frames[iteration]
    named = (
        (film.target, "Target", ""),
        (frame.image, f"Iteration {iteration}, SSIM {score:.3f}", ""),
        (frame.error, f"|error| ×{BRIGHTER}, iteration {iteration}", error_scale()),
    )
    return image_row(named, IMAGE_WIDTH)


def _page(film: Film | None, iteration: int, rule: Rule, window: int) -> str:
    """Images, summary and curves as HTML; a film that has not reached the iteration shows its last frame."""
    if film is None or not film.steps:
        return "<p>There are no images of this slice yet. Press Run TTT to compute them.</p>"
    history = film.history
    at = min(iteration, len(history.score) - 1) // film.every * film.every
    words = iteration_in_words(history, at, rule, window, film.planned)
    svg = curves_svg(history, _marks(history, at, rule, window), max(film.planned - 1, 1))
    alt = f"Training error, self-validation error and true SSIM against the iteration. {words}"
    said = f'<p style="max-width: {WIDTH}px; line-height: 1.4">{escape(words)}</p>'
    return f"{film_images(film, at, history.score[at])}{said}{curves_image(svg, alt)}"


class _Studio:
    """Films of the slices, one of which may still be recording, and the widgets that display them.

    The recording thread only computes; widgets are updated only from the event loop.
    """

    def __init__(self, model: Reconstructor, samples: Mapping[str, Sample], settings: Settings, film: Film) -> None:
        self.model, self.samples, self.settings = model, samples, settings
        self.films = {next(iter(samples)): film}
        self.slice = ipywidgets.Dropdown(options=list(samples), description="slice", style=STYLE)
        scrub = {**WIDE, "continuous_update": True, "step": film.every}
        self.iteration = ipywidgets.IntSlider(description="iteration", min=0, max=film.every, **scrub)
        self.run = ipywidgets.Button(description="Run TTT", tooltip="Run TTT on this slice now")
        self.stop = ipywidgets.Button(description="Stop", tooltip="Stop the run after the current iteration")
        self.done = ipywidgets.IntProgress(max=film.planned, description="iterations run", style=STYLE)
        self.message = ipywidgets.HTML()
        self._film_with(None)
        self.slice.observe(lambda _: self.fit(), "value")
        self.run.on_click(lambda _: self._say(self._start))
        self.stop.on_click(lambda _: self._say(self._halt))
        self.run.observe(lambda _: self._halt(), "comm")  # a run ends with its explorer
        self._following: asyncio.Task[None] | None = None
        self._placed = 0  # where the run last set the slider; once moved by the user, it stays
        self.fit()

    @property
    def film(self) -> Film | None:
        """Film of the displayed slice, or None if there is none."""
        return self.films.get(self.slice.value)

    def fit(self) -> None:
        """Fit slider and progress bar to the length of the displayed film; a slider at its end follows the run."""
        film = self.film
        last = film.last if film else 0
        follows = self.iteration.value == self._placed
        self.iteration.max = max(last, self.iteration.step)
        if follows and self.filming is not None and self.filming.film is film:
            self.iteration.value = self._placed = last
        self.done.value = len(film.steps) if film else 0

    def _film_with(self, filming: Filming | None) -> None:
        """Set the current run, or None if there is none, and enable the one button that has an effect."""
        self.filming = filming
        self.run.disabled, self.stop.disabled = filming is not None, filming is None

    def _say(self, act: Callable[[], str]) -> None:
        self.message.value = shown(act)

    def _start(self) -> str:
        name = self.slice.value
        if self.filming is not None:
            return '<p role="status">TTT is already running. Stop it first, or wait until it ends.</p>'
        loop = asyncio.get_running_loop()
        film = self.films[name] = Film.blank(self.samples[name], self.settings)
        filming = Filming(film, self.model, self.samples[name], self.settings)
        filming.start()
        self._film_with(filming)
        self.iteration.value = self._placed = 0
        self.fit()
        self._following = loop.create_task(self._follow(filming, name))
        return f'<p role="status">TTT of {escape(name)} is running. Press Stop to end it.</p>'

    def _halt(self) -> str:
        if self.filming is None:
            return '<p role="status">There is no run to stop. Press Run TTT to start one.</p>'
        self.filming.stop()
        return '<p role="status">TTT stops after this iteration.</p>'

    async def _follow(self, filming: Filming, name: str) -> None:
        """Poll the run until it ends, then report how it ended."""
        while filming.is_alive():
            self.fit()
            await asyncio.sleep(LOOK)
        self.fit()  # once more: iterations may have been added since the last poll
        self._film_with(None)
        self._say(lambda: _ending(filming, name))


def _ending(filming: Filming, name: str) -> str:
    """Message on how a run ended, as HTML; raises the error that ended it, if any."""
    reason, film = filming.result(), filming.film
    return f'<p role="status">TTT of {escape(name)} ended after {len(film.steps)} iterations: {escape(reason)}.</p>'


def explore_stopping(
    model: Reconstructor,
    samples: Sequence[Sample],
    settings: Settings,
    film: Film,
    rule: Rule,
    window: int,
    kind: str,
) -> ipywidgets.VBox:
    """Explore a film of test-time training and its stopping rule with sliders; buttons run and stop TTT on a slice.

    Args:
        model, settings: network and settings of the run, which continues past the stopping point.
        samples: slices to choose from.
        film: film of the first slice, made with the same settings.
        rule, window: initial values, see `rules.stopping_point`.
        kind: "simulated" or "measured", used to name the slices.

    Raises:
        ValueError: no samples, or a film whose number of iterations differs from that of `settings`.
    """
    if not samples or film.planned != settings.max_iterations:
        raise ValueError(
            f"film of {film.planned} iterations, {len(samples)} samples: expected max_iterations = "
            f"{settings.max_iterations} and at least one sample; make a film of the first sample with these settings"
        )
    named = {f"{kind} slice {n}": sample for n, sample in enumerate(samples)}
    studio = _Studio(model, named, settings, film)
    options = [(words, name) for name, words in WORDS.items()]
    rules = ipywidgets.Dropdown(options=options, value=rule, description="rule", style=STYLE)
    most = max(film.planned - 1, window)
    windows = ipywidgets.IntSlider(description="window w", value=window, min=1, max=most, **WIDE)
    controls = {"slice": studio.slice, "iteration": studio.iteration, "rule": rules, "window": windows}

    def page(slice: str, iteration: int, rule: Rule, window: int, done: int) -> str:
        return _page(studio.films.get(slice), iteration, rule, window)

    instead = still(film, rule, window, kind) if film.frames else ""
    box = explorer({**controls, "done": studio.done}, page, still=instead)
    panel, *view = box.children
    *moved, done = panel.children
    panel.children = (*moved, ipywidgets.HBox([studio.run, studio.stop], layout=HALF), done)
    box.children = (panel, studio.message, *view)
    return box

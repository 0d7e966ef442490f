"""Film of test-time training on one slice: errors and true SSIM at every iteration, an image every few iterations."""

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, field

import torch
from torch import Tensor

from mrilib.figures.layout import palette, png_bytes
from mrilib.figures.plot import image_png
from mrilib.models.reconstructor import Reconstructor
from mrilib.sample import Sample
from mrilib.scoring import matched, slice_ssim
from mrilib.ttt import History, Settings, test_time_train

FRAMES = 40
BRIGHTER = 5  # scale factor of error maps, as elsewhere in the companion


@dataclass(frozen=True)
class Frame:
    """PNGs of the reconstruction and of |error| × `BRIGHTER`, in the target's intensity window."""

    image: bytes
    error: bytes


@dataclass
class Film:
    """Recording of a run so far; may be read while another thread appends to it.

    Args:
        target: PNG of the target.
        planned: number of iterations of the whole run.
        every: number of iterations between frames.
        steps: training error, self-validation error and true SSIM of each iteration.
        frames: frames keyed by iteration (0 and the multiples of `every`).
    """

    target: bytes
    planned: int
    every: int
    steps: list[tuple[float, float, float]] = field(default_factory=list)
    frames: dict[int, Frame] = field(default_factory=dict)

    @classmethod
    def blank(cls, sample: Sample, settings: Settings) -> "Film":
        """Create an empty film of a run, before its first iteration."""
        target, _ = matched(sample, {})
        return cls(image_png(target), settings.max_iterations, max(settings.max_iterations // FRAMES, 1))

    @property
    def history(self) -> History:
        """The three curves recorded so far."""
        steps = self.steps.copy()
        return History([step[0] for step in steps], [step[1] for step in steps], {n: s[2] for n, s in enumerate(steps)})

    @property
    def last(self) -> int:
        """Latest iteration that has a frame, or 0 if there is none yet."""
        return max(len(self.steps) - 1, 0) // self.every * self.every

    def record(
        self, model: Reconstructor, sample: Sample, settings: Settings, stop: Callable[[], bool] = lambda: False
    ) -> str:
        """Run test-time training to `max_iterations`, past every stopping rule, and record curves and frames.

        Args:
            model, sample, settings: see `ttt.test_time_train`.
            stop: called after each iteration; returning True ends the run and keeps what was recorded.

        Returns:
            Reason why the run ended.

        Raises the errors of `ttt.test_time_train`.
        """
        white = matched(sample, {})[0].max().item()
        score = 0.0

        def look(image: Tensor) -> float:
            nonlocal score
            score = slice_ssim(image, sample)[0]
            if len(self.steps) % self.every == 0:
                target, magnitudes = matched(sample, {"image": image})
                magnitude = magnitudes["image"]
                error = _heat((magnitude - target).abs(), white / BRIGHTER)
                self.frames[len(self.steps)] = Frame(image_png(magnitude, white), error)
            return score

        def note(_: int, train_error: float, validation_error: float) -> None:
            self.steps.append((train_error, validation_error, score))
            if stop():
                raise CancelledError  # an exception raised in `progress` ends the loop

        given = (sample.masked_kspace, sample.mask, sample.sens_maps, settings.running_on())
        try:
            test_time_train(model, *given, score=look, score_at=range(self.planned), progress=note)
        except CancelledError:
            return "the run was stopped"
        return "the run is complete" if len(self.steps) == self.planned else "the loss is no longer finite"


def _heat(error: Tensor, white: float) -> bytes:
    """PNG of an error map, (…, y, x) real, dark at 0 and bright from `white` upwards."""
    levels = (255 * (error / white).clamp(0, 1)).round().to(torch.uint8)
    return png_bytes(levels.reshape(levels.shape[-2:]).cpu().numpy(), palette("heat", 256))


def film(model: Reconstructor, sample: Sample, settings: Settings) -> Film:
    """Record a whole run now; arguments and errors as in `Film.record`."""
    made = Film.blank(sample, settings)
    made.record(model, sample, settings)
    return made


class Filming(threading.Thread):
    """Thread that records a film in the background until the run ends or `stop` is called."""

    def __init__(self, film: Film, model: Reconstructor, sample: Sample, settings: Settings) -> None:
        super().__init__(daemon=True)
        self.film = film
        self._stopping = threading.Event()
        self._record = lambda: film.record(model, sample, settings, self._stopping.is_set)
        self._reason = ""
        self._error: Exception | None = None

    def run(self) -> None:
        """Record the film, keeping any error for `result`."""
        try:
            self._reason = self._record()
        except Exception as error:
            self._error = error

    def stop(self) -> None:
        """End the run after the current iteration."""
        self._stopping.set()

    def result(self) -> str:
        """Return the reason why the run ended, or raise the error that ended it."""
        if self._error is not None:
            raise self._error
        return self._reason

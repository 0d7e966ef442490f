"""Test-time training of one slice as a film: errors and true SSIM of every iteration, an image of every few."""

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, field

import torch
from torch import Tensor

from mrilib.figures.layout import magma, png_bytes
from mrilib.figures.plot import image_png
from mrilib.models.reconstructor import Reconstructor
from mrilib.sample import Sample
from mrilib.scoring import matched, slice_ssim
from mrilib.ttt import History, Settings, test_time_train

FRAMES = 40
BRIGHTER = 5  # error maps, as many times as elsewhere in the companion


@dataclass(frozen=True)
class Frame:
    """PNGs of the reconstruction and of |error| × `BRIGHTER`, in the target's window."""

    image: bytes
    error: bytes


@dataclass
class Film:
    """A run as far as it has come; it may be read while another thread adds to it.

    Args:
        target: PNG of the target.
        planned: iterations of the whole run.
        every: iterations from one frame to the next.
        steps: training error, self-validation error and true SSIM of each iteration.
        frames: by iteration, 0 and the multiples of `every`.
    """

    target: bytes
    planned: int
    every: int
    steps: list[tuple[float, float, float]] = field(default_factory=list)
    frames: dict[int, Frame] = field(default_factory=dict)

    @classmethod
    def blank(cls, sample: Sample, settings: Settings) -> "Film":
        """A film of this run before its first iteration."""
        target, _ = matched(sample, {})
        return cls(image_png(target), settings.max_iterations, max(settings.max_iterations // FRAMES, 1))

    @property
    def history(self) -> History:
        """The three curves up to now."""
        steps = self.steps.copy()
        return History([step[0] for step in steps], [step[1] for step in steps], {n: s[2] for n, s in enumerate(steps)})

    @property
    def last(self) -> int:
        """The latest iteration that has a frame; 0 before there is one."""
        return max(len(self.steps) - 1, 0) // self.every * self.every

    def record(
        self, model: Reconstructor, sample: Sample, settings: Settings, stop: Callable[[], bool] = lambda: False
    ) -> str:
        """Run test-time training to `max_iterations`, past every stopping rule, and keep what is seen on the way.

        Args:
            model, sample, settings: see `ttt.test_time_train`.
            stop: asked after each iteration; true ends the run, which keeps what it has.

        Returns:
            why it ended.

        Raises what `ttt.test_time_train` raises.
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
                raise CancelledError  # what `progress` raises ends the loop

        given = (sample.masked_kspace, sample.mask, sample.sens_maps, settings.running_on())
        try:
            test_time_train(model, *given, score=look, score_at=range(self.planned), progress=note)
        except CancelledError:
            return "it was stopped"
        return "it is complete" if len(self.steps) == self.planned else "the loss is not finite any more"


def _heat(error: Tensor, white: float) -> bytes:
    """PNG of an error map, (…, y, x) real, dark at 0 and bright from `white` on."""
    levels = (255 * (error / white).clamp(0, 1)).round().to(torch.uint8)
    return png_bytes(levels.reshape(levels.shape[-2:]).cpu().numpy(), magma(256))


def film(model: Reconstructor, sample: Sample, settings: Settings) -> Film:
    """The whole run, recorded now; arguments and errors as `Film.record`."""
    made = Film.blank(sample, settings)
    made.record(model, sample, settings)
    return made


class Filming(threading.Thread):
    """Records a film beside whatever else the kernel does, until it ends or `stop` is called."""

    def __init__(self, film: Film, model: Reconstructor, sample: Sample, settings: Settings) -> None:
        super().__init__(daemon=True)
        self.film = film
        self._stopping = threading.Event()
        self._record = lambda: film.record(model, sample, settings, self._stopping.is_set)
        self._reason = ""
        self._error: Exception | None = None

    def run(self) -> None:
        """In the thread: record, and keep the error for `result`."""
        try:
            self._reason = self._record()
        except Exception as error:
            self._error = error

    def stop(self) -> None:
        """End the run after the iteration that it is in."""
        self._stopping.set()

    def result(self) -> str:
        """Why the run ended. Raises what ended it, if that was an error."""
        if self._error is not None:
            raise self._error
        return self._reason

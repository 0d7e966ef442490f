"""Test-time training of many slices in parallel, with one atomic result file per slice, so that killed runs resume."""

import hashlib
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import loky
import torch
from torch import Tensor
from torch.utils.data import Dataset

from mrilib.models.reconstructor import Reconstructor
from mrilib.sample import Sample
from mrilib.scoring import slice_ssim
from mrilib.store.code import code_digest
from mrilib.store.paths import cache_dir
from mrilib.store.processes import start_worker
from mrilib.store.sealed import kept
from mrilib.store.tensors import read_tensors, write_tensors
from mrilib.ttt import History, Settings, TTTRecord, test_time_train

Compute = Callable[..., tuple[TTTRecord, float]]
IDLE_SECONDS = 60


@dataclass(frozen=True)
class Adapted:
    """Result of test-time training on one slice, scored outside the timed path; its images are on the CPU."""

    name: str
    record: TTTRecord
    ssim: float
    last_ssim: float
    seconds: float


def adapt(
    model: Reconstructor,
    slices: Sequence[Sample] | Dataset[Sample],
    settings: Settings,
    *,
    score_at: Sequence[int] = (),
    device: torch.device | str = "cpu",
    workers: int = 1,
    done: Callable[[Adapted], None] | None = None,
) -> list[Adapted]:
    """Test-time train the network on each slice independently.

    Args:
        model: the trained network; not modified.
        slices: indexable samples of one slice each.
        settings: settings of `ttt.test_time_train`.
        score_at: iterations at which the true SSIM is recorded, for teaching; costs time.
        device: device to compute on.
        workers: slices processed at a time on a CPU, each in a single-threaded process. Small networks gain more from
            two slices at once than from two threads in one convolution. Threads of one process would wait for each
            other between small operations. Results are bitwise independent of the number of workers.
        done: called with each finished slice.

    Returns:
        one `Adapted` per slice, in order.
    """

    def one(item: int, compute: Compute = _timed) -> Adapted:
        adapted = _cached(model, slices[item].to(device), settings, tuple(score_at), compute)
        if done is not None:
            done(adapted)
        return adapted

    items = range(len(slices))  # type: ignore[arg-type]
    if torch.device(device).type != "cpu":
        return [one(item) for item in items]
    if workers == 1:  # in this thread, which an interrupt stops
        with _single_threaded():
            return [one(item) for item in items]
    with _single_threaded(), ThreadPoolExecutor(workers) as waiting, _processes(workers) as compute:
        return list(waiting.map(partial(one, compute=compute), items))


@contextmanager
def _single_threaded() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _processes(workers: int) -> Iterator[Compute]:
    """Yield a `_timed` that runs in `workers` processes, which are kept for the next call; an interrupt kills them."""
    try:
        pool = loky.get_reusable_executor(
            workers, timeout=IDLE_SECONDS, initializer=start_worker, initargs=(os.getpid(), 1)
        )
    except OSError as error:  # semaphores need a writable /dev/shm
        warnings.warn(f"no worker processes ({error.strerror}); running slice by slice", RuntimeWarning, stacklevel=3)
        yield _timed
        return

    def elsewhere(*arguments: Any) -> tuple[TTTRecord, float]:
        record, seconds, warned = pool.submit(_timed_and_warned, *arguments).result()
        for message in warned:
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        return record, seconds

    try:
        yield elsewhere
    except (KeyboardInterrupt, SystemExit):
        pool.shutdown(wait=False, kill_workers=True)
        raise


def _timed_and_warned(
    model: Reconstructor, sample: Sample, settings: Settings, score_at: tuple[int, ...]
) -> tuple[TTTRecord, float, list[str]]:
    """Run `_timed` in another process and also return its warnings, which would be lost otherwise."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        record, seconds = _timed(model, sample, settings, score_at)
    return record, seconds, [str(each.message) for each in caught if each.category is RuntimeWarning]


def _cached(
    model: Reconstructor, sample: Sample, settings: Settings, score_at: tuple[int, ...], compute: Compute
) -> Adapted:
    path = cache_dir() / "ttt" / f"{_key(model, sample, settings, score_at)}.safetensors"
    found = kept(path, _load)
    if found is not None:
        record, seconds = found
    else:
        record, seconds = compute(model, sample, settings, score_at)
        _store(path, record, seconds)
    ssim, last_ssim = (slice_ssim(image, sample.to("cpu"))[0] for image in (record.image, record.last_image))
    return Adapted(sample.names[0], record, ssim, last_ssim, seconds)


def _timed(
    model: Reconstructor, sample: Sample, settings: Settings, score_at: tuple[int, ...]
) -> tuple[TTTRecord, float]:
    def score(image: Tensor) -> float:
        return slice_ssim(image, sample)[0]

    start = time.perf_counter()
    record = test_time_train(
        model, sample.masked_kspace, sample.mask, sample.sens_maps, settings, score=score, score_at=score_at
    )
    record = replace(record, image=record.image.cpu(), last_image=record.last_image.cpu())
    return record, time.perf_counter() - start


def _key(model: Reconstructor, sample: Sample, settings: Settings, score_at: tuple[int, ...]) -> str:
    """Digest of everything that determines the result: weights, measurements, settings, code, and what is scored."""
    state = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        state.update(name.encode() + tensor.cpu().numpy().tobytes())
    scored = (sample.target,) if score_at else ()  # the history then holds its SSIM
    for tensor in (sample.masked_kspace, sample.mask, sample.sens_maps, *scored):
        state.update(tensor.cpu().numpy().tobytes())
    cropped = sample.recon_size if score_at else None
    where = sample.masked_kspace.device.type
    facts = [settings.card, score_at, cropped, where, _code(model), torch.__version__, repr(model)]
    state.update(json.dumps(facts).encode())
    return state.hexdigest()[:32]


def _code(model: Reconstructor) -> str:
    """Digest of the library files used by test-time training and scoring of this network."""
    return code_digest({__name__, *(type(part).__module__ for part in model.modules())})


def _store(path: Path, record: TTTRecord, seconds: float) -> None:
    history = asdict(record.history)
    facts = {"history": history, "stopped_at": record.stopped_at, "chosen_at": record.chosen_at}
    facts |= {"reason": record.reason, "seconds": seconds}
    # Real views, as safetensors before 0.7 does not support complex tensors; copies, as both may be the same tensor.
    images = {"image": record.image, "last_image": record.last_image}
    try:
        write_tensors(path, {name: torch.view_as_real(image).clone() for name, image in images.items()}, facts)
    except OSError as error:
        warnings.warn(f"test-time training result not kept for the next run: {error}", stacklevel=2)


def _load(path: Path) -> tuple[TTTRecord, float]:
    tensors, facts = read_tensors(path)
    image, last = (torch.view_as_complex(tensors[name]) for name in ("image", "last_image"))
    history = facts["history"]
    history["score"] = {int(iteration): value for iteration, value in history["score"].items()}
    fields = {name: facts[name] for name in ("stopped_at", "chosen_at", "reason")}
    return TTTRecord(image, last, History(**history), **fields), facts["seconds"]

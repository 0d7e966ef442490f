"""Trained networks by their specification: shipped with the package, cached, or trained on demand."""

import hashlib
import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from mrilib import __version__
from mrilib.data.catalogue import distribution
from mrilib.data.kept import Kept
from mrilib.data.slices import SliceDataset
from mrilib.data.sources import Source, data_digest, slices_of
from mrilib.models.build import WeightsError, build, module_of
from mrilib.models.reconstructor import Reconstructor
from mrilib.sample import Sample
from mrilib.sampling import Undersampling
from mrilib.scoring import reconstruct, slice_ssim
from mrilib.store.code import AFTERWARDS, code_digest
from mrilib.store.paths import PACKAGE, cache_dir
from mrilib.store.sealed import kept
from mrilib.store.tensors import read_tensors
from mrilib.train.checkpoints import fits_half, load_weights, read_card, save_weights, verify
from mrilib.train.distributed import workers
from mrilib.train.recipe import Recipe
from mrilib.train.state_dict import SUFFIXES, load_state_dict_file
from mrilib.train.training import Progress, fit

SHIPPED = PACKAGE / "weights"
VALIDATION_SLICES = 24


@dataclass(frozen=True)
class NetworkSpec:
    """Everything that determines a network's weights."""

    distribution: str
    acceleration: float
    recipe: Recipe
    architecture: dict[str, Any] = field(default_factory=lambda: {"name": "unet"})
    train_slices: int = 300
    source: Source = "simulated"

    @property
    def name(self) -> str:
        """Readable name, for files and tables."""
        kind = f"{self.architecture['name']}_{self.recipe.loss}_{self.distribution}_{self.acceleration:g}x"
        return kind if self.recipe.supervised_target == "magnitude" else f"{kind}_complex"

    @property
    def card(self) -> dict[str, Any]:
        """The specification as JSON values."""
        return {**asdict(self), "recipe": self.recipe.card, "architecture": dict(self.architecture)}

    @property
    def data_digest(self) -> str:
        """Digest of the training data."""
        return data_digest(distribution(self.distribution), "train", self.train_slices, self.source)

    @property
    def kinds(self) -> Sequence[str] | None:
        """Kind of each training slice, in order, or None if batches may mix them; see `training.fit`."""
        return None

    @property
    def lists(self) -> dict[str, int]:
        """Number of training slices by distribution."""
        return {self.distribution: self.train_slices}

    def training_slices(self) -> Dataset[Sample]:
        """Slices on which the network is trained."""
        return dataset(self.distribution, "train", self.train_slices, self.acceleration, self.source)

    def initial(self, device: torch.device | str = "cpu") -> Reconstructor:
        """Untrained network, with weights drawn from the recipe's seed."""
        with torch.random.fork_rng(devices=[]):  # torch's layers can only draw from the global generator
            torch.default_generator.manual_seed(self.recipe.seed)
            return build(self.architecture).to(device)

    def validation_slices(self) -> Dataset[Sample]:
        """Slices for validation after training; never test slices."""
        return dataset(self.distribution, "validation", VALIDATION_SLICES, self.acceleration, self.source)

    @property
    def code(self) -> str:
        """Digest of the code that simulates or reads the data, builds this network, trains and scores it."""
        start = {__name__, type(self).__module__, module_of(self.architecture)}
        return code_digest(start, without=(*AFTERWARDS, build.__module__))[:12]

    @property
    def digest(self) -> str:
        """Digest of specification and training data."""
        content = json.dumps([self.card, self.data_digest], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]


def by_name(name: str, device: torch.device | str = "cpu") -> Reconstructor:
    """Load a shipped network by name, or a file of weights by path.

    Raises:
        WeightsError: as in `weights_file`, `checkpoints.load_weights` and `state_dict.load_state_dict_file`.
    """
    path = weights_file(name)
    load = load_state_dict_file if path.suffix in SUFFIXES else load_weights
    return load(path).to(device)


def weights_file(name: str) -> Path:
    """Path of a shipped network's weights, or `name` itself if it is a file.

    Raises:
        WeightsError: no such network; the message gives the closest name.
    """
    shipped = {path.stem: path for path in SHIPPED.glob("*.safetensors")}
    if name not in shipped and not name.endswith((".safetensors", *SUFFIXES)):
        near = get_close_matches(name, shipped, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise WeightsError(
            f"no network {name!r}{hint}; `mrilib networks` lists those available, or give a file (.safetensors, .pt)"
        )
    return shipped.get(name, Path(name))


class InMemory(Dataset[Sample]):
    """Prepared slices that are kept, so that coil maps are estimated once instead of once per epoch; see `Kept`."""

    def __init__(self, slices: SliceDataset) -> None:
        self.slices = slices
        self.kept = Kept()

    def __len__(self) -> int:
        return len(self.slices)

    def __getitem__(self, item: int) -> Sample:
        return self.kept.sample(item, self.slices.__getitem__)


def dataset(name: str, split: str, count: int, acceleration: float, source: Source = "simulated") -> InMemory:
    """`count` prepared slices of a distribution's split at an acceleration."""
    slices = slices_of(distribution(name), split, count, source)
    return InMemory(SliceDataset(slices, Undersampling(acceleration)))


def stored(spec: NetworkSpec) -> Path | None:
    """Path of the network's weights, shipped or cached, or None if it has to be trained.

    Shipped weights from this code take precedence, then intact cached weights from this code. Without these, shipped
    weights are used even if they are from other code or their card does not state the code.

    Raises:
        WeightsError: the shipped weights are damaged.
    """
    shipped = SHIPPED / f"{spec.name}.safetensors"
    card = read_card(shipped) if shipped.exists() else {}
    fits = card.get("digest") == spec.digest
    if fits and card.get("code") == spec.code:
        return shipped
    cached = cache_path(spec)
    if is_trained(cached, spec):
        return cached
    return shipped if fits else None


def cache_path(spec: NetworkSpec) -> Path:
    """Cache path of weights trained on this machine, with this code."""
    return cache_dir() / "weights" / f"{spec.name}-{spec.digest}-{spec.code}.safetensors"


def is_trained(path: Path, spec: NetworkSpec) -> bool:
    """Whether a file holds this network, trained with this code; warns if it is damaged."""
    if not (path.exists() and path.with_suffix(".json").exists()):
        return False
    try:
        card = verify(path)
    except WeightsError as error:
        warnings.warn(f"{error}: it will be trained again", stacklevel=2)
        return False
    return (card.get("digest"), card.get("code")) == (spec.digest, spec.code)


def network(spec: NetworkSpec, device: torch.device | str = "cpu", progress: Progress | None = None) -> Reconstructor:
    """Load the trained network in evaluation mode, training and caching it first if necessary.

    A killed training run leaves a checkpoint in the cache, from which the next call resumes.

    Raises:
        WeightsError: the stored weights are corrupted.
        ValueError: the data cannot be found.
    """
    path = stored(spec)
    if path is None:
        path = train(spec, cache_path(spec), device=device, progress=progress)
    return load_weights(path, spec.data_digest).to(device)


def train(
    spec: NetworkSpec,
    path: Path,
    *,
    half: bool = False,
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
    slices: Dataset[Sample] | None = None,
) -> Path:
    """Train a network and store weights and provenance at `path`; the checkpoint is removed at the end.

    `slices` default to the specification's training slices.
    """
    model = spec.initial(device)
    slices = spec.training_slices() if slices is None else slices
    checkpoint = cache_path(spec).with_suffix(".checkpoint")
    crew = workers()
    if crew.leads and kept(checkpoint, read_tensors) is None:
        checkpoint.unlink(missing_ok=True)  # damaged: training starts over
    crew.wait()
    losses = fit(model, slices, spec.recipe, checkpoint=checkpoint, device=device, progress=progress, kinds=spec.kinds)
    if crew.leads:
        _publish(model, spec, path, losses, half, device)
        checkpoint.unlink(missing_ok=True)
    crew.wait()
    return path


def _publish(
    model: Reconstructor, spec: NetworkSpec, path: Path, losses: list[float], half: bool, device: torch.device | str
) -> None:
    """Score the network on validation slices and store it with its provenance; in float32 if float16 is too small."""
    if half and not fits_half(model):
        warnings.warn(f"{path}: a weight is beyond the range of half precision; stored in full", stacklevel=2)
        half = False
    checked = model.half().float() if half else model
    provenance = {
        "spec": spec.card,
        "architecture": spec.architecture,
        "digest": spec.digest,
        "code": spec.code,
        "data_digest": spec.data_digest,
        "data": spec.source,
        "code_version": __version__,
        "torch_version": torch.__version__,
        "parameters": sum(p.numel() for p in model.parameters()),
        "loss_first_and_last_epoch": [losses[0], losses[-1]],
        "validation_ssim": validation_ssim(checked, spec, device),
        "validation_slices": len(spec.validation_slices()),  # type: ignore[arg-type]
    }
    save_weights(path, checked, provenance, half=half)


def validation_ssim(model: Reconstructor, spec: NetworkSpec, device: torch.device | str = "cpu") -> float:
    """Mean SSIM on the specification's validation slices."""
    return float(np.mean(ssim_without_ttt(model, spec.validation_slices(), device)))


def ssim_without_ttt(
    model: Reconstructor, slices: Sequence[Sample] | Dataset[Sample], device: torch.device | str = "cpu"
) -> list[float]:
    """SSIM of the network's reconstruction of each slice, scored as in paper A."""
    scores: list[float] = []
    for item in range(len(slices)):  # type: ignore[arg-type]
        sample = slices[item].to(device)
        scores += slice_ssim(reconstruct(model, sample), sample)
    return scores

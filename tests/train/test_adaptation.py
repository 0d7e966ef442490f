"""Test-time training of many slices: cached, killed and continued, in parallel to the same bits."""

import signal
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save
from tiny_slices import run_script, tiny_model, tiny_sample, weights

from mrilib.scoring import slice_ssim
from mrilib.store.code import AFTERWARDS, reached
from mrilib.train import adaptation
from mrilib.train.adaptation import adapt
from mrilib.ttt import Settings

SETTINGS = Settings(learning_rate=1e-3, max_iterations=5, window=2)

KILLED = """
import os, signal
from tiny_slices import tiny_model, tiny_sample
from mrilib.train.adaptation import adapt
from mrilib.store import paths
from mrilib.ttt import Settings

writes = []

def killed_while_writing(source, target, replace=os.replace):
    writes.append(target)
    if len(writes) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)

paths.os.replace = killed_while_writing
slices = [tiny_sample(patient) for patient in range(3)]
adapt(tiny_model(), slices, Settings(learning_rate=1e-3, max_iterations=5, window=2))
"""


@pytest.fixture(scope="module")
def slices():
    return [tiny_sample(patient) for patient in range(3)]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache ü 1"
    monkeypatch.setenv("MRILIB_CACHE", str(folder))
    return folder / "ttt"


@pytest.fixture
def computed(monkeypatch):
    """The slices that were really trained on."""
    names, train = [], adaptation.test_time_train

    def counted(model, masked_kspace, *arguments, **options):
        names.append(masked_kspace.abs().sum().item())
        return train(model, masked_kspace, *arguments, **options)

    monkeypatch.setattr(adaptation, "test_time_train", counted)
    return names


def same(one, two):
    """The same results to the bit, whatever time they took."""
    return all(
        torch.equal(a.record.image, b.record.image)
        and torch.equal(a.record.last_image, b.record.last_image)
        and replace(a, record=None, seconds=0) == replace(b, record=None, seconds=0)
        and a.record.history == b.record.history
        and (a.record.stopped_at, a.record.chosen_at, a.record.reason)
        == (b.record.stopped_at, b.record.chosen_at, b.record.reason)
        for a, b in zip(one, two, strict=True)
    )


def test_results_come_in_order_with_their_scores(slices):
    done = []
    results = adapt(tiny_model(), slices, SETTINGS, done=done.append)
    assert [result.name for result in results] == ["patient 0", "patient 1", "patient 2"]
    assert done == results
    for result, sample in zip(results, slices, strict=True):
        assert result.ssim == slice_ssim(result.record.image, sample)[0]
        assert result.last_ssim == slice_ssim(result.record.last_image, sample)[0]
        assert result.seconds > 0
        assert result.record.image.device.type == "cpu"


@pytest.mark.parametrize("iterate", ["best", "last"])
def test_the_second_run_comes_from_the_cache(slices, cache, computed, iterate):
    """With the last iterate, image and last image are one tensor, which must be stored twice."""
    settings = replace(SETTINGS, iterate=iterate)
    first = adapt(tiny_model(), slices, settings, score_at=(0, 3))
    assert len(computed) == len(list(cache.glob("*.safetensors"))) == 3
    second = adapt(tiny_model(), slices, settings, score_at=(0, 3))
    assert len(computed) == 3
    assert same(first, second)
    assert [r.seconds for r in first] == [r.seconds for r in second]
    assert set(second[0].record.history.score) == {0, 3}


def test_the_number_of_workers_changes_no_bit(slices, monkeypatch, tmp_path):
    threads = torch.get_num_threads()
    one = adapt(tiny_model(), slices, SETTINGS)
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "other"))
    assert same(one, adapt(tiny_model(), slices, SETTINGS, workers=3))
    assert torch.get_num_threads() == threads


def test_without_semaphores_one_slice_follows_another_to_the_same_bits(slices, monkeypatch, tmp_path):
    one = adapt(tiny_model(), slices, SETTINGS)
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "other"))

    def refused(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(adaptation.loky, "get_reusable_executor", refused)
    with pytest.warns(RuntimeWarning, match="no worker processes .Read-only file system.; running slice by slice"):
        assert same(one, adapt(tiny_model(), slices, SETTINGS, workers=2))


def test_the_given_network_is_never_changed(slices):
    model = tiny_model()
    before = weights(model)
    adapt(model, slices, SETTINGS, workers=2)
    assert torch.equal(weights(model), before)


def test_whatever_decides_the_result_decides_the_cache_entry(slices, cache, computed, monkeypatch):
    sample = slices[0]
    adapt(tiny_model(), [sample], SETTINGS)
    adapt(tiny_model(seed=1), [sample], SETTINGS)
    for settings in ({"residual": True}, {"pinv_iterations": 2}, {"fidelity": "code"}):
        adapt(tiny_model(**settings), [sample], SETTINGS)
    adapt(tiny_model(), [sample], replace(SETTINGS, seed=1))
    adapt(tiny_model(), [replace(sample, masked_kspace=sample.masked_kspace * 2)], SETTINGS)
    adapt(tiny_model(), [replace(sample, sens_maps=sample.sens_maps * 1j)], SETTINGS)
    adapt(tiny_model(), [sample], SETTINGS, score_at=(1,))
    adapt(tiny_model(), [replace(sample, target=sample.target.flip(-1))], SETTINGS, score_at=(1,))
    adapt(tiny_model(), [replace(sample, recon_size=(20, 24))], SETTINGS, score_at=(1,))
    adapt(tiny_model(), [replace(sample, recon_size=(20, 24))], SETTINGS)  # scored outside of the cache: no new entry
    assert len(computed) == 11
    monkeypatch.setattr(adaptation, "code_digest", lambda modules: "another line of the library")
    adapt(tiny_model(), [sample], SETTINGS)
    assert len(computed) == len(list(cache.iterdir())) == 12


def test_an_entry_depends_on_the_code_that_computed_it_and_on_no_other(monkeypatch):
    """The files are those that imports reach; none is listed by hand."""
    seen = []
    monkeypatch.setattr(adaptation, "code_digest", lambda modules: seen.append(set(reached(modules, AFTERWARDS))) or "")
    adaptation._code(tiny_model())
    [modules] = seen
    method = {"ttt", "scoring", "losses", "metrics", "linop", "solvers", "coils", "sampling", "fourier", "sample"}
    assert {f"mrilib.{name}" for name in (*method, "models.unet", "models.reconstructor")} <= modules
    others = {name for name in modules if name.startswith(("mrilib.data", "mrilib.train", "mrilib.store"))}
    assert others == {"mrilib.train.adaptation"}, "which takes the seconds and scores the iterations"
    assert "mrilib.models.vit" not in modules, "another network's lines change nothing"


def test_a_killed_run_goes_on_to_the_same_bits(slices, cache, computed, monkeypatch, tmp_path):
    """SIGKILL in the middle of writing the second slice's result."""
    process = run_script(KILLED, MRILIB_CACHE=str(cache.parent))
    assert process.returncode == -signal.SIGKILL, process.stderr
    kept = list(cache.glob("*.safetensors"))
    assert len(kept) == 1  # whole, or it would be computed again:
    assert adaptation._load(kept[0]) is not None
    results = adapt(tiny_model(), slices, SETTINGS)
    assert len(computed) == 2  # the first slice was served from the cache
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "untouched"))
    assert same(results, adapt(tiny_model(), slices, SETTINGS))
    assert len(computed) == 5


def test_a_read_only_cache_warns_and_works(slices, cache, monkeypatch):
    expected = adapt(tiny_model(), slices[:1], SETTINGS)

    def read_only(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("mrilib.store.tensors.atomic_write", read_only)
    monkeypatch.setenv("MRILIB_CACHE", str(cache.parent / "read-only"))
    with pytest.warns(UserWarning, match="not kept for the next run.*Permission denied"):
        assert same(adapt(tiny_model(), slices[:1], SETTINGS), expected)


def test_a_cache_that_is_a_file_warns_and_works(slices, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="not kept"):
        assert len(adapt(tiny_model(), slices[:1], SETTINGS)) == 1


def damaged(content, how):
    middle = len(content) // 2
    return {
        "truncated": content[:-9],
        "empty": b"",
        "foreign": b"hello",
        "of an older version": save({"image": torch.zeros(1, 1, 4, 4, 2)}, metadata={"facts": "{}"}),
        "a flipped bit of the image": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
        "other seconds": content.replace(b'\\"seconds\\": 0', b'\\"seconds\\": 9'),
    }[how]


@pytest.mark.parametrize(
    "how",
    ["truncated", "empty", "foreign", "of an older version", "a flipped bit of the image", "other seconds"],
)
def test_a_damaged_entry_is_computed_again_and_replaced(slices, cache, computed, how):
    expected = adapt(tiny_model(), slices[:1], SETTINGS)
    (entry,) = cache.iterdir()
    content = entry.read_bytes()
    entry.write_bytes(damaged(content, how))
    assert entry.read_bytes() != content
    with pytest.warns(UserWarning, match=rf"{entry.name}: .*; it is made again"):
        assert same(adapt(tiny_model(), slices[:1], SETTINGS), expected)
    assert same(adapt(tiny_model(), slices[:1], SETTINGS), expected)
    assert len(computed) == 2


def test_an_error_in_one_slice_keeps_the_others(slices, cache, computed):
    broken = replace(slices[1], masked_kspace=slices[1].masked_kspace * float("nan"))
    with pytest.raises(ValueError, match="not finite"):
        adapt(tiny_model(), [slices[0], broken], SETTINGS)
    assert len(list(cache.iterdir())) == 1
    with pytest.raises(ValueError, match="max_workers"):
        adapt(tiny_model(), slices, SETTINGS, workers=0)


def test_a_warning_from_another_process_is_heard(slices, monkeypatch, tmp_path):
    with pytest.warns(RuntimeWarning, match="diverged at iteration"):
        adapt(tiny_model(), slices[:2], replace(SETTINGS, learning_rate=1e30), workers=2)

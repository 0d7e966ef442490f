"""Everything that computes, on a pretended accelerator: no tensor on the wrong device, the CPU's numbers, few waits."""

import copy
import inspect
import re
import runpy
from dataclasses import replace

import pytest
import torch
from pretend_accelerator import DEVICE, pretended_accelerator
from tiny_slices import seed_weights, tiny_sample
from torch import Tensor

from mrilib import coils, fourier, linop, losses, metrics, scoring, solvers, subspace, ttt
from mrilib.coils import estimate_sens_maps
from mrilib.linop import Fourier, Sampling, Sensitivity, sense
from mrilib.models.build import ARCHITECTURES, build
from mrilib.paper_a.early_stopping_and_ablation.ablation import turned
from mrilib.paper_a.paper_versus_code.as_published import Leaking, filled
from mrilib.paper_a.variants_that_fail.experiment import tune
from mrilib.paper_a.variants_that_fail.perturbations import PERTURBATIONS, perturb
from mrilib.paper_a.zero_shot_and_untrained import untrained
from mrilib.paper_a.zero_shot_and_untrained.untrained import replace_known
from mrilib.paper_a.zero_shot_and_untrained.zero_shot import ZeroShotSettings, zero_shot
from mrilib.sampling import calibration_width, split_mask
from mrilib.store.paths import PACKAGE
from mrilib.train import training
from mrilib.train.objectives import OBJECTIVES, denoising, round_trip
from mrilib.train.recipe import Recipe
from mrilib.train.training import fit
from mrilib.ttt import FREE_PHASE, Settings

WIDTH, DEEP = {"chans": 4, "num_pool_layers": 2}, {"dim": 12, "depth": 1, "heads": 2, "patch": 8, "image_size": 48}
SIZES = {
    "varnet": {"num_cascades": 1, **WIDTH},
    "unrolled": {"num_unrolls": 1, "num_blocks": 1, "features": 4, "cg_iterations": 2},
    "e2e_varnet": {"num_cascades": 1, "sens_chans": 2, **WIDTH},
    "vit": DEEP,
    "norm_vit": DEEP,
    "conv_decoder": {"chans": 4, "num_layers": 3},
}
KNOWN_LINES = 8
adapt = ttt.test_time_train  # its own name would be collected as a test


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


def small(name):
    accepted = inspect.signature(ARCHITECTURES[name]).parameters
    sizes = {key: value for key, value in SIZES.get(name, WIDTH).items() if key in accepted}
    with torch.random.fork_rng(devices=[]):
        return seed_weights(build({"name": name, **sizes}))


def image_of(s):
    return s.reference + 0.1


def pair(s):
    return s.target, image_of(s).abs()


CORE = {  # one call of every public function of the core that takes tensors
    "fftc": lambda s: fourier.fftc(s.reference, (-1,)),
    "ifftc": lambda s: fourier.ifftc(s.reference, (-2,)),
    "fft2c": lambda s: fourier.fft2c(s.reference),
    "ifft2c": lambda s: fourier.ifft2c(s.masked_kspace),
    "check_mask": lambda s: linop.check_mask(s.mask, s.masked_kspace),
    "check_slice": lambda s: linop.check_slice(s.masked_kspace, s.mask, s.sens_maps),
    "sense": lambda s: sense(s.mask, s.sens_maps).N(s.reference),
    "rss": lambda s: coils.rss(s.masked_kspace),
    "normalize_maps": lambda s: coils.normalize_maps(s.sens_maps),
    "estimate_sens_maps": lambda s: estimate_sens_maps(s.masked_kspace, KNOWN_LINES, phase="principal"),
    "compress": lambda s: coils.compress(s.masked_kspace, KNOWN_LINES, 2).abs(),
    "low_resolution": lambda s: coils.low_resolution(s.masked_kspace, KNOWN_LINES),
    "corners": lambda s: coils.corners(s.target),
    "moduli": lambda s: losses.moduli(s.reference, "real_view"),
    "l1_norm": lambda s: losses.l1_norm(s.reference),
    "normalized_l1": lambda s: losses.normalized_l1(image_of(s), s.reference),
    "kspace_consistency": lambda s: losses.kspace_consistency(image_of(s), s.masked_kspace, s.operator, s.mask),
    "supervised_loss": lambda s: losses.supervised_loss(image_of(s), s.reference, "complex"),
    "joint_terms": lambda s: losses.joint_terms(image_of(s), s.target, s.masked_kspace, s.operator)[1],
    "joint_loss": lambda s: losses.joint_loss(image_of(s), s.target, s.masked_kspace, s.operator),
    "ssim_loss": lambda s: losses.ssim_loss(*pair(s), s.peak),
    "ssim": lambda s: metrics.ssim(*pair(s), match="mean_std"),
    "ssim_map": lambda s: metrics.ssim_map(*pair(s), 2.0),
    "region_ssim": lambda s: metrics.region_ssim(*pair(s), (slice(4, 9), slice(4, 30))),
    "match_mean_std": lambda s: metrics.match_mean_std(*pair(s)),
    "psnr": lambda s: metrics.psnr(*pair(s)),
    "nmse": lambda s: metrics.nmse(*pair(s)),
    "artefact_variance": lambda s: metrics.artefact_variance(*pair(s), s.peak),
    "item_limits": lambda s: metrics.item_limits(s.target, 2.0),
    "check_pair": lambda s: metrics.check_pair(*pair(s)),
    "center_crop": lambda s: metrics.center_crop(s.target, (20, 20)),
    "inner": lambda s: solvers.inner(s.reference, image_of(s)),
    "conjugate_gradient": lambda s: s.operator.pinv(s.masked_kspace, 4),
    "power_method": lambda s: solvers.power_method(s.operator.N, s.reference, 3)[0],
    "zero_filled": lambda s: scoring.zero_filled(s),
    "with_cropped_maps": lambda s: scoring.with_cropped_maps(s).sens_maps,
    "cg_sense_path": lambda s: scoring.cg_sense_path(s, 2)[-1],
    "cg_sense_scores": lambda s: torch.tensor(scoring.cg_sense_scores(s, 2)),
    "best_cg_sense": lambda s: scoring.best_cg_sense(s, 2),
    "matched": lambda s: scoring.matched(s, {"one": image_of(s)})[1]["one"],
    "reconstruct": lambda s: scoring.reconstruct(small("unet").to(s.mask.device), s),
    "slice_ssim": lambda s: torch.tensor(scoring.slice_ssim(image_of(s), s)),
    "at_columns": lambda s: sense(s.mask, s.sens_maps).at_columns(s.reference, s.mask.flatten().nonzero()[:, 0]),
    "composition": lambda s: (Sampling(s.mask) @ Fourier() @ Sensitivity(s.sens_maps)).N(s.reference),
    "split_mask": lambda s: split_mask(s.mask, 0.1, 0, "pixels", 40)[1],
    "calibration_width": lambda s: torch.tensor(calibration_width(s.mask)),
    "mirrored": lambda s: s.mirrored(-1).masked_kspace,
    **{name: lambda s, name=name: perturb(s.masked_kspace[0], name, 1) for name in PERTURBATIONS},
    "replace_known": lambda s: replace_known(s.reference, s.masked_kspace, s.mask, s.sens_maps),
    "filled": lambda s: filled(s).sens_maps,
    "Leaking": lambda s: scoring.reconstruct(Leaking(small("unet").to(s.mask.device), s), s),
    "Turned": lambda s: scoring.reconstruct(turned(small("unet").to(s.mask.device), "aligned", s), s),
}


def test_every_public_function_of_the_core_is_walked():
    modules = (fourier, linop, coils, losses, metrics, solvers, scoring)
    public = {
        name
        for module in modules
        for name, one in inspect.getmembers(module, inspect.isfunction)
        if one.__module__ == module.__name__ and not name.startswith("_")
    }
    assert public <= set(CORE)


def test_every_network_outside_of_the_list_is_walked():
    files = [path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE / "models"]
    found = {name for path in files for name in re.findall(r"class (\w+)\(\w*Reconstructor\)", path.read_text("utf-8"))}
    assert {"Leaking", "Turned"} <= found <= set(CORE)


@pytest.mark.parametrize("name", CORE)
def test_the_core_gives_the_numbers_of_the_cpu(sample, name):
    wanted = CORE[name](sample)
    with pretended_accelerator():
        found = CORE[name](sample.to(DEVICE))
        found = found.cpu() if isinstance(found, Tensor) else found
    assert found is wanted is None or torch.equal(found, wanted)


def test_the_toy_proof(sample):
    generator = subspace.seeded(0)
    basis = subspace.random_basis(12, 3, generator)
    model = subspace.SubspaceModel(basis, 0.3)
    drawn = torch.randn(5, 12, generator=generator, dtype=basis.dtype)
    with pretended_accelerator():
        moved = replace(model, basis=basis.to(DEVICE))
        found = subspace.adapted_alpha(drawn.to(DEVICE), moved.basis).cpu()
        risk = subspace.risk(subspace.best_alpha(moved.basis, moved), moved.basis, moved).cpu()
    assert torch.equal(found, subspace.adapted_alpha(drawn, basis))
    assert torch.equal(risk, subspace.risk(subspace.best_alpha(basis, model), basis, model))


def trained(name, loss, sample, device):
    network = small(name)
    values = fit(network, [sample], Recipe(loss, epochs=2, learning_rate=1e-3, clip_norm=1.0), device=device)
    return values, [one.detach().cpu() for one in network.parameters()]


PAIRS = [(name, "ssim" if name.startswith(("norm", "e2e", "fastmri")) else "supervised") for name in ARCHITECTURES]
PAIRS += [({"two_head": "two_head", "cycle": "cycle"}.get(loss, "unet"), loss) for loss in OBJECTIVES]


@pytest.mark.parametrize(("name", "loss"), sorted(set(PAIRS)))
def test_training_gives_the_weights_of_the_cpu(sample, name, loss):
    losses, weights = trained(name, loss, sample, "cpu")
    with pretended_accelerator() as accelerator:
        there, moved = trained(name, loss, sample, DEVICE)
    assert there == pytest.approx(losses)
    for one, other in zip(moved, weights, strict=True):
        torch.testing.assert_close(one, other)
    assert accelerator.waits <= 60  # moving the weights back is one each


@pytest.mark.parametrize(("name", "objective"), [("two_head", denoising), ("cycle", round_trip)])
def test_the_variants_that_fail_give_the_image_of_the_cpu(sample, name, objective):
    wanted = tune(small(name), sample, objective, learning_rate=1e-3, iterations=2)
    with pretended_accelerator():
        found = tune(small(name).to(DEVICE), sample.to(DEVICE), objective, learning_rate=1e-3, iterations=2)
        image = found.image.cpu()
    torch.testing.assert_close(image, wanted.image)
    assert found.losses == pytest.approx(wanted.losses)


@pytest.mark.parametrize("name", ["conv_decoder", "dip_unet"])
def test_an_untrained_network_gives_the_image_of_the_cpu(sample, name, monkeypatch):
    architecture = {"name": name, **SIZES.get(name, WIDTH)}
    built = untrained.random_network(architecture)  # before: its size is counted on the device "meta"
    monkeypatch.setattr(untrained, "random_network", lambda *_: copy.deepcopy(built))
    settings = Settings(1e-3, max_iterations=2, window=2)

    def fitted(s):
        return untrained.fit_untrained(architecture, s.masked_kspace, s.mask, s.sens_maps, settings).image.cpu()

    wanted = fitted(sample)
    with pretended_accelerator():
        found = fitted(sample.to(DEVICE))
    torch.testing.assert_close(found, wanted)


LOOPS = {  # functions that take optimizer steps, by the test that walks them; vmap does not run behind the pretence
    "train.training": "test_training_gives_the_weights_of_the_cpu",
    "ttt.one_slice": "test_test_time_training_gives_the_image_of_the_cpu",
    "ttt.stacked": "tests/train/test_on_cuda.py: test_stacked",
    "paper_a.variants_that_fail.experiment": "test_the_variants_that_fail_give_the_image_of_the_cpu",
    "paper_a.zero_shot_and_untrained.zero_shot": "test_zero_shot_gives_the_image_of_the_cpu",
}


def test_every_loop_is_walked():
    files = (path for path in PACKAGE.rglob("*.py") if "optimizer.step()" in path.read_text(encoding="utf-8"))
    found = {".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in files}
    assert found == set(LOOPS)
    assert {name for name in LOOPS.values() if "/" not in name} <= set(globals())


UNCLEAN = [  # one line that forgets the device, and a walk on which it lies
    (linop, "_centre_phase", "device=device", "device=None", CORE["sense"]),
    (coils, "_waves", "device=like.device", "device=None", CORE["estimate_sens_maps"]),
    (coils, "_tapered", "device=center.device", "device=None", CORE["low_resolution"]),
    (training, "_backward", "collate(samples).to(device)", "collate(samples)", lambda s: trained_there(s)),
]


def trained_there(s):
    return trained("unet", "supervised", s.to("cpu"), DEVICE)


@pytest.mark.parametrize(("module", "name", "clean", "unclean", "walk"), UNCLEAN)
def test_a_line_made_unclean_is_found(sample, tmp_path, monkeypatch, module, name, clean, unclean, walk):
    source = inspect.getsource(getattr(module, name))
    assert clean in source
    changed = tmp_path / "changed.py"
    changed.write_text(source.replace(clean, unclean), encoding="utf-8")
    monkeypatch.setattr(module, name, runpy.run_path(str(changed), vars(module))[name])
    with pretended_accelerator(), pytest.raises(RuntimeError, match="mixes the accelerator with a CPU tensor"):
        walk(sample.to(DEVICE))


@pytest.mark.parametrize("phase", ["network", "free"])
@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in ("conv_decoder", "dip_unet")])
def test_test_time_training_gives_the_image_of_the_cpu(sample, name, phase):
    settings = (
        Settings(1e-3, max_iterations=3, window=2) if phase == "network" else replace(FREE_PHASE, max_iterations=3)
    )
    wanted = adapt(small(name), sample.masked_kspace, sample.mask, None, settings)
    with pretended_accelerator():
        there = sample.to(DEVICE)
        found = adapt(small(name).to(DEVICE), there.masked_kspace, there.mask, None, settings)
        image = found.image.cpu()
    torch.testing.assert_close(image, wanted.image)
    assert found.history.validation_error == pytest.approx(wanted.history.validation_error)


def test_test_time_training_waits_once_in_ten_iterations(sample):
    waits = []
    for iterations in (10, 30):
        with pretended_accelerator() as accelerator:
            there = sample.to(DEVICE)
            settings = replace(FREE_PHASE, max_iterations=iterations)
            adapt(small("norm_unet").to(DEVICE), there.masked_kspace, there.mask, there.sens_maps, settings)
        waits.append(accelerator.waits)
    assert waits[1] - waits[0] == 2


def test_zero_shot_gives_the_image_of_the_cpu(sample):
    settings = ZeroShotSettings(learning_rate=1e-3, max_epochs=2, splits=2)

    def run(s):
        model = small("unrolled").to(s.mask.device)
        return zero_shot(model, s.masked_kspace, s.mask, s.sens_maps, settings).image.cpu()

    wanted = run(sample)
    with pretended_accelerator():
        assert torch.equal(run(sample.to(DEVICE)), wanted)


def test_a_line_that_forgets_the_device_is_found(sample, monkeypatch):
    def forgetful(size, first, count, like):
        return torch.exp(2j * torch.arange(size)[:, None] * torch.arange(first, first + count)).to(like.dtype)

    monkeypatch.setattr(coils, "_waves", forgetful)
    with pretended_accelerator(), pytest.raises(RuntimeError, match="mixes the accelerator with a CPU tensor"):
        estimate_sens_maps(sample.to(DEVICE).masked_kspace, KNOWN_LINES)

"""SSIM of the real brain under test-time training with a free phase: every contrast, hold-out seed and iteration.

    python benchmarks/contrasts.py [--seeds N]

Needs `mrilib data get brain-vfa`. Networks trained on simulated knees, supervised and joint, reconstruct one slice of
one volunteer at ten flip angles, 4-fold under-sampled. Every run takes all 120 iterations and is scored after each, so
that a fall on the way is seen. Half an hour on one core with five seeds.
"""

import argparse
from dataclasses import asdict, dataclass, replace
from statistics import fmean

import torch
from measuring import RESULTS

from mrilib.coils import estimate_sens_maps
from mrilib.data.fetch import fetched
from mrilib.gap import mean_interval
from mrilib.linop import sense
from mrilib.metrics import center_crop, ssim
from mrilib.sampling import Undersampling, calibration_width
from mrilib.scan.formats import open_scan
from mrilib.scan.reconstruction import Slice, prepare
from mrilib.store.records import write_json
from mrilib.train.networks import by_name
from mrilib.ttt import FREE_PHASE, test_time_train

NETWORKS = "unet_supervised_knee_pd_4x", "unet_joint_knee_pd_4x"
OUTPUT = RESULTS / "contrasts.json"


@dataclass(frozen=True)
class Run:
    """SSIM without TTT, of the image returned, and the lowest on the way."""

    network: str
    contrast: str
    seed: int
    before: float
    after: float
    lowest: float


def follow(network: str, given: Slice, contrast: str, seed: int) -> Run:
    """Test-time train with a hold-out of this seed, and score every image on the way."""
    maps = estimate_sens_maps(given.masked_kspace, calibration_width(given.mask))
    model = by_name(network)

    def score(image: torch.Tensor) -> float:
        return ssim(given.target, given.scale * center_crop(image.abs(), given.recon_size), match="mean_std").item()

    with torch.no_grad():
        before = score(model(given.masked_kspace, sense(given.mask, maps)))
    settings = replace(FREE_PHASE, seed=seed, run_on=True)
    every = range(settings.max_iterations)
    record = test_time_train(model, given.masked_kspace, given.mask, maps, settings, score=score, score_at=every)
    return Run(network, contrast, seed, before, score(record.image), min(record.history.score.values()))


def report(network: str, runs: list[Run]) -> None:
    """Print the mean over contrasts, the smallest gain and the deepest fall of a network's runs."""
    means = mean_interval(
        [fmean(run.after for run in runs if run.contrast == one) for one in dict.fromkeys(r.contrast for r in runs)]
    )
    print(
        f"{network}: SSIM {means} over contrasts; smallest gain {min(r.after - r.before for r in runs):+.3f}; "
        f"deepest fall below no TTT {max(0.0, *(r.before - r.lowest for r in runs)):.4f}; {len(runs)} runs",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    torch.set_num_threads(1)
    files = sorted(fetched("brain-vfa").glob("*.h5"))
    scans = {path.stem[-2:]: replace(open_scan(path), recon_size=None) for path in files}
    slices = {contrast: prepare(scan, 0, Undersampling(4)) for contrast, scan in scans.items()}
    found: list[Run] = []
    for network in NETWORKS:
        runs = [follow(network, one, angle, seed) for seed in range(seeds) for angle, one in slices.items()]
        report(network, runs)
        found += runs
    write_json(OUTPUT, {"runs": [asdict(run) for run in found]})


if __name__ == "__main__":
    main()

"""One network for a diverse collection of datasets (paper B, §7): training data, test sets and scores."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mrilib.data.collections import COLLECTIONS
from mrilib.data.slices import SliceDataset
from mrilib.data.twins import TWINS
from mrilib.gap import Interval, performance_gap
from mrilib.metrics import Match, artefact_variance, center_crop, match_mean_std, ssim
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_b import perceptual
from mrilib.paper_b.parameters import CollectionTraining
from mrilib.paper_b.protocol import UnionSpec, apportioned, sampled, slices_to_test, union
from mrilib.paper_b.study import Measures, Study, TestSet
from mrilib.scoring import reconstruct
from mrilib.train.networks import network, stored

FASTMRI = ("fastmri_knee", "fastmri_brain")
ELSEWHERE = ("cc_359_sagittal", "nyu", "stanford_2d", "m4raw_gre")  # tested on, never in D_P; order of Figure 10
TESTED = FASTMRI + ELSEWHERE
D_P = tuple(name for name, one in COLLECTIONS.items() if one.in_training)


def arm_title(name: str) -> str:
    """Title of a dataset in figures, with its view if there are several; D_P and other arms in words."""
    if name not in COLLECTIONS:
        return {"d_p": "13 datasets", "d_p_few": "13 datasets, few slices"}.get(name, name)
    one = COLLECTIONS[name]
    several = sum(other.title == one.title for other in COLLECTIONS.values()) > 1
    return f"{one.title} {one.view}" if several else one.title


def of_datasets(slices: Mapping[str, int]) -> dict[str, int]:
    """Number of slices of each population, from the number of each dataset and the shares of its populations.

    Raises:
        ValueError: fewer slices of a dataset than it has populations.
    """
    return {part: count for name, taken in slices.items() for part, count in apportioned(TWINS[name], taken).items()}


def parts(train_slices: int, other_slices: int) -> dict[str, dict[str, int]]:
    """Training slices by arm and population: one dataset alone, D_P, and D_P with only as many slices as one dataset.

    Args:
        train_slices: number for fastMRI knee, for fastMRI brain, and for each dataset with its own network.
        other_slices: number for each of the eleven other datasets in D_P.

    Reference: Lin, Heckel, ICML 2024, §7; the arm with few slices is ours.
    """
    everything = {name: train_slices if name in FASTMRI else other_slices for name in D_P}
    few = apportioned(everything, train_slices)
    alone = {name: of_datasets({name: train_slices}) for name in TESTED}
    return alone | {"d_p": of_datasets(everything), "d_p_few": of_datasets(few)}


def arms(p: CollectionTraining) -> dict[str, UnionSpec]:
    """Networks of Section 7 by training data; those of one dataset are named after it.

    Raises:
        ValueError: too few slices for the populations of a dataset.
    """
    try:
        made = parts(p.train_slices, p.other_slices)
    except ValueError as error:
        raise ValueError(f"with train_slices {p.train_slices} and other_slices {p.other_slices}: {error}") from None
    return {arm: union(arm, taken, p.architecture, p.recipe, source=p.source) for arm, taken in made.items()}


def tests(slices: int) -> dict[str, TestSet]:
    """Test sets by population, with `slices` slices of each of the six datasets of Figure 10; some may be empty."""
    counts = {part: count for name in TESTED for part, count in sampled(TWINS[name], slices).items()}
    return {name: TestSet(name, count) for name, count in counts.items()}


def study(p: CollectionTraining, device: torch.device | str = "cpu") -> Study:
    """Section 7's networks on test slices of the six datasets, matched to the target in mean and standard deviation."""
    made, tested = arms(p), tests(p.test_slices)
    return Study("collection", made, tested, "mean_std", p.source, device, p.recompute, measure=quality)


def perceptual_study(scored: Study) -> Study:
    """Same networks on the same slices, scored by LPIPS and DISTS; without the metrics' weights, only stored rows."""
    again = scored.recompute and perceptual.available()
    return replace(scored, name="collection_perceptual", measure=perceptual_quality, recompute=again, _read={})


def weights_here(scored: Study, compared: Iterable[str]) -> bool:
    """Whether the networks of these arms are stored, so that nothing has to be trained."""
    return all(stored(scored.arms[arm]) is not None for arm in compared)


def can_score(features: Study) -> bool:
    """Whether rows of LPIPS and DISTS are stored or can be computed from available weights."""
    return not features.missing or (perceptual.available() and weights_here(features, features.arms))


def quality(model: Reconstructor, slices: SliceDataset, match: Match | None, device: torch.device | str) -> Measures:
    """SSIM as in `protocol.ssim_scores`, SSIM of the unmatched output, and artefacts as in Table 4.

    Reference: Lin, Heckel, ICML 2024, App. G.2 and G.3.
    """
    found: Measures = {"ssim": [], "ssim_unmatched": [], "artefacts": []}
    for target, output, peak in _reconstructed(model, slices, device):
        image = match_mean_std(target, output) if match else output
        found["ssim"] += ssim(target, image, data_range=peak).tolist()
        found["ssim_unmatched"] += ssim(target, output, data_range=peak).tolist()
        found["artefacts"] += artefact_variance(target, image, peak).tolist()
    return found


def perceptual_quality(
    model: Reconstructor, slices: SliceDataset, match: Match | None, device: torch.device | str
) -> Measures:
    """LPIPS and DISTS as in Table 3.

    Raises:
        WeightsError: the metrics' weights have not been fetched.
    """
    metrics = perceptual.load(device)
    found: Measures = {"lpips": [], "dists": []}
    for target, output, peak in _reconstructed(model, slices, device):
        image = match_mean_std(target, output) if match else output
        found["lpips"] += metrics.lpips(target, image, peak).tolist()
        found["dists"] += metrics.dists(target, image, peak).tolist()
    return found


@torch.no_grad()
def _reconstructed(
    model: Reconstructor, slices: SliceDataset, device: torch.device | str
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield target, output and volume maximum of each slice."""
    for item in range(len(slices)):
        sample = slices[item].to(device)
        target, output = (center_crop(x, sample.recon_size) for x in (sample.target, reconstruct(model, sample).abs()))
        yield target, output, sample.peak


def members(*datasets: str) -> dict[str, None]:
    """Populations of several datasets, in the form expected by `Study.mean`."""
    return dict.fromkeys(part for name in datasets for part in TWINS[name])


def best_of_fastmri(scored: Study, dataset: str) -> str:
    """Name of the fastMRI network, of two, with the higher mean SSIM on a dataset."""
    return max(FASTMRI, key=lambda arm: scored.mean(arm, members(dataset)).value)


def gain(scored: Study, other: str, datasets: Sequence[str], measure: str = "ssim", arm: str = "d_p") -> Interval:
    """Gain of one arm over another on the same slices; positive is better for every measure."""
    pair = (arm, other) if measure.startswith("ssim") else (other, arm)
    return scored.difference(*pair, members(*datasets), measure)


def matching_gain(scored: Study, datasets: Mapping[str, Sequence[str]]) -> Interval:
    """Gain in SSIM from matching the output's mean and standard deviation, over networks and their test datasets.

    Reference: Lin, Heckel, ICML 2024, App. G.2.
    """
    pairs = [(arm, members(*tested)) for arm, tested in datasets.items()]
    matched, plain = (
        [score for arm, tested in pairs for score in scored.over(arm, tested, measure)]
        for measure in ("ssim", "ssim_unmatched")
    )
    slices = [(part, n) for arm, tested in pairs for part in tested for n in range(len(scored.scores(arm, part)))]
    return performance_gap(matched, plain, slices)


@dataclass(frozen=True)
class Example:
    """One test slice, (y, x) real, with its reconstructions by arm, matched to the target, and their SSIM."""

    target: Tensor
    images: dict[str, Tensor]
    ssim: dict[str, float]


def example(scored: Study, dataset: str, compared: Sequence[str]) -> Example:
    """Reconstruct the first test slice of a dataset's first population with the networks of several arms."""
    part = next(iter(TWINS[dataset]))
    slices = slices_to_test(part, 1, source=scored.source)
    images, scores = {}, {}
    for arm in compared:
        [(target, output, peak)] = _reconstructed(network(scored.arms[arm], scored.device), slices, scored.device)
        images[arm] = match_mean_std(target, output)[0, 0]
        scores[arm] = ssim(target, images[arm][None, None], data_range=peak).item()
    return Example(target[0, 0], images, scores)

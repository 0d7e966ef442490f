"""Networks trained on healthy heads, and how well they reconstruct lesions (paper B, §5 and App. E)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from mrilib.data.annotated import Heads
from mrilib.data.annotations import Region
from mrilib.data.slices import SliceDataset
from mrilib.data.sources import Source
from mrilib.data.twins import DISEASED, HEALTHY
from mrilib.experiments.diverse import VALIDATION_PER_PART, UnionSpec, equispaced, paper_b, union
from mrilib.experiments.one_or_many import shared_out
from mrilib.experiments.study import Measures, Study, TestSet
from mrilib.metrics import Match, center_crop, region_ssim, ssim
from mrilib.models.build import describe
from mrilib.models.reconstructor import Reconstructor
from mrilib.training import reconstruct

P, Q = (tuple(entry.name for entry in group) for group in (HEALTHY, DISEASED))
SHARES = {"": 1, "half of ": 2, "quarter of ": 4}
DISEASED_PER_HEALTHY = 2_500 / 4_500  # training slices, as in the paper
MORE = "more of P"  # healthy slices only, as many as P and Q have together
GAP, RING = 2, 5  # pixels from a box to the ring about it, and to the ring's end


@dataclass(frozen=True, kw_only=True)
class HeadsSpec(UnionSpec):
    """A network trained on heads; of files, on those that the csv says."""

    annotations: str = ""

    @property
    def data_digest(self) -> str:
        digests = [Heads(self.source, self.annotations).digest(name, "train", count) for name, count in self.parts]
        return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]

    def _pairs(self, split: str) -> list[tuple]:
        heads = Heads(self.source, self.annotations)
        counts = {name: count if split == "train" else VALIDATION_PER_PART for name, count in self.parts}
        return [pair for name, count in counts.items() for pair in heads.pairs(name, split, count)]


@dataclass(frozen=True)
class HeadsTest(TestSet):
    """Test slices of heads; of files, those that the csv says."""

    annotations: str = ""

    def load(self, source: Source) -> SliceDataset:
        pairs = Heads(source, self.annotations).pairs(self.distribution, "test", self.slices)
        return SliceDataset(pairs, equispaced([self.acceleration]), maps=False)

    def digest(self, source: Source) -> str:
        return Heads(source, self.annotations).digest(self.distribution, "test", self.slices)


class Boxes(Protocol):
    """Where the lesions of a slice are."""

    def __call__(self, path: Path, index: int) -> list[Region]: ...


def parts(slices: int) -> dict[str, dict[str, int]]:
    """Training slices by arm: healthy heads, the same and heads with lesions, and as many healthy ones as both.

    Args:
        slices: of healthy heads at full size; an arm's name says which share it takes of them.

    Raises:
        ValueError: too few slices for each population.

    Reference: Lin, Heckel, ICML 2024, §5 (4,500 and 2,500 slices; and a half, a quarter and an eighth of them).
    """
    lesions = round(slices * DISEASED_PER_HEALTHY)
    found = {}
    for words, share in SHARES.items():
        healthy = shared_out(P, slices // share)
        found[f"{words}P"] = healthy
        found[f"{words}P and Q"] = healthy | shared_out(Q, lesions // share)
    return found | {MORE: shared_out(P, slices + lesions)}


def arms(parameters: Mapping[str, Any]) -> dict[str, HeadsSpec]:
    """The networks by what they are trained on."""
    recipe = paper_b(*(parameters[key] for key in ("epochs", "train_learning_rate", "batch_size", "seed")))
    architecture = describe(parameters["model"], parameters)
    made = {
        arm: union(
            f"pathologies_{arm.replace(' ', '_').lower()}", taken, architecture, recipe, source=parameters["source"]
        )
        for arm, taken in parts(parameters["train_slices"]).items()
    }
    return {arm: HeadsSpec(**vars(spec), annotations=parameters["annotations"]) for arm, spec in made.items()}


def study(parameters: Mapping[str, Any], device: torch.device | str = "cpu", recompute: bool = False) -> Study:
    """The networks on test slices of healthy heads and of heads with lesions, and in the lesions' boxes."""
    source, annotations = parameters["source"], parameters["annotations"]
    tests = {name: HeadsTest(name, parameters["test_slices"], annotations=annotations) for name in (*P, *Q)}
    measure = partial(lesion_scores, boxes=Heads(source, annotations).boxes)
    return Study("pathologies", arms(parameters), tests, None, source, device, recompute, measure=measure)


@torch.no_grad()
def lesion_scores(
    model: Reconstructor,
    slices: SliceDataset,
    match: Match | None = None,
    device: torch.device | str = "cpu",
    *,
    boxes: Boxes,
) -> Measures:
    """SSIM of each slice, and for each lesion on it: its slice, share of the image, SSIM of its box and contrasts.

    SSIM as `diverse.similarity` has it, of a box as `metrics.region_ssim`; the contrast as `contrast`, of the
    reconstruction and of the target, over the volume's maximum.
    """
    found: Measures = {name: [] for name in ("ssim", "slice", "area", "lesion", "contrast", "target_contrast")}
    for item, place in enumerate(slices.slices):
        sample = slices[item].to(device)
        target, image = (center_crop(x, sample.recon_size) for x in (sample.target, reconstruct(model, sample).abs()))
        found["ssim"] += ssim(target, image, data_range=sample.peak, match=match).tolist()
        for rows, columns in boxes(*place):
            found["slice"].append(item)
            found["area"].append((rows.stop - rows.start) * (columns.stop - columns.start) / target[0, 0].numel())
            found["lesion"] += region_ssim(target, image, (rows, columns), sample.peak).tolist()
            for name, picture in (("contrast", image), ("target_contrast", target)):
                found[name].append(contrast(picture[0, 0], (rows, columns)) / sample.peak.item())
    return found


def contrast(image: Tensor, box: Region) -> float:
    """Mean of a box over the mean of the ring about it, from GAP to RING pixels away; (y, x)."""
    ring = torch.zeros_like(image, dtype=torch.bool)
    ring[_grown(box, RING)], ring[_grown(box, GAP)] = True, False
    return (image[box].mean() - image[ring].mean()).item()


def _grown(box: Region, pixels: int) -> Region:
    return tuple(slice(max(side.start - pixels, 0), side.stop + pixels) for side in box)  # type: ignore[return-value]

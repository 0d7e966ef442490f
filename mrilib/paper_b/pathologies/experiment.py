"""How well networks trained on healthy heads reconstruct lesions (paper B, §5 and App. E)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from mrilib.data.annotated import Heads
from mrilib.data.annotations import Region
from mrilib.data.slices import SliceDataset
from mrilib.data.sources import Source
from mrilib.data.twins import DISEASED, HEALTHY
from mrilib.metrics import Match, center_crop, region_ssim, ssim
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_b.pathologies.parameters import Parameters
from mrilib.paper_b.protocol import VALIDATION_PER_PART, UnionSpec, equispaced, union
from mrilib.paper_b.study import Measures, Study, TestSet
from mrilib.scoring import reconstruct

P, Q = (tuple(entry.name for entry in group) for group in (HEALTHY, DISEASED))
SHARES = {"": 1, "half of ": 2, "quarter of ": 4}
DISEASED_PER_HEALTHY = 2_500 / 4_500  # training slices, as in the paper
MORE = "more of P"  # healthy slices only, as many as P and Q have together
GAP, RING = 2, 5  # pixels from a box to the inner and to the outer edge of the ring around it


@dataclass(frozen=True, kw_only=True)
class HeadsSpec(UnionSpec):
    """Specification of a network trained on heads; with files, on those selected by the csv."""

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
    """Test slices of heads; with files, those selected by the csv."""

    annotations: str = ""

    def load(self, source: Source) -> SliceDataset:
        pairs = Heads(source, self.annotations).pairs(self.distribution, self.split, self.slices)
        return SliceDataset(pairs, equispaced([self.acceleration]), maps=False)

    def digest(self, source: Source) -> str:
        return Heads(source, self.annotations).digest(self.distribution, self.split, self.slices)


class Boxes(Protocol):
    """Boxes around the lesions of a slice."""

    def __call__(self, path: Path, index: int) -> list[Region]: ...


def shared_among(there: Mapping[str, int], slices: int) -> dict[str, int]:
    """Divide slices among populations as evenly as their available numbers allow.

    Raises:
        ValueError: more slices than all populations have together.
    """
    if slices > sum(there.values()):
        raise ValueError(f"train_slices: {slices:,} wanted; {len(there)} populations have {sum(there.values()):,}")
    found, left = dict.fromkeys(there, 0), slices
    for place, name in enumerate(sorted(there, key=lambda name: there[name])):
        found[name] = min(there[name], -(-left // (len(there) - place)))
        left -= found[name]
    return found


def parts(slices: int, heads: Heads) -> dict[str, dict[str, int]]:
    """Training slices by arm: healthy heads; healthy heads and heads with lesions; as many healthy heads as both.

    With files, the last arm uses all available slices if these are fewer.

    Args:
        slices: number of healthy heads at full size; the name of an arm states which share of them it takes.
        heads: available slices.

    Raises:
        ValueError: more slices than available.

    Reference: Lin, Heckel, ICML 2024, §5 (4,500 and 2,500 slices; and a half, a quarter and an eighth of them).
    """
    healthy, diseased = (
        {name: max(heads.available(name, "train") - VALIDATION_PER_PART, 0) for name in names} for names in (P, Q)
    )
    lesions = round(slices * DISEASED_PER_HEALTHY)
    found = {}
    for words, share in SHARES.items():
        found[f"{words}P"] = shared_among(healthy, slices // share)
        found[f"{words}P and Q"] = found[f"{words}P"] | shared_among(diseased, lesions // share)
    return found | {MORE: shared_among(healthy, min(slices + lesions, sum(healthy.values())))}


def arms(p: Parameters) -> dict[str, HeadsSpec]:
    """Networks by training data."""
    made = {
        arm: union(f"pathologies_{arm.replace(' ', '_').lower()}", taken, p.architecture, p.recipe, source=p.source)
        for arm, taken in parts(p.train_slices, Heads(p.source, p.annotations)).items()
    }
    return {arm: HeadsSpec(**vars(spec), annotations=p.annotations) for arm, spec in made.items()}


def study(p: Parameters, device: torch.device | str = "cpu") -> Study:
    """The networks on test slices of healthy heads and of heads with lesions, and inside the boxes of the lesions.

    With files, a population with fewer test slices contributes all of them.
    """
    heads = Heads(p.source, p.annotations)
    there = {name: min(p.test_slices, heads.available(name, "test")) for name in (*P, *Q)}
    tests = {name: HeadsTest(name, count, annotations=heads.annotations) for name, count in there.items() if count}
    measure = partial(lesion_scores, boxes=heads.boxes)
    return Study("pathologies", arms(p), tests, None, p.source, device, p.recompute, measure=measure)


def without_lesions(study: Study) -> dict[str, None]:
    """Test sets without lesions."""
    return dict.fromkeys(name for name in P if name in study.tests)


def with_lesions(study: Study) -> dict[str, None]:
    """Test sets with lesions."""
    return dict.fromkeys(name for name in Q if name in study.tests)


@torch.no_grad()
def lesion_scores(
    model: Reconstructor,
    slices: SliceDataset,
    match: Match | None = None,
    device: torch.device | str = "cpu",
    *,
    boxes: Boxes,
) -> Measures:
    """SSIM of each slice and, for each lesion, its slice, share of the image, SSIM of its box, and contrasts.

    SSIM is that of `protocol.ssim_scores` and, for a box, that of `metrics.region_ssim`. Contrasts are those of
    `contrast`, for the reconstruction and the target, relative to the volume's maximum.
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
    """Mean of a box minus the mean of the ring around it, from GAP to RING pixels away; (y, x)."""
    ring = torch.zeros_like(image, dtype=torch.bool)
    ring[_grown(box, RING)], ring[_grown(box, GAP)] = True, False
    return (image[box].mean() - image[ring].mean()).item()


def _grown(box: Region, pixels: int) -> Region:
    return tuple(slice(max(side.start - pixels, 0), side.stop + pixels) for side in box)  # type: ignore[return-value]

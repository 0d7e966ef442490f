"""Gain from several receive coils: SSIM of CG-SENSE by number of coils and acceleration, on one simulated slice."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import altair

from mrilib.figures.direct import labelled_chart
from mrilib.figures.sentences import number
from mrilib.paper_a.forward_explorer import COILS, ITERATIONS, NOISE, PATIENT, reconstructions, scanned
from mrilib.sample import undersample
from mrilib.sampling import Undersampling
from mrilib.scoring import slice_ssim

ACCELERATIONS = (2, 3, 4)


def coil_scores(data: str, counts: Sequence[int] = COILS) -> list[dict[str, Any]]:
    """SSIM of CG-SENSE by number of coils and acceleration, on the slice of the explorer; equispaced masks."""
    rows = []
    for acceleration in ACCELERATIONS:
        sampling = Undersampling(acceleration, kind="equispaced")
        for coils in counts:
            kspace = scanned(data, PATIENT, coils, NOISE)
            sample = undersample(kspace, sampling.mask(data, kspace.shape[-1]), maps=False)
            *_, image = reconstructions(sample, ITERATIONS).values()
            rows.append({"acceleration": f"{acceleration}×", "coils": coils, "ssim": slice_ssim(image, sample)[0]})
    return rows


def coils_chart(rows: Sequence[dict[str, Any]]) -> altair.LayerChart:
    """Curves of `coil_scores`, one per acceleration; the title has the first and last gain at the largest R."""
    fastest = rows[-1]["acceleration"]
    scores = {row["coils"]: row["ssim"] for row in rows if row["acceleration"] == fastest}
    counts = sorted(scores)
    first, last = (number(scores[b] - scores[a], signed=True) for a, b in (counts[:2], counts[-2:]))
    gains = f"{first} in SSIM from {counts[0]} to {counts[1]} coils, {last} from {counts[-2]} to {counts[-1]}"
    title = f"{_message(scores)}: {gains} (CG-SENSE at {fastest}, simulated slice)"
    told = "; ".join(f"{row['acceleration']}, {_coils(row['coils'])} {row['ssim']:.3f}" for row in rows)
    return labelled_chart(
        rows,
        "coils",
        "ssim",
        "acceleration",
        x_title="receive coils",
        y_title="SSIM of CG-SENSE",
        title=title,
        alt=f"{title}. {told}",
    )


def _coils(count: int) -> str:
    return f"{count} coil{'s' * (count != 1)}"


def _message(scores: Mapping[int, float]) -> str:
    """Whether each further coil gains less than the previous ones."""
    gains = [(scores[b] - scores[a]) / (b - a) for a, b in pairwise(sorted(scores))]
    return (
        "The first coils bring the largest gain" if gains == sorted(gains, reverse=True) else "Gain from further coils"
    )

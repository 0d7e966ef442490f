"""Tables and sentences on the real brain: its contrasts, and the forms in which a file might hold a slice."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from mrilib.beyond.from_simulation_to_scanner.experiment import CG_SENSE, KNEE, KNEE_TTT, WAVELET, Contrasts
from mrilib.beyond.from_simulation_to_scanner.parameters import Parameters
from mrilib.beyond.from_simulation_to_scanner.robustness import NETWORKS, Case, gain, groups, in_words
from mrilib.figures.plot import Table, table
from mrilib.figures.sentences import measured, number, verdict
from mrilib.gap import performance_gap
from mrilib.store.tables import Row

CONTRASTS, ITERATIONS = 10, 300  # of a full run, which the text of the notebook describes
OTHERS = (KNEE, CG_SENSE, WAVELET)  # what the knee-trained network with TTT is compared with


def key(method: str) -> str:
    """Key of a method in `results.json`, such as "knee_trained_ttt"."""
    return method.replace(" + ", "_").replace("-", "_").replace("ℓ", "l").lower()


def by_contrast(found: Contrasts) -> list[dict[str, Any]]:
    """One row per contrast with the score of each method."""
    return [
        {"flip angle": angle} | {method: column[row] for method, column in found.scores.items()}
        for row, angle in enumerate(found.angles)
    ]


def forms_table(found: Mapping[str, Sequence[tuple[Case, Row]]], caption: str) -> Table:
    """SSIM of CG-SENSE and of each network without and with TTT, mean over hold-outs, by form of the slice."""
    by_network = {network: groups(pairs) for network, pairs in found.items()}
    rows = []
    for form, some in next(iter(by_network.values())).items():
        row: dict[str, Any] = {"form": form, "CG-SENSE": fmean(one["cg_sense"] for one in some)}
        for network, grouped in by_network.items():
            saw = NETWORKS[network]
            row[saw] = fmean(one["network"] for one in grouped[form])
            row[f"{saw} + TTT"] = fmean(one["network_ttt"] for one in grouped[form])
        rows.append(row)
    return table(rows, list(rows[0]), caption=caption)


def least_in_words(found: Mapping[str, Sequence[tuple[Case, Row]]]) -> list[str]:
    """For each network, the form of the slice in which TTT adds least."""
    told = []
    for network, pairs in found.items():
        case, row = least(pairs)
        told.append(f"**Trained on {NETWORKS[network]}:** {in_words(case)}, {number(gain(row), signed=True)}.")
    return told


def least(found: Sequence[tuple[Case, Row]]) -> tuple[Case, Row]:
    """The case in which TTT adds least."""
    return min(found, key=lambda pair: gain(pair[1]))


def of_this_run(p: Parameters, found: Contrasts) -> str:
    """What this run found, and whether it is long enough to be compared with the answer at the top."""
    by = performance_gap(found.scores[KNEE_TTT], found.scores[WAVELET])
    level = verdict(by, "above ℓ1-wavelets by {}", "below ℓ1-wavelets by {}", "indistinguishable from ℓ1-wavelets ({})")
    gained = measured(performance_gap(found.scores[KNEE_TTT], found.scores[KNEE]), signed=True)
    told = (
        f"**In this run** ({len(found.angles)} of {CONTRASTS} contrasts, at most {p.ttt_iterations} iterations), TTT "
        f"changes the SSIM of the knee-trained network by {gained}; with TTT, this network is {level}."
    )
    if len(found.angles) == CONTRASTS and p.ttt_iterations >= ITERATIONS:
        return told
    return f"{told} **This run is too short to confirm or refute the answer above**, which comes from a full run."


def contrasts_in_words(angles: Sequence[str], scores: Mapping[str, Sequence[float]]) -> list[str]:
    """Compare the knee-trained network with TTT to each of `OTHERS`, naming the contrasts on which it is not better."""
    after, told = scores[KNEE_TTT], []
    for other in OTHERS:
        by = performance_gap(after, scores[other])
        worse = [angle for angle, a, b in zip(angles, after, scores[other], strict=True) if a <= b]
        lead = verdict(by, "ahead by {}", "behind by {}", "no difference distinguishable from zero ({})")
        name = "the same network without TTT" if other == KNEE else other
        told.append(f"**Compared with {name}:** {lead}; not better at {', '.join(worse) or 'no contrast'}.")
    return told

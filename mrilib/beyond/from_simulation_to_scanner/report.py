"""Tables and sentences of the real brain: contrasts, and the forms in which its file might hold a slice."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from mrilib.beyond.from_simulation_to_scanner.robustness import NETWORKS, Case, groups
from mrilib.figures.plot import Table, table
from mrilib.figures.sentences import measured, verdict
from mrilib.gap import mean_interval, performance_gap
from mrilib.store.tables import Row


def by_contrast(names: Sequence[str], scores: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    """One row per contrast with the score of each method."""
    return [
        {"flip angle": name} | {method: column[row] for method, column in scores.items()}
        for row, name in enumerate(names)
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


def contrasts_in_words(
    angles: Sequence[str], scores: Mapping[str, Sequence[float]], after: str, others: Sequence[str]
) -> list[str]:
    """One method against others, over all contrasts, naming those on which it is not better."""
    told = [f"**{after}:** mean SSIM {measured(mean_interval(scores[after]))}."]
    for other in others:
        by = performance_gap(scores[after], scores[other])
        worse = [angle for angle, a, b in zip(angles, scores[after], scores[other], strict=True) if a <= b]
        lead = verdict(by, "ahead by {}", "behind by {}", "no difference distinguishable from zero ({})")
        told.append(f"**Against {other}:** {lead}; not better at {', '.join(worse) or 'no contrast'}.")
    return told

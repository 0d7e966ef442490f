"""Tables of the real brain: one row per contrast, and one per form in which its file might hold a slice."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from mrilib.beyond.from_simulation_to_scanner.robustness import NETWORKS, Case, groups
from mrilib.figures.plot import Table, table
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

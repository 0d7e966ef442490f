"""Numbers in paper B's Section 7 and Appendix G, recomputed from other printed numbers or from the paper's code."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean
from typing import Any

import torch

from mrilib.data.collections import COLLECTIONS, TRAIN_SHARE, Collection
from mrilib.models.build import build
from mrilib.paper_b.a_diverse_collection.published import DISTS, LPIPS, TABLE_1, TABLES, Printed
from mrilib.paper_b.collection import arm_title
from mrilib.paper_b.protocol import equispaced

FOLLOWS, ROUNDED, NOT = "follows", "possible, if entries were rounded", "does not follow"
NEAR = 0.05  # relative tolerance, about two printed digits
WIDTHS = (320, 368, 372, 396)  # of fastMRI's k-space, in columns
M4RAW_VALIDATION = 240  # volumes of its designated validation set, which the published lists omit


@dataclass(frozen=True)
class Check:
    """One printed statement beside the recomputed value."""

    item: str
    printed: str
    recomputed: str
    verdict: str


def number(printed: str) -> float:
    """Parse a count as printed in Table 1: "6.4k" is 6400."""
    return float(printed.removesuffix("k")) * (1000 if printed.endswith("k") else 1)


def before_dropping(one: Collection) -> int:
    """Number of slices of a dataset's volumes, as counted in Table 1, which includes slices without anatomy."""
    volumes = one.train.volumes + one.test.volumes
    return one.train.slices + one.test.slices + volumes * sum(one.dropped)


def table_1() -> list[dict[str, Any]]:
    """Table 1 as printed beside the published lists, one row per dataset; `near` if both counts agree to two digits."""
    rows = []
    for name, one in COLLECTIONS.items():
        volumes, slices, _ = TABLE_1[name]
        found = one.train.volumes + one.test.volumes, before_dropping(one)
        ratios = [ours / number(theirs) for ours, theirs in zip(found, (volumes, slices), strict=True)]
        rows.append(
            {
                "dataset": arm_title(name),
                "printed": f"{volumes} / {slices}",
                "derived": f"{found[0]:,} / {found[1]:,}",
                "dropped": " + ".join(map(str, one.dropped)) if sum(one.dropped) else "none",
                "train": f"{one.train.slices:,}" if one.in_training else f"({one.train.slices:,})",
                "test": f"{one.test.slices:,}",
                "share": f"{100 * one.train.volumes / found[0]:.0f} %",
                "near": all(abs(ratio - 1) <= NEAR for ratio in ratios),
            }
        )
    return rows


def means() -> Iterator[Check]:
    """Means in Tables 3 and 4 that differ from the means of their rows."""
    for title, (table, digits) in TABLES.items():
        for network, trained in table.items():
            for arm, (*entries, printed) in trained.items():
                found = mean(entries)
                over = round((found - printed) * 10**digits, 6)
                if not -0.5 <= over < 0.5:  # a half is rounded up
                    item = f"{title}, {network} trained on {arm_title(arm)}: mean of the row"
                    recomputed = f"{found:.{digits + 2}f}".rstrip("0")
                    yield Check(item, f"{printed:.{digits}f}", recomputed, ROUNDED if abs(over) <= 1 else NOT)


def equal_cells(table: Printed, one: str, other: str) -> tuple[int, int]:
    """Number of cells that are equal in two networks' blocks, and total number of cells."""
    pairs = [pair for arm in table[one] for pair in zip(table[one][arm], table[other][arm], strict=True)]
    return sum(a == b for a, b in pairs), len(pairs)


def copied() -> Check:
    """Check of the ViT's DISTS scores, which equal the U-Net's."""
    (same, cells), (by_lpips, _) = equal_cells(DISTS, "ViT", "U-Net"), equal_cells(LPIPS, "ViT", "U-Net")
    found = f"{same} of {cells} cells equal those of the U-Net (LPIPS: {by_lpips})"
    verdict = "two networks cannot agree this closely; one block is a copy" if same == cells else FOLLOWS
    return Check("Table 3, DISTS of the ViT", "its own scores", found, verdict)


def shares() -> Iterator[Check]:
    """Shares in Table 1 that do not add up to 100 %."""
    for name, (*_, lists) in TABLE_1.items():
        for one in lists:
            if sum(one) != 100:
                printed = " + ".join(f"{share} %" for share in one)
                yield Check(f"Table 1, shares of {COLLECTIONS[name].title}", printed, f"{sum(one)} %", NOT)


def counts() -> Iterator[Check]:
    """Counts in Table 1 that result neither from rounding nor from truncating the counts of the published lists."""
    for name, (volumes, slices, _) in TABLE_1.items():
        one = COLLECTIONS[name]
        found = {"volumes": one.train.volumes + one.test.volumes, "slices": before_dropping(one)}
        for what, printed in {"volumes": volumes, "slices": slices}.items():
            value = str(int(number(printed)))
            unit = 10 ** (len(value) - len(value.rstrip("0")))  # unit of the last non-zero digit
            if not -unit / 2 <= found[what] - int(value) < unit:
                title = f"Table 1, {what} of {arm_title(name)}"
                yield Check(title, printed, f"{found[what]:,} in the published lists", NOT)


def sensitivity_channels() -> Check:
    """Number of parameters of the VarNet with 9 channels in its sensitivity network (paper) and with 8 (code)."""
    with torch.device("meta"):
        models = [build({"name": "e2e_varnet", "sens_chans": width}) for width in (9, 8)]
    said, done = (sum(weight.numel() for weight in model.parameters()) for model in models)
    return Check(
        "App. B.2, sensitivity network of the VarNet", f"9 channels: {said:,} parameters", f"code: 8, {done:,}", NOT
    )


def acceleration() -> Check:
    """True acceleration of the published mask at nominally 4-fold: all columns divided by sampled columns."""
    sampling = equispaced((4,))
    kept = [width / sampling.mask("any", width).sum().item() for width in WIDTHS]
    found = f"{min(kept):.2f} to {max(kept):.2f}-fold for {WIDTHS[0]} to {WIDTHS[-1]} columns"
    return Check("Section 2, m = N/4", "4-fold", found, NOT if max(kept) < 3.95 else FOLLOWS)


def split() -> Check:
    """Share of volumes used for training, which App. G.1 states as 85 % unless a split was published."""
    parts = {name: one.train.volumes / (one.train.volumes + one.test.volumes) for name, one in COLLECTIONS.items()}
    without = ("stanford_3d_axial", "7t_axial", "stanford_2d", "nyu")
    found = ", ".join(f"{COLLECTIONS[name].title} {100 * parts[name]:.0f} %" for name in without)
    close = all(abs(parts[name] - TRAIN_SHARE) < 0.01 for name in without)
    return Check("App. G.1, volumes to train on", f"{100 * TRAIN_SHARE:.0f} %", found, FOLLOWS if close else NOT)


def validation() -> Check:
    """Use of M4Raw's validation set, which App. G.1 assigns to training."""
    one = COLLECTIONS["m4raw"]
    listed, all_of_it = one.train.volumes, one.train.volumes + M4RAW_VALIDATION
    found = f"{listed:,} of {all_of_it:,} M4Raw volumes are listed; fastMRI knee is validated on its test set"
    return Check("App. G.1, designated validation sets", "in training", found, NOT)


def checks() -> list[Check]:
    """All checks, in the paper's order."""
    return [acceleration(), *shares(), *counts(), sensitivity_channels(), split(), validation(), copied(), *means()]

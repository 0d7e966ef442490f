"""Percentages printed in paper A, recomputed from the scores that the paper prints beside them."""

from dataclasses import dataclass

from mrilib.paper_a.published import CLOSED, TABLE_2

ROUNDING = 5e-5  # error of a score printed with four digits


@dataclass(frozen=True)
class PrintedGap:
    """Block of a table: SSIM on Q of the networks trained on Q and on P, without and with TTT, and the gap closed.

    Args:
        item: table and block.
        before, after: (trained on Q, trained on P), as printed.
        closed: percentage closed, as printed.
        gap_after: gap after, if printed.

    Reference: Darestani, Liu, Heckel, ICML 2022.
    """

    item: str
    before: tuple[float, float]
    after: tuple[float, float]
    closed: float
    gap_after: float | None = None

    @property
    def recomputed_gap(self) -> float:
        """Gap after, computed from the printed scores."""
        return self.after[0] - self.after[1]

    @property
    def recomputed(self) -> float:
        """100 (1 − gap after / gap before), computed from the printed scores."""
        return 100 * (1 - self.recomputed_gap / (self.before[0] - self.before[1]))

    @property
    def possible(self) -> tuple[float, float]:
        """Smallest and largest percentage consistent with the printed scores, each known to ± ROUNDING."""
        gap, reach = self.before[0] - self.before[1], 2 * ROUNDING
        least = 1 - (self.recomputed_gap + reach) / (gap - reach)
        largest = 1 - (self.recomputed_gap - reach) / (gap + reach)
        return 100 * least, 100 * largest

    @property
    def verdict(self) -> str:
        """Whether the printed percentage follows from the printed scores."""
        if f"{self.recomputed:.1f}" == f"{self.closed:.1f}":
            return "follows"
        least, largest = self.possible
        possible = least <= self.closed + 0.05 and self.closed - 0.05 <= largest
        return "possible, if scores were rounded" if possible else "does not follow"

    @property
    def row(self) -> dict[str, str]:
        """Table row with the printed and the recomputed values."""
        least, largest = self.possible
        printed, recomputed = f"{self.closed:.1f} %", f"{self.recomputed:.3f} %"
        if self.gap_after is not None:
            printed += f" (gap after {self.gap_after:.4f})"
            recomputed += f" (gap after {self.recomputed_gap:.4f})"
        line = {"item": self.item, "printed": printed, "recomputed": recomputed}
        return line | {"possible": f"{least:.2f} to {largest:.2f} %", "verdict": self.verdict}


def _from_table_2(model: str, shift: str, name: str) -> PrintedGap:
    on_q, on_p, q_ttt, p_ttt = (float(score or 0) for score in TABLE_2[model][shift][:4])
    closed = float(CLOSED[model][shift].removesuffix(" %"))
    return PrintedGap(f"Table 2, {name}, {shift}", (on_q, on_p), (q_ttt, p_ttt), closed)


PRINTED: tuple[PrintedGap, ...] = (
    *(_from_table_2("unet", shift, "U-Net") for shift in CLOSED["unet"]),
    *(_from_table_2("varnet", shift, "VarNet") for shift in CLOSED["varnet"]),
    PrintedGap("Table 4, TTT of VarNet", (0.9396, 0.8802), (0.9375, 0.9358), 97.1),
    PrintedGap("Table 4, ZS-SSL", (0.9331, 0.9029), (0.9365, 0.9343), 93.1),
    PrintedGap("Table 5, CycleU-Net", (0.9187, 0.8521), (0.9212, 0.8742), 29.4, 0.0470),
    PrintedGap("Table 6, ViT", (0.9041, 0.8429), (0.8947, 0.8859), 84.5, 0.0095),
)

"""Numbers printed in the papers, each defined once, for comparison with ours."""

from typing import Any

# SSIM in Tables 1 and 2 of Darestani, Liu, Heckel, ICML 2022 (76 to 100 slices of fastMRI or Stanford data).
SCHEMES = ("supervised on Q", "supervised on P", "joint on Q + TTT", "joint on P + TTT", "supervised on P + TTT")
TABLE_2: dict[str, dict[str, tuple[float | None, ...]]] = {
    "unet": {
        "anatomy": (0.9187, 0.8521, 0.9234, 0.9225, 0.8648),
        "dataset": (0.7164, 0.6830, 0.7268, 0.7226, 0.6130),
        "modality": (0.9026, 0.8506, 0.9086, 0.9067, 0.8695),
        "acceleration": (0.9004, 0.8385, 0.9192, 0.9176, 0.8090),
        "adversarially_filtered": (0.6865, 0.6861, 0.6827, 0.6806, None),
    },
    "varnet": {
        "anatomy": (0.9344, 0.8717, 0.9322, 0.9315, 0.8533),
        "dataset": (0.7442, 0.7062, 0.7295, 0.7247, 0.6026),
        "modality": (0.9105, 0.8744, 0.9110, 0.9084, 0.8102),
        "acceleration": (0.9224, 0.8744, 0.9207, 0.9203, 0.8324),
    },
}
# App. G, Table 6, in the same order; the transformer's size is not stated, and supervised with TTT is not reported.
TABLE_6: dict[str, dict[str, tuple[float | None, ...]]] = {"vit": {"anatomy": (0.9041, 0.8429, 0.8947, 0.8859, None)}}
# As printed; some match the printed scores only if truncated, or if computed from scores before rounding. Table 6
# prints a gap after of .0095, but its rows differ by .0088.
CLOSED: dict[str, dict[str, str]] = {
    "unet": {"anatomy": "98.6 %", "dataset": "87.4 %", "modality": "96.3 %", "acceleration": "97.4 %"},
    "varnet": {"anatomy": "98.8 %", "dataset": "87.3 %", "modality": "92.7 %", "acceleration": "99.1 %"},
    "vit": {"anatomy": "84.5 % (85.6 % by its own rows)"},
}
# Minutes per slice, Table 3: trained on P and on Q, both tested on Q, on one unspecified GPU.
TABLE_3: dict[str, dict[str, tuple[float, float]]] = {
    "unet": {"anatomy": (10.1, 3.3), "dataset": (1.2, 0.4), "modality": (1.6, 0.7), "acceleration": (3.6, 2.6)},
    "varnet": {"anatomy": (12.9, 4.2), "dataset": (1.5, 0.7), "modality": (6.5, 2.6), "acceleration": (5.2, 5.1)},
}


def paper_a(model: str, shift: str) -> dict[str, Any]:
    """Block of Table 2 or 6 for a network and a shift, with both gaps; empty if the paper has none.

    Values are SSIM; "closed" is text as printed.
    """
    printed = (TABLE_2 | TABLE_6).get(model, {})
    if shift not in printed:
        return {}
    rows: dict[str, Any] = dict(zip(SCHEMES, printed[shift], strict=True))
    rows["gap before"] = rows["supervised on Q"] - rows["supervised on P"]
    rows["gap after"] = rows["joint on Q + TTT"] - rows["joint on P + TTT"]
    return rows | ({"closed": CLOSED[model][shift]} if shift in CLOSED[model] else {})

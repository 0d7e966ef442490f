"""What a reader may put into the blanks of each notebook's second exercise, and what the notebook has by then."""

from types import SimpleNamespace

import numpy as np
import torch

MASK = torch.zeros(1, 1, 20, dtype=torch.bool)
MASK[..., ::4] = MASK[..., 9:11] = True  # 5 lines and 2 of the centre, one of them counted already: 7 of 20
PAIRS = {("anatomy", "Q"): [0.9, 0.8, 0.7, 0.6], ("anatomy", "P"): [0.7, 0.7, 0.7, 0.7]}
CONTRASTS = {"knee-trained + TTT": [0.8, 0.9, 0.7, 0.6, 0.5], "ℓ1-wavelet": [0.7, 0.8, 0.9, 0.9, 0.9]}
STATE = {
    "00": {"sample": SimpleNamespace(mask=MASK)},
    "02": {"scores": PAIRS},
    "06": {"p": SimpleNamespace(n=512, d=16)},
    "19": {"scores": CONTRASTS},
}
SOLUTIONS = {  # blank by blank, in the order in which they are filled in
    "00": {"lines": MASK.flatten(), "measured": 7, "answer": 20 / 7},
    "01": {"own_adjoint": "M", "answer": "SF"},
    "02": {
        "of_q": PAIRS["anatomy", "Q"],
        "of_p": PAIRS["anatomy", "P"],
        "wins": [True, True, False, False],
        "answer": 0.5,
    },
    "03": {"gap": 0.22, "gained": 0.20, "answer": 0.909},
    "04": {"gap_after": 0.04, "answer": 0.667},
    "05": {"turned": np.exp(1j), "answer": 0.9589},
    "06": {"noise": 496, "square": 496 * 498, "answer": 14 / 498},
    "07": {"before": 0.20, "after": 0.14, "answer": 0.3},
    "08": {"fitted": 0.8, "hidden": 0.32, "answer": 0.48},
    "09": {"along": 2, "patches": 4, "answer": 16},
    "10": {"before": 0.0612, "after": 0.0088, "answer": 0.8562},
    "11": {"slices": 240, "steps": 240, "answer": 2880},
    "12": {"slope": 0.9, "intercept": 0.05, "line": 0.77, "answer": 0.02},
    "13": {"first": 40, "last": 52, "end": 280, "answer": 268},
    "14": {
        "best": [0.900, 0.920, 0.930, 0.9310, 0.9312, 0.9313],
        "ahead": [0.030, 0.011, 0.0012, 0.0003],
        "answer": 4,
    },
    "15": {"further": 11, "fastmri": 240, "others": 220, "answer": 460},
    "16": {"sizes": [3, 0.5, 1.2], "left": [2, 0, 0.2], "answer": 2.2},
    "17": {"fastmri": 240, "others": 220, "slices": 460, "answer": 5520},
    "18": {"seconds": 60_000, "hours": 16.67, "answer": 2.083},
    "19": {
        "ttt": CONTRASTS["knee-trained + TTT"],
        "wavelets_only": CONTRASTS["ℓ1-wavelet"],
        "wins": [True, True, False, False, False],
        "answer": 0.4,
    },
    "20": {"angle": 1.0472, "answer": 0.5},
}

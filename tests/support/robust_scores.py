"""Scores of notebook 12's networks that are known beforehand."""

from records import record

from mrilib.paper_b.effective_robustness.experiment import (
    BEST,
    P_AND_Q,
    SHIFTS,
    SIZES,
    P,
    Robustness,
)
from mrilib.paper_b.effective_robustness.likeness import Likeness, Q

PARAMETERS = record("12", test_slices=2, best_slices=3, chans=2, num_pool_layers=2, epochs=6, num_cascades=1)

ACCELERATIONS = record("12", train_slices=9, test_slices=2, chans=2, num_pool_layers=2, epochs=1)  # Table 2


def known():
    """Scores on the line y = x / 2 + 0.3 for P_best; P and P and Q higher, each a little better inside too."""
    found = Robustness("coils", PARAMETERS)
    found.__dict__["best"] = "fm_knee_pd_aera"
    for trained, height, better in ((BEST, 0, 0), (P, 0.02, 0.01), (P_AND_Q, 0.05, 0.02)):
        for size, quality in zip(SIZES, (0.8, 0.6, 0.7), strict=True):
            inside, arm = quality + better, f"{trained}, {size}"
            found.study._read[arm, found.best] = {"ssim": [inside - 0.01, inside, inside + 0.01]}
            for test in found.tested:
                found.study._read[arm, test] = {"ssim": [inside / 2 + 0.3 + height + off for off in (-0.1, 0.1)]}
    return found


def known_likeness():
    """Similarities and scores that rise together from part to part, with P the best and Q the nearest."""
    one = Likeness("contrast", PARAMETERS)
    slices = 2 * len(SHIFTS["contrast"].tested)
    for place, name in enumerate([*one.networks, Q]):
        near = [0.5 + 0.01 * place + 0.001 * (slice_ % 3) for slice_ in range(slices)]
        one.table._write(
            one.table._kept(one.key(name)),
            [{"key": one.key(name), "settings": one.table.settings, "made": {}, "row": {"similarity": near}}],
        )
        for test in one.study.tests:
            one.study._read[name, test] = {"ssim": [0.7 + 0.02 * place, 0.8 + 0.02 * place]}
    return one

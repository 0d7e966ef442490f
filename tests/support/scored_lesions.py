"""A study of lesions whose scores are written by hand."""

import numpy as np
from records import record

from mrilib.paper_b.pathologies.analysis import BOTH_ARMS
from mrilib.paper_b.pathologies.experiment import MORE, HeadsTest, arms
from mrilib.paper_b.study import Study

WELL, ILL = "fm_brain_t1post_avanto", "fm_brain_t1post_avanto_lesions"
PARAMETERS = record("13", train_slices=144)
AREAS = (0.004, 0.03, 0.009, 0.02, 0.006, 0.003)
TARGET = [0.1, 0.1, 0.1, 0.1, -0.1, 0.1]
HEALTHY = [0.05, 0.1, 0.05, 0.1, -0.05, 0.05]  # half of the contrast of each small lesion
CONTRAST = {  # where it is another one
    MORE: [0.055, 0.1, 0.055, 0.1, -0.055, 0.055],
    "P and Q": [0.071, 0.1, 0.08, 0.1, -0.077, 0.072],
}


def scored_study(inside=0.0):
    """A study of one diseased population with three slices of two lesions each, filled in by hand.

    `inside` is what lesions in the training set add to SSIM in lesions, and only there.
    """
    specs = arms(PARAMETERS)
    made = Study("none", specs, {name: HeadsTest(name, 3) for name in (WELL, ILL)})
    for arm, spec in specs.items():
        gain = np.log2(spec.train_slices) / 100
        lesions = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 0.55]) + gain + inside * (arm in BOTH_ARMS)
        made._read[arm, WELL] = {"ssim": [0.8 + gain, 0.7 + gain, 0.6 + gain]}
        made._read[arm, ILL] = {
            "ssim": [0.7 + gain, 0.6 + gain, 0.5 + gain], "slice": [0, 0, 1, 1, 2, 2], "area": list(AREAS),
            "lesion": lesions.tolist(), "contrast": CONTRAST.get(arm, HEALTHY), "target_contrast": TARGET,
        }  # fmt: skip
    return made

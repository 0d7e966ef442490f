"""A study of lesions whose scores are written by hand."""

import numpy as np
from records import record

from mrilib.paper_b.pathologies.experiment import HeadsTest, arms
from mrilib.paper_b.study import Study

WELL, ILL = "fm_brain_t1post_avanto", "fm_brain_t1post_avanto_lesions"
PARAMETERS = record("13", train_slices=144)
AREAS = (0.004, 0.03, 0.009, 0.02, 0.006, 0.003)


def scored_study():
    """A study of one diseased population with three slices of two lesions each, filled in by hand."""
    specs = arms(PARAMETERS)
    made = Study("none", specs, {name: HeadsTest(name, 3) for name in (WELL, ILL)})
    for arm, spec in specs.items():
        gain = np.log2(spec.train_slices) / 100
        lesions = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 0.55]) + gain
        made._read[arm, WELL] = {"ssim": [0.8 + gain, 0.7 + gain, 0.6 + gain]}
        made._read[arm, ILL] = {
            "ssim": [0.7 + gain, 0.6 + gain, 0.5 + gain], "slice": [0, 0, 1, 1, 2, 2], "area": list(AREAS),
            "lesion": lesions.tolist(), "contrast": [0.05, 0.1, 0.05, 0.1, -0.05, 0.05],
            "target_contrast": [0.1, 0.1, 0.1, 0.1, -0.1, 0.1],
        }  # fmt: skip
    return made

"""A study of lesions whose scores are written by hand."""

import numpy as np

from mrilib.experiments import pathologies
from mrilib.experiments.pathologies import HeadsTest
from mrilib.experiments.study import Study

WELL, ILL = "fm_brain_t1post_avanto", "fm_brain_t1post_avanto_lesions"
PARAMETERS = {
    "train_slices": 216, "test_slices": 8, "source": "simulated", "annotations": "", "seed": 0, "model": "norm_unet",
    "chans": 8, "num_pool_layers": 4, "epochs": 12, "train_learning_rate": 1e-3, "batch_size": 1,
}  # fmt: skip
AREAS = (0.004, 0.03, 0.009, 0.02, 0.006, 0.003)


def scored_study():
    """A study of one diseased population with three slices of two lesions each, filled in by hand."""
    specs = pathologies.arms(PARAMETERS)
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

"""Differences between paper A and its published code, as data: what each says or does, and a switch between them.

Paper: Darestani, Liu, Heckel, ICML 2022. Code: github.com/MLI-lab/ttt_for_deep_learning_cs, commit 761d822 of
2022-04-26; cell numbers refer to its `unet` notebooks.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from mrilib.gap import Interval

NOT_RUN = "not measured here: not yet run"
Group = Literal["measurement and input", "test-time training", "score", "training and the rest"]


@dataclass(frozen=True)
class Discrepancy:
    """One difference between paper and code.

    Args:
        name: short name, for tables and charts.
        group: the table that lists it.
        paper, code: what the paper says and what the code does.
        where: location in the paper and in the repository.
        switch: library parameter that selects it; empty if there is none.
        arms: (as published, as in the paper), names in `fidelity.ARMS`; None if there is nothing to run.
        reason: why there is nothing to run.
    """

    name: str
    group: Group
    paper: str
    code: str
    where: str
    switch: str = ""
    arms: tuple[str, str] | None = None
    reason: str = ""

    @property
    def key(self) -> str:
        """Key in `results.json`."""
        return "change_" + re.sub(r"\W+", "_", self.name).strip("_").lower()

    def row(self, change: Interval | None = None) -> dict[str, Any]:
        """Table row, with the change in SSIM if it was measured."""
        reason = f"not measured here: {self.reason}" if self.reason else NOT_RUN
        return {
            "what": self.name,
            "paper": self.paper,
            "code": self.code,
            "where": self.where,
            "switch": self.switch or "–",
            "change": reason if change is None else vars(change),
        }


DISCREPANCIES: tuple[Discrepancy, ...] = (
    Discrepancy(
        "network input: per-part RSS",
        "measurement and input",
        "A†y, a least-squares reconstruction",
        "√Σ Re² and √Σ Im² over the coil images: two non-negative channels, no coil maps; signs and phase are lost",
        "§2.2, eq. (2); helpers.py:rss_torch, cells 5 and 30",
        "model's fidelity: code",
        ("per-part RSS", "as written"),
    ),
    Discrepancy(
        "one mask for every slice",
        "measurement and input",
        "a standard 1D random mask",
        "one fixed mask for every training and test slice; narrower k-space gets the central part of the mask",
        "§2.1; train_data/*_mask, test_data/*/mask2d",
        "fidelity.OneMask",
        ("one mask", "as written"),
    ),
    Discrepancy(
        "4× is 3.86×",
        "measurement and input",
        "4× acceleration throughout",
        "cropping keeps the full centre, so R falls: 99 of 396 columns (4.00), 94 of 372 (3.96), 83 of 320 (3.86)",
        "§2.1; test_data/*/mask2d",
        "Undersampling(320 / 83, 0.1)",
        ("R = 3.86", "as written"),
    ),
    Discrepancy(
        "coil maps cropped at 0.8",
        "measurement and input",
        "S_i, a sensitivity map; no estimator is named",
        "BART ecalib with its defaults: the maps are zero where the eigenvalue is below 0.8",
        "§2.1; BART calls of the notebooks",
        "estimate_sens_maps(crop=0.8)",
        ("cropped maps", "per-part RSS"),
    ),
    Discrepancy(
        "zeros of the maps filled",
        "measurement and input",
        "nothing",
        "every real or imaginary part that is 0 is set to the coil's largest: outside the body each map is max·(1+i)",
        "§2.1; notebooks, compute_sens_maps",
        "fidelity.filled",
        ("filled maps", "cropped maps"),
    ),
    Discrepancy(
        "VarNet has one virtual coil",
        "measurement and input",
        "VarNet with data-consistency blocks",
        "unrolled on the Fourier transform of the per-part RSS image: one coil, made consistent with unmeasured data",
        "§2.2, Table 2; varnet.py",
        "VarNetReconstructor(fidelity='code')",
        reason="the four VarNets of each kind were not trained",
    ),
    Discrepancy(
        "scale factor",
        "measurement and input",
        "nothing",
        "k-space is multiplied by ‖f(x)‖₂/‖x‖₂, found in 5 rounds with the trained network; VarNet scales its maps",
        "–; cell 22",
        reason="the library's networks normalise their input and undo this at the output, so a factor on y cancels",
    ),
    Discrepancy(
        "hold-out left in the input",
        "test-time training",
        "y is split into y_train and y_val; TTT is performed on y_train",
        "held-out values are removed only from the loss and stay in the network's input",
        "§4; cell 30",
        "Settings.fidelity: code (with the next row)",
        ("leaking", "as written"),
    ),
    Discrepancy(
        "hold-out hits the centre",
        "test-time training",
        "a fraction of all measurements",
        "also drawn from the calibration lines, from which the coil maps are estimated",
        "§4; cell 30",
        "Settings.fidelity: code (with the previous row)",
        ("leaking, centre too", "leaking"),
    ),
    Discrepancy(
        "pixels, not lines",
        "test-time training",
        "a random fraction of the measurements; the unit is not stated",
        "single (kx, ky) pixels, the same in all coils; a scanner measures lines",
        "§4; cell 30",
        "Settings.unit",
        ("as written", "lines"),
    ),
    Discrepancy(
        "5 % drawn with replacement",
        "test-time training",
        "a fraction q = M/k, without a value of k",
        "m // 20 indices with replacement: 4.88 % of the pixels are held out",
        "§4; cell 30",
        "Settings.holdout: 0.0488",
        ("with replacement", "as written"),
    ),
    Discrepancy(
        "no seed: another split",
        "test-time training",
        "nothing",
        "each run draws a new split; scores in the figures differ from those in the notebooks by .0001 to .013",
        "Figures 3, 11–14; cell 30",
        "Settings.seed",
        ("another seed", "as written"),
    ),
    Discrepancy(
        "last iterate, not best",
        "test-time training",
        "stop early when the self-validation error starts to rise",
        "the image of the iteration at which the rise is detected, up to one window later",
        "§4; cell 30",
        "Settings.iterate",
        ("last iterate", "as written"),
    ),
    Discrepancy(
        "window of 20, not 100",
        "test-time training",
        "no hyper-parameters are given",
        "the means of two windows are compared; 20 or 100 of at most 2500 iterations, depending on network and shift",
        "App. B; cell 30",
        "Settings.window",
        ("window of 20", "window of 100"),
    ),
    Discrepancy(
        "window of 20, scaled; not ours",
        "test-time training",
        "no hyper-parameters are given",
        "as above; the library's default window, 30 of 400 iterations, would correspond to 188 of 2500",
        "App. B; cell 30",
        "Settings.window",
        ("window of 20", "as written"),
    ),
    Discrepancy(
        "window of 100, not first rise",
        "test-time training",
        "stop when the error starts to rise",
        "no stop before three windows have passed; after that, only when the mean over a window rises",
        "§4; cell 30",
        "Settings.window",
        ("window of 100", "first rise"),
    ),
    Discrepancy(
        "|Re| + |Im|, not modulus",
        "test-time training",
        "‖·‖₁ of complex vectors",
        "ℓ1 of the real view, |Re| + |Im|, larger by a factor of up to √2",
        "eq. (2); cell 28",
        "Settings.norm",
        ("real view", "as written"),
    ),
    Discrepancy(
        "all of these but masks and score",
        "test-time training",
        "–",
        "per-part RSS, filled maps, leaking 4.88 % hold-out, |Re| + |Im|, last iterate, window of 100",
        "the rows above",
        "all of the above",
        ("as published", "as written"),
    ),
    Discrepancy(
        "score: mean and std matched",
        "score",
        "SSIM",
        "the image is first given the target's mean and standard deviation; fastMRI's evaluation does not do this",
        "§5; cells 4 and 5",
        "ssim(match='mean_std')",
        ("as written", "score unmatched"),
    ),
    Discrepancy(
        "score: slice's maximum",
        "score",
        "SSIM",
        "the data range is the maximum of the slice; fastMRI's evaluation takes that of the volume",
        "§5; cells 4 and 5",
        "ssim(data_range=…)",
        ("score unmatched", "score of fastMRI"),
    ),
    Discrepancy(
        "score: target matched instead",
        "score",
        "SSIM",
        "the group's earlier repository (Robustness-CS) matches the target to the image",
        "–; Robustness-CS",
        "match_mean_std",
        ("score reversed", "as written"),
    ),
    Discrepancy(
        "frozen scale of a random network",
        "training and the rest",
        "nothing",
        "each slice's scale comes from the untrained network before the first epoch and is never updated",
        "–; train.ipynb, cell 11",
        reason="the library's networks normalise their input, so there is no scale to freeze",
    ),
    Discrepancy(
        "slices in the list's order",
        "training and the rest",
        "nothing",
        "batch size 1, never shuffled, so neighbouring slices of a volume follow each other; no seed, no validation",
        "–; train.ipynb",
        "Recipe.shuffle",
        reason="a simulated list holds independent patients, so its order is random anyway",
    ),
    Discrepancy(
        "100 test slices",
        "training and the rest",
        "scores averaged over 100 slices",
        "lists of 100 (T2 brain), 97 (knee), 88 (Stanford) and 76 (T1 brain) slices",
        "Tables 2 and 3; *_val lists",
        "test_slices: 0 takes the whole list",
        reason="the number of slices changes the width of the interval, by 1/√n, but not the expected mean",
    ),
    Discrepancy(
        "minutes with a score per step",
        "training and the rest",
        "runtimes on a single GPU",
        "every iteration is followed by another forward pass and an SSIM computation on the CPU",
        "Table 3; cell 30",
        "score_at",
        reason="changes only the time",
    ),
    Discrepancy(
        "code that is not there",
        "training and the rest",
        "the repository has the code to reproduce all results",
        "no VarNet training, no 2× list, no loop over test slices, nothing for Figure 2, the appendix or Section 6",
        "Reproducibility; the repository",
        reason="nothing to run",
    ),
)

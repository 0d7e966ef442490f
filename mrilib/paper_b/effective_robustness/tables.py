"""Rows of the tables `robustness`, `likeness` and `accelerations`."""

from typing import get_args

import torch

from mrilib.paper_b.effective_robustness import table_2
from mrilib.paper_b.effective_robustness.experiment import SHIFTS, Robustness
from mrilib.paper_b.effective_robustness.likeness import LIKENED, FeatureName, Likeness
from mrilib.paper_b.effective_robustness.parameters import Parameters
from mrilib.store.tables import StoredRow

TABLES = ("robustness", "likeness", "accelerations")


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of networks on both sides of every shift, of training sets' similarity to Q, and of the accelerations.

    Those of the shifts come with longer training, too.
    """
    shifts = [Robustness(name, one, device) for one in (p, p.twice_as_long) for name in SHIFTS]
    likened = [Likeness(name, p, device, kind) for kind in get_args(FeatureName) for name in LIKENED]
    varnets = Likeness("contrast", p, device).of_varnet
    found = [row for one in shifts for row in (*one.selection.rows(), *one.study.rows())]
    found += [row for one in (*likened, varnets) for row in one.study.rows()]
    found += [row for one in likened for row in one.rows()]
    return found + table_2.study(p, device).rows()

"""What training minimises: one function per objective, all called alike, under the name a recipe gives."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from mrilib.data.slices import Sample
from mrilib.losses import Kind, joint_loss, kspace_consistency, supervised_loss
from mrilib.models.reconstructor import Reconstructor

Loss = Literal["supervised", "joint", "self"]
Objective = Callable[[Reconstructor, Sample, Kind, torch.Generator], Tensor]


def _reference(batch: Sample, kind: Kind) -> Tensor:
    return batch.target if kind == "magnitude" else batch.reference


def supervised(model: Reconstructor, batch: Sample, kind: Kind, generator: torch.Generator) -> Tensor:
    """First term of eq. (2) of Darestani, Liu, Heckel, ICML 2022."""
    return supervised_loss(model(batch.masked_kspace, batch.operator), _reference(batch, kind), kind)


def joint(model: Reconstructor, batch: Sample, kind: Kind, generator: torch.Generator) -> Tensor:
    """Eq. (2) of Darestani, Liu, Heckel, ICML 2022: supervised plus self-supervised."""
    A = batch.operator
    return joint_loss(model(batch.masked_kspace, A), _reference(batch, kind), batch.masked_kspace, A, kind)


def self_supervised(model: Reconstructor, batch: Sample, kind: Kind, generator: torch.Generator) -> Tensor:
    """Second term of eq. (2) alone, as for Figure 10 of Darestani, Liu, Heckel, ICML 2022."""
    A = batch.operator
    return kspace_consistency(model(batch.masked_kspace, A), batch.masked_kspace, A)


OBJECTIVES: dict[Loss, Objective] = {"supervised": supervised, "joint": joint, "self": self_supervised}

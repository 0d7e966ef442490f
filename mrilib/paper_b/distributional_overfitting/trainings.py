"""Monitored training runs, and the settings specific to each."""

from dataclasses import dataclass

from mrilib.paper_b.parameters import Model
from mrilib.train.recipe import Optimizer


@dataclass(frozen=True)
class Training:
    """Settings specific to one training run; without a learning rate, the notebook's is used."""

    shift: str = "t2_knee"
    model: Model = "norm_unet"
    optimizer: Optimizer = "adam"
    learning_rate: float | None = None


TRAININGS = {  # Figure 9, Figure 18, App. F
    "unet_t2_knee": Training(),
    "unet_brain_m4raw": Training("brain_m4raw"),
    "unet_fastmri_prostate": Training("fastmri_prostate"),
    "vit_t2_knee": Training(model="norm_vit"),
    "varnet_t2_knee": Training(model="e2e_varnet"),
    "sgd_tenth": Training(optimizer="sgd", learning_rate=0.1),
    "sgd_hundredth": Training(optimizer="sgd", learning_rate=0.01),
}

"""Rows of the tables `collection`, `collection_perceptual` and `size_mismatch`."""

from dataclasses import replace

import torch

from mrilib.paper_b import collection
from mrilib.paper_b.a_diverse_collection import size_mismatch
from mrilib.paper_b.a_diverse_collection.parameters import Parameters
from mrilib.paper_b.parameters import Model
from mrilib.store.tables import StoredRow

TABLES = ("collection", "collection_perceptual", "size_mismatch")

MODELS: tuple[Model, ...] = ("norm_unet", "norm_vit")  # those of a VarNet are left to the gpu and paper profiles


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of networks of single datasets and of the collection, both architectures; perceptual scores of the first."""
    studies = [collection.study(replace(p, model=model), device) for model in MODELS]
    studies += [collection.perceptual_study(studies[0]), size_mismatch.study(p, device)]
    return [row for study in studies for row in study.rows()]

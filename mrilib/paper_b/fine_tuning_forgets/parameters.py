"""Parameters of notebook 17."""

from dataclasses import dataclass

from mrilib.data.twins import TWINS
from mrilib.paper_b.collection import ELSEWHERE
from mrilib.paper_b.parameters import CollectionTraining
from mrilib.paper_b.protocol import paper_b
from mrilib.store.parameters import Count, ParameterError, Rate
from mrilib.train.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Parameters(CollectionTraining):
    """Parameters of a network of the collection, and of its fine-tuning on one dataset."""

    fine_slices: Count
    fine_epochs: Count
    fine_learning_rate: Rate

    def check(self) -> None:
        super().check()
        fewest = max(len(TWINS[name]) for name in ELSEWHERE)
        if self.fine_slices < fewest:
            raise ParameterError(f"fine_slices: expected at least {fewest}, one of each scan, got {self.fine_slices}")

    @property
    def fine_recipe(self) -> Recipe:
        """Recipe of fine-tuning."""
        return paper_b(self.fine_epochs, self.fine_learning_rate, self.batch_size, self.seed)

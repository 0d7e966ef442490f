"""Parameters of notebook 17."""

from dataclasses import dataclass

from mrilib.paper_b.parameters import CollectionTraining
from mrilib.paper_b.protocol import paper_b
from mrilib.store.parameters import Count, Rate
from mrilib.train.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Parameters(CollectionTraining):
    """Parameters of a network of the collection, and of its fine-tuning on one dataset."""

    fine_slices: Count
    fine_epochs: Count
    fine_learning_rate: Rate

    @property
    def fine_recipe(self) -> Recipe:
        """Recipe of fine-tuning."""
        return paper_b(self.fine_epochs, self.fine_learning_rate, self.batch_size, self.seed)

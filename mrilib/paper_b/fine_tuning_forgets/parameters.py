"""What notebook 17 can be given."""

from dataclasses import dataclass

from mrilib.paper_b.parameters import CollectionTraining
from mrilib.paper_b.protocol import paper_b
from mrilib.store.parameters import Count, Rate
from mrilib.train.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Parameters(CollectionTraining):
    """A network of the collection, and its fine-tuning on one dataset."""

    fine_slices: Count
    fine_epochs: Count
    fine_learning_rate: Rate

    @property
    def fine_recipe(self) -> Recipe:
        """Of fine-tuning."""
        return paper_b(self.fine_epochs, self.fine_learning_rate, self.batch_size, self.seed)

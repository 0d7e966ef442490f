"""Parameter shared by all notebooks that read slices: whether these are simulated or come from files."""

from dataclasses import dataclass

from mrilib.data.sources import Source, in_a_word
from mrilib.store.parameters import Record


@dataclass(frozen=True, kw_only=True)
class Sourced(Record):
    """Record for slices from the built-in simulation or from files below MRILIB_DATA."""

    source: Source

    @property
    def kind(self) -> str:
        """Kind of data in one word, for titles."""
        return in_a_word(self.source)

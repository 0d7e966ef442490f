"""What every record of a notebook that reads slices shares: whether they are simulated or come from files."""

from dataclasses import dataclass

from mrilib.data.sources import Source, in_a_word
from mrilib.store.parameters import Record


@dataclass(frozen=True, kw_only=True)
class Sourced(Record):
    """Slices of the embedded simulation, or of files below MRILIB_DATA."""

    source: Source

    @property
    def kind(self) -> str:
        """Of data, in a word for titles."""
        return in_a_word(self.source)

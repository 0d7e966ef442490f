"""What tests of paper A share."""

import pytest

from mrilib.paper_a import trainings
from mrilib.store.tables import StoredTable


@pytest.fixture
def unshipped_trainings(monkeypatch, tmp_path):
    """The trainings of a package that ships none; what a test stores is found."""

    def stored(experiment):
        return StoredTable("trainings", {"source": experiment.source}, {trainings.__name__}, shipped=tmp_path)

    monkeypatch.setattr(trainings, "stored", stored)
    return stored

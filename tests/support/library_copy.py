"""A copy of the package's sources that a test may change."""

import shutil
from pathlib import Path

import pytest

from mrilib.store import code
from mrilib.store.paths import PACKAGE


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The copy's folder; digests of code are made from it."""
    copy = tmp_path / "mrilib"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("weights", "tables", "__pycache__"))
    monkeypatch.setattr(code, "PACKAGE", copy)
    return copy

"""The tiny site, built once for each file of tests."""

from pathlib import Path

import pytest
from tiny_site import make_executed_project

from mrilib.site.build import build_site


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the tiny project, whose folder's name has a space and letters beyond ASCII; without the reference."""
    project = make_executed_project(tmp_path_factory.mktemp("tiny"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mrilib.site.build.reference", lambda: "# Reference of the core")
        return build_site(project.root, project.root / "runs", project.root / "site").folder

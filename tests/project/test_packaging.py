"""The version stands in one place, and what describes the project agrees with it."""

import re
from importlib.metadata import version

import yaml
from rooms import PACKAGE

from mrilib import __version__

ROOT = PACKAGE.parent


def test_the_version_stands_once():
    assert version("mrilib") == __version__
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert cited == newest == __version__


def test_workflows_and_templates_are_yaml():
    files = [*(ROOT / ".github").rglob("*.yml"), ROOT / ".pre-commit-config.yaml"]
    assert len(files) >= 5
    assert all(isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict) for path in files)


def test_the_paths_that_contributing_names_are_there():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(mrilib/[a-z_/.]+|tests/[a-z_/.]+)`", page))
    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).exists()] == []

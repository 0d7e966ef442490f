"""JupyterLab opens notebook 00 and shows no news, by files that are installed with the package, editable or not."""

import json
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyterlab.commands import get_app_dir
from tiny_project import REPOSITORY

CONFIGURATION = REPOSITORY / "jupyter" / "jupyter_lab_config.py"
SETTINGS = REPOSITORY / "jupyter" / "mrilib.json"
FIRST = "00_start_here.ipynb"


def opened(monkeypatch, folder, *words):
    """The address that JupyterLab opens when it is started in `folder` with these words."""
    lab = SimpleNamespace(default_url="/lab")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["jupyter-lab", *words])
    code = compile(CONFIGURATION.read_text(encoding="utf-8"), str(CONFIGURATION), "exec")
    exec(code, {"get_config": lambda: SimpleNamespace(LabApp=lab)})  # noqa: S102 - as Jupyter does
    return lab.default_url


def test_notebook_00_is_opened_where_it_is_served(monkeypatch, tmp_path):
    assert opened(monkeypatch, REPOSITORY) == f"/lab/tree/notebooks/{FIRST}"
    assert opened(monkeypatch, REPOSITORY, "--no-browser", "notebooks") == f"/lab/tree/{FIRST}"
    assert opened(monkeypatch, REPOSITORY / "notebooks") == f"/lab/tree/{FIRST}"
    assert opened(monkeypatch, REPOSITORY, f"notebooks/{FIRST}") == f"/lab/tree/{FIRST}", "the file's folder is served"
    given = next(path.name for path in (REPOSITORY / "notebooks").glob("04_*.ipynb"))
    assert opened(monkeypatch, REPOSITORY / "notebooks", "--no-browser", given) == f"/lab/tree/{given}"
    (tmp_path / "own.ipynb").touch()
    assert opened(monkeypatch, tmp_path, "own.ipynb") == "/lab"
    assert opened(monkeypatch, tmp_path) == "/lab", "other projects open as they always did"
    assert opened(monkeypatch, REPOSITORY, str(tmp_path)) == "/lab"


def test_the_settings_are_ones_that_jupyterlab_has():
    for plugin, values in json.loads(SETTINGS.read_text()).items():
        package, _, name = plugin.partition(":")
        schema = Path(get_app_dir()) / "schemas" / package / f"{name}.json"
        assert values.keys() <= json.loads(schema.read_text(encoding="utf-8"))["properties"].keys()


@pytest.mark.parametrize("build", ["build_editable", "build_wheel"])
def test_both_kinds_of_install_bring_them(tmp_path, build):
    if int(version("setuptools").split(".")[0]) < 77:
        pytest.skip("setuptools is older than the project needs to build")
    for name in ("pyproject.toml", "setup.py", "LICENSE", "README.md"):
        (tmp_path / name).write_bytes((REPOSITORY / name).read_bytes())
    for name in ("mrilib/__init__.py", f"jupyter/{SETTINGS.name}", f"jupyter/{CONFIGURATION.name}"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((REPOSITORY / name).read_bytes())
    command = f"from setuptools import build_meta; build_meta.{build}('out')"
    done = subprocess.run([sys.executable, "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-800:]
    with zipfile.ZipFile(next((tmp_path / "out").glob("*.whl"))) as wheel:
        names = wheel.namelist()
    places = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["setuptools"]["data-files"]
    for folder, files in places.items():
        assert [name for name in names if name.endswith(f".data/data/{folder}/{Path(files[0]).name}")]

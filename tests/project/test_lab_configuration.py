"""JupyterLab shows no news and wraps long lines, by a file of our own; that of others stays as it is."""

import json
import os
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from jupyterlab.commands import get_app_dir
from tiny_project import REPOSITORY

SETTINGS = REPOSITORY / "jupyter" / "mrilib.json"
INSTALLED = "share/jupyter/lab/settings/overrides.d/mrilib.json"
FOREIGN = {
    "etc/jupyter/jupyter_lab_config.py": "c.IdentityProvider.token = 'theirs'\n",
    "etc/jupyter/jupyter_lab_config.json": '{"LabApp": {"default_url": "/lab/tree/theirs.ipynb"}}',
    "etc/jupyter/jupyter_server_config.py": "c.PasswordIdentityProvider.password_required = True\n",
    "etc/jupyter/jupyter_server_config.json": '{"ServerApp": {"port": 9999}}',
    "etc/jupyter/jupyter_server_config.d/theirs.json": '{"ServerApp": {"jpserver_extensions": {"theirs": true}}}',
    "etc/jupyter/labconfig/page_config.json": '{"lockedExtensions": {}}',
    "share/jupyter/lab/settings/overrides.json": '{"@jupyterlab/apputils-extension:themes": {"theme": "theirs"}}',
    "share/jupyter/lab/settings/overrides.d/theirs.json": "{}",
}


def call(*words: str, folder: Path) -> None:
    """Run Python with these words, without network and with no user's configuration."""
    environment = os.environ | {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-800:] + done.stderr[-800:]


def configuration(environment: Path) -> dict[str, str]:
    """All files that configure Jupyter, with what they say."""
    places = [path for name in ("etc", "share") for path in (environment / name).rglob("*") if path.is_file()]
    return {path.relative_to(environment).as_posix(): path.read_text("utf-8", "replace") for path in places}


@pytest.fixture
def environment(tmp_path):
    """A virtual environment in which others have configured Jupyter, and the folder of its interpreter."""
    call("-m", "venv", "--without-pip", "environment", folder=tmp_path)
    for name, text in FOREIGN.items():
        path = tmp_path / "environment" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "environment"


@pytest.mark.parametrize("build", ["build_editable", "build_wheel"])
def test_the_configuration_of_others_outlives_install_and_removal(tmp_path, environment, build):
    if int(version("setuptools").split(".")[0]) < 77:
        pytest.skip("setuptools is older than the project needs to build")
    source = tmp_path / "source"
    names = ["pyproject.toml", "setup.py", "LICENSE", "README.md", "mrilib/__init__.py", "mrilib/cli.py"]
    for path in [*(REPOSITORY / name for name in names), *(REPOSITORY / "jupyter").iterdir()]:
        copy = source / path.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    call("-c", f"from setuptools import build_meta; build_meta.{build}('{tmp_path.as_posix()}')", folder=source)
    wheel = next(tmp_path.glob("*.whl"))
    pip = ["-m", "pip", "--python", str(environment / ("Scripts" if os.name == "nt" else "bin") / "python")]
    call(*pip, "install", "--no-deps", str(wheel), folder=tmp_path)
    assert configuration(environment) == FOREIGN | {INSTALLED: SETTINGS.read_text(encoding="utf-8")}
    call(*pip, "uninstall", "--yes", "mrilib", folder=tmp_path)
    assert configuration(environment) == FOREIGN
    with zipfile.ZipFile(wheel) as content:
        assert [Path(name).name for name in content.namelist() if ".data/" in name] == ["mrilib.json"]


def test_the_settings_are_ones_that_jupyterlab_has():
    for plugin, values in json.loads(SETTINGS.read_text()).items():
        package, _, name = plugin.partition(":")
        schema = Path(get_app_dir()) / "schemas" / package / f"{name}.json"
        assert values.keys() <= json.loads(schema.read_text(encoding="utf-8"))["properties"].keys()

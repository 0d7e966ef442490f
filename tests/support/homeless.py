"""An environment in which nothing of the user's can be written, and a notebook executed in it."""

import os
import subprocess
import sys
from pathlib import Path

PLACES = ("HOME", "USERPROFILE", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
CACHES = ("MRILIB_CACHE", "XDG_CACHE_HOME", "MPLCONFIGDIR")


def homeless(folder: Path) -> dict[str, str]:
    """This process's variables, with all folders of the user's below a file, where not even root can make one."""
    (folder / "file").touch()
    return os.environ | dict.fromkeys((*PLACES, *CACHES), str(folder / "file" / "home"))


def papermill_elsewhere(folder: Path, notebook: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Plain papermill of a notebook, from a folder outside the project, where nothing of the user's can be written.

    Its results are written to `run` in that folder.
    """
    command = [sys.executable, "-m", "papermill", str(notebook), str(folder / "out.ipynb"), "--no-progress-bar"]
    own = homeless(folder) | {"MRILIB_RUN_DIR": str(folder / "run")}
    return subprocess.run([*command, *options], cwd=folder, env=own, capture_output=True, text=True, check=False)

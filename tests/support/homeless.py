"""An environment in which nothing of the user's can be written."""

import os
from pathlib import Path

PLACES = ("HOME", "USERPROFILE", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
CACHES = ("MRILIB_CACHE", "XDG_CACHE_HOME", "MPLCONFIGDIR")


def homeless(folder: Path) -> dict[str, str]:
    """This process's variables, with all folders of the user's below a file, where not even root can make one."""
    (folder / "file").touch()
    return os.environ | dict.fromkeys((*PLACES, *CACHES), str(folder / "file" / "home"))

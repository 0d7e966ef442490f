"""Texts of a classroom: its read-me, and a start script for each kind of system."""

from pathlib import Path

from mrilib.classroom.files import CONSTRAINTS, PROJECT, WHEELS

START = f"""#!/bin/sh
# sh start.sh opens notebook 00 in JupyterLab; sh start.sh check tests whether everything is there and works.
set -eu
cd "$(dirname "$0")"
export MRILIB_CACHE="$PWD/cache"
python="${{PYTHON:-python3}}"
if ls {WHEELS}/*.whl >/dev/null 2>&1; then
  if [ ! -f .venv/complete ]; then
    echo "installing into .venv (only once)"
    "$python" -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --no-index --find-links {WHEELS} mrilib
    touch .venv/complete
  fi
  python="$PWD/.venv/bin/python"
else
  export PYTHONPATH="$PWD/{PROJECT}${{PYTHONPATH:+:$PYTHONPATH}}"
fi
here="$PWD"
cd {PROJECT}
if [ "${{1:-}}" = check ]; then exec "$python" -m mrilib.cli classroom --check "$here"; fi
exec "$python" -m jupyterlab notebooks/00_start_here.ipynb "$@"
"""
START_WINDOWS = f"""@echo off
rem start.bat opens notebook 00 in JupyterLab; start.bat check tests whether everything is there and works.
setlocal
cd /d "%~dp0"
set "MRILIB_CACHE=%CD%\\cache"
set "HERE=%CD%"
if not defined PYTHON set "PYTHON=python"
if exist {WHEELS}\\*.whl goto wheels
set "PYTHONPATH=%CD%\\{PROJECT};%PYTHONPATH%"
goto start
:wheels
if exist .venv\\complete goto installed
echo installing into .venv (only once)
"%PYTHON%" -m venv --clear .venv || exit /b 1
.venv\\Scripts\\python -m pip install --quiet --no-index --find-links {WHEELS} mrilib || exit /b 1
type nul > .venv\\complete
:installed
set "PYTHON=%CD%\\.venv\\Scripts\\python"
:start
cd {PROJECT}
if "%~1"=="check" goto check
"%PYTHON%" -m jupyterlab notebooks\\00_start_here.ipynb %*
exit /b %ERRORLEVEL%
:check
"%PYTHON%" -m mrilib.cli classroom --check "%HERE%"
exit /b %ERRORLEVEL%
"""
README = f"""# mrilib in class, without internet access

This command opens notebook 00 in JupyterLab:

    sh start.sh          (Linux, macOS)
    start.bat            (Windows)

To test the folder first, use `sh start.sh check` (`start.bat check`). It looks for changed files, tests Python, disk
space and packages, and runs notebook 00 once. The lesson plan is {PROJECT}/notebooks/README.md.

Everybody needs their own writable copy of this folder. Notebooks 00 to 06 find everything that they read in
cache/. The other notebooks simulate what is missing, which takes time but needs no internet connection. Notebooks 00 to
06 do not train anything.

To print: worksheet.md contains the exercises of all notebooks; answers.md contains the same exercises with the answers.
JupyterLab renders both files (right click, Open With, Markdown Preview).

"""
WITH_WHEELS = f"""## Python packages

{WHEELS}/ has all packages for the system and the Python version named in classroom.json ("platform", "python"). The
scripts install them into .venv once. To install them by hand:

    python3 -m venv .venv
    .venv/bin/python -m pip install --no-index --find-links {WHEELS} mrilib

Another system or Python version needs other wheels. On such a machine, with an internet connection, run:

"""
WITHOUT_WHEELS = f"""## Python packages

There are no packages here; {WHEELS}/list.txt names them with their versions. The scripts use the Python that they find
(to choose another: PYTHON=/path/to/python sh start.sh), which must have these packages. To add the packages to this
folder, run the following command in it, on a machine with an internet connection, the same system and the same Python
version. The scripts then install from these wheels:

"""
FETCH = f"""    python3 -m pip wheel --wheel-dir {WHEELS} --constraint {PROJECT}/{CONSTRAINTS} ./{PROJECT}

On Linux, the PyTorch that pip installs by default includes gigabytes of GPU libraries. To avoid this, name an index of
CPU builds in PIP_EXTRA_INDEX_URL.
"""


def write(folder: Path, wheels: bool) -> None:
    """Write the read-me and the two start scripts."""
    readme = README + (WITH_WHEELS if wheels else WITHOUT_WHEELS) + FETCH
    (folder / "README.md").write_text(readme, encoding="utf-8", newline="\n")
    (folder / "start.sh").write_text(START, encoding="utf-8", newline="\n")
    (folder / "start.sh").chmod(0o755)
    (folder / "start.bat").write_text(START_WINDOWS, encoding="utf-8", newline="\r\n")

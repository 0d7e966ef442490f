"""What the command prints in encodings that lack some of its letters: `?` stands for them, and nothing fails."""

import io
import json
import os
import subprocess
import sys

import pytest
from tiny_project import COUNT, REPOSITORY, make_project

from mrilib.cli import main

CLAIMS = "claims --runs-dir nowhere"  # to read the runs of this checkout takes seconds
COMMANDS = [CLAIMS, f"{CLAIMS} --markdown", "data list", "--help", "run --help", "train --help", "data --help"]


def printed(monkeypatch, encoding, *arguments):
    """Exit status and text of a command whose output has this encoding."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    try:
        status = main(arguments)
    except SystemExit as end:  # argparse ends so after --help
        status = end.code
    sys.stdout.flush()
    return status, raw.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("command", COMMANDS)
def test_letters_that_an_encoding_lacks_are_replaced(monkeypatch, encoding, command):
    monkeypatch.chdir(REPOSITORY)
    whole = printed(monkeypatch, "utf-8", *command.split())
    replaced = whole[1].encode(encoding, "replace").decode(encoding)
    assert printed(monkeypatch, encoding, *command.split()) == (whole[0], replaced)


def test_json_loses_no_letter(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    texts = [printed(monkeypatch, encoding, *CLAIMS.split(), "--json")[1] for encoding in ("utf-8", "ascii")]
    assert json.loads(texts[0]) == json.loads(texts[1])
    assert any(not entry["claim"].isascii() for entry in json.loads(texts[1]))


def test_a_run_in_a_folder_of_other_letters_is_reported(monkeypatch, tmp_path):
    project = make_project(tmp_path)
    project.notebook("01_one", COUNT)
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    assert not str(project.root).isascii()
    status, text = printed(monkeypatch, "ascii", "run", "01")
    assert (status, text.splitlines()[0].split()[:2]) == (0, ["done", "01_one"])


def test_a_locale_without_utf_8_is_no_obstacle():
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "mrilib.cli", *CLAIMS.split()]
    done = subprocess.run(command, cwd=REPOSITORY, env=os.environ | locale, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")

"""The README: two commands of one line each that the gate runs, and links that lead somewhere."""

import re
import subprocess

import pytest
from tiny_project import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")), REPOSITORY / "notebooks" / "README.md"]
MOVING = 1.5e6  # bytes


def by_the_gate(words):
    """What a line of shell prints with the function by which .ci/run finds the commands."""
    gate = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    function = re.search(r"^command_under\(\) \{.*?^\}$", gate, re.MULTILINE | re.DOTALL)[0]
    told = ["bash", "-euo", "pipefail", "-c", f"{function}\n{words}"]
    return subprocess.run(told, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout


def test_the_gate_finds_two_commands_of_one_line_each():
    first, second = (by_the_gate(f"command_under {n}") for n in (1, 2))
    for command in (first, second):
        assert command.count("\n") == 1
        assert command.startswith("python3 -m venv ")
        assert command.strip() in README.splitlines()
    assert first.endswith("&& .venv/bin/mrilib run 00 01 02 04 19\n")
    for part in ("ruff check .", "ruff format --check .", "mypy", "pytest -n 2"):
        assert f"&& .venv/bin/{'python -m ' if 'pytest' in part else ''}{part}" in second
    assert by_the_gate("command_under 3") == ""


def test_the_gate_installs_without_running_notebooks():
    gate = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    install = by_the_gate(re.search(r'-c "\$\((command_under 1[^\n]*)\)"', gate)[1])
    assert install.endswith("-e .\n")
    assert "mrilib run" not in install


def test_jupyterlab_stands_beside_the_first_command():
    section = README.partition("## Two commands")[2].partition("**Test it.**")[0]
    assert ".venv/bin/jupyter lab notebooks/00_start_here.ipynb" in section


def test_p_and_q_are_defined_before_the_first_result():
    told = README.partition("## Main results")[2]
    assert 0 < told.index("**P**") < told.index("**Q**") < told.index("**gap**") < told.index("\n|")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    for link in local:
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        if anchor:
            titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles], link


def test_the_picture_moves_and_is_small():
    (name,) = re.findall(r"\]\((docs/\w+\.webp)\)", README)
    content = (REPOSITORY / name).read_bytes()
    assert content[:4] == b"RIFF"
    assert content.count(b"ANMF") >= 10, "frames"
    assert len(content) <= MOVING
    assert (REPOSITORY / name).with_suffix(".py").is_file(), "what draws it"

"""Printable sheets made from the notebooks' exercises: one for students and one with the answers."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from mrilib.store.project import UserError, label, notebooks

WORKSHEET, ANSWERS = "worksheet.md", "answers.md"
LINES = "\n\n&nbsp;\n\n&nbsp;\n\n"  # room to write
HEADING = "## Exercises"
BLANK = re.compile(r"^([\w, ]+) = (?:None(?:, )?)+ *# *(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Exercises:
    """Exercises of one notebook: questions and answers by number, and the blanks of exercise 2 with their meanings."""

    title: str
    questions: list[str]
    blanks: list[tuple[str, str]]
    answers: list[str]


def read(path: Path) -> Exercises | None:
    """The exercises of a notebook, or None if it has none; raises UserError unless each exercise has an answer."""
    cells = nbformat.read(path, as_version=4).cells
    start = next((n for n, cell in enumerate(cells) if HEADING in cell.source and cell.cell_type == "markdown"), None)
    if start is None:
        return None
    text = "\n".join(cell.source for cell in cells[start:] if cell.cell_type == "markdown").partition(HEADING)[2]
    before, _, after = text.partition("<details>")
    code = "\n".join(cell.source for cell in cells[start:] if cell.cell_type == "code")
    found = Exercises(
        label(path.stem),
        numbered(before),
        [(names, meaning) for names, meaning in BLANK.findall(code)],
        numbered(after.partition("</details>")[0]),
    )
    if len(found.questions) != len(found.answers) or not found.questions:
        raise UserError(f"{path}: has {len(found.questions)} exercises and {len(found.answers)} answers")
    return found


def numbered(text: str) -> list[str]:
    """Items of a numbered list, without their numbers."""
    return [" ".join(item.split()) for item in re.split(r"^\d\. ", text, flags=re.MULTILINE)[1:]]


def sheet(all_exercises: list[Exercises], with_answers: bool) -> str:
    """A sheet in Markdown, with room to write or with the answers."""
    what = "Answers for the instructor" if with_answers else "Worksheet"
    parts = [f"# {what}\n\nMade from the notebooks by `mrilib classroom --sheets`."]
    if not with_answers:
        parts[0] += " Write down your guesses before you move a slider or change a parameter."
    for one in all_exercises:
        parts.append(f"## {one.title}")
        for number, (question, answer) in enumerate(zip(one.questions, one.answers, strict=True), 1):
            fill = "**Fill in.**" in question
            blanks = "".join(f"\n\n`{names}`: {meaning} ____________" for names, meaning in one.blanks) if fill else ""
            room = f"\n\n> {answer}" if with_answers else blanks + ("" if fill else LINES.rstrip("\n"))
            parts.append(f"**{one.title[:2]}.{number}** {question}{room}")
    return "\n\n".join(parts) + "\n"


def write(root: Path, folder: Path) -> list[Path]:
    """Write the two sheets for all notebooks of the project to `folder`; returns their paths."""
    found = [exercises for path in notebooks(root) if (exercises := read(path))]
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / WORKSHEET, folder / ANSWERS]
    for path, with_answers in zip(paths, (False, True), strict=True):
        path.write_text(sheet(found, with_answers), encoding="utf-8", newline="\n")
    return paths

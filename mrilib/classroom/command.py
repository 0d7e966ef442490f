"""`mrilib classroom`: prepare a folder or archive that needs no internet access, or check one that was unpacked."""

import argparse
import sys
from pathlib import Path
from typing import Any

from mrilib.store.project import root_here

Subparsers = Any


def add_classroom(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "classroom",
        help="make a folder or archive for a class without internet access",
        description="Prepare a folder for a class without internet access: the project, data, wheels, start scripts.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder to make or, with --check, to examine")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--check", action="store_true", help="only report whether FOLDER is complete and works here")
    form.add_argument("--sheets", action="store_true", help="only write the exercises: a worksheet and the answers")
    form.add_argument("--zip", action="store_true", help="make FOLDER.zip")
    parser.add_argument("--no-wheels", action="store_true", help="write the list of packages without fetching them")
    parser.set_defaults(command=classroom)


def classroom(options: argparse.Namespace) -> int:
    if options.check:
        return check(options.folder)
    return write_sheets(options.folder) if options.sheets else prepare(options)


def prepare(options: argparse.Namespace) -> int:
    """Create the classroom, printing each step."""
    from mrilib.classroom.classroom import prepare as make

    try:
        print(make(root_here(), options.folder, options.zip, not options.no_wheels, say))
    except OSError as error:
        print(f"mrilib: error: {error}", file=sys.stderr)
        return 1
    return 0


def write_sheets(folder: Path) -> int:
    """Write the exercises of all notebooks as two sheets."""
    from mrilib.classroom.sheets import write

    try:
        print(*write(root_here(), folder), sep="\n")
    except OSError as error:
        print(f"mrilib: error: {error}", file=sys.stderr)
        return 1
    return 0


def check(folder: Path) -> int:
    """Check an unpacked classroom."""
    from mrilib.classroom.check import examine
    from mrilib.running.doctor import report

    findings = examine(folder.absolute())
    print(report(findings))
    return 1 if any(finding.state == "broken" for finding in findings) else 0


def say(line: str) -> None:
    print(line, flush=True)

"""`mrilib tables`: list the stored tables, recompute one, or check that rows are reproduced."""

import argparse
import os
from typing import Any

from mrilib.running.arguments import check_device, said, show_progress
from mrilib.store.project import UserError, root_here
from mrilib.store.tables import COMMAND

ROWS = 2  # checked by default


def add_tables(subparsers: Any) -> None:
    """Add the command and its verbs."""
    parser = subparsers.add_parser("tables", help="stored tables: list them, recompute one, check rows")
    parser.set_defaults(command=show_tables)
    verbs = parser.add_subparsers(metavar="VERB")
    make = verbs.add_parser("make", help="recompute a table and write it; resumes after an interruption")
    make.add_argument("table", metavar="NAME")
    make.add_argument("--rows", type=int, metavar="N", help="compute N rows now; the next call resumes (default: all)")
    make.add_argument("--device", default="cpu", help="cpu or cuda")
    make.set_defaults(command=make_table)
    check = verbs.add_parser("check", help="recompute some rows and compare them; nothing is written")
    check.add_argument("table", metavar="NAME", nargs="*", help="tables to check (default: all)")
    check.add_argument("--rows", type=int, default=ROWS, metavar="N", help=f"rows of each table (default: {ROWS})")
    check.add_argument("--seed", type=int, default=0, help="seed for the choice of rows (default: 0)")
    check.add_argument("--device", default="cpu", help="cpu or cuda")
    check.set_defaults(command=lambda options: check_tables(options, check))


def show_tables(options: argparse.Namespace) -> int:
    """Print one line per table."""
    from mrilib.running.tables import lines

    print(*lines(root_here()), sep="\n")
    return 0


def make_table(options: argparse.Namespace) -> int:
    """Recompute one table."""
    from mrilib.running.tables import make, named

    if options.rows is not None and options.rows < 1:
        raise UserError(f"--rows: expected at least 1, got {options.rows}")
    table = named(options.table, root_here())
    device = check_device(options.device)
    os.environ[COMMAND] = f"mrilib tables make {table.name}"

    def shown(done: int, count: int) -> None:
        show_progress(f"{table.name}  row {done} of {count}")

    try:
        file = make(table, device, shown, options.rows)
    except (ValueError, OSError) as error:  # of the data, the weights or the cache
        raise UserError(f"{table.name}: {said(error)}") from error
    show_progress("")
    print(f"{table.name}: {len(table.entries)} rows written to {file}")
    return 0


def check_tables(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Check rows of the given tables, or of all."""
    from mrilib.running.tables import TOLERANCE, check, named, shipped

    if options.rows < 1:
        raise UserError(f"--rows: expected at least 1, got {options.rows}")
    check_device(options.device)
    root = root_here()
    chosen = [named(name, root) for name in options.table] or list(shipped(root).values())
    held = True
    for table in chosen:
        for found in check(table, options.rows, options.seed, options.device):
            state = "skipped" if found.largest is None else "same" if found.holds else "DIFFERS"
            print(f"{state:<8} {table.name}  {found.said}  {dict(found.key)}", flush=True)
            held = held and (found.holds or found.largest is None)
    print(f"tolerance: {TOLERANCE}")
    return 0 if held else 1

"""`mrilib data`: fetch data sets that can be downloaded, and convert those obtained manually."""

import argparse
import sys
from pathlib import Path
from typing import Any

from mrilib.running.arguments import add_choice, choice_of, show_help, show_progress
from mrilib.store.project import UserError, hint

Subparsers = Any


def add_data(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("data", help="real data: list, get, convert")
    parser.set_defaults(command=lambda options: show_help(parser))
    actions = parser.add_subparsers(metavar="ACTION")
    actions.add_parser("list", help="list what can be fetched or converted").set_defaults(command=list_data)
    get = actions.add_parser("get", help="fetch one dataset; nothing is fetched automatically")
    get.add_argument("name", metavar="NAME")
    get.add_argument(
        "--source",
        type=Path,
        metavar="FILE",
        help="a file or folder fetched by hand, for machines that are offline",
    )
    get.set_defaults(command=get_data)
    change = actions.add_parser("convert", help="convert files of paper B's datasets to fastMRI-layout volumes")
    change.add_argument("format", metavar="FORMAT", help="fastmri, prostate, m4raw, …; an unknown name lists all")
    change.add_argument("files", nargs="+", type=Path, metavar="FILE")
    change.add_argument("--output", type=Path, required=True, metavar="DIR")
    change.add_argument("--view", metavar="NAME", help="for a 3-D dataset: axial, coronal or sagittal")
    add_choice(change)
    change.set_defaults(command=convert_data)


def list_data(options: argparse.Namespace) -> int:
    from mrilib.data import fetch
    from mrilib.data.collections import COLLECTIONS
    from mrilib.data.twins import TWINS

    for name, dataset in fetch.DATASETS.items():
        print(f"{name}  {fetch.examined(name)[1]}")
        print(f"  {dataset.description}")
        print(f"  {dataset.licence}; {dataset.size / 1e6:.0f} MB from {dataset.source_name}")
    print("\nPaper B's datasets. Get each from its publisher, then: mrilib data convert FORMAT FILE … [--view VIEW]")
    print(f"{'dataset':<21} {'format':<12} {'view':<9} {'anatomy':<9} {'T':<7} training and test slices")
    for name, one in COLLECTIONS.items():
        counts = f"{one.train.slices:>6,} {one.test.slices:>6,}" + ("" if one.in_training else "  (testing only)")
        print(f"{name:<21} {one.format:<12} {one.view:<9} {one.anatomy:<9} {one.field:<7} {counts}")
    print("\nTheir simulated twins, under the names that notebooks accept as distributions; nothing to fetch")
    for name, parts in TWINS.items():
        print(f"{name:<21} {', '.join(parts)}")
    return 0


def get_data(options: argparse.Namespace) -> int:
    from mrilib.data import fetch

    if options.name not in fetch.DATASETS:
        raise UserError(f"no dataset {options.name!r}{hint(options.name, fetch.DATASETS)}")
    try:
        print(fetch.get(options.name, source=options.source, progress=show_bytes))
    except fetch.FetchError as error:
        show_progress("")
        print(f"mrilib: error: {error}", file=sys.stderr)
        return 1
    return 0


def convert_data(options: argparse.Namespace) -> int:
    """Convert each file; the others are written even if some fail, and those that fail are named at the end."""
    from mrilib.data.formats import convert
    from mrilib.data.layout import VolumeError

    choice = choice_of(options.choose)
    failed = 0
    for path in options.files:
        try:
            for written in convert(path, options.format, options.output, options.view, choice, say):
                print(written)
        except (VolumeError, OSError) as error:
            print(f"mrilib: error: {error}", file=sys.stderr)
            failed += 1
    if failed:
        print(f"mrilib: {failed} of {len(options.files)} files were not converted", file=sys.stderr)
    return int(failed > 0)


def say(line: str) -> None:
    """Print a note that is not part of the results."""
    print(f"mrilib: {line}", file=sys.stderr)


def show_bytes(done: int, total: int | None = None) -> None:
    show_progress(f"{done / 1e6:.0f} MB" + (f" of {total / 1e6:.0f} MB" if total else ""))

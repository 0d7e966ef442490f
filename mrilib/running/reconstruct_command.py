"""`mrilib reconstruct`: images from a user's own scan; `mrilib networks`: the networks of the package."""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrilib.running.arguments import add_choice, choice_of, show_progress
from mrilib.store.project import UserError

if TYPE_CHECKING:  # importing torch takes a second, too slow for `mrilib --help`
    from mrilib.scan.job import Job
    from mrilib.scan.reconstruction import Reconstructed
    from mrilib.ttt import Precision

NETWORK = "norm_unet_ssim_d_p_4x"  # trained on paper B's diverse collection, magnitudes only


def add_reconstruct(subparsers: Any) -> None:
    """Add `mrilib reconstruct`."""
    parser = subparsers.add_parser(
        "reconstruct",
        help="reconstruct a scan of your own",
        description="Reconstruct multi-coil Cartesian k-space: fastMRI HDF5, ISMRMRD (.h5, .mrd), BART .cfl, NumPy's "
        ".npy, Siemens twix (.dat). Fully sampled scans are first under-sampled, and the reconstructions are scored; "
        "under-sampled scans are used as they are.",
    )
    parser.add_argument("scans", nargs="+", type=Path, metavar="SCAN")
    parser.add_argument(
        "--network", default=NETWORK, metavar="NAME", help=f"see `mrilib networks` (default: {NETWORK})"
    )
    parser.add_argument("--ttt", action="store_true", help="run test-time training on every slice, with a free phase")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="path without suffix (default: SCAN_mrilib in this folder)"
    )
    parser.add_argument("--slices", metavar="LIST", help="for example 3,8-12 (default: all)")
    add_choice(parser)
    parser.add_argument("--acceleration", type=float, help="acceleration for a fully sampled scan (default: 4)")
    parser.add_argument("--center-fraction", type=float, help="share of calibration lines (default: fastMRI's)")
    parser.add_argument("--coils", type=int, metavar="N", help="compress to N virtual coils")
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        help="precision of the convolutions in TTT (default: bfloat16, about 6 %% faster, where supported)",
    )
    parser.add_argument(
        "--orientation",
        metavar="DIRECTIONS",
        help="directions of columns, rows and slices if the file has none, such as PIL (sagittal) (default: LPS)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the hold-out (default: 0)")
    parser.set_defaults(command=reconstruct)


def add_networks(subparsers: Any) -> None:
    """Add `mrilib networks`."""
    subparsers.add_parser("networks", help="list the networks of the package").set_defaults(command=networks)


def reconstruct(options: argparse.Namespace) -> int:
    """Check every scan before the first is reconstructed."""
    if options.output and len(options.scans) > 1:
        raise UserError("-o: allowed with one scan only; several are named after their files")
    outputs = [options.output or Path(f"{path.stem}_mrilib") for path in options.scans]
    check_free(outputs)
    skip_compiler()
    try:
        for job, output in [(planned(path, options), one) for path, one in zip(options.scans, outputs, strict=True)]:
            run(job, output)
    except ValueError as error:  # of the scan, the network or test-time training
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"{error.filename or options.output}: {error.strerror or error}") from error
    return 0


def check_free(outputs: Sequence[Path]) -> None:
    """Raise UserError if two scans would write the same files, or if files exist that no unfinished run wrote."""
    from mrilib.scan.job import files_of, parts_of

    for number, output in enumerate(outputs):
        if output in outputs[:number]:
            raise UserError(f"two scans would write to {output}; reconstruct them one by one, each with its own -o")
        there = [file for file in files_of(output) if file.exists()]
        if there and not parts_of(output).is_dir():
            raise UserError(f"{there[0]} already exists; move it away, or give another name with -o")


def planned(path: Path, options: argparse.Namespace) -> "Job":
    """The job for one scan."""
    from mrilib.sampling import Undersampling
    from mrilib.scan.formats import open_scan
    from mrilib.scan.job import Job
    from mrilib.scan.output import AXIAL, directions
    from mrilib.train.networks import by_name, weights_file
    from mrilib.ttt import FREE_PHASE, OWN_SCANS

    if options.coils is not None and options.coils < 1:
        raise UserError(f"--coils: expected at least 1, got {options.coils}")
    given = {"acceleration": options.acceleration, "center_fraction": options.center_fraction}
    scan = open_scan(path, choice_of(options.choose))
    if options.orientation and scan.affine is not None:
        raise UserError(f"{path}: its headers state the orientation of its slices; omit --orientation")
    orientation = (options.orientation or AXIAL).upper()
    directions(orientation)  # refuses what is none
    chosen = OWN_SCANS if options.network == NETWORK else FREE_PHASE
    settings = replace(chosen, seed=options.seed, precision=options.precision or fastest())
    return Job(
        scan,
        numbers_of(options.slices, scan.slices, path),
        by_name(options.network),
        weights_file(options.network),
        Undersampling(**{name: value for name, value in given.items() if value is not None}),
        settings if options.ttt else None,
        options.coils,
        orientation,
    )


def fastest() -> "Precision":
    """Precision in which this processor convolves fastest."""
    import torch

    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return "bfloat16" if known.get("avx512_bf16") or known.get("amx_bf16") else "float32"


def numbers_of(text: str | None, count: int, path: Path) -> list[int]:
    """Slice numbers from a list such as 3,8-12; all of `count` when None."""
    if text is None:
        return list(range(count))
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise UserError(f"--slices {text}: expected numbers and ranges, such as 3,8-12")
        if max(len(first), len(last)) > len(str(count)) or int(last or first) >= count:
            raise UserError(f"--slices {text}: {path} has slices 0 to {count - 1}")
        found |= set(range(int(first), int(last or first) + 1))
    if not found:
        raise UserError(f"--slices {text}: {path} has slices 0 to {count - 1}")
    return sorted(found)


def skip_compiler() -> None:
    """Keep the first optimizer from importing torch's compiler, which takes 1.6 s on one core and is not needed.

    Three methods import the compiler only to exclude themselves from compilation; the functions that they wrap do the
    work.
    """
    import torch

    optimizer, adam = torch.optim.Optimizer, torch.optim.Adam
    for owner, name in ((optimizer, "add_param_group"), (optimizer, "zero_grad"), (adam, "step")):
        method = getattr(owner, name)
        setattr(owner, name, torch.no_grad()(getattr(method, "__wrapped__", method)))


def run(job: "Job", output: Path) -> None:
    """Reconstruct a scan, printing one line per slice."""
    start, fresh, count = time.monotonic(), 0, len(job.numbers)
    print(
        f"{job.scan.path}: {job.scan.format}, {count} of {job.scan.slices} slices, network {job.weights.stem}",
        flush=True,
    )

    def done(number: int, one: "Reconstructed", found: bool) -> None:
        nonlocal fresh
        fresh += not found
        left = count - list(job.numbers).index(number) - 1
        seconds = (time.monotonic() - start) / max(fresh, 1) * left
        show_progress("")
        print(f"slice {number:4}  {told(one)}{'  (from an earlier run)' if found else ''}", flush=True)
        show_progress(f"{left} slices left, about {seconds / 60:.1f} min" if left else "")

    files = job.reconstruct(output, done)
    print("written:", *files)


def told(one: "Reconstructed") -> str:
    """One line that says how a slice was reconstructed."""
    said = [f"{name} {score:.3f}" for name, score in one.scores.items()]
    parts = ["SSIM " + ", ".join(said) if said else "under-sampled: no score"]
    if one.errors:
        parts.append(f"TTT {one.iterations + 1} iterations: {one.reason}")
        parts.append("self-validation error {:.3f} to {:.3f}".format(*one.errors))
    return "; ".join(parts)


def networks(options: argparse.Namespace) -> int:
    """One line per network: training data, loss, acceleration, parameters."""
    from mrilib.train.checkpoints import read_card
    from mrilib.train.networks import SHIPPED

    lines = [("network", "trained on (simulated)", "loss", "slices", "parameters")]
    for path in sorted(SHIPPED.glob("*.json")):
        card = read_card(path, ("spec", "parameters"))
        try:
            spec = card["spec"]
            trained_on = str(spec["distribution"]), str(spec["recipe"]["loss"]), str(spec["train_slices"])
        except (KeyError, TypeError) as error:
            raise UserError(f"{path}: its spec is not that of a network ({error})") from None
        lines.append((path.stem, *trained_on, f"{card['parameters']:,}"))
    print(*table(lines), sep="\n")
    return 0


def table(lines: Sequence[Sequence[str]]) -> list[str]:
    """Columns padded to their widest cell."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]

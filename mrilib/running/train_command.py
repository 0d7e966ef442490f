"""`mrilib train`: train a notebook's networks, those of the package, or one on a user's own folder."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrilib.running.arguments import check_device, check_jobs, read_given, said, show_progress
from mrilib.store.project import UserError, find_notebook, root_here

if TYPE_CHECKING:  # importing torch takes a second, too slow for `mrilib --help`
    from mrilib.train.networks import NetworkSpec

# Options that go with --data, and their defaults: a network that trains in hours on a CPU.
OWN: dict[str, Any] = {"recipe": "magnitude", "acceleration": 4.0, "epochs": 30, "chans": 16}


def add_train(subparsers: Any) -> None:
    """Add `mrilib train`."""
    parser = subparsers.add_parser("train", help="train a notebook's networks, or all networks of the package")
    parser.add_argument("notebook", nargs="?", default="04", metavar="NOTEBOOK", help="number or name (default: 04)")
    parser.add_argument("--all", action="store_true", help="train every network of the package")
    parser.add_argument("--profile", default="quick", help="params/<notebook>/PROFILE.yaml: quick (default), …")
    parser.add_argument("--shift", action="append", metavar="NAME", help="train under this shift instead; repeatable")
    parser.add_argument(
        "-p", action="append", default=[], metavar="NAME VALUE", help="change one parameter; repeatable"
    )
    parser.add_argument("-j", type=int, default=1, metavar="N", help="train N networks at a time")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="write half-precision weights here instead of the cache"
    )
    own = parser.add_argument_group("a folder of your own", "fastMRI-layout volumes; one in ten is kept for validation")
    own.add_argument("--data", type=Path, metavar="FOLDER", help="train on all volumes (*.h5) below FOLDER")
    own.add_argument("--recipe", help=f"supervised, joint, magnitude or varnet (default: {OWN['recipe']})")
    own.add_argument("--acceleration", type=float, help=f"acceleration of the masks (default: {OWN['acceleration']:g})")
    own.add_argument("--epochs", type=int, help=f"passes over the slices (default: {OWN['epochs']})")
    own.add_argument("--chans", type=int, help=f"width of the network (default: {OWN['chans']})")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.set_defaults(command=train)


def train(options: argparse.Namespace) -> int:
    """Train missing networks, resuming interrupted runs; under torchrun, all processes train together."""
    from mrilib.running.weights import shipped, train_all
    from mrilib.store.paths import check_writable
    from mrilib.train.distributed import join, workers
    from mrilib.train.networks import cache_path

    own = {name: getattr(options, name) for name in OWN if getattr(options, name) is not None}
    if options.data is not None:
        return train_folder(options, own)
    if own:
        raise UserError(f"--{next(iter(own))}: needs --data FOLDER; a notebook's parameters are changed with -p")
    if options.all and (options.shift or options.p or options.profile != "quick"):
        raise UserError("--all trains the networks of the package, with the quick profile; omit --shift and -p")
    check_jobs(options.j, "networks")
    check_device(options.device)
    specs = shipped() if options.all else chosen(options)
    start = time.monotonic()
    try:
        for folder in {options.output or cache_path(specs[0]).parent, cache_path(specs[0]).parent}:
            check_writable(folder)
        train_all(specs, options.output, options.j, show_trained, join(options.device))
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command resumes where it stopped") from None
    except (ValueError, OSError) as error:  # of the data, the folders or a training
        raise UserError(said(error)) from error
    if workers().leads:
        print(f"{len(specs)} networks in {(time.monotonic() - start) / 60:.0f} min")
    return 0


def chosen(options: argparse.Namespace) -> "list[NetworkSpec]":
    """Networks of a notebook for the requested profile, shifts and parameters."""
    from mrilib.running.jobs import plan
    from mrilib.running.parameters import networks_of

    root = root_here()
    given = read_given(options.p)
    changes = [{**given, "shift": shift} for shift in options.shift] if options.shift else [given]
    jobs = [plan(find_notebook(options.notebook, root), root, options.profile, change) for change in changes]
    found = [spec for job in jobs for spec in networks_of(job.section, job.record)]
    if not found:
        raise UserError(f"{jobs[0].name}: trains no network")
    return found


def show_trained(name: str, seconds: float, score: float) -> None:
    print(f"{name:<42} {seconds:6.0f} s   validation SSIM {score:.4f}", flush=True)


def train_folder(options: argparse.Namespace, own: dict[str, Any]) -> int:
    """Train one network on a folder, resuming an interrupted run, and say how to use it."""
    from mrilib.store.paths import check_writable
    from mrilib.train.checkpoints import read_card
    from mrilib.train.folder import folder_spec, split_volumes
    from mrilib.train.networks import train as train_one

    if options.all or options.shift or options.p:
        raise UserError("--data: trains one network; omit --all, --shift and -p")
    check_device(options.device)
    try:
        spec = folder_spec(options.data, **OWN | own)
        check_writable(options.output or Path())
        path = (options.output or Path()) / f"{spec.name}.safetensors"
        if path.exists() and path.with_suffix(".json").exists():  # one without the other is left by a kill
            raise UserError(f"{path} already exists; move it away, or choose another folder with --output")
        training, validation = split_volumes(spec.volumes)
        counted = f"{len(training)} volumes to train on ({spec.train_slices} slices), {len(validation)} for validation"
        print(f"{spec.folder}: {counted}", flush=True)
        start = time.monotonic()
        train_one(spec, path, device=options.device, progress=show_step)
    except (ValueError, OSError) as error:  # of the data, the recipe or the output
        raise UserError(said(error)) from error
    show_progress("")
    show_trained(spec.name, time.monotonic() - start, read_card(path)["validation_ssim"])
    print(f"written: {path}\nto use it: mrilib reconstruct SCAN --network {path}")
    return 0


def show_step(step: int, steps: int, loss: float) -> None:
    show_progress(f"step {step} of {steps}, loss {loss:.4f}")

"""Command-line interface: run notebooks, check the papers' claims, fetch data, inspect the machine, prepare a class."""

import argparse
import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrilib import __version__
from mrilib.classroom.command import add_classroom
from mrilib.running.arguments import (
    Parser,
    check_jobs,
    join_parameters,
    one_line,
    read_given,
    replace_missing_letters,
    show_help,
    show_progress,
    termination_as_exit,
)
from mrilib.running.data_command import add_data
from mrilib.running.plan_command import add_part, add_plan
from mrilib.running.reconstruct_command import add_networks, add_reconstruct
from mrilib.running.tables_command import add_tables
from mrilib.running.train_command import add_train
from mrilib.store.project import UserError, find_notebook, notebooks, profile_of, root_here

if TYPE_CHECKING:  # importing the runner takes a second, too slow for `mrilib --help`
    from mrilib.running.failures import RunError
    from mrilib.running.jobs import Job
    from mrilib.running.runner import Outcome

Subparsers = Any


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status: 1 for failures, 2 for errors that the user can fix."""
    replace_missing_letters()
    warnings.formatwarning = lambda message, *_, **__: f"mrilib: warning: {message}\n"
    parser = Parser(prog="mrilib", description=__doc__)
    parser.add_argument("--version", action="version", version=f"mrilib {__version__}")
    parser.set_defaults(command=lambda options: show_help(parser))
    subparsers = parser.add_subparsers(metavar="COMMAND")
    for add in COMMANDS:
        add(subparsers)
    try:
        with termination_as_exit():
            options = parser.parse_args(join_parameters(sys.argv[1:] if arguments is None else arguments))
            return int(options.command(options))
    except UserError as error:
        print(f"mrilib: error: {one_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        print(f"mrilib: interrupted{f'; {error}' if str(error) else ''}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def add_run(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "run", help="execute notebooks", description="Execute notebooks; the results go to runs/."
    )
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="number, name or path")
    parser.add_argument("--all", action="store_true", help="all notebooks, in reading order")
    parser.add_argument(
        "--profile",
        default="quick",
        help="params/<notebook>/PROFILE.yaml: quick (default), gpu, paper, smoke (quick if there is none)",
    )
    parser.add_argument(
        "-p", action="append", default=[], metavar="NAME VALUE", help="change one parameter; repeatable"
    )
    parser.add_argument(
        "--check", action="store_true", help="only report whether the notebooks can run, and for how long"
    )
    parser.add_argument("--force", action="store_true", help="run again even if the results are still valid")
    parser.add_argument("-j", type=int, default=1, metavar="N", help="run N notebooks at a time")
    parser.add_argument("--runs-dir", type=Path, help="where the results go (default: runs/ of the project)")
    parser.set_defaults(command=lambda options: run(options, parser))


def run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Validate everything, then check or execute it."""
    if not options.notebooks and not options.all:
        return show_help(parser)
    check_jobs(options.j, "notebooks")
    from mrilib.running.jobs import plan
    from mrilib.running.parameters import networks_of

    root = root_here()
    chosen = notebooks(root) if options.all else [find_notebook(text, root) for text in options.notebooks]
    given = read_given(options.p)
    profiles = {path: profile_of(path, options.profile, root) for path in chosen}
    jobs = [plan(path, root, profile, given, options.runs_dir) for path, profile in profiles.items()]
    if not jobs:
        raise UserError(f"no notebooks in {root / 'notebooks'}")
    for job in jobs:
        networks_of(job.section, job.record)  # refuses what could not be built
    return check(jobs) if options.check else execute(jobs, options)


def check(jobs: Sequence["Job"]) -> int:
    """Report what each job needs."""
    from mrilib.running.check import check as check_job

    reports = [(job, check_job(job.section, job.record)) for job in jobs]
    for job, report in reports:
        print(f"{job.name} ({job.profile})", *(f"  {line}" for line in report.lines), sep="\n")
    return 0 if all(report.ready for _, report in reports) else 1


def execute(jobs: Sequence["Job"], options: argparse.Namespace) -> int:
    """Run the jobs whose data are available, showing progress, and then print a summary of the results."""
    from mrilib.running.batch import Progress, missing_data, run_all
    from mrilib.running.summary import summary

    lacking = {job.name: command for job in jobs if (command := missing_data(job))}
    if len(lacking) == len(jobs):
        name, command = next(iter(lacking.items()))
        raise UserError(f"{name} needs data that are missing; fetch them with: {command}")
    for name, command in lacking.items():
        print(f"skipped  {name}  needs data; fetch them with: {command}", flush=True)
    progress = Progress()
    ready = [job for job in jobs if job.name not in lacking]
    ends = run_all(ready, options.j, options.force, progress, show_end, lambda: show_progress(progress.line()))
    print(summary([end for end in ends if not isinstance(end, OSError)], jobs[0].root))
    return 1 if any(isinstance(end, OSError) for end in ends) else 0


def show_end(job: "Job", end: "Outcome | RunError") -> None:
    from mrilib.running.batch import clock

    show_progress("")
    if isinstance(end, OSError):
        print(f"failed   {job.name}", flush=True)
        print(f"mrilib: error: {end}", file=sys.stderr, flush=True)
    else:
        print(f"{end.status:<8} {job.name}  {job.folder.name}  {clock(end.seconds)}", flush=True)


def add_claims(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("claims", help="show which of the papers' claims hold, from runs/")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="output as JSON")
    form.add_argument("--markdown", action="store_true", help="output as a Markdown table")
    parser.add_argument("--runs-dir", type=Path, help="where to look for results (default: runs/ of the project)")
    parser.set_defaults(command=show_claims)


def show_claims(options: argparse.Namespace) -> int:
    from mrilib.running.claims import answer, complete_runs, load
    from mrilib.running.claims_view import as_json, markdown, table

    root = root_here()
    runs = complete_runs(options.runs_dir or root / "runs", root)
    verdicts = [answer(claim, runs) for claim in load(root / "params" / "claims.yaml")]
    if options.json:
        print(json.dumps(as_json(verdicts), indent=2))
    else:
        print(markdown(verdicts) if options.markdown else table(verdicts))
    return 0


def add_site(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("site", help="build a static site from the executed notebooks in runs/")
    parser.add_argument("--output", type=Path, metavar="DIR", help="site folder (default: build/site of the project)")
    parser.add_argument("--runs-dir", type=Path, help="where to look for results (default: runs/ of the project)")
    parser.set_defaults(command=show_site)


def show_site(options: argparse.Namespace) -> int:
    """Build the site and report what it contains and what is missing."""
    from mrilib.site.build import build_site

    root = root_here()
    output = (options.output or root / "build" / "site").absolute()
    try:
        site = build_site(root, options.runs_dir or root / "runs", output)
    except OSError as error:
        print(f"mrilib: error: {error}", file=sys.stderr)
        return 1
    for warning in site.warnings:
        print(f"mrilib: warning: {warning}", file=sys.stderr)
    for name in site.missing:
        print(f"left out  {name}  has no complete run; make one with: mrilib run {name.partition('_')[0]}")
    print(f"{len(site.pages)} notebooks and the claims: {site.folder / 'index.html'}")
    return 0


def add_doctor(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("doctor", help="report what this machine offers, and how to add what is missing")
    parser.set_defaults(command=show_doctor)


def show_doctor(options: argparse.Namespace) -> int:
    from mrilib.running.doctor import examine, report

    findings = examine()
    print(report(findings))
    return 1 if any(finding.state == "broken" for finding in findings) else 0


COMMANDS: tuple[Callable[[Subparsers], None], ...] = (
    add_run,
    add_claims,
    add_site,
    add_doctor,
    add_data,
    add_train,
    add_plan,
    add_part,
    add_reconstruct,
    add_networks,
    add_tables,
    add_classroom,
)

if __name__ == "__main__":
    sys.exit(main())

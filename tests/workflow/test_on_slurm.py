"""The workflow on a real Slurm: the results of one machine, and after a kill only what is missing is done."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from one_node_slurm import missing, one_node_slurm
from tiny_project import PATIENCE, REPOSITORY, wait_until

from mrilib.store.paths import cache_dir

pytestmark = pytest.mark.slurm
NOTEBOOK, STORED = "04_test_time_training", "15_a_diverse_collection"  # of the second the scores are stored
TOY = {
    NOTEBOOK: "train_slices: 3\nepochs: 1\nchans: 4\ntest_slices: 2\nttt_iterations: 3\nwindow: 2\n",
    STORED: "{}\n",
}
RUN = (NOTEBOOK, STORED, "--profile", "toy")
SLICES = ["ttt-0-of-2", "ttt-1-of-2"]
LONGEST = 1200  # seconds that a command or an event may take
COMMAND = """\
#!/bin/sh
echo "$@" >>"{log}"
for word; do while [ -e "{held}/$word" ]; do sleep 0.2; done; done
exec "{python}" -m mrilib.cli "$@"
"""


def snakemake():
    """The program, or a skip that says what is missing."""
    if lacking := missing():
        pytest.skip(f"no Slurm to start: {', '.join(lacking)} not found; apt-get install slurm-wlm")
    found = shutil.which("snakemake")
    python = found and Path(found).with_name("python")
    if not python or subprocess.run([python, "-c", "import snakemake_executor_plugin_slurm"], check=False).returncode:
        pytest.skip("no snakemake with its Slurm executor on the PATH: see workflow/README.md")
    return found


class Project:
    """Notebooks 04 and 15, their parameters and the workflow in a folder; `mrilib` notes its calls, and may be held."""

    def __init__(self, root, commands):
        self.root, self.log, self.held = root, commands / "mrilib.log", commands / "held"
        self.engine_log = commands / "engine.log"
        self.held.mkdir()
        for name in ("notebooks", "params", "workflow"):
            shutil.copytree(REPOSITORY / name, root / name, ignore=shutil.ignore_patterns("0[!4]*", "1[!5]*", "20*"))
        for name, text in TOY.items():
            (root / "params" / name / "toy.yaml").write_text(text)
        program = commands / "mrilib"
        program.write_text(COMMAND.format(log=self.log, held=self.held, python=sys.executable))
        program.chmod(0o755)
        path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
        self.environment = os.environ | {"PYTHONPATH": path, "PATH": f"{commands}:{os.environ['PATH']}"}
        self.environment |= {"MRILIB_CACHE": str(root / "cache"), "OMP_NUM_THREADS": "1"}

    def start(self, *command):
        """A process whose output goes to a file, as nobody reads it meanwhile."""
        with self.engine_log.open("w") as output:
            return subprocess.Popen(
                command, cwd=self.root, env=self.environment, stdout=output, stderr=subprocess.STDOUT, text=True
            )

    def run(self, *command, **variables):
        """Output of a command that ends well."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE * LONGEST,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}"
        return done.stdout

    def begun(self):
        """What `mrilib` was called to do, in order: names of parts, of notebooks, and "claims"."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        words = [line.split() for line in lines]
        return [one[one.index("--name") + 1] if one[0] == "part" else one[min(1, len(one) - 1)] for one in words]

    def finished(self):
        """When each part and each notebook was done, by its name."""
        done = {path.stem: path for path in self.root.glob("parts/*/*.json")}
        done |= {path.parts[-3]: path for path in self.root.glob("runs/*/*/results.json")}
        return {name: path.stat().st_mtime_ns for name, path in done.items()}


def results(folder):
    """Results of both notebooks, without what is measured in seconds."""
    found = {path.parts[-3]: json.loads(path.read_text()) for path in folder.glob("*/*/results.json")}
    return {
        notebook: {name: value for name, value in content.items() if "seconds" not in name and "time" not in name}
        for notebook, content in found.items()
    }


def share_simulated(*caches):
    """Simulated volumes are made once, for these caches and for later runs."""
    volumes = cache_dir().absolute() / "simulated"
    volumes.mkdir(parents=True, exist_ok=True)
    for cache in caches:
        cache.mkdir()
        (cache / "simulated").symlink_to(volumes)


def planned(project):
    """Names of the parts left to do, in a file for the engine: not the networks of 15, which reads their scores."""
    project.run("mrilib", "plan", *RUN, "--gpu", "a100", "--shards", str(len(SLICES)), "--parts", "plan.json")
    file = project.root / "plan.json"
    plan = json.loads(file.read_text())
    assert {part["kind"] for part in plan["notebooks"][STORED]["parts"]} <= {"train"}
    plan["notebooks"][STORED]["parts"] = []
    file.write_text(json.dumps(plan))
    return [part["name"] for part in plan["notebooks"][NOTEBOOK]["parts"]]


def interrupted(slurm, project, command, cancelled, other):
    """Run until a training was cancelled, the other one ended, the node failed with what it ran, the engine was killed.

    Jobs to be killed are held at their first line, so that nothing depends on how fast this machine is.
    """
    for name in (cancelled, STORED):
        (project.held / name).touch()
    engine = project.start(*command)
    try:
        wait_until(lambda: {cancelled, other, STORED} <= set(project.begun()), LONGEST)
        slurm("scancel", slurm.job_of(cancelled))
        wait_until(lambda: project.begun().count(cancelled) == 2, LONGEST)
        wait_until(lambda: "Finished jobid" in project.engine_log.read_text(), LONGEST)
        slurm.down()
        wait_until(lambda: slurm.submitted() == 3 + 1 + 2, LONGEST)
    finally:
        engine.kill()
        engine.wait()
    printed = project.engine_log.read_text()
    assert printed.count("SLURM status is: 'CANCELLED'") == 1
    assert printed.count("SLURM status is: 'NODE_FAIL'") == 2
    slurm("scancel", "--name", re.search(r"SLURM run ID: (\S+)", printed)[1])  # what the engine left waiting
    wait_until(lambda: not slurm("squeue", "--noheader"), 60)
    for file in project.held.iterdir():
        file.unlink()
    slurm.up()


def test_results_are_those_of_one_machine_and_a_rerun_does_only_what_is_missing(tmp_path, record_property, capsys):
    engine = snakemake()
    start = time.monotonic()

    def took(what):
        nonlocal start
        seconds, start = time.monotonic() - start, time.monotonic()
        record_property(f"seconds {what}", round(seconds, 1))
        with capsys.disabled():
            sys.stdout.write(f"workflow on Slurm: {seconds:.0f} s {what}\n")
            sys.stdout.flush()

    (tmp_path / "project").mkdir()
    with one_node_slurm(tmp_path / "slurm") as slurm:
        project = Project(tmp_path / "project", slurm.bin)
        cache, alone = project.root / "cache", project.root / "alone"
        share_simulated(cache, alone)
        took("to start Slurm")

        project.run("mrilib", "run", *RUN, "--runs-dir", "alone/runs", "-j", "2", MRILIB_CACHE=str(alone))
        wanted = results(alone / "runs")
        assert sorted(wanted) == sorted(TOY)
        assert "ssim_joint_p_ttt_unet_anatomy" in wanted[NOTEBOOK]
        took("on one machine")

        (cache / "weights").mkdir()
        for kind in ("unet_supervised*", "unet_joint_knee_pdfs*"):  # three of its five networks are there already
            for file in (alone / "weights").glob(kind):
                shutil.copy(file, cache / "weights")
        cancelled, other, *slices = planned(project)
        assert slices == SLICES
        assert cancelled.startswith("train-unet_joint")
        assert other.startswith("train-unet_joint")
        project.log.unlink()
        command = [engine, "--snakefile", "workflow/Snakefile", "--configfile", "plan.json"]
        again = ["--profile", "workflow/profiles/slurm", "--slurm-status-command", "squeue"]
        again += ["--slurm-init-seconds-before-status-checks", "1"]
        interrupted(slurm, project, [*command, *again], cancelled, other)
        before, tried = project.finished(), len(project.begun())
        assert set(before) == {other}
        took("until stopped")

        wait_until(lambda: slurm("sinfo", "--noheader", "--format=%T").strip() == "idle", 60)
        project.run(*command, "--unlock")
        project.run(*command, *again)
        missed = [cancelled, *SLICES, NOTEBOOK, STORED]
        assert Counter(project.begun()[tried:]) == Counter([*missed, "claims"]), "each missing one, once"
        assert set(project.finished()) == {other, *missed}
        assert project.finished()[other] == before[other], "what was done is untouched"
        assert results(project.root / "runs") == wanted
        took("for the rerun")

        submitted = slurm.submitted()
        assert "Nothing to be done" in project.run(*command, *again)
        assert slurm.submitted() == submitted
        took("to see that nothing is left")

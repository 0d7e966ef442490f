"""The workflow on a real Slurm: the results of one machine, and after a kill only what is missing is done."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from one_node_slurm import missing, one_node_slurm
from tiny_project import REPOSITORY, wait_until

from mrilib.store.paths import cache_dir

pytestmark = pytest.mark.slurm
TOY = {
    "04_test_time_training": "train_slices: 3\nepochs: 1\nchans: 4\ntest_slices: 2\nttt_iterations: 3\nwindow: 2\n",
    "15_a_diverse_collection": "{}\n",  # its scores are stored: the notebook alone
}
RUN = ("04", "15", "--profile", "toy")
NETWORKS, SHARDS = 4, 2  # parts of notebook 04
QUICKLY = ("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1")
LONGEST = 1800  # seconds that a command may take


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
    """Notebooks 04 and 15, their parameters and the workflow in a folder, and commands in it that are noted."""

    def __init__(self, root, commands):
        self.root, self.log = root, commands / "mrilib.log"
        for name in ("notebooks", "params", "workflow"):
            shutil.copytree(REPOSITORY / name, root / name, ignore=shutil.ignore_patterns("0[!4]*", "1[!5]*", "20*"))
        for name, text in TOY.items():
            (root / "params" / name / "toy.yaml").write_text(text)
        path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
        program = commands / "mrilib"
        program.write_text(f'#!/bin/sh\necho "$@" >>"{self.log}"\nexec {sys.executable} -m mrilib.cli "$@"\n')
        program.chmod(0o755)
        self.environment = os.environ | {"PYTHONPATH": path, "PATH": f"{commands}:{os.environ['PATH']}"}
        self.environment |= {"MRILIB_CACHE": str(root / "cache"), "OMP_NUM_THREADS": "1"}

    def start(self, *command, **variables):
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # ignored in the background
        )

    def run(self, *command, **variables):
        process = self.start(*command, **variables)
        try:
            printed = process.communicate(timeout=LONGEST)[0]
        finally:
            process.kill()
        assert process.returncode == 0, f"{command}: {printed[-3000:]}"
        return printed

    def commands(self):
        return self.log.read_text().splitlines() if self.log.exists() else []

    def parts(self):
        """Finished parts: when each was, by its name."""
        return {path.stem: path.stat().st_mtime_ns for path in self.root.glob("parts/*/*.json")}


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


def leave_out_stored(file):
    """Leave out notebook 15's trainings: a part each, of networks whose scores it reads."""
    plan = json.loads(file.read_text())
    book = next(one for name, one in plan["notebooks"].items() if name.startswith("15"))
    assert {part["kind"] for part in book["parts"]} <= {"train"}
    book["parts"] = []
    file.write_text(json.dumps(plan))


def interrupted(slurm, project, command):
    """A first run in which a job is cancelled, the node fails, and the engine is stopped; what it had done."""
    engine = project.start(*command)
    try:
        wait_until(lambda: bool(project.commands()) and bool(slurm.running()), LONGEST)
        cancelled = slurm.running()[0]
        slurm("scancel", cancelled)
        wait_until(lambda: bool(project.parts()) and bool(slurm.running()), LONGEST)
        assert cancelled not in slurm.running()
        slurm.down()
        wait_until(lambda: not slurm.running(), 60)
        engine.send_signal(signal.SIGINT)
        printed = engine.communicate(timeout=120)[0]
    finally:
        engine.kill()
    assert engine.returncode != 0, "it was stopped"
    assert f"SLURM-job '{cancelled}' failed, SLURM status is: 'CANCELLED'" in printed
    assert "Trying to restart job" in printed
    slurm.up()
    return project.parts()


def test_results_are_those_of_one_machine_and_a_rerun_does_only_what_is_missing(tmp_path, record_property):
    engine = snakemake()
    start = time.monotonic()
    (tmp_path / "project").mkdir()
    with one_node_slurm(tmp_path / "slurm") as slurm:
        record_property("seconds to start Slurm", round(time.monotonic() - start, 1))
        project = Project(tmp_path / "project", slurm.bin)
        share_simulated(project.root / "cache", project.root / "alone")
        project.run("mrilib", "plan", *RUN, "--gpu", "a100", "--shards", str(SHARDS), "--parts", "plan.json")
        leave_out_stored(project.root / "plan.json")
        project.log.unlink()
        command = [engine, "--snakefile", "workflow/Snakefile", "--configfile", "plan.json"]
        command += ["--profile", "workflow/profiles/slurm", "--slurm-status-command", "squeue", *QUICKLY]

        begun = time.monotonic()
        before = interrupted(slurm, project, command)
        assert 0 < len(before) < NETWORKS + SHARDS
        tried = len(project.commands())
        record_property("seconds until stopped", round(time.monotonic() - begun, 1))

        begun = time.monotonic()
        wait_until(lambda: slurm("sinfo", "--noheader", "--format=%T").strip() == "idle", 60)
        project.run(*command)
        record_property("seconds of the rerun", round(time.monotonic() - begun, 1))
        parts = [line.split("--name ")[1].split()[0] for line in project.commands()[tried:] if line.startswith("part")]
        assert sorted(parts) == sorted(set(project.parts()) - set(before)), "each missing part, once"
        assert len(project.parts()) == NETWORKS + SHARDS
        assert before.items() <= project.parts().items(), "what was done is untouched"
        others = [line.split()[0] for line in project.commands()[tried:] if not line.startswith("part")]
        assert sorted(others) == ["claims", "run", "run"]

        submitted = slurm.submitted()
        assert "Nothing to be done" in project.run(*command)
        assert slurm.submitted() == submitted

    begun = time.monotonic()
    alone = ("--runs-dir", "alone/runs", "-j", "2")
    project.run("mrilib", "run", *RUN, *alone, MRILIB_CACHE=str(project.root / "alone"))
    record_property("seconds on one machine", round(time.monotonic() - begun, 1))
    wanted = results(project.root / "alone" / "runs")
    assert sorted(wanted) == sorted(TOY)
    assert "ssim_joint_p_ttt_unet_anatomy" in wanted["04_test_time_training"]
    assert results(project.root / "runs") == wanted

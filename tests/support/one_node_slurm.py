"""A Slurm of one node for a test, with its own key, ports and folders: beside a real one it changes nothing."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from tiny_project import wait_until

DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo", "sacct", "sacctmgr", "sshare")
PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
CONFIGURATION = """\
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=1
KillWait=1
SlurmdParameters=config_overrides
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=32000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """Programs of Slurm that are not here."""
    return [name for name in (*DAEMONS, *COMMANDS) if shutil.which(name, path=PLACES) is None]


@dataclass(frozen=True)
class Slurm:
    """A running Slurm; `bin` is the folder of its commands, which know its configuration in any environment."""

    bin: Path
    node: str

    def __call__(self, command: str, *arguments: str) -> str:
        """Output of one of Slurm's commands."""
        return _output(self.bin / command, *arguments)

    def job_of(self, text: str) -> str:
        """Number of the job that runs and has this text in its comment."""
        jobs = self("squeue", "--noheader", "--states=RUNNING", "--format=%i %k").splitlines()
        [found] = [job.split()[0] for job in jobs if text in job]
        return found

    def submitted(self) -> int:
        """Number of jobs submitted so far."""
        log = self.bin / "sbatch.log"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def down(self) -> None:
        """Take the node down with the processes of its jobs, which fail by the node and not by themselves."""
        self("scontrol", "update", f"NodeName={self.node}", "State=DOWN", "Reason=test")
        _kill(str(self.bin), "SLURM_JOB_ID=")

    def up(self) -> None:
        """Bring the node back, once its jobs have ended."""
        self("scontrol", "update", f"NodeName={self.node}", "State=RESUME")


@contextmanager
def one_node_slurm(folder: Path) -> Iterator[Slurm]:
    """Start munge's daemon and Slurm's two, and end them at the end; logs stay in `folder`. Skips where none starts."""
    (folder / "bin").mkdir(parents=True)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    host = socket.gethostname().partition(".")[0]
    user, ports = _output("id", "-un").strip(), _free_ports(2)
    configuration = folder / "slurm.conf"
    configuration.write_text(CONFIGURATION.format(host=host, user=user, ports=ports, folder=folder))
    for name in COMMANDS:
        note = f'echo x >>"{folder}/bin/sbatch.log"\n' if name == "sbatch" else ""
        script = folder / "bin" / name
        script.write_text(f'#!/bin/sh\n{note}SLURM_CONF="{configuration}" exec {_place(name)} "$@"\n')
        script.chmod(0o755)
    slurm = Slurm(folder / "bin", host)
    try:
        try:
            _start(slurm, folder, configuration)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"Slurm is installed and does not start here: {error}")
        yield slurm
    finally:
        _stop(folder)


def _start(slurm: Slurm, folder: Path, configuration: Path) -> None:
    _start_munge(folder)
    for daemon in ("slurmctld", "slurmd"):
        _output(_place(daemon), "-f", configuration)
    wait_until(lambda: "idle" in slurm("sinfo", "--noheader", "--format=%T"), 60)


def _start_munge(folder: Path) -> None:
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    files = {"socket": "munge.socket", "key-file": key.name, "log-file": "munged.log", "seed-file": "munged.seed"}
    options = [f"--{option}={folder / file}" for option, file in (files | {"pid-file": "munged.pid"}).items()]
    _output(_place("munged"), "--force", *options)


def _stop(folder: Path) -> None:
    _kill(str(folder))
    for daemon in reversed(DAEMONS):
        file = folder / f"{daemon}.pid"
        if file.exists():
            os.kill(int(file.read_text()), signal.SIGTERM)


def _kill(*marks: str) -> None:
    """Kill the processes whose environment holds all of these texts: jobs, and what an engine left."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            variables = (process / "environ").read_bytes()
            if int(process.name) != os.getpid() and all(mark.encode() in variables for mark in marks):
                os.kill(int(process.name), signal.SIGKILL)


def _place(program: str) -> str:
    found = shutil.which(program, path=PLACES)
    assert found, program
    return found


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


def _output(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stderr}"
    return done.stdout

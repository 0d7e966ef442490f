"""Commands that are killed at random moments, alone and several at once: what they leave, and what comes out."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tiny_project import PATIENCE
from works import Work

from mrilib.store.project import find_root

ROOT = find_root(Path(__file__).parent)
TOKEN = "MRILIB_TORTURE"  # variable by which the processes of a command are found, whoever their parent is
OUTLIVES = 3.0  # seconds
LEFT = (".tmp", ".partial", ".slices", ".checkpoint", "mrilib-kernel-")  # parts of names that no finished work has


@dataclass
class Place:
    """An empty folder in which a work is started, with its own temporary folder and cache."""

    work: Work
    folder: Path

    def __post_init__(self) -> None:
        (self.folder / "tmp").mkdir(parents=True)
        self.work.prepare(self.folder)

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the command."""
        own = {"TMPDIR": str(self.folder / "tmp"), "MRILIB_CACHE": str(self.folder / "cache")}
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")])
        return os.environ | own | {"PYTHONPATH": path, TOKEN: str(self.folder), "OMP_NUM_THREADS": "1"}

    def start(self, before: Sequence[str] = (), **changes: str) -> "subprocess.Popen[str]":
        """Start the command, as an argument of `before` if that is given."""
        return subprocess.Popen(
            [*before, sys.executable, *self.work.arguments],
            cwd=self.folder / "work",
            env=self.environment | changes,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # ignored in a shell's background jobs
        )

    def finish(self) -> float:
        """Run the command to its end; returns the seconds it took."""
        start = time.monotonic()
        with self.start() as process:
            printed, _ = process.communicate(timeout=300 * PATIENCE)
        assert process.returncode == 0, printed
        return time.monotonic() - start

    def kill_after(self, seconds: float, sent: signal.Signals) -> bool:
        """Start the command and send it a signal; False if it had ended already."""
        process = self.start()
        try:
            process.communicate(timeout=seconds)
            return False
        except subprocess.TimeoutExpired:
            process.send_signal(sent)
            process.communicate()
        end = time.monotonic() + PATIENCE * OUTLIVES
        while (alive := self.alive()) and time.monotonic() < end:
            time.sleep(0.1)
        assert not alive, f"outlive their parent: {alive}"
        return True

    def alive(self) -> list[int]:
        """Processes of this place."""
        mark = f"{TOKEN}={self.folder}\0".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes() + b"\0":
                    found.append(int(entry.name))
            except OSError:  # ended, or not ours
                continue
        return found

    def results(self) -> Mapping[str, str]:
        """Digest of each file made, without the hardware that a run records."""
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(_content(path)).hexdigest()
            for path in sorted(self.folder.glob(self.work.made))
        }

    def left(self) -> list[str]:
        """Files and folders of unfinished work."""
        names = [path.name for path in self.folder.rglob("*")]
        return [name for name in names if any(part in name for part in LEFT)]


def _content(path: Path) -> bytes:
    if path.name != "results.json":
        return path.read_bytes()
    return json.dumps({name: value for name, value in json.loads(path.read_text()).items() if name != "run"}).encode()


def killed(work: Work, folder: Path, kills: int, seed: int) -> str:
    """Kill a command at random moments of its undisturbed time, then let it end.

    A kill that comes after its end does not count; the next one is of a new folder.

    Returns what is not as in the undisturbed run; empty if nothing.
    """
    undisturbed = Place(work, folder / "undisturbed")
    seconds = undisturbed.finish()
    places, draw = [Place(work, folder / "killed 0")], random.Random(seed)
    met = 0
    while met < kills:
        if places[-1].kill_after(draw.uniform(0.1, seconds), draw.choice(work.signals)):
            met += 1
        else:
            places.append(Place(work, folder / f"killed {len(places)}"))
    return "; ".join(filter(None, [unlike(undisturbed, place) for place in places]))


def unlike(undisturbed: Place, place: Place) -> str:
    """End a place's work if it is not done, and say what is not as undisturbed, or left behind; empty if nothing."""
    expected = undisturbed.results()
    assert expected, "nothing was made"
    if place.results() != expected or place.left():
        try:
            place.finish()
        except AssertionError as error:  # refuses to write over what is complete
            if "already exists" not in str(error):
                raise
    differing = [name for name in {*expected, *place.results()} if expected.get(name) != place.results().get(name)]
    return "; ".join(filter(None, [", ".join(sorted(differing)), ", ".join(place.left())]))


def at_once(work: Work, folder: Path, number: int) -> str:
    """Start a command several times at once in one folder; what is not as undisturbed, or printed a traceback."""
    undisturbed, place = Place(work, folder / "undisturbed"), Place(work, folder / "at once")
    undisturbed.finish()
    printed = [process.communicate(timeout=300 * PATIENCE)[0] for process in [place.start() for _ in range(number)]]
    traces = [text[-300:] for text in printed if "Traceback" in text]
    return "; ".join(filter(None, [*traces, unlike(undisturbed, place)]))


NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
MOUNTED = ["unshare", "-m", "sh", "-c"]
SURROUNDINGS: Mapping[str, tuple[Sequence[str], Mapping[str, str]]] = {  # command before it, changes of the environment
    "files of at most 4 kB": (["prlimit", "--fsize=4096"], {}),
    "few file handles": (["prlimit", "--nofile=20"], {}),
    "a full cache": (
        [*MOUNTED, 'mount -t tmpfs -o size=4k t "$MRILIB_CACHE" && exec "$@"', "-"],
        {},
    ),
    "no shared memory": ([*MOUNTED, 'mount -t tmpfs -o ro t /dev/shm && exec "$@"', "-"], {}),
    "nothing writable": (NOBODY, {}),
    "no home": (["env", "-u", "HOME"], {"MRILIB_CACHE": ""}),
    "nobody's home": (["env", "-u", "HOME", *NOBODY], {"MRILIB_CACHE": ""}),
}


def surrounded(work: Work, folder: Path, name: str) -> str:
    """Outcome of a command in hostile surroundings, see `torture.Tally.note`."""
    before, changes = SURROUNDINGS[name]
    undisturbed, place = Place(work, folder / "undisturbed"), Place(work, folder / "surrounded")
    undisturbed.finish()
    (place.folder / "cache").mkdir()
    with place.start(before, **changes) as process:
        try:
            printed, _ = process.communicate(timeout=120 * PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            return f"hang: more than {120 * PATIENCE:g} s"
    if process.returncode == 0:
        return "right" if place.results() == undisturbed.results() else "wrong: other results"
    if "Traceback" in printed or "mrilib: error: " not in printed:
        return f"traceback: {printed[-600:]}"
    partial = [name for name, digest in place.results().items() if undisturbed.results()[name] != digest]
    return f"wrong: half-written {partial}" if partial else "refused"

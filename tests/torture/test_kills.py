"""Commands killed at random moments, several at once, and in hostile surroundings: the bits of an undisturbed run."""

import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from kills import OUTLIVES, SURROUNDINGS, Place, at_once, killed, surrounded
from tiny_project import PATIENCE, wait_until
from works import WORKS, several

linux = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in /proc")
ROUNDS, KILLS = 3, 6  # of each command: more than a hundred kills of six commands
BY_NAME = {work.name: work for work in WORKS}
COMMANDS = ("run", "train", "convert", "reconstruct")  # in hostile surroundings


def series(name, folder, kills, seed, tally):
    """Kill a command; what differs from an undisturbed run or is left behind."""
    unlike = killed(BY_NAME[name], folder, kills, seed)
    tally.kill(name, kills, not unlike, unlike)
    return unlike


@linux
def test_tables_are_the_same_after_two_kills(tmp_path, tally):
    assert not series("tables make", tmp_path, 2, 3, tally)


@linux
@pytest.mark.torture
@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.parametrize("name", BY_NAME)
def test_after_kills_the_results_are_the_same(tmp_path, tally, name, seed):
    assert not series(name, tmp_path, KILLS, seed, tally)


@linux
@pytest.mark.torture
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_training_in_several_processes_stops_when_told(tmp_path, sent, status):
    place = Place(several(100_000), tmp_path / "place")
    process = place.start()
    try:
        wait_until(lambda: len(list(place.folder.rglob("*.checkpoint"))) == 2, 300)
    finally:
        process.send_signal(sent)
    try:
        printed, _ = process.communicate(timeout=60 * PATIENCE)
    finally:
        process.kill()
    assert process.returncode == status, printed
    assert "Traceback" not in printed
    wait_until(lambda: not place.alive(), OUTLIVES)


@linux
@pytest.mark.torture
@pytest.mark.parametrize("number", [2, 4])
@pytest.mark.parametrize("name", BY_NAME)
def test_several_at_once_give_the_same_results(tmp_path, tally, name, number):
    unlike = at_once(BY_NAME[name], tmp_path, number)
    tally.note("at once", "right" if not unlike else f"wrong: {unlike}", f"{number} × {name}")
    assert not unlike


@linux
@pytest.mark.torture
@pytest.mark.skipif(not all(map(shutil.which, ("unshare", "prlimit", "setpriv"))), reason="needs util-linux")
@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.parametrize("name", COMMANDS)
def test_hostile_surroundings_are_refused_or_do_no_harm(tally, name, surroundings):
    with tempfile.TemporaryDirectory(prefix="mrilib-torture-") as folder:  # pytest's own is closed to other users
        Path(folder).chmod(0o755)
        found = surrounded(BY_NAME[name], Path(folder), surroundings)
    tally.note("surroundings", found, f"{name}, {surroundings}")
    assert found in ("refused", "right")

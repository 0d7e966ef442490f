"""Bad inputs of every kind: refused in one line that names what is wrong, or computed rightly. Nothing else."""

import os
import random
import shutil

import pytest
from attacks import KINDS, attacks
from bad_values import Value, drawn, numbers, outcome, values
from torture import judge

SAMPLE = 40  # in the fast suite
OF_EACH = 20  # bad values of each parameter, drawn for a notebook from its number
EVERY = os.environ.get("MRILIB_TORTURE") == "all"  # all of them instead: 26,000 for all notebooks


def struck(chosen, folder, tally):
    """Carry out attacks; what is neither refused nor right."""
    before = len(tally.worse)
    for number, attack in enumerate(chosen):
        tally.note(attack.area, judge(attack, folder / str(number)), attack.name)
        shutil.rmtree(folder / str(number), ignore_errors=True)
    return tally.worse[before:]


def test_a_sample_of_attacks(tmp_path, tally):
    quick = [attack for attack in attacks() if attack.area not in ("options", "outputs")]  # those take seconds each
    assert not struck(random.Random(18).sample(quick, SAMPLE), tmp_path, tally)


@pytest.mark.parametrize(
    ("notebook", "field", "value"),
    [
        ("03", "train_slices", 1),
        ("06", "sizes", [1] * 1000),
        ("09", "unet_chans", 60_000),
        ("12", "varnet_chans", 60_000),
        ("15", "varnet_chans", 60_000),
        ("16", "first", "x" * 100_000),
        ("16", "others", "x" * 100_000),
        ("17", "fine_slices", 3),
        ("19", "device", "cuda:99"),
    ],
)
def test_bad_values_once_refused_without_their_names_or_in_a_long_line(notebook, field, value):
    assert outcome(Value(notebook, field, value)) == "refused"


@pytest.mark.torture
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_attack(tmp_path, tally, kind):
    assert not struck(kind(), tmp_path, tally)


@pytest.mark.torture
@pytest.mark.parametrize("number", numbers())
def test_bad_values_of_every_parameter(number, tally):
    before = len(tally.worse)
    for case in values(number) if EVERY else drawn(values(number), OF_EACH, random.Random(int(number))):
        found = outcome(case)
        said = {"taken": "right", "refused": "refused"}.get(found, f"wrong: {found}")
        tally.note("parameters", said, case.said)
    assert not tally.worse[before:]

"""Bad inputs of every kind: refused in one line that names what is wrong, or computed rightly. Nothing else."""

import random
import shutil

import pytest
from attacks import KINDS, attacks
from bad_values import numbers, outcome, values
from torture import judge

SAMPLE = 40  # in the fast suite


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


@pytest.mark.torture
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_attack(tmp_path, tally, kind):
    assert not struck(kind(), tmp_path, tally)


@pytest.mark.torture
@pytest.mark.parametrize("number", numbers())
def test_every_bad_value_of_every_parameter(number, tally):
    before = len(tally.worse)
    for case in values():
        if case.notebook == number:
            found = outcome(case)
            said = {"taken": "right", "refused": "refused"}.get(found, f"wrong: {found}")
            tally.note("parameters", said, case.said)
    assert not tally.worse[before:]

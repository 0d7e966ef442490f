"""The table of `docs/referee.md` that is made from stored trainings: what TTT gains in five measures."""

import sys

from records import record

from mrilib.figures.sentences import measured
from mrilib.paper_a.test_time_training.measures import DIGITS, TITLES, Measured
from mrilib.paper_a.test_time_training.tables import TRAINED
from mrilib.paper_a.trainings import Trainings, stored


def picture():
    """Markdown table with a row for each shift of which trainings ship."""
    p = record("04")
    kept = stored(p.experiment).shipped
    titles = ["shift", "sample", *TITLES.values()]
    lines = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    for shift in TRAINED[p.model]:
        rows = [entry["row"] for entry in kept if (entry["key"]["model"], entry["key"]["shift"]) == (p.model, shift)]
        if rows:
            found = Measured(p.model, shift, p.source, Trainings(rows, "").quality, "")
            gains = [measured(found.gain(one), DIGITS.get(one, 3)) for one in TITLES]
            cells = [shift, found.by("ssim").sample, *gains]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) if len(lines) > 2 else "No training is stored yet."


if __name__ == "__main__":
    sys.stdout.write(f"{picture()}\n")

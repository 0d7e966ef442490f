"""Reconstructions of one test slice by the methods that are compared, stored as pictures beside their scores."""

from functools import partial

import numpy as np
from torch import Tensor

from mrilib.data.pictures import packed, unpacked
from mrilib.paper_a.zero_shot_and_untrained.contest import Contest
from mrilib.scoring import matched
from mrilib.store.tables import Row, StoredRow, StoredTable

SHOWN = ("ZS-SSL from P", "un-trained network", "joint on P + TTT")  # adapted, by score


def usual(contest: Contest) -> int:
    """Test slice on which the lead of TTT over ZS-SSL, both from P, is nearest to its mean over all slices."""
    ttt, zero_shot = (np.array(contest.on_test(name)["ssim"]) for name in ("joint on P + TTT", "ZS-SSL from P"))
    lead = ttt - zero_shot
    return int(np.argmin(abs(lead - lead.mean())))


def stored_image(contest: Contest, name: str, item: int) -> StoredRow:
    """Row with one test slice as reconstructed by a method at its chosen rate, see `opened`."""
    scored = contest.scored_on_test(name)
    table = StoredTable("contest_images", scored.table.settings, {__name__})
    return StoredRow(table, {**scored.key, "item": item}, partial(_compute, contest, name, item), opened)


def _compute(contest: Contest, name: str, item: int) -> Row:
    adapted = contest.live(name, item)
    sample = contest.test[item].to("cpu")
    target, images = matched(sample, {name: adapted.record.image.cpu()})
    return {"image": packed((images[name] / target.max())[0, 0]), "ssim": round(adapted.ssim, 6)}


def opened(row: Row) -> dict[str, Tensor]:
    """The image of a stored row, (y, x) in [0, 1] with 1 for the target's maximum."""
    return {"image": unpacked(row["image"])}


def target_of(contest: Contest, item: int) -> Tensor:
    """Target of a test slice on the same scale, (y, x)."""
    target, _ = matched(contest.test[item].to("cpu"), {})
    return target[0, 0] / target.max()

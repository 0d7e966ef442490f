"""Names of paper B's datasets and of their populations in plain words, made from what these show."""

import re
from collections import Counter
from collections.abc import Iterable

from mrilib.data.catalogue import Distribution, distribution
from mrilib.data.collections import COLLECTIONS
from mrilib.data.twins import TWINS
from mrilib.paper_b.collection import arm_title

BODIES = {"head": "brain", "knee_joint": "knee", "pelvis": "pelvis"}
USUAL = (1.5, 3.0)  # tesla; other field strengths belong to the name
CONTRASTS = {  # in the titles of populations
    "PD": "PD",
    "PDFS": "PD, fat-suppressed",
    "T1": "T1",
    "T1POST": "T1 with contrast agent",
    "T2": "T2",
    "T2FS": "T2, fat-suppressed",
    "FLAIR": "FLAIR",
    "GRE": "gradient echo",
    "MP2RAGE-ME": "MP2RAGE",
}
SEVERAL = "mixed body parts"


def plain_title(name: str) -> str:
    """What a dataset shows, and its title in brackets, such as "brain, 0.3 T (M4Raw GRE)"; other arms as `arm_title`.

    The view is named where several datasets have one title; a title that names the body part is left as it is.
    """
    if name not in COLLECTIONS:
        return arm_title(name)
    one, scans = COLLECTIONS[name], [distribution(part).scan for part in TWINS[name]]
    shown = {BODIES[scan.anatomy.rpartition("_")[0]] for scan in scans}
    body = next(iter(shown)) if len(shown) == 1 else SEVERAL
    if body in one.title:
        return one.title
    fields = {scan.field_strength for scan in scans} - {*USUAL}
    view = arm_title(name).removeprefix(one.title).strip()
    words = [body, view, *(f"{field:g} T" for field in sorted(fields))]
    return f"{', '.join(word for word in words if word)} ({one.title.removesuffix(' data')})"


def plain_populations(names: Iterable[str]) -> dict[str, str]:
    """What each population shows, such as "knee, PD, fat-suppressed, 1.5 T"; its title if another one shows the same.

    `names` are populations of the catalogue.
    """
    words = {name: _population(distribution(name)) for name in names}
    shown = Counter(words.values())
    return {name: said if shown[said] == 1 else distribution(name).title for name, said in words.items()}


def _population(one: Distribution) -> str:
    contrast = next((CONTRASTS[token] for token in re.split("[ ,]+", one.title) if token in CONTRASTS), "")
    words = (BODIES[one.scan.anatomy.rpartition("_")[0]], contrast, f"{one.scan.field_strength:g} T")
    return ", ".join(word for word in words if word)


def body_part(name: str) -> str:
    """`plain_title` without the bracket."""
    return plain_title(name).partition(" (")[0]


def two_lines(name: str) -> str:
    """`plain_title` with the bracket on a second line."""
    return plain_title(name).replace(" (", "\n(")

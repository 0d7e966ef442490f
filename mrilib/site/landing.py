"""Landing page: what the site is, links, an explorer of images, and the list of notebooks."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mrilib.running.batch import clock
from mrilib.running.claims import Verdict
from mrilib.site.claims_page import NAME as CLAIMS
from mrilib.site.claims_page import by_paper, counts, summary
from mrilib.site.html import link, table
from mrilib.site.image_explorer import PLACE
from mrilib.site.notebook_page import LESSONS
from mrilib.site.pages import Page
from mrilib.site.reference import NAME as REFERENCE
from mrilib.site.route_pages import link as link_to_print
from mrilib.site.route_pages import name_of, printable, title_of
from mrilib.store.project import label

SOURCES = """- Paper A: M. Zalbagi Darestani, J. Liu, R. Heckel, *Test-Time Training Can Close the Natural Distribution
  Shift Performance Gap in Deep Learning Based Compressed Sensing*, ICML 2022.
- Paper B: K. Lin, R. Heckel, *Robustness of Deep Learning for Accelerated MRI: Benefits of Diverse Training Data*,
  ICML 2024."""
MOVING = "ttt_in_motion.webp"
MOVING_DARK = "ttt_in_motion_dark.webp"
ALT = (
    "Animation: a measured brain slice, reconstructed by a network trained on simulated knees; "
    "its error map fades as test-time training goes on."
)
MOTTO = """A neural network reconstructs an MRI scan from a fraction of its measurements. On images unlike its training
data, it reconstructs less well. Two papers propose remedies: **adapt the network to each scan** (test-time training,
paper A), or **train it on diverse data** (paper B)."""
SIMULATED = """The data are simulated, except in notebook 19; the papers use fastMRI. Where a claim does not hold here,
the site says so."""
CAPTION = """*A measured brain at 4×. The network has only seen simulated knees; test-time training adapts it to this
one slice (notebook 19).*"""


@dataclass(frozen=True)
class Extras:
    """What a site may have beside its notebooks."""

    moving: bool = False
    dark: bool = False
    plan: bool = False
    images: bool = False


def landing(
    pages: Sequence[Page], missing: Sequence[str], verdicts: Sequence[Verdict], extras: Extras = Extras()
) -> str:
    """Landing page in Markdown, with the tree of all pages: a description, links, then the notebooks."""
    parts = [
        "# Robust accelerated MRI, tested claim by claim",
        '<div class="hero">\n<div>',
        MOTTO,
        f"This site checks both papers claim by claim, in {len(pages) + len(missing)} notebooks with figures and code. "
        + SIMULATED,
        summary(verdicts),
        buttons(pages, extras),
        "</div>",
        *(["<div>", picture(extras.dark), CAPTION, "</div>"] if extras.moving else []),
        "</div>",
        *(["## See for yourself", PLACE] if extras.images else []),
        "## Notebooks",
        notebook_table(pages, missing),
        *(f"- {link_to_print(route)}" for route in printable(pages)),
        "## How many claims hold",
        counts(by_paper(verdicts)),
        "## The papers",
        SOURCES,
        *trees(pages, extras),
    ]
    return "\n\n".join([*parts, ""])


def picture(dark: bool) -> str:
    """The animation; if there is a second one for the dark theme, the style sheet shows one of the two."""
    files = {" on-light": MOVING, " on-dark": MOVING_DARK} if dark else {"": MOVING}
    return "".join(
        f'<img class="dark-light moving{theme}" src="_static/{file}" alt="{ALT}">' for theme, file in files.items()
    )


def buttons(pages: Sequence[Page], extras: Extras) -> str:
    """Buttons that link to the first notebook, the claims, the shortest route and the lesson plans."""
    places = [(pages[0].name, f"Start: {pages[0].title}"), (CLAIMS, "All claims and verdicts")]
    places += [(name_of(route), f"Read it in {route.name}") for route in printable(pages)[:1]]
    places += [(LESSONS, "Teach with it")] if extras.plan else []
    links = "".join(f'<a href="{escape(name)}.html">{escape(text)}</a>' for name, text in places)
    return f'<p class="buttons">{links}</p>'


def trees(pages: Sequence[Page], extras: Extras) -> list[str]:
    """The side menu: a tree of pages below each caption."""
    entries = "\n".join(f"{label(page.name)} <{page.name}>" for page in pages)
    groups = {"Results": f"Claims and verdicts <{CLAIMS}>", "Notebooks": entries}
    groups |= {"Teaching": f"Lesson plans and glossary <{LESSONS}>"} if extras.plan else {}
    if routes := printable(pages):
        groups["To print"] = "\n".join(f"{title_of(route)} <{name_of(route)}>" for route in routes)
    groups |= {"Library": f"Reference of the core <{REFERENCE}>"}
    return [tree(caption, inside) for caption, inside in groups.items()]


def tree(caption: str, entries: str) -> str:
    """Entries of the side menu, below a caption."""
    return f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```"


def notebook_table(pages: Sequence[Page], missing: Sequence[str]) -> str:
    """Table of all notebooks with their question and run time, or the command that runs them if they were not run."""
    rows = {page.name: [link(page.name), escape(page.title), clock(page.run.manifest["seconds"])] for page in pages}
    for name in missing:
        command = f"<code>mrilib run {name.partition('_')[0]}</code>"
        rows[name] = [escape(label(name)), f"not on this site: no complete run exists; {command} makes one", "not run"]
    return table("Notebooks", ["notebook", "question", "run time (min)"], [rows[name] for name in sorted(rows)])

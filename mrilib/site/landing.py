"""Landing page: counts of the papers' claims by outcome, and the list of notebooks."""

from collections.abc import Collection, Sequence
from html import escape

from mrilib.running.batch import clock
from mrilib.running.claims import VERDICTS, Verdict
from mrilib.running.claims_view import evidence, here
from mrilib.site.html import table
from mrilib.site.image_explorer import PLACE
from mrilib.site.notebook_page import LESSONS
from mrilib.site.pages import Page
from mrilib.site.reference import NAME as REFERENCE
from mrilib.site.route_pages import link as link_to_print
from mrilib.site.route_pages import name_of, printable, title_of
from mrilib.store.project import label

PAPERS = {
    "A": "Paper A: test-time training",
    "B": "Paper B: diverse training data",
    "AB": "Both remedies together (ours)",
}
SOURCES = """- Paper A: M. Zalbagi Darestani, J. Liu, R. Heckel, *Test-Time Training Can Close the Natural Distribution
  Shift Performance Gap in Deep Learning Based Compressed Sensing*, ICML 2022.
- Paper B: K. Lin, R. Heckel, *Robustness of Deep Learning for Accelerated MRI: Benefits of Diverse Training Data*,
  ICML 2024."""
MOVING = "ttt_in_motion.webp"
PICTURE = f"""<img class="dark-light moving" src="_static/{MOVING}" alt="Animation: a measured brain slice,
reconstructed by a network trained on simulated knees; its error map fades as test-time training goes on.">

*A measured brain at 4×. The network has only seen simulated knees; test-time training adapts it to this one slice
(notebook 19).*"""
UNITS = (
    "Scores are SSIM (1 is a perfect image) unless dB, % or s is given; brackets give 95 % intervals over test slices."
)
MARKS = dict(zip(VERDICTS, "✓≠?–=·", strict=True))


def landing(
    pages: Sequence[Page],
    missing: Sequence[str],
    verdicts: Sequence[Verdict],
    moving: bool = False,
    plan: bool = False,
    images: bool = False,
) -> str:
    """Landing page in Markdown, with the tree of all pages; the flags say what else the site has."""
    names = [page.name for page in pages]
    groups = {title: [v for v in verdicts if v.id.split("/")[0] == prefix] for prefix, title in PAPERS.items()}
    parts = [
        "# Two papers on robust accelerated MRI, claim by claim",
        "Every table, figure and proposition of two papers, tested again. The verdicts are computed from the runs on "
        "this site. The data are simulated, except in notebook 19, so the numbers differ from those of the papers, "
        "which use fastMRI. Where a claim does not hold here, its row says so.",
        *([PICTURE] if moving else []),
        SOURCES,
        *(["## See for yourself", PLACE] if images else []),
        "## How many claims hold",
        counts({title: group for title, group in groups.items() if group}),
        "## Notebooks",
        notebook_table(pages, missing),
        *(f"- {link_to_print(route)}" for route in printable(pages)),
    ]
    for title, group in groups.items():
        if group:
            parts += [f"## {title}", UNITS, claims_table(title, group, names)]
    entries = "\n".join(f"{label(name)} <{name}>" for name in names)
    trees = {"Notebooks": entries} | ({"Teaching": f"Lesson plans and glossary <{LESSONS}>"} if plan else {})
    if routes := printable(pages):
        trees["To print"] = "\n".join(f"{title_of(route)} <{name_of(route)}>" for route in routes)
    trees |= {"Library": f"Reference of the core <{REFERENCE}>"}
    return "\n\n".join([*parts, *(tree(caption, inside) for caption, inside in trees.items()), ""])


def tree(caption: str, entries: str) -> str:
    """Entries of the side menu, below a caption."""
    return f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```"


def counts(groups: dict[str, list[Verdict]]) -> str:
    """Table of the number of items of each paper with each verdict."""
    rows = [
        [escape(title), str(len(group)), *(str(sum(v.verdict == kind for v in group)) for kind in VERDICTS)]
        for title, group in groups.items()
    ]
    return table("How many claims hold", ["paper", "items", *VERDICTS], rows)


def notebook_table(pages: Sequence[Page], missing: Sequence[str]) -> str:
    """Table of all notebooks with their question and run time, or the command that runs them if they were not run."""
    rows = {page.name: [link(page.name), escape(page.title), clock(page.run.manifest["seconds"])] for page in pages}
    for name in missing:
        command = f"<code>mrilib run {name.partition('_')[0]}</code>"
        rows[name] = [escape(label(name)), f"not on this site: no complete run exists; {command} makes one", "not run"]
    return table("Notebooks", ["notebook", "question", "run time (min)"], [rows[name] for name in sorted(rows)])


def claims_table(title: str, verdicts: Sequence[Verdict], names: Collection[str]) -> str:
    """Table with one row per claim: its verdict, our number, and the notebook that checks it."""
    rows = []
    for v in verdicts:
        reason = f'<br><span class="reason">Likely reason: {escape(v.reason)}</span>' if v.reason else ""
        mark = f'<span class="verdict {v.verdict.replace(" ", "-")}">{MARKS[v.verdict]} {v.verdict}</span>'
        name = v.notebook or ""
        notebook = link(name) if name in names else escape(label(name))
        rows.append(
            [
                escape(v.id.partition("/")[2]),
                escape(v.claim),
                escape(v.paper),
                escape(here(v)) + reason,
                escape(evidence(v)),
                mark,
                notebook,
            ]
        )
    return table(
        title,
        ["place in the paper", "claim", "paper's numbers", "our numbers", "our evidence", "verdict", "notebook"],
        rows,
    )


def link(name: str) -> str:
    """Link to a notebook's page."""
    return f'<a href="{escape(name)}.html">{escape(label(name))}</a>'

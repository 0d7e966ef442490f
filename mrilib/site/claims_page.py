"""Page of the papers' claims: how many hold, and a row for each with our numbers and the verdict."""

from collections.abc import Collection, Sequence
from html import escape

from mrilib.running.claims import VERDICTS, Verdict
from mrilib.running.claims_view import counted, evidence, here
from mrilib.site.html import link, table
from mrilib.store.project import label

NAME = "claims"
PAPERS = {
    "A": "Paper A: test-time training",
    "B": "Paper B: diverse training data",
    "AB": "Both remedies together (ours)",
}
FIRST = """# Every claim, and whether it holds here

Each table, figure and proposition of the two papers has a row. The verdicts are computed from the runs on this site.
The data are simulated, except in notebook 19, so our numbers differ from those of the papers, which use fastMRI.
Where a claim does not hold here, its row gives the likely reason."""
UNITS = (
    "Scores are SSIM (1 is a perfect image) unless dB, % or s is given; brackets give 95 % intervals over test slices."
)
MARKS = dict(zip(VERDICTS, "✓≠?–=·", strict=True))
LONG = 300  # letters; longer lists of numbers are folded


def claims_page(verdicts: Sequence[Verdict], names: Collection[str]) -> str:
    """The page in Markdown; `names` are the notebooks that have a page."""
    groups = by_paper(verdicts)
    parts = [FIRST, counts(groups), UNITS]
    for title, group in groups.items():
        parts += [f"## {title}", claims_table(title, group, names)]
    return "\n\n".join([*parts, ""])


def by_paper(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """Verdicts by the title of their paper."""
    groups = {title: [v for v in verdicts if v.id.split("/")[0] == prefix] for prefix, title in PAPERS.items()}
    return {title: group for title, group in groups.items() if group}


def counts(groups: dict[str, list[Verdict]]) -> str:
    """Table of the number of items of each paper with each verdict."""
    rows = [
        [escape(title), str(len(group)), *(str(sum(v.verdict == kind for v in group)) for kind in VERDICTS)]
        for title, group in groups.items()
    ]
    return table("How many claims hold", ["paper", "items", *VERDICTS], rows)


def summary(verdicts: Sequence[Verdict]) -> str:
    """Number of tests with each verdict, in one sentence that links to the page."""
    return f"**{counted(verdicts).partition(';')[0]}.** [See each claim]({NAME}.md)."


def claims_table(title: str, verdicts: Sequence[Verdict], names: Collection[str]) -> str:
    """Table with one row per claim: what the paper says, our numbers, the verdict, and the notebook that checks it."""
    rows = []
    for v in verdicts:
        reason = f'<span class="reason">Likely reason: {escape(v.reason)}</span>' if v.reason else ""
        told = f'<span class="evidence">{escape(evidence(v))}</span>' if evidence(v) else ""
        mark = f'<span class="verdict {v.verdict.replace(" ", "-")}">{MARKS[v.verdict]} {v.verdict}</span>'
        name = v.notebook or ""
        notebook = link(name) if name in names else escape(label(name))
        rows.append(
            [
                escape(v.id.partition("/")[2]),
                f'{escape(v.claim)}<span class="paper-says">Paper: {escape(v.paper)}</span>',
                folded(here(v)) + told + reason,
                f"{mark}<br>{notebook}",
            ]
        )
    return table(title, ["item", "claim", "here", "verdict"], rows, kind="claims")


def folded(numbers: str) -> str:
    """The numbers as HTML; many are folded after the first ones."""
    end = numbers.find("], ", LONG // 2)
    if len(numbers) <= LONG or end < 0:
        return escape(numbers)
    return f"{escape(numbers[: end + 1])}<details><summary>more numbers</summary>{escape(numbers[end + 3 :])}</details>"

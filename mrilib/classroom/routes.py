"""Routes through the notebooks, and the navigation strip at the top of each; both are defined only here."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from mrilib.store.project import find_root, label, notebooks

TAG = "route"  # of the cell that holds the strip
OF_ROUTE = "on this route"
PLAN = "[all routes](README.md)"
NEEDS = {  # notebooks whose terms a notebook uses without explaining them again
    **{"01": ("00",), "02": ("01",), "03": ("02",), "04": ("01", "02"), "05": ("04",), "06": ("04",), "07": ("04",)},
    **{"08": ("04",), "09": ("04",), "10": ("04", "05"), "11": ("02",), "12": ("11",), "13": ("11", "12")},
    **{"14": ("11",), "15": ("11",), "16": ("01",), "17": ("15", "14"), "18": ("04", "11"), "19": ("04",)},
    **{"20": ("04", "05")},
}


@dataclass(frozen=True)
class Route:
    """Notebooks in the order in which a class reads them, with their minutes; `follows` is the previous route."""

    name: str
    minutes: dict[str, int]
    exercises: int
    follows: str = ""

    @property
    def length(self) -> int:
        """Total number of minutes."""
        return sum(self.minutes.values()) + self.exercises

    def starts_after(self, number: str) -> bool:
        """Whether this route continues another one, whose last notebook is `number`."""
        return any(one.name == self.follows and [*one.minutes][-1] == number for one in ROUTES)


ROUTES = (
    Route("45 minutes", {"00": 5, "01": 9, "02": 9, "04": 8, "05": 8}, exercises=6),
    Route("90 minutes", {"03": 8, "06": 12, "11": 8, "14": 9}, exercises=8, follows="45 minutes"),
)
ALONE = {  # minutes to read, of notebooks on neither route
    **{"07": 15, "08": 20, "09": 15, "10": 25, "12": 20, "13": 20, "15": 20, "16": 15, "17": 15, "18": 20, "19": 20},
    **{"20": 20},
}


def strip(number: str, paths: Sequence[Path]) -> str:
    """Markdown with a notebook's place on its route, the notebooks before and after it, and the minutes it takes."""
    links = {path.stem[:2]: f"[{label(path.stem)}]({path.name})" for path in paths}
    for route in ROUTES:
        if number in route.minutes:
            stops = list(route.minutes)
            place = f"{adjective(route)} route, step {stops.index(number) + 1} of {len(stops)}"
            parts = [f"**{place}**", f"{route.minutes[number]} minutes {OF_ROUTE}", *neighbours(number, links)]
            break
    else:
        parts = ["**Beyond the routes**", f"{ALONE[number]} minutes to read", *neighbours(number, links)]
    needs = [f"[{path.stem[:2]}]({path.name})" for path in paths if path.stem[:2] in NEEDS.get(number, ())]
    parts += [f"builds on {', '.join(needs)}"] if needs else []
    return "> " + " · ".join([*parts, PLAN])


def neighbours(number: str, links: dict[str, str]) -> list[str]:
    """Links to the previous and next notebook: along the route or, for a notebook on no route, in reading order."""
    stops = walk() if number in walk() else sorted(links)
    at = stops.index(number)
    before = [f"previous: {links[stops[at - 1]]}"] if at else []
    onwards = next((f"next, on the {adjective(one)} route" for one in ROUTES if one.starts_after(number)), "next")
    return [*before, f"{onwards}: {links[stops[at + 1]]}"] if at + 1 < len(stops) else before


def adjective(route: Route) -> str:
    """A route's name before its noun, such as "45-minute"."""
    return route.name.replace(" ", "-").removesuffix("s")


def walk() -> list[str]:
    """Numbers of the notebooks on the routes, one route after the other."""
    return [number for route in ROUTES for number in route.minutes]


def with_strip(content: NotebookNode, source: str) -> NotebookNode:
    """The notebook with its navigation strip below the first figure; an earlier strip is replaced."""
    cells = [cell for cell in content.cells if TAG not in cell.metadata.get("tags", ())]
    cells.insert(below_first_figure(cells), new_markdown_cell(source, metadata={"tags": [TAG]}))
    for number, cell in enumerate(cells):
        cell.id = str(number)
    content.cells = cells
    return content


def below_first_figure(cells: Sequence[NotebookNode]) -> int:
    """Index behind the first figure: its cell follows the first words after imports, parameters and setup."""
    setup = next(n for n, cell in enumerate(cells) if cell.cell_type == "code")
    words = next(n for n, cell in enumerate(cells) if n > setup and cell.cell_type == "markdown")
    return words + 2


def write_strips(root: Path) -> list[Path]:
    """Write the strip of every notebook of the project; returns the notebooks that changed."""
    changed, paths = [], notebooks(root)
    for path in paths:
        before = path.read_text(encoding="utf-8")
        content = with_strip(nbformat.reads(before, as_version=4), strip(path.stem[:2], paths))
        after = nbformat.writes(content) + "\n"
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


def main() -> int:
    """Write the strips of the project in the working folder."""
    argparse.ArgumentParser(description=main.__doc__).parse_args()
    root = find_root(Path.cwd())
    if root is None:
        sys.exit("no project here")
    sys.stdout.writelines(f"{path}\n" for path in write_strips(root))
    return 0


if __name__ == "__main__":
    sys.exit(main())

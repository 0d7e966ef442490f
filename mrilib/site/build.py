"""Build the site: write the sources, run Sphinx, and move the finished folder into place in one step."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
import vl_convert

from mrilib.figures.theme import VEGA_LITE
from mrilib.running.claims import answer, complete_runs, load
from mrilib.site import glossary, image_explorer
from mrilib.site.claims_page import NAME as CLAIMS
from mrilib.site.claims_page import claims_page
from mrilib.site.dark import dark_animation
from mrilib.site.landing import MOVING, MOVING_DARK, Extras, landing
from mrilib.site.notebook_page import DOWNLOADS, LESSONS, PLAN, linked, page_notebook
from mrilib.site.pages import Page, find_pages
from mrilib.site.reference import NAME as REFERENCE
from mrilib.site.reference import reference
from mrilib.site.route_pages import name_of, printable, route_notebook, write_pdfs
from mrilib.store.paths import publish, scratch_folder
from mrilib.store.project import UserError

ASSETS = Path(__file__).resolve().parent / "assets"
# of the extra `site`
PACKAGES = ("sphinx", "myst_nb", "sphinx_book_theme", "latex2mathml", "ziamath")
SANS = "font_source_sans_pro/files/SourceSansPro-"
FONTS = {  # files by distribution, all under the SIL Open Font License: pages look alike on every system
    "ziamath": ("ziamath/fonts/STIXTwoMath-Regular.ttf",),
    "font-source-sans-pro": tuple(f"{SANS}{style}.ttf" for style in ("Regular", "It", "Semibold", "SemiboldIt")),
}
MARK = ".mrilib-site"  # empty file that marks a folder as a site that may be replaced
SETTINGS: dict[str, Any] = {
    "project": "Robust accelerated MRI",
    "author": "The mrilib developers",
    "extensions": ["myst_nb", "sphinx.ext.napoleon", "sphinx.ext.autodoc", "mrilib.site.sphinx_extension"],
    "default_role": "literal",
    "autodoc_typehints_format": "short",
    "autodoc_inherit_docstrings": False,  # else PyTorch's note on `forward` stands under every network
    "add_module_names": False,
    "language": "en",
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "nb_render_markdown_format": "myst",
    "nb_ipywidgets_js": {},
    "nb_code_prompt_show": "Show the code",
    "nb_code_prompt_hide": "Hide the code",
    "myst_enable_extensions": ["dollarmath", "amsmath"],
    "myst_heading_anchors": 3,
    "html_math_renderer": "mathml",
    "html_theme": "sphinx_book_theme",
    "html_title": "Robust accelerated MRI",
    "html_css_files": ["site.css"],
    "html_js_files": [("scrolling.js", {"defer": "defer"})],
    "html_favicon": "_static/favicon.svg",
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "html_show_sphinx": False,
    "html_show_copyright": False,
    "html_context": {"default_mode": "auto"},
    "html_theme_options": {
        "home_page_in_toc": True,
        "navbar_persistent": [],
        "secondary_sidebar_items": {"**": ["page-toc"], "index": [], "claims": []},
        "use_download_button": False,
        "use_fullscreen_button": False,
    },
}


@dataclass(frozen=True)
class Site:
    """A finished site: its folder, its pages, the missing notebooks, and Sphinx's warnings."""

    folder: Path
    pages: list[Page]
    missing: list[str]
    warnings: list[str]


def build_site(root: Path, runs: Path, output: Path) -> Site:
    """Build the site of the project `root` from the complete runs in `runs` into the folder `output`.

    Raises:
        UserError: a package is not installed, there is no run, or `output` holds something that is not a site.
        OSError: the folder cannot be written.
    """
    require_packages()
    require_replaceable(output)
    complete = complete_runs(runs, root)
    pages, missing = find_pages(root, complete)
    verdicts = [answer(claim, complete) for claim in load(root / "params" / "claims.yaml")]
    with scratch_folder(output) as work:
        moving, plan = root / "docs" / MOVING, root / "notebooks" / f"{PLAN}.md"
        images = root / "docs" / image_explorer.SOURCE
        dark = dark_animation(moving.read_bytes()) if moving.is_file() else None
        extras = Extras(moving.is_file(), dark is not None, plan.is_file(), images.is_file())
        first = landing(pages, missing, verdicts, extras)
        claims = claims_page(verdicts, [page.name for page in pages])
        write_sources(work / "source", work / "beside", pages, missing, {"index": first, CLAIMS: claims}, plan)
        static = work / "source" / "_static"
        write_static(static)
        if moving.is_file():
            shutil.copyfile(moving, static / MOVING)
        if dark is not None:
            (static / MOVING_DARK).write_bytes(dark)
        if images.is_file():
            code = image_explorer.script(images, (ASSETS / image_explorer.SCRIPT).read_text(encoding="utf-8"))
            (static / image_explorer.SCRIPT).write_text(code, encoding="utf-8")
        warnings = run_sphinx(work) + write_pdfs(work / "html", printable(pages))
        (work / "html" / MARK).touch()
        (work / "html" / ".nojekyll").touch()  # otherwise some hosts omit folders such as _static
        publish(work / "html", output, work / "before")
    return Site(output, pages, missing, warnings)


def require_packages() -> None:
    """Raise UserError with the install command if a package is missing."""
    lacking = [name for name in PACKAGES if find_spec(name) is None]
    if lacking:
        command = "python -m pip install -c .ci/constraints.txt -e '.[site]'"
        raise UserError(f"the site needs {', '.join(lacking)}; in the project's folder: {command}")


def require_replaceable(output: Path) -> None:
    """Raise UserError unless `output` is new, empty, or an earlier site."""
    if output.exists() and not (output / MARK).is_file() and (not output.is_dir() or any(output.iterdir())):
        raise UserError(f"--output: {output} exists and is not a site; give a new folder, or remove it")


def write_sources(
    source: Path, beside: Path, pages: Sequence[Page], missing: Sequence[str], texts: dict[str, str], plan: Path
) -> None:
    """Write Sphinx's input to `source`, and the pictures and notebooks published with its pages to `beside`.

    `texts` are the landing page and the claims by name. `plan` is the file of the lesson plans, which may be missing;
    its glossary explains the terms of all pages.
    """
    source.mkdir()
    (beside / DOWNLOADS).mkdir(parents=True)
    for name, text in (texts | {REFERENCE: reference()}).items():
        (source / f"{name}.md").write_text(text, encoding="utf-8")
    names, terms = {page.name for page in pages}, glossary.read(plan)
    if plan.is_file():
        names.add(PLAN)
        (source / f"{LESSONS}.md").write_text(linked(plan.read_text(encoding="utf-8"), names), encoding="utf-8")
    for page in pages:
        nbformat.write(page_notebook(page, names, beside, terms), source / page.source.name)
        shutil.copyfile(page.source, beside / DOWNLOADS / page.source.name)
    for route in printable(pages):
        whole = route_notebook(route, pages, missing, beside, terms)
        nbformat.write(whole, source / f"{name_of(route)}.ipynb")


def write_static(static: Path) -> None:
    """Write files shared by all pages: style, icon, scripts including Vega, and fonts."""
    static.mkdir()
    for name in ("site.css", "scrolling.js", "favicon.svg"):
        shutil.copyfile(ASSETS / name, static / name)
    script = vl_convert.javascript_bundle((ASSETS / "charts.js").read_text(encoding="utf-8"), vl_version=VEGA_LITE)
    (static / "charts.js").write_text(f"(() => {{{script}}})();\n", encoding="utf-8")
    for package, files in FONTS.items():
        for file in files:
            shutil.copyfile(str(distribution(package).locate_file(file)), static / Path(file).name)


def run_sphinx(work: Path) -> list[str]:
    """Build `work/source` into `work/html` and return the warnings; raises OSError if Sphinx fails.

    Sphinx runs in its own process, because it can build only once per process.
    """
    settings = SETTINGS | {"html_static_path": ["_static"], "html_extra_path": [str(work / "beside")]}
    lines = [f"{name} = {one!r}" for name, one in settings.items()]
    (work / "source" / "conf.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-N", "-d", str(work / "doctrees")]
    done = subprocess.run(
        [*command, str(work / "source"), str(work / "html")], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.replace(f"{work}{os.sep}", "").splitlines() if line.strip()]
    if done.returncode:
        raise OSError("Sphinx could not build the site: " + " ".join(said[-5:]))
    return said

"""Takes pictures of the live diagram in JupyterLab, and of a page without a kernel: the README's, or every size of the
diagram in both themes, to look at.

python -m tools.screenshots            write docs/head-light.png, docs/page-light.png and both in the dark
python -m tools.screenshots FOLDER     write all sizes and themes into a folder
"""

import sys
import tempfile
from pathlib import Path

from PIL import Image

from helpers.pictures.palette import in_few_colors
from tests.browser.lab import REPO, THEMES, Lab, launch, write_notebooks
from tools.notebooks import NOTEBOOKS
from tools.site.__main__ import write

CODE = """
from helpers.attention.heads import head
from helpers.explore.explorer import explore
sheet = explore(head, T=(1, 16, {T}), C=(1, 16, {C}))
sheet.diagram.pinned = ["out", [{row}, 0]]
sheet
"""
SIZES = [(2, 3), (8, 4), (8, 16), (16, 16)]
README = (6, 4)
PAGE, PINNED = "05_queries_keys_values", ["out", [3, 0]]
ABOVE = 130  # pixels of the page above its explorer


def take(lab, name, theme, path):
    """Run one notebook and write a picture of its explorer."""
    page = lab.open(name, width=1440, height=1100, theme=theme)
    page.run_all()
    diagram = page.page.locator(".attention-diagram[data-paints]")
    diagram.wait_for()
    page.page.wait_for_timeout(1000)  # until fonts and sliders have settled
    page.screenshot(path, of=page.page.locator(".jp-OutputArea-output .attention-live").first)
    page.close()


def take_page(browser, site, theme, path):
    """Write a picture of a page of a site, where its explorer stands."""
    page = browser.new_page(viewport={"width": 1280, "height": 940}, color_scheme=theme)
    page.goto((site / f"{PAGE}.html").as_uri())
    explorer = page.locator(".alive", has=page.locator(".attention-slider")).first
    place = explorer.evaluate("one => [...document.querySelectorAll('.alive')].indexOf(one)")
    page.evaluate("([place, cell]) => attentionModels[place].set('pinned', cell)", [place, PINNED])
    explorer.evaluate("(one, above) => scrollTo(0, scrollY + one.getBoundingClientRect().top - above)", ABOVE)
    page.wait_for_timeout(500)  # until the table of contents has followed
    page.screenshot(path=path)
    page.close()
    in_few_colors(Image.open(path).convert("RGB")).save(path, optimize=True)


def take_pages(browser):
    """The pictures of a page for the README."""
    with tempfile.TemporaryDirectory() as site:
        write(Path(site), [NOTEBOOKS / f"{PAGE}.ipynb"])
        for theme in THEMES:
            take_page(browser, Path(site), theme, REPO / "docs" / f"page-{theme}.png")


def main(folder=None):
    sizes = SIZES if folder else [README]
    names = {f"head_{T}_{C}": CODE.format(T=T, C=C, row=min(T - 1, 3)) for T, C in sizes}
    with tempfile.TemporaryDirectory() as notebooks:
        write_notebooks(notebooks, names)
        with launch() as browser, Lab(browser, notebooks) as lab:
            for theme in THEMES:
                for name in names:
                    path = Path(folder) / f"{name}_{theme}.png" if folder else REPO / "docs" / f"head-{theme}.png"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    take(lab, name, theme, path)
                    print(path)
            if not folder:
                take_pages(browser)


if __name__ == "__main__":
    main(*sys.argv[1:])

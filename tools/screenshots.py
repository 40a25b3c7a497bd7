"""Takes pictures of the live diagram in JupyterLab: the README's, or every size in both themes, to look at.

python -m tools.screenshots            write docs/head-light.png and docs/head-dark.png
python -m tools.screenshots FOLDER     write all sizes and themes into a folder
"""

import sys
import tempfile
from pathlib import Path

from tests.browser.lab import REPO, THEMES, Lab, launch, write_notebooks

CODE = """
from helpers.attention.heads import head
from helpers.explore.explorer import explore
sheet = explore(head, T=(1, 16, {T}), C=(1, 16, {C}))
sheet.diagram.pinned = ["out", [{row}, 0]]
sheet
"""
SIZES = [(2, 3), (8, 4), (8, 16), (16, 16)]
README = (6, 4)


def take(lab, name, theme, path):
    """Run one notebook and write a picture of its explorer."""
    page = lab.open(name, width=1440, height=1100, theme=theme)
    page.run_all()
    diagram = page.page.locator(".attention-diagram[data-paints]")
    diagram.wait_for()
    page.page.wait_for_timeout(1000)  # until fonts and sliders have settled
    page.screenshot(path, of=page.page.locator(".jp-OutputArea-output .attention-live").first)
    page.close()


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


if __name__ == "__main__":
    main(*sys.argv[1:])

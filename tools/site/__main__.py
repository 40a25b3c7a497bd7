"""Write the course as pages that need no kernel and no server.

python -m tools.site                               all of it, to build/site
python -m tools.site --out DIR notebooks/05_*.ipynb these pages alone
"""

import argparse
import json
import re
import shutil
from pathlib import Path

from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

from helpers.course.course_map import heading
from helpers.diagram.diagram import DRAWING
from helpers.diagram.diagram import HERE as DIAGRAM
from helpers.explore.comparison import CSS
from helpers.explore.comparison import HERE as EXPLORE
from helpers.live.bundle import HERE as LIVE
from helpers.live.bundle import sent
from tools.notebooks import REPO, course_notebooks, executed
from tools.site.exported import KIND

HERE = Path(__file__).parent
MODULES = [*DRAWING, DIAGRAM / "one.js", LIVE / "alone.js", EXPLORE / "comparison.js"]
OWN = [HERE / name for name in ("typed.js", "tables.js", "by_hand.js", "player.js", "page.js")]
FIRST = f"import sys; sys.path.insert(0, {str(REPO)!r}); import tools.site.exported as e; e.install(get_ipython())"


def script():
    """All JavaScript of a page as one plain script: a page that is opened from a folder cannot load modules."""
    texts = [re.sub(r"^import [^;]*;\n", "", sent(path), flags=re.MULTILINE) for path in [*MODULES, *OWN]]
    one = "\n".join(texts)
    one = re.sub(
        r"^export default widget\(([^,]+), \"(\w+)\"", r'WIDGETS.\2 = widget(\1, "\2"', one, flags=re.MULTILINE
    )
    one = re.sub(r"^export ", "", one, flags=re.MULTILINE)
    return '(() => {\n"use strict";\nconst WIDGETS = {};\n' + one + "\n})();\n"


def style():
    """All CSS: that of the widgets, of highlighted code, and of the page."""
    code = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs('[data-theme="dark"] .highlight')
    return "\n".join([CSS, code, dark, (HERE / "page.css").read_text(encoding="utf-8")])


def alive(bundle):
    """What a page holds of an output: of a widget, what brings it to life there."""
    if KIND not in bundle:
        return bundle
    held = json.dumps(bundle[KIND], separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")  # no tag ends it
    script = f'<script type="application/json">{held}</script>'
    return {"text/html": f'<div class="alive">{script}<noscript>This picture needs JavaScript.</noscript></div>'}


def page(path, notebook, pages):
    """The page of a notebook. pages: all of them in order, each with its name and title."""
    at = next(i for i, one in enumerate(pages) if one["name"] == path.stem)
    course = {
        **pages[at],
        "before": pages[at - 1] if at else None,
        "after": pages[at + 1] if at + 1 < len(pages) else None,
        "headings": headings(notebook),
    }
    for output in [output for cell in notebook.cells for output in cell.get("outputs", [])]:
        if "data" in output:
            output.data = alive(output.data)
    made = HTMLExporter(template_name="page", extra_template_basedirs=[str(HERE)])
    text, _ = made.from_notebook_node(notebook, resources={"course": course})
    return re.sub(r'href="([^":]*)\.ipynb', r'href="\1.html', text)


def headings(notebook):
    """The sections of a notebook: pairs of an anchor and its words."""
    lines = [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    words = [line.removeprefix("## ").strip() for line in lines if line.startswith("## ")]
    return [(word.replace(" ", "-"), word.replace("`", "")) for word in words]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="notebooks; all of the course if left out")
    parser.add_argument("--out", type=Path, default=REPO / "build" / "site", help="the folder to write to")
    chosen = parser.parse_args()
    pages = [{"name": path.stem, "title": heading(path)[0]} for path in course_notebooks()]
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "course.js").write_text(script(), encoding="utf-8")
    (chosen.out / "course.css").write_text(style(), encoding="utf-8")
    shutil.copyfile(HERE / "first.js", chosen.out / "first.js")
    for path in chosen.files or course_notebooks():
        print(path.stem, flush=True)
        text = page(path, executed(path, FIRST), pages)
        (chosen.out / f"{path.stem}.html").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

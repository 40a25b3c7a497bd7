"""Write the course as pages that need no kernel and no server.

python -m tools.site                                 all of it, to build/site
python -m tools.site --out DIR notebooks/05_*.ipynb  these pages alone
"""

import argparse
import shutil
from pathlib import Path

from tools.notebooks import REPO, course_notebooks, executed
from tools.site import pages


def first(states=0):
    """What a kernel runs first, to say what its widgets are on a page; states as ``exported.install`` has them."""
    make = f"from tools.site.exported import install; install(get_ipython(), {states})"
    return f"import sys; sys.path.insert(0, {str(REPO)!r}); {make}; del sys, install"


def write(folder, files):
    """Run notebooks, and write their pages and all that these need."""
    notebooks = {}
    for path in files:
        print(path.stem, flush=True)
        notebooks[path.stem] = executed(path, first())
    save(folder, notebooks, files)


def save(folder, notebooks, files):
    """Write the pages of notebooks that were run, by name; they lead to each other alone."""
    listed = pages.listed(files)
    save_shared(folder)
    put(folder / "sections.js", pages.searched(notebooks, listed))
    put(folder / "index.html", pages.index(notebooks, listed))
    for name, notebook in notebooks.items():
        put(folder / f"{name}.html", pages.page(name, notebook, listed))


def save_shared(folder):
    """Write what all pages load."""
    folder.mkdir(parents=True, exist_ok=True)
    put(folder / "course.js", pages.script())
    put(folder / "course.css", pages.style())
    shutil.copyfile(pages.HERE / "first.js", folder / "first.js")


def put(path, text):
    path.write_text(text, encoding="utf-8", newline="\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="notebooks; all of the course if left out")
    parser.add_argument("--out", type=Path, default=REPO / "build" / "site", help="the folder to write to")
    chosen = parser.parse_args()
    write(chosen.out, chosen.files or course_notebooks())
    print(f"Open {chosen.out / 'index.html'} in a browser, or put the folder on any web server.")


if __name__ == "__main__":
    main()

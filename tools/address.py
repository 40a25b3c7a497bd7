"""Writes the public address of the repository wherever it stands.

python -m tools.address https://github.com/someone/attention

pyproject.toml holds it. The README, the pages around it, and the first cell of each notebook, which fetches the helpers
from there, are written from it, and the notebooks are the shipped ones then.
"""

import argparse
import re
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

from helpers.inputs.whole_file import replace
from tools.notebooks import REPO, course_notebooks, load, normal_form, source_url
from tools.reset import ship

PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "binder/*",
    "deploy/**/*",
    "docs/**/*.md",
    "pyproject.toml",
)  # the last one last
WRITABLE = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]+)+")


def checked(url):
    """An address that git can clone and pip can install from, without a slash at its end. Raises ValueError.

    >>> checked("https://github.com/someone/attention/")
    'https://github.com/someone/attention'
    """
    address = url.strip().rstrip("/")
    if not WRITABLE.fullmatch(address):
        raise ValueError(
            f"{url!r} is not the address of a repository; wanted one as in: "
            "make address URL=https://github.com/someone/attention"
        )
    return address


def folder_of(address):
    """The folder that ``git clone`` makes: ``folder_of("https://github.com/someone/attention.git") == "attention"``."""
    return Path(urlsplit(address).path).name.removesuffix(".git")


def rewritten(text, old, new):
    """A text with the new address in place of the old one, plain or inside a link's query, and the folder of a clone.

    >>> rewritten("git clone https://a.org/b\\ncd b, not https://a.org/b-c", "https://a.org/b", "https://a.org/d")
    'git clone https://a.org/d\\ncd d, not https://a.org/b-c'
    """
    for before, after in [(old, new), (quote(old, safe=""), quote(new, safe=""))]:
        text = re.sub(re.escape(before) + r"(?![\w~-])", after, text)
    return re.sub(rf"(git clone {re.escape(new)}\s+cd )\S*\w", rf"\g<1>{folder_of(new)}", text)


def write(address, repo=REPO):
    """Write the address into every place; returns the files that changed."""
    old, changed = source_url(), []
    texts = {path: normal_form(load(path), address) for path in course_notebooks()}
    for path in [path for pattern in PAGES for path in sorted(repo.glob(pattern)) if path.is_file()]:
        texts[path] = rewritten(path.read_text(encoding="utf-8"), old, address)
    for path, text in texts.items():
        if text.encode() != path.read_bytes().replace(b"\r\n", b"\n"):
            replace(path, text.encode())
            changed.append(path)
    ship()
    return changed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    try:
        address = checked(parser.parse_args().url)
        changed = write(address)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    print(f"{address} stands in {len(changed)} files more." if changed else f"{address} stands everywhere already.")


if __name__ == "__main__":
    main()

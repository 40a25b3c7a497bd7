"""Every notebook as it comes from git: not trusted, not run, and yet its pictures are there."""

import re

import nbformat
import pytest

from tests.browser.lab import NOTEBOOKS

NAMES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("name", NAMES)
def test_untrusted_and_unrun(lab, name):
    """Fresh from git, a notebook is not trusted and has no kernel yet: the still pictures stand there."""
    stored = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    outputs = [output for cell in stored.cells for output in cell.get("outputs", [])]
    alts = [re.search(r'alt="(.*?)"', output["data"]["text/html"], re.DOTALL) for output in outputs
            if "text/html" in output.get("data", {})]
    with lab.open(name, trusted=False) as notebook:
        images = notebook.page.locator(".jp-OutputArea-output img")
        assert images.count() == len(alts) > 0
        for image in images.all():
            image.scroll_into_view_if_needed()
            assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 200
            assert len(image.get_attribute("alt")) > 20
        assert notebook.page.get_by_text("Error displaying widget").count() == 0
        assert notebook.errors() == []

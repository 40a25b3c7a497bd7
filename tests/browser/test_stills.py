"""The notebooks as they come from git: not trusted, not run, and yet their pictures are there."""

import re

import nbformat

from tests.browser.lab import NOTEBOOKS


def test_untrusted_and_unrun(lab):
    """All outputs of all notebooks on one page, not trusted and without a kernel's help: the still pictures stand there."""
    cells, metadata = [], {}
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        metadata, shown = notebook.metadata, [cell for cell in notebook.cells if cell.get("outputs")]
        assert any("text/html" in output.get("data", {}) for cell in shown for output in cell.outputs), f"{path.stem} shows no picture"
        cells += [{**cell, "id": f"{path.stem[:2]}-{cell.id}"} for cell in shown]
    together = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells})
    nbformat.write(together, lab.folder / "stills.ipynb")
    alts = [re.search(r'alt="(.*?)"', output["data"]["text/html"], re.DOTALL) for cell in cells for output in cell["outputs"]
            if "text/html" in output.get("data", {})]
    with lab.open("stills", trusted=False) as notebook:
        images = notebook.page.locator(".jp-OutputArea-output img")
        assert images.count() == len(alts) > 50
        for image in images.all():
            image.scroll_into_view_if_needed()
            assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 200
            assert len(image.get_attribute("alt")) > 20
        assert notebook.page.get_by_text("Error displaying widget").count() == 0
        assert notebook.errors() == []

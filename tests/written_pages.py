"""The notebooks that the tests run, kept for their pages: what makes these comes from the same run.

A kernel then says with each widget what that is on a page, and what Python shows at twenty states of its controls.
"""

import json
import os
from functools import partial
from pathlib import Path
from unittest import mock

import nbval.kernel
import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from tools.notebooks import course_notebooks
from tools.site.__main__ import first
from tools.site.exported import KIND

STATES = 20
READERS = "tests/browser/test_written_pages.py"  # without it, nothing is kept


def folder(config):
    return config._tmp_path_factory.getbasetemp() / "notebooks"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session):
    if not any(item.nodeid.startswith(READERS) for item in session.items):
        return (yield)
    folder(session.config).mkdir(exist_ok=True)
    setup, start = IPyNbFile.setup, nbval.kernel.start_new_kernel
    arguments = [f"--IPKernelApp.exec_lines={first(STATES)}"]

    ran = {Path(item.path) for item in session.items if isinstance(item, IPyNbCell)}
    kept = session.config.kept_notebooks = ran & {*course_notebooks()}  # solved copies have no page

    def with_pages(notebook):
        if Path(notebook.path) not in kept:
            return setup(notebook)
        with mock.patch.object(nbval.kernel, "start_new_kernel", partial(start, extra_arguments=arguments)):
            setup(notebook)
        notebook.skip_compare += (KIND,)
        return None

    with mock.patch.object(IPyNbFile, "setup", with_pages):
        return (yield)


def pytest_runtest_teardown(item, nextitem):
    """After its last cell, a notebook is kept with what its cells showed."""
    if not isinstance(item, IPyNbCell) or Path(item.path) not in getattr(item.config, "kept_notebooks", ()):
        return
    item.cell.outputs = item.test_outputs or []
    if getattr(nextitem, "parent", None) is not item.parent:
        path = folder(item.config) / Path(item.path).name
        path.with_suffix(".part").write_text(json.dumps(item.parent.nb), encoding="utf-8")
        os.replace(path.with_suffix(".part"), path)  # it is there as a whole, or not at all

"""Kernels that have imported torch before they start, for notebooks that import it, and for those in a browser: dozens
of them do, seconds each.

One process imports it, for all workers (kernel_server.py), and every kernel begins as a fork of that process.
"""

import os
import socket
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest
from nbval.plugin import IPyNbFile

from tests.forks import WHERE, forked


@contextmanager
def served():
    """Yields the address of a server of kernels, which ends after this."""
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as door:
        door.bind(address := str(Path(folder, "door")))
        door.listen()
        command = [sys.executable, Path(__file__).with_name("kernel_server.py"), str(door.fileno())]
        silent = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[door.fileno()], **silent):
            yield address


def imports_torch(notebook):
    return any("import torch" in cell.source for cell in notebook.nb.cells)


def needs_lab(item):
    return "lab" in getattr(item, "fixturenames", ())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session):
    """While the tests run, the kernels of notebooks that import torch are forks, and all that JupyterLab starts."""
    notebooks = {item.parent for item in session.items if isinstance(item.parent, IPyNbFile)}
    if not hasattr(os, "fork") or not (any(map(imports_torch, notebooks)) or any(map(needs_lab, session.items))):
        return (yield)
    start = IPyNbFile.setup
    with served() as address:

        def setup(notebook):
            with forked(address) if imports_torch(notebook) else nullcontext():
                start(notebook)

        with mock.patch.object(IPyNbFile, "setup", setup), mock.patch.dict(os.environ, {WHERE: address}):
            return (yield)

"""Kernels that have imported what notebooks import before they start, and torch where a notebook imports it: seconds
for each of dozens.

Two processes import it, for all workers (kernel_server.py), and every kernel begins as a fork of one of them.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Client
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import nbval.kernel
import pytest
from jupyter_client.provisioning import local_provisioner
from nbval.plugin import IPyNbFile

from tests.kernel_stand_in import KERNELS
from tests.solved_copies import holds

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"

# For a log that nobody keeps, it lays out every message, those of megabytes, too, which takes seconds.
nbval.kernel.pformat = lambda message: message


class Fork:
    """A kernel's process, with what jupyter_client asks of one that it has started itself."""

    stdin = stdout = stderr = None

    def __init__(self, address, command, env, cwd):
        with Client(address) as server:
            server.send((command, dict(env), cwd, False))
            self.pid = server.recv()
        while self.poll() is None and os.getpgid(self.pid) != self.pid:  # signals go to its group, not to this one
            time.sleep(0.001)

    def poll(self):
        """None while it runs; it is no child of this process, which hears nothing more of its end."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self):
        while self.poll() is None:
            time.sleep(0.005)
        return 0

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def terminate(self):
        self.send_signal(signal.SIGTERM)


@contextmanager
def served():
    """Yields the addresses of a server of kernels without torch, and of one with it, which end after this."""
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as door, socket.socket(socket.AF_UNIX) as other:
        doors, addresses = [door, other], [str(Path(folder, name)) for name in ("door", "door-with-torch")]
        for one, address in zip(doors, addresses):
            one.bind(address)
            one.listen()
        numbers = [one.fileno() for one in doors]
        command = [sys.executable, Path(__file__).with_name("kernel_server.py"), *map(str, numbers)]
        silent = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=numbers, **silent):
            yield addresses


def imports_torch(notebook):
    return any("import torch" in cell.source for cell in notebook.nb.cells)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    """The server imports what it needs on one core, while on another this process looks for tests."""
    config = session.config
    config.kernels = None
    if hasattr(os, "fork") and not config.option.collectonly and any(holds(NOTEBOOKS, one) for one in config.args):
        ending = ExitStack()
        config.kernels = ending.enter_context(served())
        config.add_cleanup(ending.close)
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session):
    """While the tests run, the kernels of notebooks are forks."""
    if not session.config.kernels:
        return (yield)
    plain, with_torch = session.config.kernels
    start = IPyNbFile.setup

    def setup(notebook):
        address = with_torch if imports_torch(notebook) else plain

        def launch(command, env=None, cwd=None, **others):
            return Fork(address, command, env or os.environ, cwd or os.getcwd())

        with mock.patch.object(local_provisioner, "launch_kernel", launch):
            start(notebook)

    with mock.patch.object(IPyNbFile, "setup", setup), mock.patch.dict(os.environ, {KERNELS: with_torch}):
        return (yield)

"""Kernels that have imported torch before they start, for notebooks that import it: dozens of them do, seconds each.

One process for each worker, Python's fork server, imports it once, and every kernel begins as a fork of that process.
"""

import multiprocessing
import os
import signal
import sys
import time
from contextlib import contextmanager
from unittest import mock

from jupyter_client.provisioning import local_provisioner
from nbval.plugin import IPyNbFile

IMPORTED = ["torch", "ipykernel.kernelapp", "matplotlib.figure", "ipywidgets", "anywidget"]
CAN_FORK = "forkserver" in multiprocessing.get_all_start_methods()


class Fork:
    """A kernel's process, with what jupyter_client asks of one that it has started itself."""

    stdin = stdout = stderr = None

    def __init__(self, command, env, cwd):
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(IMPORTED)
        self.process = context.Process(target=become, args=(command, dict(env), cwd), daemon=True)
        self.process.start()
        self.pid = self.process.pid
        while self.process.is_alive() and os.getpgid(self.pid) != self.pid:  # signals go to its group, not to this one
            time.sleep(0.001)
        self.kill, self.terminate = self.process.kill, self.process.terminate

    def poll(self):
        return self.process.exitcode

    def wait(self):
        self.process.join()
        return self.process.exitcode

    def send_signal(self, number):
        if self.process.is_alive():
            os.kill(self.pid, number)


def become(command, env, cwd):
    """Be the kernel that a command would start."""
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.path[0:0] = [""]
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance(argv=command[command.index("-f") :])


@contextmanager
def forked():
    """In here, kernels are forks."""

    def launch(command, env=None, cwd=None, **others):
        return Fork(command, env or os.environ, cwd or os.getcwd())

    with mock.patch.object(local_provisioner, "launch_kernel", launch):
        yield


def use():
    """From now on, the kernels of notebooks that import torch are forks."""
    start = IPyNbFile.setup

    def setup(notebook):
        if not CAN_FORK or not any("import torch" in cell.source for cell in notebook.nb.cells):
            return start(notebook)
        with forked():
            return start(notebook)

    IPyNbFile.setup = setup

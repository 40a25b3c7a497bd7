"""Kernels that have imported torch before they start: forks of the one process that has (kernel_server.py)."""

import os
import signal
import time
from multiprocessing.connection import Client
from unittest import mock

from jupyter_client.provisioning import local_provisioner

WHERE = "ATTENTION_COURSE_KERNELS"  # names the address of the process that forks, for the servers that tests start


class Fork:
    """A kernel's process, with what jupyter_client asks of one that it has started itself."""

    stdin = stdout = stderr = None

    def __init__(self, address, command, env, cwd):
        with Client(address) as server:
            server.send((command, dict(env), cwd))
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


def forked(address):
    """In a ``with``, the kernels that this process starts are forks."""

    def launch(command, env=None, cwd=None, **others):
        return Fork(address, command, env or os.environ, cwd or os.getcwd())

    return mock.patch.object(local_provisioner, "launch_kernel", launch)

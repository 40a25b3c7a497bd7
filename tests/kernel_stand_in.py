"""Stands for a kernel that is a fork of the server of kernels, before whoever starts kernels as programs: it passes
signals on, and ends with it.

python kernel_stand_in.py ADDRESS -f CONNECTION_FILE
"""

import os
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Client

KERNELS = "ATTENTION_KERNELS"  # in the environment: the address of that server, where there is one


def stand_in(address, *command):
    env = {name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"}  # it is another's child
    with Client(address) as server:
        server.send((command, env, os.getcwd(), True))
        pid = server.recv()

        def pass_on(number, _):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

        signal.signal(signal.SIGINT, pass_on)
        signal.signal(signal.SIGTERM, pass_on)
        server.poll(None)  # the fork alone holds the other end


if __name__ == "__main__":
    stand_in(*sys.argv[1:])

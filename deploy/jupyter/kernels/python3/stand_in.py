"""Stands for a kernel that is a fork of warm_kernels.py, before the server that started it: it passes signals on, and
ends with it. Where no fork is to be had, it is the kernel itself.

python stand_in.py -f CONNECTION_FILE
"""

import json
import os
import signal
import socket
import sys
from contextlib import suppress

OFTEN = 2  # seconds between looks at whether the server is there
DOOR = os.environ.get("ATTENTION_COURSE_KERNELS", "")


def fork(arguments):
    """The connection that lasts as long as the kernel does, and the kernel's pid. Raises OSError or ValueError."""
    os.umask(umask := os.umask(0))
    environment = {
        name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"
    }  # it is another's child
    wanted = {"arguments": arguments, "environment": environment, "folder": os.getcwd(), "umask": umask}
    asked = json.dumps(wanted).encode() + b"\n"
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(DOOR)
    connection.sendall(asked[socket.send_fds(connection, [asked], [1, 2]) :])
    return connection, int(connection.recv(20))


def stand_in(connection, pid):
    def pass_on(number, _):
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    signal.signal(signal.SIGINT, pass_on)
    signal.signal(signal.SIGTERM, pass_on)
    connection.settimeout(OFTEN)
    server = os.getppid()
    while os.getppid() == server:
        try:
            connection.recv(1)  # the fork alone holds the other end
            return
        except TimeoutError:
            pass
        except ConnectionError:
            return


if __name__ == "__main__":
    try:
        forked = fork(sys.argv[1:])
    except (OSError, ValueError):
        os.execv(sys.executable, [sys.executable, "-m", "ipykernel_launcher", *sys.argv[1:]])
    stand_in(*forked)

"""The process of which learners' kernels are forks: it has imported what kernels import, and they share that memory.

    python warm_kernels.py DOOR torch ipywidgets ...

It belongs to root. A fork becomes a process of whoever asks, as the system knows them, before it reads a byte of what
is asked: the same user and groups, the same limits, the same view of the disk, and no way back. Where any of that fails
it ends, and the one who asked starts a kernel without it: jupyter/kernels/python3/stand_in.py.
"""

import ctypes
import gc
import json
import os
import signal
import socket
import struct
import sys
from importlib import import_module
from pathlib import Path
from threading import Thread

PATIENCE = 10  # seconds for the one who asks
LONGEST = 1 << 20  # bytes of what is asked
ANOTHER_VIEW = 0x00020000  # CLONE_NEWNS
NO_NEW_PRIVILEGES, OPEN_TO_ITSELF = 38, 4  # of prctl
OWN = Path("/proc/self")
LIBRARY = ctypes.CDLL(None, use_errno=True)  # of C


def serve(door, modules):
    """Fork for each who asks at a door, a path, without an end."""
    for name in modules:
        import_module(name)
    gc.collect()
    gc.freeze()  # the collector of a fork would write to what is shared, and have it copied
    signal.signal(signal.SIGCHLD, reap)
    Path(door).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(door)
        os.chmod(door, 0o666)
        listening.listen()
        while True:
            asking, _ = listening.accept()
            if not os.fork():
                try:
                    listening.close()
                    begin(asking)
                except (OSError, ValueError, KeyError, TypeError) as error:
                    print(f"no fork: {error}", file=sys.stderr, flush=True)
                finally:
                    os._exit(1)
            asking.close()


def reap(*_):
    """Let go of kernels that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def begin(asking):
    """Be the kernel of the one who asks."""
    asking.settimeout(PATIENCE)
    join(*struct.unpack("3i", asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)))
    wanted, (out, error) = received(asking)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    os.umask(wanted["umask"])
    os.chdir(wanted["folder"])
    os.dup2(out, 1)
    os.dup2(error, 2)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    sys.path[0] = ""
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # else all learners draw the same numbers
    asking.sendall(b"%d\n" % os.getpid())
    asking.settimeout(None)
    Thread(target=end_with, args=(asking,), daemon=True).start()
    import_module("ipykernel.kernelapp").launch_new_instance(argv=wanted["arguments"])


def join(pid, user, group):
    """Become a process like that one. Raises OSError or PermissionError where that fails."""
    if os.geteuid():
        if user != os.geteuid():
            raise PermissionError("only root can be another user")
        return
    held = os.open(f"/proc/{pid}", os.O_RDONLY)  # this very process, though its number be given to another
    process = Path(f"/proc/self/fd/{held}")
    groups, namespaces = groups_of(process, user), namespaces_of(process)
    if limits_of(process) != limits_of(OWN):
        limit(process)
    if namespaces["mnt"] != namespaces_of(OWN)["mnt"]:
        view = os.open(process / "ns" / "mnt", os.O_RDONLY)
        checked(LIBRARY.setns(view, ANOTHER_VIEW))
        os.close(view)
    if namespaces_of(OWN) != namespaces or limits_of(OWN) != limits_of(process):
        raise PermissionError("it is shut in otherwise")
    os.close(held)  # it leads to the disk as root sees it
    checked(LIBRARY.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    os.setgroups(groups)
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    checked(LIBRARY.prctl(OPEN_TO_ITSELF, 1, 0, 0, 0))


def groups_of(process, user):
    """The groups of a process. Raises PermissionError where it is another user's, and so not the one who asked."""
    told = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    if {*map(int, told["Uid"].split())} != {user}:
        raise PermissionError("the process is another one by now")
    return [int(number) for number in told["Groups"].split()]


def namespaces_of(process):
    """What a process sees of the system: the disk, the network, other processes."""
    return {
        name: os.readlink(process / "ns" / name) for name in os.listdir(process / "ns") if "for_children" not in name
    }


def limits_of(process):
    """Which limits of memory and time a process is under: its control groups."""
    return (process / "cgroup").read_text().splitlines()


def limit(process):
    """Put this process under the limits of another one."""
    mounted, *_ = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if " cgroup2 " in line]
    (group,) = [line.removeprefix("0::") for line in limits_of(process) if line.startswith("0::")]
    Path(f"{mounted}{group}", "cgroup.procs").write_text(str(os.getpid()))


def received(asking):
    """What is asked, and the two files where the kernel writes what it has to say."""
    data, files, *_ = socket.recv_fds(asking, LONGEST, 2)
    while not data.endswith(b"\n") and len(data) < LONGEST:
        more = asking.recv(LONGEST)
        if not more:
            break
        data += more
    return json.loads(data), files


def checked(answer):
    if answer:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def end_with(asking):
    """Leave as soon as the one who asked has left."""
    asking.recv(1)
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])

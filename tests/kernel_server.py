"""The processes of which kernels are forks: they have imported what kernels import, the second of them torch, too. Each
begins to be a kernel for whoever asks, or the program of a module.

    python kernel_server.py DOOR DOOR_WITH_TORCH

They end with the last of the processes that hold the other end of their standard input.
"""

import gc
import os
import runpy
import signal
import socket
import sys
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from select import select
from threading import Thread

REPO = Path(__file__).resolve().parent.parent
OF_KERNELS = ["ipykernel.kernelapp", "ipykernel.debugger", "sqlite3", "psutil"]  # a kernel imports these as it starts
OF_KERNELS += ["IPython.core.debugger", "IPython.core.completerlib", "IPython.extensions.storemagic"]
OF_THE_COURSE = ["helpers.attention", "helpers.explore", "helpers.check.judge", "tools.site.answers"]
IMPORTED = [*OF_KERNELS, "matplotlib.figure", "ipywidgets", "anywidget", *OF_THE_COURSE]
WITH_TORCH = ["torch", "torch._dynamo", "helpers.gpt", "helpers.pictures.plots"]
WITHOUT_HISTORY = "--HistoryManager.hist_file=:memory:"  # what tests run is nothing to look up later


def main(door, door_with_torch):
    """Serve at both doors, from two processes. Each is a number, that of an open socket."""
    sys.path[0] = str(REPO)
    gc.disable()
    bring(IMPORTED)
    import_module("helpers.check").exercises()  # not progress, which keeps the folder where its kernel begins
    if not os.fork():
        bring(WITH_TORCH)
        door = door_with_torch
    gc.freeze()  # in each kernel: to look for garbage in what is imported takes a third of a second, each time
    gc.enable()
    serve(socket.socket(fileno=int(door)))


def bring(modules):
    for name in modules:
        import_module(name)


def serve(door):
    """door: where each connection brings (command, environment, folder, whether the kernel is to end with the
    connection), and is told the kernel's pid.
    """
    signal.signal(signal.SIGCHLD, reap)
    while sys.stdin not in select([door, sys.stdin], [], [])[0]:
        with Connection(door.accept()[0].detach()) as asking:
            kernel = asking.recv()
            pid = os.fork()
            if not pid:
                become(*kernel, asking)
            asking.send(pid)


def become(command, env, cwd, tied, asking):
    """Be the kernel, or the program, that a command would start."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path[0] = ""
    if tied:
        Thread(target=end_with, args=(asking,), daemon=True).start()
    from ipykernel.kernelapp import launch_new_instance

    try:
        if command[0] == "-m":
            sys.argv[1:] = command[2:]
            runpy.run_module(command[1], run_name="__main__", alter_sys=True)
        else:
            launch_new_instance(argv=[*command[command.index("-f") :], WITHOUT_HISTORY])
    finally:
        os._exit(0)


def end_with(asking):
    """Leave as soon as the one who asked has left."""
    asking.poll(None)
    os._exit(0)


def reap(*_):
    """Let go of kernels that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The process of which kernels are forks: it has imported torch, and begins to be a kernel for whoever asks, or the
program of a module.

It ends with the last of the processes that hold the other end of its standard input.
"""

import gc
import os
import runpy
import signal
import socket
import sys
from importlib import import_module
from multiprocessing.connection import Connection
from select import select
from threading import Thread

OF_KERNELS = ["ipykernel.kernelapp", "ipykernel.debugger", "sqlite3"]  # the last two it would import as it starts
IMPORTED = ["torch", "torch._dynamo", *OF_KERNELS, "matplotlib.figure", "ipywidgets", "anywidget"]


def serve(door):
    """door: the socket where each connection brings (command, environment, folder, whether the kernel is to end with
    the connection), and is told the kernel's pid.
    """
    gc.disable()
    for name in IMPORTED:
        import_module(name)
    gc.freeze()  # in each kernel: to look for garbage in what is imported takes a third of a second, each time
    gc.enable()
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
            launch_new_instance(argv=command[command.index("-f") :])
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
    serve(socket.socket(fileno=int(sys.argv[1])))

"""One rank: a process of its own that computes what it is sent, together with the others."""

import contextlib
import ctypes
import io
import os
import pickle
import signal
import sys
import traceback
from datetime import timedelta

import cloudpickle
import torch
import torch.distributed as dist

from helpers.machines.wire import Wire

PATIENCE = timedelta(hours=2)  # the host ends what takes too long
PR_SET_PDEATHSIG = 1  # from Linux' prctl.h: send me this signal when my parent ends


def serve(connection, rank, ranks, store, careful):
    """Join the group, say so, then compute one job after the other, until nobody sends any.

    store: a file that the ranks find each other by. careful: every collective is first compared between the ranks, its
    name and its shape.
    """
    end_with_parent()
    torch.set_num_threads(1)
    try:
        join(rank, ranks, store, careful)
        connection.send(("ready", ""))
    except Exception as error:  # noqa: BLE001 - whatever it is, the learner is told
        connection.send(("failed", *told(error), ""))
    while True:
        try:
            job = connection.recv_bytes()
        except (EOFError, OSError):
            os._exit(0)
        connection.send(outcome(job))


def join(rank, ranks, store, careful):
    """Find the others. Nothing leaves this machine: gloo listens on the loopback address alone."""
    if careful:
        dist.set_debug_level(dist.DebugLevel.DETAIL)
    dist.init_process_group("gloo", None, PATIENCE, ranks, rank, dist.FileStore(store, ranks))
    if careful:  # single sends are compared with nothing, and would be counted among the calls that are
        dist.set_debug_level(dist.DebugLevel.OFF)
        Wire.group = dist.new_group()


def outcome(job):
    """What comes of a job: ("done", the pickled result, what was printed), or ("failed", where, why, printed)."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            function, inputs = pickle.loads(job)
            torch.manual_seed(0)
            return "done", packed(function(*inputs)), printed.getvalue()
    except BaseException as error:  # noqa: BLE001 - whatever it is, the learner is told
        return "failed", *told(error), printed.getvalue()


def packed(result):
    """A result as bytes; TypeError where it cannot be sent."""
    try:
        return cloudpickle.dumps(result)
    except Exception as error:  # noqa: BLE001 - a thing of the learner's own may do anything
        raise TypeError(f"what the function returns, {type(result).__name__}, cannot be sent back: {error}") from None


def told(error):
    """Where an error was raised, (file, line, function) of each call, and what it says."""
    calls = [(frame.filename, frame.lineno, frame.name) for frame in traceback.extract_tb(error.__traceback__)]
    try:
        text = str(error).strip()
    except Exception:  # noqa: BLE001 - an error of the learner's own may do anything
        text = ""
    return calls, f"{type(error).__name__}: {text}"


def end_with_parent():
    """Ask Linux to end this process with its parent, even where that was killed."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended just before
        os._exit(1)

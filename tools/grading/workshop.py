"""Where learners' functions run: a process that has imported what they may need, and makes one for each by ``fork``.

It is started afresh, with none of the answers in its memory, and is told by its socket what to make: it gets a channel,
which the new process answers calls on, and a leash. When the other end of the leash is let go, the process is killed.
"""

import gc
import importlib
import linecache
import os
import selectors
import signal
import socket
import sys
import traceback
import types
import warnings
from pathlib import Path

import numpy as np

import helpers
from helpers.check.chance import drawn_so_far, random_numbers_from
from helpers.check.exercise import Exercise
from helpers.check.handed_in import parameters
from helpers.check.modules import as_function, is_module
from tools.grading import fences, messages

REPO = Path(__file__).resolve().parent.parent.parent
USED = (
    *("numpy.random", "torch", "torch.nn.functional"),  # numpy imports the first when it is asked for
    *("helpers.see", "helpers.attention", "helpers.inputs", "helpers.trace"),
)
HIDDEN = ("notebooks", "tests", "tools", "bench", "build", "docs", ".git")  # folders of the course
SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/proc/cpuinfo")
LONGEST = 1000  # characters of an error's text


def main(own, folder, *hidden):
    """Make processes until the socket is closed. own: its file descriptor; folder: an empty one, where they begin;
    hidden: what they must not read, beside the answers.
    """
    for name in USED:
        importlib.import_module(name)
    allowed = places(folder, hidden)
    os.chdir(folder)
    sys.path[0] = str(REPO)  # it was the folder that this one began in
    gc.freeze()
    watched, requests = selectors.DefaultSelector(), socket.socket(fileno=own)
    watched.register(requests, selectors.EVENT_READ)
    requests.send(b".")  # ready
    while True:
        for key, _ in watched.select():
            if key.fileobj is not requests:  # a leash was let go
                end(watched, key)
                continue
            _, descriptors, _, _ = socket.recv_fds(requests, 1, 2)
            if len(descriptors) < 2:
                for left in [one for one in watched.get_map().values() if one.data]:
                    end(watched, left)
                return
            watched.register(descriptors[1], selectors.EVENT_READ, begin(descriptors[0], allowed))


def end(watched, key):
    """End the process that a leash belongs to."""
    watched.unregister(key.fileobj)
    os.close(key.fileobj)
    os.kill(key.data, signal.SIGKILL)
    os.waitpid(key.data, 0)


def begin(channel, allowed):
    """A new process at the other end of a channel; returns its number."""
    if not (made := os.fork()):
        os.dup2(channel, 3)
        os.closerange(4, 1024)
        serve(3, allowed)
    os.close(channel)
    return made


def places(folder, hidden=()):
    """``(readable, listed)``: Python, and the course without its answers."""
    own = {Path(one).resolve() for one in (sys.prefix, sys.base_prefix, *sys.path) if os.path.isdir(one or ".")}
    roots = own - {REPO, Path("/")} | {folder, REPO / "helpers", REPO / "data"}
    roots |= {Path(one).resolve() for one in SYSTEM if os.path.exists(one)}
    roots = sorted(one for one in roots if not roots & {*one.parents})
    hidden = [*hidden, *(one / "helpers" / "check" for one in {*own, REPO}), *(REPO / name for name in HIDDEN)]
    parts = [fences.without(root, [one for one in hidden if one.exists()]) for root in roots]
    return [one for found, _ in parts for one in found], [REPO, *(one for _, found in parts for one in found)]


def serve(channel, allowed):
    """Answer what the channel asks, in a process of its own that is shut in. It never returns."""
    try:
        messages.send(channel, {"missing": fences.shut(*allowed)})  # before anything of the learner's is run
        task = messages.receive(channel)
        forget_the_answers()
        warnings.simplefilter("ignore")
        function, facts = handed_in(task)
        messages.send(channel, facts, [] if callable(function) else [function])
        while asked := messages.receive(channel):
            answer(channel, function, asked)
    except BaseException:  # noqa: BLE001 - there is nobody to tell
        pass
    finally:
        os._exit(0)


def forget_the_answers():
    """``helpers.check`` has no exercises here, and no way to load them."""
    for name in [name for name in sys.modules if f"{name}.".startswith(("helpers.check.", "tools."))]:
        del sys.modules[name]
    helpers.check = sys.modules["helpers.check"] = types.ModuleType("helpers.check", "Grading has it, elsewhere.")


def handed_in(task):
    """``(function, facts)``: what the learner's cells hand to the check, and what is to be known of it."""
    names, first = {"__name__": "__main__", "display": lambda *_, **__: None}, None
    for file, source in task["sources"].items():
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    for file, text in task["units"]:
        try:
            exec(compile(text, file, "exec"), names)
        except BaseException as error:  # noqa: BLE001 - a learner's cell may raise anything
            first = first or error
    try:
        function = eval(task["argument"], names)
        fixed = {}
        if is_module(function):
            exercise = Exercise(types.SimpleNamespace(__name__=task["name"]), "", task["asks"], task["gives"])
            exercise, function, problem = as_function(exercise, function)
            if problem:
                return None, {"problem": problem}
            fixed = exercise.fixed
        return function, {"fixed": fixed, "parameters": [*task["asks"]] if fixed else own_parameters(function)}
    except BaseException as error:  # noqa: BLE001
        name, text, _ = told(first or error, "")
        return None, {"problem": f"its cells raised {name}{': ' * bool(text)}{text}."}


def own_parameters(function):
    """``[name, kind, has_default]`` of each parameter; None where the function does not tell."""
    found = parameters(function) if callable(function) else None
    return found and [[one.name, int(one.kind), one.default is not one.empty] for one in found]


def answer(channel, function, asked):
    """Call the function once, and tell what came of it."""
    given, value, error = asked["values"], None, None
    before = [as_array(one).copy() for one in given]
    with random_numbers_from(asked["seed"]):
        start = drawn_so_far()
        try:
            value = function(*given)
        except BaseException as raised:  # noqa: BLE001 - a learner's function may raise anything, even SystemExit
            error = raised
        drew = start != drawn_so_far()
    changed = [place for place, old in enumerate(before) if is_another(as_array(given[place]), old)]
    if error is None:
        try:
            return messages.send(channel, {"drew": drew, "changed": changed}, [value, *(given[i] for i in changed)])
        except BaseException as failed:  # noqa: BLE001 - a value of the learner's own making
            error = failed
    return messages.send(channel, {"drew": drew, "raised": told(error, getattr(function, "__code__", None))})


def as_array(value):
    return np.asarray(value.detach() if hasattr(value, "detach") else value)


def is_another(now, before):
    return now.dtype != before.dtype or now.shape != before.shape or now.tobytes() != before.tobytes()


def told(error, code):
    """An exception: its name, its text, and the learner's own line that it came from, 0 where there is none."""
    try:
        text = " ".join(str(error).split())[:LONGEST]
    except BaseException:  # noqa: BLE001 - its text is the learner's, too
        text = "its text cannot be shown"
    file = getattr(code, "co_filename", None)
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    return type(error).__name__, text, lines[-1] if lines else 0


if __name__ == "__main__":
    main(int(sys.argv[1]), *map(Path, sys.argv[2:]))

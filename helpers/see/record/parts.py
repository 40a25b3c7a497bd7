"""Where a run is: the learner's line that it is at, and the parts of the code around it, modules and functions."""

import inspect
import os
import re
import sysconfig
from collections import Counter
from typing import NamedTuple

from helpers.look.again import again
from helpers.see.record.outside import is_module
from helpers.see.record.source import sourced

# Packages that compute for others: a line of theirs tells a learner nothing.
INNER = {"torch", "numpy", "einops", "opt_einsum", "functorch", "jaxtyping", "typeguard", "beartype", "executing"}
SITE = re.compile(r".*[/\\](?:site|dist)-packages[/\\]([^/\\.]+)")
LIBRARY = tuple(os.path.join(sysconfig.get_path(one), "") for one in ("stdlib", "platstdlib"))
OURS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")  # all of helpers/see
ANY = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
WRAPPERS = {"wrapper", "wrapped", "decorated"}  # of decorators: no part of the code that anybody thinks of
UNNAMED = {"__init__", "__call__", "__new__"}
CALLING = {"_wrapped_call_impl", "_call_impl"}  # how PyTorch calls the forward of a module


class Standing(NamedTuple):
    """One frame of the stack. own: does its line belong to the learner or to a model? part: the name of the part of
    the code that it is, or "". counts: may it be the function itself that is recorded? builds: does it make an object,
    so that what it computes is not what the caller gets? leads: does its code tell where the run is?"""

    own: bool
    part: str
    counts: bool
    builds: bool = False
    leads: bool = True


class Where(NamedTuple):
    """Where a call stands. at: the innermost of the learner's frames, or None. frames: those of the learner's, the
    innermost first, that may give its result a name, each with the frame that it called, or None if it made the call
    itself. within: the parts around it, the outermost first. trail: the way to it through the code, a tuple for the
    function itself and for each of these parts: the code that ran there, each with the instruction where it was.
    stack: all frames that run."""

    at: object
    frames: list
    within: tuple
    trail: tuple
    stack: dict


class Parts:
    """The stack of a run, from the frame that started it.

    modules: the path of each module, by id; those that are made in the run are called what they are called there.
    met: a function that is told of each such module and its path.
    """

    def __init__(self, root, modules, met):
        self.root, self.modules, self.met = root, modules, met
        self.known = {}  # the frames of the stack as it was last: each has a Standing
        self.calls = Counter()  # of each part, by its path

    def where(self, frame):
        """Where the run is, from the frame that made the call of PyTorch. Returns a Where."""
        stack = []
        while frame is not None and frame is not self.root:
            stack.append(frame)
            frame = frame.f_back
        known, frames, inner, at, named = {}, [], None, None, True
        for one in stack:  # those that have returned since are let go
            known[one] = self.known.get(one)
        path = ()
        for one in reversed(stack):
            if known[one] is None:
                known[one] = self.numbered(self.standing(one, frames_above(one, known)), path)
            path += (known[one].part,) if known[one].part else ()
        self.known = known
        for one in stack:
            if known[one].own:
                at = at or one
                frames += [(one, inner)] if named else []
            named = named and not known[one].builds
            inner = one
        outermost = next((one for one in reversed(stack) if known[one].counts), None)
        within, trail = [], [[]]
        for one in reversed(stack):
            if known[one].part and one is not outermost:
                within.append(known[one].part)
                trail.append([])
            if known[one].leads:
                trail[-1].append((one.f_code, one.f_lasti))
        return Where(at, frames, tuple(within), tuple(map(tuple, trail)), known)

    def numbered(self, standing, path):
        """A part that is entered again is another one: ``rotate_half₂``. path: of the parts around it."""
        if not standing.part:
            return standing
        self.calls[path, standing.part] += 1
        return standing._replace(part=again(standing.part, self.calls[path, standing.part]))

    def standing(self, frame, above):
        code = frame.f_code
        own = is_own(frame)
        wrapper = "<locals>" in code.co_qualname and (code.co_flags & ANY == ANY or code.co_name in WRAPPERS)
        part = ""
        if code.co_name == "forward" and code.co_argcount:
            module = frame.f_locals.get(code.co_varnames[0])
            if is_module(module):
                path = self.path(module, above)
                return Standing(own, path, True)
        if own and code.co_name in UNNAMED and code.co_argcount:
            part = type(frame.f_locals.get(code.co_varnames[0])).__name__ if code.co_name == "__call__" else ""
        elif own and not code.co_name.startswith("<") and not wrapper:
            owner = code.co_qualname.split(".")[-2:-1]
            part = owner[0] if code.co_name == "forward" and owner else code.co_name  # a function with its own gradient
        counts = own and not wrapper and code.co_name not in ("<listcomp>", "<genexpr>")
        return Standing(own, part, counts, code.co_name == "__init__", own or is_step_of_module(frame))

    def path(self, module, above):
        """The path of a module, or what it is called where it is called."""
        if id(module) not in self.modules:
            expression = sourced(above).place.expression if above is not None else ""
            called = expression.partition("(")[0]
            path = called.removeprefix("self.") if called.replace(".", "").isidentifier() else type(module).__name__
            self.modules[id(module)] = module, path
            self.met(module, path)
        return self.modules[id(module)][1]


def frames_above(frame, known):
    """The innermost of the learner's frames around this one, or None."""
    frame = frame.f_back
    while frame is not None and frame in known:
        if known[frame].own:
            return frame
        frame = frame.f_back
    return None


def is_step_of_module(frame):
    """Is it a method of one of PyTorch's modules, a piece of its forward?"""
    code = frame.f_code
    named = code.co_argcount and code.co_varnames[0] == "self" and code.co_name not in CALLING
    return bool(named) and is_module(frame.f_locals.get("self"))


own_files = {}


def is_own(frame):
    """Is its code the learner's or a model's, and not of Python, PyTorch or this recorder?"""
    file = frame.f_code.co_filename
    if file not in own_files:
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        own_files[file] = package not in INNER and own(file)
    return own_files[file]


def own(file):
    """The same, told by the name of its file.

    >>> own("<ipython-input-1>"), own("/usr/lib/python3/site-packages/torch/nn/functional.py")
    (True, False)
    """
    if file.startswith("<frozen") or file.startswith(OURS):
        return False
    package = SITE.match(file)
    return package[1] not in INNER if package else not file.startswith(LIBRARY)

"""Functions that return plain numbers, your own above all, as a Trace: what they got, gave, and made in between.

Importing this module imports neither torch nor matplotlib.
"""

import contextlib
import copy
import io
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MethodType

import numpy as np

from helpers.look.sentence import one_line, sentence
from helpers.see.axis_names import AxisNames, letters, spare_letters
from helpers.see.calling import by_place, call, calls_in_a_row, same_random_numbers
from helpers.see.deadline import Deadline
from helpers.see.inside import Inside, Unseen
from helpers.see.known import ROLES, role_of
from helpers.see.misfits import fitting
from helpers.see.numbers import NoNumbers, beyond_exact, real_numbers, with_article
from helpers.see.own_things import is_module, size_of
from helpers.see.probes import LONGEST, probe
from helpers.see.record.holders import Kept
from helpers.see.record.recording import Run, failed_at
from helpers.see.results import results
from helpers.see.sizes import names_of_axes, parts_of, resized, settings_of, sizes_of
from helpers.see.wants_tensors import kinds, plain
from helpers.trace.trace import Trace

LONGEST_LINE = 100  # characters of a line of code that failed
MOST_COPIED = 2**25  # numbers of a module


@dataclass(frozen=True)
class Seen:
    """What a function did: its trace, and the remarks on it, a sentence each."""

    trace: Trace
    remarks: list


class PlainFunction:
    """A function that is called again and again, at other sizes: once for each Trace.

    Only the first time that it works is it called more often, at other sizes, to learn which axis of its results is
    which (see ``probes``); and where it takes tensors for arrays, or the other way round. What it prints there is not
    shown, and a torch module is looked at as a copy.

    ranges: lowest and highest of the sizes that have a slider. parts: what parameters of other names stand for, as in
    ``{"src": "x"}``. places: the parameters that are given by place, with their defaults.

    >>> import numpy as np
    >>> def mean(x):
    ...     total = x.sum(axis=1)
    ...     return total / 2
    >>> PlainFunction(mean, "mean").seen({"x": np.eye(3, 2)}).trace.shapes()
    x      (T=3, C=2)
    total  (T=3)       total = x.sum(axis=1)
    out    (T=3)       return total / 2
    """

    def __init__(self, build, title, ranges=None, parts=None, places=None):
        self.build, self.title, self.ranges, self.parts = build, title, ranges or {}, parts or {}
        self.places = by_place(build) if places is None else places
        self.draws = not str(getattr(plain(build), "__module__", "")).startswith(
            "helpers.attention"
        )  # which draws no random numbers
        self.tells = not self.draws  # whether it returns a Trace, so that nobody need look inside
        self.tensors = None  # whether it gets tensors, once that is known
        self.names = self.run = None
        self.failed = []  # errors of the last call, with the Place of each

    def seen(self, arguments, seed=0):
        """The Trace of one call, and what is to be said about it. Raises what the function raises, and ValueError."""
        self.failed = []
        try:
            with calls_in_a_row() if self.draws else contextlib.nullcontext():
                made = self._called(arguments, seed, recorded=not self.tells)
                remarks, trace = list(made.said), made.value
                self.tells = isinstance(trace, Trace)
                if self.tells:
                    bare_numbers(trace)
                else:
                    trace, more = self._drawn(arguments, made.value, seed)
                    remarks += more
        finally:
            self.run = None  # it holds all numbers of the run
        if made.changed:
            shown = trace is not made.value and all(name in trace for name in made.changed)
            remarks.insert(0, f"{self.title} writes into {told_of_copies(made.changed, shown)}")
        return Seen(trace, remarks)

    def tried(self, arguments, seed=0):
        """A Call with these arguments, of a copy, without a word and not for long; or the exception that it raises."""
        kept = self.tensors
        try:
            with contextlib.redirect_stderr(io.StringIO()), Deadline(LONGEST) as deadline:
                made = self._called(arguments, seed, build=self.stand_in, limited=deadline.limited)
            self.tells |= isinstance(made.value, Trace)
            return made
        except Exception as error:  # noqa: BLE001 - it may fail where nobody asked for it
            self.tensors = kept
            return error

    @cached_property
    def stand_in(self):
        """A copy of a torch module, or of the one that a method belongs to; any other function as it is."""
        owner = getattr(self.build, "__self__", None)
        try:
            if is_module(self.build) and size_of(self.build) <= MOST_COPIED:
                return copy.deepcopy(self.build)
            if isinstance(self.build, MethodType) and is_module(owner) and size_of(owner) <= MOST_COPIED:
                return MethodType(self.build.__func__, copy.deepcopy(owner))
        except Exception:  # noqa: BLE001 - not everything can be copied
            pass
        return self.build

    def _called(self, arguments, seed, **how):
        """Call it with what it wants, tensors or arrays: the first time, the other kind is tried if one fails."""
        if self.tensors is not None:
            return self._call(arguments, seed, **how)
        failed = []
        for kind in kinds(self.build, arguments):
            self.tensors = kind == "tensors"
            try:
                return self._call(arguments, seed, strict=True, **how)
            except Exception as error:  # noqa: BLE001 - whatever it raises, it may like the other kind better
                failed.append((kind, error))
        kind, error = fitting(failed)
        if isinstance(failed[0][1], Warning):  # it takes the same x for an array and for a tensor, and this may do
            self.tensors = failed[0][0] == "tensors"
            return self._call(arguments, seed, **how)
        self.tensors = kind == "tensors"
        raise error

    def _call(self, arguments, seed, strict=False, build=None, limited=None, recorded=False):
        seed, build = seed if self.draws else None, build or self.build
        self.run = recording(build) if recorded else None
        try:
            return call(self.run or build, arguments, seed, self.tensors, strict, self.places, limited)
        except Exception as error:
            if self.run is not None and not self.run.begun:  # what it was given could not be looked at
                return self._call(arguments, seed, strict, build, limited)
            if self.run is not None:
                self.failed.append((error, failed_at(error)))
            raise
        finally:
            if self.run is not None:
                self.run.finish()

    def where(self, error):
        """Where the function stopped that raised this error: ``"in line 3, return q @ k"``, or ""."""
        place = next((place for known, place in self.failed if known is error), None)
        if not place or not place.line:
            return ""
        code = place.statement if len(place.statement) <= LONGEST_LINE else place.expression
        told = code and not code.startswith("raise")  # what it raises has been said
        of = f" of {Path(place.file).name}" if is_elsewhere(place.file, self.build) else ""
        return f"in line {place.line}{of}{f', {one_line(code, LONGEST_LINE)}' if told else ''}"

    def _drawn(self, arguments, value, seed):
        """The Trace of numbers, of all on the way where that can be seen. And remarks."""
        parts = parts_of(arguments, self.parts)
        inputs = drawn(parts)
        try:
            made, remarks = results(value, inputs)
        except NoNumbers as error:
            raise ValueError(
                f"{self.title} returned {error.what}; wanted a Trace, or an array or a tensor of numbers. {error.hint}"
            ) from error
        self._look(arguments, parts, made, seed)
        try:
            with same_random_numbers(seed), np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # those of the call were told
                trace, more = self._inside(arguments, parts, made)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong inside, what goes in and comes out is shown
            trace, more = self._around(arguments, parts, made)
            why = error if isinstance(error, Unseen) else f"it cannot be read, {sentence(error)}"
            more = more if self.run is None else [f"What happens inside {self.title} is not shown: {why}", *more]
        return trace, remarks + more

    def _inside(self, arguments, parts, made):
        """The Trace of all that happened inside. Raises Unseen where that is not known."""
        if self.run is None:
            raise Unseen("it was not looked at")
        for name in drawn(parts):
            if name not in self.run.recording.inputs:
                raise Unseen(f"{name} is {with_article(arguments[name])}, and only arrays and tensors tell their ways")
        inside = Inside(self.run, made, self.title, f"{self.title}({', '.join(arguments)})")
        axes = {name: names_of_axes(part, arguments[name]) for name, part in parts.items() if part in ROLES}
        sizes, settings = sizes_of(arguments, parts), settings_of(arguments, parts)
        evidence = [self.names.evidence(settings, one.name, one.value.ndim) for one in made]
        tokens = arguments.get("tokens") if "tokens" in parts else None
        roles = {name: ROLES[parts[name]] for name in axes}
        return inside.trace(axes, roles, evidence, sizes, tokens), inside.remarks()

    def _around(self, arguments, parts, made):
        """The Trace of what went in, as far as it can be drawn, and what came out. And remarks."""
        trace, spare = Trace(self.title, arguments.get("tokens") if "tokens" in parts else None), spare_letters()
        remarks = []
        for name in drawn(parts):
            try:
                give(trace, name, parts[name], real_numbers(arguments[name]), spare)
            except NoNumbers as error:
                remarks.append(f"{name} is not drawn: it is {error.what}")
        axes = self._axes(arguments, parts, {one.name: one.value.shape for one in made}, spare)
        for name, array, path, _ in made:
            code = f"{name} = {self.title}({', '.join(arguments)}){path}"
            if beyond_exact(array):
                told = "holds whole numbers beyond 2^53; at 2^63 they wrap around: compute with fractions"
                remarks.append(f"{name} {told}")
                array = array.astype(np.float64)
            trace.given(name, array, " ".join(axes[name]), role=role_of(array, axes[name]), code=code)
        return trace, remarks

    def _look(self, arguments, parts, made, seed):
        """Learn from the shapes of the results which axis is which; the first time, from those at other sizes, too."""
        sizes, settings = sizes_of(arguments, parts), settings_of(arguments, parts)
        if self.names is None:
            self.names, run = AxisNames(), self.run
            self._look_elsewhere(arguments, parts, sizes, seed)
            self.run = run
        self.names.saw(settings, sizes, {one.name: one.value.shape for one in made})

    def _axes(self, arguments, parts, shapes, spare):
        """The letters of the axes of each result: those of sizes that they followed, else spare ones."""
        settings = settings_of(arguments, parts)
        found, alike = {}, {}
        for name, shape in shapes.items():
            known = self.names.names(settings, name, len(shape))
            found[name] = letters(known, spare, self.names.history(settings, name, shape), alike)
        return found

    def _look_elsewhere(self, arguments, parts, sizes, seed):
        """Call it at other sizes, for what the shapes of its results say about their axes."""

        def look(others):
            try:
                elsewhere = resized(arguments, others, parts)
                made = self.tried(elsewhere, seed)
                shapes = {one.name: one.value.shape for one in results(made.value, drawn(parts))[0]}
            except Exception:  # noqa: BLE001 - inputs that have no other size, results without numbers
                return False
            self.names.saw(settings_of(elsewhere, parts), others, shapes)
            return True

        probe(look, sizes, self.ranges)


def recording(build):
    """A Run of a function, or None where what it has of its own cannot be looked at."""
    try:
        return Run(build)
    except Exception:  # noqa: BLE001 - reading an object of a learner's own may raise anything
        return None


def is_elsewhere(file, build):
    """Is it another file than that of the function? Cells are no files that anybody could look for."""
    own = getattr(getattr(plain(build), "__code__", None), "co_filename", file)
    return file not in ("", own) and Path(file).exists() and "ipykernel" not in file


def bare_numbers(trace):
    """The steps of a Trace that was made in a run that was looked into: with plain arrays."""
    for step in trace:
        if isinstance(step.value, Kept):
            trace.steps[step.name] = replace(step, value=step.value.view(np.ndarray))


def drawn(parts):
    """Those arguments that are drawn."""
    return [name for name, part in parts.items() if part in ROLES]


def give(trace, name, part, array, spare):
    """Add an input, with the names that its axes have in the course; with none where its sizes do not fit to them."""
    sizes = {axis: size for step in trace for axis, size in zip(step.axes, step.value.shape)}
    axes = letters(names_of_axes(part, array), iter(()))
    if not axes or any(sizes.get(axis, size) != size for axis, size in zip(axes, array.shape)):
        axes = [next(spare) for _ in array.shape]
    value = array.astype(np.float64) if beyond_exact(array) else array
    trace.given(name, value, " ".join(axes), role=ROLES[part], parameter=part.startswith("W"))


def told_of_copies(names, shown):
    """What becomes of the arguments that a function writes into."""
    one = len(names) == 1
    got = f"{' and '.join(names)}: it got {'a copy' if one else 'copies'}, and "
    if shown:
        return got + (f"{names[0]} is drawn as it was" if one else "they are drawn as they were")
    return got + "the next step starts from the same numbers"

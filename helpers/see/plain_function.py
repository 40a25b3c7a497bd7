"""Functions that return plain numbers, your own above all, as a Trace: what they were given, and what came out.

Importing this module imports neither torch nor matplotlib.
"""

import contextlib
import copy
import io
from dataclasses import dataclass
from functools import cached_property
from types import MethodType

import numpy as np

from helpers.see.axis_names import AxisNames, letters, spare_letters
from helpers.see.calling import by_place, call
from helpers.see.deadline import Deadline
from helpers.see.misfits import fitting
from helpers.see.numbers import NoNumbers, beyond_exact, real_numbers
from helpers.see.own_things import is_module, size_of
from helpers.see.probes import LONGEST, probe
from helpers.see.results import results
from helpers.see.sizes import names_of_axes, parts_of, resized, settings_of, sizes_of
from helpers.see.wants_tensors import kinds, plain
from helpers.trace.trace import Trace

ROLES = {
    **{"x": "x", "ids": "x", "Wq": "query", "Wk": "key", "Wv": "value"},
    **{"scores": "scores", "q": "query", "k": "key", "v": "value"},
}
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
    >>> PlainFunction(lambda x: x.mean(axis=1), "mean").seen({"x": np.eye(3, 2)}).trace
    mean
    x    (T=3, C=2)
    out  (T=3)       out = mean(x)
    out =
         0.500   0.500   0.000
    """

    def __init__(self, build, title, ranges=None, parts=None, places=None):
        self.build, self.title, self.ranges, self.parts = build, title, ranges or {}, parts or {}
        self.places = by_place(build) if places is None else places
        self.draws = not str(getattr(plain(build), "__module__", "")).startswith(
            "helpers.attention"
        )  # which draws no random numbers
        self.tensors = None  # whether it gets tensors, once that is known
        self.names = None

    def seen(self, arguments, seed=0):
        """The Trace of one call, and what is to be said about it. Raises what the function raises, and ValueError."""
        made = self._called(arguments, seed)
        remarks, trace = list(made.said), made.value
        if not isinstance(trace, Trace):
            trace, more = self._drawn(arguments, made.value, seed)
            remarks += more
        if made.changed:
            shown = trace is not made.value and all(name in trace for name in made.changed)
            remarks.insert(0, f"{self.title} writes into {told_of_copies(made.changed, shown)}")
        return Seen(trace, remarks)

    def tried(self, arguments, seed=0):
        """A Call with these arguments, of a copy, without a word and not for long; or the exception that it raises."""
        kept = self.tensors
        try:
            with contextlib.redirect_stderr(io.StringIO()), Deadline(LONGEST) as deadline:
                return self._called(arguments, seed, build=self.stand_in, limited=deadline.limited)
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

    def _call(self, arguments, seed, strict=False, build=None, limited=None):
        seed = seed if self.draws else None
        return call(build or self.build, arguments, seed, self.tensors, strict, self.places, limited)

    def _drawn(self, arguments, value, seed):
        """The Trace of numbers: what went in as far as it can be drawn, and what came out. And remarks."""
        parts = parts_of(arguments, self.parts)
        inputs = drawn(parts)
        try:
            made, remarks = results(value, inputs)
        except NoNumbers as error:
            raise ValueError(
                f"{self.title} returned {error.what}; wanted a Trace, or an array or a tensor of numbers. {error.hint}"
            ) from error
        trace, spare = Trace(self.title, arguments.get("tokens") if "tokens" in parts else None), spare_letters()
        for name in inputs:
            try:
                give(trace, name, parts[name], real_numbers(arguments[name]), spare)
            except NoNumbers as error:
                remarks.append(f"{name} is not drawn: it is {error.what}")
        axes = self._axes(arguments, parts, {one.name: one.value.shape for one in made}, seed, spare)
        for name, array, path in made:
            code = f"{name} = {self.title}({', '.join(arguments)}){path}"
            if beyond_exact(array):
                told = "holds whole numbers beyond 2^53; at 2^63 they wrap around: compute with fractions"
                remarks.append(f"{name} {told}")
                array = array.astype(np.float64)
            trace.given(name, array, " ".join(axes[name]), role=role(array, axes[name]), code=code)
        return trace, remarks

    def _axes(self, arguments, parts, shapes, seed, spare):
        """The letters of the axes of each result: those of sizes that they followed, else spare ones."""
        sizes, settings = sizes_of(arguments, parts), settings_of(arguments, parts)
        if self.names is None:
            self.names = AxisNames()
            self._look_elsewhere(arguments, parts, sizes, seed)
        self.names.saw(settings, sizes, shapes)
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


def role(array, axes):
    """Weights, where rows of several numbers from 0 up sum to 1 and are no channels; else out."""
    rows = array.ndim > 1 and (array.shape[-1] > 1 or axes[-1] == "s") and axes[-1] not in {*"cehg"}
    return "weights" if rows and (array >= 0).all() and np.allclose(array.sum(axis=-1), 1) else "out"

"""Functions that return plain numbers, your own above all, as a Trace: what they were given, and what came out.

Importing this module imports neither torch nor matplotlib.
"""

from dataclasses import dataclass

import numpy as np

from helpers.see.axis_names import SPARE, AxisNames, letters, other_sizes
from helpers.see.calling import by_place, call
from helpers.see.numbers import NoNumbers, beyond_exact, real_numbers
from helpers.see.sizes import names_of_axes, resized, settings_of, sizes_of
from helpers.see.wants_tensors import kinds, plain
from helpers.trace.trace import Trace

ROLES = {"x": "x", "Wq": "query", "Wk": "key", "Wv": "value", "scores": "scores", "v": "value"}
USUAL = (1, 16)  # the range of a size that has no slider


@dataclass(frozen=True)
class Seen:
    """What a function did: its trace, and the remarks on it, a sentence each."""

    trace: Trace
    remarks: list


class PlainFunction:
    """A function that is called again and again, at other sizes: once for each Trace.

    Only the first time it is called a second time, at other sizes, to learn which axis of its result is which; and
    where it takes tensors for arrays, or the other way round.

    >>> import numpy as np
    >>> PlainFunction(lambda x: x.mean(axis=1), "mean").seen({"x": np.eye(3, 2)}).trace
    mean
    x    (T=3, C=2)
    out  (T=3)       out = mean(x)
    out =
         0.500   0.500   0.000
    """

    def __init__(self, build, title, ranges=None):
        self.build, self.title, self.ranges = build, title, ranges or {}
        self.places = by_place(build)
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
            drawn = trace is not made.value and all(name in trace for name in made.changed)
            remarks.insert(0, f"{self.title} writes into {told_of_copies(made.changed, drawn)}")
        return Seen(trace, remarks)

    def _called(self, arguments, seed):
        """Call it with what it wants, tensors or arrays: the first time, the other kind is tried if one fails."""
        if self.tensors is not None:
            return self._call(arguments, seed)
        failed = []
        for kind in kinds(self.build, arguments):
            self.tensors = kind == "tensors"
            try:
                return self._call(arguments, seed, strict=True)
            except Exception as error:  # noqa: BLE001 - whatever it raises, it may like the other kind better
                failed.append((self.tensors, error))
        self.tensors, error = failed[0]
        if isinstance(error, Warning):  # it takes the same x for an array and for a tensor, and this may do
            return self._call(arguments, seed)
        raise error

    def _call(self, arguments, seed, strict=False):
        return call(self.build, arguments, seed if self.draws else None, self.tensors, strict, self.places)

    def _drawn(self, arguments, value, seed):
        """The Trace of numbers: what went in as far as it can be drawn, and ``out``. And remarks."""
        try:
            array = real_numbers(value)
        except NoNumbers as error:
            raise ValueError(
                f"{self.title} returned {error.what}; wanted a Trace, or an array or a tensor of numbers. {error.hint}"
            ) from error
        trace, spare, remarks = Trace(self.title, arguments.get("tokens")), iter(SPARE), []
        for name in [name for name in arguments if name in ROLES]:
            try:
                give(trace, name, real_numbers(arguments[name]), spare)
            except NoNumbers as error:
                remarks.append(f"{name} is not drawn: it is {error.what}")
        axes = letters(self._axes(arguments, array.shape, seed), spare)
        code = f"out = {self.title}({', '.join(arguments)})"
        if beyond_exact(array):
            remarks.append("out holds whole numbers beyond 2^53; at 2^63 they wrap around: compute with fractions")
            array = array.astype(np.float64)
        trace.given("out", array, " ".join(axes), role=role(array, axes), code=code)
        return trace, remarks

    def _axes(self, arguments, shape, seed):
        """The name of each axis' size as far as it is known, None where it is not."""
        sizes, settings = sizes_of(arguments), settings_of(arguments)
        if self.names is None:
            self.names = AxisNames()
            self._look_elsewhere(arguments, sizes, settings, seed)
        self.names.saw(settings, sizes, shape)
        return self.names.names(settings, len(shape))

    def _look_elsewhere(self, arguments, sizes, settings, seed):
        """Call it once at other sizes; if it cannot be called with all of them changed, leave alone what you fixed."""
        free = {name: self.ranges.get(name, USUAL) for name in sizes}
        bound = {name: free[name] for name in sizes if name in self.ranges or name == "T"}
        for ranges in [free, bound] if bound != free else [free]:
            others = other_sizes(sizes, ranges)
            if others == sizes:
                return
            try:
                made = self._call(resized(arguments, others), seed)
                self.names.saw(settings, others, real_numbers(made.value).shape)
                return
            except Exception:  # noqa: BLE001 - it may fail at sizes that nobody asked for
                continue


def give(trace, name, array, spare):
    """Add an input, with the names that its axes have in the course; with none where its sizes do not fit to them."""
    sizes = {axis: size for step in trace for axis, size in zip(step.axes, step.value.shape)}
    axes = letters(names_of_axes(name, array), iter(()))
    if not axes or any(sizes.get(axis, size) != size for axis, size in zip(axes, array.shape)):
        axes = [next(spare) for _ in array.shape]
    value = array.astype(np.float64) if beyond_exact(array) else array
    trace.given(name, value, " ".join(axes), role=ROLES[name], parameter=name.startswith("W"))


def told_of_copies(names, drawn):
    """What becomes of the arguments that a function writes into."""
    one = len(names) == 1
    got = f"{' and '.join(names)}: it got {'a copy' if one else 'copies'}, and "
    if drawn:
        return got + (f"{names[0]} is drawn as it was" if one else "they are drawn as they were")
    return got + "the next step starts from the same numbers"


def role(array, axes):
    """Weights, where rows of several numbers from 0 up sum to 1 and are no channels; else out."""
    rows = array.ndim > 1 and (array.shape[-1] > 1 or axes[-1] == "s") and axes[-1] not in {*"cehg"}
    return "weights" if rows and (array >= 0).all() and np.allclose(array.sum(axis=-1), 1) else "out"

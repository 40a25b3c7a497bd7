"""Every call of NumPy in a run, noted: by arrays and single numbers that tell of what is done with them."""

import sys
from contextlib import contextmanager

import numpy as np

from helpers.see.copies import is_tensor
from helpers.see.record.holders import ATOMS, Kept
from helpers.see.record.spelling import ACCUMULATED, ARRAY_NAMES, REDUCED

IN_ONE = """
    mean sum prod max min std var any all argmax argmin cumsum cumprod reshape transpose swapaxes ravel flatten squeeze
    repeat clip round dot copy astype take trace diagonal argsort nonzero conj conjugate compress searchsorted fill sort
    put partition item tolist __getitem__ __setitem__ __array__ __copy__ __deepcopy__ __float__ __int__ __bool__
    __index__ __complex__
"""
OF_NUMBERS = {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "pow": "power"} | {
    "floordiv": "floor_divide",
    "mod": "remainder",
}

running = []  # the notes of the runs that are under way, the innermost last


@contextmanager
def noting(notes):
    """In here, what arrays are asked to do is told to these Notes."""
    running.append(notes)
    try:
        yield
    finally:
        running.pop()


def noted(function, name, args, kwargs, frame):
    """Call a function of NumPy on plain arrays, and note it; what it gives tells of itself, too."""
    if not running or running[-1].ended:
        return kept_apart(function, args, kwargs)[0]

    def run(*args, **kwargs):
        value, given = kept_apart(function, args, kwargs)
        return kept(value, given)

    value = running[-1].call(function, name, args, kwargs, frame, run)
    if isinstance(value, Number):  # Python computes with it, unseen: math.exp
        running[-1].let_out(value)
    return value


def kept_apart(function, args, kwargs):
    """The value of a function on plain arrays; and which plain array stands for which given one, by id."""
    given = {}
    args, kwargs = plain(args, given), plain(kwargs, given)
    return function(*args, **kwargs), given


def plain(value, given):
    """The same nest with plain arrays and numbers."""
    if type(value) in ATOMS:
        return value
    if type(value) is KeptArray:
        bare = value.view(np.ndarray)
        given[id(bare)] = bare, value
        return bare
    if isinstance(value, Number):
        return value.bare()
    if type(value) in (list, tuple):
        return type(value)(plain(one, given) for one in value)
    if type(value) is dict:
        return {key: plain(one, given) for key, one in value.items()}
    if isinstance(value, slice):
        return slice(*(plain(one, given) for one in (value.start, value.stop, value.step)))
    return value


def kept(value, given=()):
    """The same nest with arrays and numbers that tell of themselves."""
    if type(value) is np.ndarray and value.dtype.kind in "biufc":
        return given[id(value)][1] if id(value) in given else value.view(KeptArray)
    if type(value) in KINDS:
        return KINDS[type(value)](value)
    if type(value) in (list, tuple):
        return type(value)(kept(one, given) for one in value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(kept(one, given) for one in value))
    return value


def ufunc(self, function, method, *args, **kwargs):
    """What NumPy calls in the place of a function that works cell by cell."""
    names = {"reduce": REDUCED, "accumulate": ACCUMULATED}.get(method, ARRAY_NAMES)
    name = names.get(function.__name__, function.__name__ if method in ("__call__", "reduce") else method)
    called = function if method == "__call__" else getattr(function, method)
    return noted(called, name, args, kwargs, sys._getframe(1))


def array_function(self, function, types, args, kwargs):
    """What NumPy calls in the place of its other functions."""
    name = function.__name__
    return noted(function, ARRAY_NAMES.get(name, name), args, kwargs, sys._getframe(1))


def method(name):
    """A method of an array that is one call."""
    function = getattr(np.ndarray, name)

    def call(self, *args, **kwargs):
        return noted(function, ARRAY_NAMES.get(name, name), (self, *args), kwargs, sys._getframe(1))

    return call


def attribute(name):
    """An attribute of an array that is an array."""
    function = getattr(np.ndarray, name).__get__
    return property(lambda self: noted(function, name, (self,), {}, sys._getframe(1)))


class ArrayType(type):
    """The type of these arrays, which stands for NumPy's: every array is one of its instances."""

    def __instancecheck__(cls, one):
        return isinstance(one, np.ndarray)

    def __subclasscheck__(cls, other):
        return issubclass(other, np.ndarray)


class KeptArray(np.ndarray, Kept, metaclass=ArrayType):
    """An array that tells the notes of the run what is done with it."""

    __array_ufunc__, __array_function__ = ufunc, array_function
    T, mT, real, imag = map(attribute, ["T", "mT", "real", "imag"])
    locals().update({name: method(name) for name in IN_ONE.split()})

    def __iter__(self):
        return (self[place] for place in range(len(self)))

    def __repr__(self):
        return repr(self.view(np.ndarray))

    def __reduce__(self):
        return self.view(np.ndarray).__reduce__()


KeptArray.__name__ = "numpy.ndarray"  # errors that name it are those of any other array


class Number(Kept):
    """A single number that does."""

    __array_ufunc__, __array_function__ = ufunc, array_function

    def bare(self):
        """The number alone."""
        kind = type(self).__mro__[1]
        return kind(kind.item(self))

    def __neg__(self):
        return np.negative(self)

    def __abs__(self):
        return np.absolute(self)


def operator(name, swapped):
    """``2 - number``, or ``number - 2``."""
    function = getattr(np, name)

    def call(self, other):
        if is_tensor(other):
            return NotImplemented
        return function(other, self) if swapped else function(self, other)

    return call


for short, long in OF_NUMBERS.items():
    setattr(Number, f"__{short}__", operator(long, False))
    setattr(Number, f"__r{short}__", operator(long, True))


def number_of(kind):
    """The type of single numbers of this type of NumPy that tell of themselves."""
    leaving = {name: number_method(kind, name) for name in ("item", "tolist", "__float__", "__int__", "__bool__")}
    reading = {name: number_method(kind, name) for name in ("mean", "sum", "max", "min", "round", "astype", "copy")}
    mixed = {name: one for name, one in vars(Number).items() if name.startswith("__") and callable(one)}
    return type(kind.__name__, (kind, Number), {**leaving, **reading, **mixed})


def number_method(kind, name):
    function = getattr(kind, name)

    def call(self, *args, **kwargs):
        return noted(function, ARRAY_NAMES.get(name, name), (self, *args), kwargs, sys._getframe(1))

    return call


KINDS = {kind: number_of(kind) for kind in (np.float64, np.float32, np.int64)}

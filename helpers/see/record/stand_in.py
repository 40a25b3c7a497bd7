"""What stands for ``np`` while a run is recorded: NumPy, whose new arrays tell what is done with them."""

import functools
import sys
from contextlib import contextmanager
from types import BuiltinFunctionType, FunctionType, ModuleType

import numpy as np

from helpers.see.record.numpy_calls import KeptArray, kept, noted
from helpers.see.record.spelling import ARRAY_NAMES


class StandIn(ModuleType):
    """A module whose functions are noted; all else in it is as it is."""

    def __init__(self, module):
        super().__init__(module.__name__)
        self.__dict__["module"] = module

    def __getattr__(self, name):
        value = getattr(self.module, name)
        if value is np.random:
            return StandIn(value)
        if value is np.ndarray:  # type(x) is np.ndarray
            return KeptArray
        if value is np.random.default_rng:
            return lambda *args, **kwargs: Drawing(value(*args, **kwargs).bit_generator)
        if isinstance(value, FunctionType | BuiltinFunctionType) or type(value).__name__ == "_ArrayFunctionDispatcher":
            return in_one(value, name)
        return (
            in_one(value, name)
            if self.module is np.random and callable(value) and not isinstance(value, type)
            else value
        )


def in_one(function, name):
    """A function that is noted as one call, whatever it is made of."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        return noted(function, ARRAY_NAMES.get(name, name), args, kwargs, sys._getframe(1))

    return call


class Drawing(np.random.Generator):
    """A generator of random numbers whose draws are noted."""

    def __getattribute__(self, name):
        value = super().__getattribute__(name)
        return in_one(value, name) if callable(value) and not name.startswith("_") and name != "spawn" else value


@contextmanager
def stand_ins(scopes, met):
    """In here, the stand-in stands for NumPy in each of these dictionaries of names, as ``function.__globals__``.

    Arrays in there tell of what is done with them, too; met: a function that is told of each and of its name.
    """
    module, before = StandIn(np), []
    try:
        for scope in scopes:
            for name, value in [*scope.items()]:
                new = module if value is np else kept(value) if type(value) is np.ndarray else from_numpy(value, module)
                if isinstance(new, np.ndarray):
                    met(new, name)
                if new is not value:
                    before.append((scope, name, value, new))
                    scope[name] = new
        yield
    finally:
        for scope, name, value, new in before:
            if scope.get(name) is new:  # else the code has put another thing there
                scope[name] = value


def from_numpy(value, module):
    """For what was imported by itself, ``from numpy import zeros``, its stand-in."""
    if value is np.ndarray:
        return KeptArray
    if not callable(value) or isinstance(value, type | np.ufunc):
        return value
    own = getattr(value, "__name__", "")
    # Most are not NumPy's: to look for what it has not takes 30 times as long by attribute as in its dictionary.
    return getattr(module, own) if isinstance(own, str) and vars(np).get(own) is value else value

"""What a function has from outside: tensors and modules that it can reach before it runs, by the names in its code."""

import functools
import sys
from types import CodeType, FunctionType, MethodType, ModuleType

import numpy as np

from helpers.see.copies import is_tensor
from helpers.see.wants_tensors import closure, package_of

NOT_READ = {"torch", "numpy", "builtins", "typing", "functools", "IPython", "matplotlib"}
DEEPEST = 6
MOST = 50_000  # objects that are looked at


class Outside:
    """tensors: by id, each with its name and its origin. modules: by id, each with its path.

    A module's own things have their path as a name: ``query.weight``; what belongs to the function itself, or to the
    object whose method it is, has no prefix. unseen: is there something compiled, whose calls nobody sees? scopes: the
    dictionaries that its functions have their names from, by id.
    """

    def __init__(self, function):
        self.tensors, self.modules, self.met = {}, {}, {}
        self.unseen, self.scopes = False, {}
        self.look(function, "", 0)

    def look(self, value, name, depth):
        """Note what can be reached from a value of this name."""
        if value is None or isinstance(value, str | int | float | type) or id(value) in self.met:
            return
        if depth > DEEPEST or len(self.met) > MOST:
            return
        self.met[id(value)] = value
        self.unseen |= type(value).__module__.startswith("torch.jit")
        if isinstance(value, np.ndarray):
            self.array(value, name)
        elif is_tensor(value):
            known = value.requires_grad and value.is_leaf
            self.tensors[id(value)] = value, name, "parameter" if known else "constant"
        elif is_module(value):
            self.module(value, name, depth)
        elif isinstance(value, list | tuple):
            for number, one in enumerate(value):
                self.look(one, f"{name}[{number}]", depth + 1)
        elif isinstance(value, dict):
            for key, one in [*value.items()]:
                self.look(one, f"{name}[{key!r}]", depth + 1)
        elif isinstance(value, functools.partial):
            self.look(value.func, name, depth + 1)
            for number, one in enumerate(value.args):
                self.look(one, parameter(value.func, number), depth + 1)
            for key, one in value.keywords.items():
                self.look(one, key, depth + 1)
        elif isinstance(value, MethodType):
            self.look(value.__self__, name, depth + 1)
            self.look(value.__func__, "", depth + 1)
        elif isinstance(value, FunctionType):
            self.function(value, depth)
        elif not isinstance(value, ModuleType) and package_of(value) not in NOT_READ:
            for key, one in [*getattr(value, "__dict__", {}).items()]:
                self.look(one, joined(name, key), depth + 1)

    def array(self, array, name):
        """Note an array that was there before."""
        self.tensors[id(array)] = array, name, "constant"

    def function(self, function, depth):
        """What a function's code mentions, its defaults and the variables of the functions around it."""
        if package_of(function) in NOT_READ:
            return
        code = function.__code__
        self.scopes[id(function.__globals__)] = function.__globals__
        for name, one in closure(function).items():
            self.look(one, name, depth + 1)
        names = code.co_varnames[: code.co_argcount]
        for name, one in zip(names[::-1], (function.__defaults__ or ())[::-1]):
            self.look(one, name, depth + 1)
        for name, one in (function.__kwdefaults__ or {}).items():
            self.look(one, name, depth + 1)
        mentioned = [*names_in(code)]
        for name in mentioned:
            one = function.__globals__.get(name)
            if isinstance(one, ModuleType):
                if one.__name__.partition(".")[0] not in NOT_READ:
                    for key in mentioned:
                        self.look(vars(one).get(key), f"{name}.{key}", depth + 1)
            else:
                self.look(one, name, depth + 1)

    def module(self, module, name, depth):
        """All parts of a module with their parameters, their buffers and the tensors among their attributes."""
        for path, part in module.named_modules(prefix=name):
            self.modules.setdefault(id(part), (part, path))
            self.met[id(part)] = part
            for held in (part._parameters, part._buffers):
                origin = "parameter" if held is part._parameters else "constant"
                for key, one in held.items():
                    if one is not None:
                        self.tensors.setdefault(id(one), (one, joined(path, key), origin))
                        self.met[id(one)] = one
            for key, one in [*vars(part).items()]:
                if not key.startswith("_") or is_tensor(one):
                    self.look(one, joined(path, key), depth + 1)


def joined(name, key):
    return f"{name}.{key}" if name else str(key)


def parameter(function, number):
    """The name of a function's parameter, or its number where it has none."""
    code = getattr(function, "__code__", None)
    return code.co_varnames[number] if code and number < code.co_argcount else f"argument {number + 1}"


def names_in(code):
    """All names that code and the functions in it mention."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)


def is_module(value):
    """Is it a torch module? Asked without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)

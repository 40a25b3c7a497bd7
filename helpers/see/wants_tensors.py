"""Does a function want tensors or arrays? Told by what its code mentions, so that it need not be called to find out.

Arrays understand some of what tensors do, and mean another thing by it: ``k.transpose(-2, -1)`` leaves an array as it
is. So it matters which of the two a function gets.
"""

import builtins
import dis
import functools
import sys
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType

import numpy as np

ARRAYS_SAY = {"axis", "keepdims"}  # where tensors say dim and keepdim


def kinds(build, arguments):
    """What to give a function's arrays as, the likeliest first: some of "tensors" and "arrays".

    >>> import numpy
    >>> kinds(lambda x: numpy.tril(x), {"x": numpy.eye(2)})[0]
    'arrays'
    """
    function = plain(build)
    packages, words = mentions(function)
    if "torch" in packages:
        import torch  # noqa: F401 - as the function will itself: its random numbers must have a start

    if not any(isinstance(value, np.ndarray) for value in arguments.values()):
        return ["arrays"]
    knows_torch = any(package_of(value) == "torch" for value in getattr(function, "__globals__", {}).values())
    if "torch" in packages:
        return ["tensors", "arrays"]
    if not knows_torch:
        return ["arrays"]
    said = {word for word in words if hasattr(sys.modules["torch"].Tensor, word)}
    arrays_alone = any(hasattr(np.ndarray, word) for word in words - said)  # as astype
    if packages & {"numpy", "helpers"} or words & ARRAYS_SAY or arrays_alone or not said:
        return ["arrays", "tensors"]
    return ["tensors", "arrays"]


def plain(build):
    """The function behind a partial one, a method, a torch module or an object that can be called."""
    build = unwrapped(build)
    if isinstance(build, FunctionType | MethodType | type):
        return getattr(build, "__func__", build)
    methods = [getattr(type(build), name, None) for name in ("forward", "__call__")]
    return next((method for method in methods if isinstance(method, FunctionType)), build)


def unwrapped(build):
    """What a partial function calls; any other as it is."""
    while isinstance(build, functools.partial):
        build = build.func
    return build


def known_names(function):
    """What the names stand for that a function's code takes from outside: a dictionary."""
    known = {**vars(builtins), **function.__globals__, **closure(function)}
    names, _, _ = read_code(function.__code__)
    return {name: known[name] for name in sorted(names) if name in known}


def mentions(function):
    """The packages that a function's code mentions, and its attributes and the names of arguments that it gives.

    Functions of the same module that it calls are read, too.
    """
    packages, words, read, unread = set(), set(), set(), [function]
    while unread:
        one = unread.pop()
        if not isinstance(one, FunctionType) or one in read:
            continue
        read.add(one)
        known = {**vars(builtins), **one.__globals__, **closure(one)}
        names, imported, said = read_code(one.__code__)
        values = [known[name] for name in names if name in known]
        packages |= {package_of(value) for value in values} | {name.partition(".")[0] for name in imported}
        words |= said
        own = [value for value in values if isinstance(value, FunctionType)]
        unread += [value for value in own if value.__module__ == function.__module__]
    return packages, words


def read_code(code):
    """What code and its inner functions say: names from outside, modules that they import, other words: three sets."""
    names, imported, words = set(), set(), set()
    for instruction in dis.get_instructions(code):
        operation, value = instruction.opname, instruction.argval
        if operation in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLOSURE"):
            names.add(value)
        elif operation == "IMPORT_NAME":
            imported.add(value)
        elif operation in ("LOAD_ATTR", "LOAD_METHOD"):
            words.add(value)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            for found, more in zip((names, imported, words), read_code(constant)):
                found |= more
        elif isinstance(constant, tuple):  # names of the arguments of a call stand among its constants
            words |= {word for word in constant if isinstance(word, str)}
    return names, imported, words


def closure(function):
    """What the names stand for that a function takes from the function around it."""
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not set so far
            continue
    return found


def package_of(value):
    """``torch`` for the module, its functions, its tensors and its layers: the package that something comes from."""
    if value is None:
        return ""
    kind = type(value)
    if any(base.__module__.partition(".")[0] == "torch" for base in kind.__mro__):
        return "torch"
    own = value if isinstance(value, type | FunctionType | BuiltinFunctionType) else kind
    name = value.__name__ if isinstance(value, ModuleType) else own.__module__
    return str(name).partition(".")[0]

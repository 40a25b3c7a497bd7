"""What was handed in, before it is tried: is it a function, does it take what it will be given, was it begun?"""

import ast
import dis
import inspect
from itertools import chain

from helpers.check.answers import described
from helpers.check.statements import definition

PADDING = {"RESUME", "NOP", "CACHE"}
NOTHING = {"LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}  # what `return None` is made of, where there is no source
LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.comprehension)
ROLES = {
    word: role
    for role, words in {
        "q": "q query queries",
        "k": "k key keys",
        "v": "v value values",
        "o": "o output projection proj",
    }.items()
    for word in words.split()
}


def parameters(function):
    """The function's parameters; None where it does not tell, as some that are built in."""
    try:
        return [*inspect.signature(function).parameters.values()]
    except (ValueError, TypeError):
        return None


def unusable(function, asks):
    """A sentence on what cannot be called with these parameters; else nothing."""
    if not callable(function):
        return f"it got {described(function)}; hand over the function itself, without brackets behind its name."
    wanted = ", ".join(asks)
    found = parameters(function)
    if found is None:
        return ""
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in found]
    own = str(inspect.Signature(bare))[1:-1] or "nothing"
    try:
        inspect.signature(function).bind(*asks)
    except TypeError:
        return f"your function takes {own}; wanted {wanted}."
    if order(function, asks) is None:
        return f"your function takes {own}; wanted {wanted}, in this order."
    return ""


def order(function, asks):
    """The names of ``asks`` in the order in which the function takes them.

    A parameter is known by its name: ``def head(x, key, query, value)`` gets Wk before Wq. None where some have changed
    places, and the others have names that tell nothing.

    >>> order(lambda temperature, scores: ..., ["scores", "temperature"])
    ['temperature', 'scores']
    >>> order(lambda a, b: ..., ["scores", "temperature"])
    ['scores', 'temperature']
    """
    asks = list(asks)
    positional = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    own = [one.name for one in parameters(function) or [] if one.kind in positional][: len(asks)]
    known = {name: name for name in asks} | {meaning(name): name for name in asks}
    meant = [known.get(name) or known.get(meaning(name)) for name in own]
    told = [name for name in meant if name]
    if all(name in (None, ask) for name, ask in zip(meant, asks)) or len({*told}) < len(told):
        return asks
    rest = [ask for ask in asks if ask not in told]
    if len(own) < len(asks) or len(rest) > 1:
        return None
    return [name or rest[0] for name in meant]


def meaning(name):
    """``W_key``, ``Wk`` and ``keys`` all mean k; other names mean themselves."""
    bare = name.lower().replace("_", "")
    return ROLES.get(bare) or ROLES.get(bare.removeprefix("w"), name)


def is_stub(function):
    """Is there nothing in it but ``...``, ``pass`` or a docstring?"""
    code = getattr(function, "__code__", None)
    if node := definition(code):
        return all(map(does_nothing, node.body))
    if code is None:
        return False
    steps = (step for step in dis.get_instructions(code) if step.opname not in PADDING)
    first = next(steps, None)
    return first is not None and first.argval is None and all(step.opname in NOTHING for step in chain([first], steps))


def does_nothing(statement):
    value = getattr(statement, "value", None)
    said = isinstance(statement, ast.Expr) and isinstance(value, ast.Constant)
    returned = isinstance(statement, ast.Return) and getattr(value, "value", value) is None
    return said or returned or isinstance(statement, ast.Pass)


def has_loop(function):
    """Does it, or a function inside it, loop in Python?"""
    code = getattr(function, "__code__", None)
    if node := definition(code):
        return any(isinstance(one, LOOPS) for one in ast.walk(node))
    codes = [code] if code else []
    while codes:
        code = codes.pop()
        if any(
            step.opname in ("FOR_ITER", "JUMP_BACKWARD") or step.opname.startswith("POP_JUMP_BACKWARD")
            for step in dis.get_instructions(code)
        ):
            return True
        codes += [constant for constant in code.co_consts if inspect.iscode(constant)]
    return False

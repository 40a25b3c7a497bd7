"""The parameters of whatever can be called: functions, methods, modules, and what decorators make of them."""

import functools
import inspect

from helpers.see.own_things import is_module
from helpers.see.wants_tensors import closure, plain

REQUIRED = inspect.Parameter.empty


def parameters_of(build, title):
    """The parameters that can be given by name or place; raises ValueError for a function that does not tell them.

    Those of a torch module stand in its ``forward``, those of a function in another one's clothes, a decorated one,
    in the function inside.
    """
    for layer in layers(build, title):
        named = {name: one for name, one in layer.items() if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)}
    if layer and not named:
        any_of_them = ", ".join(f"{'**' if one.kind is one.VAR_KEYWORD else '*'}{name}" for name, one in layer.items())
        raise ValueError(
            f"{title} takes any arguments, {any_of_them}, and does not tell which: put it into a function of yours, as "
            f"in lambda x: {title}(x)."
        )
    return named


def layers(build, title, outside=()):
    """The parameters of a function, and where these can be any, of the one inside it, and so on."""
    found = signature(build, title)
    yield found
    inner = [one for one in inside(build) if one not in outside]
    if found and all(one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in found.values()) and len(inner) == 1:
        yield from layers(inner[0], title, (*outside, build, inner[0]))


def signature(build, title):
    """The parameters of a function, or of the ``forward`` of a module; raises ValueError where they are not told."""
    try:
        if isinstance(build, functools.partial) and is_module(build.func):
            build = functools.partial(build.func.forward, *build.args, **build.keywords)
        return inspect.signature(build.forward if is_module(build) else build).parameters
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{title} does not tell its parameters: put it into a function of yours, as in lambda x: {title}(x)."
        ) from error


def places_of(build, parameters):
    """The parameters that a function takes by place alone, with their defaults: those that have no name outside."""
    found = list(layers(build, ""))
    if any({one.kind for one in layer.values()} == {inspect.Parameter.VAR_POSITIONAL} for layer in found):
        return {name: one.default for name, one in parameters.items()}
    if inspect.isfunction(build) and takes_places(build):  # torch.vmap wants them by place
        return {name: one.default for name, one in parameters.items() if one.kind is not one.KEYWORD_ONLY}
    return {name: one.default for name, one in found[0].items() if one.kind is one.POSITIONAL_ONLY}


def takes_places(build):
    """Does what is wrapped around a function take any arguments by place?"""
    around = inspect.signature(build, follow_wrapped=False).parameters.values()
    return hasattr(build, "__wrapped__") and any(one.kind is one.VAR_POSITIONAL for one in around)


def inside(build):
    """The functions that a decorator has put another one around: those that it has kept."""
    function = plain(build)
    kept = closure(function).values() if inspect.isfunction(function) else ()
    return [one for one in kept if inspect.isfunction(one) or inspect.ismethod(one) or is_module(one)]

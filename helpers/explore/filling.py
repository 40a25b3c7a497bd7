"""What an explorer gives to each parameter of a function: parts of an example, under whatever name they have."""

import functools
import inspect

import numpy as np

from helpers.explore.controls import SIZES
from helpers.inputs.examples import LARGEST, SHAPES, example
from helpers.look.given import whole_number
from helpers.see.own_things import is_module, module_of, own_things, vocabularies
from helpers.see.sizes import PARTS
from helpers.see.wants_tensors import closure, plain

REQUIRED = inspect.Parameter.empty
LIKE_X = {"X", "input", "inputs", "hidden_states", "embeddings", "src", "tgt", "memory", "query", "key", "value"}
LIKE_IDS = {"idx", "ids", "input_ids", "token_ids"}
IN_MODULES = {"q", "k", "v", "Q", "K", "V", "context"}  # what attention gets from its block, each of the shape of x
VOCABULARY = 65  # ids of a function that does not tell how many it knows: as many as the lecture's text has characters


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


def parts_for(build, parameters):
    """What each parameter stands for that has no default of its own: ``{"src": "x", "idx": "ids"}``.

    A name of an example stands for itself, a module's first one for x or, where it looks them up, for ids.
    """
    module, parts = module_of(build) is not None, {}
    for name, one in parameters.items():
        needed = one.default is REQUIRED
        if not (needed or (one.default is None and name in SHAPES)) or name in SIZES or name == "seed":
            continue
        first = module and needed and not any(part in ("x", "ids") for part in parts.values())
        part = name if name in {*"qk"} and {*"qk"} <= {*parameters} and not module else part_of(name, module, first)
        if part == "x" and first and is_embedding(build):
            part = "ids"
        if part:
            parts[name] = part
    return parts


def to_fill(stand, parameters, fixed):
    """Those parts that you do not give: an x of yours has tokens of its own, too."""
    parts = {name: part for name, part in stand.items() if name not in fixed}
    own = {"x", "scores"} & parameters.keys() - parts.keys()
    return {name: part for name, part in parts.items() if not (own and name == "tokens")}


def part_of(name, module, first):
    """The part of an example that a parameter of this name gets, or None."""
    if name in LIKE_IDS or (module and name == "tokens"):
        return "ids"
    if name in LIKE_X or (module and name in IN_MODULES):
        return "x"
    return name if name in SHAPES else "x" if first else None


def is_embedding(build):
    return "num_embeddings" in getattr(module_of(build), "__dict__", {})


def filled(parts, sizes, seed, vocabulary):
    """The parts of an example at these sizes, by parameter; raises ValueError for sizes that it cannot have.

    vocabulary: ids are below it.
    """
    made, stand = example(**sizes, seed=seed), {*parts.values()}
    more = {"ids": ids(sizes, seed, vocabulary)} if "ids" in stand else {}
    if stand & {*"qk"}:
        x = example(**{**sizes, "B": None}, seed=seed).x
        more |= {"q": np.round(x @ made.Wq, 1) + 0.0, "k": np.round(x @ made.Wk, 1) + 0.0}  # (T, C) @ (C, h) -> (T, h)
    return {name: more[part] if part in more else getattr(made, part) for name, part in parts.items()}


def ids(sizes, seed, vocabulary):
    """Token ids below the vocabulary: (T,), or (B, T); more tokens keep those that were there."""
    rows, T = whole_number("B", sizes.get("B") or 1, 1, LARGEST), whole_number("T", sizes.get("T", 8), 1, LARGEST)
    drawn = np.stack([np.random.default_rng([seed, b]).integers(0, vocabulary, LARGEST)[:T] for b in range(rows)])
    return drawn if sizes.get("B") else drawn[0]


def vocabulary_of(build):
    """How many ids a function certainly knows, by the embeddings that it has."""
    return (vocabularies(own_things(build)[0]) or [VOCABULARY])[0]


def without_default(name, title, build):
    """What a parameter gets that nobody has a value for: no mask; raises ValueError for anything else."""
    if name == "self":
        raise ValueError(f"{title} is a method: give that of an object, as in explore(mine.{title}).")
    if "mask" in name.lower() and module_of(build) is not None:
        return  # all may look at all
    raise ValueError(
        f"{title} needs {name}, which explore cannot fill in: give it a default, or a value, as in "
        f"explore({title}, {name}=…)."
    )


def sizes_for(parts):
    """The sizes that decide these parts, each once."""
    return dict.fromkeys(size for part in parts.values() for size in PARTS[part])

"""What an explorer gives to each parameter of a function: parts of an example, under whatever name they have."""

import numpy as np

from helpers.explore.controls import SIZES
from helpers.explore.parameters import REQUIRED
from helpers.inputs.examples import LARGEST, SHAPES, example
from helpers.look.given import whole_number
from helpers.see.own_things import module_of, own_things, vocabularies
from helpers.see.sizes import PARTS

LIKE_X = {"X", "input", "inputs", "hidden_states", "embeddings", "src", "tgt", "memory", "query", "key", "value"}
LIKE_IDS = {"idx", "ids", "input_ids", "token_ids"}
IN_MODULES = {"q", "k", "v", "Q", "K", "V", "context"}  # what attention gets from its block, each of the shape of x
VOCABULARY = 65  # ids of a function that does not tell how many it knows: as many as the lecture's text has characters


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

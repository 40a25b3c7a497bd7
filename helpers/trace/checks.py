"""What a Trace is given beside numbers, checked: names, factors, tokens."""

import math

from helpers.look.given import as_text, told


def checked_name(name):
    """The name of a matrix; raises ValueError for what is none."""
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"the name of a matrix is {told(name)}; wanted a text, as in 'scores'.")
    return name


def checked_factor(name, kind, factor):
    """A factor as a float; raises ValueError for one that is no finite number, or that the kind has no use for."""
    try:
        number = math.nan if isinstance(factor, str | bytes) else float(factor)
    except Exception:  # noqa: BLE001 - a learner's own thing may do anything
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"the factor of {name} is {told(factor)}; wanted a number.")
    if number != 1 and kind != "sum-product":
        raise ValueError(
            f"{name} has the factor {told(factor)}, which only a step of kind 'sum-product' has a use for."
        )
    return number


def checked_tokens(tokens):
    """Tokens as texts: a list of them, or one for each of some axes; raises ValueError for anything else."""
    try:
        if isinstance(tokens, dict) and tokens:
            return {axis: [as_text(token) for token in words] for axis, words in tokens.items()}
        return None if tokens is None else [as_text(token) for token in tokens]
    except TypeError:
        raise ValueError(
            f"tokens is {told(tokens)}; wanted a list of words, or one for each axis, as in "
            "{'t': ['le', 'chat'], 's': ['the', 'cat', 'sat']}."
        ) from None

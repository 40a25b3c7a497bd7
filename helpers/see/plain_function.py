"""Functions that return plain numbers, your own above all, as a Trace: what they were given, and what came out.

Importing this module imports neither torch nor matplotlib.
"""

import warnings

import numpy as np

from helpers.inputs.examples import example
from helpers.trace.trace import Trace

AXES = {"x": "t c", "Wq": "c h", "Wk": "c h", "Wv": "c h", "scores": "t s", "v": "t h"}
ROLES = {"x": "x", "Wq": "query", "Wk": "key", "Wv": "value", "scores": "scores", "v": "value"}
# Sizes that differ, to see which axis of a result is which: at T = C it could not be told.
PROBE = {"T": 5, "C": 3, "head_size": 2, "B": 4}
LETTERS = {"T": "t", "C": "c", "head_size": "h", "B": "b"}


def called(build, arguments):
    """What a function gives for these arrays: a Trace, or plain numbers.

    Arrays understand some of what tensors do, and mean another thing by it: ``k.transpose(-2, -1)`` leaves an array as
    it is. So a
    function that gives no Trace gets tensors where it knows PyTorch, and arrays only if it cannot work with those.
    """
    torch = getattr(build, "__globals__", {}).get("torch")
    try:
        value = build(**arguments)
    except Exception:
        if torch is None:
            raise
    else:
        if torch is None or isinstance(value, Trace):
            return value
    tensors = {
        name: torch.tensor(value, dtype=torch.float32) if isinstance(value, np.ndarray) else value
        for name, value in arguments.items()
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # NumPy's, of a tensor that it takes for an array
            return build(**tensors)
    except Exception:  # noqa: BLE001 - made for arrays, or broken for both: then this is what is told
        return build(**arguments)


def as_array(value):
    """A result as an array of float64, or None for what is none."""
    try:
        array = np.asarray(value.detach() if hasattr(value, "detach") else value, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError):
        return None
    return array if array.ndim and array.size else None


def as_trace(build, title, arguments, value):
    """The Trace of a function that returned plain numbers: its inputs, and ``out``.

    arguments: what it was given, by parameter, ``tokens`` among them if it takes them. Raises ValueError for a result
    that holds no numbers.
    """
    array = as_array(value)
    if array is None:
        raise ValueError(
            f"{title} returned {type(value).__name__}; wanted a Trace, or an array or a tensor of numbers. "
            "Is there a `return` at its end?"
        )
    trace = Trace(title, arguments.get("tokens"))
    for name, given in arguments.items():
        if name in AXES and np.ndim(given) in (2, 3):
            axes = "b " * (np.ndim(given) == 3) + AXES[name]
            trace.given(name, given, axes, role=ROLES[name], parameter=name.startswith("W"))
    rows = array.sum(axis=-1)
    role = "weights" if (array >= 0).all() and np.allclose(rows, 1) and array.ndim > 1 else "out"
    trace.given(
        "out",
        array,
        " ".join(axes_of(build, arguments, array)),
        role=role,
        code=f"out = {title}({', '.join(arguments)})",
    )
    return trace


def axes_of(build, arguments, array):
    """The letter of each axis of a result, found by calling the function once at sizes that all differ."""
    sizes = {name: size for name, size in PROBE.items() if name != "B" or np.ndim(arguments.get("x")) == 3}
    made = example(**sizes)
    try:
        probe = as_array(
            called(
                build,
                {
                    name: getattr(made, name) if name in AXES or name == "tokens" else sizes.get(name, value)
                    for name, value in arguments.items()
                },
            )
        )
    except Exception:  # noqa: BLE001 - a learner's own function may fail at sizes that nobody asked for
        probe = None
    lengths = probe.shape if probe is not None and probe.ndim == array.ndim else ()
    known = {size: LETTERS[name] for name, size in sizes.items()}
    letters = [known.get(length, "") for length in lengths] or [""] * array.ndim
    spare = iter("ijklmnop")
    found = []
    for letter in letters:
        letter = "s" if letter == "t" and "t" in found else letter
        found.append(letter if letter and letter not in found else next(spare))
    return found

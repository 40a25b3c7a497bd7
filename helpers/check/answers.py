"""What a learner's function returned, as an array of numbers; or in one sentence why it is none."""

import inspect
import sys

import numpy as np

KINDS = {
    list: "a list",
    tuple: "a tuple",
    dict: "a dictionary",
    set: "a set",
    str: "a text",
    bool: "a truth value",
    int: "a whole number",
    float: "a plain number",
    complex: "a complex number",
}


def read(value, tensors=True, whole=False):
    """``(array, "")`` in float64, or ``(None, sentence)``.

    tensors: a PyTorch tensor is wanted, not a NumPy array. whole: whole numbers are wanted.
    """
    wanted = "a tensor, as the input is" if tensors else "a NumPy array, as the input is"
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        if not tensors:
            return None, f"it returned a PyTorch tensor; wanted {wanted}: `.numpy()` makes one of it."
        if value.is_nested or value.is_quantized or value.layout != torch.strided or value.is_meta:
            return (
                None,
                "it returned a tensor of a special kind (sparse, nested, quantized or without data); wanted a "
                "plain one.",
            )
        array, kind = (
            value.detach().cpu().to(torch.float64 if not value.is_complex() else torch.complex128).numpy(),
            str(value.dtype).removeprefix("torch."),
        )
    elif isinstance(value, np.ndarray | np.generic):
        if tensors and value.ndim:
            return None, f"it returned a NumPy array; wanted {wanted}: `torch.tensor(...)` makes one of it."
        array, kind = value, str(value.dtype)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return None, f"it returned {described(value)}; wanted {wanted}."
    else:
        array = np.asarray(value)
        kind = "int64" if whole and isinstance(value, int) else "float64"  # min(1, 0.5) may be 1, and is right
    if whole and not kind.startswith(("int", "uint")):
        return None, f"it returned numbers of type {kind}; wanted whole numbers."
    if not whole and kind not in ("float32", "float64"):
        why = (
            "whole numbers cut off what stands behind the point"
            if kind.startswith(("int", "uint"))
            else "half of the digits are gone"
            if "16" in kind
            else "these are no plain numbers"
        )
        return None, f"it returned numbers of type {kind}; wanted float32 or float64: {why}."
    return np.array(array, dtype=float), ""  # a copy: the learner's function may fill the same array again


def described(value):
    """A value of any type in a few words."""
    if value is None:
        return "None (is there a `return` at its end?)"
    if inspect.isgenerator(value):
        return "a generator (is there a `yield` where a `return` should be?)"
    if callable(value):
        return "a function (is it called, with its brackets?)"
    return KINDS.get(type(value)) or f"something of type {type(value).__name__}"

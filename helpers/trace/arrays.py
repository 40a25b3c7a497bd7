"""What a learner gives becomes a NumPy array."""

from numbers import Real

import numpy as np

HELD = {"U": "text", "S": "text", "c": "complex numbers", "M": "dates", "m": "times"}


def as_array(name, value):
    """A float64 NumPy array (integers stay integers) of a list, an array or a torch tensor.

    Raises ValueError for rows that differ in length, for things that are not real numbers, and for a masked array.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise ValueError(
            f"{name} is a masked array of shape {value.shape}; wanted a plain one, as in {name}.filled(0), and a mask "
            "of its own."
        )
    if callable(value) and hasattr(getattr(value, "weight", None), "detach"):
        raise ValueError(as_layer(name, value))
    try:
        value = np.asarray(plain(value))
    except Exception as error:
        cause = "its rows differ in length" if isinstance(error, ValueError) else f"it is a {type(value).__name__}"
        raise ValueError(f"{name} is not a matrix: {cause}.") from error
    if value.dtype.kind == "O" and all(isinstance(one, Real) for one in value.flat):
        value = as_floats(value)  # whole numbers too large for 64 bits, fractions
    if value.dtype.kind not in "biuf":
        held = HELD.get(value.dtype.kind, "things that are not numbers")
        raise ValueError(f"{name} has shape {value.shape} and holds {held}; wanted real numbers.")
    return value.astype(np.int64 if np.can_cast(value.dtype, np.int64) else np.float64)


def as_layer(name, layer):
    """A sentence on a layer that stands where its matrix should."""
    text = f"{name} is a {type(layer).__name__}, a layer; wanted its matrix, as in {name} = layer.weight.T"
    if getattr(layer, "bias", None) is None:
        return f"{text}: an nn.Linear keeps it transposed."
    return (
        f"{text}: an nn.Linear keeps it transposed. Its bias has a place as one more row of {name}, which a channel of "
        "ones in x reads."
    )


def plain(value):
    """A torch tensor as an array, of any of its kinds of number; all else as it is."""
    if not hasattr(value, "detach"):
        return value
    value = value.detach().cpu()
    value = value.to_dense() if hasattr(value, "to_dense") else value
    return value.double().numpy() if value.is_floating_point() else value.numpy()


def as_floats(value):
    """An array of objects as floats; what no float can hold becomes infinite."""

    def convert(one):
        try:
            return float(one)
        except OverflowError:
            return float("inf") if one > 0 else float("-inf")

    return np.array([convert(one) for one in value.flat]).reshape(value.shape)

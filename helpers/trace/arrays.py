"""What a learner gives becomes a NumPy array."""

import numpy as np


def as_array(name, value):
    """A float64 NumPy array (integers stay integers) of a list, an array or a torch tensor."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.double().numpy() if value.is_floating_point() else value.numpy()
    try:
        value = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is not a matrix: its rows differ in length.") from error
    if value.dtype.kind not in "biuf":
        held = {"U": "text", "c": "complex numbers"}.get(value.dtype.kind, "things that are not numbers")
        raise ValueError(f"{name} has shape {value.shape} and holds {held}; wanted real numbers.")
    return value.astype(np.int64 if np.can_cast(value.dtype, np.int64) else np.float64)

"""What holds numbers in a run, a tensor or an array: its numbers, its place in the memory, if it was written into."""

from functools import lru_cache

import numpy as np

TYPES = {"f": np.float64, "i": np.int64, "u": np.int64, "b": np.bool_, "c": np.complex128}


ATOMS = {int, float, bool, str, type(None), type(Ellipsis)}  # of these, nothing is inside


class Kept:
    """The mark of arrays, and of single numbers, whose calls are noted."""


def found_in(value, kinds):
    """All things of these kinds in a nest of lists, tuples, dictionaries and slices, in order: a list."""
    found, left = [], [value]
    while left:
        one = left.pop()
        if type(one) in ATOMS:
            continue
        if isinstance(one, kinds):
            found.append(one)
        elif isinstance(one, list | tuple):
            left += one[::-1]
        elif isinstance(one, dict):
            left += [*one.values()][::-1]
        elif isinstance(one, slice):
            left += (one.step, one.stop, one.start)
    return found


def with_matrices(value, kinds, matrix_of):
    """The same nest with ``matrix_of(one)`` in the place of each thing of these kinds."""
    if type(value) in ATOMS:
        return value
    if isinstance(value, kinds):
        return matrix_of(value)
    if isinstance(value, tuple):
        return tuple(with_matrices(one, kinds, matrix_of) for one in value)
    if isinstance(value, list):
        return [with_matrices(one, kinds, matrix_of) for one in value]
    if isinstance(value, dict):
        return {key: with_matrices(one, kinds, matrix_of) for key, one in value.items()}
    if isinstance(value, slice):
        return slice(*(with_matrices(one, kinds, matrix_of) for one in (value.start, value.stop, value.step)))
    return value


def version(holder):
    """Another value after each write: PyTorch's count, which is None in inference mode; of an array, what it holds."""
    if isinstance(holder, np.ndarray):
        return hash(holder.tobytes())  # NumPy does not count
    try:
        return holder._version
    except (RuntimeError, AttributeError):  # nobody counts, or it is a single number
        return None


def memory(holder):
    """What tells the memory of a tensor or an array from all others."""
    if isinstance(holder, np.ndarray):
        while isinstance(holder.base, np.ndarray):
            holder = holder.base
        return id(holder)
    try:
        return holder.untyped_storage()._cdata
    except (RuntimeError, AttributeError):  # a sparse tensor and a single number have none
        return id(holder)


def cells(holder):
    """For each cell its place in the memory; of an array in bytes."""
    if isinstance(holder, np.ndarray):
        start, strides = holder.__array_interface__["data"][0], holder.strides
    else:
        start, strides = (holder.storage_offset(), holder.stride()) if hasattr(holder, "stride") else (0, ())
    found = np.full(tuple(holder.shape), start, dtype=np.int64)
    for axis, (size, stride) in enumerate(zip(holder.shape, strides)):
        found += (np.arange(size) * stride).reshape([-1 if one == axis else 1 for one in range(found.ndim)])
    return found


def cell_size(holder):
    """The bytes of one cell."""
    return holder.element_size() if hasattr(holder, "element_size") else holder.itemsize


def numbers(holder):
    """A copy of the numbers of a tensor or an array: float64, int64, bool or complex128; NaN where they have none."""
    if isinstance(holder, np.ndarray | Kept):
        array = holder.view(np.ndarray) if isinstance(holder, np.ndarray) else np.array(holder.bare())
        return widened(array) if array.dtype.kind in TYPES else np.full(array.shape, np.nan)
    plain = holder.detach()
    try:
        return widened(plain.numpy())
    except (RuntimeError, TypeError):  # it is of a kind that NumPy does not have, or not in the memory of the processor
        return unusual(plain)


def widened(array):
    """A copy in the widest type of its kind. What stands in memory that nobody filled may be no number at all."""
    with np.errstate(invalid="ignore"):
        return array.astype(TYPES[array.dtype.kind])


def unusual(plain):
    """The same for sparse, quantized and half-precision numbers, and for those on another device."""
    try:
        plain = plain.dequantize() if plain.is_quantized else plain.to_dense()
        plain = plain.cpu().resolve_conj().resolve_neg()
        if plain.is_floating_point() and plain.element_size() < 4:
            plain = plain.float()  # NumPy knows no bfloat16
        return widened(plain.numpy())
    except (RuntimeError, TypeError, ValueError):
        return np.full(tuple(plain.shape), np.nan)


def kind(holder):
    """The type of its numbers: ``"float32"``."""
    return name_of(holder.dtype)


@lru_cache
def name_of(dtype):
    return str(dtype).removeprefix("torch.")

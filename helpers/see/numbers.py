"""What a function returned, as an array of real numbers; or, in a sentence, why it cannot be drawn."""

import inspect
import sys
from numbers import Real

import numpy as np

from helpers.look.sentence import one_line
from helpers.see.copies import is_tensor

MOST_AXES = 6  # a picture shows two at a time, the others are chosen below it
MOST_NUMBERS = 2**20
LARGEST_WHOLE = 2**53  # up to here float64 holds every whole number


class NoNumbers(ValueError):
    """What holds no numbers that can be drawn: ``what`` it is, and a ``hint``."""

    def __init__(self, what, hint):
        super().__init__(f"{what}. {hint}")
        self.what, self.hint = what, hint


def real_numbers(value):
    """A NumPy array of the numbers in an array, a tensor or a list of rows: int64 where they fit, else float64.

    Raises NoNumbers for anything else, complex numbers, masked cells, a single number, no number, too many.

    >>> real_numbers([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    no_other_thing(value)
    array = as_plain_array(value)
    what = f"{with_article(value)} of shape {array.shape}" if array.ndim else with_article(value)
    if array.dtype.kind == "O":
        array = of_objects(array, what)
    if array.dtype.kind == "c":
        raise NoNumbers(f"{what} with complex numbers", "Return .real, .imag or abs() of it.")
    if array.dtype.kind not in "biuf":
        held = {"U": "text", "S": "text", "M": "dates", "m": "times"}.get(array.dtype.kind, "things")
        raise NoNumbers(f"{what} that holds {held}", "Return numbers.")
    if array.ndim == 0:
        raise NoNumbers(f"a single number, {array.item()!r}", "Return the row or the matrix that it comes from.")
    if array.size == 0:
        raise NoNumbers(what, "There is nothing in it: is a slice empty?")
    if array.ndim > MOST_AXES or array.size > MOST_NUMBERS:
        raise NoNumbers(what, f"At most {MOST_AXES} axes and {MOST_NUMBERS:,} numbers can be drawn.")
    with np.errstate(invalid="ignore"):  # memory that nobody filled may hold what is no number at all
        return array.astype(np.int64 if np.can_cast(array.dtype, np.int64) else np.float64)


def no_other_thing(value):
    """Raise NoNumbers for what is neither an array nor a list, with a hint how it becomes one."""
    torch = sys.modules.get("torch")
    kind = type(value).__name__
    if value is None:
        raise NoNumbers("None", "Is there a `return` at its end?")
    if inspect.iscoroutine(value):
        value.close()
        raise NoNumbers("a coroutine", "Write `def` in place of `async def`.")
    if hasattr(type(value), "__next__"):
        raise NoNumbers(
            f"a {kind}, which can be read only once", "Put list(…) around it. One without end: list(islice(…, 8))."
        )
    if isinstance(value, range) and len(value) > MOST_NUMBERS:
        raise NoNumbers(f"a range of {len(value):,}", f"At most {MOST_NUMBERS:,} numbers can be drawn.")
    if isinstance(value, str | bytes):
        raise NoNumbers(f"text, {one_line(repr(value), 40)}", "Return numbers.")
    if isinstance(value, dict | set | frozenset):
        raise NoNumbers(f"a {kind} of {len(value)}", "Return one of the matrices in it.")
    if isinstance(value, tuple) and any(is_matrix(one) for one in value):
        raise NoNumbers(f"a {kind} of {len(value)} matrices", "Return one of them, or stack those of one shape.")
    if torch is not None and isinstance(value, torch.nn.Module):
        raise NoNumbers(f"{kind}, a torch module", "Call it on x, and return what it gives.")
    if inspect.isroutine(value) or isinstance(value, type):
        raise NoNumbers("a function", "Call it, and return what it gives.")


def is_matrix(value):
    """Is it an array or a tensor with at least one axis?"""
    return (is_tensor(value) or isinstance(value, np.ndarray)) and value.ndim > 0


def as_plain_array(value):
    """Any array, tensor or list as a NumPy array of any type; raises NoNumbers for masked cells and ragged rows."""
    if is_tensor(value):
        return of_tensor(value)
    if np.ma.isMaskedArray(value):
        if np.ma.getmaskarray(value).any():
            raise NoNumbers(
                f"an array of shape {value.shape} with masked cells", "Say what stands there, as in .filled(-np.inf)."
            )
        return np.asarray(value.data)
    if isinstance(value, list | tuple):
        rows = [as_plain_array(one) if isinstance(one, list | tuple) or is_matrix(one) else one for one in value]
        rows = [of_tensor(one) if is_tensor(one) else one for one in rows]
        shapes = {np.shape(one) for one in rows}
        if len(shapes) > 1:
            lengths = ", ".join(str(shape) for shape in sorted(shapes)[:3])
            raise NoNumbers(
                f"a {type(value).__name__} of rows that differ in shape, {lengths}", "Give all rows one length."
            )
        return np.asarray(rows)
    try:
        return np.asarray(value)
    except Exception as error:  # whatever an object of a learner's own raises when it is asked for its numbers
        raise NoNumbers(type(value).__name__, "It cannot be made an array.") from error


def of_tensor(value):
    """A tensor of any type and layout, on any device, as a NumPy array; raises NoNumbers for one without numbers."""
    try:
        dense = value.detach().dequantize() if value.is_quantized else value.detach().to_dense()
        dense = dense.cpu().resolve_conj().resolve_neg()
        return (dense.double() if dense.is_floating_point() else dense).numpy()  # NumPy knows no bfloat16
    except (RuntimeError, TypeError, ValueError) as error:  # NotImplementedError of a meta tensor among them
        what = f"a tensor, {str(value.dtype).removeprefix('torch.')}, on {value.device}"
        raise NoNumbers(what, f"Its numbers cannot be read: {one_line(error, 100)}") from error


def of_objects(array, what):
    """An array of Python objects as float64, if every one is a real number; raises NoNumbers."""
    for one in array.flat:
        if not isinstance(one, Real) and not hasattr(type(one), "__float__"):
            kind = type(one).__name__
            raise NoNumbers(what if kind == "object" else f"{what} that holds {kind}", "Return numbers.")
    try:
        return array.astype(np.float64)
    except OverflowError as error:
        raise NoNumbers(
            f"{what} with a whole number beyond 10^308", "Compute with fractions: x.astype(float)."
        ) from error


def with_article(value):
    """``an array``, ``a tensor``, ``a list``, ``a DataFrame``"""
    kind = type(value).__name__
    if is_tensor(value):
        return "a tensor"
    if isinstance(value, np.ndarray) and not np.ma.isMaskedArray(value):
        return "an array"
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"


def beyond_exact(array):
    """Does it hold whole numbers that float64 cannot tell from their neighbors?"""
    return array.dtype.kind == "i" and bool(array.max() > LARGEST_WHOLE or array.min() < -LARGEST_WHOLE)

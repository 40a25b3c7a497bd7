"""The value of a whole step at once, with NumPy: what ``helpers.trace.rules`` says cell by cell."""

import math
from itertools import pairwise

import numpy as np

from helpers.look.style import shape_text, size_name
from helpers.trace import rules


def evaluate(kind, rule, values, factor=1.0, name="the step", **made):
    """The value of a whole step at once: what ``rules.cell`` gives cell by cell.

    values: the input arrays; made: the sizes of axes that a reshape makes. Returns the output array. Raises
    ValueError if the named axes of the inputs differ in size, or the numbers do not fill the shape of a reshape.
    """
    if kind == "reshape":
        return reshape(rule, values[0], made, name)
    axes, output, guard = rules.parse(rule)
    sizes = {}
    for named, value in zip(axes, values):
        for axis, size in zip(named, value.shape):
            if sizes.setdefault(axis, size) != size:
                raise ValueError(
                    f"{name}: the axis {axis} of the rule {rule!r} has size {sizes[axis]} in one input "
                    f"and {size} in another."
                )
    # An axis that only the output has runs along with the one it replaces: t with s in "s c -> t c".
    new = [axis for axis in output if axis not in sizes]
    sizes.update(zip(new, [sizes[axis] for axis in sizes if axis not in output]))
    first, every, operands = values[0], list(sizes), list(zip(values, axes))
    if guard:
        left, sign, right = guard
        keep = rules.COMPARE[sign](*np.indices((sizes[left], sizes[right]))), (left, right)
    if guard and kind in ("sum-product", "mean"):
        # A term that is left out counts for nothing even where it is NaN: 0 · NaN would be NaN.
        operands = [(np.where(einsum([keep], every, sizes), einsum(operands, every, sizes), 0.0), every)]
    if kind == "sum-product":
        return factor * einsum(operands, output, sizes)
    if kind == "mean":
        count = einsum([keep if guard else (np.ones(()), ())], every, sizes).astype(float)
        with np.errstate(invalid="ignore"):  # the mean of no terms is NaN
            return einsum(operands, output, sizes) / einsum([(count, every)], output, sizes)
    if kind == "subtract":
        first, second = (einsum([operand], output, sizes) for operand in operands)
        return first - second
    if kind == "add":
        return sum(einsum([operand], output, sizes) for operand in operands)
    if kind == "mask":
        return np.where(einsum([keep], output, sizes), einsum(operands, output, sizes), -math.inf)
    if kind == "lookup":
        return first[values[1]]
    if kind == "relu":
        return np.maximum(einsum(operands, output, sizes), 0.0)
    if kind == "rsqrt":
        with np.errstate(invalid="ignore", divide="ignore"):
            return (einsum(operands, output, sizes) + rules.EPSILON) ** -0.5
    along = next(i for i, axis in enumerate(axes[0]) if axis not in output)
    if kind == "softmax":
        # Subtracting the row's maximum changes nothing but keeps e^x from overflowing.
        with np.errstate(invalid="ignore", over="ignore"):
            powers = np.exp(first - first.max(axis=along, keepdims=True))
            return powers / powers.sum(axis=along, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = first.sum(axis=along, keepdims=True)
        return np.where(total == 0, math.nan, first / total)


def reshape(rule, value, made, name):
    """The value of a step of kind reshape: through its chain of shapes, link by link."""
    links = rules.chain(rule)
    given, sizes = shape_text(links[0], value.shape), dict(zip(links[0], value.shape))
    for axis, size in made.items():
        if not hasattr(size, "__index__") or size < 1:
            raise ValueError(f"{name}: {axis} is {size!r}; wanted a whole number from 1 up.")
        if sizes.setdefault(axis, int(size)) != size:
            raise ValueError(f"{name}: {axis} is {size}, but the matrix that it is made from has shape {given}.")
    for before, after in pairwise(links):
        if set(before) == set(after):
            value = value.transpose([before.index(axis) for axis in after])
            continue
        unknown, known = [axis for axis in after if axis not in sizes], math.prod(sizes.get(axis, 1) for axis in after)
        if len(unknown) > 1:
            raise ValueError(
                f"{name}: the rule {rule!r} leaves {' and '.join(unknown)} open; give each of them a size but one, "
                f"as in {unknown[0]}=2."
            )
        if value.size % known or (not unknown and value.size != known):
            wanted = ", ".join(size_name(axis) + (f"={sizes[axis]}" if axis in sizes else "") for axis in after)
            raise ValueError(
                f"{name} is made from a matrix of shape {given}; its {value.size} numbers do not fill ({wanted})."
            )
        sizes.update((axis, value.size // known) for axis in unknown)
        value = value.reshape([sizes[axis] for axis in after])
    return value


def einsum(operands, output, sizes):
    """``np.einsum`` by named axes of any length; along an output axis that no operand has, the result repeats."""
    letters = {}
    for _, named in operands:
        for axis in named:
            letters.setdefault(axis, chr(ord("a") + len(letters)))
    present = [axis for axis in output if axis in letters]
    spec = ",".join("".join(letters[axis] for axis in named) for _, named in operands)
    result = np.einsum(f"{spec}->{''.join(letters[axis] for axis in present)}", *(value for value, _ in operands))
    result = result.reshape([sizes[axis] if axis in letters else 1 for axis in output])
    return np.broadcast_to(result, [sizes[axis] for axis in output])

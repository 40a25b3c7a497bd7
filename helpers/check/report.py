"""What a learner reads when a check fails: the smallest input that shows it, what came out, what was wanted, and
why.
"""

import numpy as np

from helpers.check.tries import close

AXES = {"h": "head_size", "n": "heads", "V": "vocabulary"}  # the names of the axes that are longer than their letter
MOST_ROWS, MOST_CELLS = 9, 60  # larger arrays are told by their first difference alone


def shape(value, sizes, axes=None):
    """``(T=2, C=3)``: the axes that are known, or those that alone have such a size."""
    lengths = np.shape(value)
    names = axes.split() if axes is not None and len(axes.split()) == len(lengths) else [None] * len(lengths)
    said = []
    for name, length in zip(names, lengths):
        if name is None or sizes.get(name) != length:
            fitting = [axis for axis, size in sizes.items() if size == length]
            name = fitting[0] if len(fitting) == 1 else None
        said.append(f"{AXES.get(name, name)}={length}" if name else str(length))
    return f"({', '.join(said)}{',' if len(said) == 1 else ''})"


def table(value, indent=4):
    """An array as text, 3 decimals."""
    text = np.array2string(np.asarray(value), precision=3, suppress_small=True, floatmode="maxprec", threshold=10_000)
    return "\n".join(" " * indent + line for line in text.splitlines())


def is_small(value):
    return np.size(value) <= MOST_CELLS and (np.ndim(value) < 2 or np.prod(np.shape(value)[:-1]) <= MOST_ROWS)


def inputs(exercise, case):
    """The input of a case, told once: its numbers where there are few, else its shapes."""
    if case.told is None:
        case.told = [*lines_of(exercise, case)]
    return case.told


def lines_of(exercise, case):
    for name, value in case.inputs.items():
        if not np.ndim(value):
            yield f"  {name} = {value!r}"
        elif is_small(value):
            yield f"  {name} {shape(value, case.sizes, exercise.asks[name])} ="
            yield table(value)
        else:
            yield f"  {name} {shape(value, case.sizes, exercise.asks[name])}"


def stopped(exercise, attempt, right=0, cause=""):
    """A call that came to no result. right: how many shapes were right before it. cause: a sentence, or nothing."""
    after = f", after {right} shapes that were right" if right else ""
    said = [f"{exercise.name}: {attempt.problem}", f"The input was{after}:", *inputs(exercise, attempt.case)]
    return "\n".join([*said, *[cause] * bool(cause)])


def wrong(exercise, attempt, tries, diagnosis):
    """The first of the tries that was not right: no result, or another one. diagnosis: a sentence, or nothing."""
    if attempt.problem:
        return stopped(exercise, attempt, tries.index(attempt), diagnosis)
    case = attempt.case
    lines = [f"{exercise.name}: not yet. The smallest input that shows it:", *inputs(exercise, case)]
    for name, wanted in attempt.wanted.items():
        lines += difference(name, attempt.found[name], np.asarray(wanted), case, exercise.gives[name])
    return "\n".join(
        [*lines, diagnosis or "No mistake that is known here gives these numbers: compare them with yours, one by one."]
    )


def difference(name, found, wanted, case, axes):
    """Yours and wanted, and the first cell where they part."""
    if found.shape != wanted.shape:
        return [f"  your {name} has shape {shape(found, case.sizes)}; wanted {shape(wanted, case.sizes, axes)}"]
    apart = ~close(found, wanted.astype(float), case.scale)
    if not apart.any():
        return []
    at = tuple(np.argwhere(apart)[0].tolist())
    if is_small(wanted):
        return [
            f"  yours {shape(found, case.sizes, axes)} =",
            table(found),
            f"  wanted {shape(wanted, case.sizes, axes)} =",
            table(wanted),
        ]
    return [
        f"  first difference at {name}[{','.join(map(str, at))}]: yours {found[at]:.3f}, wanted {float(wanted[at]):.3f}"
    ]

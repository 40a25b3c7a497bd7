"""Trying a learner's function: each try is one case, run on copies, with what came out and what was wanted."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from helpers.check.answers import described, read


@dataclass(eq=False)  # one is equal to itself alone: arrays cannot be compared in a word
class Try:
    """One case, and what the learner's function made of it.

    found: the results by name; None where there is a problem, which is told in a sentence. raised: an exception was it.
    """

    case: object
    found: dict | None
    wanted: dict
    problem: str = ""
    raised: bool = False

    @cached_property
    def right(self):
        return self.found is not None and same(self.found, self.wanted, self.case.scale)

    @property
    def shape(self):
        """The sizes of the case: two tries of the same shape prove no more than one."""
        return tuple(sorted(self.case.sizes.items()))


class Trials:
    """Runs one function on cases of one exercise, until a Deadline. order: of the parameters, by name."""

    def __init__(self, exercise, function, order, deadline):
        self.exercise, self.function, self.order, self.deadline = exercise, function, order, deadline

    @property
    def is_over(self):
        """Is the time used up?"""
        return self.deadline.is_over

    def run(self, case):
        """The function's Try at a case, once, on fresh copies of its inputs."""
        wanted = self.exercise.wanted(case)
        given = arguments(self.exercise, case)
        made = self.deadline.call(self.function, [given[name] for name in self.order])
        if made.problem:
            return Try(case, None, wanted, made.problem, raised=made.raised)
        if problem := changed(case, given):
            return Try(case, None, wanted, problem)
        found, problem = named(self.exercise, made.value, wanted)
        return Try(case, found, wanted, problem)


def arguments(exercise, case):
    """Fresh copies of a case's inputs by name, as tensors where the exercise works with these."""
    if not exercise.tensors:
        return {name: np.array(value) if np.ndim(value) else value for name, value in case.inputs.items()}
    if case.tensors is None:
        import torch  # the exercises of the first notebooks need none

        case.tensors = {
            name: torch.tensor(value, dtype=None if value.dtype.kind in "iub" else torch.float32)
            for name, value in case.inputs.items()
            if np.ndim(value)
        }
    return {name: case.tensors[name].clone() if name in case.tensors else value for name, value in case.inputs.items()}


def changed(case, given):
    """A sentence where the function wrote into an input; else nothing."""
    for name, before in case.inputs.items():
        if np.ndim(before) and not is_kept(given[name], case, name):
            held = array_of(given[name])
            if held.shape != np.shape(before):
                return f"it changes the shape of {name} in place: the caller's {name} is another one afterwards."
            now = held.astype(float)
            where = np.argwhere(~np.isclose(now, before, rtol=1e-6, equal_nan=True))
            if len(where):
                at = tuple(where[0].tolist())
                return (
                    f"it changes its input in place: {name}[{','.join(map(str, at))}] was {before[at]:.3f} and is "
                    f"{now[at]:.3f} afterwards. "
                    f"Work on a copy, or make a new array."
                )
    return ""


def is_kept(given, case, name):
    """Is an input as it was given, to the last bit?"""
    if isinstance(given, np.ndarray):
        return np.array_equal(given, case.inputs[name])
    return given.dtype == case.tensors[name].dtype and given.equal(case.tensors[name])


def array_of(given):
    """An array or a tensor, one that asks for a gradient too, as an array."""
    return np.asarray(given.detach() if hasattr(given, "detach") else given)


def named(exercise, value, wanted):
    """The results by name as arrays, of whole numbers where these are wanted; or a sentence."""
    names = list(exercise.gives)
    if len(names) > 1:
        if not isinstance(value, tuple | list) or len(value) != len(names):
            return None, f"it returned {described(value)}; wanted {len(names)} results, `return {', '.join(names)}`."
    else:
        value = [value]
    whole = {name: np.asarray(one).dtype.kind in "iu" for name, one in wanted.items()}
    found = {}
    for name, one in zip(names, value):
        found[name], problem = read(one, exercise.tensors, whole[name])
        if problem:
            return None, problem if len(names) == 1 else problem.replace("it returned", f"as {name} it returned", 1)
    return found, ""


def same(found, wanted, scale):
    """Are all results equal, NaN to NaN? scale: of the inputs; float32 is precise to about seven digits.

    The masked cells of a masked array are equal to anything.
    """
    return all(
        np.shape(found[name]) == np.shape(value) and close(found[name], np.asanyarray(value, float), scale).all()
        for name, value in wanted.items()
    )


def close(found, wanted, scale):
    """Where two arrays of floats of one shape are equal, as far as float32 can be: an array of True and False.

    It is what ``np.isclose`` tells, at half its price.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(found - wanted) <= 1e-4 * max(1.0, scale) + 1e-3 * np.abs(wanted)
    finite = np.isfinite(wanted)
    return near if finite.all() else near & finite | (found == wanted) | (np.isnan(found) & np.isnan(wanted))


def overflowed(found, expected):
    """Is something NaN or infinite that should not be?"""
    pairs = [(found[name], np.asarray(value)) for name, value in expected.items()]
    return any(np.shape(one) == other.shape and not np.isfinite(one[np.isfinite(other)]).all() for one, other in pairs)


def drowned(found, expected):
    """Is something 0 that should not be? So it is where it was divided by a sum that had grown infinite."""
    pairs = [(found[name], np.asarray(value)) for name, value in expected.items()]
    return any(np.shape(one) == other.shape and (other[one == 0] != 0).any() for one, other in pairs)

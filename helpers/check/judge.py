"""The judge: runs a learner's function on many shapes, and says by evidence what is wrong with it."""

import dis
import inspect
import time
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from helpers.check import report
from helpers.check.answers import described, read
from helpers.check.calls import SECONDS, call

PADDING = {"RESUME", "NOP", "CACHE"}
NOTHING = {"LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}  # what `return None` is made of
ALONE = {"B": "there is one sequence", "T": "there is one token"}


@dataclass
class Verdict:
    """solved: True, False, or None where nothing was tried yet. text: what the learner reads."""

    solved: bool | None
    text: str


@dataclass
class Try:
    """One case, and what the learner's function made of it."""

    case: object
    found: dict | None
    wanted: dict
    problem: str = ""

    @property
    def right(self):
        return self.found is not None and same(self.found, self.wanted, self.case.scale)


def judge(exercise, function, seed=0, count=4):
    """The Verdict on a learner's function. seed, count: of the random shapes that are tried beside the chosen ones."""
    wrong = unusable(exercise, function)
    if wrong is not None:
        return wrong
    tries, until = [], time.monotonic() + SECONDS
    for case in exercise.cases(seed, count):
        tries.append(attempt(exercise, function, case, until))
        if tries[-1].problem:
            break
    if tries[-1].problem and all(one.right for one in tries[:-1]):
        return Verdict(False, report.stopped(exercise, tries[-1], right=len(tries) - 1))
    wrong = next((one for one in tries if not one.right), None)
    if wrong is not None:
        return Verdict(False, report.wrong(exercise, wrong, diagnosis(exercise, tries)))
    if not exercise.loops and has_loop(function):
        return Verdict(False, f"{exercise.name}: it is right, but with a Python loop: now without.")
    return Verdict(True, f"{exercise.name}: right, on {len(tries)} shapes.")


def unusable(exercise, function):
    """A Verdict on what cannot be called as the exercise will call it, or was not begun; else None."""
    wanted = ", ".join(exercise.asks)
    if not callable(function):
        return Verdict(
            False,
            f"{exercise.name}: it got {described(function)}; hand over the function itself, without brackets "
            "behind its name.",
        )
    try:
        inspect.signature(function).bind(*exercise.asks)
    except TypeError:
        own = ", ".join(inspect.signature(function).parameters) or "nothing"
        return Verdict(False, f"{exercise.name}: your function takes {own}; wanted {wanted}.")
    except ValueError:
        pass  # something built in that does not tell
    if is_stub(function):
        return Verdict(None, f"{exercise.name}: not tried yet.")
    return None


def is_stub(function):
    """Is there nothing in it but ``...``, ``pass`` or a docstring?"""
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    steps = [step for step in dis.get_instructions(code) if step.opname not in PADDING]
    return steps[0].argval is None and {step.opname for step in steps} <= NOTHING


def has_loop(function):
    """Does it, or a function inside it, loop in Python?"""
    codes = [getattr(function, "__code__", None)]
    while codes:
        code = codes.pop()
        if code is None:
            continue
        if any(
            step.opname in ("FOR_ITER", "JUMP_BACKWARD") or step.opname.startswith("POP_JUMP_BACKWARD")
            for step in dis.get_instructions(code)
        ):
            return True
        codes += [constant for constant in code.co_consts if inspect.iscode(constant)]
    return False


def attempt(exercise, function, case, until):
    """Run the learner's function on a case, twice on copies: the second must give the same."""
    wanted = exercise.answer(case)
    results = []
    for _ in range(2):
        given = arguments(exercise, case)
        made = call(function, given, max(0.05, until - time.monotonic()))
        if made.problem:
            return Try(case, None, wanted, made.problem)
        if problem := changed(exercise, case, given):
            return Try(case, None, wanted, problem)
        found, problem = named(exercise, made.value, wanted)
        if problem:
            return Try(case, None, wanted, problem)
        results.append(found)
    if not same(*results, 0.0):
        return Try(
            case,
            None,
            wanted,
            "it gives other numbers each time, for the same input: something in it is drawn at random in each call.",
        )
    return Try(case, results[0], wanted)


def arguments(exercise, case):
    """Fresh copies of a case's inputs, as tensors where the exercise works with these."""
    if not exercise.tensors:
        return [np.array(value) if np.ndim(value) else value for value in case.inputs.values()]
    import torch  # the exercises of the first notebooks need none

    return [
        torch.tensor(value, dtype=None if value.dtype.kind in "iub" else torch.float32) if np.ndim(value) else value
        for value in map(plain, case.inputs.values())
    ]


def plain(value):
    return value if np.ndim(value) == 0 else np.asarray(value)


def changed(exercise, case, given):
    """A sentence where the function wrote into an input; else nothing."""
    for (name, before), after in zip(case.inputs.items(), given):
        if np.ndim(before):
            now = np.asarray(after, dtype=float)
            if now.shape != np.shape(before):
                return f"it changes the shape of {name} in place: the caller's {name} is another one afterwards."
            where = np.argwhere(~np.isclose(now, before, rtol=1e-6, equal_nan=True))
            if len(where):
                at = tuple(where[0].tolist())
                return (
                    f"it changes its input in place: {name}[{','.join(map(str, at))}] was {before[at]:.3f} and is "
                    f"{now[at]:.3f} afterwards. "
                    f"Work on a copy, or make a new array."
                )
    return ""


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
    """Are all results equal, NaN to NaN? scale: of the inputs; float32 is precise to about seven digits."""
    return all(
        np.shape(found[name]) == np.shape(value)
        and np.allclose(found[name], np.asarray(value, float), rtol=1e-3, atol=1e-4 * max(1.0, scale), equal_nan=True)
        if scale
        else np.array_equal(found[name], value, equal_nan=True)
        for name, value in wanted.items()
    )


def diagnosis(exercise, tries):
    """What the evidence of all tries says, in a sentence; nothing where it is not clear."""
    done = [one for one in tries if not one.problem]
    for sentence, mistaken in exercise.mistakes.values():
        answers = [exercise.answer(one.case, mistaken) for one in done]
        if len(done) > 1 and all(
            answer is not None and same(one.found, answer, one.case.scale) for one, answer in zip(done, answers)
        ):
            return f"It looks as if {sentence}."
    if all(
        np.ndim(value) > 1
        and one.found[name].shape == np.swapaxes(value, -1, -2).shape
        and same({name: np.swapaxes(one.found[name], -1, -2)}, {name: value}, one.case.scale)
        for one in done
        for name, value in one.wanted.items()
    ):
        return "It is right, but transposed: its last two axes have changed places."
    used = dict.fromkeys(axis for axes in (*exercise.asks.values(), *exercise.gives.values()) for axis in axes.split())
    for a, b in combinations(used, 2):
        alike = [one.case.sizes[a] == one.case.sizes[b] for one in done]
        if any(alike) and not all(alike) and [one.right for one in done] == alike:
            return (
                f"It is right only where {report.AXES.get(a, a)} equals {report.AXES.get(b, b)}: one was taken "
                "for the other."
            )
    for axis, words in [(axis, words) for axis, words in ALONE.items() if axis in used]:
        alone = [one.case.sizes.get(axis) == 1 for one in done]
        if any(alone) and not all(alone) and [one.right for one in done] == alone:
            return f"It is right only where {words}."
    if exercise.causal and len(done) > 1 and (leak := sees_the_future(done)):
        return leak
    return ""


def sees_the_future(done):
    """Rows that are right only at the end of a sequence have looked ahead: all wrong but the last, in every try."""
    first = next(one for one in done if not one.right)
    for name, wanted in first.wanted.items():
        found = first.found[name]
        if np.shape(found) == np.shape(wanted) and np.ndim(wanted) >= 2 and np.shape(wanted)[-2] > 1:
            rows = [
                np.allclose(found[..., t, :], wanted[..., t, :], rtol=1e-3, atol=1e-4)
                for t in range(np.shape(wanted)[-2])
            ]
            if rows[-1] and not any(rows[:-1]):
                return (
                    "Only the last row is right, the one that has no future: the other rows seem to see later tokens."
                )
    return ""

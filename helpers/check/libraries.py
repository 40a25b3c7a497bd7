"""A function that was written for NumPy's arrays where PyTorch's tensors are given, or the other way around."""

import sys
from dataclasses import replace

from helpers.check.tries import Trials

SENTENCES = {
    False: "this exercise works with NumPy arrays, and your function with PyTorch tensors{right}: use NumPy's own "
    "functions, or make tensors of what comes in, `torch.tensor(...)`, and an array of what goes out, `.numpy()`.",
    True: "this exercise works with PyTorch tensors, and your function with NumPy arrays{right}: use torch's own "
    "functions, or make arrays of what comes in, `.numpy()`, and a tensor of what goes out, `torch.tensor(...)`.",
}


def in_the_other_library(trials, cases):
    """A sentence on a function that comes to results with the arrays of the other library, and only with these."""
    if "torch" not in sys.modules:
        return ""
    exercise = replace(trials.exercise, tensors=not trials.exercise.tensors)
    others = Trials(exercise, trials.function, trials.order, trials.deadline)
    tries = []
    for case in cases:
        if others.is_over:
            return ""
        tries.append(others.run(case))
        if tries[-1].found is None:
            return ""
    right = all(one.right for one in tries)
    return SENTENCES[not exercise.tensors].format(right=", with which it is right" if right else "")

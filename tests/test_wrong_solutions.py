"""Wrong solutions as learners write them, each told rightly: named where its name is known, and never by another one.

A row of the table is a right solution with one slip: the exercise, what is replaced by what, and words of the sentence
that it earns. NOTHING: no name is known, so none may be given.
"""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import check
from helpers.check.judge import judge
from tests.wrong_solutions import FINE, NOTHING, RIGHT, SLIPS

EXERCISES = check.exercises()
NAMES = ("It looks as if", "It is right", "It sees", "It takes", "It gives back", "Every number")
ROWS = [(name, *row) for name, rows in SLIPS.items() for row in rows]


def handed_in(name, code):
    """The function that a learner's cell defines."""
    names = {"np": np, "torch": torch, "nn": nn, "F": F, "math": math}
    exec(code, names)
    return names[name]


def told(name, code):
    verdict = judge(EXERCISES[name], handed_in(name, code))
    assert not verdict.solved, code
    return verdict.text


def test_the_solutions_without_a_slip_are_right():
    assert {*RIGHT} == {*EXERCISES}
    for name, code in RIGHT.items():
        verdict = judge(EXERCISES[name], handed_in(name, code))
        assert verdict.solved, verdict.text


@pytest.mark.parametrize(("name", "old", "new", "words"), ROWS, ids=[f"{row[0]}-{row[2][:50]}" for row in ROWS])
def test_a_wrong_solution_is_told_rightly(name, old, new, words):
    assert RIGHT[name].count(old) >= 1, old
    text = told(name, RIGHT[name].replace(old, new))
    if words is NOTHING:
        assert not any(start in text for start in NAMES), text
    else:
        assert words in text, text
        assert sum(text.count(start) for start in NAMES) <= 1, text


@pytest.mark.parametrize(("name", "old", "new"), [(name, *row) for name, rows in FINE.items() for row in rows])
def test_another_right_way_is_right(name, old, new):
    verdict = judge(EXERCISES[name], handed_in(name, RIGHT[name].replace(old, new)))
    assert verdict.solved, verdict.text

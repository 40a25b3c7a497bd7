"""Wrong solutions as learners write them, each told rightly: named where its name is known, and never by another one.

A row of the table is a right solution with one slip: the exercise, what is replaced by what, and words of the sentence
that it earns. NOTHING: no name is known, so none may be given.
"""

import itertools
import math
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import check
from helpers.check.calls import Deadline
from helpers.check.evidence import agrees
from helpers.check.judge import judge
from helpers.check.tries import Trials
from tests.small_changes import some_changes
from tests.wrong_solutions import FINE, NOTHING, RIGHT, SLIPS

EXERCISES = check.exercises()
NAMES = ("It looks as if", "It is right", "It sees", "It takes", "It gives back", "Every number")


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


@pytest.mark.parametrize("name", SLIPS)
def test_wrong_solutions_are_told_rightly(name):
    """The words that are expected, in the one sentence that names something; where nothing is known, there is none."""
    for old, new, words in SLIPS[name]:
        assert old in RIGHT[name], old
        text = told(name, RIGHT[name].replace(old, new))
        names = sum(text.count(start) for start in NAMES)
        assert words in text and names <= (words is not NOTHING), f"{old} became {new}:\n{text}"


def test_there_are_many():
    assert {*SLIPS} == {*EXERCISES} and sum(map(len, SLIPS.values())) > 500


@pytest.mark.parametrize(("name", "old", "new"), [(name, *row) for name, rows in FINE.items() for row in rows])
def test_another_right_way_is_right(name, old, new):
    verdict = judge(EXERCISES[name], handed_in(name, RIGHT[name].replace(old, new)))
    assert verdict.solved, verdict.text


# -- the same verdict from other numbers -------------------------------------------------------------

STEADY = [
    ("masked_weights", "return masked.softmax(dim=-1)", "return nn.Dropout(0.1)(masked.softmax(dim=-1))"),
    ("masked_weights", "return masked.softmax(dim=-1)", "return (scores + tril).softmax(dim=-1)"),
    ("masked_weights", 'float("-inf")', "-5"),
    ("masked_weights", 'float("-inf")', "-8"),
    ("masked_weights", 'float("-inf")', "-100"),
    ("masked_weights", "T = scores.shape[-1]", "T = scores.shape[0]"),
    ("unscaled_head", 'float("-inf")', "-8"),
    ("unscaled_head", 'float("-inf")', "-1e3"),
    ("unscaled_head", "q @ k.transpose(-2, -1)", "q @ k.transpose(-2, -1) * C**-0.5"),
    ("unscaled_head", "return out", "return F.scaled_dot_product_attention(q, k, v, attn_mask=tril)"),
    ("waves_at", "* speeds", "/ speeds"),
    ("up_and_down", "F.relu(up)", "F.relu6(up)"),
    ("mean_so_far", "x[: t + 1]", "x[: t + 2]"),
]


@pytest.mark.parametrize(("name", "old", "new"), STEADY)
def test_a_verdict_does_not_hang_on_the_numbers_or_sizes_that_were_drawn(name, old, new):
    words = next(words for first, second, words in SLIPS[name] if (first, second) == (old, new))
    function = handed_in(name, RIGHT[name].replace(old, new))
    for seed in range(20):
        torch.default_generator.manual_seed(seed)
        verdict = judge(EXERCISES[name], function, seed=seed, count=(4, 8, 2, 6)[seed % 4])
        assert not verdict.solved and words in verdict.text and sum(map(verdict.text.count, NAMES)) <= 1, verdict.text


# -- unrelated mistakes, in every exercise -----------------------------------------------------------

UNRELATED = {
    "bent": lambda found: found + 0.3 * np.sin(7 * found + 1),
    "squashed": lambda found: np.tanh(found) + 0.01 * found**2 + 0.05,
    "tilted": lambda found: found + 0.05 * np.arange(1, found.size + 1).reshape(found.shape) ** 1.5,
    "one cell": lambda found: np.where(np.arange(found.size).reshape(found.shape) == found.size // 2, 9.5, found),
    "shrunk": lambda found: found * (1 + found.size) ** -0.5 + 0.25,
    "every third": lambda found: np.where(np.arange(found.size).reshape(found.shape) % 3 == 0, 0.75 - found, found),
}


def bent(found, bend):
    """A result, or each of several, with all its numbers changed."""
    if isinstance(found, tuple):
        return tuple(bent(one, bend) for one in found)
    array = np.asarray(found)
    made = bend(array.astype(float))
    made = (np.rint(3 * made) + 1 if array.dtype.kind in "iu" else made).astype(array.dtype)
    return torch.tensor(made) if isinstance(found, torch.Tensor) else made


@pytest.mark.parametrize("unrelated", UNRELATED)
def test_an_unrelated_mistake_gets_no_name(unrelated):
    for name, exercise in EXERCISES.items():
        right = handed_in(name, RIGHT[name])
        verdict = judge(exercise, lambda *given, right=right: bent(right(*given), UNRELATED[unrelated]))
        assert verdict.solved is False and NOTHING in verdict.text, verdict.text


@pytest.mark.parametrize(
    "activation", ["F.relu6(2 * up) / 2", "F.relu(up + 0.2)", "F.relu(up - 1)", "F.softshrink(up)", "F.softplus(up)"]
)
def test_where_one_token_is_right_by_chance_nothing_is_proven(activation):
    assert NOTHING in told("up_and_down", RIGHT["up_and_down"].replace("F.relu(up)", activation))


def test_right_where_two_sizes_are_equal_takes_more_than_two_cases():
    """One lone shape that is right, or two, prove nothing."""
    oracle = EXERCISES["mean_so_far"].oracle
    for shapes in ([(3, 3)], [(1, 1)], [(3, 3), (1, 1)]):
        verdict = judge(EXERCISES["mean_so_far"], lambda x, shapes=shapes: oracle(x) + (x.shape not in shapes))
        assert NOTHING in verdict.text, verdict.text


def test_transposed_takes_more_than_what_is_its_own_transpose():
    """Symmetric results prove nothing, and one that is not symmetric is too few."""
    oracle = EXERCISES["averaging_matrix"].oracle
    verdict = judge(EXERCISES["averaging_matrix"], lambda T: torch.tensor(oracle(T).T if T < 3 else oracle(T) + 1.0))
    assert NOTHING in verdict.text, verdict.text


def test_seeing_later_tokens_takes_every_try():
    """The last row alone is right in the smallest try, and nothing of a later token is heard."""
    oracle = EXERCISES["mean_so_far"].oracle

    def wrong(x):
        found = oracle(x)
        found[:-1] += 0.5
        return found

    verdict = judge(EXERCISES["mean_so_far"], wrong)
    assert "later tokens" not in verdict.text, verdict.text


SOFTMAX = {
    "softmax_rows": ("(scores - scores.amax(-1, keepdim=True)).exp()", "scores.exp()"),
    "masked_weights": ("masked.softmax(dim=-1)", "masked.exp() / masked.exp().sum(-1, keepdim=True)"),
    "unscaled_head": ("scores.softmax(dim=-1)", "scores.exp() / scores.exp().sum(-1, keepdim=True)"),
    "softened": ("(scores / temperature).softmax(dim=-1)", "F.normalize((scores / temperature).exp(), p=1, dim=-1)"),
    "one_number": ("np.exp(scores - scores.max())", "np.exp(scores)"),
    "whole_head": ("masked - masked.max(axis=-1, keepdims=True)", "masked"),
    "all_heads": ("scores.softmax(dim=-1)", "scores.exp() / scores.exp().sum(-1, keepdim=True)"),
    "mean_loss": (
        "F.cross_entropy(logits.view(B * T, V), targets.view(B * T))",
        "-(logits.exp() / logits.exp().sum(-1, keepdim=True)).gather(-1, targets[..., None]).log().mean()",
    ),
}


@pytest.mark.parametrize("name", SOFTMAX)
@pytest.mark.parametrize("seed", range(4))
def test_a_right_formula_without_the_largest_subtracted_is_refused_for_its_overflow_alone(name, seed):
    verdict = judge(EXERCISES[name], handed_in(name, RIGHT[name].replace(*SOFTMAX[name])), seed=seed, count=8)
    assert verdict.solved or "overflow" in verdict.text, verdict.text
    assert not verdict.solved or name in ("masked_weights", "softened", "mean_loss", "one_number")


# -- chance, and what is kept between calls ----------------------------------------------------------

DRAWN = [
    "x + random.random()",
    "x + np.random.rand()",
    "x + np.random.default_rng().normal(size=x.shape)",
    "x + float(torch.rand(1))",
    "np.where(np.random.rand(*x.shape) < 0.1, 0, RIGHT(x))",
    "RIGHT(x) * (random.random() < 0.9)",
]
KEPT = [
    "COUNT.append(1) or x + len(COUNT)",
    "x + next(NUMBERS)",
    "x + next(TURNS)",
    "RIGHT(x) + (COUNT.append(1) or len(COUNT) == 1)",
    "x + DRAWN.random()",
]


@pytest.mark.parametrize(("body", "said"), [*((one, "drawn at random") for one in DRAWN), *((k, "kept") for k in KEPT)])
def test_what_is_drawn_and_what_is_kept_are_told_apart(body, said):
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    names = dict(
        np=np, torch=torch, random=random, COUNT=[], NUMBERS=itertools.count(), RIGHT=EXERCISES["mean_so_far"].oracle
    )
    names |= dict(TURNS=itertools.cycle([0, 1]), DRAWN=random.Random(1))
    exec(f"def mean_so_far(x):\n    return {body}", names)
    text = judge(EXERCISES["mean_so_far"], names["mean_so_far"]).text
    assert "other numbers each time" in text
    assert ("is drawn at random in each call" in text) == (said == "drawn at random"), text
    assert ("something kept from one call to the next" in text) == (said == "kept"), text


def test_a_check_leaves_the_learners_random_numbers_alone():
    def draws():
        return random.random(), np.random.rand(), float(torch.rand(1))

    def seed():
        random.seed(3)
        np.random.seed(3)
        torch.manual_seed(3)

    seed()
    wanted, default_rng = draws(), np.random.default_rng
    seed()
    judge(EXERCISES["mean_so_far"], lambda x: x + sum(draws()))
    assert draws() == wanted and np.random.default_rng is default_rng


def test_a_check_changes_nothing_of_the_learners():
    """Inputs are copies in each call, results are not written to, and an array that is filled again is no trouble."""
    seen, buffer = [], np.zeros(100)

    def mean_so_far(x):
        found = buffer[: x.size].reshape(x.shape)  # the same memory each time
        found[:] = EXERCISES["mean_so_far"].oracle(x)
        seen.append((x, x.copy()))
        return found

    before = dict(vars(mean_so_far))
    assert judge(EXERCISES["mean_so_far"], mean_so_far).solved
    assert vars(mean_so_far) == before and all(np.array_equal(x, kept) for x, kept in seen)
    assert len({id(x) for x, _ in seen}) == len(seen) <= 14 + 6  # each shape once, and a few once more


def test_no_check_calls_a_function_more_than_a_hundred_times():
    calls = []
    judge(EXERCISES["mean_so_far"], lambda x: calls.append(1) or x + x**2)
    assert 14 < len(calls) < 100
    calls.clear()
    judge(EXERCISES["mean_so_far"], lambda x: calls.append(1) or x.astype(int))
    assert len(calls) == 1


# -- any small change --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXERCISES)
def test_any_small_change_gets_a_verdict_and_a_name_that_holds_elsewhere(name):
    """A classic mistake that is named gives the numbers of the changed code on other shapes, too."""
    exercise = EXERCISES[name]
    sentences = {f"It looks as if {sentence}.": mistaken for sentence, mistaken in exercise.mistakes.values()}
    for code in some_changes(RIGHT[name], random.Random(name), most=10):
        function = handed_in(name, code)
        verdict = judge(exercise, function)
        assert verdict.text.startswith(f"{name}: ") and verdict.solved is not None
        mistaken = sentences.get(verdict.text.splitlines()[-1])
        if mistaken:
            with Deadline(5) as deadline:
                trials = Trials(exercise, function, [*exercise.asks], deadline)
                for case in exercise.cases(seed=5, count=3)[3:6]:
                    assert agrees(
                        trials.run(case), lambda one, wrong=mistaken: exercise.mistaken(one.case, wrong), set()
                    ), code

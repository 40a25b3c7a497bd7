"""Every cell follows from its own rule: its value, the cells it is made of, and the formula that says so."""

import math
import re
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.attention.averages import average_matmul, average_past, masked_softmax
from helpers.attention.heads import head
from helpers.trace import rules
from helpers.trace.grammar import COMPARE, Comparison, Malformed, Side, parse
from helpers.trace.kinds import KINDS
from helpers.trace.kinds.curves import CURVES
from helpers.trace.trace import Trace
from tests.near import assert_near
from tests.strategies import GENERATOR, RULES, STEPS, moved_values

NAN, INF = math.nan, math.inf
EXTREMES = ("max", "min", "maximum", "minimum")

every_kind = pytest.mark.parametrize("kind", RULES)
random_steps = settings(deadline=None, max_examples=60)


def cells(step):
    return np.ndindex(step.value.shape)


def recomputed(trace, step):
    """The whole step, one ``rules.cell`` at a time."""
    values = [rules.cell(step, index, trace.inputs(step)) for index in cells(step)]
    return np.reshape(values, step.value.shape)


# -- parsing --------------------------------------------------------------------------------------


T, S, SEEN = Side("t", 0), Side("s", 0), Comparison(Side("s", 0), "<=", Side("t", 0))


@pytest.mark.parametrize(
    ("rule", "inputs", "output", "guard"),
    [
        ("->", ((),), (), ()),
        ("t c -> ", (("t", "c"),), (), ()),
        ("b t h,b s h->b t s", (("b", "t", "h"), ("b", "s", "h")), ("b", "t", "s"), ()),
        ("s c -> t c | s <= t", (("s", "c"),), ("t", "c"), ((SEEN,),)),
        ("t s -> t s|s>t-3", (("t", "s"),), ("t", "s"), ((Comparison(S, ">", Side("t", -3)),),)),
        (
            "t s -> t s | s <= t, s > t - 3 or s < 1",
            (("t", "s"),),
            ("t", "s"),
            ((SEEN,), (Comparison(S, ">", Side("t", -3)), Comparison(S, "<", Side("", 1)))),
        ),
        ("t s -> t s | t + 2 != s", (("t", "s"),), ("t", "s"), ((Comparison(Side("t", 2), "!=", S),),)),
    ],
)
def test_a_rule_is_inputs_output_and_guard(rule, inputs, output, guard):
    assert parse(rule)[:3] == (inputs, output, guard)


def test_a_rule_has_cuts_and_the_shapes_that_a_reshape_goes_through():
    assert parse("t[1:] c[:-2:3] -> s h").cuts == {"t": slice(1, None), "c": slice(None, -2, 3)}
    assert parse("t e -> t n h -> n t h").through == (("t", "n", "h"),)


@pytest.mark.parametrize(
    "rule",
    [
        *("", "t c", "(t c) -> t c", "t c - > t", "1 -> t", "t t -> t", "t -> t t", "t c => t", "or -> or", "t-c -> t"),
        *("t -> t |", "t -> t | t", "t -> t | t <=", "t -> t | <= t", "t -> t | t < t < t", "t -> t | t = 1"),
        *("t -> t | t < z", "t -> t | t < 1,", "t -> t | t < 1 or", "t -> t | t * 2 < 1", "t -> t | t < 1.5"),
        *("t[1] -> s", "t[] -> s", "t[::0] -> s", "t -> s[1:]", "t[1:", " ".join("abcdefghijklmnopq") + " -> a"),
    ],
)
def test_what_is_no_rule_is_said_in_a_sentence(rule):
    with pytest.raises(Malformed, match=r"^(has|names|compares|cuts) "):
        parse(rule)


def test_every_kind_is_tried():
    assert {*RULES} == {kind for kind, of in KINDS.items() if of.ruled}


# -- the value of a cell --------------------------------------------------------------------------


@every_kind
@random_steps
@given(data=st.data())
def test_a_step_is_its_cells_and_its_sources_are_those_with_a_derivative(kind, data):
    trace = data.draw(STEPS[kind])
    step = trace["y"]
    assert len(step.axes) == step.value.ndim
    assert_near(recomputed(trace, step), step.value, rtol=1e-12, atol=1e-12)
    for index, moved in (compared if kind in COMPARE else derivatives)(trace, step).items():
        if not math.isnan(step.value[index]):
            found = trace.sources("y", *index)
            assert len(found) == len(set(found)) and set(found) == moved


@settings(deadline=None, max_examples=25)
@given(rng=GENERATOR, T=st.integers(1, 4), C=st.integers(1, 4), h=st.integers(1, 4), B=st.none() | st.integers(1, 3))
def test_every_attention_is_its_cells(rng, T, C, h, B):
    x, scores = rng.normal(size=(T, C) if B is None else (B, T, C)), rng.normal(size=(T, T))
    heads = head(x, *rng.normal(size=(3, C, h)), causal=bool(rng.integers(2)), temperature=0.7)
    for trace in (average_past(x), average_matmul(x), masked_softmax(scores, rng.normal(size=(T, h))), heads):
        for step in trace:
            assert_near(recomputed(trace, step), step.value, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["mean", "sum-product"])
@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_a_term_that_the_guard_leaves_out_spoils_nothing(kind, bad):
    """Zero times NaN would be NaN."""
    value = small(kind, "s -> t | s <= t", [1.0, 3.0, bad])["y"].value
    np.testing.assert_array_equal(value[:2], [1, 2] if kind == "mean" else [1, 4])
    np.testing.assert_array_equal(value[2], bad)


# -- the cells that a cell is made of -------------------------------------------------------------


def derivatives(trace, step):
    """Each cell's set of the input cells that move it, by central differences of the whole step."""
    moved = {index: set() for index in cells(step)}
    near = 2**-20 if step.kind in EXTREMES else 2**-10  # the next largest number may be close behind
    values = {one.name: one.value for one in trace.inputs(step)}
    for name in set(step.inputs[: KINDS[step.kind].differentiable]):
        at = partial(moved_values, step, values, name)
        up, down = at(near), at(-near)
        moves = up != down
        # A cube moves, though at 0 its derivative is 0: the second difference takes cubes away.
        if step.kind == "sum-product" and step.inputs.count(name) > 2:
            moves &= abs(8 * (up - down) - (at(2 * near) - at(-2 * near))) > 1e-9
        places = [*np.ndindex(values[name].shape)]
        for *index, place in np.argwhere(moves).tolist():
            moved[tuple(index)].add((name, places[place]))
    return moved


def compared(trace, step):
    """Each cell's set of the input cells that a comparison looks at: those that move the difference of the two."""
    other = Trace()
    for name in dict.fromkeys(step.inputs):
        other.adopt(trace[name])
    return derivatives(other, other.step("y", "subtract", step.rule, *step.inputs))


def small(kind, rule, *inputs, factor=1):
    """A trace whose step ``y`` is made of the inputs ``a``, ``b`` and ``c``."""
    trace = Trace()
    for name, value, axes in zip("abc", inputs, parse(rule).inputs):
        trace.given(name, value, " ".join(axes))
    trace.step("y", kind, rule, *"abc"[: len(inputs)], factor=factor)
    return trace


def made_of(trace):
    """The first two cells of ``y``: for each, the columns of the cells in row 0 of ``a`` that it is made of."""
    return [[where[-1] for name, where in trace.sources("y", 0, i) if name == "a"] for i in (0, 1)]


@pytest.mark.parametrize(
    ("scores", "columns"),
    [
        ([1.0, 2.0, 0.0], [[0, 1, 2], [0, 1, 2]]),
        ([1.0, 2.0, -INF], [[0, 1], [0, 1]]),
        ([1.0, -INF, 0.0], [[0, 2], []]),  # a masked cell is 0 whatever the scores
        ([5.0, -INF, -INF], [[], []]),  # a lone cell is 1 whatever its score
        ([-INF, -INF, -INF], [[], []]),
    ],
)
def test_sources_of_a_softmax(scores, columns):
    assert made_of(small("softmax", "t r -> t s", [scores])) == columns


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ([1.0, 1.0, 0.0], [[0, 1, 2], [0, 1, 2]]),
        ([0.0, 2.0, 0.0], [[0], [0, 2]]),  # 0 / sum moves with itself alone; own / own does not move with itself
        ([2.0, 1.0, -1.0], [[1, 2], [0, 1, 2]]),  # the others cancel: (2 + e) / (2 + e) stays 1
    ],
)
def test_sources_of_a_normalization(row, columns):
    assert made_of(small("normalize", "t r -> t s", [row])) == columns


@pytest.mark.parametrize(
    ("b", "columns"),
    [
        ([[1.0, 0.0], [1.0, 1.0]], [[0, 1], [1]]),  # what is multiplied by 0 does not count
        ([[0.0, 0.0], [0.0, 0.0]], [[], []]),
    ],
)
def test_sources_of_a_product(b, columns):
    assert made_of(small("sum-product", "t c, c h -> t h", [[0.0, 5.0]], b)) == columns


def test_a_cell_whose_terms_cancel_is_no_source():
    """a·1 + a·(−1) stays 0 whatever a is."""
    trace = small("sum-product", "t, s -> t", [2.0], [1.0, -1.0])
    assert trace.sources("y", 0) == [("b", (0,)), ("b", (1,))]


def test_what_relu_cuts_off_has_no_source():
    assert made_of(small("relu", "t c -> t c", [[2.0, -1.0]])) == [[0], []]
    assert made_of(small("relu", "t c -> t c", [[0.0, -INF]])) == [[], []]


def test_a_given_number_has_no_sources():
    assert average_past([[1.0]]).sources("x", 0, 0) == []


# -- the formula ----------------------------------------------------------------------------------


FORMULAS = [  # kind, rule, inputs a, b and c, the cell of y, the factor, the formula
    (
        "sum-product",
        "t c, c -> t",
        ([[1, -2]], [3, 0.5]),
        (0,),
        1,
        "y[0] = a[0,0]·b[0] + a[0,1]·b[1] = 1·3.0 + (−2)·0.5 = 2",
    ),
    (
        "sum-product",
        "t c, c -> t",
        ([[-1, 2]], [-3, -4]),
        (0,),
        1,
        "y[0] = a[0,0]·b[0] + a[0,1]·b[1] = −1·(−3) + 2·(−4) = −5",
    ),
    ("sum-product", "t, t, t -> t", ([2], [-3], [4]), (0,), 1, "y[0] = a[0]·b[0]·c[0] = 2·(−3)·4 = −24"),
    ("sum-product", "t c -> c t", ([[1, -0.25]],), (1, 0), 1, "y[1,0] = a[0,1] = −0.25"),
    ("sum-product", "t -> ", ([1, 2],), (), 1, "y = a[0] + a[1] = 1 + 2 = 3"),
    ("sum-product", "s -> t | s < t", ([1, 2],), (0,), 1, "y[0] = the sum of no terms = 0"),
    # a factor
    ("sum-product", "t -> t", ([3],), (0,), 0.5, "y[0] = 0.500·a[0] = 0.500·3 = 1.5"),
    ("sum-product", "t -> t", ([-3],), (0,), 0.5, "y[0] = 0.500·a[0] = 0.500·(−3) = −1.5"),
    ("sum-product", "t c -> t", ([[-1, -2]],), (0,), -2, "y[0] = −2.000·(a[0,0] + a[0,1]) = −2.000·(−1 + (−2)) = 6"),
    (
        "sum-product",
        "t c -> t",
        ([[0.1, 0.2]],),
        (0,),
        3**-0.5,
        "y[0] = 0.577·(a[0,0] + a[0,1]) = 0.577·(0.1 + 0.2) = 0.173",
    ),
    # three zeros or more are counted
    ("sum-product", "t c -> t", ([[5, 0, 0]],), (0,), 1, "y[0] = a[0,0] + a[0,1] + a[0,2] = 5 + 0 + 0 = 5"),
    ("sum-product", "t c -> t", ([[0, 5, 0, 0]],), (0,), 1, "y[0] = a[0,0] + a[0,1] + … + a[0,3] = 5 + 3 × 0 = 5"),
    ("sum-product", "t c -> t", ([[0, 0, 0]],), (0,), 1, "y[0] = a[0,0] + a[0,1] + a[0,2] = 3 × 0 = 0"),
    ("sum-product", "t c -> t", ([[0, 0, 0]],), (0,), 2, "y[0] = 2.000·(a[0,0] + a[0,1] + a[0,2]) = 2.000·(3 × 0) = 0"),
    # a long sum is cut
    (
        "sum-product",
        "c -> ",
        ([*range(1, 9)],),
        (),
        1,
        "y = a[0] + a[1] + … + a[7] = 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 = 36",
    ),
    (
        "sum-product",
        "c -> ",
        ([*range(1, 10)],),
        (),
        1,
        "y = a[0] + a[1] + … + a[8] = 1 + 2 + 3 + 4 + 5 + 6 + 7 + … + 9 = 45",
    ),
    (
        "sum-product",
        "c -> ",
        ([*range(1, 10), 0, 0, 0],),
        (),
        1,
        "y = a[0] + a[1] + … + a[11] = 1 + 2 + 3 + 4 + 5 + 6 + 7 + … + 9 + 3 × 0 = 45",
    ),
    (
        "mean",
        "c -> ",
        ([*range(-1, -10, -1)],),
        (),
        1,
        "y = (a[0] + a[1] + … + a[8]) / 9 = (−1 + (−2) + (−3) + (−4) + (−5) + (−6) + (−7) + … + (−9)) / 9 = −5",
    ),
    # the other kinds
    ("mean", "s -> t | s <= t", ([1, -2],), (1,), 1, "y[1] = (a[0] + a[1]) / 2 = (1 + (−2)) / 2 = −0.5"),
    ("mean", "s -> t | s <= t", ([-1, 3],), (0,), 1, "y[0] = (a[0]) / 1 = (−1) / 1 = −1"),
    ("mean", "t c -> t", ([[0, 0, 1]],), (0,), 1, "y[0] = (a[0,0] + a[0,1] + a[0,2]) / 3 = (0 + 0 + 1) / 3 = 0.333"),
    ("mean", "s -> t | s < t", ([1, 2],), (0,), 1, "y[0] = the mean of no terms = NaN"),
    ("add", "t c, c -> t c", ([[1, 0.5]], [3, -2]), (0, 1), 1, "y[0,1] = a[0,1] + b[1] = 0.5 + (−2) = −1.5"),
    ("subtract", "t c, t -> t c", ([[1, 0.5]], [3]), (0, 1), 1, "y[0,1] = a[0,1] − b[0] = 0.5 − 3 = −2.5"),
    ("subtract", "t, t -> t", ([-1], [-2]), (0,), 1, "y[0] = a[0] − b[0] = −1 − (−2) = 1"),
    ("add", "t, t, t -> t", ([-1], [-2], [3]), (0,), 1, "y[0] = a[0] + b[0] + c[0] = −1 + (−2) + 3 = 0"),
    ("mask", "t s -> t s | s <= t", ([[1, 2], [-3, 4]],), (1, 0), 1, "y[1,0] = a[1,0] = −3"),
    ("mask", "t s -> t s | s <= t", ([[1, 2], [-3, 4]],), (0, 1), 1, "y[0,1] = −∞, because s=1 ≤ t=0 is false"),
    ("mask", "t s -> t s | s > t", ([[1, 2], [-3, 4]],), (0, 0), 1, "y[0,0] = −∞, because s=0 > t=0 is false"),
    ("softmax", "r -> s", ([-1, 1],), (0,), 1, "y[0] = e^a[0] / (e^a[0] + e^a[1]) = e^−1 / (e^−1 + e^1) = 0.119"),
    ("softmax", "r -> s", ([0, -INF, 0],), (0,), 1, "y[0] = e^a[0] / (e^a[0] + e^a[2]) = e^0 / (e^0 + e^0) = 0.5"),
    ("softmax", "r -> s", ([0, -INF, 0],), (1,), 1, "y[1] = e^a[1] / (e^a[0] + e^a[2]) = e^−∞ / (e^0 + e^0) = 0.0"),
    ("softmax", "r -> s", ([0.7, -INF],), (0,), 1, "y[0] = e^a[0] / e^a[0] = e^0.7 / e^0.7 = 1"),
    ("softmax", "r -> s", ([-INF, -INF],), (1,), 1, "y[1] = e^a[1] / (e^a[0] + e^a[1]) = 0 / 0 = NaN"),
    ("normalize", "r -> s", ([1, 3],), (0,), 1, "y[0] = a[0] / (a[0] + a[1]) = 1 / (1 + 3) = 0.25"),
    ("normalize", "r -> s", ([-1, -3],), (0,), 1, "y[0] = a[0] / (a[0] + a[1]) = −1 / (−1 + (−3)) = 0.25"),
    ("normalize", "r -> s", ([2, -2],), (0,), 1, "y[0] = a[0] / (a[0] + a[1]) = 2 / (2 + (−2)) = NaN"),
    ("normalize", "r -> s", ([-5],), (0,), 1, "y[0] = a[0] / a[0] = −5 / (−5) = 1"),
    ("lookup", "v c, t -> t c", ([[1, 2], [3, 4], [-5, 6]], [0, 2]), (1, 0), 1, "y[1,0] = a[b[1],0] = a[2,0] = −5"),
    ("lookup", "v, t -> t", ([1, 2, 0.5], [0, 2]), (1,), 1, "y[1] = a[b[1]] = a[2] = 0.5"),
    ("relu", "t c -> t c", ([[0.5, -0.3]],), (0, 1), 1, "y[0,1] = max(0, a[0,1]) = max(0, −0.3) = 0"),
    ("relu", "t c -> c t", ([[0.5, -0.3]],), (0, 0), 1, "y[0,0] = max(0, a[0,0]) = max(0, 0.5) = 0.5"),
    ("relu", "t -> t", ([0.0, 1 / 3],), (0,), 1, "y[0] = max(0, a[0]) = max(0, 0) = 0"),
    ("rsqrt", "t -> t", ([0.25],), (0,), 1, "y[0] = 1 / √(a[0] + 0.00001) = 1 / √(0.25 + 0.00001) = 2.000"),
    ("rsqrt", "t -> t", ([0],), (0,), 1, "y[0] = 1 / √(a[0] + 0.00001) = 1 / √(0 + 0.00001) = 316.228"),
    ("reshape", "n t h -> t n h -> t e", ([[[1, 2]], [[-3, 4.5]]],), (0, 2), 1, "y[0,2] = a[1,0,0] = −3.0"),
    # the largest
    ("max", "t c -> t", ([[1, -2, 3]],), (0,), 1, "y[0] = max(a[0,0], a[0,1], a[0,2]) = max(1, −2, 3) = 3"),
    ("max", "t c -> t", ([[-1, -0.5]],), (0,), 1, "y[0] = max(a[0,0], a[0,1]) = max(−1.0, −0.5) = −0.5"),
    ("max", "s -> t | s < t", ([1, 2],), (0,), 1, "y[0] = the largest of no terms = −∞"),
    ("min", "t c -> t", ([[-1, -0.5]],), (0,), 1, "y[0] = min(a[0,0], a[0,1]) = min(−1.0, −0.5) = −1"),
    ("min", "s -> t | s < t", ([1, 2],), (0,), 1, "y[0] = the smallest of no terms = ∞"),
    # one cell from each input
    ("quotient", "t c, t -> t c", ([[1, 0.5]], [-2]), (0, 1), 1, "y[0,1] = a[0,1] / b[0] = 0.5 / (−2) = −0.25"),
    ("quotient", "t, t -> t", ([1], [0]), (0,), 1, "y[0] = a[0] / b[0] = 1 / 0 = ∞"),
    ("maximum", "t c, t -> t c", ([[1, 0.5]], [-2]), (0, 1), 1, "y[0,1] = max(a[0,1], b[0]) = max(0.5, −2) = 0.5"),
    ("maximum", "t, t -> t", ([-0.3], [0]), (0,), 1, "y[0] = max(a[0], b[0]) = max(−0.3, 0) = 0"),
    ("minimum", "t, t -> t", ([-1], [-2]), (0,), 1, "y[0] = min(a[0], b[0]) = min(−1, −2) = −2"),
    (">=", "t, s -> t s", ([-0.5], [0]), (0, 0), 1, "y[0,0] = a[0] ≥ b[0] = −0.5 ≥ 0 = 0"),
    ("!=", "t, -> t", ([-0.5], 0), (0,), 1, "y[0] = a[0] ≠ b = −0.5 ≠ 0 = 1"),
    ("==", "t, t -> t", ([2], [2]), (0,), 1, "y[0] = a[0] == b[0] = 2 == 2 = 1"),
    ("<", "t, t -> t", ([-2], [-INF]), (0,), 1, "y[0] = a[0] < b[0] = −2 < (−∞) = 0"),
    # functions of one number
    ("exp", "t -> t", ([-1],), (0,), 1, "y[0] = e^a[0] = e^−1 = 0.368"),
    ("log", "t -> t", ([0.5],), (0,), 1, "y[0] = log(a[0]) = log(0.5) = −0.693"),
    ("log", "t -> t", ([-1],), (0,), 1, "y[0] = log(a[0]) = log(−1) = NaN"),
    ("sqrt", "t c -> c t", ([[4, 2.25]],), (1, 0), 1, "y[1,0] = √(a[0,1]) = √(2.25) = 1.5"),
    ("sigmoid", "t -> t", ([-2],), (0,), 1, "y[0] = 1 / (1 + e^(−a[0])) = 1 / (1 + e^(−(−2))) = 0.119"),
    ("tanh", "t -> t", ([0.5],), (0,), 1, "y[0] = tanh(a[0]) = tanh(0.5) = 0.462"),
    ("gelu", "t -> t", ([1],), (0,), 1, "y[0] = a[0]·Φ(a[0]) = 1·Φ(1) = 0.841"),
    ("silu", "t -> t", ([1],), (0,), 1, "y[0] = a[0] / (1 + e^(−a[0])) = 1 / (1 + e^(−1)) = 0.731"),
    (
        "gelu-tanh",
        "t -> t",
        ([-1],),
        (0,),
        1,
        "y[0] = 0.5·a[0]·(1 + tanh(0.798·(a[0] + 0.045·a[0]³))) "
        "= 0.5·(−1)·(1 + tanh(0.798·(−1 + 0.045·(−1)³))) = −0.159",
    ),
    ("softplus", "t -> t", ([-1],), (0,), 1, "y[0] = log(1 + e^a[0]) = log(1 + e^−1) = 0.313"),
    ("erf", "t -> t", ([1],), (0,), 1, "y[0] = erf(a[0]) = erf(1) = 0.843"),
    ("abs", "t -> t", ([-0.5],), (0,), 1, "y[0] = |a[0]| = |−0.5| = 0.5"),
    ("sin", "t -> t", ([1],), (0,), 1, "y[0] = sin(a[0]) = sin(1) = 0.841"),
    ("cos", "t -> t", ([-1],), (0,), 1, "y[0] = cos(a[0]) = cos(−1) = 0.540"),
    # the same numbers in other places
    ("slice", "t[1:] c -> s c", ([[1, 2], [3, 4]],), (0, 1), 1, "y[0,1] = a[1,1] = 4"),
    ("slice", "c[-2:] -> h", ([1, 2, 3],), (0,), 1, "y[0] = a[1] = 2"),
    ("concatenate", "p h, t h -> s h", ([[1], [2]], [[3]]), (2, 0), 1, "y[2,0] = b[0,0] = 3"),
    ("concatenate", "t p, t c -> t e", ([[1, 2]], [[3]]), (0, 1), 1, "y[0,1] = a[0,1] = 2"),
    # what is not finite
    ("relu", "t -> t", ([NAN],), (0,), 1, "y[0] = max(0, a[0]) = max(0, NaN) = NaN"),
    ("relu", "t -> t", ([-INF],), (0,), 1, "y[0] = max(0, a[0]) = max(0, −∞) = 0"),
    ("rsqrt", "t -> t", ([-1],), (0,), 1, "y[0] = 1 / √(a[0] + 0.00001) = 1 / √(−1 + 0.00001) = NaN"),
    ("sum-product", "c -> ", ([1, NAN],), (), 1, "y = a[0] + a[1] = 1 + NaN = NaN"),
    ("sum-product", "c -> ", ([1, -INF],), (), 1, "y = a[0] + a[1] = 1 + (−∞) = −∞"),
    ("sum-product", "c -> ", ([-INF, INF],), (), 1, "y = a[0] + a[1] = −∞ + ∞ = NaN"),
]


@pytest.mark.parametrize(
    ("kind", "rule", "inputs", "at", "factor", "formula"), FORMULAS, ids=[kind for kind, *_ in FORMULAS]
)
def test_why(kind, rule, inputs, at, factor, formula):
    assert small(kind, rule, *inputs, factor=factor).why("y", *at) == formula


def test_why_of_copies():
    trace = Trace()
    trace.given("k", [[1, 2], [3, 4.5]], "g h")
    trace.step("k_heads", "repeat", "g h -> n h", "k", n=4)
    trace.step("everywhere", "repeat", "g h -> t g h", "k", t=2)
    assert [trace.why("k_heads", n, 1) for n in range(4)] == [
        "k_heads[0,1] = k[0,1] = 2.0",
        "k_heads[1,1] = k[0,1] = 2.0",
        "k_heads[2,1] = k[1,1] = 4.5",
        "k_heads[3,1] = k[1,1] = 4.5",
    ]
    assert trace.why("everywhere", 1, 0, 1) == "everywhere[1,0,1] = k[0,1] = 2.0"


@pytest.mark.parametrize("kind", CURVES)
@settings(deadline=None, max_examples=30)
@given(rng=GENERATOR)
def test_a_function_of_one_number_is_that_of_pytorch(kind, rng):
    x = rng.normal(size=(4, 3)) * rng.choice([0.1, 1.0, 30.0])
    wanted = {
        **{name: getattr(torch, name) for name in ("exp", "log", "sqrt", "sigmoid", "tanh", "relu")},
        **{name: getattr(torch, name) for name in ("erf", "abs", "sin", "cos")},
        **{name: getattr(torch.nn.functional, name) for name in ("gelu", "silu")},
        "gelu-tanh": partial(torch.nn.functional.gelu, approximate="tanh"),
        "softplus": partial(torch.nn.functional.softplus, threshold=1000),
        "rsqrt": lambda x: (x + 1e-5).rsqrt(),
    }[kind](torch.tensor(x))
    assert_near(small(kind, "t c -> t c", x)["y"].value, wanted, rtol=1e-12, atol=1e-300)


def test_a_large_product_of_whole_numbers_does_not_wrap_around():
    trace = small("sum-product", "t, t -> t", np.array([2**40]), np.array([2**40]))
    assert trace["y"].value[0] == 2.0**80
    assert small("add", "t, t -> t", np.array([2**62]), np.array([2**62]))["y"].value[0] == 2.0**63


def test_a_step_that_no_machine_could_hold_is_refused():
    trace = Trace()
    trace.given("a", np.ones(1000), "t")
    with pytest.raises(ValueError, match="would hold 1,000,000,000 numbers; at most"):
        trace.step("y", "repeat", "t -> t n", "a", n=10**6)


def test_why_of_heads_and_of_the_mistake_without_transpose():
    trace = Trace()
    trace.given("q", [[0, 1, 2, 3, 4, 5, 0.5, 7], [8, 9, 10, 11, 12, 13, 14, 15]], "t e")
    trace.step("q_heads", "reshape", "t e -> t n h -> n t h", "q", n=2)
    trace.step("mixed", "reshape", "t e -> n t h", "q", n=2)
    assert trace.why("q_heads", 1, 0, 2) == "q_heads[1,0,2] = q[0,6] = 0.5"
    assert trace.why("mixed", 1, 0, 2) == "mixed[1,0,2] = q[1,2] = 10.0"


@pytest.mark.parametrize(
    ("formula", "value"),
    [("a[0] = 2", 2), ("a[0] = −0.25", -0.25), ("a[0] = 0.333", 1 / 3), ("a[0] = NaN", NAN), ("a[0] = −∞", -INF)],
)
def test_why_of_a_given_number(formula, value):
    trace = Trace()
    trace.given("a", [value], "t")
    assert trace.why("a", 0) == formula


@pytest.mark.parametrize(
    ("kind", "rule"), [("sum-product", "r -> "), ("mean", "r -> "), ("softmax", "r -> s"), ("normalize", "r -> s")]
)
def test_why_stays_short_whatever_the_size(kind, rule):
    trace = small(kind, rule, np.full(128, -1.234))
    assert len(trace.why("y", *[0] * trace["y"].value.ndim)) < 200


# -- the formula read back ------------------------------------------------------------------------


def worth(text):
    """The number that the middle of a formula stands for."""
    return eval(
        text.translate(str.maketrans("−·×", "-**")),
        {"__builtins__": {"max": lambda *row: max(row), "min": lambda *row: min(row)}},
    )


def slack(text):
    """How far it may be off, as its three-decimal numbers are rounded: all terms at their largest."""
    largest = text.replace(" − ", " + ").replace("−", "")
    return worth(re.sub(r"\d+\.\d{3}", lambda number: f"({number[0]} + 0.0005)", largest)) - worth(largest)


def check_worth(why):
    """The middle of a formula is worth its result."""
    middle, result = why.split(" = ")[-2:]
    if not re.search(r"…|no terms|\[", middle):
        assert abs(worth(middle) - worth(result)) <= slack(middle) + 0.0005 + 1e-9


@pytest.mark.parametrize(
    "kind", ["sum-product", "mean", *EXTREMES, "add", "subtract", "quotient", "softmax", "normalize"]
)
@random_steps
@given(data=st.data())
def test_every_number_in_a_formula_stands_for_the_cell_above_it_and_all_are_worth_the_result(kind, data):
    trace = data.draw(STEPS[kind])
    for index in cells(trace["y"]):
        why = trace.why("y", *index)
        if kind in ("sum-product", "mean", "add", "subtract", *EXTREMES):
            check_worth(why)
        if why.count(" = ") < 3 or re.search("…| × 0|NaN", why):
            continue
        _, named, counted, result = why.split(" = ")
        places = [
            (name, tuple(map(int, where.split(",")))) for name, where in re.findall(r"([abc])\[([\d,]+)\]", named)
        ]
        printed = [float(text.replace("−", "-").replace("∞", "inf")) for text in re.findall(r"−?(?:∞|[\d.]+)", counted)]
        printed = printed[bool(kind == "sum-product" and trace["y"].factor != 1) :][: len(places)]
        assert_near(printed, [trace[name].value[where] for name, where in places], rtol=0, atol=0.000501)
        assert float(result.replace("−", "-")) == pytest.approx(trace["y"].value[index], abs=0.000501)

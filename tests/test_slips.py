"""Slips: each classic one, worked out here in NumPy alone, is told as that slip; what is right is right."""

import functools
import itertools
import math
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.attention.averages import average_matmul, average_past, masked_softmax
from helpers.attention.heads import head
from helpers.by_hand.slips import Answer, diagnose, slips
from helpers.inputs.examples import by_hand
from helpers.trace.trace import Trace, UnknownName
from tests.near import assert_near
from tests.strategies import CHARACTER

SIZES = [(2, 3, 4), (3, 3, 3), (4, 2, 4), (2, 2, 1)]  # T, C, head_size
quick = settings(deadline=None, max_examples=40)


def softmax(row):
    powers = np.exp(row)
    return powers / powers.sum()


@functools.cache
def sheet(T=2, C=3, head_size=4, seed=0, level=1):
    """A Trace of a head, and all its matrices worked out without it."""
    tokens, x, Wq, Wk, Wv, Wo = by_hand(T, C, head_size, seed, level)
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = q @ k.T
    scaled = scores / math.sqrt(head_size)
    masked = np.array([[scaled[t, s] if s <= t else -math.inf for s in range(T)] for t in range(T)])
    weights = np.array([softmax(row) for row in masked])
    out = weights @ v
    n = types.SimpleNamespace(
        x=x,
        Wq=Wq,
        Wk=Wk,
        Wv=Wv,
        Wo=Wo,
        q=q,
        k=k,
        v=v,
        scores=scores,
        scaled=scaled,
        masked=masked,
        weights=weights,
        out=out,
        projected=out @ Wo,
        T=T,
        C=C,
        h=head_size,
    )
    return head(x, Wq, Wk, Wv, Wo=Wo, tokens=tokens), n


def told(trace, name, index, value):
    return diagnose(trace, name, index, f"{value:.4f}" if math.isfinite(value) else str(value))


# Each: the step, which of its cells (all that it makes sense for), the wrong number, and words of the sentence.
def anywhere(n, i, j):
    return True


def square(n, i, j):  # where a row is as long as a column
    return n.h == n.C


def visible(n, t, s):
    return s <= t


def hidden(n, t, s):
    return s > t


def past(n, t, s):
    return s < t


def unscaled(n, t, s):
    return softmax(np.where(n.masked[t] == -math.inf, -math.inf, n.scores[t]))[s]


CASES = [
    # made with the wrong matrix
    (
        "q",
        anywhere,
        lambda n, t, h: n.x[t] @ n.Wk[:, h],
        "row {i} of x with column {j} of Wk: queries are made with Wq.",
    ),
    (
        "q",
        anywhere,
        lambda n, t, h: n.x[t] @ n.Wv[:, h],
        "row {i} of x with column {j} of Wv: queries are made with Wq.",
    ),
    ("k", anywhere, lambda n, t, h: n.x[t] @ n.Wq[:, h], "row {i} of x with column {j} of Wq: keys are made with Wk."),
    (
        "v",
        anywhere,
        lambda n, t, h: n.x[t] @ n.Wk[:, h],
        "row {i} of x with column {j} of Wk: values are made with Wv.",
    ),
    # another row, another column, a row for a column
    (
        "q",
        lambda n, t, h: t > 0,
        lambda n, t, h: n.x[0] @ n.Wq[:, h],
        "row 0 of x with column {j} of Wq: q[{i},{j}] takes row {i} of x.",
    ),
    (
        "v",
        lambda n, t, h: h > 0,
        lambda n, t, h: n.x[t] @ n.Wv[:, 0],
        "row {i} of x with column 0 of Wv: v[{i},{j}] takes column {j} of Wv.",
    ),
    (
        "k",
        lambda n, t, h: n.h == n.C,
        lambda n, t, h: n.x[t] @ n.Wk[h],
        "row {i} of x with row {j} of Wk: k[{i},{j}] takes column {j} of Wk.",
    ),
    ("k", lambda n, t, h: n.C == n.T, lambda n, t, h: n.x[:, t] @ n.Wk[:, h], "column {i} of x with column {j} of Wk"),
    # products
    (
        "q",
        lambda n, t, h: n.x[t, 0] * n.Wq[0, h],
        lambda n, t, h: n.x[t, 0] * n.Wq[0, h],
        "That is x[{i},0]·Wq[0,{j}] alone",
    ),
    (
        "v",
        lambda n, t, h: n.C > 2,
        lambda n, t, h: sum(n.x[t, c] * n.Wv[c, h] for c in (0, 2)),
        "You left out one product: x[{i},1]·Wv[1,{j}].",
    ),
    (
        "q",
        anywhere,
        lambda n, t, h: sum(n.x[t, c] + n.Wq[c, h] for c in range(n.C)),
        "You added where numbers are multiplied",
    ),
    ("q", anywhere, lambda n, t, h: sum(n.x[t]) * sum(n.Wq[:, h]), "You added up first and multiplied after"),
    (
        "k",
        lambda n, t, h: list(n.x[t] * n.Wk[:, h]).count(n.x[t, 0] * n.Wk[0, h]) == 1,
        lambda n, t, h: n.x[t, 1:] @ n.Wk[1:, h] - n.x[t, 0] * n.Wk[0, h],
        "One sign is turned: x[{i},0]·Wk[0,{j}]",
    ),
    ("k", anywhere, lambda n, t, h: -n.k[t, h], "Only the sign is turned"),
    (
        "q",
        lambda n, t, h: n.x[t, 1] == 0,
        lambda n, t, h: n.q[t, h] + n.Wq[1, h],
        "x[{i},1] is 0, and 0 times a number is 0.",
    ),
    # scores
    (
        "scores",
        anywhere,
        lambda n, t, s: n.q[t] @ n.v[s],
        "row {i} of q with row {j} of v: a score compares a query with a key.",
    ),
    (
        "scores",
        anywhere,
        lambda n, t, s: n.v[t] @ n.k[s],
        "row {i} of v with row {j} of k: a score compares a query with a key.",
    ),
    (
        "scores",
        anywhere,
        lambda n, t, s: n.q[t] @ n.q[s],
        "row {i} of q with row {j} of q: a score compares a query with a key.",
    ),
    (
        "scores",
        anywhere,
        lambda n, t, s: n.k[t] @ n.k[s],
        "row {i} of k with row {j} of k: a score compares a query with a key.",
    ),
    ("scores", anywhere, lambda n, t, s: n.q[s] @ n.k[t], "That is scores[{j},{i}]: a row is the token that looks"),
    (
        "scores",
        lambda n, t, s: n.h == n.T,
        lambda n, t, s: (n.q @ n.k)[t, s],
        "row {i} of q with column {j} of k: scores[{i},{j}] takes row {j} of k.",
    ),
    (
        "scores",
        lambda n, t, s: n.h > 2,
        lambda n, t, s: n.q[t, 1:] @ n.k[s, 1:],
        "You left out one product: q[{i},0]·k[{j},0].",
    ),
    (
        "scores",
        lambda n, t, s: n.h > 1 and n.q[t, 0] * n.k[s, 0],
        lambda n, t, s: n.q[t, 0] * n.k[s, 0],
        "That is q[{i},0]·k[{j},0] alone",
    ),
    (
        "scores",
        anywhere,
        lambda n, t, s: n.q[t] @ n.k[s] / math.sqrt(n.h),
        "You scaled it already: that comes next, in scaled.",
    ),
    # scaled
    ("scaled", anywhere, lambda n, t, s: n.scores[t, s], "You forgot the scale: that is scores[{i},{j}] itself."),
    ("scaled", anywhere, lambda n, t, s: n.scores[t, s] / n.h, "You divided by head_size: divide by its root"),
    ("scaled", anywhere, lambda n, t, s: n.scores[t, s] / math.sqrt(n.C), "You divided by √C:"),
    ("scaled", anywhere, lambda n, t, s: n.scores[t, s] / math.sqrt(n.T), "You divided by √T:"),
    ("scaled", anywhere, lambda n, t, s: n.scores[t, s] / n.C, "You divided by C:"),
    ("scaled", anywhere, lambda n, t, s: n.scores[t, s] * math.sqrt(n.h), "You multiplied where one divides"),
    ("scaled", anywhere, lambda n, t, s: n.scores[t, s] * n.h, "You multiplied by head_size"),
    ("scaled", anywhere, lambda n, t, s: n.scaled[s, t], "That is scaled[{j},{i}]"),
    # masked
    (
        "masked",
        hidden,
        lambda n, t, s: n.scaled[t, s],
        "That is scaled[{i},{j}], before the mask: token {j} comes after token {i}",
    ),
    ("masked", hidden, lambda n, t, s: 0, "0 is its weight, after the softmax."),
    ("masked", hidden, lambda n, t, s: math.inf, "The sign is turned"),
    ("masked", hidden, lambda n, t, s: n.scores[t, s], "That is scores[{i},{j}], which is not scaled yet."),
    ("masked", past, lambda n, t, s: -math.inf, "You masked too much: token {i} sees token {j}, which came before it,"),
    ("masked", lambda n, t, s: t == s, lambda n, t, s: -math.inf, "You masked too much: a token sees itself,"),
    ("masked", visible, lambda n, t, s: n.scores[t, s], "That is scores[{i},{j}], which is not scaled yet."),
    ("masked", visible, lambda n, t, s: 1, "That is tril"),
    # weights
    (
        "weights",
        anywhere,
        lambda n, t, s: softmax(n.masked[:, s])[t],
        "That is its share of column {j}: the softmax goes along row {i}",
    ),
    (
        "weights",
        lambda n, t, s: s > 0,
        lambda n, t, s: softmax(n.scaled[:, s])[t],
        "That is its share of column {j} before the mask",
    ),
    (
        "weights",
        anywhere,
        lambda n, t, s: softmax(n.scaled[t])[s],
        "That is its share of the whole row, the masked scores too: mask first",
    ),
    ("weights", visible, unscaled, "That is the softmax of scores: they are not scaled."),
    (
        "weights",
        lambda n, t, s: t < n.T - 1,
        lambda n, t, s: softmax(n.scores[t])[s],
        "they are neither scaled nor masked.",
    ),
    ("weights", visible, lambda n, t, s: math.exp(n.masked[t, s]), "That is e^masked[{i},{j}], not divided yet"),
    (
        "weights",
        visible,
        lambda n, t, s: n.masked[t, s] / n.masked[t, : t + 1].sum(),
        "You divided the score by the sum of the scores",
    ),
    ("weights", lambda n, t, s: t > 0, lambda n, t, s: 1 / (t + 1), "That is an equal share"),
    ("weights", anywhere, lambda n, t, s: 1 / n.T, "That is an equal share, 1/"),
    ("weights", anywhere, lambda n, t, s: 2 ** n.masked[t, s] / (2 ** n.masked[t]).sum(), "You raised 2 to the scores"),
    ("weights", hidden, lambda n, t, s: 1, "You took e^−∞ for 1"),
    (
        "weights",
        lambda n, t, s: t < n.T - 1,
        lambda n, t, s: softmax(np.where(n.masked[t] == -math.inf, 0, n.masked[t]))[s],
        "You counted e^−∞ as 1",
    ),
    ("weights", visible, lambda n, t, s: n.masked[t, s], "That is masked[{i},{j}], the score"),
    ("weights", past, lambda n, t, s: softmax(-n.masked[t, : t + 1])[s], "You turned the sign of the scores"),
    ("weights", visible, lambda n, t, s: n.weights[t, t], "That is weights[{i},{i}]"),
    # out
    (
        "out",
        lambda n, t, h: t + 1 < n.T,
        lambda n, t, h: n.weights[:, t] @ n.v[:, h],
        "column {i} of weights with column {j} of v",
    ),
    ("out", anywhere, lambda n, t, h: n.v[:, h].mean(), "That is the plain mean of column {j} of v"),
    ("out", anywhere, lambda n, t, h: n.v[: t + 1, h].mean(), "That is the plain mean of column {j} of v"),
    ("out", anywhere, lambda n, t, h: n.v[: t + 1, h].sum(), "You added up column {j} of v"),
    (
        "out",
        lambda n, t, h: t == n.T - 1,
        lambda n, t, h: n.masked[t] @ n.v[:, h],
        "row {i} of masked with column {j} of v: the mix takes the weights",
    ),
    (
        "out",
        anywhere,
        lambda n, t, h: n.scores[t] @ n.v[:, h],
        "row {i} of scores with column {j} of v: the mix takes the weights",
    ),
    (
        "out",
        anywhere,
        lambda n, t, h: n.weights[t] @ n.k[:, h],
        "row {i} of weights with column {j} of k: what a token passes on is its value.",
    ),
    (
        "out",
        anywhere,
        lambda n, t, h: n.weights[t] @ n.q[:, h],
        "row {i} of weights with column {j} of q: what a token passes on is its value.",
    ),
    (
        "out",
        square,
        lambda n, t, h: n.weights[t] @ n.x[:, h],
        "row {i} of weights with column {j} of x: what a token passes on is its value.",
    ),
    (
        "out",
        lambda n, t, h: h > 0,
        lambda n, t, h: n.weights[t] @ n.v[:, 0],
        "row {i} of weights with column 0 of v: out[{i},{j}] takes column {j} of v.",
    ),
    ("out", lambda n, t, h: n.h == n.T, lambda n, t, h: n.weights[t] @ n.v[h], "row {i} of weights with row {j} of v"),
    ("out", anywhere, lambda n, t, h: n.v[t, h], "That is v[{i},{j}] alone"),
    (
        "out",
        lambda n, t, h: n.v[0, h],
        lambda n, t, h: n.weights[t, 0] * n.v[0, h],
        "That is weights[{i},0]·v[0,{j}] alone",
    ),
    # projected
    (
        "projected",
        anywhere,
        lambda n, t, c: n.v[t] @ n.Wo[:, c],
        "row {i} of v with column {j} of Wo: the projection takes what the head puts out.",
    ),
    (
        "projected",
        square,
        lambda n, t, c: (n.out @ n.Wo.T)[t, c],
        "row {i} of out with row {j} of Wo: projected[{i},{j}] takes column {j} of Wo.",
    ),
    ("projected", lambda n, t, c: c > 0, lambda n, t, c: n.out[t] @ n.Wo[:, 0], "row {i} of out with column 0 of Wo"),
    ("projected", lambda n, t, c: t > 0, lambda n, t, c: n.out[0] @ n.Wo[:, c], "row 0 of out with column {j} of Wo"),
    (
        "projected",
        lambda n, t, c: n.h > 2,
        lambda n, t, c: n.out[t, :-1] @ n.Wo[:-1, c],
        "You left out one product: out[{i},",
    ),
]


@pytest.mark.parametrize(("name", "where", "wrong", "words"), CASES, ids=[f"{case[0]}: {case[3]}" for case in CASES])
def test_a_slip_is_told_as_that_slip(name, where, wrong, words):
    """On several sheets, in every cell it can be made in: told, unless it happens to lead to the right number."""
    first, found = 0, 0
    for (T, C, h), seed in itertools.product(SIZES, range(3)):
        trace, n = sheet(T, C, h, seed, level=1 + seed)
        for index in np.ndindex(*getattr(n, name).shape):
            if not where(n, *index):
                continue
            right = getattr(n, name)[index]
            with np.errstate(all="ignore"):
                value = wrong(n, *index)
            if math.isnan(value):
                continue
            answer, expected = told(trace, name, index, value), words.format(i=index[0], j=index[1])
            if value == right or abs(value - right) < 1e-6:
                assert answer == Answer(True, "Right.")
                assert not any(slip.value == right for slip in slips(trace, name, index))
            elif not (answer.right and abs(value - right) < 0.05):  # then it is right from rounded numbers
                matching = [i for i, slip in enumerate(answer.slips) if expected in slip.sentence]
                assert matching, (trace.why(name, *index), value, answer)
                assert not answer.right and answer.slips[0].sentence in answer.sentence
                found, first = found + 1, first + (matching[0] == 0)
    assert found >= 3 and first >= 1


def test_the_numbers_of_the_sheet_are_those_of_the_trace():
    for (T, C, h), seed in itertools.product(SIZES, range(3)):
        trace, n = sheet(T, C, h, seed, level=3)
        for step in trace:
            assert_near(step.value, getattr(n, step.name), rtol=1e-12, atol=1e-12)


# -- what is right is right -----------------------------------------------------------------------


@quick
@given(
    size=st.sampled_from(SIZES),
    seed=st.integers(0, 50),
    level=st.integers(1, 3),
    digits=st.integers(2, 8),
    data=st.data(),
)
def test_a_right_value_is_right_however_it_is_rounded(size, seed, level, digits, data):
    trace, n = sheet(*size, seed, level)
    step = data.draw(st.sampled_from(list(trace)))
    index = data.draw(st.sampled_from(list(np.ndindex(*step.value.shape))))
    value = getattr(n, step.name)[index]
    for text in (
        f"{value:.{digits}f}",
        f" {value:.{digits}f} ".replace("-", "−").replace(".", ","),
        repr(float(value)),
        float(value),
    ):
        assert diagnose(trace, step.name, index, text) == Answer(True, "Right.")


@quick
@given(size=st.sampled_from(SIZES), seed=st.integers(0, 50), data=st.data())
def test_no_slip_gives_the_right_number_and_none_is_told_twice(size, seed, data):
    trace, _ = sheet(*size, seed, 2)
    step = data.draw(st.sampled_from(list(trace)))
    index = data.draw(st.sampled_from(list(np.ndindex(*step.value.shape))))
    found = slips(trace, step.name, index)
    assert not any(
        math.isnan(slip.value) or math.isclose(slip.value, step.value[index], abs_tol=1e-9) for slip in found
    )
    assert len({slip.sentence for slip in found}) == len(found)
    assert all(10 < len(slip.sentence) < 130 and slip.sentence.endswith(".") for slip in found)


def test_a_slip_that_happens_to_give_the_right_number_is_not_told():
    _, x, W, _, _, _ = by_hand(T=2, C=4, head_size=4)
    trace = head(x, W, W, W)  # whichever W one takes, q is the same; and the scores are those of q with q
    for name, index in [("q", (1, 2)), ("scores", (1, 0)), ("scaled", (1, 1))]:
        answer = told(trace, name, index, float(trace[name].value[index]))
        assert answer == Answer(True, "Right.")
    assert not any("Wk" in slip.sentence or "Wv" in slip.sentence for slip in slips(trace, "q", (1, 2)))
    one = head(np.ones((2, 1)), [[2.0]], [[1.0]], [[3.0]])  # head_size 1: nothing is divided
    assert told(one, "scaled", (1, 0), 2.0).right and not any(
        "forgot" in slip.sentence for slip in slips(one, "scaled", (1, 0))
    )


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("0.18", True),
        ("0.182", True),
        ("0,182", True),
        ("0.1824", True),
        ("0.18242552", True),
        (".18", True),
        ("e^1.5/(e^1.5+e^3)", True),
        ("1/(1+e^1.5)", True),
        ("exp(1.5) / (exp(1.5) + exp(3))", True),
        ("0.19", False),
        ("0.181", False),
        ("0.2", False),
        ("0.1", False),
        ("0", False),
        ("1", False),
        ("0.1825", False),
    ],
)
def test_rounding(typed, right):
    trace, n = sheet()
    assert n.weights[1, 0] == pytest.approx(1 / (1 + math.exp(1.5)))
    assert diagnose(trace, "weights", (1, 0), typed).right == right


def test_a_number_that_is_rounded_too_early_is_close():
    trace, _ = sheet()
    assert diagnose(trace, "weights", (1, 0), "0.2") == Answer(False, "Close: give two decimals.")
    assert diagnose(trace, "weights", (1, 0), "0.19") == Answer(
        False, "Very close: keep three decimals on the way, and round at the end."
    )
    assert diagnose(trace, "scaled", (1, 0), "1.5").right  # it has one decimal
    assert "Close" not in diagnose(trace, "scaled", (1, 0), "1.6").sentence


def test_to_go_on_from_rounded_numbers_is_right():
    trace, n = sheet(seed=1)
    for t, c in np.ndindex(2, 3):
        by_pencil = np.round(n.out[t], 2) @ n.Wo[:, c]
        assert told(trace, "projected", (t, c), by_pencil).right
    far = [(t, c) for t, c in np.ndindex(2, 3) if abs(np.round(n.out[t], 2) @ n.Wo[:, c] - n.projected[t, c]) > 1e-3]
    assert far
    answer = told(trace, "projected", far[0], np.round(n.out[far[0][0]], 2) @ n.Wo[:, far[0][1]])
    assert answer.sentence == (
        f"Right, from rounded numbers. With all the decimals it is {n.projected[far[0]]:.3f}.".replace("-", "−")
    )


def test_a_slip_made_with_rounded_numbers_is_told():
    trace, n = sheet()
    value = np.round(n.weights[1], 2) @ n.k[:, 0]
    assert abs(value - n.weights[1] @ n.k[:, 0]) > 1e-3
    assert "column 0 of k" in told(trace, "out", (1, 0), value).sentence


def test_infinity_and_nothing_else_stands_for_it():
    trace, _ = sheet()
    for typed in ("-inf", "−∞", "-infinity", "- Infinity", 'float("-inf")', -math.inf):
        assert diagnose(trace, "masked", (0, 1), typed).right
    for typed in ("inf", "-1e9", "nan", "0", "-1000"):
        assert not diagnose(trace, "masked", (0, 1), typed).right


# -- what is said ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "index", "typed", "sentence"),
    [
        ("q", (1, 0), "77", "77 is not q[1,0]. It is x[1,0]·Wq[0,0] + x[1,1]·Wq[1,0] + x[1,2]·Wq[2,0]."),
        ("scaled", (1, 0), "77", "77 is not scaled[1,0]. It is 0.500·scores[1,0]."),
        ("masked", (0, 1), "77", "77 is not masked[0,1]. It is scaled[0,1] where s ≤ t, and −∞ elsewhere."),
        ("weights", (1, 0), "77", "77 is not weights[1,0]. It is e^masked[1,0] / (e^masked[1,0] + e^masked[1,1])."),
        ("x", (0, 1), "77", "77 is not x[0,1]. x is given: read x[0,1] off the matrix."),
    ],
)
def test_another_number_gets_a_hint_without_numbers(name, index, typed, sentence):
    assert diagnose(sheet()[0], name, index, typed) == Answer(False, sentence)


def test_other_slips_that_give_the_number_are_counted():
    trace, _ = sheet()
    counts = set()
    for value in np.arange(-20, 20):
        answer = told(trace, "q", (1, 0), value)
        if answer.slips:
            more = len(answer.slips) - 1
            tail = {0: "", 1: " Another slip gives the same number."}.get(
                more, f" {more} other slips give the same number."
            )
            assert answer.sentence == answer.slips[0].sentence + tail
            counts.add(min(more, 2))
    assert counts == {0, 1, 2}


@quick
@given(
    text=st.text(CHARACTER)
    | st.binary()
    | st.none()
    | st.floats()
    | st.integers()
    | st.text("0123456789.,+-−*/^()e∞ inf√", max_size=40)
)
def test_nothing_that_is_typed_raises(text):
    trace, _ = sheet()
    answer = diagnose(trace, "weights", (1, 0), text)
    assert isinstance(answer, Answer) and "\n" not in answer.sentence and len(answer.sentence) < 300


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "🙂" * 5000, "שלום", "(" * 199, "9" * 10_000, "__import__('os')", "\ud800", "x\ny"],
)
def test_junk_gets_one_sentence_with_its_beginning(text):
    answer = diagnose(sheet()[0], "scores", (1, 0), text)
    assert not answer.right and answer.slips == ()
    assert answer.sentence.startswith(("I could not read '", "Type a number first.")) and len(answer.sentence) < 150


@pytest.mark.parametrize(
    ("name", "index", "error"), [("w", (0, 0), UnknownName), ("q", (2, 0), IndexError), ("q", (0,), ValueError)]
)
def test_a_cell_that_is_not_there_raises_what_why_raises(name, index, error):
    for call in (lambda: diagnose(sheet()[0], name, index, "1"), lambda: slips(sheet()[0], name, index)):
        with pytest.raises(error):
            call()


# -- other traces ---------------------------------------------------------------------------------


@quick
@given(size=st.sampled_from(SIZES), seeds=st.tuples(st.integers(0, 9), st.integers(10, 19)), data=st.data())
def test_in_a_batch_the_slips_are_those_of_the_sequence(size, seeds, data):
    a, b = (by_hand(*size, seed=seed, level=2) for seed in seeds)
    batch = head(np.stack([a.x, b.x]), a.Wq, a.Wk, a.Wv, Wo=a.Wo)
    name = data.draw(st.sampled_from(["q", "scores", "scaled", "masked", "weights", "out", "projected"]))
    for one, x in enumerate([a.x, b.x]):
        alone = head(x, a.Wq, a.Wk, a.Wv, Wo=a.Wo)
        index = data.draw(st.sampled_from(list(np.ndindex(*alone[name].value.shape))))
        assert_near(
            [slip.value for slip in slips(batch, name, (one, *index))],
            [slip.value for slip in slips(alone, name, index)],
            rtol=1e-9,
            atol=1e-9,
        )


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_every_cell_of_every_head_has_slips(causal, scale, temperature):
    _, x, Wq, Wk, Wv, _ = by_hand(3, 2, 2, level=2)
    trace = head(x, Wq, Wk, Wv, causal=causal, scale=scale, temperature=temperature)
    for step in trace:
        for index in np.ndindex(*step.value.shape):
            assert slips(trace, step.name, index)
            assert told(trace, step.name, index, float(step.value[index])).right


def test_a_scale_with_a_temperature():
    _, x, Wq, Wk, Wv, _ = by_hand()
    trace = head(x, Wq, Wk, Wv, temperature=0.5)
    scores = (x @ Wq @ (x @ Wk).T)[1, 0]
    found = {slip.sentence: slip.value for slip in slips(trace, "scaled", (1, 0))}
    assert found["You divided by √head_size = √4 alone: scaled[1,0] is 1.000·scores[1,0]."] == scores / 2
    assert not any("√C" in sentence for sentence in found)


X = np.array([[2.0, 5.0], [4.0, -3.0], [9.0, 1.5]])


@pytest.mark.parametrize(
    ("index", "value", "words"),
    [
        ((1, 0), 6, "You added up and did not divide: the mean of 2 numbers is their sum / 2."),
        ((1, 0), 2, "You divided by 3, all the tokens: token 1 sees 2 of them."),
        ((1, 0), 5, "That is the mean of all the tokens: token 1 sees no later one."),
        ((1, 0), 4, "That is x[1,0] alone: the mean takes the tokens before it, too."),
        ((2, 0), 3, "That is the mean of the past alone: the token itself counts, too."),
    ],
)
def test_slips_in_a_mean(index, value, words):
    assert words in [slip.sentence for slip in told(average_past(X), "out", index, value).slips]


@pytest.mark.parametrize(
    ("name", "index", "value", "words"),
    [
        ("weights", (1, 0), 1, "That is tril[1,0], not divided yet by the sum of row 1."),
        ("weights", (1, 0), 1 / 3, "You divided by the sum of column 0: it is row 1 that adds up to 1."),
        ("weights", (0, 0), 1 / 3, "You divided by the size of the row, 3: divide by its sum."),
        ("out", (1, 0), 6, "That is row 1 of tril with column 0 of x: the mix takes the weights, which add up to 1."),
    ],
)
def test_slips_in_averages_by_matmul(name, index, value, words):
    assert words in [slip.sentence for slip in told(average_matmul(X), name, index, value).slips]


def test_slips_in_a_masked_softmax():
    scores, v = np.array([[0.5, 2.0], [1.0, -1.0]]), np.array([[1.0, 2.0, 4.0], [3.0, -2.0, 0.5]])
    trace = masked_softmax(scores, v)
    assert "share of the whole row" in told(trace, "weights", (0, 0), softmax(scores[0])[0]).sentence
    assert "before the mask" in told(trace, "masked", (0, 1), 2.0).sentence
    assert "plain mean" in told(trace, "out", (1, 2), 2.25).sentence


def test_a_trace_of_your_own_has_slips_too():
    trace = Trace("mine")
    trace.given("a", np.array([[1.0, 2.0], [3.0, 5.0]]), "t c")
    trace.given("b", np.array([[2.0, -1.0], [4.0, 7.0]]), "t c")
    trace.step("total", "add", "t c, t c -> t c", "a", "b")
    trace.step("past", "mask", "t c -> t c | c >= t", "a")
    trace.step("twice", "sum-product", "t c -> t c", "a", factor=2)
    trace.step("all", "sum-product", "t c -> ", "a")
    trace.step("square", "sum-product", "t c, t h -> c h", "a", "b")
    assert told(trace, "past", (1, 0), 3.0).sentence == "That is a[1,0], before the mask: it hides this score."
    assert told(trace, "past", (0, 1), -math.inf).sentence.startswith("You masked too much: it is not hidden here, and")
    assert told(trace, "twice", (1, 1), 5.0).sentence == "You forgot the scale: that is a[1,1] itself."
    assert told(trace, "twice", (1, 1), 2.5).sentence.startswith(
        "You multiplied where one divides, or the other way round"
    )
    assert "That is total[0,1]" in told(trace, "total", (0, 0), 1.0).sentence
    assert told(trace, "all", (), 11.0).right and slips(trace, "all", ()) == []
    assert "row 0 of a with column 1 of b" in told(trace, "square", (0, 1), -1 * 1 + 7 * 2).sentence

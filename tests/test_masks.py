"""Any mask is a Trace: its numbers are those of PyTorch's own attention, its sources the cells with a derivative."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

from helpers.trace.trace import Trace
from tests.near import assert_near
from tests.strategies import GENERATOR

B, T, S, H = 2, 5, 7, 3
t, s = np.arange(T)[:, None], np.arange(S)[None, :]
PARTS = np.array([0, 0, 1, 1, 1, 2, 2])  # which text each token of a packed row belongs to
LENGTHS = np.array([4, 7])  # how many keys of each sequence are no padding

MASKS = {  # what it is called: (guard, matrix of True and False with its axes or None, what PyTorch is told)
    "none": ("", None, np.ones((T, S), bool)),
    "causal": ("s <= t", None, s <= t),
    "causal after a cache of two": ("s <= t + 2", None, s <= t + 2),
    "the past alone, and the first key": ("s < t or s == 0", None, (s < t) | (s == 0)),
    "sliding window": ("s <= t, s > t - 3", None, (s <= t) & (s > t - 3)),
    "sliding window with sinks": ("s <= t, s > t - 3 or s < 1", None, (s <= t) & ((s > t - 3) | (s < 1))),
    "prefix": ("s <= t or s < 3", None, (s <= t) | (s < 3)),
    "all but one": ("s != 4", None, np.broadcast_to(s != 4, (T, S))),
    "any matrix": ("", ("t s", (t * s) % 3 != 1), (t * s) % 3 != 1),
    "block-diagonal, packed": ("s <= t", ("t s", PARTS[t] == PARTS[s]), (s <= t) & (PARTS[t] == PARTS[s])),
    "padding of one text": ("", ("s", np.arange(S) < 4), np.broadcast_to(s < 4, (T, S))),
    "padding of a batch": (
        "",
        ("b s", np.arange(S) < LENGTHS[:, None]),
        np.broadcast_to(np.arange(S) < LENGTHS[:, None, None], (B, T, S)),
    ),
    "padding of a batch, causal": (
        "s <= t",
        ("b s", np.arange(S) < LENGTHS[:, None]),
        (s <= t) & (np.arange(S) < LENGTHS[:, None, None]),
    ),
}


def attention(q, k, v, guard="", matrix=None):
    """q (B, T, h) looks at k and v (B, S, h), as far as a guard and a matrix allow."""
    trace = Trace("masked attention")
    for name, value, axes in (("q", q, "b t h"), ("k", k, "b s h"), ("v", v, "b s h")):
        trace.given(name, value, axes)
    factor = q.shape[-1] ** -0.5
    trace.step("scores", "sum-product", "b t h, b s h -> b t s", "q", "k", factor=factor, role="scores")
    read, names = "b t s", ["scores"]
    if matrix is not None:
        axes, allowed = matrix
        trace.given("allowed", allowed, axes, role="weights")
        read, names = f"{read}, {axes}", [*names, "allowed"]
    last = "scores"
    if guard or matrix is not None:
        last = "masked"
        trace.step(last, "mask", f"{read} -> b t s" + f" | {guard}" * bool(guard), *names, role="scores")
    trace.step("weights", "softmax", "b t r -> b t s", last, role="weights")
    trace.step("out", "sum-product", "b t s, b s h -> b t h", "weights", "v", role="out")
    return trace


def inputs(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(B, T, H)), rng.normal(size=(B, S, H)), rng.normal(size=(B, S, H))


def both_ways(mask, seed):
    """Attention with a mask, as a trace and by PyTorch: the trace, the tensors that go in, and what comes out."""
    guard, matrix, allowed = MASKS[mask]
    arrays = inputs(seed)
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    out = scaled_dot_product_attention(*tensors, attn_mask=torch.tensor(np.array(allowed)))
    return attention(*arrays, guard, matrix), tensors, out


@pytest.mark.parametrize("mask", MASKS)
def test_a_mask_gives_what_pytorch_gives_forth_and_back(mask):
    trace, tensors, wanted = both_ways(mask, 0)
    assert_near(trace["out"].value, wanted.detach(), atol=1e-12)
    dout = np.random.default_rng(1).normal(size=wanted.shape)
    gradients = trace.backward(dout)
    for name, grad in zip("qkv", torch.autograd.grad(wanted, tensors, torch.tensor(dout))):
        assert_near(gradients[f"d{name}"].value, grad, atol=1e-12)
    assert "dallowed" not in gradients


@pytest.mark.parametrize("mask", MASKS)
def test_the_sources_of_a_masked_cell_are_those_with_a_derivative(mask):
    """Of out back to q, k and v, step by step: the cells that autograd finds a slope for, and no other."""
    trace, tensors, out = both_ways(mask, 2)
    for index in [(0, 0, 0), (0, T - 1, 1), (1, 2, 2), (1, T - 1, 0)]:
        reached, queue = set(), [("out", index)]
        while queue:
            for cell in trace.sources(queue[0][0], *queue[0][1]):
                if cell not in reached:
                    reached.add(cell)
                    queue.append(cell)
            queue.pop(0)
        slopes = torch.autograd.grad(out[index], tensors, retain_graph=True)
        wanted = {(name, tuple(where)) for name, grad in zip("qkv", slopes) for where in grad.nonzero().tolist()}
        assert {cell for cell in reached if cell[0] in "qkv"} == wanted
        assert not any(name == "allowed" for name, _ in reached)


@pytest.mark.parametrize("mask", list(MASKS)[1:])
def test_a_masked_cell_says_why(mask):
    guard, matrix, allowed = MASKS[mask]
    trace = attention(*inputs(3), guard, matrix)
    allowed = np.broadcast_to(allowed, (B, T, S))
    for index in np.ndindex(B, T, S):
        why = trace.why("masked", *index)
        assert ("because" in why) == (not allowed[index]) == (trace["masked"].value[index] == -math.inf)
        assert trace.sources("masked", *index) == ([("scores", index)] if allowed[index] else [])


@pytest.mark.parametrize(
    ("guard", "matrix", "cell", "reason"),
    [
        ("s <= t", None, (0, 1, 2), "s=2 ≤ t=1 is false"),
        ("s <= t, s > t - 3 or s < 1", None, (0, 4, 1), "s=1 > t − 3=1 or s=1 < 1 is false"),
        ("s <= t, s > t - 3 or s < 1", None, (0, 0, 1), "s=1 ≤ t=0 is false"),
        ("s > t - 3", None, (0, 4, 0), "s=0 > t − 3=1 is false"),
        ("s >= t - 1", None, (1, 3, 0), "s=0 ≥ t − 1=2 is false"),
        ("s != 4", None, (0, 0, 4), "s=4 ≠ 4 is false"),
        ("s > t - 9, s == -1", None, (0, 0, 0), "s=0 == −1 is false"),
        ("", ("b s", np.arange(S) < LENGTHS[:, None]), (0, 3, 5), "allowed[0,5] = 0"),
        ("s <= t", ("s", np.arange(S) < 1), (0, 3, 2), "allowed[2] = 0"),
    ],
)
def test_the_reason_names_what_failed(guard, matrix, cell, reason):
    trace = attention(*inputs(0), guard, matrix)
    assert trace.why("masked", *cell) == f"masked[{','.join(map(str, cell))}] = −∞, because {reason}"


def test_a_row_that_may_look_at_nothing_is_nan_without_a_source():
    trace = attention(*inputs(0), "s < t")
    assert np.isnan(trace["weights"].value[:, 0]).all() and np.isfinite(trace["weights"].value[:, 1:]).all()
    assert trace.sources("weights", 0, 0, 0) == []


@settings(deadline=None, max_examples=60)
@given(rng=GENERATOR, rows=st.integers(1, 6), columns=st.integers(1, 6))
def test_random_guards_hold_where_python_says_so(rng, rows, columns):
    """The guard is Python, but for its comma and the names of its indices."""
    sides = ["s", "t", "t - 2", "s + 1"]
    clauses = [
        " or ".join(
            f"{rng.choice(sides)} {rng.choice(['<', '<=', '==', '!=', '>', '>='])} {rng.choice([*sides, '3', '-1'])}"
            for _ in range(rng.integers(1, 3))
        )
        for _ in range(rng.integers(1, 4))
    ]
    trace = Trace()
    trace.given("a", np.ones((rows, columns)), "t s")
    trace.step("y", "mask", f"t s -> t s | {', '.join(clauses)}", "a")
    python = compile(" and ".join(f"({clause})" for clause in clauses), "guard", "eval")
    wanted = [[bool(eval(python, {"t": row, "s": column})) for column in range(columns)] for row in range(rows)]
    np.testing.assert_array_equal(trace["y"].value == 1, wanted)


@pytest.mark.parametrize(
    ("value", "number"),
    [([[0.5, 1.0]], "0.500"), ([[math.nan, 1.0]], "NaN"), ([[1, 2]], "2.000"), ([[0, -1]], "−1.000")],
)
def test_a_matrix_that_is_no_mask_is_refused(value, number):
    trace = Trace()
    trace.given("scores", [[1.0, 2.0]], "t s")
    trace.given("allowed", value, "t s")
    with pytest.raises(ValueError, match="wanted True or False") as caught:
        trace.step("masked", "mask", "t s, t s -> t s", "scores", "allowed")
    assert str(caught.value).startswith(f"masked is masked with allowed, which holds {number};")

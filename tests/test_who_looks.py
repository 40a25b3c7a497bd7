"""Masks as matrices, a head under any of them, and cross-attention: against loops and PyTorch's two functions."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

from helpers.attention import cross_attention, masked_head, masks
from tests.near import assert_near
from tests.strategies import GENERATOR

SIZE, BATCH = st.integers(1, 5), st.none() | st.integers(1, 3)
some = settings(deadline=None, max_examples=25)


# -- the matrices -------------------------------------------------------------------------------------


@some
@given(T=st.integers(1, 7), by=st.integers(0, 4), lengths=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_each_mask_says_who_may_look_at_whom(T, by, lengths):
    by, ends, total = min(by, T), np.cumsum(lengths), sum(lengths)
    text = [next(i for i, end in enumerate(ends) if place < end) for place in range(total)]
    rows = {
        "causal": (masks.causal(T), lambda t, s: s <= t),
        "cached": (masks.causal(T, by), lambda t, s: s <= t + by),
        "window": (masks.window(T, by + 1), lambda t, s: s <= t and t - s <= by),
        "prefix": (masks.prefix(T, by), lambda t, s: s <= t or s < by),
        "packed": (masks.packed(lengths), lambda t, s: text[t] == text[s]),
        "padding": (masks.padding(lengths, max(lengths) + by), lambda b, s: s < lengths[b]),
    }
    for name, (mask, may) in rows.items():
        assert mask.dtype == bool, name
        assert mask.tolist() == [[bool(may(t, s)) for s in range(mask.shape[1])] for t in range(mask.shape[0])], name
        assert np.array_equal(masks.dropped(masks.dropped(mask)), mask)
        assert np.array_equal(masks.added(mask) == 0, mask) and set(np.unique(masks.added(mask))) <= {0, -math.inf}
    assert masks.packed_positions(lengths).tolist() == [place - (ends[i] - lengths[i]) for place, i in enumerate(text)]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: masks.causal(0), "T is 0; wanted a whole number from 1 up."),
        (lambda: masks.prefix(3, 4), "length is 4; wanted a whole number from 0 to 3."),
        (lambda: masks.padding([2, 5], 4), "lengths has a 5, but there are 4 places: S must be the longest, or more."),
        (lambda: masks.packed([2, 0]), "lengths[1] is 0; wanted a whole number from 1 up."),
        (lambda: masks.packed(3), "lengths is 3; wanted a list of whole numbers, as in [2, 3]."),
        (lambda: masks.added([[0.5]]), "allowed holds 0.5; wanted True where one may look, False where not."),
        (lambda: masks.dropped([[0, -math.inf]]), "A mask to add"),
    ],
)
def test_what_is_no_mask_is_told(make, said):
    with pytest.raises(ValueError) as told:
        make()
    assert str(told.value).startswith(said) or "is a mask to add: allowed = added == 0" in str(told.value)


# -- a head under any mask ----------------------------------------------------------------------------


def drawn(rng, B, *shape):
    return rng.normal(size=shape if B is None else (B, *shape))


def a_mask(rng, *shape):
    """Random, and now and then a row that may look at nothing."""
    return rng.random(shape) < rng.choice([0.3, 0.7, 1.0])


def both(allowed, real):
    """One mask of the two: (T, S) or (B, T, S)."""
    return allowed & (real if real.ndim == 1 else real[:, None, :])


@some
@given(rng=GENERATOR, T=SIZE, C=SIZE, h=SIZE, B=BATCH, code=st.booleans())
def test_a_head_under_a_mask_is_scaled_dot_product_attention(rng, T, C, h, B, code):
    x, Ws = drawn(rng, B, T, C), rng.normal(size=(3, C, h))
    allowed = a_mask(rng, T, T)
    real = a_mask(rng, T) if B is None else a_mask(rng, B, T)
    bias = np.where(a_mask(rng, T, T), rng.normal(size=(T, T)), -math.inf) if code else None
    may = both(allowed, real) & (True if bias is None else bias > -math.inf)
    trace = masked_head(x, *Ws, allowed=allowed, real=real, bias=bias, nobody="zeros")
    q, k, v = (torch.tensor(x @ W) for W in Ws)
    mask = torch.tensor(np.where(may, 0.0 if bias is None else np.where(may, bias, 0), -math.inf))
    wanted = scaled_dot_product_attention(q, k, v, attn_mask=torch.tensor(may) if bias is None else mask)
    assert_near(trace["out"].value, wanted, atol=1e-12)
    as_softmax = masked_head(x, *Ws, allowed=allowed, real=real, bias=bias)
    empty = ~may.any(-1)
    assert np.array_equal(np.isnan(as_softmax["out"].value).all(-1), empty)
    assert_near(as_softmax["out"].value[~empty], wanted[torch.tensor(~empty)], atol=1e-12)
    runs_as_its_code(trace)


def runs_as_its_code(trace):
    """Each line of PyTorch gives what the Trace holds."""
    size = next(step.value.shape[-1] for step in trace if step.axes[-1:] == ("h",))
    names = {
        "head_size": size,
        "heads": max([step.value.shape[step.axes.index("n")] for step in trace if "n" in step.axes] or [1]),
    }
    for step in trace:
        if step.kind == "given":
            names[step.name] = torch.tensor(step.value)
        else:
            exec(step.code, names)
            assert_near(names[step.name], step.value, atol=1e-12)


@some
@given(rng=GENERATOR, T=SIZE, S=SIZE, D=SIZE, heads=st.integers(1, 3), h=st.integers(1, 3), B=st.integers(1, 3))
def test_cross_attention_is_multi_head_attention_with_other_keys(rng, T, S, D, heads, h, B):
    """In its convention: True is dropped. C, the channels of x, are those of all heads here, as there."""
    C = heads * h
    x, source = drawn(rng, B, T, C), drawn(rng, B, S, D)
    Wq, Wk, Wv, Wo = rng.normal(size=(C, C)), *rng.normal(size=(2, D, C)), rng.normal(size=(C, C))
    allowed, real = a_mask(rng, T, S), a_mask(rng, B, S)
    trace = cross_attention(x, source, Wq, Wk, Wv, Wo=Wo, heads=heads, allowed=allowed, real=real)
    torches = torch.nn.MultiheadAttention(C, heads, bias=False, kdim=D, vdim=D, batch_first=True, dtype=torch.float64)
    weights = [(torches.q_proj_weight, Wq), (torches.k_proj_weight, Wk), (torches.v_proj_weight, Wv)]
    if D == C:  # there it keeps the three in one
        weights = [(torches.in_proj_weight, np.concatenate([Wq, Wk, Wv], 1))]
    with torch.no_grad():
        for parameter, W in [*weights, (torches.out_proj.weight, Wo)]:
            parameter.copy_(torch.tensor(W.T))
        given = [torch.tensor(one) for one in (x, source, source)]
        drop = dict(attn_mask=torch.tensor(~allowed), key_padding_mask=torch.tensor(~real))
        out, shares = torches(*given, **drop, average_attn_weights=False)
    assert_near(trace["projected"].value, out, atol=1e-10)
    mine = trace["weights"].value
    assert_near(mine if heads > 1 else mine[:, None], shares, atol=1e-12)
    runs_as_its_code(trace)


@some
@given(rng=GENERATOR, T=SIZE, S=SIZE, C=SIZE, D=SIZE, h=SIZE, heads=st.integers(1, 3), B=BATCH)
def test_cross_attention_is_scaled_dot_product_attention_in_its_convention(rng, T, S, C, D, h, heads, B):
    x, source = drawn(rng, B, T, C), drawn(rng, B, S, D)
    Wq, Wk, Wv = rng.normal(size=(C, heads * h)), *rng.normal(size=(2, D, heads * h))
    real = a_mask(rng, S) if B is None else a_mask(rng, B, S)
    trace = cross_attention(x, source, Wq, Wk, Wv, heads=heads, real=real, nobody="zeros")
    cut = lambda one: torch.tensor(one).unflatten(-1, (heads, h)).transpose(-3, -2)  # noqa: E731
    keep = torch.tensor(real if B is None else real[:, None, None, :])
    wanted = scaled_dot_product_attention(cut(x @ Wq), cut(source @ Wk), cut(source @ Wv), attn_mask=keep)
    found = trace["out"].value
    assert_near(found if heads > 1 else np.expand_dims(found, -3), wanted, atol=1e-12)
    assert trace["scores"].axes[-2:] == ("t", "s") and trace["scores"].value.shape[-2:] == (T, S)


# -- what a row becomes that may look at nothing ------------------------------------------------------


def an_empty_row(nobody):
    x = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]])
    return masked_head(x, *np.ones((3, 3, 2)), allowed=[[0, 0], [1, 1]], nobody=nobody)


def test_nan_and_zeros_are_told_as_what_they_are():
    trace = an_empty_row("nan")
    assert trace.why("masked", 0, 1) == "masked[0,1] = −∞, because allowed[0,1] = 0"
    assert trace.why("weights", 0, 1).endswith("= 0 / 0 = NaN") and trace.sources("weights", 0, 1) == []
    assert np.isnan(trace["out"].value[0]).all() and np.isfinite(trace["out"].value[1]).all()
    trace = an_empty_row("zeros")
    assert trace.why("shares", 0, 1).endswith("= 0 / 0 = NaN")
    assert trace.why("weights", 0, 1) == "weights[0,1] = 0, filled in" and trace.sources("weights", 0, 1) == []
    assert trace.sources("weights", 1, 0) == [("shares", (1, 0))]
    assert (trace["out"].value[0] == 0).all() and np.allclose(trace["weights"].value[1].sum(), 1)


def test_the_gradients_of_a_row_of_zeros_are_those_of_pytorch_and_those_of_nan_reach_every_value():
    """A NaN in the weights is multiplied with the gradient of its row, even where that is 0."""
    rng = np.random.default_rng(0)
    x, Ws, dout = rng.normal(size=(3, 4)), rng.normal(size=(3, 4, 2)), np.array([[0, 0], [1.0, 2], [3, 4]])
    allowed = np.array([[0, 0, 0], [1, 1, 0], [0, 1, 1]], bool)
    tensors = [torch.tensor(x @ W, requires_grad=True) for W in Ws]
    out = scaled_dot_product_attention(*tensors, attn_mask=torch.tensor(allowed))
    wanted = torch.autograd.grad(out, tensors, torch.tensor(dout))
    found = masked_head(x, *Ws, allowed=allowed, nobody="zeros").backward(dout)
    for name, grad in zip("qkv", wanted):
        assert_near(found[f"d{name}"].value, grad, atol=1e-12)
    found = masked_head(x, *Ws, allowed=allowed).backward(dout)
    scores = tensors[0] @ tensors[1].T * 2**-0.5
    weights = scores.masked_fill(torch.tensor(~allowed), -math.inf).softmax(-1)
    for name, grad in zip("qkv", torch.autograd.grad(weights @ tensors[2], tensors, torch.tensor(dout))):
        assert_near(found[f"d{name}"].value, grad, atol=1e-12)
    assert np.isnan(found["dv"].value).all() and np.isfinite(found["dk"].value).all()


# -- what does not fit --------------------------------------------------------------------------------


X, W = np.ones((2, 3)), np.ones((3, 2))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"allowed": np.ones((3, 3))}, "allowed has shape (3, 3); wanted (2, 2), a row a query, a column a key."),
        ({"real": [1, 1, 1]}, "real has shape (3,); wanted (2,), one for each key."),
        ({"real": [[1, 1]]}, "real has shape (1, 2); wanted (2,)"),
        ({"allowed": np.full((2, 2), 0.5)}, "allowed holds 0.5; wanted True where one may look, False where not."),
        ({"nobody": "ones"}, "nobody is 'ones'; wanted 'nan' or 'zeros'"),
        ({"bias": np.full((2, 2), math.nan)}, "bias holds nan at [0, 0]"),
    ],
)
def test_a_mask_that_does_not_fit_is_told(options, said):
    with pytest.raises(ValueError) as told:
        masked_head(X, W, W, W, **options)
    assert str(told.value).startswith(said)


@pytest.mark.parametrize(
    ("source", "options", "said"),
    [
        (np.ones((1, 4, 5)), {}, "source has shape (1, 4, 5); wanted (S, D), as x has no batch."),
        (np.ones((4, 5)), {"heads": 2, "allowed": np.ones((4, 2))}, "allowed has shape (4, 2); wanted (2, 4)"),
        (np.ones((4, 5)), {"heads": 3}, "Wq has shape (3, 2) and heads is 3: wanted a multiple of heads columns."),
        (np.ones((4, 3)), {}, "Wk has shape (D=5, head_size=2), but source has shape (S=4, D=3)"),
        (np.full((4, 5), math.inf), {}, "source holds inf at [0, 0]"),
        (np.ones((4, 5)), {"heads": 0}, "heads is 0; wanted a whole number from 1 up."),
    ],
)
def test_a_source_that_does_not_fit_is_told(source, options, said):
    with pytest.raises(ValueError) as told:
        cross_attention(X, source, W, np.ones((5, 2)), np.ones((5, 2)), **options)
    assert said in str(told.value)

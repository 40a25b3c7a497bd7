"""The maths of attention against torch and against plain Python loops."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

from helpers.attention.averages import average_matmul, average_past, masked_softmax
from helpers.attention.heads import head, many_heads, separate_heads
from tests.near import assert_near
from tests.strategies import GENERATOR, SIZE

INF, NAN = math.inf, math.nan
BATCH = st.none() | st.integers(1, 3)
OPTIONS = {"causal": st.booleans(), "scale": st.booleans(), "temperature": st.just(1.0) | st.floats(0.1, 10)}
quick = settings(deadline=None, max_examples=100)


@pytest.fixture(scope="module", autouse=True)
def float64():
    """Torch as exact as NumPy."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def inputs(rng, T, C, h, B=None):
    """Random x, Wq, Wk, Wv."""
    return rng.normal(size=(T, C) if B is None else (B, T, C)), *rng.normal(size=(3, C, h))


def close(mine, torches):
    assert_near(mine, torches, rtol=1e-10, atol=1e-12)


# -- against torch --------------------------------------------------------------------------------


@quick
@given(rng=GENERATOR, T=SIZE, C=SIZE, h=SIZE, B=BATCH, **OPTIONS)
def test_head_is_scaled_dot_product_attention(rng, T, C, h, B, causal, scale, temperature):
    x, Wq, Wk, Wv = map(torch.from_numpy, inputs(rng, T, C, h, B))
    factor = (h**-0.5 if scale else 1.0) / temperature
    expected = scaled_dot_product_attention(x @ Wq, x @ Wk, x @ Wv, is_causal=causal, scale=factor)
    close(head(x, Wq, Wk, Wv, causal=causal, scale=scale, temperature=temperature)["out"].value, expected)


@quick
@given(rng=GENERATOR, T=SIZE, heads=st.integers(1, 4), h=st.integers(1, 5), B=BATCH, causal=st.booleans())
def test_many_heads_are_multi_head_attention(rng, T, heads, h, B, causal):
    C = heads * h
    x, Wq, Wk, Wv = map(torch.from_numpy, inputs(rng, T, C, C, B))
    Wo = torch.from_numpy(rng.normal(size=(C, C)))
    torches = torch.nn.MultiheadAttention(C, heads, bias=False, batch_first=True)
    with torch.no_grad():
        torches.in_proj_weight.copy_(torch.cat([Wq.T, Wk.T, Wv.T]))
        torches.out_proj.weight.copy_(Wo.T)
        future = torch.ones(T, T, dtype=torch.bool).triu(1) if causal else None
        expected, weights = torches(x, x, x, attn_mask=future, average_attn_weights=False)
    trace = many_heads(x, Wq, Wk, Wv, Wo=Wo, heads=heads, causal=causal)
    close(trace["projected"].value, expected)
    close(trace["weights"].value, weights)

    stack = [W.reshape(C, heads, h).transpose(0, 1) for W in (Wq, Wk, Wv)]  # (C, n·h) -> (n, C, h)
    one_by_one = separate_heads(x, *stack, Wo=Wo, causal=causal)
    for name in ("scores", "weights", "out", "concatenated", "projected"):
        close(one_by_one[name].value, trace[name].value)
    for name in "qkv":
        close(one_by_one[name].value, trace[f"{name}_heads"].value)
    for n in range(heads):
        alone = head(x, *(W[n] for W in stack), causal=causal)["out"].value
        close(alone, trace["concatenated"].value[..., n * h : (n + 1) * h])


@pytest.mark.parametrize(
    ("shape", "heads", "sentence"),
    [
        ((6, 6), 4, r"x has 6 channels, \(T=3, C=6\), and heads is 4: C must be a multiple of heads"),
        ((6, 6), 0, "heads is 0"),
        ((6, 6), 2.0, "heads is 2.0"),
        ((6, 3), 2, r"Wq has shape \(6, 3\); wanted \(6, 6\), as x has 6 channels: one matrix for all heads\."),
        ((5, 6), 2, r"Wq has shape \(5, 6\); wanted \(6, 6\)"),
        ((2, 6, 3), 2, r"Wq has shape \(2, 6, 3\); wanted \(6, 6\)"),
        ((6, 6), np.int64(4), "heads is 4: C must be a multiple"),
        ((6, 6), "two", "heads is 'two'; wanted a whole number from 1 up"),
    ],
)
def test_many_heads_that_cannot_be(shape, heads, sentence):
    W = np.ones(shape)
    with pytest.raises(ValueError, match=sentence):
        many_heads(np.ones((3, 6)), W, W, W, heads=heads)


def test_a_stack_of_heads_that_does_not_fit():
    W = np.ones((2, 6, 3))
    with pytest.raises(ValueError, match=r"Wk has shape \(heads=2, C=6, head_size=2\), but Wq has shape"):
        separate_heads(np.ones((3, 6)), W, W[..., :2], W)
    with pytest.raises(ValueError, match=r"Wq has shape \(6, 3\); wanted \(heads, C, head_size\)"):
        separate_heads(np.ones((3, 6)), W[0], W, W)
    with pytest.raises(
        ValueError, match=r"Wq has shape \(heads=3, C=6, head_size=3\): heads times head_size is 9, wanted C=6"
    ):
        separate_heads(np.ones((3, 6)), *np.ones((3, 3, 6, 3)))


@pytest.mark.parametrize("shape", [(6, 5), (5, 6), (6,), (2, 6, 6)])
def test_an_output_projection_of_a_wrong_shape_is_explained(shape):
    with pytest.raises(ValueError, match=rf"Wo has shape {re.escape(str(shape))}; wanted \(6, 6\)"):
        many_heads(np.ones((3, 6)), *np.ones((3, 6, 6)), Wo=np.ones(shape))
    with pytest.raises(ValueError, match=r"Wo has shape .*; wanted|Wo has shape .* both must have C=6"):
        separate_heads(np.ones((3, 6)), *np.ones((3, 2, 6, 3)), Wo=np.ones(shape))


@pytest.mark.parametrize("B", [None, 2])
def test_the_steps_of_many_heads_and_their_axes(B):
    x, *W = inputs(np.random.default_rng(0), 3, 6, 6, B)
    b = "" if B is None else "b "
    ends = {
        "scores": f"{b}n t s",
        "scaled": f"{b}n t s",
        "masked": f"{b}n t s",
        "weights": f"{b}n t s",
        "out": f"{b}n t h",
        "concatenated": f"{b}t e",
        "Wo": "e c",
        "projected": f"{b}t c",
    }
    starts = {
        "x": f"{b}t c",
        **dict.fromkeys(["Wq", "Wk", "Wv"], "c e"),
        **dict.fromkeys("qkv", f"{b}t e"),
        **dict.fromkeys(["q_heads", "k_heads", "v_heads"], f"{b}n t h"),
    }
    trace = many_heads(x, *W, Wo=W[0], heads=2)
    assert {step.name: " ".join(step.axes) for step in trace} == starts | ends and list(trace.steps) == list(
        starts | ends
    )
    starts = {"x": f"{b}t c", **dict.fromkeys(["Wq", "Wk", "Wv"], "n c h"), **dict.fromkeys("qkv", f"{b}n t h")}
    trace = separate_heads(x, *(one.reshape(6, 2, 3).swapaxes(0, 1) for one in W), Wo=W[0])
    assert {step.name: " ".join(step.axes) for step in trace} == starts | ends and list(trace.steps) == list(
        starts | ends
    )
    assert trace["concatenated"].shape == "(" + "B=2, " * bool(b) + "T=3, C=6)"


@quick
@given(rng=GENERATOR, T=SIZE, C=SIZE, h=SIZE, B=BATCH)
def test_every_step_of_a_head_is_plain_torch(rng, T, C, h, B):
    arrays = inputs(rng, T, C, h, B)
    x, Wq, Wk, Wv = map(torch.from_numpy, arrays)
    q, k, v = x @ Wq, x @ Wk, x @ Wv  # (B, T, C) @ (C, h) -> (B, T, h)
    scores = q @ k.mT  # (B, T, h) @ (B, h, T) -> (B, T, T)
    scaled = scores / math.sqrt(h)
    masked = scaled.masked_fill(torch.ones(T, T, dtype=torch.bool).triu(1), -INF)
    weights = torch.softmax(masked, -1)
    expected = {
        "x": x,
        "Wq": Wq,
        "Wk": Wk,
        "Wv": Wv,
        "q": q,
        "k": k,
        "v": v,
        "scores": scores,
        "scaled": scaled,
        "masked": masked,
        "weights": weights,
        "out": weights @ v,
    }
    trace = head(*arrays)
    assert list(trace.steps) == list(expected)
    for step in trace:
        close(step.value, expected[step.name])


@settings(deadline=None, max_examples=30)
@given(rng=GENERATOR, T=SIZE, C=SIZE, h=SIZE, B=BATCH, **OPTIONS)
def test_the_code_of_every_step_gives_its_value(rng, T, C, h, B, **options):
    x, *W = inputs(rng, T, C, h, B)
    options["temperature"] = float(f"{options['temperature']:g}")  # as the code prints it
    scores, v = rng.normal(size=(T, T)), rng.normal(size=(T, h))
    heads = 3
    wide, big = rng.normal(size=(*x.shape[:-1], heads * h)), rng.normal(size=(4, heads * h, heads * h))
    for trace in (
        head(x, *W, Wo=W[0].T, **options),
        average_past(x if B is None else x[0]),
        average_matmul(x),
        masked_softmax(scores, v),
        many_heads(wide, *big[:3], Wo=big[3], heads=heads),
        separate_heads(wide, *(one.reshape(heads * h, heads, h).swapaxes(0, 1) for one in big[:3]), Wo=big[3]),
    ):
        names = {
            "heads": heads,
            "torch": torch,
            "T": T,
            "head_size": h,
            "tril": torch.ones(T, T).tril(),
            "out": torch.empty(T, C),
        }
        for step in trace:
            if step.code:
                for names["t"] in range(T if "[t]" in step.code else 1):  # out[t] is one token at a time
                    exec(step.code, names)
            else:
                names[step.name] = torch.from_numpy(step.value)
            close(step.value, names[step.name])


@quick
@given(rng=GENERATOR, T=SIZE, h=SIZE, causal=st.booleans())
def test_masked_softmax_is_masked_fill_and_softmax(rng, T, h, causal):
    scores, v = rng.normal(size=(T, T)), rng.normal(size=(T, h))
    scores[rng.random((T, T)) < 0.2] = -INF
    masked = torch.from_numpy(scores)
    if causal:
        masked = masked.masked_fill(torch.ones(T, T).tril() == 0, -INF)
    weights = masked.softmax(-1)  # NaN along a row of nothing but -inf, here and there
    trace = masked_softmax(scores, v, causal=causal)
    close(trace["weights"].value, weights)
    close(trace["out"].value, weights @ torch.from_numpy(v))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scores", [[[1000.0, -1000.0], [1e300, 1e300]], [[-1e308, 1e308], [0.0, 800.0]]])
def test_softmax_survives_scores_of_any_size(scores):
    close(masked_softmax(scores, np.ones((2, 1)), causal=False)["weights"].value, torch.tensor(scores).softmax(-1))


@settings(deadline=None, max_examples=30)
@given(rng=GENERATOR, T=st.integers(1, 4), C=st.integers(1, 4), h=st.integers(1, 4), causal=st.booleans())
def test_walking_back_from_a_cell_finds_where_its_gradient_is(rng, T, C, h, causal):
    """From out to x and the weights, source by source."""
    arrays = inputs(rng, T, C, h)
    trace = head(*arrays, causal=causal)
    leaves = dict(zip(("x", "Wq", "Wk", "Wv"), (torch.tensor(array, requires_grad=True) for array in arrays)))
    x, Wq, Wk, Wv = leaves.values()
    out = scaled_dot_product_attention(x @ Wq, x @ Wk, x @ Wv, is_causal=causal)
    index = (int(rng.integers(T)), int(rng.integers(h)))
    gradients = torch.autograd.grad(out[index], leaves.values())
    expected = {
        (name, tuple(where))
        for name, gradient in zip(leaves, gradients)
        for where in (gradient.abs() > 1e-14).nonzero().tolist()
    }
    seen, ahead = set(), [("out", index)]
    while ahead:
        name, where = ahead.pop()
        if (name, where) not in seen:
            seen.add((name, where))
            ahead += trace.sources(name, *where)
    assert {cell for cell in seen if cell[0] in leaves} == expected


# -- against loops --------------------------------------------------------------------------------


def averaged(x):
    """(T, C) -> (T, C): the mean of each token and those before it, by hand."""
    out = []
    for t in range(len(x)):
        row = []
        for c in range(len(x[0])):
            total = 0.0
            for s in range(t + 1):
                total += float(x[s][c])
            row.append(total / (t + 1))
        out.append(row)
    return out


@quick
@given(rng=GENERATOR, T=SIZE, C=SIZE, B=BATCH)
def test_average_past_is_the_loop(rng, T, C, B):
    x = inputs(rng, T, C, 1, B)[0]
    close(average_past(x)["out"].value, averaged(x) if B is None else [averaged(one) for one in x])


@quick
@given(rng=GENERATOR, T=SIZE, C=SIZE, B=BATCH)
def test_average_matmul_is_average_past(rng, T, C, B):
    x = inputs(rng, T, C, 1, B)[0]
    trace = average_matmul(x)
    close(trace["out"].value, average_past(x)["out"].value)
    close(trace["weights"].value, [[(s <= t) / (t + 1) for s in range(T)] for t in range(T)])


@quick
@given(rng=GENERATOR, T=SIZE, C=SIZE, h=SIZE, B=st.integers(1, 3))
def test_a_batch_is_its_sequences(rng, T, C, h, B):
    x, *W = inputs(rng, T, C, h, B)
    for build in (average_past, average_matmul, lambda x: head(x, *W)):
        close(build(x)["out"].value, [build(one)["out"].value for one in x])


def test_scaled_is_there_only_if_something_scales():
    arrays = inputs(np.random.default_rng(0), 3, 2, 4)
    assert "scaled" not in head(*arrays, scale=False)
    assert head(*arrays, scale=False, temperature=2)["scaled"].factor == 0.5
    assert head(*arrays, temperature=2)["scaled"].factor == 0.25


# -- what is accepted -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype",
    [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool],
    ids=str,
)
def test_torch_tensors_of_any_type(dtype):
    x, Wq, Wk, Wv = (
        torch.from_numpy(array).mul(3).abs().to(dtype) for array in inputs(np.random.default_rng(0), 3, 2, 4)
    )
    trace = head(x, Wq, Wk, Wv)
    assert {step.value.dtype for step in trace} == {np.dtype(np.float64)}
    close(trace["q"].value, x.double() @ Wq.double())


def test_tensors_that_want_a_gradient():
    x, *W = (torch.tensor(array, requires_grad=True) for array in inputs(np.random.default_rng(0), 3, 2, 4))
    close(head(x, *W)["q"].value, (x @ W[0]).detach())


@pytest.mark.parametrize(
    "wrap",
    [np.ndarray.tolist, np.float32, torch.tensor, np.asfortranarray],
    ids=["list", "float32", "torch", "columns"],
)
def test_a_trace_keeps_its_own_numbers(wrap):
    x = wrap(np.arange(6.0).reshape(2, 3))
    trace = average_past(x)
    x[0] = x[1]
    assert trace["x"].value.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("temperature", [2, 2.0, np.float32(2), np.int64(2), torch.tensor(2.0)])
def test_a_temperature_of_any_type(temperature):
    arrays = inputs(np.random.default_rng(0), 3, 2, 4)
    step = head(*arrays, temperature=temperature)["scaled"]
    assert step.factor == 0.25 and step.code.endswith(" / 2") and type(step.value) is np.ndarray


def test_tokens_are_words_of_any_kind():
    words = ["<b>", "🙂", "שלום", "a" * 10_000]
    assert average_past(np.ones((4, 1)), tokens=words).tokens == words
    assert average_past(np.ones((2, 1)), tokens=np.array([7, 8])).tokens == ["7", "8"]


# -- mistakes -------------------------------------------------------------------------------------


TAKES_X = {
    "average_past": average_past,
    "average_matmul": average_matmul,
    "head": lambda x, **options: head(x, *np.ones((3, 3, 2)), **options),
}
FINITE = "every number must be finite. Look for a division by zero or a logarithm of zero before it."


@pytest.mark.parametrize("build", TAKES_X.values(), ids=TAKES_X)
@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (
            [1.0, 2.0, 3.0],
            "x has shape (3,); wanted (T, C), or (B, T, C) for a batch. Write x[None, :] to make one token of it.",
        ),
        (np.ones((1, 2, 3, 3)), "x has shape (1, 2, 3, 3); wanted (T, C), or (B, T, C) for a batch."),
        (5.0, "x has shape (); wanted (T, C), or (B, T, C) for a batch."),
        (np.ones((0, 3)), "x has shape (T=0, C=3); T must be at least 1."),
        (np.ones((2, 0, 3)), "x has shape (B=2, T=0, C=3); T must be at least 1."),
        (np.ones((2, 0)), "x has shape (T=2, C=0); C must be at least 1."),
        ([[1, 2, 3], [4, NAN, 6]], f"x holds nan at [1, 1]: {FINITE}"),
        ([[1, 2, INF]], f"x holds inf at [0, 2]: {FINITE}"),
        ([[-INF, 2, 3]], f"x holds -inf at [0, 0]: {FINITE}"),
        ([[1, 2, 3], [4, 5]], "x is not a matrix: its rows differ in length."),
        ([["the", "cat", "sat"]], "x has shape (1, 3) and holds text; wanted real numbers."),
        ("the cat sat", "x has shape () and holds text; wanted real numbers."),
        ([[1j, 2, 3]], "x has shape (1, 3) and holds complex numbers; wanted real numbers."),
        (torch.ones(1, 3) * 1j, "x has shape (1, 3) and holds complex numbers; wanted real numbers."),
        ([[1, None, 3]], "x has shape (1, 3) and holds things that are not numbers; wanted real numbers."),
        (None, "x has shape () and holds things that are not numbers; wanted real numbers."),
    ],
)
def test_a_bad_x_is_explained(build, x, sentence):
    with pytest.raises(ValueError) as caught:
        build(x)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"Wq": (3, 0)}, "Wq has shape (C=3, head_size=0); head_size must be at least 1."),
        ({"Wk": (5, 4)}, "Wk has shape (C=5, head_size=4), but x has shape (T=2, C=3): both must have C=3."),
        (
            {"Wq": (4, 3)},
            (
                "Wq has shape (C=4, head_size=3), but x has shape (T=2, C=3): both must have C=3. "
                "It looks transposed: try Wq.T."
            ),
        ),
        (
            {"Wk": (3, 5)},
            "Wk has shape (C=3, head_size=5), but Wq has shape (C=3, head_size=4): both must have head_size=4.",
        ),
        (
            {"Wv": (3,)},
            (
                "Wv has shape (3,); wanted (C, head_size). "
                "Write Wv[None, :] to make one row of it, Wv[:, None] to make one column."
            ),
        ),
        ({"Wv": (1, 3, 4)}, "Wv has shape (1, 3, 4); wanted (C, head_size)."),
    ],
)
def test_a_weight_matrix_of_a_wrong_shape_is_explained(wrong, sentence):
    shapes = {"x": (2, 3), "Wq": (3, 4), "Wk": (3, 4), "Wv": (3, 4)} | wrong
    with pytest.raises(ValueError) as caught:
        head(**{name: np.ones(shape) for name, shape in shapes.items()})
    assert str(caught.value) == sentence


@pytest.mark.parametrize("name", ["Wq", "Wk", "Wv"])
def test_nan_in_a_weight_matrix_is_found(name):
    arrays = {"x": np.ones((2, 3)), **{W: np.ones((3, 4)) for W in ("Wq", "Wk", "Wv")}}
    arrays[name][2, 1] = NAN
    with pytest.raises(ValueError, match=rf"{name} holds nan at \[2, 1\]"):
        head(**arrays)


@pytest.mark.parametrize("temperature", [0, -1, -0.0, NAN, INF, "hot", None, 1j])
def test_a_temperature_is_above_zero(temperature):
    with pytest.raises(ValueError) as caught:
        head(*inputs(np.random.default_rng(0), 2, 3, 2), temperature=temperature)
    assert str(caught.value) == f"temperature is {temperature}; wanted a number above 0."


@pytest.mark.parametrize(
    ("scores", "v", "sentence"),
    [
        (
            np.ones((2, 3)),
            np.ones((2, 1)),
            "scores has shape (2, 3); wanted (T, T): one score for every pair of tokens.",
        ),
        (
            np.ones((1, 2, 2)),
            np.ones((2, 1)),
            "scores has shape (1, 2, 2); wanted (T, T): one score for every pair of tokens.",
        ),
        (np.ones(2), np.ones((2, 1)), "scores has shape (2,); wanted (T, T): one score for every pair of tokens."),
        (
            np.ones((2, 2)),
            np.ones((3, 1)),
            "v has shape (T=3, head_size=1), but scores has shape (T=2, T=2): both must have T=2.",
        ),
        (
            np.ones((2, 2)),
            np.ones(2),
            (
                "v has shape (2,); wanted (T, head_size). "
                "Write v[None, :] to make one row of it, v[:, None] to make one column."
            ),
        ),
        ([[0, NAN], [0, 0]], np.ones((2, 1)), f"scores holds nan at [0, 1]: {FINITE.replace('.', ', or -inf.', 1)}"),
        ([[0, 0], [INF, 0]], np.ones((2, 1)), f"scores holds inf at [1, 0]: {FINITE.replace('.', ', or -inf.', 1)}"),
        (np.ones((2, 2)), [[1], [-INF]], f"v holds -inf at [1, 0]: {FINITE}"),
    ],
)
def test_bad_scores_and_values_are_explained(scores, v, sentence):
    with pytest.raises(ValueError) as caught:
        masked_softmax(scores, v)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "build",
    [*TAKES_X.values(), lambda x, **options: masked_softmax(np.ones((2, 2)), x, **options)],
    ids=[*TAKES_X, "masked_softmax"],
)
@pytest.mark.parametrize("tokens", [[], ["the"], ["the", "cat", "sat"], "cat"])
def test_one_token_a_row(build, tokens):
    with pytest.raises(
        ValueError, match=rf"tokens has length {len(tokens)}, but .* has shape \(T=2, .*: wanted one token a row\."
    ):
        build(np.ones((2, 3)), tokens=tokens)

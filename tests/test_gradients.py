"""The way back through a trace, against PyTorch's autograd, central differences and the rules themselves."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import rules
from helpers.attention import average_matmul, average_past, head, many_heads, masked_softmax
from helpers.trace import Trace

NUDGE = 1e-6
quick = settings(deadline=None, max_examples=40)
SIZES = st.integers(1, 4)


def numbers(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def inputs_of_a_head(T, C, h, B, seed):
    x = numbers(seed, *([B] if B else []), T, C)
    return x, *numbers(seed + 1, 3, C, h), numbers(seed + 2, h, C)


def by_autograd(arrays, compute, dout):
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    compute(*tensors).backward(torch.tensor(dout))
    return [np.zeros(array.shape) if tensor.grad is None else tensor.grad.numpy() for array, tensor in zip(arrays, tensors)]


def by_differences(array, result):
    """The gradient of a number by moving each entry up and down."""
    found = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        up, down = array.copy(), array.copy()
        up[place], down[place] = up[place] + NUDGE, down[place] - NUDGE
        found[place] = (result(up) - result(down)) / (2 * NUDGE)
    return found


def check_by_rules(gradients):
    """Every cell of every gradient again, by its rule alone."""
    for step in gradients:
        for place in np.ndindex(step.value.shape):
            assert rules.cell(step, place, gradients.inputs(step)) == pytest.approx(step.value[place], abs=1e-9)


def torch_head(x, Wq, Wk, Wv, Wo=None, causal=True, scale=True, temperature=1.0):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = q @ k.transpose(-2, -1) * (q.shape[-1] ** -0.5 if scale else 1) / temperature
    if causal:
        scores = scores.masked_fill(torch.ones_like(scores).tril() == 0, float("-inf"))
    out = scores.softmax(-1) @ v
    return out if Wo is None else out @ Wo


@quick
@given(T=SIZES, C=SIZES, h=SIZES, B=st.sampled_from([None, 1, 3]), causal=st.booleans(), scale=st.booleans(),
       temperature=st.sampled_from([1.0, 0.5]), projects=st.booleans(), seed=st.integers(0, 999))
def test_a_head_as_autograd(T, C, h, B, causal, scale, temperature, projects, seed):
    *arrays, Wo = inputs_of_a_head(T, C, h, B, seed)
    arrays += [Wo] * projects
    options = {"causal": causal, "scale": scale, "temperature": temperature}
    trace = head(*arrays[:4], **({"Wo": Wo} if projects else {}), **options)
    dout = numbers(seed + 3, *list(trace)[-1].value.shape)
    gradients = trace.backward(dout)
    wanted = by_autograd(arrays, lambda *tensors: torch_head(*tensors, **options), dout)
    for name, expected in zip(["x", "Wq", "Wk", "Wv", "Wo"], wanted):
        np.testing.assert_allclose(gradients[f"d{name}"].value, expected, atol=1e-10)
        assert gradients[f"d{name}"].axes == trace[name].axes and gradients[f"d{name}"].role == trace[name].role
    check_by_rules(gradients)


@quick
@given(T=SIZES, C=SIZES, h=SIZES, seed=st.integers(0, 999))
def test_every_matrix_of_a_head_as_central_differences(T, C, h, seed):
    x, Wq, Wk, Wv, _ = inputs_of_a_head(T, C, h, None, seed)
    trace, dout = head(x, Wq, Wk, Wv), numbers(seed + 3, T, h)
    gradients = trace.backward(dout)
    for name, array in [("x", x), ("Wq", Wq), ("Wk", Wk), ("Wv", Wv)]:
        given_ = {"x": x, "Wq": Wq, "Wk": Wk, "Wv": Wv}
        expected = by_differences(array, lambda moved: (head(**{**given_, name: moved})["out"].value * dout).sum())
        np.testing.assert_allclose(gradients[f"d{name}"].value, expected, atol=1e-5)


@quick
@given(T=SIZES, C=SIZES, h=SIZES, B=st.sampled_from([None, 2]), seed=st.integers(0, 999))
def test_each_line_of_pytorch_gives_its_gradient(T, C, h, B, seed):
    x, Wq, Wk, Wv, Wo = inputs_of_a_head(T, C, h, B, seed)
    trace = head(x, Wq, Wk, Wv, Wo=Wo)
    gradients = trace.backward(numbers(seed, *trace["projected"].value.shape))
    names = {step.name: torch.tensor(step.value) for step in gradients if step.kind == "given"}
    names |= {"torch": torch, "tril": torch.ones(T, T).tril(), "head_size": h}
    for step in gradients:
        if step.kind != "given":
            exec(step.code, names)
            np.testing.assert_allclose(names[step.name].numpy(), step.value, atol=1e-10)


@pytest.mark.parametrize("B", [None, 2])
def test_each_line_of_many_heads_gives_its_gradient(B):
    x, Wq, Wk, Wv, Wo = (numbers(i, *shape) for i, shape in enumerate([(3, 6) if B is None else (B, 3, 6), *[(6, 6)] * 4]))
    trace = many_heads(x, Wq, Wk, Wv, Wo=Wo, heads=3)
    gradients = trace.backward(numbers(9, *trace["projected"].value.shape))
    names = {step.name: torch.tensor(step.value) for step in gradients if step.kind == "given"}
    names |= {"torch": torch, "tril": torch.ones(3, 3).tril(), "head_size": 2}
    for step in gradients:
        if step.kind != "given":
            exec(step.code, names)
            np.testing.assert_allclose(names[step.name].numpy(), step.value, atol=1e-10)
    tensors = [torch.tensor(array, requires_grad=True) for array in (x, Wq, Wk, Wv, Wo)]
    q, k, v = (tensors[0] @ W for W in tensors[1:4])
    q, k, v = (one.unflatten(-1, (3, 2)).transpose(-3, -2) for one in (q, k, v))
    out = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    (out.transpose(-3, -2).flatten(-2) @ tensors[4]).backward(torch.tensor(numbers(9, *trace["projected"].value.shape)))
    for name, tensor in zip(["dx", "dWq", "dWk", "dWv", "dWo"], tensors):
        np.testing.assert_allclose(gradients[name].value, tensor.grad.numpy(), atol=1e-10)


@pytest.mark.parametrize("build", [average_past, average_matmul])
@pytest.mark.parametrize("shape", [(1, 1), (4, 3), (2, 3, 2)])
def test_averages(build, shape):
    x, dout = numbers(0, *shape), numbers(1, *shape)
    gradients = build(x).backward(dout)
    expected = by_differences(x, lambda moved: (build(moved)["out"].value * dout).sum())
    np.testing.assert_allclose(gradients["dx"].value, expected, atol=1e-6)
    check_by_rules(gradients)


def test_masked_softmax_and_its_triangle():
    scores, v, dout = numbers(0, 4, 4), numbers(1, 4, 2), numbers(2, 4, 2)
    gradients = masked_softmax(scores, v).backward(dout)
    for name, array in [("scores", scores), ("v", v)]:
        given_ = {"scores": scores, "v": v}
        expected = by_differences(array, lambda moved: (masked_softmax(**{**given_, name: moved})["out"].value * dout).sum())
        np.testing.assert_allclose(gradients[f"d{name}"].value, expected, atol=1e-6)
    # A row of weights always sums to 1, so what some scores win the others lose.
    np.testing.assert_allclose(gradients["dmasked"].value.sum(-1), 0, atol=1e-12)
    assert (gradients["dscores"].value[np.triu_indices(4, 1)] == 0).all()


def one_step(kind, rule, *shapes, factor):
    def build(*arrays):
        trace = Trace("one step")
        for name, array, axes in zip("abc", arrays, rules.parse(rule)[0]):
            trace.given(name, array, " ".join(axes))
        trace.step("y", kind, rule, *"abc"[: len(arrays)], factor=factor, role="scores")
        return trace

    return build, [abs(numbers(i, *shape)) + 0.1 for i, shape in enumerate(shapes)]


@pytest.mark.parametrize("kind, rule, shapes, factor", [
    ("sum-product", "t c, c h -> t h", [(3, 2), (2, 4)], -0.5),
    ("sum-product", "t c -> t", [(3, 2)], 1.0),
    ("sum-product", "s c, t -> t c | s <= t", [(3, 2), (3,)], 1.0),
    ("sum-product", "t c, t c, c -> t c", [(3, 2), (3, 2), (2,)], 1.0),
    ("sum-product", "c t -> t c", [(2, 3)], 3.0),
    ("mean", "s c -> t c | s <= t", [(3, 2)], 1.0),
    ("mean", "s c -> t c | s < t", [(3, 2)], 1.0),
    ("mean", "t c -> t", [(3, 2)], 1.0),
    ("add", "t c, c -> t c", [(3, 2), (2,)], 1.0),
    ("subtract", "t c, t -> t c", [(3, 2), (3,)], 1.0),
    ("softmax", "t r -> t s", [(3, 4)], 1.0),
    ("softmax", "r s -> t s", [(3, 4)], 1.0),
    ("softmax", "b t r -> b t s", [(2, 3, 4)], 1.0),
    ("normalize", "t r -> t s", [(3, 4)], 1.0),
    ("normalize", "r s -> t s", [(3, 4)], 1.0),
    ("relu", "t c -> t c", [(3, 4)], 1.0),
    ("rsqrt", "t c -> c t", [(3, 4)], 1.0),
    ("reshape", "n t h -> t n h -> t e", [(2, 3, 4)], 1.0),
    ("reshape", "b n t h -> b t n h -> b t e", [(2, 2, 3, 4)], 1.0),
])
def test_each_kind_as_central_differences(kind, rule, shapes, factor):
    build, arrays = one_step(kind, rule, *shapes, factor=factor)
    trace = build(*arrays)
    dout = numbers(9, *trace["y"].value.shape)
    gradients = trace.backward(dout)

    def result(*moved):
        return np.nansum(build(*moved)["y"].value * dout)

    for i, name in enumerate("abc"[: len(arrays)]):
        expected = by_differences(arrays[i], lambda moved: result(*arrays[:i], moved, *arrays[i + 1 :]))
        np.testing.assert_allclose(gradients[f"d{name}"].value, expected, atol=1e-6)
    check_by_rules(gradients)


def test_a_table_learns_from_the_rows_that_were_looked_up():
    trace = Trace("embedding")
    trace.given("table", numbers(0, 5, 2), "v c", parameter=True)
    trace.given("ids", np.array([3, 1, 3]), "t")
    trace.step("x", "lookup", "v c, t -> t c", "table", "ids")
    gradients = trace.backward([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert gradients["dtable"].value.tolist() == [[0, 0], [3, 4], [0, 0], [6, 8], [0, 0]]
    assert "dids" not in gradients
    check_by_rules(gradients)


def test_a_matrix_times_itself():
    trace = Trace("square")
    trace.given("a", [[1.0, 2.0], [3.0, -1.0]], "t s")
    trace.step("y", "sum-product", "t r, r s -> t s", "a", "a")
    a, dout = trace["a"].value, numbers(0, 2, 2)
    gradients = trace.backward(dout)
    np.testing.assert_allclose(gradients["da"].value, dout @ a.T + a.T @ dout)
    check_by_rules(gradients)


@quick
@given(T=st.integers(2, 5), t=st.integers(0, 3), seed=st.integers(0, 99))
def test_nothing_flows_back_into_the_future(T, t, seed):
    t = min(t, T - 2)
    x, Wq, Wk, Wv, _ = inputs_of_a_head(T, 3, 2, None, seed)
    dout = np.zeros((T, 2))
    dout[t] = numbers(seed, 2)
    assert (head(x, Wq, Wk, Wv).backward(dout)["dx"].value[t + 1 :] == 0).all()


def test_it_starts_from_ones():
    trace = head(*inputs_of_a_head(3, 2, 2, None, 0)[:4])
    np.testing.assert_array_equal(trace.backward()["dx"].value, trace.backward(np.ones((3, 2)))["dx"].value)


@pytest.mark.parametrize("dout, sentence", [
    (np.ones((2, 3)), "dout has shape (2, 3); wanted that of out, (T=3, head_size=2): one number for each of its cells."),
    (np.full((3, 2), np.nan), "dout holds nan: every number must be finite."),
    ([["a", "b"]], "dout has shape (1, 2) and holds text; wanted real numbers.")])
def test_a_dout_that_cannot_be(dout, sentence):
    with pytest.raises(ValueError) as error:
        head(*inputs_of_a_head(3, 2, 2, None, 0)[:4]).backward(dout)
    assert str(error.value) == sentence


def test_a_trace_without_a_step():
    trace = Trace("nothing yet")
    trace.given("x", [[1.0]], "t c")
    for empty in (Trace("empty"), trace):
        with pytest.raises(ValueError, match="does not end in a step: there is nothing to go back through"):
            empty.backward()

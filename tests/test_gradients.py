"""The way back through a trace, against PyTorch's autograd, central differences and the rules themselves."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from helpers.attention.averages import average_matmul, average_past, masked_softmax
from helpers.attention.heads import head, many_heads, separate_heads
from helpers.trace import rules
from helpers.trace.grammar import parse
from helpers.trace.kinds import KINDS
from helpers.trace.trace import Trace
from tests.near import assert_near
from tests.strategies import RULES, STEPS, moved_values

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
    return [
        np.zeros(array.shape) if tensor.grad is None else tensor.grad.numpy() for array, tensor in zip(arrays, tensors)
    ]


def by_differences(array, result):
    """The gradient of a number by moving each entry up and down."""
    found = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        up, down = np.array(array), np.array(array)
        up[place], down[place] = up[place] + NUDGE, down[place] - NUDGE
        found[place] = (result(up) - result(down)) / (2 * NUDGE)
    return found


def check_by_rules(gradients):
    """Every cell of every gradient again, by its rule alone."""
    for step in gradients:
        inputs = gradients.inputs(step)
        found = [rules.cell(step, place, inputs) for place in np.ndindex(step.value.shape)]
        assert_near(np.ravel(step.value), found, rtol=0, atol=1e-9, equal_nan=False)


def torch_head(x, Wq, Wk, Wv, Wo=None, causal=True, scale=True, temperature=1.0):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = q @ k.transpose(-2, -1) * (q.shape[-1] ** -0.5 if scale else 1) / temperature
    if causal:
        scores = scores.masked_fill(torch.ones_like(scores).tril() == 0, float("-inf"))
    out = scores.softmax(-1) @ v
    return out if Wo is None else out @ Wo


@quick
@given(
    T=SIZES,
    C=SIZES,
    h=SIZES,
    B=st.sampled_from([None, 1, 3]),
    causal=st.booleans(),
    scale=st.booleans(),
    temperature=st.sampled_from([1.0, 0.5]),
    projects=st.booleans(),
    seed=st.integers(0, 999),
)
def test_a_head_as_autograd(T, C, h, B, causal, scale, temperature, projects, seed):
    *arrays, Wo = inputs_of_a_head(T, C, h, B, seed)
    arrays += [Wo] * projects
    options = {"causal": causal, "scale": scale, "temperature": temperature}
    trace = head(*arrays[:4], **({"Wo": Wo} if projects else {}), **options)
    dout = numbers(seed + 3, *list(trace)[-1].value.shape)
    gradients = trace.backward(dout)
    wanted = by_autograd(arrays, lambda *tensors: torch_head(*tensors, **options), dout)
    for name, expected in zip(["x", "Wq", "Wk", "Wv", "Wo"], wanted):
        assert_near(gradients[f"d{name}"].value, expected, atol=1e-10)
        assert gradients[f"d{name}"].axes == trace[name].axes and gradients[f"d{name}"].role == trace[name].role
    check_by_rules(gradients)


@quick
@given(T=SIZES, C=SIZES, h=SIZES, seed=st.integers(0, 999))
def test_every_matrix_of_a_head_as_central_differences(T, C, h, seed):
    x, Wq, Wk, Wv, _ = inputs_of_a_head(T, C, h, None, seed)
    trace, dout = head(x, Wq, Wk, Wv), numbers(seed + 3, T, h)
    gradients = trace.backward(dout)
    inputs = {"x": x, "Wq": Wq, "Wk": Wk, "Wv": Wv}

    def result(name, moved):
        return (head(**{**inputs, name: moved})["out"].value * dout).sum()

    for name, array in inputs.items():
        expected = by_differences(array, partial(result, name))
        assert_near(gradients[f"d{name}"].value, expected, atol=1e-5)


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
            assert_near(names[step.name].numpy(), step.value, atol=1e-10)


@pytest.mark.parametrize("B", [None, 2])
def test_each_line_of_many_heads_gives_its_gradient(B):
    x, Wq, Wk, Wv, Wo = (
        numbers(i, *shape) for i, shape in enumerate([(3, 6) if B is None else (B, 3, 6), *[(6, 6)] * 4])
    )
    trace = many_heads(x, Wq, Wk, Wv, Wo=Wo, heads=3)
    gradients = trace.backward(numbers(9, *trace["projected"].value.shape))
    names = {step.name: torch.tensor(step.value) for step in gradients if step.kind == "given"}
    names |= {"torch": torch, "tril": torch.ones(3, 3).tril(), "head_size": 2}
    for step in gradients:
        if step.kind != "given":
            exec(step.code, names)
            assert_near(names[step.name].numpy(), step.value, atol=1e-10)
    tensors = [torch.tensor(array, requires_grad=True) for array in (x, Wq, Wk, Wv, Wo)]
    q, k, v = (tensors[0] @ W for W in tensors[1:4])
    q, k, v = (one.unflatten(-1, (3, 2)).transpose(-3, -2) for one in (q, k, v))
    out = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    (out.transpose(-3, -2).flatten(-2) @ tensors[4]).backward(torch.tensor(numbers(9, *trace["projected"].value.shape)))
    for name, tensor in zip(["dx", "dWq", "dWk", "dWv", "dWo"], tensors):
        assert_near(gradients[name].value, tensor.grad.numpy(), atol=1e-10)


@quick
@given(
    T=SIZES,
    heads=st.integers(1, 3),
    h=st.integers(1, 3),
    B=st.sampled_from([None, 1, 3]),
    causal=st.booleans(),
    projects=st.booleans(),
    seed=st.integers(0, 999),
)
def test_heads_side_by_side_as_autograd(T, heads, h, B, causal, projects, seed):
    """Both ways to write them; the gradient of a stack is that of the big matrix, cut into columns."""
    C = heads * h
    *arrays, Wo = inputs_of_a_head(T, C, C, B, seed)
    arrays, dout = arrays + [Wo] * projects, numbers(seed + 3, *([B] if B else []), T, C)

    def cut(W):
        return W.reshape(C, heads, h).swapaxes(0, 1)  # (C, n·h) -> (n, C, h)

    def torches(x, Wq, Wk, Wv, Wo=None):
        q, k, v = ((x @ W).unflatten(-1, (heads, h)).transpose(-3, -2) for W in (Wq, Wk, Wv))
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(-3, -2).flatten(-2)
        return out if Wo is None else out @ Wo

    options = {"causal": causal, **({"Wo": Wo} if projects else {})}
    together = many_heads(*arrays[:4], heads=heads, **options).backward(dout)
    stacked = separate_heads(arrays[0], *map(cut, arrays[1:4]), **options).backward(dout)
    wanted = dict(zip(["dx", "dWq", "dWk", "dWv", "dWo"], by_autograd(arrays, torches, dout)))
    for name, expected in wanted.items():
        assert_near(together[name].value, expected, atol=1e-10)
        assert_near(stacked[name].value, cut(expected) if name in ("dWq", "dWk", "dWv") else expected, atol=1e-10)
    check_by_rules(together)
    check_by_rules(stacked)


@quick
@given(
    rule=st.sampled_from(
        [
            "t e -> t n h -> n t h",
            "t e -> n t h",
            "t c -> t n h -> h n t",
            "n t h -> t n h -> t e",
            "n t h -> n h t -> e t",
            "n t h -> e",
            "n t h -> h t n",
        ]
    ),
    sizes=st.fixed_dictionaries(dict.fromkeys("bnth", SIZES)),
    batch=st.booleans(),
    seed=st.integers(0, 999),
)
def test_a_reshape_goes_back_to_where_each_number_stood(rule, sizes, batch, seed):
    rule = " -> ".join("b " * batch + link for link in rule.split(" -> "))
    axes, sizes = parse(rule).inputs[0], {**sizes, **dict.fromkeys("ce", sizes["n"] * sizes["h"])}

    def reshaped(value):
        trace = Trace("reshaped")
        trace.given("a", value, " ".join(axes))
        trace.step("y", "reshape", rule, "a", **({} if "n" in axes else {"n": sizes["n"]}))
        return trace

    trace = reshaped(numbers(seed, *(sizes[axis] for axis in axes)))
    gradients = trace.backward(dout := numbers(seed + 1, *trace["y"].value.shape))
    places = reshaped(np.arange(dout.size).reshape(trace["a"].value.shape))[
        "y"
    ].value  # where each number of y stood in a
    expected = np.zeros(dout.size)
    expected[places.ravel()] = dout.ravel()
    np.testing.assert_array_equal(gradients["da"].value.ravel(), expected)
    exec(gradients["da"].code, names := {"dy": torch.tensor(dout)})
    np.testing.assert_array_equal(names["da"], gradients["da"].value)
    check_by_rules(gradients)


@quick
@given(seed=st.integers(0, 999), T=SIZES, C=SIZES)
def test_a_layer_norm_and_a_feed_forward_as_autograd(seed, T, C):
    x, up, dout = numbers(seed, T, C), numbers(seed + 1, C, 4 * C), numbers(seed + 2, T, 4 * C)
    trace = Trace("norm and relu")
    trace.given("x", x, "t c")
    trace.given("up", up, "c h", parameter=True)
    trace.step("mean", "mean", "t c -> t", "x")
    trace.step("centered", "subtract", "t c, t -> t c", "x", "mean")
    trace.step("squares", "sum-product", "t c, t c -> t c", "centered", "centered")
    trace.step("variance", "mean", "t c -> t", "squares")
    trace.step("inverse", "rsqrt", "t -> t", "variance")
    trace.step("normal", "sum-product", "t c, t -> t c", "centered", "inverse")
    trace.step("before", "sum-product", "t c, c h -> t h", "normal", "up")
    trace.step("hidden", "relu", "t h -> t h", "before")
    gradients = trace.backward(dout)
    wanted = by_autograd([x, up], lambda x, up: (torch.nn.functional.layer_norm(x, (C,)) @ up).relu(), dout)
    for name, expected in zip(["dx", "dup"], wanted):
        assert_near(gradients[name].value, expected, atol=1e-8 * max(1, abs(expected).max()))
    np.testing.assert_array_equal(gradients["positive_before"].value, trace["before"].value > 0)
    check_by_rules(gradients)
    names = {"torch": torch, **{step.name: torch.tensor(step.value) for step in gradients}}
    for name in ("dbefore", "dvariance"):  # the lines of relu and rsqrt
        exec(gradients[name].code, names)
        assert_near(names[name], gradients[name].value, rtol=1e-9)


@pytest.mark.parametrize("kind", ["relu", "rsqrt"])
@pytest.mark.parametrize("rule", ["t c -> t c", "t c -> c t", "b t c -> c b t"])
def test_the_lines_of_relu_and_rsqrt(kind, rule):
    axes = parse(rule)[0][0]
    x = numbers(0, *range(2, 2 + len(axes)))
    trace = Trace("one step")
    trace.given("x", x if kind == "relu" else x**2, " ".join(axes))
    dout = numbers(1, *trace.step("y", kind, rule, "x").value.shape)
    gradients = trace.backward(dout)
    names = {step.name: torch.tensor(step.value) for step in gradients if step.kind == "given"}
    exec(gradients["dx"].code, names)
    turned = " ".join(["".join(axes), "->", "".join(parse(rule)[1])])
    (wanted,) = by_autograd(
        [trace["x"].value], lambda x: torch.einsum(turned, x.relu() if kind == "relu" else (x + 1e-5).rsqrt()), dout
    )
    for found in (names["dx"], gradients["dx"].value):
        assert_near(found, wanted, rtol=1e-9)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [("relu", "t c -> t c"), ("rsqrt", "t c -> c t"), ("sum-product", "t c -> t"), ("mean", "t c -> c")],
)
def test_two_steps_of_a_kind_on_one_matrix(kind, rule):
    """What the way back needs for both stands there once."""
    axes, value = parse(rule)[1], abs(numbers(0, 3, 2)) - 0.1 * (kind == "relu")
    axes = " ".join(axes)
    trace = Trace("twice")
    trace.given("x", value, "t c")
    trace.step("one", kind, rule, "x")
    trace.step("other", kind, rule, "x")
    trace.step("y", "add", f"{axes}, {axes} -> {axes}", "one", "other")
    alone = Trace("once")
    alone.given("x", value, "t c")
    alone.step("y", kind, rule, "x")
    assert_near(trace.backward()["dx"].value, 2 * alone.backward()["dx"].value)


def test_two_normalizations_of_one_matrix_along_different_axes():
    value, dout = abs(numbers(0, 3, 3)) + 0.5, numbers(1, 3, 3)
    trace = Trace("rows and columns")
    trace.given("x", value, "t c")
    trace.step("rows", "normalize", "t r -> t s", "x")
    trace.step("columns", "normalize", "r s -> t s", "x")
    trace.step("y", "add", "t s, t s -> t s", "rows", "columns")
    (wanted,) = by_autograd([value], lambda x: x / x.sum(1, keepdim=True) + x / x.sum(0, keepdim=True), dout)
    assert_near(trace.backward(dout)["dx"].value, wanted, atol=1e-12)


@pytest.mark.parametrize("build", [average_past, average_matmul])
@pytest.mark.parametrize("shape", [(1, 1), (4, 3), (2, 3, 2)])
def test_averages(build, shape):
    x, dout = numbers(0, *shape), numbers(1, *shape)
    gradients = build(x).backward(dout)
    expected = by_differences(x, lambda moved: (build(moved)["out"].value * dout).sum())
    assert_near(gradients["dx"].value, expected, atol=1e-6)
    check_by_rules(gradients)


@pytest.mark.parametrize(("T", "S"), [(1, 2), (2, 3), (3, 3)])
def test_a_mean_that_keeps_its_axis(T, S):
    """As ``mean(-1, keepdim=True)`` of the past: what it goes back to is as long as it was."""
    trace = Trace("past")
    trace.given("a", np.zeros((T, S)), "t s")
    trace.step("y", "mean", "t s -> t i | s <= t", "a", i=1)
    share = np.tri(T, S) / np.minimum(np.arange(1, T + 1), S)[:, None]
    assert_near(trace.backward(np.full((T, 1), 2.0))["da"].value, 2 * share)


def test_masked_softmax_and_its_triangle():
    scores, v, dout = numbers(0, 4, 4), numbers(1, 4, 2), numbers(2, 4, 2)
    gradients = masked_softmax(scores, v).backward(dout)
    inputs = {"scores": scores, "v": v}

    def result(name, moved):
        return (masked_softmax(**{**inputs, name: moved})["out"].value * dout).sum()

    for name, array in inputs.items():
        expected = by_differences(array, partial(result, name))
        assert_near(gradients[f"d{name}"].value, expected, atol=1e-6)
    # A row of weights always sums to 1, so what some scores win the others lose.
    assert_near(gradients["dmasked"].value.sum(-1), 0, atol=1e-12)
    assert (gradients["dscores"].value[np.triu_indices(4, 1)] == 0).all()


def one_step(kind, rule, *shapes, factor):
    def build(*arrays):
        trace = Trace("one step")
        for name, array, axes in zip("abc", arrays, parse(rule)[0]):
            trace.given(name, array, " ".join(axes))
        trace.step("y", kind, rule, *"abc"[: len(arrays)], factor=factor, role="scores")
        return trace

    return build, [abs(numbers(i, *shape)) + 0.1 for i, shape in enumerate(shapes)]


@pytest.mark.parametrize(
    ("kind", "rule", "shapes", "factor"),
    [
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
    ],
)
def test_each_kind_as_central_differences(kind, rule, shapes, factor):
    build, arrays = one_step(kind, rule, *shapes, factor=factor)
    trace = build(*arrays)
    dout = numbers(9, *trace["y"].value.shape)
    gradients = trace.backward(dout)

    def result(i, moved):
        return np.nansum(build(*arrays[:i], moved, *arrays[i + 1 :])["y"].value * dout)

    for i, name in enumerate("abc"[: len(arrays)]):
        expected = by_differences(arrays[i], partial(result, i))
        assert_near(gradients[f"d{name}"].value, expected, atol=1e-6)
    check_by_rules(gradients)


def again(trace, values):
    """The same step ``y`` on other numbers; a name that it reads twice is one matrix."""
    other = Trace("again")
    for name, value in values.items():
        other.given(name, value, " ".join(trace[name].axes))
    step = trace["y"]
    sizes = {
        axis: size
        for axis, size in zip(step.axes, step.value.shape)
        if axis in KINDS[step.kind].makes(parse(step.rule))
    }
    other.step("y", step.kind, step.rule, *step.inputs, factor=step.factor, **sizes)
    return other


@pytest.mark.parametrize("kind", RULES)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_the_gradient_of_any_step_as_central_differences(kind, data):
    trace = data.draw(STEPS[kind])
    rng = np.random.default_rng(0)
    values = {name: trace[name].value.copy() for name in dict.fromkeys(trace["y"].inputs)}
    moving = dict.fromkeys(trace["y"].inputs[: KINDS[kind].differentiable])
    for name in moving:  # no two numbers alike, so that the largest is one
        values[name] = values[name] + rng.uniform(0.001, 0.02, values[name].shape)
    trace = again(trace, values)
    y = trace["y"].value
    finite = np.isfinite(y)
    assume(kind not in ("normalize", "softmax", "mean") or finite.all())
    dout = np.where(finite, rng.normal(size=y.shape), 0.0)
    gradients = trace.backward(dout)

    def results(name, distance):
        found = np.moveaxis(moved_values(trace["y"], values, name, distance), -1, 0)  # what is −∞ stays there
        return (np.where(finite, found, 0.0) * dout).reshape(len(found), -1).sum(axis=-1)

    for name in moving:
        expected = (results(name, NUDGE) - results(name, -NUDGE)) / (2 * NUDGE)
        found = gradients[f"d{name}"].value
        assert_near(found, expected.reshape(found.shape), rtol=1e-4, atol=1e-4)
    check_by_rules(gradients)
    check_lines(gradients, trace)


def check_lines(gradients, trace):
    """Each gradient's line of PyTorch gives the gradient."""
    known = {"torch": torch, **{step.name: torch.tensor(step.value) for step in (*trace, *gradients)}}
    for step in gradients:
        if step.code and step.name not in trace:
            exec(step.code, names := dict(known))
            assert_near(names[step.name], step.value, rtol=1e-9, atol=1e-12, err_msg=step.code)


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
    assert_near(gradients["da"].value, dout @ a.T + a.T @ dout)
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


@pytest.mark.parametrize(
    ("dout", "sentence"),
    [
        (
            np.ones((2, 3)),
            "dout has shape (2, 3); wanted that of out, (T=3, head_size=2): one number for each of its cells.",
        ),
        (np.full((3, 2), np.nan), "dout holds nan: every number must be finite."),
        ([["a", "b"]], "dout has shape (1, 2) and holds text; wanted real numbers."),
    ],
)
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

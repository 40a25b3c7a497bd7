"""Code of many hands becomes a Trace: the values are those of the run, the sources those that autograd finds."""

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helpers.explore import explore
from helpers.see import Failed, see
from helpers.trace import rules
from helpers.trace.grammar import COMPARE
from helpers.trace.kinds import KINDS
from tests.many_hands import FUNCTIONS, MODULES
from tests.near import assert_near


def sizes_for(T, D, N, B):
    return {"T": T, "S": T + 1, "D": D, "N": N, "C": N * D, "B": B, "3C": 3 * N * D, "4C": 4 * N * D}


def inputs_for(shapes, sizes, seed):
    """Random inputs in float64, each about as large as a channel of a token."""
    generator = np.random.default_rng(seed)
    made = [[sizes.get(size) or int(size) for size in shape.split()] for shape in shapes]
    return [torch.tensor(0.7 * generator.normal(size=shape)) for shape in made]


def by_name(function, inputs):
    return dict(zip(inspect.signature(getattr(function, "forward", function)).parameters, inputs))


def returned(value):
    """The tensors that came back, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    return [one for part in (value.values() if isinstance(value, dict) else value) for one in returned(part)]


def from_inputs(trace, name, index, wanted):
    """The cells of the inputs that a cell is made of, through all steps between."""
    found, done, left = set(), set(), [(name, index)]
    while left:
        cell = left.pop()
        if cell in done:
            continue
        done.add(cell)
        if cell[0] in wanted:
            found.add(cell)
        if trace[cell[0]].kind in COMPARE:  # it has no derivative
            continue
        left += trace.sources(*cell[:1], *cell[1])
    return found


def by_autograd(cell, inputs):
    """The cells of the inputs with a non-zero derivative."""
    if not cell.requires_grad:
        return set()
    slopes = torch.autograd.grad(cell, list(inputs.values()), retain_graph=True, allow_unused=True)
    found = set()
    for name, slope in zip(inputs, slopes):
        if slope is not None:
            size = slope.abs().max()
            found |= {(name, tuple(at)) for at in (slope.abs() > 1e-13 * size).nonzero().tolist()}
    return found


def check_against_the_run(function, arguments, generator, cells=6):
    """Values and sources of a Trace, from the last matrices down to the inputs."""
    trace = see(function, **arguments)
    leaves = {name: value.clone().double().requires_grad_() for name, value in arguments.items()}
    results = list({id(one): one for one in returned(function(**leaves))}.values())
    for result, step in zip(results, trace.shown[-len(results) :]):
        assert_near(step.value, result.detach().numpy(), rtol=1e-6, atol=1e-6)
        for _ in range(cells if result.numel() and result.is_floating_point() else 0):
            index = tuple(int(generator.integers(size)) for size in result.shape)
            assert from_inputs(trace, step.name, index, leaves) == by_autograd(result[index], leaves), (
                step.name,
                index,
            )
            trace.why(step.name, *index)
    return trace


def check_each_step(trace, generator):
    """Nonsense in all that a cell does not name as a source leaves it alone; each of its sources, changed, changes it.

    A source that is held by no rule, of a move or an opaque step, was compared with autograd already.
    """
    for step in [step for step in trace if KINDS[step.kind].ruled and step.value.size and step.kind not in COMPARE]:
        index = tuple(int(generator.integers(size)) for size in step.value.shape)
        inputs = trace.inputs(step)
        named = {(name, where) for name, where in rules.sources(step, index, inputs)}
        changed = {one.name: nonsense(one, named, generator) for one in inputs[: KINDS[step.kind].differentiable]}
        again = again_with(step, inputs, changed)
        before = again_with(step, inputs, {})
        assert_near(before, step.value, rtol=1e-4, atol=1e-5)
        if step.kind not in ("max", "min", "maximum", "minimum"):  # a larger one elsewhere would be the largest
            assert_near(again[index], before[index], rtol=1e-9, atol=1e-12)
        for name, where in list(named)[: 3 * np.isfinite(before[index])]:
            value = trace[name].value.astype(float)
            value[where] = value[where] * 1.01 + 0.01
            assert again_with(step, inputs, {name: value})[index] != before[index], (step.name, index, name, where)


def nonsense(source, named, generator):
    """The numbers of a step, others in the place of all that is not named."""
    value = source.value.astype(float)
    kept = np.zeros(value.shape, bool)
    for name, where in named:
        if name == source.name:
            kept[where] = True
    # a term with a factor of 0 stays nothing whatever the other factor is; −∞ stays masked
    return np.where(kept | (value == 0) | ~np.isfinite(value), value, value * generator.uniform(0.5, 1.0))


def again_with(step, inputs, changed):
    """The value of a step by its rule, with other numbers in some of its inputs."""
    values = [changed.get(one.name, one.value) for one in inputs]
    made = {axis: size for axis, size in zip(step.axes, step.value.shape) if axis in rules.parse(step.rule).new}
    made = made if step.kind in ("sum-product", "mean", "max", "min") and 1 in made.values() else {}
    return rules.evaluate(step.kind, step.rule, values, step.factor, **made)


# -- functions ------------------------------------------------------------------------------------

PLACES = ("max", "min", "topk", "sort", "kthvalue", "median", "cummax")  # each gives places beside its numbers


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function(name):
    function, shapes = FUNCTIONS[name]
    generator = np.random.default_rng(len(name))
    arguments = by_name(function, inputs_for(shapes, sizes_for(3, 3 if name != "halves_swapped" else 2, 2, 2), 0))
    trace = check_against_the_run(function, arguments, generator)
    check_each_step(trace, generator)
    for step in trace if name != "not_read_here" else ():
        assert step.kind != "opaque" or step.operation in PLACES, (step.name, step.operation)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(FUNCTIONS)),
    st.integers(1, 5),
    st.sampled_from([2, 4]),
    st.integers(1, 3),
    st.integers(0, 999),
)
def test_a_function_at_any_size(name, T, D, B, seed):
    function, shapes = FUNCTIONS[name]
    generator = np.random.default_rng(seed)
    arguments = by_name(function, inputs_for(shapes, sizes_for(max(T, 2), D, 2, B), seed))
    check_against_the_run(function, arguments, generator, cells=2)


@pytest.mark.parametrize("name", MODULES)
def test_a_module(name):
    torch.manual_seed(1)
    module = MODULES[name]().eval().double()
    generator = np.random.default_rng(3)
    inputs = torch.tensor(generator.normal(size=(2, 3, 4)))
    if name == "nn.MultiheadAttention":
        arguments = dict.fromkeys(("query", "key", "value"), inputs)
        arguments = {name: value + at for at, (name, value) in enumerate(arguments.items())}
    else:
        (first, *_) = inspect.signature(module.forward).parameters
        arguments = {first: inputs}
    trace = check_against_the_run(module, arguments, generator, cells=4)
    check_each_step(trace, generator)
    assert not any(step.kind == "opaque" for step in trace)


# -- what else is to be seen ----------------------------------------------------------------------


def test_names_roles_and_lines_are_those_of_the_code():
    torch.manual_seed(2)
    head, x = MODULES["head"]().eval(), torch.randn(2, 3, 4)
    trace = see(head, x)
    assert [step.name for step in trace.shown] == [
        *("x", "key.weight", "k", "query.weight", "q", "wei", "self.tril[:T, :T]", "wei₂", "wei₃"),
        *("value.weight", "v", "out"),
    ]
    roles = {"q": "query", "k": "key", "v": "value", "wei": "scores", "wei₂": "scores", "wei₃": "weights", "out": "out"}
    assert {name: trace[name].role for name in roles} == roles
    assert trace["query.weight"].role == "query" and trace["query.weight"].parameter
    assert trace["wei"].rule == "b t h, b s h -> b t s" and trace["wei"].factor == pytest.approx(3**-0.5)
    assert trace["wei"].code == "wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5"
    assert trace["out"].shape == "(B=2, T=3, head_size=3)"
    assert trace["wei₂"].value[0, 0, 1] == -np.inf
    assert trace["wei₃"].value.dtype == float
    np.testing.assert_array_equal(trace["out"].value, head(x).detach().double().numpy())


@pytest.mark.parametrize(
    "limit", [lambda s: s, lambda s: torch.tanh(s / 5) * 5, lambda s: s.clamp(-1, 1), lambda s: s.clamp(min=-1)]
)
def test_scores_are_scores_whatever_limits_them(limit):
    def attention(q, k, v):
        s = limit(q @ k.T)
        w = s.softmax(-1)
        return w @ v

    trace = see(attention, *torch.randn(3, 4, 5))
    assert {one.name: one.role for one in trace.shown if one.name in "q k v w s"} == {
        **{"q": "query", "k": "key", "v": "value", "s": "scores", "w": "weights"}
    }
    assert trace["q"].shape == "(T=4, head_size=5)"


def test_a_loop_becomes_one_matrix():
    function, _ = FUNCTIONS["mean_of_the_past_with_loops"]
    trace = see(function, torch.randn(2, 4, 3))
    assert [step.name for step in trace.shown] == ["x", "xbow"]
    assert trace.sources("xbow", 1, 2, 0) == [("x", (1, 0, 0)), ("x", (1, 1, 0)), ("x", (1, 2, 0))]
    assert trace["xbow"].shape == "(B=2, T=4, C=3)"
    assert "/ 3" in trace.why("xbow", 1, 2, 0)


@pytest.mark.parametrize("part", ["x[t:]", "x[t : t + 2]", "x[max(0, t - 1) : t + 1]", "x[[t]]", "x[: t + 1]"])
def test_a_loop_keeps_the_name_of_its_axis(part):
    """What each row is made of begins with its own, ends with it, or is that alone."""
    rows = eval(f"lambda x, t: {part}")

    def loop(x):
        out = np.zeros(x.shape) if isinstance(x, np.ndarray) else torch.zeros(x.shape)
        for t in range(len(x)):
            out[t] = rows(x, t).sum(0)
        return out

    def largest(x):
        out = np.zeros(len(x)) if isinstance(x, np.ndarray) else torch.zeros(len(x))
        for t in range(len(x)):
            out[t] = rows(x, t).max()
        return out

    x = np.random.default_rng(0).normal(size=(5, 3))
    for array in (x, torch.tensor(x)):
        assert [step.shape for step in see(loop, array).shown] == ["(T=5, C=3)"] * 2
        assert [step.shape for step in see(largest, array).shown] == ["(T=5, C=3)", "(T=5)"]
        found = see(loop, array).sources("out", 3, 1)
        assert found == [("x", (t, 1)) for t in np.arange(5)[rows(np.arange(5), 3)]]


def written_and_changed(x):
    out = np.zeros(x.shape)
    for t in range(len(x)):
        out[t] = x[t] * 2
    out *= x
    out[0], out[1] = 1, x[0]
    last = out[-1] * 3
    out[2] = last
    return out


def cut_to_whole_numbers(x):
    out = np.zeros(x.shape, dtype=int)
    for t in range(len(x)):
        out[t] = 10 * x[t]
    return out


def test_writes_one_after_the_other():
    """They are read as one, as far as nothing else looks at what they wrote, and as far as all can be read."""
    x = np.random.default_rng(0).normal(size=(4, 3))
    trace = see(written_and_changed, x)
    np.testing.assert_array_equal(trace.shown[-1].value, written_and_changed(x))
    found = {t: from_inputs(trace, trace.shown[-1].name, (t, 1), {"x"}) for t in range(4)}
    assert found == {0: set(), 1: {("x", (0, 1))}, 2: {("x", (3, 1))}, 3: {("x", (3, 1))}}
    trace = see(cut_to_whole_numbers, x)
    np.testing.assert_array_equal(trace.shown[-1].value, cut_to_whole_numbers(x))


def test_a_softmax_by_hand_is_made_of_what_its_formula_reads():
    """In row 0 one cell is unmasked: its share is 1 whatever its score, and it is e / total all the same."""

    def by_hand(scores):
        masked = scores.masked_fill(torch.ones_like(scores).triu(1).bool(), float("-inf"))
        e = masked.exp()
        total = e.sum(-1, keepdim=True)
        by_hand = e / total
        return by_hand, masked.softmax(-1)

    trace = see(by_hand, torch.randn(3, 3))
    assert trace.sources("by_hand", 0, 0) == [("e", (0, 0)), ("total", (0, 0))]
    assert trace.sources("total", 0, 0) == [("e", (0, s)) for s in range(3)]
    assert trace.sources("by_hand", 0, 1) == [("e", (0, 1))] and trace.sources("e", 0, 1) == []  # 0 / total
    assert trace.sources(trace.shown[-1].name, 0, 0) == []
    assert_near(trace["by_hand"].value, trace.shown[-1].value, rtol=1e-6)


def averages_of_cells(x):
    out = np.zeros(x.shape)
    for t in range(x.shape[0]):
        for c in range(x.shape[1]):
            total = 0.0
            for s in range(t + 1):
                total += x[s, c]
            out[t, c] = total / (t + 1)
    return out


def head_in_numpy(x):
    wei = x @ x.T / np.sqrt(x.shape[-1])
    wei = np.where(np.tril(np.ones(wei.shape), 1) == 0, -np.inf, wei)
    wei = np.exp(wei - wei.max(axis=-1, keepdims=True))
    wei /= wei.sum(axis=-1, keepdims=True)
    return wei @ np.stack([np.array([row[0], row[1]]) for row in x])


def unknown_to_all(x):
    return np.sort(np.abs(x), axis=0)[:2], np.cumprod(x, axis=1), np.var(x, axis=0), x.reshape(-1)[::2] + x.T[0, 0]


@pytest.mark.parametrize("function", [averages_of_cells, head_in_numpy, unknown_to_all], ids=lambda one: one.__name__)
def test_numpy_is_seen_too(function):
    """The witness: one number of x after the other is changed, and exactly the cells that name it change."""
    x = np.random.default_rng(4).normal(size=(4, 3))
    trace, before = see(function, x), function(x)
    before = before if isinstance(before, tuple) else (before,)
    steps = list(trace)[-len(before) :]
    for place in np.ndindex(x.shape):
        other = x.copy()
        other[place] += 1e-5
        after = function(other)
        for step, one, changed in zip(steps, before, after if isinstance(after, tuple) else (after,)):
            assert_near(step.value, one, rtol=1e-12)
            moved = {tuple(map(int, at)) for at in np.argwhere(changed != one)}
            named = {at for at in np.ndindex(one.shape) if ("x", place) in from_inputs(trace, step.name, at, {"x"})}
            assert moved == named, (step.name, place)


def numbers_in_order(x, y):
    kept = np.clip(x, -0.5, y) + np.maximum(x, y) * np.sort(y, axis=0)
    return kept, np.where((x > y) & ~(x > 1), x, np.minimum(y, 0)), x.min(axis=1), np.abs(x), np.amin(np.sin(y))


def test_numpy_limits_and_comparisons_have_rules():
    x, y = np.random.default_rng(4).normal(size=(2, 4, 3))
    trace, before = see(numbers_in_order, x, y), numbers_in_order(x, y)
    assert not any(step.kind == "opaque" for step in trace)
    for step, one in zip(list(trace)[-len(before) :], before):
        assert_near(step.value, one, rtol=1e-12)


def test_ids_are_named_where_rows_are_picked():
    """As an embedding names them, whatever the table and however it is written."""

    def plain(table, ids):
        return table[ids]

    def computed(table, ids):
        rows = 2 * table
        return rows.index_select(0, ids)

    table, ids = np.arange(15.0).reshape(5, 3), np.array([4, 0, 4, 1])
    for function, inputs, name in (
        (plain, (torch.tensor(table), torch.tensor(ids)), "table"),
        (computed, (torch.tensor(table), torch.tensor(ids)), "rows"),
        (plain, (table, ids), "table"),
        (lambda table, ids: np.take(table, ids, axis=0), (table, ids), "table"),
    ):
        trace = see(function, *inputs)
        last = trace.shown[-1]
        assert last.inputs == (name, "ids") and last.kind == "lookup"
        assert f" = {name}[ids[2],1] = {name}[4,1] = " in trace.why(last.name, 2, 1)
        assert trace.sources(last.name, 2, 1) == [(name, (4, 1))]
    for other in (lambda x: x[torch.tensor([1, 0])], lambda x, ids: x[-ids], lambda x, ids: x[ids, ids]):
        inputs = (torch.tensor(table), torch.tensor([1, 2]))[: other.__code__.co_argcount]
        assert see(other, *inputs).shown[-1].kind == "move"


def test_float32_is_read_as_well():
    torch.manual_seed(0)
    for name, module in MODULES.items():
        if name != "nn.MultiheadAttention":
            trace = see(module().eval(), torch.randn(2, 5, 4))
            assert not any(step.kind == "opaque" for step in trace), name


def test_code_that_raises_shows_what_it_did_before():
    def wrong(x):
        q = x @ x.T
        return q @ torch.ones(7, 2)

    with pytest.raises(
        Failed, match=r"wrong stopped in line \d+, return q @ torch.ones\(7, 2\): RuntimeError: mat1"
    ) as told:
        see(wrong, torch.ones(3, 2))
    assert [step.name for step in told.value.trace] == ["x", "q"]
    assert told.value.trace.sources("q", 0, 1)


def test_what_is_too_large_is_told():
    with pytest.raises(ValueError, match=r"x has shape \(2000, 2000\), and up to .*: cut T or C to 128"):
        see(lambda x: x @ x, torch.ones(2000, 2000))
    with pytest.raises(ValueError, match=r"in line \d+ has shape \(2048, 2048\).*: cut T or C to 128"):
        see(lambda x: x[:, None] * x, torch.ones(2048))


def test_a_number_is_nothing_to_see():
    with pytest.raises(ValueError, match="returned float, and no tensor"):
        see(lambda x: float(x.sum()), torch.ones(2, 2))


def test_no_operation_is_changed_by_being_seen():
    calls = []

    def counted(x):
        calls.append(1)
        return x.softmax(-1)

    x = torch.randn(3, 3)
    kept = x.clone()
    see(counted, x)
    assert len(calls) == 1 and torch.equal(x, kept)


def test_an_operation_that_nobody_knows_names_the_sources_that_autograd_finds():
    x = torch.randn(4, 3, dtype=torch.float64)
    trace = see(lambda x: torch.logcumsumexp(x, 0), x)
    (step,) = [step for step in trace if step.kind == "opaque" and not step.hidden]
    assert trace.sources(step.name, 2, 1) == [("x", (0, 1)), ("x", (1, 1)), ("x", (2, 1))]
    assert "is known, not how" in trace.why(step.name, 3, 1)


def test_dropout_in_training_is_a_product_with_what_was_kept():
    x = torch.randn(4, 3)
    trace = see(lambda x: torch.nn.functional.dropout(x, 0.5), x)
    *_, last = trace
    assert last.kind == "sum-product"
    assert_near(last.value, x.numpy() * trace[last.inputs[1]].value, rtol=1e-6)


def test_a_trace_that_was_seen_goes_backwards():
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)

    def share(x):
        return (x @ x.T / 2).softmax(-1) @ x

    gradients = see(share, x.detach()).backward()
    share(x).sum().backward()
    assert_near(gradients["dx"].value, x.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_a_mask_that_is_an_input_and_tokens_first():
    torch.manual_seed(3)
    attention, x = torch.nn.MultiheadAttention(6, 3).eval(), torch.randn(5, 2, 6)
    mask = torch.ones(5, 5).triu(1).bool()
    trace = see(attention, x, x, x, attn_mask=mask)
    assert trace["weights"].shape == "(B=2, heads=3, T=5, T=5)"
    assert {name: trace[name].role for name in "qkv"} == {"q": "query", "k": "key", "v": "value"}
    assert not any(step.kind == "opaque" for step in trace)
    _, weights = attention(x, x, x, attn_mask=mask)
    assert_near(list(trace)[-1].value, weights.detach().numpy(), atol=1e-6)


def test_a_matrix_of_no_numbers_is_no_step():
    def part(x):
        turned, rest = x[..., :4], x[..., 4:]
        return torch.cat((turned * 2, rest), -1)

    trace = see(part, torch.randn(5, 4))
    assert "rest" not in trace and trace.sources("torch.cat((turned * 2, rest), -1)", 1, 2) == [("turned * 2", (1, 2))]


def test_complex_numbers_in_passing_are_one_opaque_step():
    trace = see(lambda x: torch.fft.fft(x, dim=0).real, torch.randn(3, 4))
    *_, last = trace
    assert last.kind == "opaque" and {where for _, where in trace.sources(last.name, 1, 2)} == {(0, 2), (1, 2), (2, 2)}


def test_spare_letters_name_no_family():
    from helpers.see.axis_names import SPARE
    from helpers.see.read.axis_families import FAMILIES

    assert not {*SPARE} & {letter for letters in FAMILIES.values() for letter in letters}


def test_a_factor_in_a_product_is_no_step():
    trace = see(lambda x: 0.5 * x * (1.0 + torch.tanh(x)), torch.randn(2, 3))
    assert "0.5 * x" not in trace and list(trace)[-1].factor == 0.5


def test_shares_of_tokens_are_weights_though_they_multiply_nothing():
    def two(scores):
        scaled = scores * 0.5
        return scaled.softmax(-1)

    trace = see(two, torch.randn(4, 4))
    assert [step.role for step in trace.shown] == ["scores", "scores", "weights"]


def test_weights_that_are_scaled_are_weights():
    def late(masked, v):
        softmaxed = masked.softmax(dim=-1)
        weights = softmaxed * 4**-0.5
        return weights @ v

    trace = see(late, torch.randn(4, 4), torch.randn(4, 3))
    assert [step.role for step in trace.shown] == ["scores", "value", "weights", "weights", "out"]
    assert trace["weights @ v"].shape == "(T=4, head_size=3)"


def test_queries_of_three_axes_are_a_batch():
    def attention(q, k, v):
        return (q @ k.transpose(-2, -1)).softmax(-1) @ v

    trace = see(attention, *torch.randn(3, 2, 4, 5))
    assert trace["q"].shape == "(B=2, T=4, head_size=5)"


def test_tokens_are_the_words_of_the_rows():
    def double(x):
        return 2 * x

    def embedded(tokens):
        return tokens * 2

    assert see(double, torch.ones(2, 3), tokens=["the", "cat"]).words("t") == ["the", "cat"]
    assert see(embedded, tokens=torch.ones(2)).tokens is None


def test_a_run_inside_another_one_is_noted_once():
    def place(x, p):
        placed = x + p
        return placed, p @ p.T

    def build(T=3):
        return see(place, torch.ones(T, 2), torch.ones(T, 2))

    assert [step.name for step in explore(build).trace] == ["x", "p", "placed", "p @ p.T"]


class Asked(nn.Module):
    """Modules whose results have no variable inside, and some none outside."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3), nn.Dropout(0.5))
        self.proj, self.drop = nn.Linear(3, 3), nn.Dropout(0.5)
        self.eval()

    def turned(self, x):
        return self.drop(self.proj(x))

    def both(self, x):
        return self.proj(x), self.turned(x + 1)

    def forward(self, x):
        x = x + self.turned(x)
        x = x + self.net(x) * 2
        kept = self.turned(x)
        x = x + self.both(kept)[1]
        return self.both(x)


def test_what_a_call_gives_is_called_as_whoever_asked_for_it_calls_it():
    shown = [step.name for step in see(Asked(), torch.randn(2, 3)).shown if step.kind != "given"]
    assert shown == [
        *("self.turned(x)", "x₂", "net.0", "net.1", "self.net(x)", "self.net(x) * 2", "x₃", "kept"),
        *("self.both(kept)[0]", "x + 1", "self.both(kept)[1]", "x₄"),
        *("(x + 1)₂", "self.both(x)[0]", "self.both(x)[1]"),
    ]


def test_a_matrix_that_is_filled_by_way_of_its_pieces_is_shown_once_it_is_full():
    def filled(x):
        both = x.new_empty(2, 4)
        both[:, :2].copy_(x)
        both[:, 2:].copy_(x * 2)
        return both @ both.T

    trace = see(filled, torch.randn(2, 2))
    assert [step.name for step in trace.shown] == ["x", "x * 2", "both", "both @ both.T"]
    assert trace.sources("both", 0, 1) == [("x", (0, 1))] and trace.sources("both", 1, 2) == [("x * 2", (1, 0))]

    def looked_at(x):
        both = x.new_zeros(2, 4)
        both[:, :2].copy_(x)
        half = both.sum()
        both[:, 2:].copy_(x * 2)
        return both @ both.T + half

    assert [step.name for step in see(looked_at, torch.randn(2, 2)).shown][:4] == ["x", "both", "both₂", "half"]

"""A run that is written down: exactly one call, every value that of the run, every name that of the code."""

import functools
import linecache
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helpers.see.record import notes
from helpers.see.record.events import matrices, replaced
from helpers.see.record.holders import found_in
from helpers.see.record.recording import record
from helpers.see.record.spelling import SIZES_ALONE
from tests.near import assert_near

T, C = 5, 4
generator = torch.Generator().manual_seed(7)
Wq, Wk, Wv = (torch.randn(C, 3, generator=generator) for _ in range(3))
RANDOM = {"empty", "dropout", "kaiming_uniform", "uniform", "normal", "randn", "rand"} | SIZES_ALONE


def x_of(*shape):
    return torch.randn(*(shape or (T, C)), generator=torch.Generator().manual_seed(1))


def called(recording):
    """For each event what its results are called, or its expression."""
    return [
        " ".join(one.name for one in event.results) or event.place.expression
        for event in recording.events
        if event.results
    ]


def test_values_are_those_of_the_calls():
    for function in FUNCTIONS:
        recording = record(function, {"x": x_of()})
        assert recording.error is None and not recording.said, recording
        same_as_called_again(recording)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            wanted = function(x_of().clone())
        for matrix, value in zip(flat(recording.returned), flat(wanted)):
            np.testing.assert_array_equal(matrix.value, value.detach().numpy())


def test_memory_that_nobody_filled_is_no_reason_for_a_warning():
    """A float32 of these bits makes NumPy warn where it is made a float64."""

    def unfilled(x):
        total = torch.full((2,), 0x7F800001, dtype=torch.int32).view(torch.float32)
        total[:] = x[0, :2]
        return total

    recording = record(unfilled, {"x": x_of()})
    assert recording.error is None and recording.said == []


def flat(value):
    return [one for part in value for one in flat(part)] if isinstance(value, list | tuple) else [value]


def same_as_called_again(recording):
    """Each event's function, called on the recorded numbers, gives the recorded numbers."""
    for event in recording.events:
        if event.operation in RANDOM or not event.results or event.results[0].origin == "broken":
            continue
        if event.operation == "written":
            numbers = np.concatenate([one.value.ravel() for one in event.reads])
            np.testing.assert_array_equal(numbers[event.places], event.results[0].value)
            continue
        tensors = {id(one): torch.tensor(one.value).to(getattr(torch, one.kind)) for one in all_of(event)}
        args, kwargs = with_tensors([event.args, event.kwargs], tensors)
        value = event.function(*args, **kwargs)
        made = found_in(value, torch.Tensor) or [tensors[id(event.in_place)]]
        for one, matrix in zip(made, event.results):
            assert_near(one.detach().numpy(), matrix.value, rtol=1e-5, atol=1e-6)


def all_of(event):
    return matrices([event.args, event.kwargs])


def with_tensors(value, tensors):
    return replaced(value, lambda matrix: tensors[id(matrix)])


def head(x):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
    tril = torch.tril(torch.ones(len(x), len(x)))
    wei = wei.masked_fill(tril == 0, float("-inf"))
    wei = F.softmax(wei, dim=-1)
    return wei @ v


def averages(x):
    out = torch.zeros_like(x)
    for t in range(len(x)):
        out[t] = x[: t + 1].mean(0)
    return out


def split(x):
    a, b = x.split(2, dim=-1)
    parts = x.chunk(2, dim=-1)
    (c, d), e = parts, a + b
    return c * d, e


def loop(x):
    for _ in range(3):
        x = x * 2
    return x


def augmented(x):
    y = x + 0
    y += 1
    y[0] -= 2
    y.T[1].mul_(3)
    return 2 - y, 1 / y, 2**y


def walrus(x):
    return (y := x.exp()) / y.sum(-1, keepdim=True)


def rows(x):
    found = [row * 2 for row in x]
    q, k = (x @ w for w in (Wq, Wk))
    return torch.stack(found), q @ k.T


def several_lines(x):
    scores = torch.einsum(
        "tc,sc->ts",
        x,  # each row
        x,
    )
    return scores.exp()


def recursive(x, deep=2):
    if deep == 0:
        return x.relu()
    return recursive(x - 1, deep - 1)


def outputs(x):
    total = torch.empty(T, C)
    torch.add(x, x, out=total)
    values, places = torch.max(total, dim=0)
    return total, values, places


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@decorated
@torch.no_grad()
def weighted(x):
    weights = inner(x)
    return weights @ x


@decorated
def inner(x):
    scores = x @ x.T
    return scores.softmax(-1)


def lambdas(x):
    double = lambda t: t * 2  # noqa: E731
    y = double(x)
    return (lambda t: t + 1)(y)


def branches(x):
    y = x if x.shape[0] > 99 else x.abs()
    z = x if x is None else y.clone()
    return z * y


NAMES = {
    head: [
        *["q", "k", "v", "k.transpose(-2, -1)", "q @ k.transpose(-2, -1)", "wei", "torch.ones(len(x), len(x))"],
        *["tril", "tril == 0", "wei₂", "wei₃", "wei @ v"],
    ],
    averages: ["out", *["x[: t + 1]", "x[: t + 1].mean(0)", "out"] * T],
    split: ["a b", "parts[0] parts[1]", "e", "c * d"],
    loop: ["x₂", "x₃", "x₄"],
    augmented: [
        *["y", "y₂", "y[0] -= 2", "y[0] -= 2", "y₂", "y₂", "y[0] -= 2", "y.T", "y.T[1]", "y.T[1].mul_(3)"],
        *["y₂", "2 - y", "1 / y", "2**y"],
    ],
    walrus: ["y", "y.sum(-1, keepdim=True)", "(y := x.exp()) / y.sum(-1, keepdim=True)"],
    rows: ["row row₂ row₃ row₄ row₅", *["row * 2"] * T, "q", "k", "torch.stack(found)", "k.T", "q @ k.T"],
    several_lines: ["scores", "scores.exp()"],
    lambdas: ["y", "t + 1"],
    branches: ["y", "z", "z * y"],
    recursive: ["x - 1", "x - 1", "x.relu()"],
    outputs: ["total", "total₂", "values places"],
    weighted: ["x.T", "scores", "weights", "weights @ x"],
}
FUNCTIONS = [
    head,
    averages,
    split,
    loop,
    augmented,
    walrus,
    rows,
    several_lines,
    recursive,
    outputs,
    weighted,
    branches,
    lambdas,
]


@pytest.mark.parametrize("function", NAMES, ids=lambda one: one.__name__)
def test_names_are_those_of_the_code(function):
    got = called(record(function, {"x": x_of()}))
    if function is augmented:  # by which way PyTorch writes y[0] -= 2 is its own affair
        got, wanted = got[-4:], NAMES[function][-4:]
        assert got == wanted
        return
    assert got == NAMES[function]


class Head(nn.Module):
    def __init__(self, size=3):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(C, size, bias=False) for _ in range(3))
        self.register_buffer("tril", torch.tril(torch.ones(9, 9)))

    def forward(self, x):
        q = self.query(x)
        k = self.key(x)
        self.att = self.weights(q, k)
        return self.att @ self.value(x)

    def weights(self, q, k):
        scores = q @ k.transpose(-2, -1)
        scores.masked_fill_(self.tril[: len(q), : len(q)] == 0, -torch.inf)
        return torch.softmax(scores, -1)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([Head(), Head()])
        self.net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, C))

    def forward(self, x):
        heads = torch.cat([layer(x) for layer in self.layers], dim=-1)
        out = self.net(heads)
        return scaled(out) + x


def scaled(out):
    return out * 0.5


def test_a_module_has_paths_and_the_names_of_its_parameters():
    recording = record(Block(), {"x": x_of()})
    events = recording.events
    assert [event.within for event in events[:4]] == [
        *[("layers.0", "layers.0.query"), ("layers.0", "layers.0.key")],
        *[("layers.0", "weights")] * 2,
    ]
    assert events[0].reads[1].name == "layers.0.query.weight" and events[0].reads[1].origin == "parameter"
    assert [event.within for event in events[-5:]] == [
        *[("net", "net.0"), ("net", "net.1"), ("net", "net.2")],
        *[("scaled",), ()],
    ]
    mask = next(event for event in events if event.operation == "getitem")
    assert mask.reads[0].name == "layers.0.tril" and mask.reads[0].origin == "constant"
    assert called(recording)[-6:] == [
        "heads",
        "self.net(heads)",
        "self.net(heads)",
        "out",
        "out * 0.5",
        "scaled(out) + x",
    ]
    attention = [event.results[0] for event in events if event.operation == "softmax"]
    assert [one.name for one in attention] == ["self.att", "self.att₂"]
    same_as_called_again(recording)


def test_a_module_from_outside_or_made_in_the_run_has_the_name_of_its_variable():
    lin, table = nn.Linear(C, 2), {"w": x_of(C, 2)}

    def function(x, bias=x_of(2)):  # noqa: B008
        own = nn.Linear(2, 3)
        return own(lin(x) + x @ table["w"] + bias)

    events = record(function, {"x": x_of()}).events
    linear = [event for event in events if event.operation == "linear"]
    assert [[one.name for one in event.reads[1:]] for event in linear] == [
        ["lin.weight", "lin.bias"],
        ["own.weight", "own.bias"],
    ]
    assert {one.origin for event in linear for one in event.reads[1:]} == {"parameter"}
    assert [event.within for event in linear] == [("lin",), ("own",)]
    read = {one.name: one.origin for event in events for one in event.reads}
    assert read["table['w']"] == read["bias"] == "constant"


class Plain:
    def __init__(self):
        self.W = x_of(C, 2)

    def __call__(self, x):
        return self.project(x)

    def project(self, x):
        return x @ self.W


@pytest.mark.parametrize(
    "function",
    [Plain(), Plain().project, lambda x: Plain()(x), functools.partial(lambda W, x: x @ W, x_of(C, 2))],
    ids=["object", "method", "lambda", "partial"],
)
def test_other_things_that_can_be_called(function):
    recording = record(function, {"x": x_of()}, tensors=True)
    assert recording.error is None
    event = recording.events[-1]
    assert event.operation == "matmul" and event.place.expression in ("x @ self.W", "x @ W")
    assert_near(event.results[0].value, (x_of() @ x_of(C, 2)).numpy(), rtol=1e-6)


def test_text_without_a_source_has_lines_alone():
    names = {"torch": torch}
    exec("def function(x):\n    y = x * 2\n    return y.sum(0)", names)
    events = record(names["function"], {"x": x_of()}).events
    assert [(event.operation, event.place.line, event.place.expression) for event in events] == [
        ("mul", 2, ""),
        ("sum", 3, ""),
    ]


def test_a_cell_has_its_names():
    text = "def function(x):\n    y = x * 2  # twice\n    return y.sum(0)\n"
    linecache.cache["<a cell>"] = len(text), None, text.splitlines(keepends=True), "<a cell>"
    names = {"torch": torch}
    exec(compile(text, "<a cell>", "exec"), names)
    place = record(names["function"], {"x": x_of()}).events[0].place
    assert place == ("<a cell>", 2, "x * 2", "y = x * 2", "y", True)


@pytest.mark.parametrize(
    ("expression", "operation", "arguments"),
    [
        ("x @ x.T", "matmul", 2),
        ("x.mm(x.T)", "matmul", 2),
        ("torch.bmm(x[None], x.T[None])", "matmul", 2),
        ("1 + x", "add", 2),
        ("torch.subtract(x, 1)", "sub", 2),
        ("x.true_divide(2)", "div", 2),
        ("x[1:, None]", "getitem", 2),
        ("x.masked_fill_(x > 0, 1)", "masked_fill", 3),
        ("~(x > 0)", "bitwise_not", 1),
        ("(x > 0) & (x < 1)", "bitwise_and", 2),
        ("x.clip(0, 1)", "clamp", 3),
        ("x.where(x > 0, torch.tensor(0.0))", "where", 3),
        ("F.scaled_dot_product_attention(x[None], x[None], x[None])", "scaled_dot_product_attention", 3),
    ],
)
def test_one_name_for_each_operation(expression, operation, arguments):
    function = eval(f"lambda x: {expression}", {"torch": torch, "F": F})
    recording = record(function, {"x": x_of()}, tensors=True)
    event = recording.events[-1]
    assert event.operation == operation and len(event.args) == arguments
    same_as_called_again(recording)


def test_reversed_ones_have_their_arguments_in_order():
    event = record(lambda x: 2 - x, {"x": x_of()}, tensors=True).events[0]
    assert event.operation == "sub" and event.args[0] == 2 and event.args[1].name == "x"
    assert_near(event.function(2, event.args[1].value), event.results[0].value)


def test_the_code_runs_once_and_what_was_given_stays():
    calls, x, h = [], x_of(), Head()

    def function(x):
        calls.append(torch.is_grad_enabled())
        print("here")
        x += 1
        return h(x) + torch.rand(1)

    before, random = x.clone(), torch.random.get_rng_state()
    with torch.no_grad():
        recording = record(function, {"x": x})
    assert calls == [False] and recording.changed == ["x"] and recording.said == ["It printed: here"]
    assert (x == before).all() and (torch.random.get_rng_state() == random).all()
    assert recording.inputs["x"].value.shape == x.shape and (recording.inputs["x"].value == x.numpy()).all()
    draw = next(event for event in recording.events if event.operation == "rand")
    assert draw.results[0].origin == "constant" and draw.place.expression == "torch.rand(1)"


def raises(x):
    y = x * 2
    return y @ y


def interrupted(x):
    x.sum()
    signal.raise_signal(signal.SIGINT)
    return x


def ends(x):
    y = x + 1
    raise SystemExit(str(y.shape))


def test_after_an_error_the_events_are_there_and_nothing_else():
    before = torch.backends.mha.get_fastpath_enabled()
    recording = record(raises, {"x": x_of()})
    assert called(recording) == ["y"] and isinstance(recording.error, RuntimeError)
    assert recording.failed.expression == "y @ y" and recording.failed.statement == "return y @ y"
    recording = record(ends, {"x": x_of()})
    assert isinstance(recording.error, ValueError) and recording.failed.statement == "raise SystemExit(str(y.shape))"
    with pytest.raises(KeyboardInterrupt):
        record(interrupted, {"x": x_of()}, tensors=True)
    assert torch._C._len_torch_function_stack() == 0
    assert torch.backends.mha.get_fastpath_enabled() == before
    layer = Head()
    record(layer, {"x": x_of()})
    assert not layer._forward_hooks and not nn.modules.module._global_forward_hooks


def test_an_error_in_a_layer_is_at_the_line_that_calls_it():
    lin = nn.Linear(9, 2)

    def function(x):
        return lin(x)

    assert record(function, {"x": x_of()}).failed.expression == "lin(x)"


def test_a_long_loop_runs_on_unrecorded(monkeypatch):
    monkeypatch.setattr(notes, "MOST_EVENTS", 10)
    ran = []

    def function(x):
        for step in range(50):
            ran.append(step)
            x = x + 1
        return x

    recording = record(function, {"x": x_of()})
    assert len(ran) == 50 and len(recording.events) == 10 and "first 10 calls" in recording.said[-1]
    assert recording.returned.origin == "broken"
    assert_near(recording.returned.value, x_of().numpy() + 50, rtol=1e-5)


def test_what_goes_wrong_in_the_recorder_never_reaches_the_code(monkeypatch):
    monkeypatch.setattr(notes, "spelled", lambda name: 1 / 0)
    recording = record(head, {"x": x_of()})
    assert recording.error is None and "could not be recorded" in recording.said[-1]
    assert_near(recording.returned.value, head(x_of()).numpy(), rtol=1e-6)


def origins(function):
    recording = record(function, {"x": x_of()}, tensors=True)
    assert recording.error is None, recording.error
    return {one.variable: one.origin for event in recording.events for one in event.results}


def test_constants_depend_on_no_input_and_others_are_never_called_so():
    def function(x):
        mask = torch.tril(torch.ones_like(x)) == 0
        half = torch.full((2,), 0.5)
        s = float(x[0, 0])
        filled = torch.full((2,), s)
        times = torch.ones(2) * s
        three = torch.ones(2) * 3
        again = torch.tensor(x.tolist())
        array = torch.from_numpy(x.numpy())
        twice = array * 2
        return mask, half, filled, times, three, again, twice

    found = origins(function)
    assert [found[name] for name in ("mask", "half", "three")] == ["constant"] * 3
    assert [found[name] for name in ("filled", "times", "again")] == ["broken"] * 3
    assert found["twice"] == "made"


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.__name__)
def test_what_changes_with_the_input_is_never_called_constant(function):
    one, other = (record(function, {"x": x}) for x in (x_of(), 1 - x_of()))
    for event, same in zip(one.events, other.events, strict=True):
        for matrix, changed in zip([*event.reads, *event.results], [*same.reads, *same.results], strict=True):
            if matrix.origin == "constant" and event.operation != "empty":
                np.testing.assert_array_equal(matrix.value, changed.value)


def test_in_inference_mode_nobody_counts_writes():
    def function(x):
        with torch.inference_mode():
            y = x * 1
            view = y[0]
            view += 1
            return y * 2

    recording = record(function, {"x": x_of()})
    assert [event.operation for event in recording.events] == ["mul", "getitem", "add", "written", "mul"]
    same_as_called_again(recording)


def test_numbers_that_leave_are_noted():
    def function(x):
        x[0, 0].item(), x.tolist(), x.numpy(), bool((x > 9).any()), float(x.sum()), int(x[0, 0] * 0)

    events = record(function, {"x": x_of()}, tensors=True).events
    leaving = ("item", "tolist", "numpy", "bool")
    assert [event.operation for event in events if event.operation in leaving] == [
        *["item", "tolist", "numpy", "bool", "item", "item"]
    ]


def test_gradients_inside_the_function():
    def function(x):
        x.requires_grad_()
        loss = (x @ Wq).pow(2).sum()
        loss.backward()
        step = x.grad * 0.1
        with torch.no_grad():
            x -= step
        return x

    recording = record(function, {"x": x_of()})
    x = x_of()
    assert recording.error is None and recording.events[-1].operation == "sub"
    wanted = x - 0.1 * 2 * (x @ Wq) @ Wq.T
    assert_near(recording.returned.value, wanted.numpy(), rtol=1e-5, atol=1e-6)
    assert origins(function)["step"] == "made"
    assert next(event for event in recording.events if event.operation == "grad").results[0].origin == "broken"


def test_what_nobody_sees_is_broken():
    def function(x):
        y = torch.vmap(lambda row: row * 2)(x)
        return y, y + 1

    recording = record(function, {"x": x_of()}, tensors=True)
    assert [one.origin for one in recording.returned] == ["broken", "made"]
    assert_near(recording.returned[0].value, 2 * x_of().numpy(), rtol=1e-6)


def test_what_another_thread_computes_is_broken():
    def function(x):
        with ThreadPoolExecutor(1) as pool:
            y = pool.submit(lambda: x * 2).result()
        return y + 1

    before = threading.getprofile()
    recording = record(function, {"x": x_of()}, tensors=True)
    assert recording.events[-1].reads[0].origin == "broken" and threading.getprofile() is before
    assert_near(recording.returned.value, x_of().numpy() * 2 + 1, rtol=1e-6)


def test_memory_that_numpy_writes_into_is_looked_at():
    def function(x):
        y = x + 1
        array = y.numpy()
        array[0] = 7
        return y * 2

    recording = record(function, {"x": x_of()}, tensors=True)
    read = recording.events[-1].reads[0]
    assert read.origin == "broken" and (read.value[0] == 7).all()


def test_layers_take_the_way_of_plain_calls():
    layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval()
    with torch.no_grad():
        recording = record(layer, {"src": x_of(1, T, C)})
        wanted = layer(x_of(1, T, C))
    assert "multi_head_attention_forward" in {event.operation for event in recording.events}
    assert_near(recording.returned.value, wanted.numpy(), rtol=1e-5, atol=1e-5)


VIEWS = [
    "a.T",
    "a[1:]",
    "a[:, ::2]",
    "a.reshape(-1)",
    "a.view(a.shape)",
    "a[0]",
    "a.diagonal()",
    "a.detach()",
    "a.data",
]
WRITES = ["a.add_(1)", "a.mul_(2)", "a[0] = 5", "a.zero_()", "a.copy_(a + 1)", "a.relu_()", "a[..., -1] += 3", "a.t_()"]


@settings(max_examples=25)
@given(steps=st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 8)), min_size=2, max_size=9))
def test_each_alias_of_what_is_written_tells_where_its_cells_come_from(steps):
    """Random views and writes, as PyTorch makes them: every read has the numbers that are there, and true places."""
    seen = []

    def function(x):
        aliases = [x * 1]
        for which, write, what in steps:
            a = aliases[which % len(aliases)]
            code = (WRITES if write else VIEWS)[what % (len(WRITES) if write else len(VIEWS))]
            try:
                if write:
                    exec(code, {"a": a})
                else:
                    aliases.append(eval(code, {"a": a}))
            except (RuntimeError, IndexError):  # of a shape that has no such view
                continue
            for one in aliases:
                with torch._C.DisableTorchFunction():
                    seen.append(one.detach().clone())
                one.neg()  # reads it
        return aliases

    recording = record(function, {"x": x_of(3, 4)}, tensors=True)
    assert recording.error is None and not recording.said
    reads = [event.reads[0] for event in recording.events if event.operation == "neg"]
    for matrix, tensor in zip(reads, seen, strict=True):
        np.testing.assert_array_equal(matrix.value, tensor.numpy())
        assert matrix.origin in ("made", "constant")
    same_as_called_again(recording)

"""A run of NumPy that is written down: the same numbers, true trails, and no claim where a trail is lost."""

import math
import signal
from copy import deepcopy

import numpy as np
import pytest
import torch
from numpy import full, ndarray, zeros

from helpers.see.record import numpy_calls
from helpers.see.record.events import matrices, replaced
from helpers.see.record.recording import record
from tests.near import assert_near

T, C = 4, 3
Wq, Wk = np.random.default_rng(5).normal(size=(2, C, 2))
TABLE = {"w": np.arange(3.0)}
counted = 0


def x_of(seed=1):
    return np.random.default_rng(seed).normal(size=(T, C))


def averages(x):
    out = np.zeros((T, C))
    for t in range(T):
        out[t] = x[: t + 1].mean(0)
    return out


def by_cells(x):
    out = zeros((T, C))
    for t in range(T):
        for c in range(C):
            total = 0.0
            for s in range(t + 1):
                total += x[s, c]
            out[t, c] = total / (t + 1)
    return out


def head(x):
    q, k = x @ Wq, x @ Wk
    wei = q @ k.T / np.sqrt(q.shape[-1])
    mask = np.tril(np.ones((T, T))) == 0
    wei = np.where(mask, -np.inf, wei)
    wei = np.exp(wei - wei.max(axis=-1, keepdims=True))
    wei /= wei.sum(axis=-1, keepdims=True)
    return wei @ x


def rows(x):
    first = np.stack([row * 2 for row in x])
    second = np.array([x[0], x[1]])
    third = np.asarray(x)
    return first, second, third


def views(x):
    y = x + 0
    turned = y.T
    turned[0] = 5
    y[1] += 1
    again = y.reshape(-1)
    again[2:4] *= 3
    return y, turned


def einsum(x):
    scores = np.einsum("tc,sc->ts", x, x)
    return scores.cumsum(-1).clip(0, 1)


def drawn(x):
    noise = np.random.default_rng(0).normal(size=x.shape)
    other = np.random.rand(T, C)
    return x + noise * other


def torch_too(x):
    return (torch.tensor(x) @ torch.ones(C, 2, dtype=torch.float64)).numpy()


def helped(x):
    return twice(x) * x


def twice(x):
    both = np.concatenate([x, x])
    return both[:T]


FUNCTIONS = [averages, by_cells, head, rows, views, einsum, drawn, torch_too, helped]
by_name = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.__name__)


@by_name
def test_values_are_those_of_the_run(function):
    recording = record(function, {"x": x_of()}, tensors=False)
    assert recording.error is None and not recording.said, recording
    np.random.seed(0)
    for matrix, value in zip(parts(recording.returned), parts(function(x_of())), strict=True):
        np.testing.assert_array_equal(matrix.value, value)
        assert matrix.origin == "made" or matrix is recording.inputs["x"]
    for event in recording.events:
        if event.operation == "written":
            numbers = np.concatenate([one.value.ravel() for one in event.reads])
            np.testing.assert_array_equal(numbers[event.places], event.results[0].value)
        elif (
            event.results
            and event.operation not in ("normal", "rand", "tensor")
            and event.results[0].origin != "broken"
        ):
            called_again(event)


def parts(value):
    return value if isinstance(value, tuple) else (value,)


def called_again(event):
    """Its function, on the recorded numbers, gives the recorded numbers."""
    tensors = event.place.statement.startswith("return (torch")
    given = matrices([event.args, event.kwargs])
    copies = {id(one): torch.tensor(one.value) if tensors else one.value.copy() for one in given}
    args, kwargs = with_arrays([event.args, event.kwargs], copies)
    value = event.function(*args, **kwargs)
    if value is None:
        value = copies[id(event.in_place)]
    assert_near(value, event.results[0].value)


def with_arrays(value, copies):
    return replaced(value, lambda matrix: copies[id(matrix)])


NAMES = {
    averages: ["out", *["x[: t + 1]", "x[: t + 1].mean(0)", "out"] * T],
    head: [
        *["q", "k", "k.T", "q @ k.T", "wei", "np.ones((T, T))", "np.tril(np.ones((T, T)))", "mask", "wei₂"],
        *["wei.max(axis=-1, keepdims=True)", "wei - wei.max(axis=-1, keepdims=True)", "wei₃"],
        *["wei.sum(axis=-1, keepdims=True)", "wei₄", "wei @ x"],
    ],
    rows: [
        *["row", "row * 2", "row₂", "row * 2", "row₃", "row * 2", "row₄", "row * 2", "first"],
        "x[0]",
        "x[1]",
        "second",
    ],
    helped: ["both", "both[:T]", "twice(x) * x"],
}


@pytest.mark.parametrize("function", NAMES, ids=lambda one: one.__name__)
def test_names_are_those_of_the_code(function):
    events = record(function, {"x": x_of()}, tensors=False).events
    assert [event.results[0].name or event.place.expression for event in events if event.results] == NAMES[function]


def test_arrays_from_outside_have_their_names():
    events = record(head, {"x": x_of()}, tensors=False).events
    assert [(one.name, one.origin) for one in events[0].reads] == [("x", "input"), ("Wq", "constant")]
    assert record(helped, {"x": x_of()}, tensors=False).events[0].within == ("twice",)


def counts(x):
    global counted
    counted += 1
    print("here")
    x += 1
    return np.zeros(2) + x.sum()


def test_it_runs_once_and_leaves_nothing_behind():
    x, before = x_of(), {name: value for name, value in globals().items() if name != "counted"}
    recording = record(counts, {"x": x}, tensors=False)
    assert counted == 1 and recording.said == ["It printed: here"] and recording.changed == ["x"]
    assert np.array_equal(x, x_of())
    assert all(globals()[name] is value for name, value in before.items())
    assert type(np) is type(math)


def asked_for_its_type(x):
    assert type(x) is np.ndarray and type(x) == np.ndarray and type(x) is ndarray and x.__class__ is np.ndarray  # noqa: E721
    assert isinstance(x, np.ndarray) and isinstance(x, (list, ndarray)) and isinstance(x, np.ndarray | torch.Tensor)
    assert type(x @ x.T) in (np.ndarray, float) and type(x[0]) is type(x) and issubclass(type(x), np.ndarray)
    assert not isinstance(3.0, np.ndarray) and not isinstance([x], ndarray) and type(len) is not np.ndarray
    assert isinstance(np.ma.masked_array([1.0]), np.ndarray) and type(torch.ones(2).numpy()) is np.ndarray
    match x:
        case np.ndarray():
            return {np.ndarray: 2 * x}[type(x)] + np.ndarray.sum(x)


def test_an_array_is_an_array_in_the_code_that_asks():
    x = x_of()
    recording = record(asked_for_its_type, {"x": x}, tensors=False)
    assert recording.error is None
    np.testing.assert_array_equal(recording.returned.value, asked_for_its_type(x))
    assert [event.operation for event in recording.events][-3:] == ["mul", "sum", "add"]


def test_nothing_is_left_behind_after_an_interrupt():
    def interrupted(x):
        x += np.ones(C) @ Wq[:, :1]
        signal.raise_signal(signal.SIGINT)
        return x

    kept = Wq
    with pytest.raises(KeyboardInterrupt):
        record(interrupted, {"x": x_of()}, tensors=False)
    assert type(np) is type(math) and Wq is kept and type(Wq) is np.ndarray and not numpy_calls.running


def test_an_error_has_its_place():
    def wrong(x):
        y = x + 1
        return y @ Wq.T

    recording = record(wrong, {"x": x_of()}, tensors=False)
    assert isinstance(recording.error, ValueError) and recording.failed.expression == "y @ Wq.T"
    assert [event.operation for event in recording.events] == ["add", "T"]


def lost_in_mathematics(x):
    return np.full(3, math.exp(x[0, 0]))


def lost_in_numbers(x):
    s = float(x[0, 0])
    t = x.tolist()
    return np.array(t) * 2, np.ones(2) * s, full(2, x[0, 0].item() + 1)


def lost_in_another_numpy(x):
    import numpy

    out = numpy.zeros(3)
    out[0] = x[0, 0]
    return out * 2, numpy.array(x) + 1, numpy.asarray(x) * 1


def lost_in_a_tensor(x):
    return torch.from_numpy(np.array(x)) * 2, torch.tensor(x.tolist())


def lost_in_a_table(x):
    mine = deepcopy(TABLE)
    mine["w"][0] = x[0, 0]
    return mine["w"] * 2


def lost_in_tensors(x):
    x = torch.tensor(x)
    s = x[0, 0].item()
    return torch.full((2,), s) + 1, torch.Tensor([s, s]) * 2, torch.from_numpy(x.numpy() * 2) + 1


LOST = [lost_in_mathematics, lost_in_numbers, lost_in_another_numpy, lost_in_a_tensor, lost_in_a_table, lost_in_tensors]


@pytest.mark.parametrize("function", [*LOST, *FUNCTIONS], ids=lambda one: one.__name__)
def test_what_changes_with_the_input_is_never_called_constant(function):
    one, other = (record(function, {"x": x_of(seed)}, tensors=False) for seed in (1, 2))
    assert one.error is None and len(one.events) == len(other.events)
    for event, same in zip(one.events, other.events):
        for matrix, changed in zip([*event.reads, *event.results], [*same.reads, *same.results]):
            if matrix.origin == "constant":
                np.testing.assert_array_equal(matrix.value, changed.value)
    for matrix, changed in zip(parts(one.returned), parts(other.returned)):
        assert matrix.origin != "constant"
        assert not np.array_equal(matrix.value, changed.value)

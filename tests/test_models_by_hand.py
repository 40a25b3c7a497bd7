"""Models that others wrote by hand, as `see` shows them: each matrix against the run, each cell against autograd."""

import numpy as np
import pytest
import torch
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from torch.overrides import TorchFunctionMode

from bench.models import wrong_sources
from bench.witnesses import Rerun, distance, plain_calls, tensors
from helpers.see.record.recording import record
from helpers.see.seeing import trace_of
from tests.models_by_hand import MODELS, Sizes, made

CELLS = 8  # of each model


class Cut(TorchFunctionMode):
    """Runs a model in pieces: each matrix that a trace shows is a leaf, from which the derivatives of the next start.

    made: by the name of a step the tensor that was computed, with its way back to the leaves. leaves: by the name of a
    step what reads of it.
    """

    def __init__(self, trace, held):
        super().__init__()
        self.left = {step.name: step.value for step in trace.shown}
        self.made, self.leaves = {}, {}
        self.seen = {step.name for step in trace.shown if step.value.dtype.kind != "f"}
        for tensor in held:
            self.leaves[self.name(tensor)] = tensor.requires_grad_(tensor.is_floating_point())
        self.left = {name: value for name, value in self.left.items() if trace[name].kind != "given"}

    def name(self, tensor):
        """The step that has these numbers, the nearest of those that have not been met."""
        numbers = tensor.detach().double().numpy()
        alike = {name: value for name, value in self.left.items() if value.size == numbers.size}
        near = {name: distance(value.reshape(numbers.shape), numbers) for name, value in alike.items()}
        name = min(near, key=near.get, default=None)
        if name is None or near[name] > 1e-6:
            return None
        self.left.pop(name)
        self.seen.add(name)
        return name

    def __torch_function__(self, function, types, args=(), kwargs=None):
        value = function(*args, **(kwargs or {}))
        name = self.name(value) if isinstance(value, torch.Tensor) and value.is_floating_point() else None
        if name is None:
            return value
        self.made[name] = value.clone()
        if any(value is one for one in args):  # written in place: whoever holds it goes on with it
            self.leaves[name] = value.detach_().requires_grad_()
            return value
        self.leaves[name] = value.detach().clone().requires_grad_()
        return self.leaves[name].clone()


def held_by(model, inputs):
    """The tensors that are there before a run."""
    weights = [*model.parameters()] if isinstance(model, torch.nn.Module) else []
    return [*weights, *{id(one): one for one in inputs.values()}.values()]


def slopes(cut, trace, name, index):
    """The cells that a cell of a step depends on, by autograd."""
    leaves = {one: leaf for one, leaf in cut.leaves.items() if one and one != name and leaf.requires_grad}
    found = torch.autograd.grad(
        cut.made[name].reshape(trace[name].value.shape)[index],
        [*leaves.values()],
        retain_graph=True,
        allow_unused=True,
        materialize_grads=True,
    )
    slopes = {one: slope.reshape(trace[one].value.shape) for one, slope in zip(leaves, found)}
    return {(one, tuple(where)) for one, slope in slopes.items() for where in slope.nonzero().tolist()}


SIZES = st.builds(
    Sizes,
    B=st.integers(1, 3),
    T=st.integers(2, 5),
    S=st.integers(2, 5),
    heads=st.integers(2, 3),
    head_size=st.integers(2, 4),
    wider=st.integers(2, 7),
)


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=2, phases=[Phase.explicit, Phase.generate])
@example(Sizes(), 0)
@given(SIZES, st.integers(0, 2**16))
def test_each_cell_names_those_it_depends_on(model, sizes, seed):
    module, inputs = made(model, seed, sizes)
    trace = trace_of(record(module, inputs), model)
    cut = Cut(trace, held_by(module, inputs))
    with plain_calls(), cut:
        out = module(**inputs)
    assert all(any(near(step.value, one) for step in trace) for one in tensors(out))
    steps = [
        name for name, value in cut.made.items() if value.requires_grad and {*trace.reads(trace[name])} <= cut.seen
    ]
    assert 2 * len(steps) >= sum(step.kind != "given" for step in trace.shown)
    one_name = {name: leaf for leaf, one in cut.leaves.items() for name in inputs if inputs[name] is one}
    generator = np.random.default_rng(seed)
    for name in generator.choice(steps, CELLS):
        index = tuple(int(generator.integers(size)) for size in trace[name].value.shape)
        named = {(one_name.get(source, source), cell) for source, cell in trace.sources(name, *index)}
        named = {cell for cell in named if cell[0] in cut.leaves}
        assert named == slopes(cut, trace, name, index), f"{name}{list(index)}"


def near(value, tensor):
    return value.shape == tensor.shape and distance(value, tensor.detach().numpy()) < 1e-6


def test_the_witness_of_the_bench_finds_a_source_too_few_and_one_too_many(monkeypatch):
    module, inputs = made("lecture: Head")
    trace = trace_of(record(module, inputs), "Head")
    rerun, generator = Rerun(module, inputs), np.random.default_rng(0)
    named, future = trace.sources("out", 1, 3, 2), ("v", (1, 4, 2))
    for cells, wrong in ((named, ""), (named[1:], "other cells count too"), ([future], "other cells count too")):
        monkeypatch.setattr(trace, "sources", lambda *_, cells=cells: cells)
        assert wrong in wrong_sources(rerun, trace, trace["out"], (1, 3, 2), generator)
    monkeypatch.setattr(trace, "sources", lambda *_: [*named, future])
    assert "is named and does not count" in {
        wrong_sources(rerun, trace, trace["out"], (1, 3, 2), generator)[-27:] for _ in range(9)
    }


# -- what models of packages taught -----------------------------------------------------------------


def seen(function, *inputs):
    return trace_of(record(function, dict(zip("xyz", inputs))), "f")


def test_axes_that_are_put_together_and_taken_apart_are_the_same():
    def f(x, y):
        flat = x.view(-1, 12) @ y
        out = flat.view(2, 5, 7)
        return out * 2

    assert seen(f, torch.randn(2, 5, 12), torch.randn(12, 7))["out * 2"].axes[:2] == ("b", "t")


def test_an_axis_of_size_1_is_no_head_size():
    def f(x, y):
        weights = torch.softmax(x @ x.transpose(-2, -1), -1)
        value = y * 2
        return weights @ value

    trace = seen(f, torch.randn(2, 3, 5, 4), torch.randn(2, 1, 5, 4))
    assert trace["value"].shape == "(B=2, i=1, T=5, head_size=4)"


def test_what_a_function_returns_is_made_in_that_function():
    def turned(x):
        half = x.shape[-1] // 2
        return torch.cat((-x[..., half:], x[..., :half]), -1)

    def f(x, y):
        return turned(x) * y

    trace = seen(f, torch.randn(5, 4), torch.randn(5, 4))
    assert {step.part for step in trace if step.kind == "move"} == {("turned",)}


@pytest.mark.parametrize("first", [True, False])
def test_layers_that_take_tokens_before_the_batch(first):
    layer = torch.nn.TransformerDecoderLayer(12, 3, 17, batch_first=first).eval()
    tgt, memory = torch.randn(2, 5, 12), torch.randn(2, 7, 12)
    inputs = {name: one if first else one.transpose(0, 1) for name, one in (("tgt", tgt), ("memory", memory))}
    trace = trace_of(record(layer, inputs), "layer")
    shapes = ("(B=2, T=5, C=12)", "(B=2, S=7, C=12)") if first else ("(T=5, B=2, C=12)", "(S=7, B=2, C=12)")
    assert (trace["tgt"].shape, trace["memory"].shape) == shapes

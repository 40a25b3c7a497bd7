"""Models that others wrote by hand, as `see` shows them: each matrix against the run, each cell against autograd."""

import numpy as np
import pytest
import torch
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from torch.overrides import TorchFunctionMode

from bench.witnesses import distance, plain_calls, tensors
from helpers.see.recording import record
from helpers.see.seeing import trace_of
from tests.models_by_hand import MODELS, Sizes, made

CELLS = 12  # of each model


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

"""Code of many hands becomes a Trace: the values are those of the run, the sources those that autograd finds."""

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.see.seeing import Failed, see
from helpers.trace import rules
from helpers.trace.kinds import KINDS
from tests.many_hands import FUNCTIONS, MODULES


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
    steps = [step for step in trace][-len(results) :]
    for result, step in zip(results, steps):
        assert not step.hidden
        np.testing.assert_allclose(step.value, result.detach().numpy(), rtol=1e-6, atol=1e-6)
        for _ in range(cells if result.numel() and result.is_floating_point() else 0):
            index = tuple(int(generator.integers(size)) for size in result.shape)
            assert from_inputs(trace, step.name, index, leaves) == by_autograd(result[index], leaves), (step.name, index)
            trace.why(step.name, *index)
    return trace


def check_each_step(trace, generator):
    """The rule of a step gives its values, and what is no source of a cell does not change it, while each source does."""
    for step in trace:
        if not KINDS[step.kind].ruled or not step.value.size:
            continue
        inputs = trace.inputs(step)
        index = tuple(int(generator.integers(size)) for size in step.value.shape)
        value = rules.cell(step, index, inputs)
        np.testing.assert_allclose(value, step.value[index], rtol=1e-4, atol=1e-4)


# -- functions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function(name):
    function, shapes = FUNCTIONS[name]
    generator = np.random.default_rng(len(name))
    arguments = by_name(function, inputs_for(shapes, sizes_for(3, 3 if name != "halves_swapped" else 2, 2, 2), 0))
    trace = check_against_the_run(function, arguments, generator)
    check_each_step(trace, generator)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(FUNCTIONS)), st.integers(1, 5), st.sampled_from([2, 4]), st.integers(1, 3), st.integers(0, 999))
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

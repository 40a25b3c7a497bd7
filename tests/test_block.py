"""LayerNorm and the feed-forward layer against torch, and what notebook 11 defines against the helpers."""

import ast
import inspect
import linecache
import math
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from helpers.attention.block import feed_forward, layer_norm
from helpers.gpt import model
from tests.near import assert_near
from tests.strategies import GENERATOR, SIZE

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "11_the_block.ipynb"
BATCH = st.none() | st.integers(1, 3)
quick = settings(deadline=None, max_examples=60)


def drawn(rng, T, C, B=None):
    """A random x."""
    return rng.normal(size=(T, C) if B is None else (B, T, C))


def close(mine, torches):
    assert_near(mine, torches, rtol=1e-9, atol=1e-11)


def gradient(function, x):
    """What torch says of the sum of a result."""
    x = torch.from_numpy(x).requires_grad_()
    return torch.autograd.grad(function(x).sum(), x)[0]


# -- against torch --------------------------------------------------------------------------------


@quick
@given(rng=GENERATOR, T=SIZE, C=SIZE, B=BATCH, gained=st.booleans(), biased=st.booleans())
def test_layer_norm_is_that_of_torch(rng, T, C, B, gained, biased):
    x, gain, bias = drawn(rng, T, C, B), *rng.normal(size=(2, C))
    gain, bias = gain if gained else None, bias if biased else None

    def torchs(x):
        weights = [None if part is None else torch.from_numpy(part) for part in (gain, bias)]
        return F.layer_norm(x, (C,), *weights)

    *_, last = trace = layer_norm(x, gain, bias)
    close(last.value, torchs(torch.from_numpy(x)))
    close(trace.backward()["dx"].value, gradient(torchs, x))
    assert last.name == ("shifted" if biased else "stretched" if gained else "normalized")


@quick
@given(rng=GENERATOR, T=SIZE, C=SIZE, wide=SIZE, B=BATCH)
def test_feed_forward_is_two_linear_layers_with_relu_between(rng, T, C, wide, B):
    x, Wup, Wdown = drawn(rng, T, C, B), rng.normal(size=(C, wide)), rng.normal(size=(wide, C))

    def torchs(x):
        return F.linear(F.linear(x, torch.from_numpy(Wup).T).relu(), torch.from_numpy(Wdown).T)

    trace = feed_forward(x, Wup, Wdown)
    close(trace["out"].value, torchs(torch.from_numpy(x)))
    close(trace.backward()["dx"].value, gradient(torchs, x))


@quick
@given(rng=GENERATOR, T=st.integers(2, 9), C=SIZE)
def test_each_token_is_on_its_own(rng, T, C):
    x, W = drawn(rng, T, C), rng.normal(size=(C, 4 * C))
    for build in (layer_norm, lambda x: feed_forward(x, W, W.T)):
        *_, last = trace = build(x)
        alone = [list(build(row[None]))[-1].value[0] for row in x]
        close(last.value, alone)
        at, column = int(rng.integers(T)), int(rng.integers(C))
        found, queue = set(), [(last.name, (at, column))]
        while queue:  # all that the cell is made of, back to what was given
            cell = queue.pop()
            if cell not in found:
                found.add(cell)
                queue += trace.sources(cell[0], *cell[1])
        assert {index[0] for name, index in found if name == "x"} <= {at}


def test_a_row_of_equal_numbers_becomes_zeros():
    assert (layer_norm(np.full((2, 3), 7.0))["normalized"].value == 0).all()


# -- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda x: layer_norm(x[0]), r"x has shape (4,); wanted (T, C), or (B, T, C) for a batch. Write x[None, :]"),
        (lambda x: layer_norm(x, np.ones(3)), "gain has shape (C=3), but x has shape (T=3, C=4): both must have C=4."),
        (lambda x: layer_norm(x, None, np.ones((1, 4))), "bias has shape (1, 4); wanted (C)."),
        (lambda x: layer_norm(x, [1, 1, 1, math.nan]), "gain holds nan at [3]: every number must be finite."),
        (lambda x: layer_norm(x / [1, 1, 1, 0]), "x holds "),
        (
            lambda x: layer_norm(x, tokens=["a"]),
            "tokens has length 1, but x has shape (T=3, C=4): wanted one token a row.",
        ),
        (
            lambda x: feed_forward(x, np.ones((8, 4)), np.ones((8, 4))),
            "Wup has shape (C=8, wide=4), but x has shape (T=3, C=4): both must have C=4. It looks transposed: "
            "try Wup.T.",
        ),
        (lambda x: feed_forward(x, np.ones((4, 8)), np.ones((4, 8))), "It looks transposed: try Wdown.T."),
        (
            lambda x: feed_forward(x, np.ones((4, 8)), np.ones((6, 4))),
            "Wdown has shape (wide=6, C=4), but Wup has shape (C=4, wide=8): both must have wide=8.",
        ),
        (lambda x: feed_forward(x, np.ones(4), np.ones((6, 4))), "Wup has shape (4,); wanted (C, wide)."),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_bad_input_gets_a_sentence(build, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        build(np.arange(1.0, 13).reshape(3, 4))


# -- the notebook ---------------------------------------------------------------------------------


def cells():
    """The code of notebook 11, cell by cell, by the id of the cell."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    return {cell.id: cell.source for cell in notebook.cells if cell.cell_type == "code"}


def without_docstrings(source):
    """A class as its syntax tree says it, without the docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.dump(tree)


@pytest.mark.parametrize("name", ["FeedForward", "Block", "GPT"])
def test_the_notebook_defines_what_the_helpers_hold(name):
    (taught,) = [source for source in cells().values() if source.startswith(f"class {name}(")]
    assert without_docstrings(taught) == without_docstrings(inspect.getsource(getattr(model, name)))


def test_the_notebook_builds_the_layer_norm_of_the_helpers(capsys):
    held, sources = {}, cells()
    run = "imports add-function add norm-center norm-centered norm-divide norm-divided norm-normalized"
    for cell in run.split():
        linecache.cache[cell] = len(sources[cell]), None, sources[cell].splitlines(keepends=True), cell
        exec(compile(sources[cell], cell, "exec"), held)
    for helper in layer_norm(held["e"].x):
        taught = held["by_step"][helper.name]
        assert taught.code == helper.code
        assert_near(taught.value.reshape(helper.value.shape), helper.value, rtol=1e-12)

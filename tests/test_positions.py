"""Positions against torch: rotary ones as complex numbers, sinusoids by torch.sin, and what a shift may change."""

import ast
import inspect
import math
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.attention import positions
from helpers.attention.positions import (
    cos_and_sin,
    learned_positions,
    quarter,
    rotary_scores,
    rotary_turn,
    sinusoidal_positions,
    sinusoids,
)
from helpers.explore.explorer import explore
from helpers.gpt import fast
from helpers.inputs.examples import example
from helpers.look.style import size_name
from tests.near import assert_near
from tests.strategies import GENERATOR, SIZE

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "10_position.ipynb"
INF, NAN = math.inf, math.nan
BATCH = st.none() | st.integers(1, 3)
HALF = st.integers(1, 4)
quick = settings(deadline=None, max_examples=60)


def drawn(rng, T, C, B=None):
    """A random x."""
    return rng.normal(size=(T, C) if B is None else (B, T, C))


def close(mine, torches, atol=1e-12):
    assert_near(mine, torches, rtol=1e-10, atol=atol)


# -- rotary ---------------------------------------------------------------------------------------


def as_complex(x, shift, base):
    """Channel i and channel i + h/2 as one complex number, times e^(i·angle): (T, h) -> (T, h/2)."""
    x1, x2 = torch.from_numpy(x).chunk(2, dim=-1)
    half = x1.shape[-1]
    speeds = torch.pow(
        torch.tensor(base, dtype=torch.float64), -2 * torch.arange(half, dtype=torch.float64) / (2 * half)
    )
    angles = torch.outer(torch.arange(x.shape[-2], dtype=torch.float64) + shift, speeds)
    return torch.complex(x1, x2) * torch.polar(torch.ones_like(angles), angles)


@quick
@given(rng=GENERATOR, T=SIZE, C=SIZE, half=HALF, B=BATCH, shift=st.integers(-50, 50), base=st.floats(1, 20_000))
def test_rotary_scores_are_products_of_turned_complex_numbers(rng, T, C, half, B, shift, base):
    x, (Wq, Wk) = drawn(rng, T, C, B), rng.normal(size=(2, C, 2 * half))
    trace = rotary_scores(x, Wq, Wk, shift=shift, base=base)
    q, k = as_complex(x @ Wq, shift, base), as_complex(x @ Wk, shift, base)
    close(trace["scores"].value, (q @ k.conj().transpose(-2, -1)).real, atol=1e-9)
    close(trace["q_rotated"].value, torch.cat((q.real, q.imag), -1), atol=1e-9)
    close(trace["k_rotated"].value, torch.cat((k.real, k.imag), -1), atol=1e-9)
    alone = rotary_turn(x @ Wq, shift=shift, base=base)
    assert [step.name for step in alone] == ["q", "cos", "sin", "quarter", "q_quarter", "q_cos", "q_sin", "q_rotated"]
    close(alone["q_rotated"].value, trace["q_rotated"].value)


def test_the_two_turns_can_be_closed():
    e = example(T=4, C=3, head_size=2)
    trace = rotary_scores(e.x, e.Wq, e.Wk)
    assert trace.parts == [("turn_q",), ("turn_k",)] and len(trace) == 17
    names = ["x", "Wq", "Wk", "q", "k", "cos", "sin", "quarter", "q_rotated", "k_rotated", "scores"]
    assert [step.name for step in trace.folded([]).shown] == names
    assert [len(trace.folded([part]).shown) for part in trace.parts] == [14, 14]
    assert trace.folded([]).why("q_rotated", 2, 0).startswith("q_rotated[2,0] = turn_q(q[2,0], q[2,1], …")


@quick
@given(rng=GENERATOR, T=SIZE, C=SIZE, half=HALF)
def test_the_gpt_turns_by_the_same_angles(rng, T, C, half):
    trace = rotary_scores(drawn(rng, T, C), *rng.normal(size=(2, C, 2 * half)))
    for name in "qk":
        close(trace[f"{name}_rotated"].value, fast.rotate(torch.from_numpy(trace[name].value)))
    assert inspect.signature(rotary_scores).parameters["base"].default == fast.BASE


@quick
@given(rng=GENERATOR, T=SIZE, C=SIZE, half=HALF, B=BATCH, shift=st.integers(0, 1000) | st.floats(-100, 100))
def test_a_shift_of_all_positions_changes_no_rotary_score(rng, T, C, half, B, shift):
    x, (Wq, Wk) = drawn(rng, T, C, B), rng.normal(size=(2, C, 2 * half))
    here, there = (rotary_scores(x, Wq, Wk, shift=s)["scores"].value for s in (0, shift))
    assert abs(here - there).max() < 1e-9


@quick
@given(rng=GENERATOR, T=SIZE, C=SIZE, half=HALF)
def test_rotary_scores_of_one_word_depend_on_the_distance_only(rng, T, C, half):
    scores = rotary_scores(np.repeat(drawn(rng, 1, C), T, axis=0), *rng.normal(size=(2, C, 2 * half)))["scores"].value
    for distance in range(-T + 1, T):
        assert np.ptp(scores.diagonal(distance)) < 1e-9


@quick
@given(half=HALF, T=SIZE, shift=st.integers(0, 50))
def test_turning_keeps_lengths(half, T, shift):
    cos, sin = cos_and_sin(T, 2 * half, shift)
    close(cos**2 + sin**2, np.ones((T, 2 * half)))
    close(quarter(2 * half) @ quarter(2 * half), -np.eye(2 * half))


# -- sinusoids ------------------------------------------------------------------------------------


@quick
@given(T=st.integers(1, 40), half=st.integers(1, 20))
def test_sinusoids_are_those_of_the_paper(T, half):
    C, expected = 2 * half, torch.empty(T, 2 * half, dtype=torch.float64)
    for i in range(half):
        angle = torch.arange(T, dtype=torch.float64) / 10_000 ** (2 * i / C)
        expected[:, 2 * i], expected[:, 2 * i + 1] = torch.sin(angle), torch.cos(angle)
    close(sinusoids(T, C), expected)


@quick
@given(T=st.integers(1, 40), half=st.integers(1, 20))
def test_the_product_of_two_sinusoids_depends_on_their_distance_only(T, half):
    products = sinusoids(T, 2 * half) @ sinusoids(T, 2 * half).T
    close(products.diagonal(), np.full(T, half))
    for distance in range(T):
        assert np.ptp(products.diagonal(distance)) < 1e-9


# -- added to x -----------------------------------------------------------------------------------


@quick
@given(rng=GENERATOR, T=SIZE, C=SIZE, B=BATCH, shift=st.integers(0, 5), more=st.integers(0, 5))
def test_learned_positions_are_an_embedding(rng, T, C, B, shift, more):
    x, P = drawn(rng, T, C, B), rng.normal(size=(T + shift + more, C))
    embedding = torch.nn.Embedding.from_pretrained(torch.from_numpy(P))
    trace = learned_positions(torch.from_numpy(x), P, shift=shift)
    close(trace["placed"].value, torch.from_numpy(x) + embedding(torch.arange(shift, shift + T)))
    assert trace["P"].parameter


@quick
@given(rng=GENERATOR, T=SIZE, half=HALF, B=BATCH)
def test_sinusoidal_positions_are_added(rng, T, half, B):
    x = drawn(rng, T, 2 * half, B)
    close(sinusoidal_positions(x)["placed"].value, x + sinusoids(T, 2 * half))


@pytest.mark.parametrize(
    ("build", "fixed"), [(sinusoidal_positions, {}), (rotary_scores, {"base": 1000.0, "shift": (0, 9, 0)})]
)
def test_they_work_in_an_explorer(build, fixed):
    explorer = explore(build, T=(1, 8, 5), C=(1, 8, 4), **fixed)
    assert not explorer.diagram.error and explorer.trace.tokens == example(T=5).tokens
    explorer.controls["head_size" if "base" in fixed else "C"].value = 3
    assert "wanted an even number" in explorer.diagram.error


# -- bad input ------------------------------------------------------------------------------------

X = np.zeros((3, 4))
W = np.zeros((4, 2))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: learned_positions(X, np.zeros((5, 4)), shift=3),
            "x has T=3 tokens from position 3 on, but P has 5 rows, for positions 0 to 4: there is no vector "
            "for position 5, and none was learned.",
        ),
        (
            lambda: learned_positions(X, np.zeros((5, 3))),
            f"P has shape ({size_name('p')}=5, C=3), but x has shape (T=3, C=4): both must have C=4.",
        ),
        (lambda: learned_positions(X, np.zeros(4)), f"P has shape (4,); wanted ({size_name('p')}, C)."),
        (lambda: learned_positions(X, np.zeros((5, 4)), shift=-1), "shift is -1; wanted a whole number from 0 up"),
        (lambda: learned_positions(X, np.zeros((5, 4)), shift=0.5), "shift is 0.5; wanted a whole number from 0 up"),
        (lambda: learned_positions(X, np.full((5, 4), NAN)), "P holds nan at [0, 0]"),
        (
            lambda: learned_positions(X, np.zeros((5, 4)), tokens=["one"]),
            "tokens has length 1, but x has shape (T=3, C=4)",
        ),
        (lambda: sinusoids(0, 4), "T is 0; wanted a whole number from 1 up."),
        (lambda: sinusoids(3, 2.0), "C is 2.0; wanted a whole number from 1 up."),
        (lambda: sinusoids(3, 5), "C is 5; wanted an even number, since each speed has a sine and a cosine."),
        (lambda: sinusoidal_positions(np.zeros((3, 5))), "C is 5; wanted an even number"),
        (lambda: sinusoidal_positions(np.zeros(4)), "x has shape (4,); wanted (T, C)"),
        (
            lambda: rotary_scores(X, np.zeros((4, 3)), np.zeros((4, 3))),
            "head_size is 3; wanted an even number, since channels are turned in pairs.",
        ),
        (
            lambda: rotary_scores(X, W.T, W),
            "Wq has shape (C=2, head_size=4), but x has shape (T=3, C=4): both must have C=4. It looks transposed",
        ),
        (
            lambda: rotary_scores(X, W, np.zeros((4, 4))),
            "Wk has shape (C=4, head_size=4), but Wq has shape (C=4, head_size=2)",
        ),
        (lambda: rotary_turn(np.zeros((3, 3))), "wanted an even number"),
        (lambda: rotary_turn(np.zeros(4)), "q has shape (4,); wanted (T, head_size), or (B, T, head_size)"),
        (lambda: rotary_scores(X, W, W, shift=INF), "shift is inf; wanted a number"),
        (lambda: rotary_scores(X, W, W, shift="two"), "shift is 'two'; wanted a number"),
        (lambda: rotary_scores(X, W, W, base=0.5), "base is 0.5; wanted a number from 1 up"),
        (lambda: rotary_scores(X, W, W, base=NAN), "base is nan; wanted a number from 1 up"),
        (lambda: rotary_scores(X * INF, W, W), "x holds nan at [0, 0]"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_bad_input_gets_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)) as error:
        call()
    assert "\n" not in str(error.value)


# -- the notebook ---------------------------------------------------------------------------------


def definitions(source):
    """The functions of a source by name, without docstrings and without bare calls, such as checks."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            node.body = [line for line in node.body if not isinstance(line, ast.Expr)]
            found[node.name] = ast.dump(node)
    return found


@pytest.mark.parametrize(("name", "module"), [("speeds", positions), ("sinusoids", positions), ("rotate", fast)])
def test_the_notebook_defines_what_the_helpers_do(name, module):
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    (source,) = [cell.source for cell in cells if cell.cell_type == "code" and f"def {name}(" in cell.source]
    assert definitions(source)[name] == definitions(inspect.getsource(module))[name]

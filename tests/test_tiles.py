"""Attention in tiles: as PyTorch's own, as autograd, and never with T · S numbers at once; its Trace, step by step."""

import os
import re
import subprocess
import sys
import warnings
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention
from torch.utils._python_dispatch import TorchDispatchMode

from bench.taught import taught
from helpers.attention import tiles, visits
from helpers.attention.tiles import left
from helpers.check.flash import times_as_many
from helpers.machines.flash_triton import flash_triton
from helpers.machines.tiles import Flash, finished, flash_backward, flash_forward, merge, state_of
from tests.near import assert_near
from tests.strategies import GENERATOR, SIZE
from tests.test_claims import notebook as course_notebook

quick = settings(deadline=None, max_examples=30)
SMALL, TILE = st.integers(1, 3), st.integers(1, 10)  # a tile may be larger than all there is
SHAPES = dict(rng=GENERATOR, T=SIZE, S=SIZE, h=SMALL, g=SMALL, tile=TILE)


def drawn(rng, *shapes, scale=1.0):
    return [torch.from_numpy(scale * rng.normal(size=shape)) for shape in shapes]


def plain(q, k, v, causal, mask=None):
    """Scores and out of the formula, with all T · S numbers."""
    scores = q @ k.mT * q.shape[-1] ** -0.5
    for seen in [torch.ones(scores.shape[-2:]).tril() == 1] * causal + [mask] * (mask is not None):
        scores = scores.masked_fill(~seen, float("-inf"))
    return scores, scores.softmax(-1) @ v


def close(found, wanted):
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)


@quick
@given(
    **SHAPES, front=st.lists(st.integers(1, 3), max_size=2), causal=st.booleans(), scale=st.sampled_from([1, 30, 500])
)
def test_forward_and_backward_are_those_of_autograd(rng, T, S, h, g, tile, front, causal, scale):
    q, k, v, dout = drawn(rng, (*front, T, h), (*front, S, h), (*front, S, g), (*front, T, g))
    leaves = [one.requires_grad_() for one in (q * scale, k, v)]
    scores, wanted = plain(*leaves, causal)
    gradients = torch.autograd.grad(wanted, leaves, dout)
    q, k, v = (one.detach() for one in leaves)
    out, logsumexp = flash_forward(q, k, v, tile=tile, causal=causal)
    close(out, wanted.detach())
    close(out, scaled_dot_product_attention(q, k, v, is_causal=causal))
    close(logsumexp, scores.detach().logsumexp(-1))
    for found, right in zip(flash_backward(q, k, v, out, logsumexp, dout, tile=tile, causal=causal), gradients):
        close(found, right)


@quick
@given(**SHAPES)
def test_a_mask_of_any_kind(rng, T, S, h, g, tile):
    """Whole tiles of a row may be hidden, the first ones too; what may look nowhere is NaN, and nothing else is."""
    q, k, v, dout = drawn(rng, (T, h), (S, h), (S, g), (T, g))
    mask = torch.from_numpy(rng.random((T, S)) < 0.3)
    seeing = mask.any(-1)
    out, logsumexp = flash_forward(q, k, v, tile=tile, mask=mask)
    assert out[~seeing].isnan().all()
    leaves = [one.requires_grad_() for one in (q[seeing], k.clone(), v.clone())]
    wanted = plain(*leaves, False, mask[seeing])[1]
    close(out[seeing], wanted.detach())
    if seeing.any():
        found = flash_backward(
            q[seeing], k, v, out[seeing], logsumexp[seeing], dout[seeing], tile=tile, mask=mask[seeing]
        )
        for one, right in zip(found, torch.autograd.grad(wanted, leaves, dout[seeing])):
            close(one, right)


@quick
@given(
    rng=GENERATOR, S=st.integers(2, 12), cuts=st.lists(st.integers(0, 12), max_size=4), scale=st.sampled_from([1, 300])
)
def test_parts_merge_in_any_order(rng, S, cuts, scale):
    q, k, v = drawn(rng, (3, 2), (S, 2), (S, 2))
    ends = sorted({0, S, *(cut % S for cut in cuts)})
    parts = [state_of(q @ k[a:b].T * 2**-0.5 * scale, v[a:b]) for a, b in pairwise(ends)]
    out, logsumexp = flash_forward(q * scale, k[: ends[1]], v[: ends[1]], tile=2)
    parts[0] = out, logsumexp, torch.ones_like(logsumexp)  # what is finished can be merged on
    nothing = torch.full((3, 2), -torch.inf, dtype=torch.float64)
    parts.append(state_of(nothing, v[:2]))
    rng.shuffle(parts)
    found = parts[0]
    for part in parts[1:]:
        found = merge(found, part)
    for one, right in zip(finished(found), flash_forward(q * scale, k, v, tile=S)):
        close(one, right)


def test_the_merge_of_the_notebook_is_that_of_the_helpers():
    """Exercise 17.2 writes it out of m, l and out."""
    task = next(cell.source for cell in course_notebook("17").cells if cell.id == "exercise-merge_parts-task")
    names = {"torch": torch}
    exec(task.split("```python")[1].split("```")[0], names)
    scores, v = drawn(np.random.default_rng(0), (2, 3, 6), (2, 6, 4))
    scores[0, 1, :2] = -torch.inf  # a part may have met no key
    one, other = state_of(scores[..., :2], v[:, :2]), state_of(scores[..., 2:], v[:, 2:])
    by_hand = names["merge_parts"](*one[1:], one[0], *other[1:], other[0])
    for written, right in zip(by_hand, (*merge(one, other)[1:], merge(one, other)[0])):
        close(written, right)


def test_autograd_goes_back_through_it():
    q, k, v = (one.requires_grad_() for one in drawn(np.random.default_rng(0), (2, 5, 3), (2, 5, 3), (2, 5, 2)))
    for causal in (True, False):
        assert torch.autograd.gradcheck(lambda *qkv: Flash.apply(*qkv, 2, causal), (q, k, v))  # noqa: B023


class Largest(TorchDispatchMode):
    """Remembers how many numbers the largest tensor has that an operation makes."""

    most = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        found = [one.numel() for one in (made if isinstance(made, tuple | list) else [made]) if torch.is_tensor(one)]
        self.most = max([self.most, *found])
        return made


def test_it_never_holds_a_number_for_each_pair():
    """The largest tensors are those that go in and come out, and a tile of scores."""
    q, k, v = drawn(np.random.default_rng(0), *[(100, 4)] * 3)
    with Largest() as held:
        out, logsumexp = flash_forward(q, k, v, tile=20, causal=True)
        flash_backward(q, k, v, out, logsumexp, out, tile=20, causal=True)
    assert held.most == max(100 * 4, 20 * 20)
    with Largest() as held:
        plain(q, k, v, True)
    assert held.most == 100 * 100


@pytest.fixture(scope="module")
def notebook():
    """What notebook 17 defines."""
    cells = ("imports", "code-scores", "code-forward", "code-plain", "back-code", "bytes-memory", "bytes-plain")
    return taught("17_flash_attention", (*cells, "bytes-tiles"))


@quick
@given(rng=GENERATOR, T=SIZE, h=SMALL, tile=TILE, causal=st.booleans())
def test_the_notebook_and_the_helpers_are_one(notebook, rng, T, h, tile, causal):
    q, k, v, dout = drawn(rng, *[(T, h)] * 4)
    mine, theirs = flash_forward(q, k, v, tile=tile, causal=causal), notebook["flash_forward"](q, k, v, tile, causal)
    for one, right in zip(mine, theirs):
        close(one, right)
    found = flash_backward(q, k, v, *mine, dout, tile=tile, causal=causal)
    for one, right in zip(found, notebook["flash_backward"](q, k, v, *theirs, dout, tile, causal)):
        close(one, right)
    close(notebook["plain"](q, k, v, causal), plain(q, k, v, causal)[1])


@quick
@given(rng=GENERATOR, T=st.integers(2, 12), h=SMALL, data=st.data())
def test_what_is_counted_is_what_the_formula_says(notebook, rng, T, h, data):
    """The notebook's counting memory against the exercise's oracle, and the result against plain."""
    tile = data.draw(st.integers(1, T))
    q, k, v = (one.float() for one in drawn(rng, *[(T, h)] * 3))
    usual, tiled = notebook["plain_counted"](q, k, v), notebook["tiles_counted"](q, k, v, tile)
    moved = [memory.read_bytes + memory.written_bytes for memory in (usual, tiled)]
    assert moved == [4 * (4 * T * h + 4 * T * T), 4 * (2 * T * h + T + 2 * T * h * -(-T // tile))]
    assert moved[0] / moved[1] == pytest.approx(times_as_many.oracle(T, h, tile))
    torch.testing.assert_close(tiled.tensors["out"], usual.tensors["out"], rtol=1e-4, atol=1e-5)


@quick
@given(rng=GENERATOR, T=SIZE, h=st.integers(1, 3), tile=st.integers(1, 10), causal=st.booleans(), data=st.data())
def test_each_step_of_the_trace(rng, T, h, tile, causal, data):
    q, k, v = rng.normal(size=(3, T, h))
    order = visits(T, tile, causal)
    step = data.draw(st.integers(1, len(order)))
    row, column = order[step - 1]
    trace = tiles(q, k, v, tile=tile, step=step, causal=causal)
    rows = np.arange(T)[row * tile : (row + 1) * tile]
    met = np.arange(T)[: (column + 1) * tile]  # all keys up to the end of this tile
    scores = np.where((met <= rows[:, None]) | (not causal), q[rows] @ k[met].T * h**-0.5, -np.inf)
    m = scores.max(1, keepdims=True)
    powers = np.exp(scores - m)
    wanted = {"m": m, "l": powers.sum(1, keepdims=True), "out": powers @ v[met], "powers": powers[:, column * tile :]}
    for name, value in wanted.items():
        assert_near(trace[name].value, value, atol=1e-9)
    assert len(trace.shown) <= 15
    assert (trace["order"].value > 0).sum() == step
    last = step == len(order) or order[step][0] > row
    assert ("result" in trace) == last
    if last:
        whole = scaled_dot_product_attention(*map(torch.from_numpy, (q, k, v)), is_causal=causal)
        assert_near(trace["result"].value, whole[rows], atol=1e-9)
    else:
        following = tiles(q, k, v, tile=tile, step=step + 1, causal=causal)
        for name in ("m", "l", "out"):
            np.testing.assert_array_equal(following[f"{name}_before"].value, trace[name].value)


@pytest.mark.parametrize(("T", "tile"), [(1, 1), (6, 2), (7, 3), (16, 4), (5, 8)])
def test_causal_tiles_are_skipped(T, tile):
    """Those are skipped, and no others, in which no pair is allowed."""
    count = -(-T // tile)
    allowed = np.tril(np.ones((T, T)))
    seen = {(i, j) for i in range(count) for j in range(count) if allowed[i * tile :, j * tile :][:tile, :tile].any()}
    assert {*visits(T, tile)} == seen and len(visits(T, tile)) == count * (count + 1) // 2
    assert len(visits(T, tile, causal=False)) == count**2


@pytest.mark.skipif(torch.__version__ < (2, 13), reason="what older versions do was not looked at")
def test_from_which_version_on_three_axes_run_flash_attention():
    """As notebook 17 says; its own line is held against no version."""
    x = torch.ones(2, 5, 4)
    try:
        with sdpa_kernel(SDPBackend.FLASH_ATTENTION), warnings.catch_warnings(action="ignore"):
            runs = scaled_dot_product_attention(x, x, x).shape == x.shape
    except RuntimeError:
        runs = False
    assert runs == (torch.__version__ >= (2, 14))


def test_a_step_is_the_same_whichever_came_before():
    q, k, v = np.random.default_rng(0).normal(size=(3, 6, 2))
    made = {step: tiles(q, k, v, step=step) for step in (6, 2, 4, 5, 6, 1, 3)}  # the last of a row first
    for step, trace in made.items():
        left.cache_clear()
        alone = tiles(q, k, v, step=step)
        assert all(np.array_equal(one.value, alone[one.name].value) for one in trace)
    tiles(q, k, v, step=5)["m"].value[:] = 7  # what somebody does to a Trace stays there
    for one in tiles(q, k, v, step=6):
        assert np.array_equal(one.value, made[6][one.name].value)


def test_every_number_says_where_it_comes_from():
    rng = np.random.default_rng(0)
    trace = tiles(*rng.normal(size=(3, 6, 2)), tile=2, step=6)
    assert trace.why("m", 1, 0).startswith("m[1,0] = max(m_before[1,0], masked[1,0], masked[1,1]) = max(")
    assert trace.why("shrink", 0, 0).startswith("shrink[0,0] = e^(m_before − m)[0,0] = e^")
    assert trace.why("out", 0, 1).startswith("out[0,1] = shrink[0,0]·out_before[0,1] + powers[0,0]·v[4,1] + ")
    assert trace.why("l", 0, 0).startswith("l[0,0] = (shrink · l_before)[0,0] + powers[0,0] + powers[0,1] = ")
    assert trace.sources("scores", 0, 1) == [("q", (4, 0)), ("k", (5, 0)), ("q", (4, 1)), ("k", (5, 1))]
    first = tiles(*rng.normal(size=(3, 6, 2)), tile=2, step=1)
    assert first["m_before"].value[0, 0] == -np.inf and (first["shrink"].value == 0).all()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda x: tiles(x, x, x[:2]), "have shapes (4, 2), (4, 2) and (2, 2); wanted (T, h) for all three."),
        (lambda x: tiles(x, x, x, step=4), "step is 4; T=4 in tiles of 2 has 3 steps to visit."),
        (lambda x: tiles(x, x, x / 0), "v holds nan at [0, 0]"),
        (lambda x: flash_forward(*map(torch.tensor, (x, x[:3], x))), "have shapes (4, 2), (3, 2) and (4, 2);"),
        (lambda x: flash_forward(*[torch.tensor(x)] * 3, tile=0), "tile is 0; wanted a whole number from 1 up."),
        (lambda x: flash_forward(*[torch.tensor(x)] * 3, mask=torch.ones(4, 4)), "mask has shape (4, 4) and torch.f"),
        (lambda x: flash_triton(*[torch.tensor(x)] * 3), "q is torch.float64 with head_size 2, v has 2;"),
        (lambda x: flash_triton(*[torch.tensor(x).float()] * 3, tile=24), "tile is 24; wanted a power of two"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(wrong, sentence):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=re.escape(sentence)):
        wrong(np.zeros((4, 2)))


ON_A_CARD = """
import torch
from helpers.machines.flash_triton import flash_triton
from helpers.machines.tiles import flash_forward

where = "cuda" if torch.cuda.is_available() else "cpu"
bounds = {torch.float32: 2e-6, torch.float16: 2e-3, **({torch.bfloat16: 2e-2} if where == "cuda" else {})}
torch.manual_seed(0)
for lead, T, S, h, causal in [((2, 3), 37, 37, 20, True), ((), 50, 18, 16, False), ((1,), 1, 1, 3, True)]:
    for dtype, bound in bounds.items():
        q, k, v = (torch.randn(*lead, n, h).to(dtype) for n in (T, S, S))
        found = flash_triton(q.to(where), k.to(where), v.to(where), causal=causal, tile=16)
        wanted = flash_forward(q.double(), k.double(), v.double(), causal=causal)
        off = [(one.cpu().double() - right).abs().max() for one, right in zip(found, wanted)]
        assert off[0] < bound and off[1] < 1e-5, (dtype, T, S, off)
print("as flash_forward, on", where)
"""


if find_spec("triton"):  # it comes with PyTorch for a graphics card; where it is missing, there is nothing to run

    def test_the_program_for_a_card():
        """On a card where there is one; else by Triton's interpreter, which reads the same program on the processor."""
        env = {**os.environ, **({} if torch.cuda.is_available() else {"TRITON_INTERPRET": "1"})}
        said = subprocess.run([sys.executable, "-c", ON_A_CARD], env=env, capture_output=True, text=True, check=False)
        assert said.stdout.startswith("as flash_forward"), said.stderr[-2000:]


if not (find_spec("triton") and torch.cuda.is_available()):  # where both are there, it runs and says nothing

    def test_without_a_card_it_says_what_to_use():
        x = torch.zeros(4, 2)
        with pytest.raises(RuntimeError, match=r"^Triton .*: use flash_forward, which computes the same everywhere\.$"):
            flash_triton(x, x, x)

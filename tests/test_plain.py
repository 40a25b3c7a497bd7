"""A learner's own function, which returns plain numbers, drops into explore and draws."""

import contextlib
import copy
import functools
import inspect
import io
import random
import warnings

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from helpers.attention import head
from helpers.explore.explorer import explore
from helpers.inputs.examples import example
from helpers.look.sentence import sentence
from helpers.see.axis_names import LETTERS, SPARE
from helpers.see.numbers import MOST_NUMBERS
from helpers.see.plain_function import PlainFunction
from helpers.trace import Trace
from tests.near import assert_near


def mean_so_far(x):
    return np.cumsum(x, axis=0) / np.arange(1, len(x) + 1)[:, None]


def own_head(x, Wq, Wk, Wv):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = (q @ k.transpose(-2, -1) * Wq.shape[-1] ** -0.5).masked_fill(
        torch.tril(torch.ones(len(x), len(x))) == 0, float("-inf")
    )
    return scores.softmax(-1) @ v


def own_weights(x, Wq, Wk):
    return torch.softmax(torch.as_tensor(x @ Wq @ (x @ Wk).T), -1)


def functional(x):
    return F.softmax(x, -1)


@pytest.mark.parametrize(
    ("build", "axes", "role"),
    [(mean_so_far, ("t", "c"), "out"), (own_head, ("t", "h"), "out"), (own_weights, ("t", "s"), "weights")],
)
@pytest.mark.parametrize(("T", "C"), [(2, 3), (8, 16), (16, 16), (4, 4), (1, 1)])
def test_it_is_drawn_at_every_size(build, axes, role, T, C):
    explorer = explore(build, T=(1, 16, T), C=(1, 16, C))
    assert explorer.diagram.error == ""
    out, made = explorer.trace["out"], explorer.subject.arguments()
    assert out.axes == axes and out.role == (role if T > 1 or role == "weights" else out.role)
    wanted = build(
        **{
            name: torch.tensor(value, dtype=torch.float32) if build is own_head else value
            for name, value in made.items()
        }
    )
    assert_near(out.value, np.asarray(wanted), rtol=1e-5, atol=1e-5)  # tensors are float32
    assert [*explorer.trace.steps][: len(made)] == [*made] and [*explorer.trace.steps][-1] == "out"
    assert len(explorer.trace.shown) > len(made) + 1  # what is between is shown, too
    assert "<img" in explorer._repr_mimebundle_()[0]["text/html"]
    explorer.controls["T"].value = 3
    assert explorer.diagram.error == "" and explorer.trace["out"].value.shape[0] == 3


def test_a_batch_and_a_single_row():
    assert explore(lambda x: x.mean(1), B=(1, 4, 2)).trace["out"].axes == ("b", "c")
    assert explore(lambda x: x.mean(1)).trace["out"].axes == ("t",)
    assert explore(lambda x: x[:1, :1].repeat(7, axis=1)).trace["out"].axes == ("i", "j")


@pytest.mark.parametrize("value", [None, "text", 3, [], object(), {}, [[1.0], [1.0, 2.0]], np.array(["a"]), print])
def test_what_holds_no_numbers_is_told(value):
    explorer = explore(lambda x: value)
    assert "wanted a Trace, or an array or a tensor of numbers" in explorer.diagram.error


def test_an_error_of_the_function_is_told_once():
    def broken(x):
        raise AttributeError("no such thing")

    line = broken.__code__.co_firstlineno + 1
    assert explore(broken).diagram.error == f"AttributeError: no such thing. It stopped in line {line}."


# -- arrays or tensors ----------------------------------------------------------------------------

LAYER = torch.nn.Linear(4, 2)


def local_import(x):
    import torch as t

    return t.softmax(x, -1)


def submodule(x):
    import torch.nn.functional as f

    return f.softmax(x, -1)


def transpose(x):
    """A namesake: what ``x.transpose`` means has nothing to do with it."""
    return np.transpose(x)


def inner_function(x):
    def row(one):
        return torch.relu(one)

    return torch.stack([row(one) for one in x])


def through_another(x):
    return mean_so_far(x)


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (mean_so_far, "arrays"),
        (through_another, "arrays"),
        (own_head, "tensors"),
        (own_weights, "tensors"),
        (local_import, "tensors"),
        (submodule, "tensors"),
        (inner_function, "tensors"),
        (functional, "tensors"),
        (lambda x: LAYER(x), "tensors"),
        (LAYER, "tensors"),
        (lambda x: torch.tensor(x), "arrays"),  # it takes x for an array
        (lambda x, Wq, Wk: (x @ Wq) @ (x @ Wk).transpose(-2, -1), "tensors"),
        (lambda x: x.mean(axis=0), "arrays"),
        (lambda x: x.mean(dim=0), "tensors"),
        (lambda x: x.astype(int), "arrays"),
        (lambda x: x * 2, "arrays"),
        (lambda x: x[:, ::-1].sum(0), "arrays"),  # tensors have no such slice
        (lambda x, Wq, Wk, Wv: head(x, Wq, Wk, Wv), "arrays"),
        (lambda x, Wq: x.dot(Wq), "arrays"),  # tensors have a dot of another kind
        (functools.partial(own_weights), "tensors"),
    ],
)
def test_a_function_gets_what_its_code_speaks_of(build, kind):
    explorer = explore(build, **{"input": np.ones((3, 4))} if build is LAYER else {})
    assert explorer.diagram.error == ""
    assert explorer.subject.function.tensors == (kind == "tensors")


def test_a_mixture_of_arrays_and_tensors_works_as_it_does_in_a_cell():
    """NumPy's exp warns of a tensor, torch's softmax takes nothing else."""
    explorer = explore(lambda x: torch.softmax(np.exp(x), -1))
    wanted = np.exp(np.exp(explorer.trace["x"].value))
    assert explorer.diagram.error == "" and "Warning" not in explorer.diagram.readout
    assert_near(explorer.trace["out"].value, wanted / wanted.sum(-1, keepdims=True), rtol=1e-5)


def test_torch_makes_tensors_of_its_own_type():
    torch.set_default_dtype(torch.float64)
    try:
        explorer = explore(lambda x: x @ torch.ones(x.shape[-1], 2))
        assert explorer.diagram.error == ""
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_range_that_begins_high_is_looked_at_there():
    assert explore(lambda x: x * 2, T=(64, 128, 64), C=(1, 4, 4)).trace["out"].axes == ("t", "c")


def test_the_numbers_are_those_of_tensors():
    """``k.transpose(-2, -1)`` leaves a NumPy matrix as it is, which at T = head_size would go unnoticed."""
    explorer = explore(lambda x, Wq, Wk: (x @ Wq) @ (x @ Wk).transpose(-2, -1), T=(1, 8, 2), head_size=(1, 8, 2))
    x, Wq, Wk = (explorer.trace[name].value for name in ("x", "Wq", "Wk"))
    assert_near(explorer.trace["out"].value, x @ Wq @ (x @ Wk).T, atol=1e-5)


# -- which axis is which --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "axes"),
    [
        (lambda x: x * 2, "t c"),
        (lambda x: x.T, "c t"),
        (lambda x: x.T @ x, "c e"),
        (lambda x: x @ x.T, "t s"),
        (lambda x: x[:, :4], "t i"),
        (lambda x: np.ones((4, 4)), "i j"),
        (lambda x: x[1:], "i c"),
        (lambda x: x[::2], "i c"),
        (lambda x: x[:, 2:], "t i"),
        (lambda x, Wq: x @ Wq, "t h"),
        (lambda x, Wq: (x @ Wq).T @ (x @ Wq), "h g"),
        (lambda x, Wq: (x @ Wq)[:, None] * np.ones((1, 4, 1)), "t i h"),
        (lambda x, heads=2: x.reshape(len(x), heads, -1), "t i j"),
        (lambda T, C: np.ones((C, T)), "c t"),
        (lambda T: np.ones((T, T, T)), "t s r"),
        (lambda tokens: np.ones((len(tokens), 4)), "t i"),
        (lambda x, v: v, "t h"),
        (lambda scores: scores, "t s"),
    ],
)
@pytest.mark.parametrize("sizes", [(4, 4, 4), (8, 4, 2), (4, 2, 4), (5, 5, 4), (1, 1, 1)])
def test_an_axis_is_named_by_evidence_wherever_sizes_coincide(build, axes, sizes):
    function = PlainFunction(build, "f", dict.fromkeys(LETTERS, (1, 16)))
    for T, C, h in [sizes, (6, 4, 3), (4, 4, 4), (3, 8, 4)]:
        made = {"T": T, "C": C, "head_size": h, "heads": 2, **example(T=T, C=C, head_size=h)._asdict()}
        try:
            seen = function.seen({name: made[name] for name in inspect.signature(build).parameters})
        except (ValueError, RuntimeError):  # x[1:] of one token is empty, an odd C makes no two heads
            assert (T, C, h) == sizes and (min(sizes) < 3 or C % 2)
        else:
            spare = {axis: "ijk"[at] for at, axis in enumerate(a for a in seen.trace["out"].axes if a in SPARE)}
            assert " ".join(spare.get(axis, axis) for axis in seen.trace["out"].axes) == axes


SIZES = {
    "T": lambda T, C, h: T,
    "C": lambda T, C, h: C,
    "head_size": lambda T, C, h: h,
    "three": lambda T, C, h: 3,
    "four": lambda T, C, h: 4,
    "T more": lambda T, C, h: T + 1,
    "C twice": lambda T, C, h: 2 * C,
    "T half": lambda T, C, h: (T + 1) // 2,
    "C part": lambda T, C, h: -(-C // 3),
    "h less": lambda T, C, h: max(1, h - 1),
    "all ways": lambda T, C, h: 2 * T - 1,
}


@pytest.mark.parametrize("seed", range(100))
def test_no_axis_is_ever_named_wrongly(seed):
    """Random results at random sizes: an axis has the name of its true size, or none."""
    rng = random.Random(seed)
    truth = [rng.choice([*SIZES]) for _ in range(rng.randint(1, 3))]
    function = PlainFunction(
        lambda T, C, head_size: np.ones([SIZES[name](T, C, head_size) for name in truth]),
        "f",
        dict.fromkeys(LETTERS, (1, 16)),
    )
    named = 0
    for _ in range(8):
        sizes = {name: rng.randint(1, 6) for name in ("T", "C", "head_size")}
        for axis, name in zip(function.seen(sizes).trace["out"].axes, truth):
            assert axis in [*SPARE, *LETTERS.get(name, "")], (truth, sizes)
            named += axis not in SPARE
    if truth.count("T") == 1:
        assert named  # and it is not by silence that no name is wrong


def test_a_switch_may_turn_a_result_round():
    explorer = explore(lambda x, turn=False: x.T if turn else x, T=(1, 8, 4), C=(1, 8, 4))
    assert explorer.trace["out"].axes == ("t", "c")
    explorer.controls["turn"].value = True
    assert explorer.trace["out"].axes == ("c", "t")  # (4, 4): its shape alone could be either way round
    explorer.controls["C"].value = 6
    explorer.controls["T"].value = 5
    explorer.controls["C"].value, explorer.controls["T"].value = 7, 3
    assert explorer.trace["out"].axes == ("c", "t")  # seen at three sizes
    explorer.controls["turn"].value = False
    assert explorer.trace["out"].axes == ("t", "c")
    along = explore(lambda x, axis=0: x.mean(axis), T=(1, 8, 4), C=(1, 8, 4))
    along.controls["axis"].value = 1
    assert along.trace["out"].axes == ("t",)


def test_new_numbers_change_no_name():
    explorer = explore(lambda T, C, seed=0: np.random.default_rng(seed).normal(size=(T, C)), T=(1, 8, 4), C=(1, 8, 4))
    explorer.new_numbers()
    assert explorer.trace["out"].axes == ("t", "c")


def test_a_function_that_fits_some_sizes_alone():
    """Its own matrix has four rows: C cannot be anything else, and only T is told."""
    W = np.ones((4, 4))
    explorer = explore(lambda x: x @ W, C=4)
    assert explorer.diagram.error == "" and explorer.trace["out"].axes == ("t", "i")

    def picky(x):
        if x.shape != (8, 4):
            raise IndexError("nothing else")
        return x

    explorer = explore(picky)
    assert explorer.diagram.error == "" and explorer.trace["out"].axes == ("t", "c")
    explorer.controls["T"].value = 7
    assert explorer.diagram.error.startswith("IndexError: nothing else. It stopped in line ")
    assert explorer.trace["x"].value.shape == (8, 4)

    def leaves(x):
        return x if x.shape == (8, 4) else exit()

    assert explore(leaves).trace["out"].axes == ("t", "c")


@pytest.mark.parametrize(
    "mine", [np.ones((4, 4)), torch.ones(4, 4), [[1.0] * 4] * 4, torch.ones(4, 4, dtype=torch.bfloat16)], ids=type
)
def test_an_x_of_your_own_is_looked_at_in_other_sizes_too(mine):
    assert explore(lambda x: np.cumsum(np.asarray(x, dtype=float), 0) if isinstance(x, list) else x + x, x=mine).trace[
        "out"
    ].axes == ("t", "c")


def test_matrices_that_do_not_fit_together_have_no_common_axis():
    explorer = explore(lambda x, Wq: x[:2] * Wq[:2, :1], x=np.ones((3, 4)), Wq=np.ones((5, 2)))
    assert explorer.diagram.error == ""
    x, Wq, *_, out = (step.axes for step in explorer.trace)
    assert x == ("t", "c") and not {*x} & {*Wq} and out[0] not in "tc" and out[1] == "c"  # all channels of two tokens
    assert (
        "tokens has length 2, but x has shape (T=3, C=4): wanted one token a row"
        in explore(lambda x, tokens: x, x=np.ones((3, 4)), tokens=["a", "b"]).diagram.error
    )


# -- what comes back ------------------------------------------------------------------------------


class Frame:
    """A table of another package."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return self.values


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (np.array([[1, 2]], dtype=np.int8), [[1, 2]]),
        (np.array([[0.5, 2]], dtype=np.float16), [[0.5, 2]]),
        (np.array([[0.5, 2]], dtype=np.longdouble), [[0.5, 2]]),
        (np.array([[0.5, 2]], dtype=">f8"), [[0.5, 2]]),
        (np.array([[True, False]]), [[1, 0]]),
        (np.array([[2**63]], dtype=np.uint64), [[2.0**63]]),
        (np.array([[1, 0.5, None]], dtype=object)[:, :2], [[1, 0.5]]),
        (np.ma.array([[1.0, 2.0]]), [[1, 2]]),
        (np.eye(4)[::2, ::-1], np.eye(4)[::2, ::-1]),
        ([[2**70, 1]], [[2.0**70, 1]]),
        ([1.0, 2.0], [1, 2]),
        (((1, 2), (3, 4)), [[1, 2], [3, 4]]),
        (range(3), [0, 1, 2]),
        (Frame(np.eye(2)), np.eye(2)),
        (torch.tensor([[0.5, 2]], dtype=torch.bfloat16), [[0.5, 2]]),
        (torch.tensor([[0.5, 2]]).half(), [[0.5, 2]]),
        (torch.tensor([[0.5, 2]]).to(torch.float8_e4m3fn), [[0.5, 2]]),
        (torch.tensor([[True, False]]), [[1, 0]]),
        (torch.ones(1, 2, requires_grad=True) * 3, [[3, 3]]),
        (torch.eye(2).to_sparse(), np.eye(2)),
        (torch.tensor([[2j]]).imag, [[2]]),
        ([torch.ones(2), torch.ones(2, requires_grad=True) * 2], [[1, 1], [2, 2]]),
        ([torch.tensor(1.0), torch.tensor(2.0)], [1, 2]),
        ([np.array([1.0, 2.0]), [3, 4]], [[1, 2], [3, 4]]),
        (np.array([[np.nan, np.inf, -np.inf]]), [[np.nan, np.inf, -np.inf]]),
    ],
    ids=lambda value: repr(value).partition(" at 0x")[0],
)
def test_numbers_of_every_kind_are_drawn(value, wanted):
    out = explore(lambda x: value).trace["out"].value
    assert out.dtype in (np.int64, np.float64)
    np.testing.assert_array_equal(out, wanted)


async def later(x):
    return x


@pytest.mark.parametrize(
    ("value", "what", "hint"),
    [
        (np.array([[1j, 2]]), "an array of shape (1, 2) with complex numbers", "Return .real, .imag or abs() of it."),
        (torch.tensor([1j]), "a tensor of shape (1,) with complex numbers", "Return .real, .imag or abs() of it."),
        (np.ma.masked_equal([[1, 2]], 1), "an array of shape (1, 2) with masked cells", "Say what stands there"),
        ([np.ma.masked_equal([1, 2], 1)], "an array of shape (2,) with masked cells", "Say what stands there"),
        (np.float64(2), "a single number, 2.0", "Return the row or the matrix"),
        (torch.tensor(2.0), "a single number, 2.0", "Return the row or the matrix"),
        (True, "a single number, True", "Return the row or the matrix"),
        (np.zeros((0, 3)), "an array of shape (0, 3)", "There is nothing in it"),
        (torch.zeros(2, 0), "a tensor of shape (2, 0)", "There is nothing in it"),
        ([[]], "a list of shape (1, 0)", "There is nothing in it"),
        (np.ones((1,) * 7), "an array of shape (1, 1, 1, 1, 1, 1, 1)", "At most 6 axes"),
        (np.ones((1,) * 40), "an array of shape (1, 1, 1,", "At most 6 axes"),
        (np.broadcast_to(1.0, (2**11, 2**11)), "an array of shape (2048, 2048)", f"and {MOST_NUMBERS:,} numbers"),
        ((np.zeros((0, 2)), np.zeros((0, 3))), "a tuple that holds no matrix", "Return the row or the matrix."),
        ({"loss": 2.5}, "a dict of 1", "Return one of the matrices"),
        ({1, 2}, "a set of 2", "Return one of the matrices"),
        (None, "None", "Is there a `return`"),
        ((i for i in range(3)), "a generator, which can be read only once", "Put list(…) around it."),
        (torch.nn.Linear(2, 2), "Linear, a torch module", "Call it on x"),
        (print, "a function", "Call it"),
        (int, "a function", "Call it"),
        (b"ab", "text, b'ab'", "Return numbers."),
        (np.array([["a"]]), "an array of shape (1, 1) that holds text", "Return numbers."),
        (np.array(["2026-01-01"], dtype="M8[D]"), "an array of shape (1,) that holds dates", "Return numbers."),
        (np.array([[1, None]], dtype=object), "an array of shape (1, 2) that holds NoneType", "Return numbers."),
        (np.array([[1, "2"]], dtype=object), "an array of shape (1, 2) that holds str", "Return numbers."),
        ([[10**400]], "a list of shape (1, 1) with a whole number beyond 10^308", "Compute with fractions"),
        ([[1.0], [1.0, 2.0]], "a list of rows that differ in shape, (1,), (2,)", "Give all rows one length."),
        (torch.ones(2, device="meta"), "a tensor, float32, on meta", "Its numbers cannot be read"),
        (object(), "an object", "Return numbers."),
    ],
    ids=lambda value: repr(value)[:30].partition(" at 0x")[0],
)
def test_what_cannot_be_drawn_is_told_by_its_kind(value, what, hint):
    error = explore(lambda x: value).diagram.error
    assert error.startswith(f"<lambda> returned {what}") and hint in error
    assert "; wanted a Trace, or an array or a tensor of numbers. " in error and "\n" not in error


def test_an_async_function_is_told(recwarn):
    assert "returned a coroutine" in explore(later).diagram.error
    assert not [one for one in recwarn if "never awaited" in str(one.message)]


def test_whole_numbers_beyond_what_can_be_drawn_exactly_are_told():
    told = "whole numbers beyond 2^53; at 2^63 they wrap around"
    explorer = explore(lambda x: np.cumprod(np.arange(1, 31))[None])  # 30! is larger than int64
    assert told in explorer.diagram.readout and explorer.trace["out"].value.dtype == np.float64
    assert told not in explore(lambda x: np.full((2, 2), 2**53)).diagram.readout
    assert told in explore(lambda x: np.full((2, 2), -(2**63))).diagram.readout


def test_an_x_that_cannot_be_drawn_is_left_out_and_told():
    explorer = explore(lambda x: abs(x), x=np.array([[3 + 4j]]))
    assert [*explorer.trace.steps] == ["out"] and explorer.trace["out"].value.tolist() == [[5]]
    assert explorer.remarks == [
        "What happens inside <lambda> is not shown: x holds complex numbers.",
        "x is not drawn: it is an array of shape (1, 1) with complex numbers.",
    ]


def test_rows_of_channels_are_no_weights():
    assert explore(lambda x: x, x=np.eye(3)).trace["out"].role == "out"
    assert explore(lambda T: np.ones((T, 1))).trace["out"].role == "out"
    assert explore(lambda T: np.eye(T)).trace["out"].role == "weights"


# -- what is explored -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            head(np.eye(2), np.eye(2), np.eye(2), np.eye(2)),
            "a Trace, head, which is made already: give it the function",
        ),
        (np.ones((2, 3)), "ndarray of shape (2, 3), which cannot be called"),
        (torch.ones(2, 3), "Tensor of shape (2, 3), which cannot be called"),
        (None, "NoneType, which cannot be called"),
        ("head", "str, which cannot be called"),
        (max, "max does not tell its parameters: put it into a function of yours, as in lambda x: max(x)"),
        (torch.softmax, "softmax does not tell its parameters"),
    ],
    ids=lambda given: repr(given).partition(" at 0x")[0][:20],
)
def test_what_is_no_function_is_told(given, words):
    with pytest.raises(ValueError) as error:
        explore(given)
    assert words in str(error.value)


def test_what_it_needs_and_nobody_gives_is_told():
    assert explore(lambda x, depth: x).diagram.error == (
        "<lambda> needs depth, which explore cannot fill in: give it a default, or a value, as in "
        "explore(<lambda>, depth=…)."
    )
    assert explore(torch.nn.Linear(4, 2), input=torch.ones(3, 4)).trace["out"].value.shape == (3, 2)


def test_a_module_with_an_x_is_explored():
    class Double(torch.nn.Module):
        def forward(self, x):
            return x * 2

    explorer = explore(Double())
    assert explorer.diagram.error == "" and explorer.trace["out"].axes == ("t", "c")


def test_names_are_text_whatever_they_are():
    def build(x):
        return x

    for name in ("<b>\u202eשלום 🙂\n</b>", "x" * 10_000, "half \ud800"):
        build.__name__ = name
        explorer = explore(build)
        assert explorer.diagram.error == "" and len(explorer.title) <= 61
        still = explorer._repr_mimebundle_()[0]["text/html"]
        assert "<b>" not in still and len(still) < 60_000
    build.__name__ = "f"
    words = ["<i>the</i>", "\u202ecat", "🙂" * 1000]
    explorer = explore(lambda x, tokens: x, x=np.ones((3, 2)), tokens=words)
    assert explorer.trace.tokens == words and "<i>" not in explorer._repr_mimebundle_()[0]["text/html"]


@pytest.mark.parametrize("default", [np.inf, -np.inf, np.nan, 10**30, -(10**400), 1e300])
def test_a_default_that_no_slider_could_hold_is_left_to_the_function(default):
    seen = []

    def build(x, limit=default):
        seen.append(limit)
        return x

    assert "limit" not in explore(build).controls and seen[0] is default


@pytest.mark.parametrize("range_", [(0.0, np.inf, 1.0), (-np.inf, 1.0, 0.0), (1, 10**400, 5)])
def test_a_range_without_end_gives_a_sentence(range_):
    with pytest.raises(ValueError, match="is out of order"):
        explore(lambda x, limit=1: x, limit=range_)


# -- odd functions on odd inputs ------------------------------------------------------------------

INPUTS = [
    None,
    np.eye(2),
    np.ones((3, 2), np.float16),
    np.ones((2, 3, 2)),
    np.zeros((0, 2)),
    np.ones(3),
    np.array([[1j, 2]]),
    np.ma.masked_equal(np.eye(2), 1),
    np.array([["a", 1]], dtype=object),
    np.full((2, 2), 2**62),
    np.full((2, 2), np.nan),
    torch.ones(2, 3),
    torch.ones(2, 3, dtype=torch.bfloat16),
    torch.ones(2, 3, requires_grad=True),
    torch.eye(2).to_sparse(),
    [[1.0, 2.0]],
    [[1.0], [2.0, 3.0]],
    [torch.ones(2)],
    {"a": np.eye(2)},
    "text",
    Frame(np.eye(2)),
]
RANDOM = lambda x: (random.random(), np.random.rand(), torch.rand(2))[2]  # noqa: E731 - one of many of its kind
DEEDS = [
    lambda x: x * 2,
    lambda x: x.sum(0),
    lambda x: x @ x.T,
    lambda x: x[0],
    lambda x: np.cumsum(x, axis=0),
    lambda x: torch.as_tensor(x).softmax(-1),
    lambda x: x.view(-1),
    lambda x: x.transpose(-2, -1),
    lambda x: x.__setitem__(0, 5),
    lambda x: x.fill_(3),
    lambda x: x.sort(),
    lambda x: x.append(1),
    lambda x: (print("said" * 1000), x)[1],
    lambda x: np.log(x),
    lambda x: (x, x),
    lambda x: {"x": x},
    lambda x: (row for row in x),
    lambda x: len(x),
    lambda x: Trace("own"),
    lambda x: head(x, x, x, x),
    lambda x: x.backward(),
    lambda x: exit(),
    RANDOM,
    lambda x: x.astype(complex),
    lambda x: np.sqrt(x - 2),
    lambda x: [[x]],
    lambda x: x.tolist(),
    lambda x: str(x),
    lambda x: x == x,
    lambda x: np.exp(1000 * np.asarray(x)),
]


def alone(deed, mine, tensors):
    """What a function gives for a copy, called by itself, as an array of fractions."""
    x = copy.deepcopy(mine)
    if tensors and isinstance(x, np.ndarray) and not np.ma.isMaskedArray(x):
        x = torch.tensor(x, dtype=torch.float32 if x.dtype.kind == "f" else None)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        value = deed(x)
    return np.array(listed(value), dtype=float)


def listed(value):
    """A tensor or lists of tensors as lists."""
    if isinstance(value, list | tuple):
        return [listed(one) for one in value]
    return value.detach().to_dense().tolist() if isinstance(value, torch.Tensor) else value


def global_state():
    return random.getstate(), np.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes(), np.geterr()


@pytest.mark.parametrize("number", range(len(INPUTS)))
def test_odd_functions_on_odd_inputs(number):
    """The numbers that the function gives when it is called by itself, or a sentence; and nothing else is changed."""
    drawn = 0
    for deed in DEEDS:
        mine = INPUTS[number]
        before, state = repr(mine), global_state()
        explorer = explore(deed, x=mine) if deed in DEEDS[::7] else None  # the widget is slow
        function = explorer.subject.function if explorer else PlainFunction(deed, "deed")
        try:
            seen = function.seen({"x": mine})
        except Exception as error:  # noqa: BLE001 - whatever it is, it must become a sentence
            assert 0 < len(sentence(error)) < 420 and "\n" not in sentence(error)
            assert explorer is None or explorer.diagram.error.startswith(sentence(error))
        else:
            assert all(0 < len(remark) < 500 and "\n" not in remark for remark in seen.remarks)
            assert explorer is None or explorer.diagram.error == ""
            if [*seen.trace.steps][-1:] == ["out"] and seen.trace["out"].kind == "given":
                if deed is not RANDOM:
                    np.testing.assert_array_equal(seen.trace["out"].value, alone(deed, mine, function.tensors))
                drawn += 1
        assert repr(mine) == before and state == global_state()
    assert drawn or not isinstance(mine, np.ndarray | torch.Tensor) or 0 in mine.shape or mine.dtype == object

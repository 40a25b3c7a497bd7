"""What a run leaves: hidden steps, moved numbers, operations known by their sources; every face sees through them."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.look import layout
from helpers.look.annotations import withheld
from helpers.pictures.still import describe, picture
from helpers.trace import rules
from helpers.trace.step import bracketed
from helpers.trace.tables import cells, table
from helpers.trace.trace import Trace, UnknownName
from tests.near import assert_near
from tests.runs import a_run, moved, seen
from tests.strategies import GENERATOR

quick = settings(deadline=None, max_examples=15)


# -- what a cell is made of -----------------------------------------------------------------------


def test_a_formula_names_the_cell_that_a_number_comes_from():
    trace = a_run(np.random.default_rng(0))
    first = trace.why("scores", 1, 0).split(" = ")[1]
    assert first == "((x @ W) / 2.0)[1,0]·x[0,0] + ((x @ W) / 2.0)[1,1]·x[0,1]"
    assert trace.why("masked", 1, 0).split(" = ")[1] == "scores[1,0]"
    assert trace.why("masked", 0, 1) == "masked[0,1] = −9.000, filled in"
    assert trace.why("out", 1, 0).split(" = ")[1] == "weights[1,0]·x[0,0] + weights[1,1]·x[1,0] + weights[1,2]·x[2,0]"
    assert trace.why("total", 2).split(" = ")[1] == "prod(weights[2,0], weights[2,1], weights[2,2])"
    assert trace.why("total", 2).endswith(": which numbers it is made of is known, not how")


def test_a_constant_stands_in_a_formula_with_its_text():
    trace = Trace()
    trace.given("x", [[1.0, 2.0]], "t c")
    seen(trace, "C ** 0.5", math.sqrt(2), "", "given", [], hidden=True)
    seen(trace, "1e-5", 1e-5, "", "given", [], hidden=True)
    trace.step("y", "quotient", "t c,  -> t c", "x", "C ** 0.5")
    trace.step("z", "add", "t c,  -> t c", "y", "1e-5")
    assert trace.why("y", 0, 1) == "y[0,1] = x[0,1] / (C ** 0.5) = 2 / 1.414 = 1.414"
    assert trace.why("z", 0, 0).split(" = ")[1] == "y[0,0] + 1e-5"
    assert trace.sources("y", 0, 1) == [("x", (0, 1))] and trace.reads(trace["y"]) == ("x",)


def test_a_patchwork_of_hidden_results_has_their_formulas():
    """The loop of averages: out[t] = x[: t + 1].mean(0)."""
    trace, x = Trace("loop"), np.array([[1.0, 2.0], [3.0, 6.0]])
    trace.given("x", x, "t c")
    for t in range(2):
        moved(trace, f"x[:{t} + 1]", lambda one, t=t: one[: t + 1], f"p{t} c", "x", hidden=True)
        name = f"x[:{t} + 1].mean(0)"
        seen(trace, name, x[: t + 1].mean(0), "c", "mean", [f"x[:{t} + 1]"], f"p{t} c -> c", hidden=True)
    pieces = ["x[:0 + 1].mean(0)", "x[:1 + 1].mean(0)"]
    out = np.stack([trace[name].value for name in pieces])
    seen(trace, "out", out, "t c", "move", pieces, places=np.arange(4).reshape(2, 2))
    assert trace.why("out", 1, 0) == "out[1,0] = (x[0,0] + x[1,0]) / 2 = (1 + 3) / 2 = 2"
    assert trace.sources("out", 1, 0) == [("x", (0, 0)), ("x", (1, 0))]
    assert trace.sources("out", 0, 0) == [("x", (0, 0))]
    assert trace.shown == [trace["x"], trace["out"]] and withheld(trace, ["out", [0, 0]]) == {"out", *pieces}
    assert trace.shapes() == "x    (T=2, C=2)\nout  (T=2, C=2)"


@quick
@given(rng=GENERATOR)
def test_the_sources_are_the_cells_that_change_it(rng):
    """Each shown step as a function of the shown ones that it is made of, its derivative by autograd."""
    trace = a_run(rng, *rng.integers(1, 4, 2))
    x, W, masked, scores = (torch.tensor(trace[name].value) for name in ("x", "W", "masked", "scores"))
    low = torch.ones(scores.shape).tril().bool()
    made = {
        "scores": (lambda x, W: x @ W / 2 @ x.T, {"x": x, "W": W}),
        "masked": (lambda scores: torch.where(low, scores, -9.0), {"scores": scores}),
        "total": (lambda masked: masked.softmax(-1).prod(-1), {"masked": masked}),
        "out": (lambda masked, x: masked.softmax(-1) @ x, {"masked": masked, "x": x}),
    }
    for name, (function, read) in made.items():
        assert_near(trace[name].value, function(**read), rtol=1e-9)
        assert trace.reads(trace[name]) == tuple(read)
        slopes = torch.autograd.functional.jacobian(function, tuple(read.values()))
        for index in np.ndindex(trace[name].value.shape):
            found = {(one, tuple(at)) for one, slope in zip(read, slopes) for at in slope[index].nonzero().tolist()}
            # a share of one is 1 whatever its score; what is only known by its table is not so exact
            assert set(trace.sources(name, *index)) == found or (name == "total" and len(scores) == 1)


@quick
@given(data=st.data())
def test_any_chain_of_views_leads_back_to_the_number(data):
    rng = data.draw(GENERATOR)
    trace = Trace()
    value = rng.permutation(24).reshape(2, 3, 4).astype(float)
    trace.given("x", value, "a b c")
    name = "x"
    for i in range(data.draw(st.integers(1, 5))):
        way = data.draw(st.sampled_from(["turn", "cut", "roll", "flat", "again", "rule"]))
        ndim, hidden = trace[name].value.ndim, i > 0
        axes = " ".join(f"{way}{i}{j}" for j in range(ndim))
        if way == "rule":  # the rule language's own way
            old = " ".join(trace[name].axes)
            trace.step(f"v{i}", "sum-product", f"{old} -> {' '.join(reversed(old.split()))}", name, hidden=hidden)
        else:
            view = {
                "turn": np.transpose,
                "cut": lambda one: one[..., ::-1],
                "roll": lambda one: np.roll(one, 1, 0),
                "flat": lambda one: one.reshape(one.shape[::-1]),
                "again": lambda one: np.concatenate([one, one]),
            }[way]
            moved(trace, f"v{i}", view, axes, name, hidden=hidden)
        name = f"v{i}"
    last = trace.step("y", "exp", " -> ".join([" ".join(trace[name].axes)] * 2), name)
    for index in np.ndindex(last.value.shape):
        ((source, place),) = trace.sources("y", *index)
        assert trace[source].value[place] == trace[name].value[index] and not trace[source].hidden
        assert trace.why("y", *index).split(" = ")[1] == f"e^{source}[{','.join(map(str, place))}]"


# -- faces ----------------------------------------------------------------------------------------


def test_a_picture_shows_no_hidden_step_and_no_arrow_to_one():
    trace = a_run(np.random.default_rng(0))
    plan = layout.lay_out(layout.matrices(trace), 1000)
    assert [*plan["boxes"]] == ["x", "W", "scores", "masked", "total", "out"] == [step.name for step in trace.shown]
    assert {(edge["from"], edge["to"]) for edge in plan["edges"]} == {
        (source, step.name) for step in trace.shown for source in trace.reads(step)
    }
    assert "x @ W" not in describe(trace) and "x @ W" not in repr(trace)
    lit = picture(trace, pinned=("out", (1, 0)), notes={"out": "a note"})
    assert "Pinned: out[1,0] = weights[1,0]·x[0,0]" in lit.alt and b"<svg" in lit.encoded("svg")
    with pytest.raises(ValueError, match="weights is in no picture of this trace; its matrices are x, W, scores"):
        picture(trace, pinned=("weights", (1, 0)))
    with pytest.raises(ValueError, match="notes has 'weights', which is not in this trace; its matrices are x, W"):
        picture(trace, notes={"weights": "no"})


def test_a_large_run_is_pictured_in_a_moment():
    rng, T = np.random.default_rng(0), 128
    trace = a_run(rng, T, T)
    assert len(trace.sources("scores", 5, 7)) == 2 * T + T * T
    assert trace.picture(pinned=("out", (T - 1, 0))).alt


# -- gradients ------------------------------------------------------------------------------------


def differentiable_run(x, W):
    """The same numbers, by a function of torch: turned, copied, cut, cumulated."""
    q = x @ W / 2.0
    wide = torch.cat([q.T, q.T[:, :1]], 1)  # (C, T + 1): a number goes to two places
    return torch.cumsum(wide, 1).exp() - x.T[:, :1]


def the_same_as_a_trace(x, W):
    trace, T = Trace("run"), len(x)
    trace.given("x", x, "t c")
    trace.given("W", W, "c h", parameter=True)
    seen(trace, "2.0", 2.0, "", "given", [], hidden=True)
    seen(trace, "x @ W", x @ W, "t h", "sum-product", ["x", "W"], "t c, c h -> t h", hidden=True)
    trace.step("q", "quotient", "t h,  -> t h", "x @ W", "2.0")
    moved(trace, "q.T", np.transpose, "h t", "q", hidden=True)
    moved(trace, "wide", lambda one: np.concatenate([one, one[:, :1]], 1), "h p", "q.T", hidden=True)
    wide = trace["wide"].value
    sums = table(wide.shape, [[row * (T + 1) + i for i in range(at + 1)] for row, at in np.ndindex(wide.shape)])

    def pull(dout):
        return [np.cumsum(dout[:, ::-1], 1)[:, ::-1]]

    how = {"table": sums, "operation": "cumsum", "pull": pull}
    seen(trace, "sums", np.cumsum(wide, 1), "h p", "opaque", ["wide"], **how)
    trace.step("exp", "exp", "h p -> h p", "sums", hidden=True)
    moved(trace, "x.T[:, :1]", lambda one: one.T[:, :1], "c i", "x", hidden=True)
    trace.step("y", "subtract", "h p, h i -> h p", "exp", "x.T[:, :1]")
    return trace


@quick
@given(rng=GENERATOR)
def test_gradients_are_autograds_and_hidden_ones_are_hidden(rng):
    T, C = rng.integers(1, 5, 2)
    x, W = rng.normal(size=(T, C)), rng.normal(size=(C, C)) / 2
    trace = the_same_as_a_trace(x, W)
    inputs = [torch.tensor(one, requires_grad=True) for one in (x, W)]
    y = differentiable_run(*inputs)
    assert_near(trace["y"].value, y.detach(), rtol=1e-9)
    dout = rng.normal(size=y.shape)
    gradients = trace.backward(dout)
    for name, wanted in zip(("x", "W"), torch.autograd.grad(y, inputs, torch.tensor(dout))):
        assert_near(gradients[f"d{name}"].value, wanted, rtol=1e-7, atol=1e-9)
    hidden = {step.name for step in gradients if step.hidden}
    assert {"d(x @ W)", "dq.T", "dwide", "dexp"} <= hidden and not hidden & {"dx", "dW", "dq", "dsums", "dy"}
    assert "d2.0" not in gradients and "2.0" not in {step.name for step in gradients.shown}
    for step in gradients.shown:
        for index in np.ndindex(step.value.shape):
            named = gradients.why(step.name, *index)
            assert named.startswith(step.name) and all(
                not gradients[one].hidden for one, _ in gradients.sources(step.name, *index)
            )


@quick
@given(rng=GENERATOR)
def test_the_sources_of_a_gradient_are_the_cells_that_change_it(rng):
    """dq of y = exp(cumsum(wide(q))), as a function of the gradient of sums and of nothing else."""
    T, C = rng.integers(1, 4, 2)
    trace = the_same_as_a_trace(rng.normal(size=(T, C)), rng.normal(size=(C, C)) / 2)
    gradients = trace.backward(rng.normal(size=trace["y"].value.shape))
    for row, column in np.ndindex(T, C):
        found = set(gradients.sources("dq", row, column))
        # q[t,h] stands in wide[h,t], and that in sums[h,t:]; q[0,h] stands in wide[h,T], too.
        assert found == {("dsums", (column, at)) for at in range(row, T + 1)}


def test_numbers_that_come_together_are_added_up():
    trace = Trace()
    trace.given("x", [1.0, 2.0], "c")
    places = np.array([[0, 1], [0, -1]])
    seen(trace, "y", np.where(places < 0, 0.0, trace["x"].value[places]), "t c", "move", ["x"], places=places)
    gradients = trace.backward([[1.0, 2.0], [4.0, 8.0]])
    assert gradients["dx"].value.tolist() == [5, 2]
    assert gradients.why("dx", 0) == "dx[0] = dy[0,0] + dy[1,0] = 1 + 4 = 5"
    assert gradients.why("dx", 1) == "dx[1] = dy[0,1] = 2"
    assert trace.why("y", 1, 1) == "y[1,1] = 0, filled in"
    again = gradients.backward([1.0, 10.0])
    assert again["ddy"].value.tolist() == [[1, 10], [1, 0]]


def test_no_way_back_through_what_nobody_knows():
    trace = Trace()
    trace.given("x", [1.0, 2.0], "c")
    seen(trace, "y", [2.0, 1.0], "c", "opaque", ["x"], table=table((2,), [[0, 1], [0, 1]]), operation="sort")
    with pytest.raises(ValueError) as error:
        trace.backward()
    assert str(error.value) == (
        "y (C=2) is made by sort, whose derivative is not known here: there is no way back through it."
    )


# -- axes of size 1 -------------------------------------------------------------------------------


@quick
@given(rng=GENERATOR, kind=st.sampled_from(["sum-product", "mean", "max"]))
def test_a_reduction_may_keep_an_axis_of_size_one(rng, kind):
    T, C = rng.integers(1, 5, 2)
    x = torch.tensor(rng.normal(size=(T, C)), requires_grad=True)
    trace = Trace()
    trace.given("x", x.detach().numpy(), "t c")
    trace.step("m", kind, "t c -> t i", "x", i=1)
    trace.step("centered", "subtract", "t c, t i -> t c", "x", "m")
    trace.step("scaled", "quotient", "t c, t i -> t c", "centered", "m")
    trace.step("y", "add", "t c, t i, t i -> t c", "scaled", "m", "m")
    m = {"sum-product": x.sum, "mean": x.mean, "max": x.amax}[kind](-1, keepdim=True)
    y = (x - m) / m + m + m
    assert_near(trace["y"].value, y.detach(), rtol=1e-9)
    for step in trace:
        for index in np.ndindex(step.value.shape):
            assert_near(rules.cell(step, index, trace.inputs(step)), step.value[index], rtol=1e-9)
    assert trace.sources("y", 0, 0) == [("scaled", (0, 0)), ("m", (0, 0))]
    dout = rng.normal(size=(T, C))
    (wanted,) = torch.autograd.grad(y, x, torch.tensor(dout))
    assert_near(trace.backward(dout)["dx"].value, wanted, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kind", ["add", "subtract", "quotient", "mask"])
def test_only_an_axis_of_size_one_may_vanish(kind):
    trace = Trace()
    trace.given("x", np.ones((2, 3)), "t c")
    with pytest.raises(ValueError) as error:
        trace.step("y", kind, "t c, t s -> t c", "x", trace.given("z", np.ones((2, 2)), "t s").name)
    assert str(error.value) == "y: the rule 't c, t s -> t c' drops the axis s of size 2; only one of size 1 may go."


# -- tables ---------------------------------------------------------------------------------------


@quick
@given(rng=GENERATOR)
def test_a_table_gives_back_what_it_was_made_of(rng):
    shape = tuple(rng.integers(1, 4, 2))
    mask = rng.random((math.prod(shape), 20)) < 0.4
    made = table(shape, mask)
    again = table(shape, [rng.permutation(np.flatnonzero(row)) for row in mask])
    for index, row in zip(np.ndindex(shape), mask):
        assert made.at(index).tolist() == again.at(index).tolist() == np.flatnonzero(row).tolist()
    positions, found = made.pairs()
    assert list(zip(found.tolist(), positions.tolist())) == [*map(tuple, np.argwhere(mask).tolist())]
    assert len(made.starts) - 1 == len({row.tobytes() for row in mask})


def test_positions_count_through_all_inputs():
    shapes = [(2, 2), (), (3,)]
    every = [(which, index) for which, shape in enumerate(shapes) for index in product(*map(range, shape))]
    assert cells(shapes, np.arange(8)) == every
    with pytest.raises(ValueError, match="the table has 3 cells; wanted one for each cell of a matrix of shape"):
        table((2, 2), [[0], [1], [2]])


@pytest.mark.parametrize(
    ("kind", "how", "sentence"),
    [
        ("move", {}, "y has shape (2,); wanted places of that shape, not ()."),
        ("move", {"places": np.zeros(3, int)}, "y has shape (2,); wanted places of that shape, not (3,)."),
        ("move", {"places": np.array([0, 2])}, "y reads number 2 of its inputs; they have 2, counted from 0."),
        ("opaque", {}, "y has shape (2,); wanted a table of that shape, not ()."),
        ("scatter", {"table": table((2,), [[0], [5]])}, "y reads number 5 of its inputs; they have 2, counted from 0."),
    ],
)
def test_a_step_of_a_run_that_cannot_be(kind, how, sentence):
    trace = Trace()
    trace.given("x", [1.0, 2.0], "c")
    with pytest.raises(ValueError) as error:
        seen(trace, "y", [1.0, 2.0], "c", kind, ["x"], **how)
    assert str(error.value) == sentence
    with pytest.raises(UnknownName):
        seen(trace, "y", [1.0, 2.0], "c", "add", ["z"], "c -> c")
    assert list(trace.steps) == ["x"]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("q", "q"),
        ("wei₂", "wei₂"),
        ("k.transpose(-2, -1)", "k.transpose(-2, -1)"),
        ("x[:, 0]", "x[:, 0]"),
        ("x @ W", "(x @ W)"),
        ("-x", "(-x)"),
        ("(x @ W)", "(x @ W)"),
        ("(x) @ W", "((x) @ W)"),
        ("not an expression", "not an expression"),
        ("a b", "a b"),
        ("", ""),
    ],
)
def test_a_name_of_several_parts_has_brackets(name, written):
    assert bracketed(name) == written

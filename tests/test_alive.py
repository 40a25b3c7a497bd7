"""A function of your own is explored: every matrix on its way is there, and its code ran once, as it stands."""

# ruff: noqa: RET504 - as people type it

import functools
import gc
import inspect
import random
import signal
import sys
import threading
import types

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from helpers.attention import head
from helpers.explore import explore
from helpers.see import Failed, inside, see
from helpers.see.plain_function import PlainFunction
from helpers.trace import rules
from helpers.trace.kinds import KINDS
from tests.near import assert_near

HEAD = ["x", "Wq", "Wk", "Wv", "q", "k", "v", "wei", "tril", "wei₂", "wei₃", "out"]


def my_head(x, Wq, Wk, Wv):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
    tril = torch.tril(torch.ones(x.shape[0], x.shape[0]))
    wei = wei.masked_fill(tril == 0, float("-inf"))
    wei = wei.softmax(-1)
    return wei @ v


def mean_so_far(x):
    out = np.zeros(x.shape)
    for t in range(len(x)):
        out[t] = x[: t + 1].mean(0)
    return out


def shown(explorer):
    assert explorer.diagram.error == ""
    return [step.name for step in explorer.trace.shown]


def hooks():
    """All that a run could leave behind in Python, NumPy and PyTorch."""
    return (
        torch.overrides._get_current_function_mode_stack(),
        threading.getprofile(),
        sys.getprofile(),
        sys.gettrace(),
        signal.getsignal(signal.SIGINT),
        torch.backends.mha.get_fastpath_enabled(),
        torch.is_grad_enabled(),
        np.geterr(),
        random.getstate(),
        np.random.get_state()[1].tobytes(),
        torch.get_rng_state().numpy().tobytes(),
        np is sys.modules["numpy"] is my_head.__globals__["np"],
        sys.stdout,
    )


# -- what is seen ---------------------------------------------------------------------------------


def test_a_head_shows_all_that_it_makes():
    explorer = explore(my_head, T=(1, 8, 4), C=(1, 8, 3), head_size=2)
    assert shown(explorer) == HEAD
    shapes = {step.name: step.shape for step in explorer.trace}
    assert shapes["Wk"] == "(C=3, head_size=2)" and shapes["q"] == "(T=4, head_size=2)"
    assert {shapes[name] for name in ("wei", "tril", "wei₂", "wei₃")} == {"(T=4, T=4)"}
    roles = [explorer.trace[name].role for name in HEAD]
    assert roles[:7] == ["x", "query", "key", "value", "query", "key", "value"]
    assert roles[7:] == ["scores", "x", "scores", "weights", "out"]
    assert explorer.trace.why("out", 1, 0).startswith("out[1,0] = wei₃[1,0]·v[0,0] + wei₃[1,1]·v[1,0] + … + ")
    assert explorer.trace["wei"].code == "wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5"
    assert explorer.remarks == []


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(1, 16), st.integers(1, 16), st.integers(1, 8), st.integers(0, 99))
def test_at_any_size_the_values_are_those_of_the_run_and_of_their_rules(T, C, h, seed):
    explorer = HELD or HELD.append(explore(my_head, T=(1, 16, 4), C=(1, 16, 3), head_size=(1, 8, 2)))
    (explorer,) = HELD
    for name, value in {"T": T, "C": C, "head_size": h}.items():
        explorer.controls[name].value = value
    explorer.seed = seed
    explorer.update()
    assert shown(explorer) == HEAD
    trace = explorer.trace
    given = {name: torch.tensor(trace[name].value, dtype=torch.float32) for name in HEAD[:4]}
    assert_near(trace["out"].value, my_head(**given), rtol=1e-6)
    for step in [step for step in trace if KINDS[step.kind].ruled]:
        value = rules.evaluate(step.kind, step.rule, [one.value for one in trace.inputs(step)], step.factor)
        assert_near(value, step.value, rtol=1e-4, atol=1e-5)


HELD = []


def test_numpy_too_loops_and_all():
    explorer = explore(mean_so_far, T=4, C=3)
    assert shown(explorer) == ["x", "out"]
    assert explorer.trace.sources("out", 1, 2) == [("x", (0, 2)), ("x", (1, 2))]


def test_tokens_are_the_words_along_t():
    explorer = explore(lambda x, tokens: x @ x.T, T=3)
    assert explorer.trace.words("t") == [*explorer.subject.arguments()["tokens"]]


def test_what_a_parameter_stands_for():
    """A module's own name for x, and a batch."""

    class Twice(nn.Module):
        def forward(self, hidden_states):
            scores = hidden_states @ hidden_states.transpose(-2, -1)
            return scores.softmax(-1) @ hidden_states

    explorer = explore(Twice(), B=(1, 3, 2), T=5, C=3)
    assert [(step.name, step.shape) for step in explorer.trace.shown] == [
        ("hidden_states", "(B=2, T=5, C=3)"),
        ("scores", "(B=2, T=5, T=5)"),
        ("scores.softmax(-1)", "(B=2, T=5, T=5)"),
        ("out", "(B=2, T=5, C=3)"),
    ]


def test_several_results_have_the_names_that_they_came_back_by():
    def several(x):
        mean = x.mean(0)
        return {"mean": mean, "twice": x * 2, "given": x, "rows": [x[0] * 3, x[1] * 3]}

    explorer = explore(several, T=5, C=3)
    assert {"mean", "twice", "given", "rows"} <= {*shown(explorer)}
    assert explorer.trace.sources("rows", 1, 2) and explorer.trace["rows"].shape == "(i=2, C=3)"
    assert explorer.trace.why("given", 1, 2).startswith("given[1,2] = x[1,2] = ")


# -- exactly once, unchanged ----------------------------------------------------------------------


def counted(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        call.shapes.append(tuple(args[0].shape if args else kwargs["x"].shape))
        return function(*args, **kwargs)

    call.shapes = []
    return call


@pytest.mark.parametrize("function", [my_head, mean_so_far, lambda x: x.tolist(), lambda x: torch.relu(x).cummax(0)])
def test_one_call_for_one_picture(function):
    """At the start there are probes, at other sizes; at the size that is shown, it is one."""
    names = inspect.signature(function).parameters
    mine = counted(function)
    explorer = explore(mine, T=(1, 16, 11), C=(1, 16, 10))
    assert explorer.diagram.error == "" and {*names} == {*explorer.subject.arguments()}
    assert mine.shapes.count((11, 10)) == 1
    before = len(mine.shapes)
    explorer.controls["T"].value = 13
    assert mine.shapes[before:] == [(13, 10)]


@pytest.fixture
def no_garbage():
    """What interrupts while garbage is collected, where pytest and hypothesis listen, is lost."""
    gc.disable()
    yield
    gc.enable()


def test_hooks_are_gone_afterwards(no_garbage):
    def fails(x):
        raise IndexError("wanted")

    def interrupted(x):
        signal.raise_signal(signal.SIGINT)
        return x

    before = hooks()
    for function in (my_head, mean_so_far, fails):
        explore(function)
        assert hooks() == before
    with pytest.raises(KeyboardInterrupt):
        explore(interrupted)
    assert hooks() == before
    explorer = explore(lambda x, hit=False: interrupted(x) if hit else x * 2)
    picture = explorer.trace
    with pytest.raises(KeyboardInterrupt):
        explorer.controls["hit"].value = True
    assert hooks() == before and explorer.trace is picture


def test_an_endless_loop_is_interrupted(no_garbage):
    def endless(x, forever=False):
        while forever:
            x = x + 1
        return x * 2

    explorer = explore(endless)
    picture, before = explorer.trace, hooks()
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        explorer.controls["forever"].value = True
    timer.join()
    assert hooks() == before and explorer.trace is picture


def test_code_that_raises_says_where_and_the_picture_stays():
    def wrong(x, other=False):
        q = x @ torch.ones(x.shape[-1], 2)
        if other:
            q = q @ torch.ones(3, 2)
        return q

    explorer = explore(wrong)
    picture, line = explorer.trace, wrong.__code__.co_firstlineno + 3
    explorer.controls["other"].value = True
    error = explorer.diagram.error
    assert error.startswith("RuntimeError: mat1 and mat2 shapes cannot be multiplied (8x2 and 3x2): q is (8, 2)")
    assert error.endswith(f"It stopped in line {line}, q = q @ torch.ones(3, 2).")
    assert explorer.trace is picture
    with pytest.raises(Failed, match=f"wrong stopped in line {line}, q = q @ torch.ones") as told:
        see(wrong, torch.ones(8, 4), other=True)
    assert "q" in told.value.trace


# -- in every form --------------------------------------------------------------------------------

STATE = {"calls": 0, "seen": None}


def remembers(x):
    STATE["calls"] += 1
    STATE["seen"] = x
    y = x * 2
    return y


def test_global_state_is_the_functions_own():
    STATE["calls"] = 0
    explorer = explore(remembers, T=(1, 16, 9))
    first = STATE["calls"]
    explorer.controls["T"].value = 10
    assert STATE["calls"] == first + 1 and shown(explorer) == ["x", "y"]
    np.testing.assert_array_equal(STATE["seen"], explorer.trace["x"].value)


def test_prints_and_warnings_are_told():
    def speaks(x):
        print("x has", x.shape)
        y = np.log(x * 0)
        return y

    explorer = explore(speaks)
    assert explorer.remarks[0] == "It printed: x has (8, 4)." and "divide by zero" in explorer.remarks[1]
    assert shown(explorer)[-1] == "y"


def test_random_draws_are_the_same_at_every_step_back():
    def noisy(x):
        noise = torch.randn(x.shape)
        kept = F.dropout(x + noise, 0.5)
        return kept

    explorer = explore(noisy, T=(1, 8, 4))
    first = explorer.trace["noise"].value
    assert shown(explorer)[:2] == ["x", "noise"] and shown(explorer)[-1] == "kept"
    explorer.controls["T"].value = 3
    explorer.controls["T"].value = 4
    np.testing.assert_array_equal(explorer.trace["noise"].value, first)


class Methods:
    scale = 2

    def method(self, x):
        y = x * self.scale
        return y

    @classmethod
    def of_class(cls, x):
        y = x * cls.scale
        return y

    @staticmethod
    def static(x):
        y = x * 2
        return y


def typed_elsewhere(code, name):
    """A function of another cell, or of a module that was imported."""
    module = types.ModuleType("elsewhere")
    exec(compile(code, "elsewhere.py", "exec"), module.__dict__)
    return getattr(module, name)


CODE = "import numpy as np\ndef inner(x):\n    y = x * 2\n    return y\ndef outer(x):\n    return inner(x)\n"
FORMS = {
    "lambda": lambda x: x * 2,
    "method": Methods().method,
    "class method": Methods.of_class,
    "static method": Methods.static,
    "decorated": counted(Methods.static),
    "partial": functools.partial(Methods().method),
    "of a module": typed_elsewhere(CODE, "inner"),
    "that calls another": typed_elsewhere(CODE, "outer"),
    "without gradients": torch.no_grad()(Methods.static),
}


@pytest.mark.parametrize("form", FORMS)
def test_functions_of_every_form(form):
    explorer = explore(FORMS[form], T=3, C=2)
    x, *_, last = explorer.trace.shown
    assert explorer.diagram.error == "" and last.kind == "sum-product" and last.factor == 2
    np.testing.assert_array_equal(last.value, 2 * x.value)


# -- what cannot be seen --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda x: x.tolist(), "it returns float, whose numbers left the arrays and the tensors before"),
        (lambda x: np.array([[float(one) for one in row] for row in x]), "is made where nobody can look"),
        (torch.vmap(lambda x: x * 2), "is made where nobody can look"),
    ],
    ids=range(3),
)
def test_it_says_why_nothing_is_seen(function, why):
    explorer = explore(function, T=4, C=3)
    assert shown(explorer) == ["x", "out"] and explorer.trace["out"].kind == "given"
    (remark,) = explorer.remarks
    assert remark.startswith("What happens inside ") and why in remark
    assert explorer.trace["out"].axes == ("t", "c")


def test_a_list_of_numbers_tells_no_ways():
    explorer = explore(lambda x: np.asarray(x) * 2, x=[[1.0, 2.0]])
    assert shown(explorer) == ["x", "out"]
    assert "x is a list, and only arrays and tensors tell their ways." in explorer.remarks[0]


def test_too_long_a_run_is_told(monkeypatch):
    monkeypatch.setattr(inside, "MOST_CALLS", 100)

    def long(x):
        for _ in range(120):
            x = x + 1
        return x

    seen = PlainFunction(long, "long").seen({"x": np.ones((2, 2))})
    assert [step.name for step in seen.trace] == ["x", "out"]
    assert seen.remarks == ["What happens inside long is not shown: it makes 120 calls; up to 100 can be shown"]


def test_what_is_too_large_is_told_and_what_to_cut():
    def pairs(x):
        apart = x[:, None] - x
        return (apart**2).sum(-1)

    seen = PlainFunction(pairs, "pairs").seen({"x": np.ones((128, 128))})
    assert [step.name for step in seen.trace] == ["x", "out"]
    (remark,) = seen.remarks
    assert "apart in line " in remark or "x[:, None] in line " in remark
    assert remark.endswith(
        "has shape (128, 128, 128), 2,097,152 numbers, and up to 262,144 can be asked each: cut T or C to 128 or less, "
        "or B"
    )


def test_128_tokens_and_channels_can_be_asked():
    x, *W = np.random.default_rng(0).normal(size=(4, 128, 128)) * np.reshape([1, 0.03, 0.03, 1], (4, 1, 1))
    seen = PlainFunction(my_head, "my_head").seen({"x": x, **dict(zip(HEAD[1:4], W))})
    assert [step.name for step in seen.trace.shown] == HEAD and seen.remarks == []
    assert len(seen.trace.sources("out", 100, 5)) == 128 + 101  # all weights, and v where these are not 0


def test_a_number_that_was_taken_out_is_told():
    explorer = explore(lambda x: x * x.sum().item())
    assert "out is made of a number that was taken out of a matrix before" in explorer.remarks[0]


def test_what_has_no_source_that_can_be_told_is_told():
    def slope(x):
        x = x.clone().requires_grad_()
        (x**2).sum().backward()
        return x.grad

    explorer = explore(slope)
    assert explorer.remarks == ["What out is made of cannot be told."]
    assert explorer.trace.sources("out", 1, 1) == []


def test_an_error_in_another_file_names_it(tmp_path, monkeypatch):
    (tmp_path / "my_parts.py").write_text("def part(x):\n    return x @ x\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import my_parts

    error = explore(lambda x: my_parts.part(x)).diagram.error
    assert error.endswith("It stopped in line 2 of my_parts.py, return x @ x.")


def test_a_function_that_makes_a_trace_is_not_looked_into():
    function = PlainFunction(lambda x, Wq, Wk, Wv: head(x, Wq, Wk, Wv), "mine")
    made = {name: np.eye(2) for name in ("x", "Wq", "Wk", "Wv")}
    for _ in range(2):
        trace = function.seen(made).trace
        assert [*trace.steps] == [*head(**made).steps]
        assert {type(step.value) for step in trace} == {np.ndarray}
    assert function.run is None


# -- what was opened ------------------------------------------------------------------------------


def test_parts_that_were_opened_stay_open():
    def share(x):
        scores = x @ x.T
        weights = torch.softmax(scores, -1)
        return weights

    def twice(x):
        weights = share(x)
        return weights @ x

    explorer = explore(twice, T=(1, 8, 4), C=3)
    assert explorer.trace.parts == [("share",)]
    explorer.diagram.opened = [["share"]]
    explorer.controls["T"].value = 5
    assert explorer.diagram.opened == [["share"]] and "scores (T=5, T=5)" in explorer.diagram.readout
    explorer.diagram.opened = []
    explorer.controls["T"].value = 6
    assert explorer.diagram.opened == [] and "scores" not in explorer.diagram.readout

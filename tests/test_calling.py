"""One call of a learner's function: on copies, from the same random numbers, and it ends neither Python nor a step."""

import asyncio
import copy
import pickle
import random
import signal
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
import torch

from helpers.attention import average_past
from helpers.explore import explore
from helpers.see.calling import call
from helpers.see.contained import contained
from helpers.see.copies import copied
from helpers.trace import Trace


def steps(explorer, *sizes):
    for T in sizes:
        explorer.controls["T"].value = T
    return explorer


# -- once a step ----------------------------------------------------------------------------------


def counted(function, calls):
    def build(x, causal=False, heads=1, temperature=1.0):
        calls.append(x.shape)
        return function(x)

    return build


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * 2,
        lambda x: np.cumsum(x, axis=0),
        lambda x: torch.softmax(torch.as_tensor(x), -1),
        lambda x: average_past(x),
        lambda x: None,
        lambda x: x.no_such_thing,
        lambda x: sys.exit(),
    ],
)
def test_a_step_calls_the_function_once(function):
    calls = []
    explorer = explore(counted(function, calls))
    assert len(calls) <= 1 + 3  # at the start it is looked at three times at other sizes
    for name, value in [("T", 4), ("C", 6), ("T", 6), ("causal", True), ("heads", 2), ("temperature", 2.0), ("T", 8)]:
        calls.clear()
        explorer.controls[name].value = value
        assert len(calls) == 1
    calls.clear()
    explorer.new_numbers()
    assert calls == [(8, 6)]
    calls.clear()
    explorer.reset()
    assert calls == [(8, 4)]


def test_a_function_that_returns_a_trace_is_called_once_at_the_start_too():
    calls = []
    explore(counted(average_past, calls))
    assert calls == [(8, 4)]


# -- copies ---------------------------------------------------------------------------------------


def wipe(x):
    x[...] = 0
    return x + 1


def halve(x):
    x /= 2
    return average_past(x)


def test_a_function_that_writes_in_place_is_told_and_x_is_drawn_as_it_was():
    mine = np.array([[1.0, 2.0], [3.0, 4.0]])
    for x in (mine, torch.tensor(mine)):
        explorer = explore(wipe, x=x)
        assert explorer.trace["x"].value.tolist() == mine.tolist() == [[1, 2], [3, 4]]
        assert explorer.trace["out"].value.tolist() == [[1, 1], [1, 1]]
        told = "wipe writes into x: it got a copy, and x is drawn as it was."
        assert explorer.diagram.readout.startswith(told) and told in repr(explorer)
    steps(filled := explore(wipe), 3, 8)
    assert filled.trace["x"].value.any() and "wipe writes into x" in filled.diagram.readout
    assert "next step starts from the same numbers" in explore(halve).diagram.readout
    assert "writes" not in explore(lambda x: x + 0).diagram.readout


def grown(x):
    x.append([9.0, 9.0])
    return x


def turned(x):
    x.resize((1, 4), refcheck=False)
    return x * 1


def both(x, Wq):
    x += 1
    Wq += 1
    return x @ Wq


def test_every_way_to_write_in_place_is_told():
    assert "grown writes into x" in explore(grown, x=[[1.0, 2.0]]).diagram.readout
    assert "turned writes into x" in explore(turned, x=np.eye(2)).diagram.readout
    assert "both writes into x and Wq: it got copies, and they are drawn as" in explore(both).diagram.readout


def leaf():
    return torch.ones(2, 2, requires_grad=True)


@pytest.mark.parametrize(
    "mine",
    [
        np.eye(2),
        np.eye(2, dtype=np.float16),
        np.array([[1, "a"]], dtype=object),
        np.ma.masked_equal(np.eye(2), 1),
        torch.eye(2),
        torch.eye(2, dtype=torch.bfloat16),
        [[1.0, 2.0], [3.0, 4.0]],
        [np.eye(2), [torch.eye(2)]],
        {"a": [np.eye(2)], "b": (np.eye(2), [1])},
        torch.nn.Parameter(torch.eye(2)),
    ],
    ids=lambda value: repr(value).partition(" at 0x")[0],
)
def test_what_you_give_is_never_changed(mine):
    def ruin(x):
        try:
            x[0] = 7
            x[0][0] = 7
        except (TypeError, RuntimeError, KeyError):
            if isinstance(x, dict):
                x["a"][0][:] = 7
                x["b"][1].append(7)
                x.clear()
        if isinstance(x, torch.Tensor) and x.is_floating_point():
            x.requires_grad_()
        return np.eye(2)

    before = pickle.dumps(mine)
    explorer = explore(ruin, x=mine)
    explorer.update()
    assert pickle.dumps(mine) == before


def test_the_gradient_of_your_tensor_is_yours():
    def slope(x):
        (x**2).sum().backward()
        return x.grad

    mine = leaf()
    explorer = explore(slope, x=mine)
    explorer.update()
    assert explorer.diagram.error == "" and (explorer.trace["out"].value == 2).all()
    assert mine.grad is None and mine.requires_grad
    half_way = leaf() * 3  # not a leaf: it cannot be deep-copied
    assert explore(slope, x=half_way).trace["out"].value.tolist() == [[6, 6], [6, 6]]
    assert explore(lambda x: x[0] * 2, x=[half_way]).diagram.error == ""


def test_generators_of_random_numbers_start_anew_at_each_step():
    rng = np.random.default_rng(0)
    explorer = explore(lambda x, rng=None: x + rng.normal(size=x.shape), rng=rng)
    first = explorer.trace["out"].value
    explorer.update()
    assert np.array_equal(explorer.trace["out"].value, first)
    assert rng.normal() == np.random.default_rng(0).normal()
    with pytest.raises(ValueError, match=r"^x is a generator, which can be read only once: give list\(x\)\.$"):
        explore(wipe, x=(row for row in [[1.0]]))


def test_what_cannot_be_copied_is_told():
    class Locked:
        def __array__(self, dtype=None, copy=None):
            return np.eye(2)

        def __deepcopy__(self, memo):
            raise TypeError("no")

    error = explore(wipe, x=Locked()).diagram.error
    assert error == "Locked cannot be copied, so that a function could change yours: give an array or a list."


def test_defaults_are_copied_too():
    mine, W = np.ones((3, 2)), torch.ones(2, 2)

    def build(x=mine, W=W, more=[1.0], n=2):  # noqa: B006 - that is what is tested
        x *= 2
        W.add_(1)
        more.append(n)
        return x * len(more) + W.sum().item()

    explorer = explore(build)
    first = explorer.trace["out"].value
    assert (mine == 1).all() and (W == 1).all() and explorer.trace["x"].value.tolist() == mine.tolist()
    assert "build writes into x and W and more: it got copies, and the next step starts" in explorer.diagram.readout
    explorer.controls["n"].value = 3
    explorer.controls["n"].value = 2
    assert np.array_equal(explorer.trace["out"].value, first)


def test_how_numpy_treats_errors_stays_as_it_was():
    before = np.geterr()
    explore(lambda x: [np.seterr(all="raise"), 1.0][1:])
    assert np.geterr() == before


def test_other_things_are_given_as_they_are():
    layer, note = torch.nn.Linear(2, 2), object()
    assert copied(layer) is layer and copied(note) is note and copied("a") == "a"


# -- random numbers -------------------------------------------------------------------------------


def noisy(x):
    return x + random.random() + np.random.rand(*x.shape) + torch.rand(x.shape).numpy()


def test_a_slider_moved_back_shows_the_same_numbers():
    explorer = explore(noisy)
    first = explorer.trace["out"].value
    steps(explorer, 3, 8)
    assert np.array_equal(explorer.trace["out"].value, first)
    explorer.new_numbers()
    assert not np.array_equal(explorer.trace["out"].value - explorer.trace["x"].value, first)


def test_torch_that_a_function_imports_itself_starts_anew_too():
    code = """
import sys
from helpers.explore import explore

def own(T=3):
    import torch
    return torch.rand(T)

assert "torch" not in sys.modules
explorer = explore(own)
first = explorer.trace["out"].value.tolist()
explorer.controls["T"].value = 4
explorer.controls["T"].value = 3
assert explorer.trace["out"].value.tolist() == first
print("the same")
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout == "the same\n", ran.stderr


def test_your_own_random_numbers_go_on_as_if_nothing_had_happened():
    def three():
        return random.random(), np.random.rand(), torch.rand(1).item()

    def seeded():
        random.seed(5), np.random.seed(5), torch.manual_seed(5)

    seeded()
    wanted = three()
    for function in (noisy, lambda x: [random.seed(1), np.random.seed(1), torch.manual_seed(1)], lambda x: sys.exit()):
        seeded()
        steps(explore(function), 3)
        assert three() == wanted


# -- what it says ---------------------------------------------------------------------------------


def test_what_is_printed_is_told_and_cut(capsys):
    def chatty(x, lines=1):
        for i in range(lines):
            print("<b>line</b>", i)
        return x

    explorer = explore(chatty, lines=(0, 10_000, 1))
    assert explorer.diagram.readout.startswith("It printed: <b>line</b> 0. Shapes: x")
    explorer.controls["lines"].value = 10_000
    said = explorer.diagram.readout
    assert said.startswith("It printed 10,000 lines: <b>line</b> 0 <b>line</b> 1 ") and len(said) < 600
    explorer.controls["lines"].value = 0
    assert explorer.diagram.readout.startswith("Shapes: x")
    assert capsys.readouterr().out == ""


def test_warnings_are_told_at_every_step():
    def warned(x):
        for i in range(9):
            warnings.warn(f"careful {i % 5}", UserWarning, stacklevel=1)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        return np.log(x - x)

    explorer = explore(warned)
    for _ in range(2):
        said = explorer.diagram.readout
        assert said.startswith(
            "UserWarning: careful 0. UserWarning: careful 1. UserWarning: careful 2. 3 more warnings."
        )
        assert "old" not in said
        explorer.update()
    divided = explore(lambda x: np.log(x - x))
    assert "RuntimeWarning: divide by zero encountered in log." in divided.diagram.readout


# -- what it raises -------------------------------------------------------------------------------


class Unreadable(Exception):
    def __str__(self):
        raise SystemExit(3)


class Endless(Exception):
    def __str__(self):
        return str(self)


class NoText(Exception):
    def __str__(self):
        return 5


def deeper(x):
    return deeper(x)


@pytest.mark.parametrize(
    ("raises", "words"),
    [
        (SystemExit(1), "SystemExit: the function asked Python to end; it goes on"),
        (KeyboardInterrupt(), "KeyboardInterrupt: the function raised an interrupt of its own; nobody pressed the key"),
        (GeneratorExit(), "GeneratorExit: no message"),
        (asyncio.CancelledError(), "CancelledError: no message"),
        (BaseException("b"), "BaseException: b"),
        (StopIteration(1), "StopIteration: 1"),
        (MemoryError(), "MemoryError: no message"),
        (Unreadable(), "Unreadable: its text cannot be read, that raises SystemExit"),
        (Endless(), "Endless: its text cannot be read, that raises RecursionError"),
        (NoText(), "NoText: its text cannot be read, that raises TypeError"),
        (ValueError("half a character: \ud800"), "half a character: ?"),
        (ValueError("\u202eתודה 🙂"), "\u202eתודה 🙂"),
        (ExceptionGroup("several", [ValueError("a")]), "ExceptionGroup: several (1 sub-exception)"),
    ],
)
def test_whatever_it_raises_is_a_sentence_and_the_picture_stays(raises, words):
    def build(x, ok=True):
        if not ok:
            raise raises
        return x

    explorer = explore(build)
    shown = explorer.trace
    explorer.controls["ok"].value = False
    assert explorer.diagram.error == words and explorer.trace is shown
    explorer.controls["ok"].value = True
    assert explorer.diagram.error == ""
    assert explore(build, ok=False).diagram.error == words


def test_recursion_without_end_is_a_sentence():
    assert explore(deeper).diagram.error == "RecursionError: maximum recursion depth exceeded"


def test_the_exit_of_a_kernel_is_a_sentence(monkeypatch):
    class Shell:
        ended = False

        def ask_exit(self):
            self.ended = True

    shell = Shell()
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: shell)
    assert "asked Python to end" in explore(lambda x: shell.ask_exit()).diagram.error
    assert not shell.ended
    shell.ask_exit()
    assert shell.ended  # outside of a function it does what it did


def test_your_own_interrupt_goes_through():
    def slow(x, hit=False):
        if hit:
            signal.raise_signal(signal.SIGINT)  # as the key and the button do
        return x

    explorer, before = explore(slow), signal.getsignal(signal.SIGINT)
    shown = explorer.trace
    with pytest.raises(KeyboardInterrupt):
        explorer.controls["hit"].value = True
    assert explorer.trace is shown and signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        explore(slow, hit=True)
    explorer.controls["hit"].value = False
    assert explorer.diagram.error == ""


def test_in_another_thread_nobody_is_interrupted():
    told = []

    def act():
        with pytest.raises(ValueError, match="interrupt of its own"), contained():
            raise KeyboardInterrupt
        told.append(True)

    thread = threading.Thread(target=act)
    thread.start()
    thread.join()
    assert told == [True]


def test_arguments_by_place_alone():
    def placed(x, /, T=3, *, loud=True):
        return x * T

    explorer = explore(placed)
    assert explore(lambda a=None, x=None, /: x).diagram.error == ""
    assert explorer.diagram.error == "" and np.array_equal(explorer.trace["out"].value, explorer.trace["x"].value * 3)


def test_a_trace_that_cannot_be_drawn_leaves_the_old_one():
    def build(broken=False):
        trace = Trace("t")
        trace.given("x", np.eye(2), "t c")
        if broken:
            trace.steps["x"] = copy.copy(trace.steps["x"])
            object.__setattr__(trace.steps["x"], "value", None)
        return trace

    explorer = explore(build)
    shown = explorer.trace
    explorer.controls["broken"].value = True
    assert explorer.diagram.error and explorer.trace is shown


def test_a_call_can_be_made_alone():
    made = call(wipe, {"x": np.eye(2)}, tensors=True)
    assert made.value.dtype == torch.float32 and made.changed == ["x"] and made.said == []

"""Explorers: a control for each parameter, a new trace for each step, and a sentence where something goes wrong."""

import functools
import gc
import math
import tracemalloc

import ipywidgets as widgets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.attention.averages import average_matmul, average_past, masked_softmax
from helpers.attention.heads import head
from helpers.explore.explorer import explore
from helpers.inputs.examples import example
from helpers.live.pieces import Button
from helpers.trace.trace import Trace


def double(T=4, C=3):
    trace = Trace("double")
    trace.given("x", np.arange(1.0, T * C + 1).reshape(T, C), "t c")
    trace.step("y", "sum-product", "t c -> t c", "x", factor=2)
    return trace


def sliders(explorer):
    """Name to (lowest, highest, value) of every slider, name to value of every check box."""
    return {
        name: (control.min, control.max, control.value) if hasattr(control, "min") else control.value
        for name, control in explorer.controls.items()
    }


def buttons(explorer):
    return {one.label: one for row in explorer.pieces for one in row if isinstance(one, Button)}


def shapes(explorer):
    return {step.name: step.value.shape for step in explorer.trace}


# -- which controls -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "ranges", "controls"),
    [
        (average_past, {}, {"T": (1, 16, 8), "C": (1, 16, 4)}),
        (average_matmul, {"T": (1, 5, 2)}, {"T": (1, 5, 2), "C": (1, 16, 4)}),
        (average_past, {"B": (1, 4, 2)}, {"T": (1, 16, 8), "C": (1, 16, 4), "B": (1, 4, 2)}),
        (average_past, {"B": 2}, {"T": (1, 16, 8), "C": (1, 16, 4)}),
        (masked_softmax, {}, {"T": (1, 16, 8), "head_size": (1, 16, 2), "causal": True}),
        (
            head,
            {},
            {
                "T": (1, 16, 8),
                "C": (1, 16, 4),
                "head_size": (1, 16, 2),
                "causal": True,
                "scale": True,
                "temperature": (0.1, 5, 1),
            },
        ),
        (
            head,
            {"C": (1, 8, 7)},
            {
                "T": (1, 16, 8),
                "C": (1, 8, 7),
                "head_size": (1, 16, 4),
                "causal": True,
                "scale": True,
                "temperature": (0.1, 5, 1),
            },
        ),
        (
            head,
            {"causal": False, "T": 3, "temperature": 2.0},
            {"C": (1, 16, 4), "head_size": (1, 16, 2), "scale": True},
        ),
    ],
)
def test_the_signature_decides_the_controls(build, ranges, controls):
    explorer = explore(build, **ranges)
    assert sliders(explorer) == controls
    assert explorer.diagram.error == "" and len(explorer.trace) > 0


def of_x(x):
    return average_past(x)


def of_T(T):
    return double(T)


def of_much(T=3, C=2, loud=True, gain=0.5, shift=-2, power=0, seed=0, note="a", *more, **options):
    trace = double(T, C)
    trace.title = f"{loud} {gain} {shift} {power} {seed} {note}"
    return trace


class Callable:
    def __call__(self, C):
        return double(2, C)


@pytest.mark.parametrize(
    ("build", "controls", "title"),
    [
        (of_x, {"T": (1, 16, 8), "C": (1, 16, 4)}, "of_x"),
        (of_T, {"T": (1, 16, 8)}, "of_T"),
        (double, {"T": (1, 16, 4), "C": (1, 16, 3)}, "double"),
        (
            of_much,
            {
                "T": (1, 16, 3),
                "C": (1, 16, 2),
                "loud": True,
                "gain": (0, 1.5, 0.5),
                "shift": (-4, -1, -2),
                "power": (0, 1, 0),
                "note": "a",
            },
            "of_much",
        ),
        (lambda T=20: double(T), {"T": (1, 20, 20)}, "<lambda>"),
        (
            functools.partial(head, causal=False),
            {
                "T": (1, 16, 8),
                "C": (1, 16, 4),
                "head_size": (1, 16, 2),
                "causal": False,
                "scale": True,
                "temperature": (0.1, 5, 1),
            },
            "partial",
        ),
        (functools.partial(double, 5), {"C": (1, 16, 3)}, "partial"),
        (Callable(), {"C": (1, 16, 4)}, "Callable"),
        (lambda: double(), {}, "<lambda>"),
    ],
)
def test_your_own_function_has_controls_too(build, controls, title):
    explorer = explore(build)
    assert explorer.diagram.error == ""
    assert (sliders(explorer), explorer.title) == (controls, title)


def test_parts_are_filled_from_an_example_of_the_sizes():
    explorer = explore(
        lambda tokens, x, Wq, Wk, Wv, scores, v, T, C, head_size: remember(locals()),
        T=(1, 9, 5),
        C=(1, 9, 4),
        head_size=(1, 9, 3),
    )
    wanted = example(T=5, C=4, head_size=3)
    for name in ("x", "Wq", "Wk", "Wv", "scores", "v"):
        assert np.array_equal(REMEMBERED[name], getattr(wanted, name)), name
    assert REMEMBERED["tokens"] == wanted.tokens
    assert (REMEMBERED["T"], REMEMBERED["C"], REMEMBERED["head_size"]) == (5, 4, 3)
    assert explorer.trace.title == "remember"


REMEMBERED = {}


def remember(arguments):
    REMEMBERED.clear()
    REMEMBERED.update(arguments)
    return Trace("remember")


def test_a_function_may_change_what_it_gets():
    def shifted(x):
        x -= x.mean()
        return average_past(x)

    explorer = explore(shifted)
    assert explorer.diagram.error == ""
    first = explorer.trace["x"].value
    explorer.update()
    assert np.array_equal(explorer.trace["x"].value, first)


def test_an_x_of_your_own_is_used_as_it_is():
    x = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    W = np.eye(2)
    for explorer in (explore(head, x=x, Wq=W, Wk=W, Wv=W), explore(functools.partial(head, x=x, Wq=W, Wk=W, Wv=W))):
        assert explorer.diagram.error == "" and np.array_equal(explorer.trace["x"].value, x)
        assert sliders(explorer) == {"causal": True, "scale": True, "temperature": (0.1, 5, 1)}
        assert list(buttons(explorer)) == ["Reset"]
    assert explore(average_past, x=x, tokens=["a", "b", "c"]).trace.tokens == ["a", "b", "c"]
    assert "x has shape (3,); wanted (T, C)" in explore(average_past, x=(1.0, 2.0, 3.0)).diagram.error


def test_labels_are_worded():
    explorer = explore(lambda T=2, C=2, head_size=2, B=2, temperature=1.0, learning_rate=0.1, causal=True: double(T, C))
    assert [control.label for control in explorer.controls.values()] == [
        "T, tokens",
        "C, channels",
        "head_size",
        "B, sequences",
        "temperature",
        "learning rate",
        "causal",
    ]
    assert {button.label: bool(button.title) for button in buttons(explore(head)).values()} == {
        "Reset": True,
        "New numbers": True,
    }


@pytest.mark.parametrize(
    ("range_", "kind", "step"),
    [
        ((1, 8, 3), int, 1),
        ((0.1, 5.0, 1.0), float, 0.1),
        ((0.0, 1.0, 0.5), float, 0.01),
        ((-1, 1, 0.25), float, 0.1),
        ((0.0, 0.05, 0.01), float, 0.001),
        ((2.0, 2.0, 2.0), float, 1),
    ],
)
def test_a_slider_steps_through_round_numbers(range_, kind, step):
    control = explore(lambda a: double(), a=range_).controls["a"]
    assert type(control.value) is kind and control.step == pytest.approx(step)
    assert (control.min, control.max, control.value) == range_


# -- what they do ---------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(T=st.integers(1, 16), C=st.integers(1, 16), h=st.integers(1, 16), causal=st.booleans())
def test_every_control_reaches_the_trace(T, C, h, causal):
    explorer = HEAD
    for name, value in (("T", T), ("C", C), ("head_size", h), ("causal", causal)):
        explorer.controls[name].value = value
    assert explorer.diagram.error == ""
    assert shapes(explorer)["out"] == (T, h) and shapes(explorer)["Wq"] == (C, h)
    assert ("masked" in explorer.trace) == causal
    assert explorer.trace.tokens == example(T=T).tokens
    assert (
        explorer.diagram.readout == "Shapes: " + ", ".join(f"{step.name} {step.shape}" for step in explorer.trace) + "."
    )


HEAD = explore(head)


def test_a_batch_axis_where_B_is_asked_for():
    explorer = explore(head, B=(1, 4, 3), T=(1, 4, 2))
    assert shapes(explorer)["out"] == (3, 2, 2)
    explorer.controls["B"].value = 1
    assert shapes(explorer)["out"] == (1, 2, 2)
    assert shapes(explore(average_past, B=2))["x"] == (2, 8, 4)


def test_values_without_a_control_are_passed_on():
    def build(T, note, sizes=(1, 2)):
        trace = double(T)
        trace.title = f"{note} {sizes}"
        return trace

    explorer = explore(build, T=3, note="yes", sizes=(4, 5))
    assert explorer.controls == {} and explorer.trace.title == "yes (4, 5)" and shapes(explorer)["x"] == (3, 3)


def test_new_numbers_and_reset():
    explorer = explore(head, T=(1, 8, 3))
    first = explorer.trace["x"].value
    buttons(explorer)["New numbers"].click()
    second = explorer.trace["x"].value
    assert second.shape == first.shape and not np.array_equal(first, second)
    buttons(explorer)["New numbers"].click()
    assert not np.array_equal(explorer.trace["x"].value, second)
    for name, value in (("T", 6), ("C", 2), ("head_size", 5), ("causal", False), ("temperature", 3.0)):
        explorer.controls[name].value = value
    buttons(explorer)["Reset"].click()
    assert {name: control.value for name, control in explorer.controls.items()} == {
        "T": 3,
        "C": 4,
        "head_size": 2,
        "causal": True,
        "scale": True,
        "temperature": 1.0,
    }
    assert np.array_equal(explorer.trace["x"].value, first)


def test_reset_builds_once():
    calls = []
    explorer = explore(lambda T=3, C=2: calls.append((T, C)) or double(T, C))
    explorer.controls["T"].value, explorer.controls["C"].value = 5, 5
    calls.clear()
    explorer.reset()
    assert calls == [(3, 2)]


def test_a_seed_of_your_own_is_counted_up():
    explorer = explore(lambda T=2, seed=0: remember({"seed": seed}))
    assert REMEMBERED["seed"] == 0 and list(explorer.controls) == ["T"]
    buttons(explorer)["New numbers"].click()
    assert REMEMBERED["seed"] == 1
    explorer.reset()
    assert REMEMBERED["seed"] == 0
    assert list(buttons(explore(double))) == ["Reset"]  # nothing random in it
    assert list(buttons(explore(lambda T=2, seed=0: double(T), seed=3))) == ["Reset"]


# -- what goes wrong ------------------------------------------------------------------------------


def fragile(T=4, C=3):
    if T > 5:
        raise ValueError(f"T={T} is too many:\n  <b>five</b> at most")
    return double(T, C)


def test_an_error_is_one_sentence_and_the_last_good_trace_stays():
    explorer = explore(fragile)
    good = explorer.trace
    explorer.controls["T"].value = 6
    assert explorer.diagram.error == "T=6 is too many: <b>five</b> at most"  # the browser shows it as text
    assert explorer.trace is good
    assert explorer.diagram.error in repr(explorer)
    explorer.controls["T"].value = 5
    assert explorer.diagram.error == "" and shapes(explorer)["x"] == (5, 3)
    explorer.controls["T"].value = 9
    explorer.reset()
    assert explorer.diagram.error == "" and shapes(explorer)["x"] == (4, 3)


@pytest.mark.parametrize(
    ("raises", "words"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (KeyError("q"), "KeyError: 'q'"),
        (ValueError(), "no message"),
        (RuntimeError(), "RuntimeError: no message"),
        (ValueError("x" * 10_000), "x" * 400 + "…"),
        (ValueError("<img src=x onerror=alert(1)>"), "<img src=x onerror=alert(1)>"),
    ],
)
def test_whatever_is_raised_becomes_a_sentence(raises, words):
    def build(T):
        raise raises

    line = build.__code__.co_firstlineno + 1
    assert explore(build).diagram.error == f"{words}{'' if words[-1] == '…' else '.'} It stopped in line {line}."


@pytest.mark.parametrize(
    ("returned", "words", "hint"),
    [
        (None, "None", "Is there a `return` at its end?"),
        (3, "a single number, 3", "Return the row or the matrix that it comes from."),
        ("trace", "text, 'trace'", "Return numbers."),
        (["trace"], "a list of shape (1,) that holds text", "Return numbers."),
    ],
)
def test_a_build_that_returns_neither_a_trace_nor_numbers_gives_a_sentence(returned, words, hint):
    def build(T):
        return returned

    assert explore(build).diagram.error == (
        f"build returned {words}; wanted a Trace, or an array or a tensor of numbers. {hint}"
    )


def test_a_first_build_that_fails_shows_its_sentence_and_can_recover():
    def build(T=9):
        return fragile(T)

    explorer = explore(build)
    assert explorer.diagram.error.startswith("T=9 is too many") and len(explorer.trace) == 0
    bundle = explorer._repr_mimebundle_()[0]
    assert "T=9 is too many" in bundle["text/plain"] and "<img alt=" in bundle["text/html"]
    explorer.controls["T"].value = 2
    assert explorer.diagram.error == "" and shapes(explorer)["x"] == (2, 3)


def test_a_missing_argument_is_named():
    assert "depth" in explore(lambda T, depth: double(T)).diagram.error


@pytest.mark.parametrize(
    ("build", "ranges", "words"),
    [
        (
            head,
            {"Q": (1, 2, 1)},
            "head has no use for Q; its controls are T, C, head_size, causal, scale, temperature.",
        ),
        (
            average_past,
            {"head_size": (1, 4, 2), "D": 3},
            "average_past has no use for head_size, D; its controls are T, C.",
        ),
        (masked_softmax, {"B": (1, 4, 2)}, "masked_softmax has no use for B; its controls are T, head_size, causal."),
        (head, {"T": (5, 1, 3)}, "T=(5, 1, 3) is out of order; wanted (lowest, highest, start)."),
        (head, {"T": (1, 4, 8)}, "T=(1, 4, 8) is out of order; wanted (lowest, highest, start)."),
        (head, {"C": (3, 8, 1)}, "C=(3, 8, 1) is out of order; wanted (lowest, highest, start)."),
        (
            head,
            {"temperature": (0.5, math.nan, 1.0)},
            "temperature=(0.5, nan, 1.0) is out of order; wanted (lowest, highest, start).",
        ),
    ],
)
def test_ranges_that_make_no_sense_give_a_sentence(build, ranges, words):
    with pytest.raises(ValueError) as error:
        explore(build, **ranges)
    assert str(error.value) == words


@pytest.mark.parametrize("size", [(1, 4), "8", 0, 129, 2.0, None, -3])
def test_a_fixed_size_that_is_none_gives_a_sentence(size):
    assert explore(head, T=size).diagram.error == f"T is {size!r}; wanted a whole number from 1 to 128."


# -- how it displays ------------------------------------------------------------------------------


def test_the_bundle_has_a_widget_text_and_a_still_picture():
    explorer = explore(double)
    bundle = explorer._repr_mimebundle_()[0]
    assert bundle.keys() == {"application/vnd.jupyter.widget-view+json", "text/plain", "text/html"}
    assert bundle["text/plain"] == repr(explorer)
    assert bundle["text/html"] == explorer.trace.picture().html


def test_the_text_says_the_settings_and_the_trace_and_is_stable():
    texts = []
    for _ in range(2):
        explorer = explore(head, T=(1, 8, 2))
        texts.append(repr(explorer))
        explorer.controls["T"].value = 5
        texts.append(repr(explorer))
    assert texts[:2] == texts[2:] and texts[0] != texts[1]
    assert texts[0].startswith("explore(T=2, C=4, head_size=2, causal=True, scale=True, temperature=1.0)\nhead\n")
    assert texts[0].endswith(repr(explore(head, T=2).trace)) and " at 0x" not in texts[0]


# -- and goes on doing ----------------------------------------------------------------------------


def test_a_step_is_one_message_to_the_browser(monkeypatch):
    explorer, sent = explore(head), []
    monkeypatch.setattr(explorer.comm, "send", lambda data, **_: sent.append(set(data["state"])))
    explorer.controls["T"].value = 5
    assert sent == [{"T", "forward", "readout"}]


def test_two_thousand_steps_leave_no_memory_behind():
    explorer = explore(average_past, T=(1, 4, 2), C=(1, 3, 2))

    def slide(steps):
        """So many steps, back to the start; then what lives: objects, widgets among them, bytes."""
        for i in range(steps // 2):
            explorer.controls["T"].value = 1 + i % 4
            explorer.controls["C"].value = 1 + i % 3
        explorer.reset()
        gc.collect()
        living = gc.get_objects()
        return (
            len(living),
            sum(issubclass(type(one), widgets.Widget) for one in living),
            tracemalloc.get_traced_memory()[0],
        )

    objects, shown, _ = slide(100)
    slide(1400)
    tracemalloc.start()  # for the last ones: a step that is traced takes several times as long
    try:
        _, _, size = slide(100)
        objects_later, shown_later, size_later = slide(400)
    finally:
        tracemalloc.stop()
    assert shown_later == shown
    assert objects_later - objects < 200
    assert size_later - size < 20_000  # bytes
    assert explorer.diagram.error == ""


def test_a_text_gets_a_field_and_is_only_text():
    """Whatever is typed reaches the function as it is; what the function refuses becomes a sentence, the picture
    stays.
    """
    seen = []

    def read(words="the cat"):
        seen.append(words)
        trace = Trace("read", words.split())
        trace.given("x", np.ones((len(words.split()), 1)), "t c")
        return trace

    explorer = explore(read)
    assert explorer.trace.tokens == ["the", "cat"] and "words='the cat'" in repr(explorer)
    for typed in ("<script>alert(1)</script> & שלום 🙂", "a " * 5000):
        explorer.controls["words"].value = typed
        assert seen[-1] == typed and explorer.trace.tokens == typed.split()
    explorer.controls["words"].value = ""
    assert explorer.diagram.error and explorer.trace.tokens == ["a"] * 5000
    explorer.reset()
    assert explorer.trace.tokens == ["the", "cat"] and not explorer.diagram.error

"""The Diagram widget as Python sees it: what it sends, what it shows where no widget lives."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import diagram
from helpers.attention.averages import average_past
from helpers.attention.heads import head
from helpers.diagram import Diagram
from helpers.diagram.diagram import HERE, MODULES, module, payload
from helpers.look.style import AXES, ROLES, THEMES
from helpers.trace.trace import Trace

HOSTILE = '<script>alert("1")</script> & \' <b>'
VIEW = "application/vnd.jupyter.widget-view+json"


def head_of(T=3, C=4, h=2, B=None, tokens=None):
    rng = np.random.default_rng(0)
    return head(rng.standard_normal((T, C) if B is None else (B, T, C)), *rng.standard_normal((3, C, h)), tokens=tokens)


def received(sent):
    """The steps' values as the browser cuts them out of the bytes."""
    numbers, start, values = np.frombuffer(sent["values"], "<f8"), 0, {}
    for step in sent["steps"]:
        count = int(np.prod(step["shape"]))
        values[step["name"]] = numbers[start : start + count].reshape(step["shape"])
        start += count
    assert start == len(numbers)
    return values


# -- what is sent ---------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(T=st.integers(1, 9), C=st.integers(1, 9), h=st.integers(1, 9), B=st.none() | st.integers(1, 3))
def test_the_bytes_are_the_values_to_the_last_bit(T, C, h, B):
    trace = head_of(T, C, h, B)
    values = received(payload(trace))
    assert values.keys() == trace.steps.keys()
    for step in trace:
        assert (
            values[step.name].tobytes() == step.value.astype("<f8").tobytes()
            and values[step.name].shape == step.value.shape
        )


def test_numbers_that_are_not_finite_and_numbers_of_any_kind_are_sent():
    trace = Trace("kinds")
    trace.given("broken", np.array([[np.nan, np.inf], [-np.inf, -0.0]]), "t c")
    trace.given("ids", [3, 1, 2], "s")
    trace.given("flags", [True, False], "b")
    trace.given("alone", 2.5, "")
    trace.given("turned", np.arange(6.0).reshape(2, 3).T, "h v")
    values = received(payload(trace))
    assert np.array_equal(values["broken"], trace["broken"].value, equal_nan=True) and np.signbit(
        values["broken"][1, 1]
    )
    assert values["ids"].tolist() == [3, 1, 2] and values["flags"].tolist() == [1, 0] and values["alone"] == 2.5
    assert np.array_equal(values["turned"], trace["turned"].value)


def test_the_rest_is_json_that_says_how_each_step_was_made():
    trace = head_of(tokens=["the", HOSTILE, "🙂"])
    sent = payload(trace)
    sent.pop("values")
    again = json.loads(json.dumps(sent))
    assert (again["title"], again["tokens"]) == ("head", {axis: ["the", HOSTILE, "🙂"] for axis in "ts"})
    for step, twin in zip(trace, again["steps"], strict=True):
        assert twin == {
            "name": step.name,
            "called": step.name,
            "axes": list(step.axes),
            "shape": list(step.value.shape),
            "kind": step.kind,
            "rule": step.rule,
            "sizes": [None] * step.value.ndim,
            "inputs": list(step.inputs),
            "reads": list(step.inputs),
            "role": step.role,
            "code": step.code,
            "factor": step.factor,
            "digits": step.digits,
            "parameter": step.parameter,
            "part": [],
            "hidden": False,
            "operation": "",
            "tables": [],
            "blank": False,
            "whole": False,
            "asked": None,
        }


def test_the_widgets_state_holds_everything_that_the_browser_asks_for():
    shown = Diagram(head_of(), pinned=("out", (1, 0)), error="no", readout="yes")
    state = shown.get_state()
    asked = set(re.findall(r'model\.get\("(\w+)"\)', module()))
    assert asked and asked <= state.keys()
    assert state["appearance"] == {"roles": ROLES, "axes": AXES, "themes": THEMES}
    assert (state["error"], state["readout"], state["pinned"]) == ("no", "yes", ["out", [1, 0]])
    assert isinstance(state["forward"]["values"], bytes)


def test_the_module_is_whole_and_asks_for_nothing_from_outside():
    text = module()
    assert (
        not re.search(r"^\s*import\b", text, re.MULTILINE)
        and len(re.findall(r"^export default", text, re.MULTILINE)) == 1
    )
    assert {path.name for path in HERE.glob("*.js")} == {*MODULES, "one.js"}
    for source in (text, Diagram.css):
        assert not re.search(
            r"https?://(?!www\.w3\.org/2000/svg)|fetch\(|XMLHttpRequest|@import|url\(|innerHTML|eval\(", source
        )


# -- another trace, a pin ---------------------------------------------------------------------------


def test_another_trace_is_sent_in_one_message():
    shown, seen = Diagram(head_of()), []
    shown.observe(lambda change: seen.append(change.name), names=["forward", "backward", "notes"])
    later = average_past(np.ones((2, 2)))
    shown.trace = later
    assert shown.trace is later and seen == ["forward"]
    assert received(shown.forward)["out"].tolist() == [[1, 1], [1, 1]]
    assert shown.forward["alt"] == "Diagram of average_past: x (T=2, C=2), out (T=2, C=2)"


# -- notes, a blank matrix, gradients ----------------------------------------------------------------


def test_notes_are_kept_by_the_name_of_their_matrix():
    trace = head_of()
    assert Diagram(trace).notes == {}
    shown = Diagram(trace, notes={"weights": HOSTILE, "x": " ", "q": 3})
    assert shown.notes == shown.get_state()["notes"] == {"weights": HOSTILE, "q": "3"}
    shown.trace = average_past(np.ones((2, 2)))
    assert shown.notes == {"weights": HOSTILE, "q": "3"}  # they wait until their matrices are back
    shown.notes = {**shown.notes, "out": "the mean"}
    assert (
        "Note on out: “the mean”." in shown._repr_mimebundle_()[0]["text/html"]
        and "script" not in shown._repr_mimebundle_()[0]["text/html"]
    )
    shown.trace = trace
    assert Images(shown._repr_mimebundle_()[0]["text/html"]).tags[0][1]["alt"] == trace.picture(notes=shown.notes).alt
    shown.notes = {}
    assert shown.notes == {}


def test_a_note_that_the_browser_sends_arrives():
    shown, seen = Diagram(head_of()), []
    shown.observe(lambda change: seen.append(change.new), names="notes")
    shown.set_state({"notes": {"weights": "rows sum to 1"}})
    assert seen == [{"weights": "rows sum to 1"}]


def test_a_note_on_an_unknown_matrix_gives_a_sentence():
    with pytest.raises(
        ValueError,
        match=r"^notes has 'wieghts', which is not in this trace; its matrices are x, Wq, .*, weights, out\.$",
    ):
        Diagram(head_of(), notes={"wieghts": "rows sum to 1"})
    shown = Diagram(head_of(), notes={"out": "a"})
    with pytest.raises(ValueError, match=r"^notes has 'y'"):
        shown.notes = {"y": "b"}
    assert shown.notes == {"out": "a"}
    assert Diagram(head_of(), notes={"dout": "a"}, gradients=gradients()).notes == {"dout": "a"}


def gradients():
    other = Trace("gradients")
    other.given("dout", np.full((3, 2), 0.25), "t h", role="out")
    return other


def test_a_blank_matrix_is_not_sent():
    trace = head_of()
    shown = Diagram(trace, blank=("masked", (-1, 0)), gradients=trace)
    assert shown.blank == ["masked", [2, 0]]
    for sent in (shown.forward, shown.backward):
        values = received(sent)
        for step in trace:
            if step.name in ("masked", "weights", "out"):
                assert np.isnan(values[step.name]).all()
            else:
                assert np.array_equal(values[step.name], step.value)
        assert {step["name"]: step["asked"] for step in sent["steps"] if step["blank"]} == {
            "masked": [2, 0],
            "weights": None,
            "out": None,
        }
        assert sent["alt"].endswith(". masked[2,0] is asked for")
    bundle = shown._repr_mimebundle_()[0]
    assert bundle["text/plain"] == repr(shown) == f"head\n{trace.shapes()}\nmasked[2,0] = ?"
    assert Images(bundle["text/html"]).tags[0][1]["alt"] == trace.picture(blank=shown.blank).alt
    shown.blank = None
    assert np.array_equal(received(shown.forward)["out"], trace["out"].value) and repr(shown) == repr(trace)


def test_a_blank_matrix_and_a_new_trace_arrive_together():
    trace, seen = head_of(), []
    shown = Diagram(average_past(np.ones((2, 2))), blank=("out", (1, 1)))
    shown.send_state = lambda key=None: seen.append(shown.get_state(key))
    with shown.hold_sync():
        shown.trace = trace
        shown.blank = ("scores", (1, 0))
    assert len(seen) == 1 and np.isnan(received(seen[0]["forward"])["scores"]).all()
    shown.trace = average_past(np.ones((2, 2)))
    assert shown.blank is None and not np.isnan(received(shown.forward)["out"]).any()
    with pytest.raises(KeyError, match="'scores' is not in this trace"):
        shown.blank = ("scores", (1, 0))


@pytest.mark.parametrize(
    ("blank", "error", "words"),
    [
        (("nope", (0, 0)), KeyError, "'nope' is not in this trace; its steps are x, Wq"),
        (("out", (3, 0)), IndexError, "out has shape (T=3, head_size=2)"),
        (("out", (0,)), ValueError, "out has the axes t, h, (T=3, head_size=2); you gave 0."),
    ],
)
def test_a_blank_cell_that_is_not_there_gives_a_sentence(blank, error, words):
    with pytest.raises(error) as raised:
        Diagram(head_of(), blank=blank)
    assert words in str(raised.value)


def test_gradients_are_sent_beside_the_values():
    trace, other = head_of(), gradients()
    assert Diagram(trace).gradients is None and Diagram(trace).backward is None
    shown = Diagram(trace, gradients=other)
    assert shown.gradients is other and received(shown.backward)["dout"].tolist() == other["dout"].value.tolist()
    assert shown.backward["alt"] == "Diagram of gradients: dout (T=3, head_size=2)" and isinstance(
        shown.get_state()["backward"]["values"], bytes
    )
    shown.trace = head_of(T=2)
    assert shown.gradients is None and shown.backward is None  # they were those of the value before
    shown.gradients = other
    assert received(shown.backward)["dout"].shape == (3, 2)
    assert Diagram(trace, gradients=Trace("none yet")).backward["steps"] == []


def test_a_pin_counts_from_zero():
    trace = head_of(B=2)
    assert Diagram(trace).pinned is None
    assert Diagram(trace, pinned=("out", (1, 2, 0))).pinned == ["out", [1, 2, 0]]
    assert Diagram(trace, pinned=("out", (-1, -1, -2))).pinned == ["out", [1, 2, 0]]
    assert json.dumps(Diagram(trace, pinned=["Wq", np.array([1, 1])]).pinned) == '["Wq", [1, 1]]'


@pytest.mark.parametrize(
    ("pinned", "error", "words"),
    [
        (("nope", (0, 0)), KeyError, "'nope' is not in this trace; its steps are x, Wq"),
        (("out", (3, 0)), IndexError, "out has shape (T=3, head_size=2)"),
        (("out", (0,)), ValueError, "out has the axes t, h, (T=3, head_size=2); you gave 0."),
    ],
)
def test_a_pin_that_is_not_there_gives_a_sentence(pinned, error, words):
    with pytest.raises(error) as raised:
        Diagram(head_of(), pinned=pinned)
    assert words in str(raised.value)
    shown = Diagram(head_of(), pinned=("out", (0, 0)))
    with pytest.raises(error):
        shown.pinned = pinned
    assert shown.pinned == ["out", [0, 0]]


# -- where no widget lives ------------------------------------------------------------------------


class Images(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


@pytest.mark.parametrize("displayed", [lambda trace: trace, Diagram], ids=["trace", "diagram"])
def test_the_bundle_has_a_widget_text_and_a_still_picture(displayed):
    trace = head_of()
    trace.title = HOSTILE
    data, metadata = displayed(trace)._repr_mimebundle_()
    assert data.keys() == {VIEW, "text/plain", "text/html"} and metadata == {}
    assert data[VIEW]["model_id"]
    assert data["text/plain"] == repr(trace) and "out      (T=3, head_size=2)" in data["text/plain"]
    [(tag, attributes)] = Images(data["text/html"]).tags
    assert tag == "img" and attributes["src"].startswith("data:image/svg+xml;base64,")
    assert attributes["alt"] == trace.picture().alt and HOSTILE in attributes["alt"]
    assert all(f"{step.name} {step.shape}" in attributes["alt"] for step in trace)


def test_the_text_and_the_picture_are_the_same_each_time():
    first, second = (Diagram(head_of())._repr_mimebundle_()[0] for _ in range(2))
    assert first["text/plain"] == second["text/plain"] and first["text/html"] == second["text/html"]


def test_a_trace_without_steps_can_be_shown():
    shown = Diagram(Trace("nothing yet"))
    assert shown.forward["values"] == b"" and shown.forward["steps"] == []
    assert shown._repr_mimebundle_()[0]["text/plain"] == "nothing yet"


def test_the_package_offers_the_diagram_alone():
    assert diagram.__all__ == ["Diagram"]

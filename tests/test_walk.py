"""The walk: what stands on the page at each stage, what an answer does, and what is kept when a cell is run again."""

import gc
import tracemalloc
from functools import cache

import ipywidgets as widgets
import numpy as np
import pytest

import helpers.by_hand.walking as module
from helpers.attention.averages import average_matmul, average_past, masked_softmax
from helpers.attention.heads import head
from helpers.by_hand.stages import SENTENCES, START
from helpers.by_hand.walking import MOST, Walk, walk
from helpers.diagram import Diagram
from helpers.inputs.examples import by_hand
from helpers.trace.trace import Trace, UnknownName

STAGES = [START, "q", "k", "v", "scores", "scaled", "masked", "weights", "out", "projected"]
HOSTILE = "<script>alert(1)</script>&\"'"


@pytest.fixture(autouse=True)
def a_fresh_kernel(monkeypatch):
    monkeypatch.setattr(module, "memories", {})
    monkeypatch.setattr(module, "alive", {})


numbers = cache(by_hand)  # it searches for them


def by_pencil(seed=0, **sizes):
    tokens, x, Wq, Wk, Wv, Wo = numbers(seed=seed, **sizes)
    return head(x, Wq, Wk, Wv, Wo=Wo, tokens=tokens)


def at_stage(name, trace=None, **options):
    walked = walk(trace or by_pencil(), **options)
    while walked.stage.name != name:
        walked.next.click()
    return walked


def said(walked):
    """The answer line as it is read."""
    return walked.said.words


def shown(walked):
    return [step.name for step in walked.trace]


def sent(walked):
    """The numbers of each matrix as the browser gets them."""
    payload = walked.forward
    numbers, found = np.frombuffer(payload["values"], "<f8"), {}
    for step in payload["steps"]:
        size = int(np.prod(step["shape"]))
        found[step["name"]], numbers = numbers[:size].reshape(step["shape"]), numbers[size:]
    return found


# -- stage by stage -------------------------------------------------------------------------------


def test_the_first_stage_is_all_that_is_given():
    walked = walk(by_pencil())
    assert shown(walked) == ["x", "Wq", "Wk", "Wv", "Wo"]
    assert walked.diagram.blank is None and walked.box.hidden
    assert walked.back.disabled and not walked.next.disabled
    assert walked.where.words == "Stage 1 of 10: what you start with"


def test_next_adds_one_stage_after_the_other():
    trace = by_pencil()
    walked = walk(trace)
    for i, name in enumerate(STAGES[1:], start=2):
        walked.next.click()
        assert walked.where.runs == [["b", f"Stage {i} of 10: {name}"], ["code", trace[name].code]]
        assert walked.meaning.words == SENTENCES[name]
        assert shown(walked) == [step.name for step in trace if step.kind == "given" or step.name in STAGES[:i]]
        assert walked.diagram.blank == [name, list(walked.stage.asked)] and walked.diagram.pinned is None
        assert walked.box.label == f"Your turn: what is {name}[{','.join(map(str, walked.stage.asked))}]?"
        assert not walked.box.hidden and said(walked) == "" and walked.box.value == ""
    assert walked.next.disabled and not walked.back.disabled
    walked.next.click()
    assert walked.stage.name == "projected"


def test_the_numbers_of_a_stage_are_not_sent_before_it_is_answered_or_left(monkeypatch):
    walked, states = at_stage("v"), []
    monkeypatch.setattr(walked.comm, "send", lambda data, **_: states.append(data["state"]))
    walked.next.click()
    assert len(states) == 1 and set(states[0]) == {"forward", "rows"}
    values = sent(walked)
    assert np.isnan(values["scores"]).all() and not any(np.isnan(values[name]).any() for name in ("x", "q", "k", "v"))
    walked.reveal.click()
    np.testing.assert_array_equal(sent(walked)["scores"], walked.trace["scores"].value)


def test_a_click_sends_the_diagram_once(monkeypatch):
    walked, states = at_stage("scores"), []
    monkeypatch.setattr(walked.comm, "send", lambda data, **_: states.append(set(data["state"])))
    walked.check.click()
    walked.box.value = "77"
    assert not any({"forward", "pinned"} & state for state in states)  # a wrong answer changes nothing in it
    states.clear()
    walked.reveal.click()
    walked.back.click()
    assert states == [{"forward", "pinned", "rows"}, {"forward", "pinned", "rows", "answer"}]


def test_back_takes_the_later_stages_away_and_keeps_what_was_seen():
    walked = at_stage("scaled")
    walked.back.click()
    assert walked.stage.name == "scores" and "scaled" not in shown(walked)
    assert walked.diagram.blank is None and walked.diagram.pinned == ["scores", list(walked.stage.asked)]
    assert said(walked) == str(walked.trace.why("scores", *walked.stage.asked))
    walked.next.click()
    assert walked.diagram.blank == ["scaled", list(walked.stage.asked)]  # this one was not


def test_the_asked_cells():
    trace = by_pencil()
    asked = {stop.name: stop.asked for stop in walk(trace).stages[1:]}
    assert asked["masked"] == (0, 1)
    for name in set(asked) - {"masked"}:
        assert asked[name][0] == 1  # the last row
        most = max(len(trace.sources(name, 1, i)) for i in range(trace[name].value.shape[1]))
        assert len(trace.sources(name, *asked[name])) == most
    batch = by_hand(3, 2, 2)
    stops = walk(head(np.stack([batch.x, -batch.x]), batch.Wq, batch.Wk, batch.Wv)).stages[1:]
    assert {len(stop.asked) for stop in stops} == {3} and all(stop.asked[0] == 0 for stop in stops)


def test_you_choose_stages_sentences_and_cells():
    walked = walk(by_pencil(), stages=["weights", "scores"], ask={"scores": (-1, 1), "weights": None})
    assert [(stop.name, stop.asked) for stop in walked.stages] == [(START, None), ("scores", (1, 1)), ("weights", None)]
    walked.next.click()
    assert shown(walked) == ["x", "Wq", "Wk", "Wv", "q", "k", "v", "scores", "Wo"]
    walked.next.click()
    assert walked.diagram.blank is None and walked.box.hidden
    walked = walk(by_pencil(), stages={"q": HOSTILE, "k": "Two."})
    walked.next.click()
    assert walked.meaning.runs == [["", HOSTILE]]


@pytest.mark.parametrize(
    ("trace", "names", "told"),
    [
        (average_past([[1.0], [3.0]]), ["out"], False),
        (average_matmul([[1.0], [3.0]]), ["weights", "out"], False),
        (masked_softmax(np.zeros((2, 2)), np.ones((2, 1))), ["masked", "weights", "out"], True),
        (head(*by_hand()[1:5], causal=False, scale=False), ["q", "k", "v", "scores", "weights", "out"], True),
    ],
)
def test_other_traces(trace, names, told):
    walked = walk(trace)
    assert [stop.name for stop in walked.stages] == [START, *names]
    for name in names:
        walked.next.click()
        assert trace[name].code in walked.where.words
        assert (walked.meaning.words == SENTENCES[name]) == told
        walked.box.value = repr(float(trace[name].value[walked.stage.asked]))
        assert said(walked).startswith("Right.")


def test_a_trace_without_steps_or_with_a_single_number():
    assert [stop.name for stop in walk(Trace("empty")).stages] == [START]
    trace = Trace("sum")
    trace.given("x", [[1.0, 2.0]], "t c")
    trace.step("total", "sum-product", "t c -> ", "x")
    walked = at_stage("total", trace)
    assert walked.box.label == "Your turn: what is total?"
    walked.box.value = "3"
    assert said(walked).startswith("Right.")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"stages": ["q", "x"]}, ValueError, "stages has 'x'; wanted names from q, k, v, scores"),
        ({"stages": ["q"], "ask": {"k": (0, 0)}}, ValueError, "ask has 'k'; wanted names from q."),
        ({"ask": {"q": (2, 0)}}, IndexError, "q has shape (T=2, head_size=4); t is 2"),
        ({"ask": {"q": (0,)}}, ValueError, "q has the axes t, h"),
    ],
)
def test_what_makes_no_sense_gives_a_sentence(options, error, words):
    with pytest.raises(error) as caught:
        walk(by_pencil(), **options)
    assert words in str(caught.value) and not isinstance(caught.value, UnknownName)


def test_only_a_trace_can_be_walked_through():
    with pytest.raises(TypeError, match="trace is of type ndarray; wanted a Trace"):
        walk(np.zeros((2, 2)))


# -- answers --------------------------------------------------------------------------------------


def test_a_right_answer_fills_the_matrix_and_pins_the_cell():
    walked = at_stage("scores")
    value = walked.trace["scores"].value[walked.stage.asked]
    walked.box.value = f"{value:g}"  # as Enter does
    assert said(walked) == f"Right. {walked.trace.why('scores', *walked.stage.asked)}"
    assert walked.diagram.blank is None and walked.diagram.pinned == ["scores", list(walked.stage.asked)]
    assert walked.reveal.disabled
    walked.box.value = "77"  # what was seen stays seen
    assert said(walked).startswith("77 is not scores") and walked.diagram.blank is None


def test_a_wrong_answer_is_told_which_slip_it_is_and_the_matrix_stays_blank():
    walked = at_stage("scaled")
    walked.box.value = f"{walked.trace['scores'].value[walked.stage.asked]:g}"
    assert said(walked).startswith("You forgot the scale: that is scores[")
    assert walked.diagram.blank == ["scaled", list(walked.stage.asked)] and not walked.reveal.disabled
    assert "=" not in said(walked)  # the way to it is not told yet


def test_the_button_checks_too():
    walked = at_stage("q")
    walked.check.click()
    assert said(walked) == "Type a number first."
    walked.box.value = "1000"
    before = said(walked)
    walked.check.click()
    assert said(walked) == before != ""


def test_enter_on_the_text_that_was_checked_leaves_its_answer():
    walked = at_stage("q")
    walked.box.value = "1000"
    before = said(walked)
    walked.set_state({"answer": "1000", "asked": 1})
    assert said(walked) == before == "1000 is not q[1,0]. It is x[1,0]·Wq[0,0] + x[1,1]·Wq[1,0] + x[1,2]·Wq[2,0]."
    assert walked.diagram.blank == ["q", [1, 0]]


def test_show_me_shows():
    walked = at_stage("weights")
    walked.box.value = "77"
    walked.reveal.click()
    assert walked.diagram.blank is None and walked.diagram.pinned == ["weights", [1, 0]]
    assert said(walked).startswith("77 is not weights[1,0].") and said(walked).endswith(
        str(walked.trace.why("weights", 1, 0))
    )


@pytest.mark.parametrize(
    "text", [HOSTILE, "$x$", "\\(x\\)", "🙂" * 3000, "שלום", "a\nb", "\x00", "\ud800", "{{x}}", "9" * 10_000]
)
def test_what_is_typed_is_shown_as_text(text):
    walked = at_stage("q")
    walked.box.value = text
    assert len(said(walked)) < 500 and walked.box.value == text
    assert [tag for tag, _ in walked.said.runs] == [""]  # no element of the page but the line's own
    assert said(walked).startswith(("I could not read '", "Type a number first."))


def test_names_and_code_are_shown_as_text():
    trace = Trace(HOSTILE, tokens=[HOSTILE])
    trace.given("x", [[1.0]], "t c")
    trace.step(HOSTILE, "sum-product", "t c -> t c", "x", factor=2, code=HOSTILE)
    walked = at_stage(HOSTILE, trace)
    walked.reveal.click()
    assert walked.where.runs == [["b", f"Stage 2 of 2: {HOSTILE}"], ["code", HOSTILE]]
    assert {tag for part in (walked.where, walked.meaning, walked.said) for tag, _ in part.runs} == {"", "b", "code"}


def test_every_stage_can_be_answered_by_keyboard_alone():
    """What the browser sends for Tab, Enter and typing: a text, a click. There is nothing else to a walk."""
    walked, trace = walk(by_pencil()), by_pencil()
    for name in STAGES[1:]:
        walked.next.click()
        walked.box.value = repr(float(trace[name].value[walked.stage.asked]))
        assert said(walked).startswith("Right. ") and name in walked.memory.seen
    assert walked.memory.typed.keys() == set(STAGES[1:])


# -- run again ------------------------------------------------------------------------------------


def test_a_cell_that_is_run_again_goes_on_where_it_was():
    walked = at_stage("k")
    walked.box.value = HOSTILE
    walked.next.click()
    walked.box.value = "0.5"
    again = walk(by_pencil())
    assert again is walked and again.stage.name == "v" and again.box.value == "0.5"
    again.back.click()
    assert again.box.value == HOSTILE and "I could not read" in said(again)


def test_a_widget_that_was_closed_is_shown_again_with_what_was_typed():
    walked = at_stage("k")
    walked.box.value = "12"
    walked.close()
    again = walk(by_pencil())
    assert "application/vnd.jupyter.widget-view+json" in again._repr_mimebundle_()[0] and again.comm is not None
    assert again.stage.name == "k" and again.box.value == "12" and "12 is not k" in said(again)


def test_other_numbers_are_another_walk_and_the_old_one_comes_back():
    walked = at_stage("q")
    walked.box.value = "12"
    other = walk(by_pencil(seed=1))
    assert other is not walked and other.stage.name == START and other.memory.typed == {}
    assert walk(by_pencil()).box.value == "12"
    assert walk(by_pencil(), key="another").memory.typed == {}
    assert walk(by_pencil(), stages=["q"]).memory.typed == {}


def test_reset_forgets_everything():
    walked = at_stage("masked")
    walked.box.value = "-inf"
    walked.restart.click()
    assert walked.stage.name == START and walked.memory.typed == {} and walked.memory.seen == set()
    assert walk(by_pencil()) is walked
    while walked.stage.name != "masked":
        walked.next.click()
    assert walked.box.value == "" and walked.diagram.blank == ["masked", [0, 1]]


def test_words_that_changed_are_shown_when_the_cell_is_run_again():
    trace = by_pencil()
    at_stage("q", trace, stages={"q": "One."})
    assert walk(trace, stages={"q": "Two."}).meaning.words == "Two."


def living():
    gc.collect()
    return sum(issubclass(type(one), widgets.Widget) for one in gc.get_objects())


def test_a_hundred_runs_leave_one_walk():
    walked = at_stage("scores")
    before = living()
    for _ in range(85):
        assert walk(by_pencil()) is walked
    tracemalloc.start()  # for the last ones: a run that is traced takes several times as long
    try:
        for _ in range(5):  # until all that is kept is there
            walk(by_pencil())
        gc.collect()
        size = tracemalloc.get_traced_memory()[0]
        for _ in range(10):
            walk(by_pencil())
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - size < 10_000  # bytes
    finally:
        tracemalloc.stop()
    assert living() == before


def test_walks_through_ever_new_numbers_are_closed_after_a_while():
    trace = average_past([[1.0], [3.0]])
    walks = [walk(average_past([[float(i)], [3.0]])) for i in range(MOST)]
    before = living()
    for i in range(3 * MOST):
        walk(trace, key=str(i))
    del walks
    assert living() <= before and len(module.alive) == MOST


# -- how it displays ------------------------------------------------------------------------------


def test_the_bundle_has_a_widget_text_and_a_still_picture_without_the_number():
    walked = at_stage("projected")
    bundle = walked._repr_mimebundle_()[0]
    assert bundle.keys() == {"application/vnd.jupyter.widget-view+json", "text/plain", "text/html"}
    assert bundle["text/plain"] == repr(walked) and "<img alt=" in bundle["text/html"]
    assert repr(walked).startswith("walk, stage 10 of 10: projected\nhead\n") and " at 0x" not in repr(walked)
    assert repr(walked).endswith("projected[1,0] = ?")
    assert isinstance(walked, Walk) and isinstance(walked.diagram, Diagram)

"""The widget that all of the course's are: its traits, its steps, its end, and the places where it is shown."""

import gc
import re
import signal
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import ipywidgets as widgets
import numpy as np
import pytest
import traitlets
from ipywidgets.widgets.widget import _instances as alive

from helpers import live
from helpers.attention.averages import average_past
from helpers.attention.heads import head
from helpers.by_hand.puzzles import puzzle
from helpers.by_hand.walking import walk
from helpers.diagram import Diagram, diagram
from helpers.diagram.diagram import module
from helpers.explore import compare, comparison, explore
from helpers.inputs.examples import by_hand
from helpers.live import places
from helpers.live.bundle import alone
from helpers.live.live import Live, with_choices
from helpers.live.pieces import Bar, Button, Check, Curves, Field, Slider, Text
from helpers.live.turns import answering, interrupt, take_interrupts
from helpers.trace.trace import Trace

HELPERS = Path(live.__file__).parent.parent


def counting():
    """A function, and the sizes that it was called with."""
    calls = []

    def build(T=4, C=3, loud=False, word="cat", gain=1.0):
        calls.append((T, C))
        return average_past(np.ones((T, C)) * gain)

    return build, calls


def messages(widget, monkeypatch):
    sent = []
    monkeypatch.setattr(widget.comm, "send", lambda data, **_: sent.append(data))
    return sent


def from_the_page(widget, asked=1, **changes):
    """What a front end does when a hand moved something."""
    widget.set_state({**changes, "asked": asked})


# -- traits -----------------------------------------------------------------------------------------


def test_controls_are_traits():
    explorer = explore(head, T=(1, 8, 4))
    seen = []
    explorer.observe(lambda change: seen.append(change.new), "T")
    explorer.T = np.int64(5)
    assert seen == [5] and type(explorer.T) is int and explorer.trace["x"].value.shape == (5, 4)
    assert explorer.controls["T"].value == 5 and explorer.diagram is explorer
    explorer.controls["T"].value = 2
    assert explorer.T == 2 and explorer.trace["x"].value.shape == (2, 4)
    explorer.temperature = 2
    assert explorer.temperature == 2.0 and type(explorer.temperature) is float
    first = explorer.trace["x"].value
    explorer.seed = 3
    assert not np.array_equal(explorer.trace["x"].value, first)
    explorer.seed = 0
    assert np.array_equal(explorer.trace["x"].value, first)


def test_a_slider_of_ipywidgets_can_be_linked():
    explorer, slider = explore(head, T=(1, 8, 4)), widgets.IntSlider(6, min=1, max=8)
    link = widgets.link((slider, "value"), (explorer, "T"))
    assert explorer.trace["x"].value.shape == (6, 4)
    slider.value = 7
    assert explorer.T == 7
    explorer.reset()
    assert slider.value == 4
    link.unlink()
    assert "T" in explorer.keys and widgets.jslink((slider, "value"), (explorer, "T")).target == (explorer, "T")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("T", 9, "T is 9; wanted a number from 1 to 8."),
        ("T", 0, "T is 0; wanted a number from 1 to 8."),
        ("T", 2.5, "T is 2.5; wanted a whole number."),
        ("T", "3", "T is '3'; wanted a whole number."),
        ("T", True, "T is True; wanted a whole number."),
        ("T", None, "T is None; wanted a whole number."),
        ("T", [3], "T is [3]; wanted a whole number."),
        ("temperature", float("nan"), "temperature is nan; wanted a number."),
        ("temperature", 7, "temperature is 7; wanted a number from 0.1 to 5.0."),
        ("causal", 3, "causal is 3; wanted True or False."),
        ("causal", "yes", "causal is 'yes'; wanted True or False."),
    ],
)
def test_what_a_control_cannot_be_is_told_and_changes_nothing(name, value, words):
    explorer = explore(head, T=(1, 8, 4))
    before, trace = getattr(explorer, name), explorer.trace
    with pytest.raises(traitlets.TraitError) as error:
        setattr(explorer, name, value)
    assert str(error.value) == words and getattr(explorer, name) == before and explorer.trace is trace


def test_a_field_takes_texts_alone():
    explorer = explore(counting()[0])
    with pytest.raises(traitlets.TraitError, match="word is 3; wanted a text"):
        explorer.word = 3


def test_a_parameter_may_have_a_name_that_widgets_have():
    def build(layout=2, trace=3, keys=1, pieces=4, close=1, seeds=1, comm=5, rows=2):
        return average_past(np.ones((layout, trace)) * close)

    explorer = explore(build)
    explorer.layout_ = 4
    explorer.controls["trace"].value = 5
    assert explorer.trace["x"].value.shape == (4, 5) and explorer.trace_ == 5 and explorer.seeds == 1
    assert {name: one.trait for name, one in explorer.controls.items()} == {
        name: name if name == "seeds" else f"{name}_" for name in explorer.controls
    }


# -- steps ------------------------------------------------------------------------------------------


def test_what_a_hand_moved_is_one_call_and_one_message(monkeypatch):
    build, calls = counting()
    explorer = explore(build)
    sent = messages(explorer, monkeypatch)
    calls.clear()
    from_the_page(explorer, asked=7, T=6, C=2)
    assert calls == [(6, 2)]
    (state,) = [data["state"] for data in sent if data["method"] == "update"]
    assert {*state} == {"forward", "readout", "answered"} and state["answered"] == 7


def test_several_traits_at_once_are_one_call():
    build, calls = counting()
    explorer = explore(build)
    calls.clear()
    with explorer.at_once():
        explorer.T, explorer.C = 2, 5
        with explorer.at_once():
            explorer.loud = True
    assert calls == [(2, 5)]
    with explorer.at_once():
        pass
    assert calls == [(2, 5)]


def test_presses_that_waited_are_all_done():
    walked = walk(head(*by_hand()[1:5]), key="presses")
    from_the_page(walked, presses={"next": 3})
    assert walked.memory.stage == 3
    from_the_page(walked, presses={"next": 4, "back": 2})
    assert walked.memory.stage == 2
    from_the_page(walked, presses={"next": 4, "back": 2, "nothing": 1})
    assert walked.memory.stage == 2


def test_what_was_typed_before_a_button_was_pressed_belongs_to_its_stage():
    trace = head(*by_hand()[1:5])
    walked = walk(trace, key="typed first")
    from_the_page(walked, presses={"next": 1})
    from_the_page(walked, answer="77", presses={"next": 2})
    assert walked.memory.typed == {"q": "77"} and walked.stage.name == "k" and walked.answer == ""


def test_a_hand_and_a_cell_may_move_it_at_the_same_time(monkeypatch):
    """JupyterLab answers the page in a thread of its own: what a page holds at last is what Python holds."""
    explorer = explore(average_past, T=(1, 8, 4), C=(1, 8, 3))
    sent, page = messages(explorer, monkeypatch), {}
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for number in range(1, 81):
            moves = {"presses": {"reset": number}} if number % 2 else {"T": number % 8 + 1, "C": number % 5 + 1}
            hand = threading.Thread(target=from_the_page, args=(explorer, number), kwargs=moves)
            hand.start()
            with explorer.at_once():
                explorer.T, explorer.C = number % 7 + 1, number % 3 + 1
            explorer.T = number % 5 + 1
            hand.join()
            for message in sent:
                page.update(message["state"])
            sent.clear()
            held = explorer.get_state(["T", "C", "seed", "readout", "answered"])
            assert {name: page.get(name, held[name]) for name in held} == held and explorer.answered == number
            size = f"(T={explorer.T}, C={explorer.C})"
            assert size in explorer.readout and size in page["forward"]["alt"]
    finally:
        sys.setswitchinterval(before)


def test_a_loop_without_end_is_interrupted_while_no_cell_runs():
    """The step runs in a thread beside the main one, where a kernel's interrupt does not get by itself."""
    turns = []

    def own(x, T=4):
        while T == 5:
            turns[:] = [1]
        return x

    explorer = explore(own, x=np.eye(3), T=(1, 6, 4))
    for number in range(1, 6):
        turns.clear()
        hand = threading.Thread(target=from_the_page, args=(explorer, number), kwargs={"T": 5})
        hand.start()
        while not turns:
            time.sleep(0.001)
        interrupt()
        hand.join(10)
        assert not hand.is_alive() and explorer.answered == number and answering == {}
        assert explorer.error == "own was interrupted; the picture is the one before."
        explorer.T = 4
        assert explorer.error == ""


def test_a_kernel_that_ignores_interrupts_takes_them():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        take_interrupts()
        assert signal.getsignal(signal.SIGINT) is interrupt
        signal.raise_signal(signal.SIGINT)  # nobody answers a page: nothing happens
    finally:
        signal.signal(signal.SIGINT, before)
    take_interrupts()
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_is_an_answer_too():
    class Slow(with_choices(Live, ("T",))):
        def update(self):
            if self.T > 3:
                raise KeyboardInterrupt

    live = Slow([[Slider("T", "T", "T", 2, 1, 8)]])
    with pytest.raises(KeyboardInterrupt):
        from_the_page(live, asked=1, T=5)
    assert live.answered == 1
    from_the_page(live, asked=2, T=3)
    assert (live.T, live.answered) == (3, 2)


# -- pieces -----------------------------------------------------------------------------------------


def test_a_piece_that_changes_is_sent_and_says_only_what_a_page_needs(monkeypatch):
    done = []
    pieces = [
        [Button("go", "Go", "Do it", lambda: done.append(1)), Bar("bar", "How far")],
        [Text("line", role="status"), Curves("plot", "Loss", 640, 200, (1, 2, 3, 4))],
    ]
    live = Live(pieces)
    sent = messages(live, monkeypatch)
    (go, bar), (line, _) = pieces
    assert live.rows[0][0] == {
        "kind": "button", "name": "go", "hidden": False, "label": "Go", "title": "Do it", "disabled": False
    }  # fmt: skip
    assert live.rows[1][1]["room"] == [1, 2, 3, 4]
    with live.hold_sync():
        bar.amount, go.disabled = 0.5, True
        line.runs = [["b", "<b>half</b>"]]
    assert len(sent) == 1 and line.words == "<b>half</b>"
    bar.amount = 0.5
    assert len(sent) == 1  # nothing new
    go.click()
    from_the_page(live, presses={"go": 1})
    go.disabled = False
    from_the_page(live, asked=2, presses={"go": 2})
    assert done == [1]


def test_pieces_with_a_value_start_where_they_are_told():
    pieces = [Slider("T", "T", "T", 3, 1, 8), Check("a", "a", "a", True), Field("w", "w", "w", "x")]
    assert [one.value for one in pieces] == [3, True, "x"]


@pytest.mark.parametrize(
    ("bundle", "least"),
    [(alone, 20), (diagram.module, 150), (comparison.module, 150)],
    ids=["alone", "diagram", "comparison"],
)
def test_no_two_modules_of_a_bundle_give_a_name_twice(bundle, least):
    """They share one scope: the browser would refuse the whole of it."""
    names = re.findall(rf"^(?:export )?(?:{KINDS}) (\w+)", bundle(), re.MULTILINE)
    for group in re.findall(r"^(?:export )?const \[([^\]]+)\] =", bundle(), re.MULTILINE):
        names += group.replace(" ", "").split(",")
    assert len(names) > least and len(names) == len({*names})


def test_what_a_diagram_reads_is_kept_for_the_day_when_its_kernel_is_gone():
    kept = {*re.findall(r'"(\w+)"', module().split('widget(show, "diagram", [')[1])}
    read = {*re.findall(r'(?:model\.get|held)\("(\w+)"\)', module()), "forward"}  # read by the side shown
    of_controls = {"rows", "presses", "asked", "answered"}
    assert kept == read - of_controls - {"editable", "paintable"} and kept <= {*Diagram.class_trait_names(sync=True)}


KINDS = "const|let|function|class|async function"


# -- the end ----------------------------------------------------------------------------------------


def made(build):
    before = {*alive}
    return build(), [alive[one] for one in alive if one not in before]


@pytest.mark.parametrize(
    "build",
    [
        lambda: explore(head),
        lambda: Diagram(average_past([[1.0], [3.0]])),
        lambda: walk(average_past([[1.0], [3.0]]), key=object()),
        lambda: Live([[Text("line")]]),
    ],
    ids=["explorer", "diagram", "walk", "live"],
)
def test_it_is_one_widget_and_none_once_it_is_closed(build):
    widget, parts = made(build)
    assert len(parts) == 1
    widget.close()
    widget.close()
    assert not any(one.comm for one in parts)
    assert "application/vnd.jupyter.widget-view+json" in widget._repr_mimebundle_()[0]
    assert widget.comm is not None and len([one for one in parts if one.comm]) == len(parts)
    widget.close()


def test_marimo_shows_a_walk_alive_whose_cell_is_run_again(monkeypatch):
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(ui=SimpleNamespace(anywidget=lambda widget: [widget])))
    walked = walk(average_past([[1.0], [3.0]]), key="marimo")
    assert walked._display_() == [walked]
    first = walked.model_id
    walked.comm.close()
    assert walked._display_() == [walked] and not walked.comm._closed and walked.model_id != first
    walked.close()
    assert walked._display_() == [walked] and not walked.comm._closed


class Kernel:
    """A kernel's shell as ``places`` sees it."""

    def __init__(self, monkeypatch):
        self.parent, self.runs, self.hooks = {}, 0, []
        self.kernel = SimpleNamespace(get_parent=lambda: self.parent)
        self.displayhook = SimpleNamespace(prompt_count=0)
        self.user_ns, self.user_ns_hidden = {"_oh": {}}, {}
        self.history_manager = SimpleNamespace(outputs={}, output_hist_reprs={})
        monkeypatch.setattr(places, "watched", [self])
        monkeypatch.setattr(places, "visible", {})
        monkeypatch.setattr(places, "made_in", {})
        monkeypatch.setattr(places, "counts", {})

    def run(self, cell, code, of="JupyterLab"):
        self.runs += 1
        self.displayhook.prompt_count = self.runs
        metadata = {"cellId": cell} if of == "JupyterLab" else {of: {"cell_id": cell}}
        self.parent = {"metadata": metadata, "header": {"msg_id": str(self.runs)}}
        try:
            return code()
        finally:
            places.let_go()
            self.parent = {"metadata": {}, "header": {"msg_id": "a slider"}}


def show(widget):
    widget._repr_mimebundle_()
    return widget


def test_a_cell_that_is_run_again_closes_what_it_showed_before(monkeypatch):
    kernel = Kernel(monkeypatch)
    first = kernel.run("a", lambda: show(explore(head)))
    other = kernel.run("b", lambda: show(explore(head)))
    second = kernel.run("a", lambda: show(explore(head)))
    assert first.comm is None and second.comm is not None and other.comm is not None
    kernel.run("a", lambda: None)
    assert second.comm is None and other.comm is not None


def test_colab_too_tells_the_cell_and_shows_widgets_of_other_makers(monkeypatch):
    """As google.colab's _history.py and output/_widgets.py have it."""
    kernel, url, asked = Kernel(monkeypatch), "https://example.com/manager.js", []
    manager = SimpleNamespace(_widgets=SimpleNamespace(_installed_url=url))
    manager.enable_custom_widget_manager = lambda: asked.append(url)
    monkeypatch.setitem(sys.modules, "google.colab.output", manager)
    first = kernel.run("a", lambda: show(explore(head)), of="colab")
    assert {**first._repr_mimebundle_()[1]} == {places.VIEW: {"colab": {"custom_widget_manager": {"url": url}}}}
    second = kernel.run("a", lambda: show(explore(head)), of="colab")
    assert first.comm is None and second.comm is not None and asked == [url]


def test_what_another_cell_shows_stays(monkeypatch):
    kernel = Kernel(monkeypatch)
    explorer = kernel.run("a", lambda: explore(head))
    assert explorer.comm is not None
    kernel.run("b", lambda: show(explorer))
    kernel.run("a", lambda: explore(head))
    assert explorer.comm is not None
    kernel.run("b", lambda: None)
    assert explorer.comm is None
    kernel.run("b", lambda: show(explorer))  # it was kept under a name
    assert explorer.comm is not None


def test_a_puzzle_and_a_walk_that_are_shown_again_stay(monkeypatch):
    kernel = Kernel(monkeypatch)
    board = kernel.run("a", lambda: show(puzzle("two_jobs")))
    board.type("Wq", [0, 0, 0], "3")
    assert kernel.run("a", lambda: show(puzzle("two_jobs"))) is board and board.comm is not None
    kernel.run("a", lambda: None)
    assert board.comm is None
    again = kernel.run("c", lambda: show(puzzle("two_jobs")))
    assert again.comm is not None and again.matrices["Wq"][0, 0, 0] == 3


def test_what_nobody_holds_is_gone(monkeypatch):
    kernel = Kernel(monkeypatch)
    kernel.run("a", lambda: show(explore(head)) and None)
    for _ in range(3):
        kernel.run("a", lambda: show(explore(head)) and None)
    gc.collect()
    before = len(alive)
    for _ in range(20):
        kernel.run("a", lambda: show(explore(head)) and None)
    assert len(alive) == before


def cached(kernel, result):
    """What IPython keeps of the result of a cell."""
    number = kernel.displayhook.prompt_count
    bundle, _ = result._repr_mimebundle_()
    for names in (kernel.user_ns, kernel.user_ns_hidden):
        names[f"_{number}"] = result
    kernel.user_ns["_oh"][number] = result
    kernel.history_manager.outputs[number] = [SimpleNamespace(bundle={"stream": "x"}), SimpleNamespace(bundle=bundle)]
    kernel.history_manager.output_hist_reprs[number] = bundle["text/plain"]
    return result


def test_ipython_lets_go_of_what_an_earlier_run_showed_and_of_nothing_else(monkeypatch):
    kernel = Kernel(monkeypatch)
    kernel.run("a", lambda: cached(kernel, explore(head)) and None)
    kept = kernel.run("b", lambda: cached(kernel, puzzle("two_jobs")))
    trace = kernel.run("c", lambda: cached(kernel, average_past([[1.0], [3.0]])))
    for cell in "abc":
        kernel.run(cell, lambda: cached(kernel, kept) if cell == "b" else cached(kernel, explore(head)) and None)  # noqa: B023
    assert [*kernel.user_ns["_oh"]] == [2, 3, 4, 5, 6] and kernel.user_ns["_oh"][2] is kept
    assert [*kernel.user_ns] == ["_oh", "_2", "_3", "_4", "_5", "_6"] and "_1" not in kernel.user_ns_hidden
    assert kernel.user_ns["_3"] is trace  # a value of the learner's, and no widget
    outputs = kernel.history_manager.outputs
    assert {number: len(one) for number, one in outputs.items()} == {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 2}
    assert [*kernel.history_manager.output_hist_reprs] == [4, 5, 6]


def test_what_a_page_needs_is_not_kept_once_it_is_closed_and_is_there_again():
    explorer = explore(head, T=(1, 8, 4))
    sent, trace = explorer.forward, explorer.trace
    explorer.close()
    assert explorer.forward == {} and explorer.trace is trace
    explorer.wake()
    assert explorer.forward == sent
    explorer.close()
    explorer.T = 2
    assert explorer.trace["x"].value.shape == (2, 4) and explorer.forward == {}
    explorer.wake()
    assert explorer.forward["steps"][0]["shape"] == (2, 4)
    explorer.close()


def test_a_closed_comparison_keeps_no_bytes_either():
    shown = compare(head, head, T=(1, 8, 4))
    sent = shown.forward_a, shown.forward_b
    shown.close()
    assert shown.forward_a == shown.forward_b == {} and len(shown.differences) > 5
    shown.T = 2
    assert [trace["x"].value.shape for trace in shown.traces] == [(2, 4)] * 2 and shown.forward_a == {}
    shown.T = 4
    shown.wake()
    assert (shown.forward_a, shown.forward_b) == sent
    shown.close()


def test_the_widgets_of_a_kind_are_of_one_class_and_may_get_traits_of_their_own():
    one, other = explore(head), explore(head, T=(1, 4, 2))
    assert type(one) is type(other) and one._anywidget_id == "helpers.explore.explorer.Explorer"
    one.add_traits(mine=traitlets.Int(3))
    assert one.mine == 3 and not other.has_trait("mine") and type(explore(head)) is type(other)
    assert type(explore(lambda whole=2, fill=1, empty=3: Trace("empty"))) is not type(other)


def test_nothing_on_the_page_relies_on_jupyterlab():
    """Its class names, its CSS variables and its application are another front end's gap; what is asked of its page has
    an answer elsewhere.
    """
    files = [file for folder in ("live", "diagram", "explore") for file in (HELPERS / folder).glob("*.*s")]
    found = {
        file.name: re.findall(r"(?:--|\.|data-|\b)jp-[a-z-]+|jupyterapp|jupyterlab\b", file.read_text("utf-8"))
        for file in files
    }
    assert {name: words for name, words in found.items() if words} == {"theme.js": ["data-jp-theme-light"]}


def test_without_a_kernel_nothing_is_watched(monkeypatch):
    monkeypatch.setattr(places, "watched", [])
    show(explore(lambda T=2: Trace("empty")))
    assert places.watched == []

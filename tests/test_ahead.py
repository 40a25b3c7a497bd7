"""What an explorer sends ahead of the hand is what it shows when the hand gets there."""

import json

import numpy as np
import pytest

from helpers.attention import head
from helpers.diagram.diagram import payload
from helpers.explore import explore
from helpers.explore.ahead import LARGEST, MOST, ROOM
from tests.browser.later import Later


@pytest.fixture
def sent(monkeypatch):
    """``sent(explorer)``: what it sends to a page that asks, and goes on sending; and the loop that does it."""
    later = Later(monkeypatch)

    def asked(explorer):
        found = []
        monkeypatch.setattr(explorer, "send", lambda said, buffers: found.append((said["ahead"], buffers[0])))
        explorer._handle_custom_msg({"asks": "ahead"}, [])
        return found, later

    return asked


def test_all_of_it_is_what_python_shows_there(sent):
    explorer = explore(head, T=(1, 6, 4), C=(1, 4, 3), head_size=(1, 3, 2))
    found, later = sent(explorer)
    later.run()
    stops = {name: {ahead["at"][name] for ahead, _ in found} for name in ("T", "C", "head_size", "causal", "scale")}
    assert [len(one) for one in stops.values()] == [6, 4, 3, 2, 2]
    assert all(sum(value != getattr(explorer, name) for name, value in ahead["at"].items()) == 1 for ahead, _ in found)
    for ahead, values in found:
        with explorer.at_once():
            for name, value in ahead["at"].items():
                setattr(explorer, name, value)
        wanted = payload(explorer.trace)
        assert bytes(values) == wanted.pop("values") and json.loads(ahead["forward"]) == json.loads(json.dumps(wanted))
        assert ahead["readout"] == explorer.readout and ahead["error"] == explorer.error == ""


def test_the_nearest_come_first_and_none_comes_twice(sent):
    explorer = explore(head, T=(1, 16, 8), C=3, head_size=2)
    found, later = sent(explorer)
    later.run(4)  # the rest, and three pictures
    assert [ahead["at"]["T"] for ahead, _ in found][:2] == [7, 9]
    explorer.T = 12
    later.run()
    states = [tuple(ahead["at"].values()) for ahead, _ in found]
    assert len(states) == len({*states}) > 15
    assert {ahead["at"]["T"] for ahead, _ in found} == {*range(1, 17)}


def test_nobody_who_did_not_ask_is_told(sent):
    explorer = explore(head, T=(1, 6, 4), C=3)
    explorer.T = 5
    assert explorer.ahead.loop is None and explorer.ahead.coming == []


def test_your_own_function_is_called_once_a_step(sent):
    calls = []

    def own(x):
        calls.append(x.shape)
        return x

    explorer = explore(own, T=(1, 6, 4), C=(1, 4, 3))
    found, later = sent(explorer)
    before = len(calls)
    explorer.T = 5
    later.run()
    assert found == [] and len(calls) == before + 1


def test_a_closed_one_sends_nothing(sent):
    explorer = explore(head, T=(1, 6, 4), C=3)
    found, later = sent(explorer)
    explorer.close()
    later.run()
    assert found == []


def test_it_is_not_without_end(sent):
    explorer = explore(head, T=(1, 256, 128), C=(1, 16, 16), head_size=16)
    found, later = sent(explorer)
    later.run()
    sizes = [len(ahead["forward"]) + len(values) for ahead, values in found]
    assert sum(sizes) <= LARGEST + max(sizes) and 0 < len(found) <= MOST
    for C in range(1, 17):
        explorer.C = C
        later.run()
    sizes = [len(ahead["forward"]) + len(values) for ahead, values in found]
    assert sum(sizes) > ROOM >= sum(explorer.ahead.kept.values())  # all that a page keeps counts, not the numbers alone
    assert [*explorer.ahead.kept.values()] == sizes[-len(explorer.ahead.kept) :]


def test_moving_nothing_else_stays_as_it_was(sent):
    explorer = explore(head, T=(1, 6, 4), C=(1, 4, 3))
    before, controls = explorer.trace, {name: one.value for name, one in explorer.controls.items()}
    _, later = sent(explorer)
    later.run()
    assert explorer.trace is before and {name: one.value for name, one in explorer.controls.items()} == controls
    np.testing.assert_array_equal(explorer.trace["out"].value, before["out"].value)

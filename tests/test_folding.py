"""Closed parts of the code: what is shown of them, and that its sources are those of the whole."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from helpers.diagram import Diagram
from helpers.trace import Trace
from helpers.trace.folding import MOST


def model(layers=1, heads=2, seed=0):
    """A trace as a run of a small model leaves it: x, and in each layer heads side by side, joined, and added to it."""
    rng = np.random.default_rng(seed)
    trace = Trace("model")
    trace.given("x", rng.standard_normal((3, 4)), "t c")
    last = "x"
    for layer in range(layers):
        part = (f"layers.{layer}", f"layers.{layer}.sa")
        outs = []
        for head in range(heads):
            within = (*part, f"{part[-1]}.heads.{head}")
            name = "".join(map(str, (layer, head)))
            W = rng.standard_normal((4, 4 // heads)) / 4
            trace.seen(f"W{name}", W, "c h", parameter=True, part=within)
            q = trace[last].value @ W
            trace.seen(f"q{name}", q, "t h", "sum-product", "t c, c h -> t h", [last, f"W{name}"], part=within)
            scores = q @ q.T / 10
            names = [f"q{name}", f"q{name}"]
            trace.seen(f"s{name}", scores, "t s", "sum-product", "t h, s h -> t s", names, factor=0.1, part=within)
            trace.seen(
                f"o{name}", scores @ q, "t h", "sum-product", "t s, s h -> t h", [f"s{name}", names[0]], part=within
            )
            outs.append(f"o{name}")
        joined = np.concatenate([trace[out].value for out in outs], 1)
        rule = ", ".join(f"t {axis}" for axis in "hijk"[:heads]) + " -> t e"
        trace.seen(f"joined{layer}", joined, "t e", "concatenate", rule, outs, part=part)
        added = trace[last].value + joined
        trace.seen(f"x{layer}", added, "t e", "add", "t e, t e -> t e", [last, f"joined{layer}"], part=part[:1])
        last = f"x{layer}"
    return trace


def shown(trace):
    return [step.name for step in trace.shown]


def test_a_closed_part_shows_what_comes_out_of_it():
    trace = model(heads=2)
    assert trace.parts == [
        ("layers.0",),
        ("layers.0", "layers.0.sa"),
        ("layers.0", "layers.0.sa", "layers.0.sa.heads.0"),
        ("layers.0", "layers.0.sa", "layers.0.sa.heads.1"),
    ]
    assert shown(trace.folded([])) == ["x", "x0"]
    assert shown(trace.folded(trace.parts[:1])) == ["x", "joined0", "x0"]
    assert shown(trace.folded(trace.parts[:2])) == ["x", "o00", "o01", "joined0", "x0"]
    assert shown(trace.folded(trace.parts[:3])) == ["x", "W00", "q00", "s00", "o00", "o01", "joined0", "x0"]
    assert shown(trace.folded(trace.parts)) == shown(trace)


def test_a_part_inside_a_closed_one_stays_closed_though_it_is_open_itself():
    trace = model()
    assert shown(trace.folded(trace.parts[1:])) == ["x", "x0"]


def test_a_closed_part_is_told_as_a_call():
    folded = model().folded([("layers.0",)])
    line = folded.why("joined0", 1, 0)
    assert line.startswith("joined0[1,0] = layers.0.sa(x[0,0], x[0,1], …, x[2,3]) = layers.0.sa(")
    assert line.endswith(f" = {folded['joined0'].value[1, 0]:.3f}".replace("-", "−"))


@pytest.mark.parametrize("opened", [*itertools.product([False, True], repeat=4)], ids=str)
def test_the_sources_of_a_cell_are_those_of_the_whole(opened):
    """Down to the inputs, whatever is open."""

    def down(trace, cells):
        found, left = set(), [*cells]
        while left:
            name, index = left.pop()
            more = trace.sources(name, *index)
            if trace[name].kind == "given":
                found.add((name, index))
            left += [cell for cell in more if cell not in found]
        return found

    trace = model()
    folded = trace.folded([path for path, is_open in zip(trace.parts, opened) if is_open])
    hidden = {step.name for step in folded if step.hidden}
    whole = {cell for cell in down(trace, [("x0", (1, 2))]) if cell[0] not in hidden}
    assert down(folded, [("x0", (1, 2))]) == whole


@pytest.mark.parametrize(("layers", "heads"), [(1, 2), (2, 2), (3, 4), (6, 4)])
def test_as_many_parts_are_open_at_first_as_have_room(layers, heads):
    trace = model(layers, heads)
    count = len(trace.folded().shown)
    assert 2 < count <= MOST
    if len(trace.shown) <= MOST:
        assert count == len(trace.shown)


def test_a_trace_without_parts_is_shown_whole():
    trace = Trace()
    trace.given("x", [1.0, 2.0], "t")
    assert trace.folded() is trace
    assert trace.parts == []


def test_the_picture_and_the_diagram_are_folded_alike():
    trace = model(2)
    assert Diagram(trace).opened is None
    diagram = Diagram(trace, opened=[("layers.0",)])
    assert "layers.0.sa.heads.0" not in diagram._repr_mimebundle_()[0]["text/html"]
    assert shown(trace.folded([("layers.0",)])) == ["x", "joined0", "x0", "x1"]
    html = diagram._repr_mimebundle_()[0]["text/html"]
    assert "joined0" in html and "q00" not in html and "joined1" not in html


def test_where_there_is_no_room_the_part_that_was_opened_last_is_shown_alone():
    trace = model(6)
    layers = [path for path in trace.parts if len(path) == 1]
    inner = [path for path in trace.parts if path[0] == "layers.2"]
    everything = trace.folded([*layers, *trace.parts, inner[-1]])
    assert shown(everything) == ["x1", "W21", "q21", "s21", "o21"]
    assert shown(trace.folded([*trace.parts, inner[1]])) == [
        *("x1", "W20", "q20", "s20", "o20", "W21", "q21", "s21", "o21", "joined2")
    ]
    assert everything.sources("q21", 0, 0) == trace.sources("q21", 0, 0)


def test_an_open_part_in_a_closed_one_is_not_shown_alone():
    trace = model(12, 4)
    closed = [path for path in trace.parts if len(path) == 3]
    assert shown(trace.folded(closed)) == shown(trace.folded([]))


def test_a_part_in_one_of_the_same_name_is_shown_alone():
    trace = model(8)
    again = {step.name: replace(step, part=tuple(step.part[0] for _ in step.part)) for step in trace}
    trace = Trace(trace.title, trace.tokens, again)
    layers = [path for path in trace.parts if len(path) == 1]
    assert shown(trace.folded(layers)) == ["x6", "joined7", "x7"]


def test_what_nobody_reads_and_nobody_sees_does_not_come_out_of_a_closed_part():
    trace = Trace()
    trace.given("x", [1.0, 2.0], "t")
    for name, hidden in (("y", False), ("z", True)):
        trace.seen(name, [2.0, 4.0], "t", "sum-product", "t -> t", ["x"], factor=2.0, part=("f",), hidden=hidden)
    assert shown(trace.folded([])) == ["x", "y"]

"""Thousands of odd calls of a Trace: each works, or says in a sentence what was wrong; none spoils what was there."""

import math
from collections import Counter

import numpy as np
import pytest
import torch

from helpers.trace import rules
from helpers.trace.grammar import parse
from helpers.trace.kinds import KINDS
from helpers.trace.trace import Trace, UnknownName
from tests.near import assert_near
from tests.strategies import RULES

CALLS = 1200  # for each of the seeds
SEEDS = range(5)
ERRORS = (ValueError, IndexError, UnknownName)  # what the docstrings name


class Secret:
    """A thing that cannot even be shown."""

    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __array__ = __len__ = __repr__


ODD = [
    *(
        None,
        True,
        0,
        1,
        -1,
        2,
        5,
        10**30,
        0.5,
        -0.0,
        math.nan,
        math.inf,
        1 + 2j,
        "",
        " ",
        "x",
        "t",
        "t c",
        "0",
        "💥",
        "<b>",
    ),
    *("a" * 10_000, "שלום", "\n", b"x", (), [], {}, set(), {"t": 1}, [1, [2]], ["x"], [None], object(), Secret(), len),
    *(
        np.zeros(0),
        np.zeros((2, 0)),
        np.array("x"),
        np.array([1 + 1j]),
        np.ma.array([1, 2], mask=[0, 1]),
        np.float32(2),
    ),
    *(torch.ones(2, dtype=torch.bfloat16), torch.ones(2, 2, requires_grad=True), torch.eye(2).to_sparse(), range(3)),
    *(np.array([2**63], "u8"), np.array(["2020"], "M8"), [10**400, 1], np.zeros((1,) * 9), Exception("x"), slice(2)),
]
WORDS = [
    "t",
    "s",
    "c",
    "h",
    "r",
    "b",
    "n",
    "->",
    ",",
    "|",
    "<=",
    "<",
    "==",
    "s <= t",
    "t - 1",
    "or",
    "3",
    "[1:]",
    "t[:2]",
]
NAMES = ["x", "q", "ids", "mask", "y", "y0", "y1", "y2", "y3", "d", "nothing"]


def pick(rng, things):
    return things[rng.integers(len(things))]


def start(rng):
    """A small trace with something for each kind to read."""
    tokens = pick(rng, [None, ["a", "b", "c"], {"t": ["a", "b", "c"], "s": ["d", "e"]}])
    trace = Trace("fuzz", tokens)
    trace.given("x", np.round(rng.normal(size=(3, 2)), 1), "t c")
    trace.given("q", np.where(rng.random((3, 2)) < 0.3, pick(rng, [-np.inf, 0, np.nan, 1e300]), 1.5), "t s")
    trace.given("ids", rng.integers(-1, 4, 3), "t")
    trace.given("mask", rng.random((3, 2)) < 0.5, "t s")
    return trace


def some_rule(rng):
    """A rule of the grammar, such a rule with a word changed, words at random, or no text at all."""
    way = rng.random()
    if way < 0.06:
        return pick(rng, ODD)
    if way < 0.2:
        return " ".join(pick(rng, WORDS) for _ in range(rng.integers(0, 9)))
    rule = pick(rng, RULES[pick(rng, list(RULES))]).replace("{}", pick(rng, ["<=", "==", ">"]))
    if way < 0.5:
        words = rule.split(" ")
        words[rng.integers(len(words))] = pick(rng, [*WORDS, ""])
        rule = " ".join(words)
    return rule


def given(rng, trace):
    if rng.random() < 0.2:
        return trace.given(name(rng), rng.normal(size=(3, 2)), "t c")
    value = pick(
        rng, [pick(rng, ODD), rng.normal(size=rng.integers(0, 4, rng.integers(0, 4))), [[1, 2], [3, 4], [5, 6]]]
    )
    axes = pick(rng, [pick(rng, ODD), "t c", "t s", "c", "t", "", "b t c", "t t"])
    options = {} if rng.random() < 0.8 else {pick(rng, ["role", "code"]): pick(rng, ODD)}
    return trace.given(name(rng), value, axes, **options)


def name(rng):
    return pick(rng, ODD) if rng.random() < 0.1 else f"y{rng.integers(30)}"


def step(rng, trace):
    kind, rule, options = pick(rng, list(KINDS)), some_rule(rng), {}
    if rng.random() < 0.5 and kind in RULES:  # a step as it should be
        rule = pick(rng, RULES[kind]).replace("{}", pick(rng, ["<=", "!=", ">"]))
        inputs = [reading(trace, axes, kind, i) for i, axes in enumerate(parse(rule).inputs)]
    else:
        count = rule.partition("->")[0].count(",") + 1 if isinstance(rule, str) else rng.integers(4)
        count = rng.integers(4) if rng.random() < 0.1 else count
        inputs = [pick(rng, ODD) if rng.random() < 0.03 else pick(rng, [*trace.steps, "nothing"]) for _ in range(count)]
        kind = pick(rng, ODD) if rng.random() < 0.03 else kind
    if rng.random() < 0.2:
        options[pick(rng, ["n", "h", "t", "factor", "role", "code", "u"])] = pick(rng, ODD)
    if kind in ("repeat", "reshape") and rng.random() < 0.8:
        options["n"] = int(rng.integers(1, 4))
    return trace.step(name(rng), kind, rule, *inputs, **options)


def reading(trace, axes, kind, place):
    """A matrix of the trace with these axes, for an input of a step of this kind; it is added where there is none."""
    ids, mask = (kind, place) == ("lookup", 1), kind == "mask" and place
    called = f"{'ids' if ids else 'mask' if mask else 'matrix'}_{'_'.join(axes)}"
    if called not in trace:
        known = {axis: size for step in trace for axis, size in zip(step.axes, step.value.shape)}
        value = np.random.default_rng(len(trace)).normal(size=[known.get(axis, 2) for axis in axes])
        trace.given(called, (value > 0).astype(int) if ids or mask else value, " ".join(axes))
    return called


def cell(rng, trace):
    """The name of a step and an index, most often of a cell that is there."""
    chosen = pick(rng, list(trace))
    index = [int(rng.integers(size)) for size in chosen.value.shape]
    if rng.random() < 0.3 and index:
        index[rng.integers(len(index))] = pick(rng, ODD)
    if rng.random() < 0.1:
        index = index[1:]
    called = chosen.name if rng.random() < 0.9 else pick(rng, [*ODD, *NAMES])
    named = dict(zip(chosen.axes, index)) if rng.random() < 0.2 else {}
    return called, () if named else index, named


def why(rng, trace):
    called, index, named = cell(rng, trace)
    return trace.why(called, *index, **named)


def sources(rng, trace):
    called, index, named = cell(rng, trace)
    return trace.sources(called, *index, **named)


def backward(rng, trace):
    last = list(trace)[-1]
    dout = pick(rng, [None, None, rng.normal(size=last.value.shape), pick(rng, ODD)])
    return trace.backward(dout)


def picture(rng, trace):
    options = {}
    if rng.random() < 0.5:
        called, index, _ = cell(rng, trace)
        options[pick(rng, ["pinned", "blank"])] = pick(rng, [(called, tuple(index)), pick(rng, ODD)])
    if rng.random() < 0.4:
        options["notes"] = pick(rng, [{pick(rng, NAMES): pick(rng, ODD)}, pick(rng, ODD)])
    return trace.picture(**options).alt


WAYS = [given, step, step, step, step, why, why, sources, sources, backward]


def check(trace):
    """What was made says of itself what it is: each cell again by its rule, with sources that are there."""
    last = list(trace)[-1]
    inputs = trace.inputs(last)
    for index in list(np.ndindex(last.value.shape))[:12]:
        assert_near(
            rules.cell(last, index, inputs),
            last.value[index],
            rtol=1e-9,
            atol=1e-12,
            err_msg=f"{last.kind} {last.rule}",
        )
        assert "\n" not in trace.why(last.name, *index).replace("\n", "", last.name.count("\n"))
        for source, where in trace.sources(last.name, *index):
            assert source in last.inputs and len(where) == trace[source].value.ndim
            trace[source].value[where]


@pytest.mark.parametrize("seed", SEEDS)
def test_odd_calls_work_or_say_in_a_sentence_what_was_wrong(seed):
    rng, made, failed = np.random.default_rng(seed), Counter(), Counter()
    trace = start(rng)
    for call in range(CALLS):
        if len(trace) > 12:
            trace = start(rng)
        way, before = pick(rng, WAYS) if call % 30 else picture, list(trace)
        try:
            with np.errstate(all="ignore"):
                way(rng, trace)
        except ERRORS as error:
            sentence = str(error).replace("a" * 10_000, "…").replace("\n has", " has")  # names that are such texts
            assert sentence and len(sentence) < 1000, sentence
            assert sentence[-1] in ".?)" and "\n" not in sentence and "Error" not in sentence, sentence
            # What failed left nothing behind, but for what was given to be read.
            assert [made for made in trace if made.kind != "given" or made in before] == before
            failed[way.__name__] += 1
        else:
            if len(trace) > len(before):
                check(trace)
            assert list(trace)[: len(before)] == before
            made[way.__name__] += 1
    # Neither is everything refused, nor everything taken.
    for way in dict.fromkeys(WAYS):
        assert made[way.__name__] > 15 and failed[way.__name__] > 15, (way.__name__, made, failed)


def test_there_are_at_least_five_thousand_such_calls():
    assert CALLS * len(SEEDS) >= 5000

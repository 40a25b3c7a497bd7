"""The JavaScript that explains, lays out and colors a Trace gives what its Python twin gives, number for number."""

import base64
import json
import math
from dataclasses import asdict

import numpy as np
import pytest

from helpers.attention import head
from helpers.attention.averages import average_matmul, masked_softmax
from helpers.diagram.diagram import HERE, payload
from helpers.look import annotations, lanes, layout
from helpers.look.style import AXES, ROLES, THEMES, cell_text, fill, marked, number
from helpers.trace import rules, through
from helpers.trace.grammar import COMPARE, parse
from helpers.trace.kinds import KINDS
from helpers.trace.kinds.curves import CURVES
from helpers.trace.tables import table
from helpers.trace.trace import Trace
from tests.browser.pages import CONSTANTS, OF_LANES, blank_page

STYLE = {"roles": ROLES, "axes": AXES, "themes": THEMES}
TOKENS = ["the", "cat", "🙂", "an extraordinarily long token", "<b>", "שלום", "", " "]
# Numbers that are rounded, compared or printed in a way of their own.
AWKWARD = [
    0.0,
    -0.0,
    0.125,
    -0.125,
    0.375,
    0.0005,
    -0.0005,
    -0.0004,
    0.995,
    0.99499,
    99.95,
    99.9499,
    9.995,
    2.5,
    -2.5,
    1.0,
    1e5,
    99999.9995,
    99999.9994,
    112500.0,
    -112500.0,
    1e6,
    -1e6,
    1e21,
    1e300,
    -1e300,
    1e-9,
    5e-324,
    1 / 3,
    math.nan,
    math.inf,
    -math.inf,
]
NAMES = ["y", "__proto__", "constructor", "$&", "a b", "<i>", "🙂", "x'\""]

READ = "({ trace, values }) => course.unpack({ ...trace, values: new DataView(bytes(values).buffer) })"
EXPLAIN = f"""traces => traces.map(sent => {{
    const trace = ({READ})(sent);
    const steps = course.dictionary(trace.all.map(step => [step.name, step]));
    return sent.cells.map(([name, index]) => {{
        const step = steps[name];
        const inputs = course.inputsOf(step, steps);
        const value = course.valueAt(step, index);
        return [step.inputs.length ? course.terms(step, index, inputs) : [],
            course.sourcesThrough(step, index, steps), course.formulaThrough(step, index, steps),
            course.number(value, step.digits), course.cellText(value, step.digits, false),
            course.cellText(value, step.digits, true)];
    }});
}})"""
# The numbers of each step that a rule or a table makes, from those of its inputs.
EVALUATE = f"""traces => traces.map(sent => {{
    const trace = ({READ})(sent);
    const steps = course.dictionary(trace.all.map(step => [step.name, step]));
    return trace.all.map(step => {{
        const found = course.evaluate(step, course.inputsOf(step, steps));
        return found && btoa(Array.from(new Uint8Array(found.buffer), byte => String.fromCharCode(byte)).join(""));
    }});
}})"""
# At every other width, cells may grow.
LAY_OUT = """([style, cases]) => cases.map(([{ steps, ...trace }, widths, notes]) => {
    const found = course.matrices({ ...trace, steps: steps.filter(step => !step.hidden) }, style, notes);
    return [found, widths.map((width, i) => course.layOut(found, width, i % 2 === 1))];
})"""


@pytest.fixture(scope="module")
def ask(browser):
    """Call a JavaScript function in the page; as text, which is many times faster than playwright's own way."""
    with blank_page(browser, more=[HERE / "without_kernel" / "values.js"]) as blank:
        yield lambda function, given: json.loads(
            blank.page.evaluate(f"text => JSON.stringify(({function})(JSON.parse(text)))", json.dumps(given))
        )
        assert blank.errors == []


def numbers(rng, *shape):
    """Numbers of one of the kinds that the course meets, among them the awkward ones."""
    drawn = rng.standard_normal(shape)
    kind = rng.integers(6)
    if kind == 0:
        return rng.integers(-3, 4, shape)
    if kind == 1:
        return drawn * 10.0 ** rng.integers(-6, 9)
    if kind == 2:
        return rng.choice(AWKWARD, shape)
    rounded = np.round(drawn, rng.integers(1, 4))
    return np.where(rng.random(shape) < 0.15, rng.choice(AWKWARD, shape), rounded) if kind == 3 else rounded


def guard(rng):
    """A comparison of s and t, or several, with offsets and numbers."""
    axes = ["s", "t", "t - 1", "s + 2"]
    left, right = rng.permutation([rng.choice(axes), rng.choice([*axes, "1", "-1"])])
    one = f"{left} {rng.choice(list(COMPARE))} {right}"
    return " | " + rng.choice(["s <= t", one, f"s <= t, {one}", f"s<=t,{one} or s < 1", f"{one} or t == s, s != 3"])


def maybe(rng, text):
    return text if rng.random() < 0.5 else ""


def random_trace(seed):
    """A trace with every kind of step, of random sizes, with a batch axis or without."""
    rng = np.random.default_rng(seed)
    T, C, h, v = rng.integers(1, 12 if seed % 5 == 0 else 5, 4)
    b, batch = ("b ", (int(rng.integers(1, 4)),)) if rng.random() < 0.4 else ("", ())
    S = int(rng.integers(1, 6))
    words = {axis: [TOKENS[i] for i in rng.integers(len(TOKENS), size=n)] for axis, n in (("t", T), ("q", S))}
    tokens = [words["t"], words["t"], words, {"s": words["t"]}, None][rng.integers(5)]
    trace = Trace(f"trace {seed}", tokens)
    factor = rng.choice([1.0, 1.0, 0.5, -0.125, 0.0, 3.0, h**-0.5])
    role = rng.choice(list(ROLES))
    trace.given("table", numbers(rng, v, C), "v c", parameter=bool(rng.random() < 0.5))
    trace.given("ids", rng.integers(0, v, T), "t")
    trace.given("bias", numbers(rng, C), "c", parameter=True)
    trace.given("W", numbers(rng, C, h), "c h", role=role, parameter=bool(rng.random() < 0.8))
    trace.given("scores", numbers(rng, *batch, T, T), f"{b}t s", role="scores")
    trace.given("x", numbers(rng, *batch, T, C), f"{b}t c")
    trace.given("odd", numbers(rng, 2, 3), "constructor toString")
    trace.step("embedded", "lookup", "v c, t -> t c", "table", "ids")
    trace.step("added", "add", f"{b}t c, t c, c -> {b}t c", "x", "embedded", "bias")
    trace.step("rest", "subtract", f"{b}t c, t c -> {b}t c", "added", "embedded")
    trace.step("q", "sum-product", f"{b}t c, c h -> {b}t h", "added", "W", role="query", factor=factor)
    trace.step("turned", "sum-product", f"{b}s h -> {b}h s", "q", factor=rng.choice([1.0, -2.0]))
    trace.step(
        "products", "sum-product", f"{b}t h, {b}h s -> {b}t s" + maybe(rng, guard(rng)), "q", "turned", factor=factor
    )
    trace.step("thrice", "sum-product", "t c, t c, c -> t", "embedded", "embedded", "bias")
    trace.step("total", "sum-product", f"{b}t c -> ", "x")
    trace.step("averages", "mean", f"{b}s c -> {b}t c{guard(rng)}", "x")
    trace.step("mean", "mean", f"{b}t c -> {b}c", "x")
    trace.step("masked", "mask", f"{b}t s -> {b}t s{guard(rng)}", "scores", role="scores")
    trace.step("weights", "softmax", f"{b}t r -> {b}t s", "masked", role="weights")
    trace.step("wrong", "softmax", f"{b}r s -> {b}t s", "scores", role="weights")
    trace.step("shares", "normalize", f"{b}t r -> {b}t s", rng.choice(["scores", "masked", "weights"]), role="weights")
    trace.step("positive", "relu", f"{b}t c -> {b}t c", "added")
    trace.step(
        "inverse",
        "rsqrt",
        f"{b}t -> {b}t",
        trace.step("squares", "sum-product", f"{b}t c, {b}t c -> {b}t", "x", "x").name,
    )
    trace.step("largest", "max", f"{b}t s -> {b}t" + maybe(rng, guard(rng)), "masked")
    trace.step("smallest", "min", f"{b}t s -> {b}t" + maybe(rng, guard(rng)), "scores")
    trace.step("over", "quotient", f"{b}t s, {b}t -> {b}t s", "scores", rng.choice(["largest", "squares"]))
    trace.step("ratio", "quotient", f"{b}t c, {b}t c -> {b}t c", "x", rng.choice(["x", "added", "positive"]))
    for kind in ("maximum", "minimum", *COMPARE):
        trace.step(kind, kind, f"{b}t c, {b}t c -> {b}t c", "x", rng.choice(["x", "added", "positive"]))
    for curve in CURVES:
        trace.step(curve, curve, f"{b}t c -> {b}c t", rng.choice(["x", "added", "ratio"]))
    trace.given("allowed", rng.random((T, T)) < 0.6, "t s")
    trace.given("filled", rng.random(T) < 0.7, "s")
    trace.step("hidden", "mask", f"{b}t s, t s, s -> {b}t s" + maybe(rng, guard(rng)), "scores", "allowed", "filled")
    trace.given("cache", numbers(rng, *batch, S, C), f"{b}q c")
    trace.step("grown", "concatenate", f"{b}q c, {b}t c, {b}q c -> {b}p c", "cache", "x", "cache")
    cut = rng.choice(["p[:-1]", "p[1:]", "p[::2]", f"p[{S}:]", "p[-40:9]"])
    trace.step("part", "slice", f"{b}{cut} c[-1:] -> {b}k i", "grown")
    trace.step("copies", "repeat", f"{b}t c -> {b}u c", "x", u=2 * T)
    trace.step("broadcast", "repeat", f"{b}t c -> {b}n t c", "x", n=2)
    trace.given("wide", numbers(rng, *batch, T, 2 * h), f"{b}t e")
    trace.step("heads", "reshape", f"{b}t e -> {b}t n h -> {b}n t h", "wide", n=2)
    trace.step("mixed", "reshape", f"{b}t e -> {b}n t h", "wide", n=2)
    trace.step("joined", "reshape", f"{b}n t h -> {b}t n h -> {b}t e", rng.choice(["heads", "mixed"]))
    trace.step("stacked", "reshape", f"{b}n t h -> {b}n h t -> {b}e t", "heads")
    trace.step("flat", "reshape", f"{b}n t h -> valueOf", "mixed")
    if seed % 2:
        of_a_run(rng, trace, h)
    trace.step("even", "sum-product", "constructor toString -> toString constructor", "odd")
    trace.step(rng.choice(NAMES), "sum-product", f"{b}t s, {b}s c -> {b}t c", "weights", "x", role="out")
    return trace


def of_a_run(rng, trace, h):
    """Steps as the run of a function leaves them: hidden ones, moves, and operations known by their sources alone."""
    x, q = trace["x"], trace["q"]
    flat = " ".join(x.axes)
    keep = flat.replace("c", "i")
    trace.given("half", 0.5, "")
    trace.seen("0.25", 0.25, "", hidden=True)
    trace.step("shifted", "add", f"{flat}, , -> {flat}", "x", "half", "0.25")
    trace.step("level", rng.choice(["mean", "sum-product", "max", "min"]), f"{flat} -> {keep}", "x", i=1)
    trace.step("centered", "subtract", f"{flat}, {keep} -> {flat}", "x", "level")
    trace.step("kept", "mask", f"{flat}, {keep} -> {flat}", "x", allowed(rng, trace, x.value.shape[:-1], keep))
    whole = np.arange(q.value.size).reshape(q.value.shape)
    turned = [*q.axes[:-2], q.axes[-1], q.axes[-2]]
    moved = dict(places=whole.swapaxes(-1, -2), hidden=bool(rng.random() < 0.7))
    trace.seen("q.transpose(-2, -1)", q.value.swapaxes(-1, -2), " ".join(turned), "move", "", ["q"], **moved)
    batch = " ".join(q.axes[:-2])
    rule = f"{batch} s h, {' '.join(turned)} -> {batch} s t"
    product = np.einsum("...sh,...ht->...st", q.value, trace["q.transpose(-2, -1)"].value)
    inputs = ["q", "q.transpose(-2, -1)"]
    hidden = bool(rng.random() < 0.7)
    trace.seen("q @ k", product, f"{batch} s t", "sum-product", rule, inputs, hidden=hidden, code="q @ k")
    trace.seen(
        "-(q @ k)",
        -product,
        f"{batch} s t",
        "sum-product",
        f"{batch} s t -> {batch} s t",
        ["q @ k"],
        factor=-1.0,
        hidden=hidden,
    )
    for name in ("q @ k", "-(q @ k)"):
        trace.step(f"softmax of {name}", "softmax", f"{batch} s r -> {batch} s t", name, role="weights")
        trace.step(f"twice {name}", "add", f"{batch} s t, {batch} s t, -> {batch} t s", name, name, "0.25")
    scattered(rng, trace, "patchwork", ["q @ k", "x"], hidden=False)
    scattered(rng, trace, "rolled", ["patchwork", "0.25", "half"], hidden=True)
    trace.step("rolled again", "sum-product", "z -> z", "rolled")
    trace.step("squared", "sum-product", "z, z -> z", "rolled", "rolled")
    for kind, name in (("scatter", "gathered"), ("opaque", "cumsum"), ("opaque", "hidden cumsum")):
        inputs = ["rolled", "x", "-(q @ k)"][: rng.integers(1, 4)]
        count = sum(trace[one].value.size for one in inputs)
        made = table(
            (h, 2), [rng.choice(count, rng.integers(0, min(count, 12) + 1), replace=False) for _ in range(2 * h)]
        )
        trace.seen(
            name, numbers(rng, h, 2), "h two", kind, "", inputs, table=made, operation="cumsum", hidden="hidden" in name
        )
    trace.step("exp of cumsum", "exp", "h two -> h two", "hidden cumsum")


def allowed(rng, trace, shape, axes):
    """A mask with an axis of size 1."""
    return trace.given("padding", rng.random((*shape, 1)) < 0.6, axes).name


def scattered(rng, trace, name, inputs, hidden):
    """Numbers of several matrices in any order, some of them filled in."""
    every = np.concatenate([trace[one].value.ravel() for one in inputs])
    places = rng.integers(-1, len(every), 7)
    value = np.where(places < 0, rng.choice([0.0, -100.0, -np.inf]), every[places])
    trace.seen(name, value, "z", "move", "", inputs, places=places, hidden=hidden)


@pytest.fixture(scope="module")
def traces():
    with np.errstate(all="ignore"):
        return [random_trace(seed) for seed in range(60)]


def sample(trace, seed, most=3):
    """Some cells of every step, the last one always among them."""
    rng = np.random.default_rng(seed)
    for step in trace:
        cells = list(np.ndindex(step.value.shape))
        for i in {*rng.integers(len(cells), size=most - 1).tolist(), len(cells) - 1}:
            yield step, cells[i]


def sent(trace, cells=()):
    packed = payload(trace)
    values = base64.b64encode(packed.pop("values")).decode()
    return {"trace": packed, "values": values, "cells": [[step.name, index] for step, index in cells]}


def plain(value):
    """Tuples as lists, as they come out of the browser."""
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def explained(trace, step, index):
    value, inputs = step.value[index], trace.inputs(step)
    with np.errstate(all="ignore"):
        return plain(
            [
                rules.terms(step, index, inputs) if inputs else [],
                through.sources(trace, step, index),
                through.formula(trace, step, index),
                number(value, step.digits),
                cell_text(value, step.digits),
                cell_text(value, step.digits, True),
            ]
        )


def test_random_traces_hold_every_kind_and_every_awkward_number(traces):
    """What the other tests compare is worth comparing."""
    steps = [step for trace in traces for step in trace]
    assert {step.kind for step in steps} == set(KINDS)
    assert {step.role for step in steps} == set(ROLES)
    assert {step.value.ndim for step in steps} == {0, 1, 2, 3, 4}
    assert {step.name for step in steps} > set(NAMES)
    seen = np.concatenate([step.value.ravel() for step in steps])
    assert np.isnan(seen).any() and (seen == math.inf).any() and (seen == -math.inf).any() and (seen == 0).any()
    assert {0.125, -0.125, 1e6} <= set(seen.tolist())
    assert {trace.tokens is None for trace in traces} == {True, False}


def test_terms_sources_formulas_and_numbers_of_random_traces(ask, traces):
    cells = [list(sample(trace, seed)) for seed, trace in enumerate(traces)]
    found = ask(EXPLAIN, [sent(trace, some) for trace, some in zip(traces, cells)])
    compared = 0
    for trace, some, answers in zip(traces, cells, found):
        for (step, index), answer in zip(some, answers, strict=True):
            assert answer == explained(trace, step, index), (trace.title, step.name, step.rule, index)
            compared += 1
    assert compared > 5000


def test_whole_steps_of_random_traces(ask, traces):
    found, compared = ask(EVALUATE, [sent(trace) for trace in traces]), set()
    for trace, answers in zip(traces, found):
        for step, answer in zip(trace, answers, strict=True):
            if answer is None:
                assert step.kind in ("given", "opaque")
                continue
            made = np.frombuffer(base64.b64decode(answer), "<f8").reshape(step.value.shape)
            with np.errstate(all="ignore"):
                wanted = summed(trace, step) if step.kind == "scatter" else step.value
                near = np.abs(made - wanted) <= slack(step, trace.inputs(step))
            same = (made == wanted) | (np.isnan(made) & np.isnan(wanted)) | (near & np.isfinite(wanted))
            assert same.all(), (trace.title, step.name, step.rule, made[~same][:3], wanted[~same][:3])
            compared.add(step.kind)
    assert compared == {*KINDS} - {"given", "opaque"}


def summed(trace, step):
    """What a step makes of its table; here its numbers are any."""
    every = np.concatenate([source.value.ravel() for source in trace.inputs(step)])
    return np.array([every[step.table.at(at)].sum() for at in np.ndindex(step.value.shape)]).reshape(step.value.shape)


def slack(step, inputs):
    """How far the numbers of a step may be off: the terms of a sum round in another order, and may cancel."""
    values = [np.abs(source.value.astype(float)) for source in inputs]
    if step.kind in ("sum-product", "mean", "add", "subtract"):
        kind = "add" if step.kind == "subtract" else step.kind
        return 1e-13 * rules.evaluate(
            kind, step.rule, values, abs(step.factor), **dict(zip(step.axes, step.value.shape))
        )
    if step.kind == "normalize":
        along = parse(step.rule).output.index(*parse(step.rule).new)
        total = inputs[0].value.sum(axis=along, keepdims=True)
        return 1e-13 * np.abs(step.value) * (1 + values[0].sum(axis=along, keepdims=True) / np.abs(total))
    if step.kind == "scatter":
        return 1e-13 * sum(value.sum() for value in values)
    if step.kind in ("gelu", "gelu-tanh"):  # far below 0 they are x times what is left of 1 − 1
        return 1e-12 * np.abs(step.value) + 1e-15 * rules.evaluate("abs", step.rule, values)
    return 1e-12 * np.abs(step.value)


def test_the_formula_reads_as_why_does(ask):
    """The pieces joined are the sentence that Python prints, for every cell of one head."""
    rng = np.random.default_rng(0)
    trace = head(rng.standard_normal((2, 3, 4)).round(1), *rng.standard_normal((3, 4, 2)).round(1))
    cells = [(step, index) for step in trace for index in np.ndindex(step.value.shape)]
    answers = ask(EXPLAIN, [sent(trace, cells)])[0]
    for (step, index), (_, _, pieces, *_) in zip(cells, answers, strict=True):
        assert "".join(text for text, _ in pieces) == trace.why(step.name, *index)
        assert {name for _, name in pieces} <= {"", *trace.steps}


def test_numbers(ask):
    rng = np.random.default_rng(0)
    values = [
        *AWKWARD,
        *(-value for value in AWKWARD),
        *rng.standard_normal(300),
        *10 ** rng.uniform(-9, 30, 300),
        *rng.integers(-4000, 4000, 800) / 8,
        *rng.integers(-9999, 9999, 800) / 2000,
        *rng.integers(0, 10**7, 400) * 500.0,
    ]
    values = np.array(values, "<f8")
    found = ask(
        """text => Array.from(new Float64Array(bytes(text).buffer), value => [0, 1, 2, 3].map(digits =>
        [course.number(value, digits), course.cellText(value, digits, false), course.cellText(value, digits,
        true)]))""",
        base64.b64encode(values.tobytes()).decode(),
    )
    for value, texts in zip(values, found, strict=True):
        assert texts == [
            [number(value, digits), cell_text(value, digits), cell_text(value, digits, True)] for digits in range(4)
        ], value


def same(mine, twin, path=""):
    """Assert that two layouts are equal, numbers to 1e-9."""
    if isinstance(mine, dict):
        assert mine.keys() == twin.keys(), path
        for key in mine:
            same(mine[key], twin[key], f"{path}.{key}")
    elif isinstance(mine, list | tuple):
        assert len(mine) == len(twin), path
        for i, (one, other) in enumerate(zip(mine, twin)):
            same(one, other, f"{path}[{i}]")
    elif isinstance(mine, float | int) and not isinstance(mine, bool):
        assert abs(mine - twin) <= 1e-9, (path, mine, twin)
    else:
        assert mine == twin, path


def beginning(trace, count):
    """The first steps of a trace, as many as the pictures of the course have."""
    return Trace(trace.title, trace.tokens, dict(list(trace.steps.items())[:count]))


def compare_layouts(ask, cases, notes=None):
    notes = notes or {}
    found = ask(LAY_OUT, [STYLE, [[sent(trace)["trace"], widths, notes] for trace, widths in cases]])
    for (trace, widths), (twins, plans) in zip(cases, found, strict=True):
        matrices = layout.matrices(trace, notes)
        same([asdict(matrix) for matrix in matrices], twins, trace.title)
        for i, (width, plan) in enumerate(zip(widths, plans, strict=True)):
            same(layout.lay_out(matrices, width, i % 2 == 1), plan, f"{trace.title}, {width} px")


def test_layouts_of_heads(ask):
    rng = np.random.default_rng(0)
    sizes = [
        (1, 1, 1, None),
        (2, 3, 2, None),
        (8, 4, 2, None),
        (8, 8, 4, 4),
        (16, 16, 16, None),
        (128, 128, 64, None),
        (128, 1, 1, 2),
        (1, 128, 128, None),
        (12, 2, 16, None),
        (64, 5, 5, 1),
    ] + [(*rng.integers(1, 40, 3).tolist(), None) for _ in range(15)]
    cases = []
    for T, C, h, B in sizes:
        x = np.ones((T, C) if B is None else (B, T, C))
        for words in (None, [TOKENS[t % len(TOKENS)] for t in range(T)]):
            trace = head(x, *np.ones((3, C, h)), tokens=words)
            trace.title = f"T={T}, C={C}, h={h}, B={B}, {'no' if words is None else 'with'} tokens"
            cases.append((trace, [320, 411, 640, 700.5, 820, 1000, 1280, 1600]))
    compare_layouts(ask, cases)


def test_layouts_of_other_traces(ask, traces):
    x, scores = np.ones((5, 4)), np.ones((5, 5))
    known = [average_matmul(x, tokens=TOKENS[:5]), masked_softmax(scores, x), Trace("nothing", ["a"])]
    shorter = [beginning(trace, 4 + i % 20) for i, trace in enumerate(traces)]
    compare_layouts(ask, [(trace, [320, 700, 1000, 1600]) for trace in (*known, *shorter, *traces[:3])])


WORDS = [
    "rows",
    "sum to",
    "1",
    "an extraordinarily long word",
    "注意力",
    "🙂🙂",
    "👩‍👩‍👧‍👦",
    "שלום",
    "<b>",
    "$x$",
    " ",
    "\n\t",
    "w" * 70,
    "",
    "…",
    "\xa0",
    "\ufeff",
]


def test_layouts_with_notes(ask, traces):
    rng = np.random.default_rng(0)
    kinds = [
        *NAMES,
        "x",
        "Wq",
        "q",
        "k",
        "v",
        "scores",
        "weights",
        "out",
        "added",
        "W",
        "constructor",
        "toString",
        "__proto__",
    ]
    for _ in range(12):
        notes = {name: " ".join(rng.choice(WORDS, rng.integers(1, 12))) for name in rng.choice(kinds, 9)}
        T, C, h = rng.integers(1, 24, 3)
        made = head(np.ones((T, C)), *np.ones((3, C, h)), tokens=[TOKENS[t % len(TOKENS)] for t in range(T)])
        others = [beginning(traces[i], 20) for i in rng.integers(len(traces), size=4)]
        compare_layouts(ask, [(trace, [320, 512.5, 820, 1000, 1600]) for trace in (made, *others)], notes)


def test_notes_are_broken_into_lines_alike(ask):
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice([*WORDS, *WORDS[:3], " "], rng.integers(0, 20))) for _ in range(400)] + [
        "w" * 10_000,
        "a " * 5000,
    ]
    cases = [[text, room] for text in texts for room in (2, 7, 20, 63)]
    found = ask(
        "cases => cases.map(([text, room]) => [course.tidy(text), course.letters(text), "
        "course.wrap(course.tidy(text), room)])",
        cases,
    )
    for (text, room), twin in zip(cases, found, strict=True):
        assert twin == [
            annotations.tidy(text),
            annotations.letters(text),
            annotations.wrap(annotations.tidy(text), room),
        ], (text, room)


def test_a_question_keeps_the_names_and_drops_every_number(ask, traces):
    """For a cell of every kind: what stands before the second equals sign, or the cell's name alone."""
    cells = [list(sample(trace, seed, most=2)) for seed, trace in enumerate(traces)]
    found = ask(
        EXPLAIN.replace(shown := "course.formulaThrough(step, index, steps)", f"course.question({shown})"),
        [sent(trace, some) for trace, some in zip(traces, cells)],
    )
    kinds = set()
    for trace, some, answers in zip(traces, cells, found):
        for (step, index), (_, _, pieces, *_) in zip(some, answers, strict=True):
            formula = through.formula(trace, step, index)
            equals = [i for i, piece in enumerate(formula) if piece == (" = ", "")]
            named = formula[: equals[1] if len(equals) > 1 else equals[0]]
            assert pieces == plain([*named, (" = ?", "")]), (trace.title, step.name)
            assert {text for text, name in pieces if name} <= {
                text for text, name in named if name and ("[" in text or "]" in text or text.removeprefix("e^") == name)
            }
            kinds.add(step.kind)
    assert kinds == set(KINDS)


def test_notes_in_words(ask):
    notes = {"x": "a “b”", "<b>": "$c$"}
    assert ask("course.inWords", notes) == annotations.in_words(notes)


def test_constants(ask):
    twins = ask("() => course.constants", None)
    mine = {name: getattr(layout, name) for name in CONSTANTS} | {name: getattr(lanes, name) for name in OF_LANES}
    assert {name: plain(value) for name, value in mine.items()} == twins


def test_colors_and_marks(ask):
    rng = np.random.default_rng(0)
    values = np.array([*AWKWARD, 1 + 1e-10, 1 + 1e-8, -1e-10, -1e-8, *rng.standard_normal(200)], "<f8")
    found = ask(
        """([text, style]) => {
        const values = Array.from(new Float64Array(bytes(text).buffer));
        const hex = color => "#" + color.map(part => part.toString(16).padStart(2, "0")).join("").toUpperCase();
        return [false, true].map(dark => {
            const colors = course.palette(style, dark);
            return Object.keys(style.roles).map(role => [colors.role(role), values.map(value =>
                [course.marked(value, role), ...[1, 2, 100].map(share =>
                    hex([...colors.fills([value], role, share * Math.abs(value))].slice(0, 3)))])]);
        });
    }""",
        [base64.b64encode(values.tobytes()).decode(), STYLE],
    )
    for dark, theme in enumerate(THEMES.values()):
        for role, (frame, twins) in zip(ROLES, found[dark], strict=True):
            assert frame == ROLES[role][dark]
            for value, twin in zip(values, twins, strict=True):
                tops = [share * abs(value) for share in (1, 2, 100)]
                assert twin == [marked(value, role), *(fill(value, role, top, theme) for top in tops)], (value, role)

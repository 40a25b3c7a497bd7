"""Random steps and numbers that the tests share, as hypothesis strategies."""

import numpy as np
from hypothesis import strategies as st

from helpers.trace.grammar import COMPARE, parse
from helpers.trace.kinds import KINDS
from helpers.trace.kinds.curves import CURVES
from helpers.trace.rules import evaluate
from helpers.trace.trace import Trace

COMPARISONS = [*COMPARE]
SIZE = st.integers(1, 9)
CHARACTER = st.characters(exclude_categories=["Cs"])  # all of utf-8; text() would try each of them, which takes seconds
GENERATOR = st.integers(0, 2**32 - 1).map(np.random.default_rng)

ONE_EACH = (
    *("t c, t c -> t c", "t c, c -> t c", "t, c -> t c", "t c, t -> t c", "c t, t c -> t c"),
    *("t c, t i -> t c", "t i, j c -> t c", "t c, -> t c"),
)
RULES = {  # by kind; {} is a comparison, i and j are axes of size 1
    "sum-product": (
        "t c -> t c",
        "t c -> c t",
        "t c -> ",
        "t c -> c",
        "t c, c h -> t h",
        "t h, s h -> t s",
        "t c, s c -> t",
        "t s, s c -> t c | s {} t",
        "t h, s h -> t s | s {} t - 1 or s < 1",
        "s c, t -> t c | s {} t",
        "t c -> c | t {} 1",
        "t c, t c, c -> t c",
        "t c, t c, c -> t",
        "t s, s h, h c -> t c",
        "t c -> t i",
        "t c, t i -> t c",
        "i c -> c",
    ),
    "mean": (
        "t c -> t",
        "t c -> c",
        "t c -> ",
        "s c -> t c",
        "s c -> t c | s {} t",
        "t s -> t | s {} t",
        "t s c -> t | s {} t, s + 1 {} c",
        "t c -> t i",
        "t c -> i j",
        "t s -> t i | s {} t",
    ),
    **dict.fromkeys(
        ("max", "min"),
        ("t c -> t i", "t c -> t", "t c -> c", "t c -> ", "t c -> c t", "s c -> t c | s {} t", "t s -> t | s {} t + 1"),
    ),
    "add": (*ONE_EACH, "t c, t c, c -> t c"),
    "subtract": ONE_EACH,
    **dict.fromkeys(("quotient", "maximum", "minimum", *COMPARE), ONE_EACH),
    "mask": (
        "t s -> t s | s {} t",
        "t s -> t s | t {} s",
        "t s -> s t | s <= t, s {} t - 2 or s < 1",
        "t s, t s -> t s",
        "t s, s -> t s | s {} t",
        "t s, s t, s -> t s",
        "t s, t i -> t s",
    ),
    "softmax": ("t r -> t s", "r s -> t s", "r -> s"),
    "normalize": ("t r -> t s", "r s -> t s", "r -> s"),
    "lookup": ("v c, t -> t c", "v, t -> t"),
    **dict.fromkeys(CURVES, ("t c -> t c", "t c -> c t", "t -> t")),
    "reshape": (
        "t e -> t n h -> n t h",
        "t e -> n t h",
        "n t h -> t n h -> t e",
        "n t h -> n h t -> e t",
        "n t h -> e",
    ),
    "slice": ("t[1:] c -> s c", "t c[::2] -> t h", "t[:1] c[-2:] -> s h", "c[1:2] -> h"),
    "concatenate": ("p h, t h -> s h", "t p, t c -> t e", "p, t -> s", "p h, t h, r h -> s h"),
    "repeat": ("g s h -> n s h", "g -> n", "s g -> s n", "s h -> n s h", "t c -> t n c"),
}
RULE = {kind: st.sampled_from(rules) for kind, rules in RULES.items()}  # of what is made anew, hypothesis asks much
DOMAIN = {  # by kind: what its numbers must be, so that it has a derivative at each of them
    "log": lambda value: abs(value) + 0.125,
    "sqrt": lambda value: abs(value) + 0.125,
    "rsqrt": abs,  # a variance
    "relu": lambda value: np.where(value == 0, -1.0, value),
    "quotient": lambda value: np.where(value == 0, 0.5, value),
}


def numbers(rng, shape):
    """Numbers between about -3 and 3, a fifth of them 0; half the time eighths, whose sums and products are exact."""
    drawn = rng.normal(size=shape)
    drawn = np.round(8 * drawn) / 8 if rng.random() < 0.5 else drawn
    return np.where(rng.random(shape) < 0.2, 0.0, drawn)


@st.composite
def steps(draw, kind):
    """A trace whose step ``y`` is of this kind: random rule, sizes, batch axes and numbers, 0 and -inf among them.

    All but the rule comes from one generator: a choice that hypothesis makes takes as long as many of its numbers.
    """
    rule, rng = draw(RULE[kind]), draw(GENERATOR)
    rule = rule.replace("{}", str(rng.choice(COMPARISONS)))
    body, bar, guard = rule.partition("|")
    read, *through, made = body.split("->")
    inputs = read.split(",")
    batched = [rng.random() < 0.5 and kind != "lookup" for _ in inputs]
    if kind in ("mask", "concatenate"):
        batched = [batched[0] and (kind == "concatenate" or b) for b in batched]
    read = ", ".join("b " * b + axes for b, axes in zip(batched, inputs))
    rule = " -> ".join([read, *("b " * any(batched) + link for link in (*through, made))]) + bar + guard
    parsed = parse(rule)
    smallest = 2 if kind == "slice" else 1
    axes = dict.fromkeys(axis for axes in parsed.inputs for axis in axes)
    sizes = {axis: 1 if axis in "ij" else int(rng.integers(smallest, 5)) for axis in axes}
    given = {axis: 1 for axis in parsed.new if axis in "ij" and kind in ("sum-product", "mean", "max", "min")}
    if kind == "reshape" and "e" in axes:
        given = {"n": int(rng.integers(1, 4))}
        sizes["e"] *= given["n"]
    if kind == "repeat":
        given = {"n": int(rng.integers(1, 4)) * sizes.get("g", 1)}
    trace, names = Trace(), []
    for i, axes in enumerate(parsed.inputs):
        shape = tuple(sizes[axis] for axis in axes)
        value = DOMAIN.get(kind, np.asarray)(numbers(rng, shape))
        if (kind, i) == ("lookup", 1):
            value = rng.integers(sizes["v"], size=shape)
        if kind == "mask" and i:
            value = rng.random(shape) < 0.6
        if kind == "softmax":
            value[rng.random(shape) < 0.2] = -np.inf
        again = [name for name in names if trace[name].value.shape == shape]
        if again and kind not in ("lookup", "mask") and rng.random() < 0.5:
            names.append(again[0])
        else:
            names.append(trace.given("abc"[i], value, " ".join(axes)).name)
    factor = float(rng.choice([1.0, 0.5, -0.3, 0.0])) if kind == "sum-product" else 1.0
    trace.step("y", kind, rule, *names, factor=factor, **given)
    return trace


STEPS = {kind: steps(kind) for kind in RULES}


def moved_values(step, values, name, distance):
    """What a step is worth when one cell of its input ``name`` is moved by a distance: along the last axis, each cell
    in turn. values: of all inputs, by name.

    All are computed at once, by the step's rule with one more axis: to call it once for each takes far longer.
    """
    count = values[name].size
    one = np.eye(count, dtype=bool).reshape(*values[name].shape, count)
    body, bar, guard = step.rule.partition("|")
    read, *made = body.split("->")
    differentiable = KINDS[step.kind].differentiable or len(step.inputs)
    reads, given = read.split(","), [values[one] for one in step.inputs]
    for i, input in enumerate(step.inputs[:differentiable]):
        apart = given[i][..., None]
        given[i] = np.where(one, apart + distance, apart) if input == name else apart.repeat(count, -1)
        reads[i] += " every"
    rule = "->".join([",".join(reads), *(f"{link} every " for link in made)]) + bar + guard
    return evaluate(step.kind, rule, given, step.factor, **dict(zip(step.axes, step.value.shape)))

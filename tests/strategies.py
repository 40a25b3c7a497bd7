"""Random steps and numbers that the tests share, as hypothesis strategies."""

import numpy as np
from hypothesis import strategies as st

from helpers.trace import rules
from helpers.trace.trace import Trace

SIZE = st.integers(1, 9)
GENERATOR = st.integers(0, 2**32 - 1).map(np.random.default_rng)

RULES = {  # by kind; {} is a comparison
    "sum-product": (
        "t c -> t c",
        "t c -> c t",
        "t c -> ",
        "t c -> c",
        "t c, c h -> t h",
        "t h, s h -> t s",
        "t c, s c -> t",
        "t s, s c -> t c | s {} t",
        "t h, s h -> t s | s {} t",
        "t c, t c, c -> t c",
        "t c, t c, c -> t",
        "t s, s h, h c -> t c",
    ),
    "mean": ("t c -> t", "t c -> c", "t c -> ", "s c -> t c | s {} t", "t s -> t | s {} t"),
    "add": ("t c, t c -> t c", "t c, c -> t c", "t, c -> t c", "t c, t c, c -> t c", "c t, t c -> t c"),
    "subtract": ("t c, t c -> t c", "t c, c -> t c", "t, c -> t c", "t c, t -> t c", "c t, t c -> t c"),
    "mask": ("t s -> t s | s {} t", "t s -> t s | t {} s"),
    "softmax": ("t r -> t s", "r s -> t s", "r -> s"),
    "normalize": ("t r -> t s", "r s -> t s", "r -> s"),
    "lookup": ("v c, t -> t c", "v, t -> t"),
    "relu": ("t c -> t c", "t c -> c t", "t -> t"),
    "rsqrt": ("t c -> t c", "t c -> c t", "t -> t"),
    "reshape": (
        "t e -> t n h -> n t h",
        "t e -> n t h",
        "n t h -> t n h -> t e",
        "n t h -> n h t -> e t",
        "n t h -> e",
    ),
}


def numbers(rng, shape):
    """Numbers between about -3 and 3, a fifth of them 0; half the time eighths, whose sums and products are exact."""
    drawn = rng.normal(size=shape)
    drawn = np.round(8 * drawn) / 8 if rng.random() < 0.5 else drawn
    return np.where(rng.random(shape) < 0.2, 0.0, drawn)


@st.composite
def steps(draw, kind):
    """A trace whose step ``y`` is of this kind: random rule, sizes, batch axes and numbers, 0 and -inf among them."""
    rule = draw(st.sampled_from(RULES[kind])).format(draw(st.sampled_from(list(rules.COMPARE))))
    links = rules.chain(rule)
    inputs, output, guard = rules.parse(rule)
    batched = [kind != "lookup" and draw(st.booleans()) for _ in inputs]
    rule = ", ".join("b " * b + " ".join(axes) for b, axes in zip(batched, inputs))
    rule += " -> " + "b " * any(batched) + " ".join(output) + (f" | {' '.join(guard)}" if guard else "")
    if kind == "reshape":
        rule = " -> ".join("b " * batched[0] + " ".join(link) for link in links)
    sizes = {axis: draw(st.integers(1, 4), label=axis) for axis in ("b", *dict.fromkeys(sum(inputs, ())))}
    made = draw(st.integers(1, 3), label="n") if kind == "reshape" else 1
    rng, trace, names = draw(GENERATOR), Trace(), []
    for i, axes in enumerate(rules.parse(rule)[0]):
        shape = tuple(sizes[axis] * made if axis == "e" else sizes[axis] for axis in axes)
        value = rng.integers(sizes["v"], size=shape) if (kind, i) == ("lookup", 1) else numbers(rng, shape)
        if kind == "softmax":
            value[rng.random(shape) < 0.2] = -np.inf
        if kind == "rsqrt":
            value = abs(value)  # a variance
        if kind == "relu":
            value[value == 0] = -1.0  # at 0 it has no derivative
        again = [name for name in names if trace[name].value.shape == shape]
        if again and kind != "lookup" and draw(st.booleans(), label="the same input again"):
            names.append(again[0])
        else:
            names.append(trace.given("abc"[i], value, " ".join(axes)).name)
    factor = draw(st.sampled_from([1.0, 0.5, -0.3, 0.0])) if kind == "sum-product" else 1.0
    trace.step("y", kind, rule, *names, factor=factor, **({"n": made} if kind == "reshape" and "e" in links[0] else {}))
    return trace

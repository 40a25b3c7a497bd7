"""The Traces that the notebooks draw, at the sizes that they start with and at some that a slider reaches."""

import json
import re
from pathlib import Path

import numpy as np

from helpers.attention import (
    average_matmul,
    average_past,
    cached_head,
    cross_attention,
    delta_rule,
    feed_forward,
    head,
    latent_keys,
    layer_norm,
    learned_positions,
    linear_attention,
    many_heads,
    masked_head,
    masked_softmax,
    masks,
    rotary_scores,
    rotary_turn,
    separate_heads,
    shared_keys,
    sinusoidal_positions,
    sloped_head,
    tiles,
    window_head,
)
from helpers.gpt.sampling import trace_top_p
from helpers.inputs import example, words
from helpers.machines.ring_picture import ring_step, ring_work
from helpers.trace.trace import Trace
from tests.seen_pictures import seen

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SHAPE = re.compile(r"^(\S.*?) +(\([^()]*\))(?:  |$)", re.MULTILINE)  # a line of trace.shapes()


def pictures():
    """Every picture of the course: (Trace, notes)."""
    parts = (first_steps, heads, gradients, blocks, trained, masked_and_crossed, in_tiles, fewer_keys, rings, cached)
    found = [(trace, {}) for part in parts for trace in part()]
    notes = {"scores": "row t asks, column s answers", "weights": "rows sum to 1", "Wo": "back to C"}
    drawn = [(trace.folded(trace.opened_at_first), {}) for trace in seen()]
    return [*found, *drawn, (one_head(2, 3, 4, Wo=True), notes)]


def signatures():
    """The signatures of all pictures, those of code with parts as if each were open."""
    return {signature(trace) for trace in [*(trace for trace, _ in pictures()), *seen()]}


def made(title, tokens, *steps):
    """A Trace from tuples: (name, shape, axes) is given, (name, kind, rule, inputs) is computed; a dict has options."""
    trace = Trace(title, tokens)
    for name, what, rule, *rest in steps:
        options = next((one for one in rest if isinstance(one, dict)), {})
        if isinstance(what, tuple):
            trace.given(name, np.zeros(what, int), rule, **options)
        else:
            trace.step(name, what, rule, *rest[0].split(), **options)
    return trace


# -- 1 to 4: tokens and averages --------------------------------------------------------------------


def first_steps():
    yield made(
        "embed",
        words(6),
        ("ids", (6,), "t"),
        ("table", (5, 3), "v c", {"parameter": True}),
        ("x", "lookup", "v c, t -> t c", "table ids"),
    )
    for T, C, B in [(4, 3, 3), (16, 16, 8)]:
        table = ("table", (5, C), "v c", {"parameter": True})
        yield made(
            "embed a batch", None, ("ids", (B, T), "b t"), table, ("x", "lookup", "v c, b t -> b t c", "table ids")
        )
    yield made("swapped", words(5), ("x", (5, 5), "t c"), ("turned", "sum-product", "c t -> t c", "x"))
    for T, C in [(4, 3), (4, 2), (7, 4), (16, 16)]:
        e = example(T=T, C=C)
        yield average_past(e.x, tokens=e.tokens)
        yield average_matmul(e.x, tokens=e.tokens)
        yield product(T, C)
    yield product(3, 2)
    yield product(6, 4)
    yield average_past(example(T=8, C=2, B=4).x, tokens=words(8))
    yield average_past(example(T=6, C=4).x, tokens=words(6))
    yield average_matmul(example(T=6, C=4).x, tokens=words(6))
    yield average_matmul(example(T=4, C=3, B=2).x, tokens=words(4))
    for T, h, tokens in [(6, 4, True), (6, 2, True), (4, 2, True), (8, 16, False), (16, 8, True), (1, 1, True)]:
        e = example(T=T, C=2 * h, head_size=h)
        yield masked_softmax(e.scores, e.v, tokens=e.tokens if tokens else None)


def product(T, C):
    out = ("out", "sum-product", "t s, s c -> t c", "a x", {"role": "out"})
    return made("product", words(T), ("a", (T, T), "t s", {"role": "weights"}), ("x", (T, C), "s c"), out)


# -- 5 to 10: heads ---------------------------------------------------------------------------------


def one_head(T, C, h, *, Wo=False, B=None, tokens=True, **options):
    e = example(T=T, C=C, head_size=h, B=B)
    return head(e.x, e.Wq, e.Wk, e.Wv, Wo=e.Wo if Wo else None, tokens=e.tokens if tokens else None, **options)


def heads():
    for T, C, h in [(6, 4, 2), (6, 5, 4), (2, 3, 4), (4, 4, 1), (4, 3, 2), (5, 3, 2), (1, 1, 1), (8, 4, 2), (8, 16, 8)]:
        yield one_head(T, C, h)
        yield one_head(T, C, h, scale=False)
    for T, C, h in [(2, 3, 2), (8, 8, 4), (16, 16, 16), (16, 4, 2), (3, 16, 5), (40, 32, 16), (128, 64, 32)]:
        yield one_head(T, C, h)
    e = example(T=6, C=5, head_size=2)
    labels = {"t": e.tokens, "s": e.tokens, "c": ["noun", "verb", "prep", "still", "alive"]}
    yield head(e.x, e.Wq, e.Wk, e.Wv, scale=False, tokens=labels)
    yield one_head(6, 4, 2, causal=False, scale=False)
    yield one_head(6, 4, 2, causal=False)
    yield one_head(8, 6, 16, B=4)
    for options in ({}, {"scale": False}):
        yield from stages(one_head(2, 3, 4, Wo=True, **options))
    for T, C, n in [(4, 6, 2), (4, 8, 2), (4, 8, 8), (4, 4, 2), (8, 16, 4)]:
        e = example(T=T, C=C, head_size=C)
        yield many_heads(e.x, e.Wq, e.Wk, e.Wv, Wo=e.Wo, heads=n, tokens=e.tokens)
        W = np.ones((3, n, C, C // n))
        yield separate_heads(e.x, *W, tokens=e.tokens)
        yield separate_heads(e.x, *W, Wo=e.Wo, tokens=e.tokens)
    for T, C in [(6, 4), (12, 8), (1, 2), (16, 12)]:
        e = example(T=T, C=C)
        yield learned_positions(e.x, example(T=12, C=C).x if T <= 12 else example(T=T, C=C).x, tokens=e.tokens)
        yield sinusoidal_positions(e.x, tokens=e.tokens)
    for T, h in [(4, 2), (5, 4), (8, 8), (1, 2)]:
        e = example(T=T, C=3, head_size=h)
        yield rotary_scores(e.x, e.Wq, e.Wk, tokens=e.tokens)
        yield rotary_turn(e.x @ e.Wq, tokens=e.tokens)
    change = ("change", "subtract", "t s, t s -> t s", "after before", {"role": "scores"})
    yield made("compare", words(4), ("before", (4, 4), "t s"), ("after", (4, 4), "t s"), change)


def stages(trace):
    """A walk through a Trace: what is given, and one step after the other."""
    for far in [-1, *(i for i, step in enumerate(trace) if step.kind != "given")]:
        kept = {step.name: step for i, step in enumerate(trace) if step.kind == "given" or i <= far}
        yield Trace(trace.title, trace.tokens, kept)


def from_qkv(b, shape, tokens, title="from q, k and v", scaled=False):
    return made(
        title,
        tokens,
        *[(name, shape, f"{b}t h", {"role": role}) for name, role in (("q", "query"), ("k", "key"), ("v", "value"))],
        ("scores", "sum-product", f"{b}t h, {b}s h -> {b}t s", "q k", {"role": "scores"}),
        *[("scaled", "sum-product", f"{b}t s -> {b}t s", "scores", {"role": "scores"})] * scaled,
        ("masked", "mask", f"{b}t s -> {b}t s | s <= t", "scaled" if scaled else "scores", {"role": "scores"}),
        ("weights", "softmax", f"{b}t r -> {b}t s", "masked", {"role": "weights"}),
        ("out", "sum-product", f"{b}t s, {b}s h -> {b}t h", "weights v", {"role": "out"}),
    )


# -- 8: gradients -----------------------------------------------------------------------------------


def gradients():
    yield from stages(one_head(2, 3, 4).backward())
    for T, C, h in [(2, 3, 4), (3, 3, 2), (8, 8, 8)]:
        yield one_head(T, C, h).backward()
    product = ("dmasked", "sum-product", "t s, t s -> t s", "weights dweights", {"role": "scores"})
    weights = ("weights", (2, 2), "t s", {"role": "weights"})
    yield made("softmax without the average", words(2), weights, ("dweights", (2, 2), "t s"), product)


# -- 11 to 13: blocks, and heads that were trained --------------------------------------------------


def blocks():
    for T, C in [(3, 4), (8, 8), (1, 1)]:
        e = example(T=T, C=C)
        yield layer_norm(e.x, tokens=e.tokens)
        yield layer_norm(e.x, gain=np.ones(C), bias=np.ones(C), tokens=e.tokens)
    for T, C in [(5, 2), (8, 4), (1, 1)]:
        e = example(T=T, C=C, head_size=4 * C)
        yield feed_forward(e.x, e.Wq, e.Wo, tokens=e.tokens)
    yield made(
        "the stream",
        words(5),
        *[(name, (5, 4), "t c") for name in ("x", "attention", "feed_forward")],
        ("out", "add", "t c, t c, t c -> t c", "x attention feed_forward", {"role": "out"}),
    )


def trained():
    for b, *shape in [("n ", 4, 28, 20), ("", 10, 24), ("n ", 4, 10, 24)]:
        yield from_qkv(b, tuple(shape), list("Mupo, Mupo, Mupo!↵Seki, Seki")[: shape[-2]], "layer 2", scaled=True)


# -- 14: masks, and two texts -----------------------------------------------------------------------


def masked_and_crossed():
    e, f = example(T=4, C=3, head_size=2), example(T=6, C=4, head_size=2)
    yield masked_head(f.x, f.Wq, f.Wk, f.Wv, allowed=masks.prefix(6, 3), tokens=f.tokens)
    yield masked_head(e.x, e.Wq, e.Wk, e.Wv, allowed=masks.causal(4), tokens=e.tokens)
    batch = example(T=4, C=3, head_size=2, B=2)
    for options in ({}, {"allowed": masks.causal(4)}, {"allowed": masks.causal(4), "nobody": "zeros"}):
        yield masked_head(batch.x, batch.Wq, batch.Wk, batch.Wv, real=masks.padding([4, 2]), **options)
    yield masked_head(e.x, e.Wq, e.Wk, e.Wv, allowed=masks.causal(4), real=[0, 0, 1, 1], nobody="zeros")
    yield masked_head(f.x, f.Wq, f.Wk, f.Wv, bias=masks.added(masks.causal(6)), tokens=f.tokens)
    french = {"t": ["le", "chat", "rouge"], "s": ["the", "red", "cat", "sleeps"]}
    W = np.eye(4, 3)
    yield cross_attention(np.eye(3), np.eye(4), np.eye(3), W, W, tokens=french)
    for T, S, C, D, heads in [(2, 3, 3, 4, 1), (8, 8, 3, 5, 4), (2, 3, 6, 4, 2), (1, 8, 1, 1, 1), (8, 1, 8, 8, 2)]:
        a, b = example(T=T, C=C, head_size=2 * heads), example(T=S, C=D, head_size=2 * heads)
        Wo = example(T=1, C=C, head_size=2 * heads).Wo if heads == 2 else None
        labels = {"t": ["le", "chat", *words(T)][:T], "s": words(S)}
        yield cross_attention(a.x, b.x, a.Wq, b.Wk, b.Wv, Wo=Wo, heads=heads, tokens=labels)


# -- 17: tiles --------------------------------------------------------------------------------------


def in_tiles():
    for T, h, tile, step, causal in [(6, 3, 2, 5, True), (6, 3, 2, 6, True), (2, 3, 2, 1, True), (12, 6, 6, 2, False)]:
        e = example(T=T, C=4, head_size=h)
        yield tiles(e.x @ e.Wq, e.x @ e.Wk, e.x @ e.Wv, tile=tile, step=step, causal=causal, tokens=e.tokens)


# -- 16: fewer keys -----------------------------------------------------------------------------------


def fewer_keys():
    for T, m in [(4, 2), (2, 1), (8, 4)]:
        e = example(T=T, C=8, head_size=8)
        q, k, v = (W.reshape(8, 4, 2).transpose(1, 0, 2) for W in (e.Wq, e.Wk, e.Wv))
        yield shared_keys(e.x, q, k[:m], v[:m], tokens=e.tokens)
    for T, latent in [(5, 3), (2, 1), (8, 6)]:
        e, down = example(T=T, C=4, head_size=4), example(C=4, head_size=latent).Wv
        up = [W.reshape(latent, 2, 2).transpose(1, 0, 2) for W in example(C=latent, head_size=4)[2:4]]
        for absorbed in (False, True):
            q = e.Wq.reshape(4, 2, 2).transpose(1, 0, 2)
            yield latent_keys(e.x, q, down, *up, absorbed=absorbed, tokens=e.tokens)
    for T, sinks in [(8, 0), (2, 1), (6, 0)]:
        e = example(T=T, C=4, head_size=2)
        yield window_head(e.x, e.Wq, e.Wk, e.Wv, sinks=sinks, tokens=e.tokens)
        yield sloped_head(e.x, e.Wq, e.Wk, e.Wv, tokens=e.tokens)
    for T, C, h in [(4, 3, 2), (2, 3, 2), (8, 6, 2)]:
        e = example(T=T, C=C, head_size=h)
        for by_state in (True, False):
            for plain in ({}, {"positive": False, "normalize": False}):
                yield linear_attention(e.x @ e.Wq, e.x @ e.Wk, e.x, by_state=by_state, tokens=e.tokens, **plain)
    k = np.eye(2)[[0, 1, 0]]
    yield delta_rule(k, k, [[5.0], [2.0], [7.0]])
    yield delta_rule(k, k, [[5.0], [2.0], [7.0]], 0.5, 0.5)
    yield delta_rule(k, k, [[5.0], [2.0], [7.0]], [0.5, 1.0, 0.5], [1.0, 0.5, 0.5])
    for T, h in [(3, 2), (2, 2), (1, 1)]:
        e = example(T=T, C=3, head_size=h)
        yield delta_rule(e.x @ e.Wq, e.x @ e.Wk, e.x, tokens=e.tokens)


# -- 18: over several processes ---------------------------------------------------------------------


def rings():
    for T, h, ranks, rank, step in [
        (6, 3, 3, 1, 0),
        (2, 3, 2, 0, 1),
        (12, 4, 2, 1, 1),
        (12, 1, 4, 3, 2),
        (2, 1, 1, 0, 0),
    ]:
        yield ring_step(T, h, ranks, rank, step, zigzag=ranks > 3)
    for T, ranks in [(8, 4), (4, 1), (16, 4), (5, 3)]:
        yield ring_work(T, ranks, zigzag=T > 8)


# -- 15: generation -----------------------------------------------------------------------------------


def cached():
    for T, C, h in [(5, 4, 2), (2, 3, 2), (8, 8, 8)]:
        e = example(T=T, C=C, head_size=h)
        yield cached_head(e.x, e.Wq, e.Wk, e.Wv, step=T - 1, tokens=e.tokens)
    for temperature in (0.1, 1.0):
        yield trace_top_p([2.0, 1.5, 0.5, 0.0, -2.0], temperature, tokens=["cat", "hat", "tea", "of", "xq"])


# -- what the notebooks show ------------------------------------------------------------------------


def signature(trace):
    """The names and shapes of a Trace, as ``trace.shapes()`` prints them."""
    return tuple((step.name, step.shape) for step in trace.shown)


def shown_in_notebooks():
    """The names and shapes of each Trace that is drawn in the outputs of a notebook: (notebook, signature)."""
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                for picture in re.split(r"^[ab]: ", "".join(data.get("text/plain", "")), flags=re.MULTILINE):
                    shapes = SHAPE.findall(picture)  # of a comparison, each of the two
                    if shapes and "<img" in "".join(data.get("text/html", "")):
                        yield path.stem, tuple(shapes)

"""Opening a trained GPT: the Trace of any of its heads, what a head looks at, and the loss without it."""

import copy
from contextlib import contextmanager

import torch

from helpers.attention.parts import attend
from helpers.trace.trace import Trace

SHOWN = {"\n": "↵", " ": "␣", "\t": "⇥"}  # characters that a label could not show


@torch.no_grad()
def trace_model(model, text, layer=0, head=None):
    """The Trace of one head of a trained model while it reads a text, or of all heads of a layer.

    model: a GPT whose ``tokenizer`` is set, as training does. text: any that its tokenizer knows, not longer than its
    context. layer, head: counted from 0; without head, all heads of the layer stand side by side. q, k and v are
    what the head makes of the text so far; those of a FastGPT stand as they meet in the scores, normalized and turned.

    Raises ValueError for a character that the model does not know, a text that is empty or too long, and a layer
    or head that is not there.
    """
    model = copy.deepcopy(model).double()  # so that another machine prints the same decimals
    attention = attention_of(model, layer, head)
    if not 1 <= len(text) <= model.context:
        raise ValueError(
            f"the text has {len(text)} characters; wanted 1 to {model.context}, which the model can see at once."
        )
    with watched(attention) as seen:
        model(torch.tensor([model.tokenizer.encode(text)], device=next(model.parameters()).device))
    trace = Trace(
        f"layer {layer}" + (f", head {head}" if head is not None else ""),
        [SHOWN.get(letter, letter) for letter in text],
    )
    q, k = attention.queries_and_keys(seen["x"])
    v = attention.split(attention.value(seen["x"]))
    n, pick = ("n ", slice(None)) if head is None else ("", head)
    for name, role, value in [("q", "query", q), ("k", "key", k), ("v", "value", v)]:
        trace.given(name, value[0, pick], f"{n}t h", role=role)  # (1, n, T, h) -> (n, T, h) or (T, h)
    trace.step(
        "scores",
        "sum-product",
        f"{n}t h, {n}s h -> {n}t s",
        "q",
        "k",
        role="scores",
        code="scores = q @ k.transpose(-2, -1)",
    )
    trace.step(
        "scaled",
        "sum-product",
        f"{n}t s -> {n}t s",
        "scores",
        role="scores",
        factor=attention.scale,
        code="scaled = scores * scale",
    )
    attend(trace, "scaled", causal=True, b=n)
    return trace


@torch.no_grad()
def weights_of(model, ids):
    """Who looks at whom, in every head: (T) ids -> (layers, n, T, T)."""
    every = []
    for block in model.blocks:
        with watched(block.attention) as seen:
            model(ids[None])
        q, k = block.attention.queries_and_keys(seen["x"])
        every.append(block.attention.weights(q, k)[0])  # (1, n, T, T) -> (n, T, T)
    return torch.stack(every)


def score(model, pairs):
    """How much of its weight each head puts on certain places: (layers, n), from 0 to 1.

    pairs: texts with the places that count, ``[(text, {8: [2, 5]})]``: at 8, looking at 2 and at 5. A list of them
    comes from ``previous`` and from ``helpers.inputs.corpus.repeated_names``.
    """
    total, count = 0, 0
    for text, places in pairs:
        weights = weights_of(model, torch.tensor(model.tokenizer.encode(text), device=next(model.parameters()).device))
        for at, looked_at in places.items():
            total, count = total + weights[:, :, at, looked_at].sum(-1), count + 1
    return total / count


def previous(text):
    """For ``score``: every character looks at the one before it."""
    return text, {at: [at - 1] for at in range(1, len(text))}


@contextmanager
def without(model, layer, head):
    """In here, one head says nothing: its part of the concatenation is 0."""
    attention = attention_of(model, layer, head)

    def silence(_, inputs):
        parts = inputs[0].unflatten(-1, (attention.heads, -1)).clone()  # (B, T, C) -> (B, T, n, h)
        parts[..., head, :] = 0
        return parts.flatten(-2)  # (B, T, n, h) -> (B, T, C)

    hook = attention.projection.register_forward_pre_hook(silence)
    try:
        yield model
    finally:
        hook.remove()


@contextmanager
def watched(attention):
    """In here, the last input of an attention is kept: yields a dictionary that will hold ``x``, (B, T, C)."""
    seen = {}
    hook = attention.register_forward_pre_hook(lambda _, inputs: seen.update(x=inputs[0].detach()))
    try:
        yield seen
    finally:
        hook.remove()


def attention_of(model, layer, head=None):
    """The attention of a layer; raises ValueError for a layer or a head that is not there."""
    layers = len(model.blocks)
    if layer not in range(layers):
        raise ValueError(f"layer is {layer!r}; the model has layers 0 to {layers - 1}.")
    attention = model.blocks[layer].attention
    if head is not None and head not in range(attention.heads):
        raise ValueError(f"head is {head!r}; each layer has heads 0 to {attention.heads - 1}.")
    return attention

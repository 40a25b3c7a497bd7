"""Opening a trained GPT: the Trace of any of its heads, what a head looks at, and the loss without it."""

from contextlib import contextmanager

import torch

from helpers.attention.parts import attend
from helpers.gpt import own_heads
from helpers.gpt.own_model import OwnModel
from helpers.gpt.readable import attentions, copy_of, ids_of, known_ids, one_of, readable
from helpers.look.given import listed, told, whole_number
from helpers.trace.trace import Trace

SHOWN = {"\n": "↵", " ": "␣", "\t": "⇥"}  # characters that a label could not show


@torch.no_grad()
def trace_model(model, text, layer=0, head=None):
    """The Trace of one head of a trained model while it reads a text, or of all heads of a layer.

    model: a GPT whose ``tokenizer`` is set, as training does, or one of your own. text: any that its tokenizer knows,
    not longer than its context. layer, head: counted from 0; without head, all heads of the layer stand side by side.
    q, k and v are what the head makes of the text so far; those of a FastGPT stand as they meet in the scores,
    normalized and turned. A model of your own is seen: its steps have the names that they have in its code.

    The model is read in a copy, without dropout, and stays as it was.
    Raises ValueError for what is no such model, one without attention, a character that it does not know, a text that
    is empty or too long, and a layer or head that is not there.
    """
    copy = copy_of(model)
    ids, title = ids_of(copy, text), f"layer {layer}" + (f", head {head}" if head is not None else "")
    words = [SHOWN.get(letter, letter) for letter in text]
    if isinstance(copy, OwnModel):
        return own_heads.trace(copy, ids, layer, head, title, words)
    copy = copy.cpu().double()  # all machines print the same; some accelerators have no float64: first to the CPU
    attention = attention_of(copy, layer, head)
    (x,) = inputs_of([attention], copy, ids.cpu())
    trace = Trace(title, words)
    q, k = attention.queries_and_keys(x)
    v = attention.split(attention.value(x))
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


def weights_of(model, ids):
    """Who looks at whom, in every head: (T) ids -> (layers, n, T, T). The model is read in a copy, without dropout.

    Raises ValueError for a model of another kind, and for ids that it cannot see.
    """
    return weights_in(copy_of(model), known_ids(model, ids, most=readable(model).context))


@torch.no_grad()
def weights_in(copy, ids):
    """The weights of every head of a copy that was made to be read: (T) ids -> (layers, n, T, T)."""
    if isinstance(copy, OwnModel):
        return own_heads.weights(copy, ids)
    every = attentions(copy)
    pairs = [attention.queries_and_keys(x) for attention, x in zip(every, inputs_of(every, copy, ids))]
    return torch.stack([attention.weights(q, k)[0] for attention, (q, k) in zip(every, pairs)])  # of (n, T, T) each


def score(model, pairs):
    """How much of its weight each head puts on certain places, on average: (layers, n), from 0 to 1.

    pairs: texts with the places that count, ``[(text, {8: [2, 5]})]``: at 8, looking at 2 and at 5. A list of them
    comes from ``previous`` and from ``helpers.inputs.corpus.repeated_names``.
    The model is read in a copy, without dropout. Raises ValueError for a model of another kind, a text that it cannot
    read, pairs of another form, and where no place counts.

    >>> from helpers.gpt.checkpoint import load
    >>> from helpers.inputs.texts import data_folder
    >>> model, _ = load(data_folder() / "tales")
    >>> found = score(model, [previous("Zilu, Zilu, Zilu!")])
    >>> found.shape, found.argmax().item()  # head 1 of layer 0 looks back the most
    (torch.Size([3, 4]), 1)
    """
    copy, found, count = copy_of(model), [], 0
    for text, places in pairs_in(pairs):
        ids, looks = ids_of(copy, text), []
        for at, looked_at in places.items():
            whole_number("a place", at, 0, len(ids) - 1)
            if not listed(looked_at):
                raise ValueError(f"at {at} stands {told(looked_at)}; wanted a list of the places looked at, as in [2].")
            seen = {whole_number(f"a place seen from {at}", place, 0, at) for place in listed(looked_at)}
            looks += [(at, place) for place in sorted(seen)]
        if looks:
            weights = weights_in(copy, ids)
            found.append(weights[:, :, *zip(*looks)].sum(-1))  # (layers, n, T, T) -> (layers, n, looks) -> (layers, n)
            count += len(places)
    if not found:
        raise ValueError("no place counts in these texts, so that there is no score.")
    return torch.stack(found).sum(0) / count


@torch.no_grad()
def copied(model, pairs):
    """At what share of certain places the token that really follows is the likeliest to the model: from 0 to 1.

    pairs: as in ``score``; of the places, those that look count. The model is read in a copy, without dropout.
    Raises ValueError as ``score`` does.

    >>> from helpers.gpt.checkpoint import load
    >>> from helpers.inputs.corpus import repeated_names
    >>> from helpers.inputs.texts import data_folder
    >>> model, _ = load(data_folder() / "tales")
    >>> copied(model, [repeated_names("Zilu, Zilu, Zilu!")])
    1.0
    """
    copy, right = copy_of(model), []
    for text, places in pairs_in(pairs):
        ids = ids_of(copy, text)
        likeliest = copy(ids[None])[0].argmax(-1)  # (T) -> (1, T, vocabulary) -> (T)
        right += [
            likeliest[at].item() == ids[at + 1].item()
            for at in (whole_number("a place", at, 0, len(ids) - 2) for at in places)
        ]
    if not right:
        raise ValueError("no place counts in these texts, so that there is no share.")
    return sum(right) / len(right)


def pairs_in(pairs):
    """The pairs as a list. Raises ValueError where they are something else."""
    found = listed(pairs)
    if not found:
        raise ValueError(f"you gave {told(pairs)}; wanted a list of pairs, as in [previous(text)].")
    for pair in found:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[1], dict):
            likely = ": put the pair into a list" if isinstance(pairs, tuple) else ""
            raise ValueError(f"{told(pair)} is no pair of a text and its places, as ('abc', {{2: [1]}}) is{likely}.")
    return found


def previous(text):
    """For ``score``: every character looks at the one before it. Raises ValueError where there is none before.

    >>> previous("abc")
    ('abc', {1: [0], 2: [1]})
    """
    if not isinstance(text, str | list | tuple) or len(text) < 2:
        raise ValueError(
            f"you gave {told(text)}; wanted a text of two characters or more: the first has none before it."
        )
    return text, {at: [at - 1] for at in range(1, len(text))}


@contextmanager
def without(model, layer, head):
    """In here, one head says nothing: its part of the concatenation is 0.

    Raises ValueError for a model of another kind, and a layer or head that is not there.
    """
    hook = silenced(model, layer, head)
    try:
        yield model
    finally:
        hook.remove()


def silenced(model, layer, head):
    """From now on one head gives zeros, until the hook that this returns is removed."""
    if isinstance(readable(model), OwnModel):
        return own_heads.silenced(model, copy_of(model), layer, head)
    attention = attention_of(model, layer, head)
    if head is None:
        raise ValueError(f"head is None; each layer has heads 0 to {attention.heads - 1}.")

    def silence(_, inputs):
        parts = inputs[0].unflatten(-1, (attention.heads, -1)).clone()  # (B, T, C) -> (B, T, n, h)
        parts[..., head, :] = 0
        return parts.flatten(-2)  # (B, T, n, h) -> (B, T, C)

    return attention.projection.register_forward_pre_hook(silence)


def inputs_of(every, copy, ids):
    """What comes to each of these attentions while a copy reads (T) ids: a list of x, (1, T, C).

    Raises ValueError where one of them is not asked.
    """
    seen = {}

    def watch(place):
        def keep(_, inputs, named):
            seen[place] = next(iter([*inputs, *named.values()])).detach()

        return keep

    hooks = [attention.register_forward_pre_hook(watch(i), with_kwargs=True) for i, attention in enumerate(every)]
    try:
        copy(ids[None])  # (T) -> (1, T)
    finally:
        for hook in hooks:
            hook.remove()
    if len(seen) < len(every):
        raise ValueError("the model gave its logits without asking one of its attentions; wanted a forward that does.")
    return [seen[place] for place in range(len(every))]


def attention_of(model, layer, head=None):
    """The attention of a layer; raises ValueError for a layer or a head that is not there."""
    every = attentions(model)
    attention = every[one_of("layer", layer, len(every), "the model has layers")]
    if head is not None:
        one_of("head", head, attention.heads, "each layer has heads")
    return attention

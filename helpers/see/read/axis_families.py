"""What each axis stands for: T, C, head_size, B, …

An input x is (T, C), or (B, T, C); in attention, the rows and columns of weights are tokens. The rest follows, as axes
that are one stand for one thing. Of what cannot be told, nothing is said.
"""

import numpy as np

FAMILIES = {
    "T": "tsr",
    "C": "ce",
    "head_size": "hg",
    "B": "b",
    "heads": "n",
    "key_heads": "m",
    "vocabulary": "v",
    "positions": "p",
}
SHAPES = {
    "x": ("B", "T", "C"),
    "q": ("B", "heads", "T", "head_size"),
    "logits": ("B", "T", "vocabulary"),
    "scores": ("B", "T", "T"),
    "idx": ("B", "T"),
}
ALIKE = {
    **dict.fromkeys(("X", "x", "inputs", "input", "inp", "hidden_states", "emb", "embeddings", "tok_emb"), "x"),
    **dict.fromkeys(("src", "tgt", "memory", "context"), "x"),
    **dict.fromkeys(("query", "Q", "q", "key", "K", "k", "value", "V", "v"), "q"),
    **dict.fromkeys(("logits",), "logits"),
    **dict.fromkeys(("scores", "wei", "att", "weights"), "scores"),
    **dict.fromkeys(("idx", "ids", "tokens", "input_ids", "token_ids"), "idx"),
}


def named_inputs(axes, drafts, roles):
    """Families of axes: by the names of inputs, then by what is done in attention, then what is left."""
    inputs = [(draft, kind_of(draft)) for draft in drafts if draft.origin == "input" and kind_of(draft)]
    weights = [softmax for softmax, *_ in roles.heads if softmax.value.ndim > 1]
    tokens = {axes.find((softmax, softmax.value.ndim - back)) for softmax in weights for back in (1, 2)}
    for draft, kind in inputs:
        if kind != "q":
            name_input(axes, draft, turned(axes, draft, SHAPES[kind], tokens))
    for draft in [draft for draft, kind in inputs if kind == "q" and draft.value.ndim == 3]:
        if any(axes.find((draft, 0)) == axes.find((one, 0)) for one, *_ in roles.heads if one.value.ndim == 3):
            axes.name((draft, 0), "B")  # one head of a batch, more likely than several heads of one text
    for attention in roles.heads:
        name_attention(axes, *attention)
    ends = {axes.find((draft, draft.value.ndim - 1)) for draft, kind in inputs if kind == "q"}
    for outer, inner, whole in axes.wholes:
        if axes.find(whole) in ends and "head_size" not in axes.families.values():  # queries of all heads, cut
            for node, family in ((outer, "heads"), (inner, "head_size"), (whole, "C")):
                axes.name(node, family)
    shape = ("B", "T", "C") if "head_size" in axes.families.values() else ("B", "T", "head_size")
    for draft, kind in inputs:
        if kind == "q":
            name_input(axes, draft, SHAPES["q"] if draft.value.ndim == 4 else shape)
    for draft in drafts:
        if draft.kind == "lookup":
            name_lookup(axes, draft)
    for outer, inner, whole in axes.wholes:
        if axes.family(outer) == "heads" and axes.family(inner) == "head_size":
            sizes = {axes.size[node] for node, family in axes.families.items() if family == "C"}
            if axes.size[whole] in sizes:
                axes.name(whole, "C")


def kind_of(draft):
    """What an input is, by its name: a key of SHAPES, or None."""
    whole = draft.value.dtype.kind == "i" and draft.name == "x"
    return "idx" if whole else ALIKE.get(draft.name)


def turned(axes, draft, shape, tokens):
    """The axes of an input: tokens before the batch where weights say so, as PyTorch's layers want them."""
    first, second = (axes.find((draft, axis)) in tokens for axis in (0, 1)) if draft.value.ndim == 3 else (False, True)
    return ("T", "B", *shape[2:]) if shape[:2] == ("B", "T") and first and not second else shape


def name_input(axes, draft, shape):
    """Families of an input's axes; it may have the first of them or not."""
    if len(shape) - 1 <= draft.value.ndim <= len(shape):
        for axis, family in enumerate(shape[len(shape) - draft.value.ndim :]):
            axes.name((draft, axis), family)


def name_lookup(axes, draft):
    """A table has a row for each word, or for each position where these are counted; what it gives is C."""
    table, ids = draft.inputs
    counted = ids.origin == "constant" and np.array_equal(ids.value, np.arange(ids.value.size))
    axes.name((table, 0), "positions" if counted else "vocabulary")
    axes.name((draft, draft.value.ndim - 1), "C")
    for axis, family in enumerate(("B", "T")[2 - ids.value.ndim :] if ids.value.ndim < 3 else ()):
        axes.name((ids, axis), family)


def name_attention(axes, softmax, out, at, scores):
    """Names around weights: their rows and columns are tokens, what is compared is head_size, axes before are heads."""
    ndim = softmax.value.ndim
    axes.name((softmax, ndim - 1), "T")
    if ndim > 1:
        axes.name((softmax, ndim - 2), "T")
    if scores is not None:
        gone = {*scores.labels[0]} & {*scores.labels[1]} - {*scores.output}
        for label in gone:
            axes.name((scores.inputs[0], scores.labels[0].index(label)), "head_size")
    for draft in (out.inputs[1 - at], *(scores.inputs[1:] if scores is not None else ())):
        few = draft.inputs[0] if draft.kind == "move" and len(draft.inputs) == 1 else draft
        if draft.value.ndim == few.value.ndim > 2 and few.shape[-3] != draft.shape[-3]:  # each for several of queries
            axes.name((few, draft.value.ndim - 3), "key_heads")
    value = out.inputs[1 - at]
    for axis, label in enumerate(out.labels[1 - at]):
        node = (value, axis)
        if label in out.labels[at] or axes.size[node] == 1:
            continue
        for other, family in list(axes.families.items()):
            if family == "head_size" and axes.size[other] == axes.size[axes.find(node)] and axes.family(node) is None:
                axes.join(other, node)
        axes.name(node, "head_size")
    for axis in range(ndim - 2):
        if axes.family((softmax, axis)) is None:
            axes.name((softmax, axis), "heads" if axis == ndim - 3 else "B")

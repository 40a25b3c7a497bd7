"""Attention that PyTorch has as one call, opened into its steps."""

import math

import numpy as np

from helpers.see.read.arguments import argument
from helpers.see.read.operations.elementwise import between
from helpers.see.read.operations.labels import of
from helpers.see.read.operations.moves import mask as masked
from helpers.see.read.operations.products import product, projected
from helpers.see.read.operations.shares import softened
from helpers.see.record.events import Matrix

MULTI_HEAD = (  # the arguments of multi_head_attention_forward, in order
    "query key value embed_dim_to_check num_heads in_proj_weight in_proj_bias bias_k bias_v add_zero_attn "
    "dropout_p out_proj_weight out_proj_bias training key_padding_mask need_weights attn_mask "
    "use_separate_proj_weight q_proj_weight k_proj_weight v_proj_weight static_k static_v average_attn_weights "
    "is_causal"
)


def scaled_dot_product(read, event):
    """scaled_dot_product_attention: scores, mask, softmax, and the mean of the values by these weights."""
    query, key, value = (argument(event, at, name) for at, name in enumerate(("query", "key", "value")))
    allowed, causal = argument(event, 3, "attn_mask"), argument(event, 5, "is_causal", default=False)
    scale = event.kwargs.get("scale", argument(event, 6, "scale"))
    views = [read.view(one) for one in (query, key, value)]
    if event.kwargs.get("enable_gqa"):
        views[1:] = [shared(view, views[0].shape[-3]) for view in views[1:]]
    return attend(read, *views, allowed, causal, scale)[0]


def shared(view, heads):
    """Keys or values of few heads, each for several heads of the query."""
    positions = np.arange(math.prod(view.shape)).reshape(view.shape)
    return view.then(positions.repeat(heads // view.shape[-3], axis=-3))


def attend(read, query, key, value, allowed=None, causal=False, scale=None):
    """query: (..., T, h), key: (..., S, h), value: (..., S, g). Returns the drafts of the result and of the weights."""
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else float(scale)
    numbers = np.arange(math.prod(key.shape)).reshape(key.shape)
    scores = product(read, query, key.then(numbers.swapaxes(-1, -2)), scale, text="scores")
    if causal:
        labels = of(scores.shape)
        scores = read.make("mask", [(scores, labels)], labels, f"{labels[-1]} <= {labels[-2]}", text="masked scores")
    for one in [] if allowed is None else allowed if isinstance(allowed, list) else [allowed]:
        if isinstance(one, Matrix) and one.value.dtype == bool:
            scores = masked(read, scores, one, True)
        else:
            scores = between(read, "add", scores, one)
        scores.text = "masked scores"
    weights = softened(read, scores, -1, text="weights")
    return product(read, weights, value), weights


def multi_head(read, event):
    """multi_head_attention_forward: in-projections, heads, attention, out-projection, and the weights.

    query: (T, B, C) or (T, C); the others likewise.
    """
    defaults = {"training": True, "need_weights": True, "average_attn_weights": True}
    given = {name: argument(event, at, name, default=defaults.get(name)) for at, name in enumerate(MULTI_HEAD.split())}
    if any(given[name] is not None for name in ("bias_k", "bias_v", "static_k", "static_v")) or given["add_zero_attn"]:
        return None
    read.stage = "in-projection"
    made = [projection(read, given, at) for at in range(3)]  # (T, B, C), or (T, C)
    read.stage = "attention"
    query, key, value = (headed(read, one, given["num_heads"]) for one in made)  # (B, heads, T, h), or (heads, T, h)
    scale = 1 / math.sqrt(query.shape[-1])
    allowed = padding(read, given, query, key)
    out, weights = attend(read, query, key, value, allowed, scale=scale)
    out.text, read.stage = "heads", "out-projection"
    last = projected(read, gathered(out), given["out_proj_weight"], given["out_proj_bias"])
    last.text = read.text_of(event.results[0]) or "projected heads"
    if not given["need_weights"]:
        return [last]
    if not given["average_attn_weights"]:
        return [last, read.view(weights)]
    labels, read.stage = of(weights.shape), "attention"
    mean = read.make("mean", [(weights, labels)], (*labels[:-3], *labels[-2:]), text="mean of weights")
    return [last, mean]


def projection(read, given, at):
    """The query, key or value of all heads: a draft of (T, B, C)."""
    thing, name = given[("query", "key", "value")[at]], "qkv"[at]
    weight, bias = given[f"{name}_proj_weight"], given["in_proj_bias"]
    if not given["use_separate_proj_weight"]:
        weight = third(read, given["in_proj_weight"], at)
    made = projected(read, thing, weight, None if bias is None else third(read, bias, at))
    made.text = name
    return made


def third(read, parameter, at):
    """The rows of a joined parameter that make the query (0), the key (1) or the value (2)."""
    size = parameter.shape[0] // 3
    numbers = np.arange(parameter.value.size).reshape(parameter.shape)
    draft = read.whole(read.view(parameter).then(numbers[at * size : (at + 1) * size]))
    draft.text = f"{read.text(parameter)}[{at * size}:{(at + 1) * size}]"
    return draft


def headed(read, draft, heads):
    """(T, B, C) -> (B, heads, T, h), or (T, C) -> (heads, T, h): a view."""
    numbers = np.arange(draft.value.size).reshape(*draft.shape[:-1], heads, -1)
    moved = read.whole(read.view(draft).then(np.moveaxis(numbers, 0, -2)))
    moved.text = f"{draft.text} in heads"
    return read.view(moved)


def gathered(draft):
    """(B, heads, T, h) -> (T, B, C), or (heads, T, h) -> (T, C): a view."""
    from helpers.see.read.drafts import View

    numbers = np.moveaxis(np.arange(draft.value.size).reshape(draft.shape), -2, 0)
    return View((draft,)).then(numbers.reshape(*numbers.shape[:-2], -1))


def padding(read, given, query, key):
    """The mask of all heads: what may be seen, True or False, or what is added; None where there is none."""
    allowed, padded = given["attn_mask"], given["key_padding_mask"]
    if allowed is None and padded is None:
        return None
    if any(isinstance(one, Matrix) and read.alive(one) for one in (allowed, padded)):
        return added_masks(read, allowed, padded)
    total = np.zeros((1, 1))
    if allowed is not None:
        total = as_added(allowed.value)
        if total.ndim == 3 and len(query.shape) == 4:
            total = total.reshape(query.shape[0], -1, *total.shape[1:])
    if padded is not None:
        total = (
            total + as_added(padded.value)[..., None, None, :]
            if padded.value.ndim > 1
            else total + as_added(padded.value)
        )
    total = np.broadcast_to(total, (*total.shape[:-2], query.shape[-2], key.shape[-2])).copy()
    event = (allowed if padded is None else padded).event
    if np.isin(total, (0, -np.inf)).all():
        return Matrix(total == 0, "seen", "constant", event, "bool")
    return Matrix(total, "mask", "constant", event)


def added_masks(read, allowed, padded):
    """Masks that are inputs themselves: what is added to the scores, one after the other."""
    found = [one for one in (allowed,) if one is not None]
    if found and (len(allowed.shape) > 2 or allowed.value.dtype == bool):
        raise ValueError(f"a mask of shape {allowed.shape}")
    if padded is not None:
        numbers = np.arange(padded.value.size).reshape(padded.shape)
        found.append(read.view(padded).then(numbers[..., None, None, :] if numbers.ndim > 1 else numbers))
    return found


def as_added(value):
    """A mask as numbers that are added to scores: −∞ where a mask of truth values hides."""
    return np.where(value, -np.inf, 0.0) if value.dtype == bool else value


READERS = {"scaled_dot_product_attention": scaled_dot_product, "multi_head_attention_forward": multi_head}

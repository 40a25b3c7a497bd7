"""What stands on the way in a right solution of an exercise of Part IV, as NumPy arrays by name."""

import numpy as np

from helpers.check.many_heads import cut, join
from helpers.check.steps import attended, masked, shared_out, triangle, way
from helpers.check.wrong_heads import soft, turned


@way("hide_padding")
def _(scores, lengths):
    places = np.arange(scores.shape[-1])
    real = places[None, :] < lengths[:, None]  # (B, S)
    return {"key places": places, "real": real, "padding": ~real, "fill": np.where(real, 0, -np.inf)}


@way("safe_weights")
def _(scores, allowed):
    allowed = np.asarray(allowed) == 1
    raised = np.where(allowed, np.exp(scores - scores.max(-1, keepdims=True)), 0)
    nobody = ~allowed.any(-1, keepdims=True)
    hidden = np.where(allowed, scores, -np.inf)
    found = {"masked": hidden, **shared_out(hidden, "shares"), "nobody": nobody, "somebody": ~nobody}
    return {**found, "dropped": ~allowed, "powers of the allowed": raised, "their sums": raised.sum(-1, keepdims=True)}


@way("look_elsewhere")
def _(x, source, Wq, Wk, Wv, Wo, heads):
    q, k, v = (cut(made, heads) for made in (x @ Wq, source @ Wk, source @ Wv))  # (B, n, T, h) or (B, n, S, h)
    scale = q.shape[-1] ** -0.5
    scores = q @ turned(k)
    out = soft(scores * scale) @ v
    found = {"q": q, "k": k, "v": v, "scores": scores, "scores scaled": scores * scale, "q scaled": q * scale}
    wide = {"q of all heads": x @ Wq, "k of all heads": source @ Wk, "v of all heads": source @ Wv}
    return {**wide, **found, "k scaled": k * scale, **shared_out(scores * scale), "out": out, "joined": join(out)}


@way("one_mask")
def _(dropped, padded):
    dropped, padded = np.asarray(dropped) == 1, np.asarray(padded) == 1
    hidden = dropped | padded[:, None, :]  # (B, T, S)
    return {"hidden": hidden, "allowed": ~hidden, "not dropped": ~dropped, "not padded": ~padded}


@way("one_more_token")
def _(q, k_kept, v_kept, k_new, v_new, padding):
    pairs = ((k_kept, k_new), (v_kept, v_new))
    k, v = (np.concatenate([kept[:, padding:], new[:, None]], 1) for kept, new in pairs)  # (n, s, h)
    scores, scale = q[:, None] @ turned(k), q.shape[1] ** -0.5  # (n, 1, s)
    real = {"k that is text": k_kept[:, padding:], "v that is text": v_kept[:, padding:]}
    found = {"k": k, "v": v, "scores": scores, "scores scaled": scores * scale, "q scaled": q * scale}
    return {**real, **found, "k scaled": k * scale, **shared_out(scores * scale), "out": soft(scores * scale) @ v}


@way("nucleus")
def _(probabilities, p):
    order = np.argsort(-probabilities, kind="stable")
    likely = probabilities[order]
    before = np.cumsum(likely) - likely
    kept = np.where(before < p, likely, 0)
    back = np.zeros_like(probabilities)
    back[order] = kept
    found = {"order": order, "likely": likely, "up to here": np.cumsum(likely), "before": before, "cut": before >= p}
    return {**found, "in": before < p, "likely kept": kept, "put back": back, "total": kept.sum()}


@way("accept")
def _(target, draft, x):
    more = np.maximum(target - draft, 0)
    own = {"target of x": target[x], "draft of x": draft[x], "ratio": target[x] / draft[x]}
    return {**own, "difference": target - draft, "more": more, "total": more.sum()}


@way("tokens_that_fit")
def _(free, batch, layers, heads, key_heads, head_size, bytes_each):
    token = 2 * batch * layers * key_heads * head_size * bytes_each
    return {"bytes of a token": token, "tokens and a part": free / token}


@way("grouped_queries")
def _(q, k, v):
    times = len(q) // len(k)
    k, v = (np.repeat(one, times, axis=0) for one in (k, v))  # (m, T, h) -> (n, T, h)
    return attended(q, k, v, q.shape[-1] ** -0.5)


@way("absorbed_out")
def _(q, latent, Wk, Wv):
    asked, scale = q @ turned(Wk), q.shape[-1] ** -0.5  # (n, T, l)
    scores = asked @ turned(latent)
    found = masked(scores * scale)
    mixed = found["weights"] @ latent
    made = {"asked": asked, "scores": scores, "asked scaled": asked * scale, "q scaled": q * scale}
    return {**made, "scores scaled": scores * scale, **found, "mixed": mixed, "k": latent @ Wk, "v": latent @ Wv}


@way("window_weights")
def _(scores, window, sinks):
    T = len(scores)
    t, s = np.arange(T)[:, None], np.arange(T)
    near, sink = s > t - window, np.broadcast_to(s < sinks, (T, T))
    allowed = (s <= t) & (near | sink)
    hidden = np.where(allowed, scores, -np.inf)
    found = {"near": near, "sinks": s < sinks, "near or sink": near | sink, "allowed": allowed, "dropped": ~allowed}
    return {**triangle(T), **found, "apart": t - s, "masked": hidden, **shared_out(hidden)}


@way("delta_step")
def _(state, k, v, beta):
    stored = k @ state
    missing = v - stored
    found = {"stored": stored, "missing": missing, "part of it": beta * missing, "part of the key": beta * k}
    return {**found, "outer": np.outer(k, missing), "added": beta * np.outer(k, missing)}


@way("one_pass")
def _(scores):
    below = scores - scores.max(1, keepdims=True)
    return {"less the largest": below, "powers": np.exp(below)}


@way("merge_parts")
def _(m_a, l_a, out_a, m_b, l_b, out_b):
    m = np.maximum(m_a, m_b)
    shrink_a, shrink_b = np.exp(m_a - m), np.exp(m_b - m)
    found = {"apart a": m_a - m, "apart b": m_b - m, "shrink a": shrink_a, "shrink b": shrink_b}
    sums = {"l a": shrink_a * l_a, "l b": shrink_b * l_b}
    return {**found, **sums, "out part a": shrink_a[..., None] * out_a, "out part b": shrink_b[..., None] * out_b}


@way("times_as_many")
def _(T, h, tile):
    tiles = -(-T // tile)
    plain, in_tiles = 4 * T * h + 4 * T * T, 2 * T * h + T + tiles * 2 * T * h
    return {"plain": plain, "tiles": tiles, "in tiles": in_tiles}


@way("score_gradients")
def _(q, k, v, out, logsumexp, dout):
    scale = q.shape[-1] ** -0.5
    scores = q @ turned(k)
    weights = np.exp(scores * scale - logsumexp[..., None])
    dweights, products = dout @ turned(v), dout * out
    D = products.sum(-1, keepdims=True)
    found = {"scores": scores, "scores scaled": scores * scale, "q scaled": q * scale, "k scaled": k * scale}
    found |= {"less the logsumexp": scores * scale - logsumexp[..., None], "weights": weights}
    return {**found, "dweights": dweights, "products": products, "D": D, "surplus": dweights - D}


@way("zigzag_ranks")
def _(T, ranks):
    piece = np.arange(T) // (T // (2 * ranks))
    return {"places": np.arange(T), "piece": piece, "from the end": 2 * ranks - 1 - piece}


@way("part_of_rank")
def _(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    width = x.shape[-1] // ranks
    own = slice(rank * width, (rank + 1) * width)
    columns = {name: W[:, own] for name, W in {"own Wq": Wq, "own Wk": Wk, "own Wv": Wv}.items()}
    wide = {f"x @ {name}": x @ W for name, W in columns.items()}
    q, k, v = (cut(made, heads // ranks) for made in wide.values())
    found = attended(q, k, v, q.shape[-1] ** -0.5)
    return {**columns, "own Wo": Wo[own], **wide, **found, "joined": join(found["out"])}

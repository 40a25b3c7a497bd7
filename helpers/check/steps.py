"""What stands on the way in a right solution: the steps of each exercise, as NumPy arrays by name.

Learners go different ways, so the steps of several ways stand side by side: the scale on q or on the scores, softmax in
one call or in its parts.
"""

import numpy as np

from helpers.check.wrong_heads import hidden, powers, soft, turned

WAYS = {}  # name of an exercise: a function of its inputs


def way(*names):
    """Register a function that makes the steps of these exercises."""

    def register(function):
        WAYS.update(dict.fromkeys(names, function))
        return function

    return register


def steps(exercise, case):
    """All that is known to stand on the way to the wanted results of a case, and these: arrays by name."""
    given = {name: np.asarray(value, float) for name, value in case.inputs.items()}
    with np.errstate(all="ignore"):
        made = WAYS[exercise.name](*case.inputs.values()) if exercise.name in WAYS else {}
        wanted = {name: np.asarray(value, float) for name, value in exercise.wanted(case).items()}
    return {name: np.asarray(value, float) for name, value in {**given, **made, **wanted}.items()}


# -- parts that several exercises share ----------------------------------------------------------------


def triangle(T):
    ones = np.tril(np.ones((T, T)))
    counts = np.arange(1, T + 1)
    return {
        "ones": np.ones((T, T)),
        "tril": ones,
        "future": 1 - ones,
        "nothing": np.full((T, T), -np.inf),
        "fill": np.where(ones == 0, -np.inf, 0),
        "places": np.arange(T),
        "counts": counts,
        "shares": 1 / counts,
    }


def shared_out(scores, name="weights"):
    """Softmax in its parts, over the last axis."""
    below = scores - scores.max(-1, keepdims=True)
    raised, plain = np.exp(below), np.exp(scores)
    return {
        "largest": scores.max(-1, keepdims=True),
        "less the largest": below,
        "powers": raised,
        "sums": raised.sum(-1, keepdims=True),
        "one by sums": 1 / raised.sum(-1, keepdims=True),
        "plain powers": plain,
        "plain sums": plain.sum(-1, keepdims=True),
        "one by plain sums": 1 / plain.sum(-1, keepdims=True),
        name: soft(scores),
    }


def masked(scores):
    """The mask and the softmax, of scores (..., T, T)."""
    raised = powers(scores) * np.tril(np.ones(scores.shape[-2:]))
    return {
        "all less the largest": scores - scores.max(-1, keepdims=True),
        "all powers": powers(scores),
        "powers of the past": raised,
        "sums of the past": raised.sum(-1, keepdims=True),
        "all plain powers": np.exp(scores),
        "past alone": np.tril(scores),
        **triangle(scores.shape[-1]),
        "masked": hidden(scores),
        **shared_out(hidden(scores)),
    }


def attended(q, k, v, scale):
    """A head from q, k and v of (..., T, h)."""
    scores = q @ turned(k)
    found = {"q": q, "k": k, "v": v, "qkv": np.concatenate([q, k, v], -1), "qk": np.concatenate([q, k], -1)}
    if scale != 1:
        found |= {f"{name} scaled": value * scale for name, value in {"q": q, "k": k, "scores": scores}.items()}
        found |= {f"{name} halfway": value * scale**0.5 for name, value in {"q": q, "k": k}.items()}
    return {"scores": scores, **found, **masked(scores * scale), "out": soft(hidden(scores * scale)) @ v}


# -- the exercises ----------------------------------------------------------------------------------------


@way("mean_so_far")
def _(x):
    return {**triangle(len(x)), **mean_matrix(len(x)), "sums": np.cumsum(x, 0), "total": x.sum(0)}


@way("running_means")
def _(x):
    return {**triangle(x.shape[1]), **mean_matrix(x.shape[1]), "sums": np.cumsum(x, 1)}


@way("averaging_matrix")
def mean_matrix(T):
    return {**triangle(T), "mean weights": np.tril(np.ones((T, T))) / np.arange(1, T + 1)[:, None]}


@way("softmax_rows")
def _(scores):
    return shared_out(scores)


@way("masked_weights")
def _(scores):
    return masked(scores)


@way("all_scores")
def _(q, k):
    return {"pairs": q[:, :, None] * k[:, None]}


@way("unscaled_head")
def _(x, Wq, Wk, Wv):
    return {"W": np.concatenate([Wq, Wk, Wv], -1), **attended(x @ Wq, x @ Wk, x @ Wv, 1)}


@way("scaled_scores")
def _(x, Wq, Wk):
    found = attended(x @ Wq, x @ Wk, x @ Wk, Wq.shape[1] ** -0.5)
    return {name: found[name] for name in found if name.partition(" ")[0] in ("q", "k", "qk", "scores")}


@way("softened")
def _(scores, temperature):
    return {"divided": scores / temperature, "cold": np.asarray(1 / temperature), **shared_out(scores / temperature)}


@way("one_number")
def _(x, Wq, Wk, Wv, t, h):
    past, scale = x[: t + 1], Wq.shape[1] ** -0.5
    query, keys, values = x[t] @ Wq, past @ Wk, past @ Wv
    scores = keys @ query
    whole = {f"whole {name}": value for name, value in attended(x @ Wq, x @ Wk, x @ Wv, scale).items()}
    return {
        **whole,
        "token": x[t],
        "past": past,
        "query": query,
        "query scaled": query * scale,
        "keys": keys,
        "all values": values,
        "column": Wv[:, h],
        "values": values[:, h],
        "value of all": (x @ Wv)[:, h],
        "scores": scores,
        "scores of all": x @ Wk @ query,
        "scores of all scaled": x @ Wk @ query * scale,
        "scores scaled": scores * scale,
        **shared_out(scores * scale),
        "row": soft(scores * scale) @ values,
        "products": soft(scores * scale) * values[:, h],
    }


@way("whole_head")
def _(x, Wq, Wk, Wv):
    return attended(x @ Wq, x @ Wk, x @ Wv, Wq.shape[1] ** -0.5)


@way("softmax_backward")
def _(weights, dweights):
    products = weights * dweights
    average = products.sum(1, keepdims=True)
    return {
        "products": products,
        "average": average,
        "surplus": dweights - average,
        "taken away": weights * average,
        "minus": -average,
    }


@way("values_backward")
def _(weights, v, dout):
    return {}


@way("cut_into_heads")
def _(q, heads):
    return {"cut": q.reshape(*q.shape[:2], heads, -1)}


@way("join_heads")
def _(out):
    return {"moved": out.swapaxes(1, 2)}


def cut(q, heads):
    return q.reshape(*q.shape[:2], heads, -1).swapaxes(1, 2)


def joined(out):
    return out.swapaxes(1, 2).reshape(len(out), out.shape[2], -1)


@way("all_heads")
def _(x, Wq, Wk, Wv, Wo, heads):
    wide = {name: x @ W for name, W in (("q", Wq), ("k", Wk), ("v", Wv))}
    scale = (len(Wq) // heads) ** -0.5
    found = attended(*(cut(one, heads) for one in wide.values()), scale)
    together = {
        "W": np.concatenate([Wq, Wk, Wv], -1),
        "qkv wide": np.concatenate([*wide.values()], -1),
        "q wide scaled": wide["q"] * scale,
        "k wide scaled": wide["k"] * scale,
    }
    return {**found, **{f"{name} wide": one for name, one in wide.items()}, **together, "joined": joined(found["out"])}


@way("add_positions")
def _(x, P, shift):
    T = x.shape[1]
    return {"rows": P[shift : shift + T], "places": np.arange(T), "shifted": np.arange(shift, shift + T)}


def angles_of(positions, size, base):
    pairs = np.arange(size // 2)
    speeds = base ** (-2.0 * pairs / size)
    angles = positions[:, None] * speeds
    return {
        "pairs": pairs,
        "twice": 2 * pairs,
        "minus twice": -2 * pairs,
        "exponents": -2 * pairs / size,
        "plain exponents": 2 * pairs / size,
        "speeds": speeds,
        "slownesses": 1 / speeds,
        "column": positions[:, None],
        "angles": angles,
        "sines": np.sin(angles),
        "cosines": np.cos(angles),
    }


def half_filled(even, odd):
    """Columns 0, 2, … and 1, 3, … of two arrays (T, C/2)."""
    return np.stack([even, odd], -1).reshape(len(even), -1)


@way("waves_at")
def _(positions, C):
    found = angles_of(positions, C, 10_000.0)
    sines, cosines = found["sines"], found["cosines"]
    return {
        **found,
        "half": half_filled(sines, 0 * cosines),
        "other half": half_filled(0 * sines, cosines),
        "stacked": np.stack([sines, cosines], -1),
    }


@way("turned_at")
def _(q, positions):
    found = angles_of(positions, q.shape[1], 1000.0)
    one, other = np.split(q, 2, 1)
    both = {name: np.concatenate([found[name]] * 2, -1) for name in ("angles", "sines", "cosines", "speeds")}
    quarter = np.concatenate([-other, one], 1)
    first = one * found["cosines"] - other * found["sines"]
    second = one * found["sines"] + other * found["cosines"]
    return {
        **found,
        **{f"both {name}": value for name, value in both.items()},
        "one": one,
        "other": other,
        "minus other": -other,
        "quarter": quarter,
        "first": first,
        "second": second,
        "stays": q * both["cosines"],
        "moves": quarter * both["sines"],
        "half": np.concatenate([first, 0 * second], 1),
        "other half": np.concatenate([0 * first, second], 1),
    }


@way("drop_weights")
def _(weights, keep, p):
    return {"kept": weights * keep, "larger": weights / (1 - p), "larger keep": keep / (1 - p)}


@way("up_and_down")
def _(x, Wup, bup, Wdown, bdown):
    up = x @ Wup + bup
    active = np.maximum(up, 0)
    return {"before the bias": x @ Wup, "up": up, "positive": up > 0, "active": active, "down": active @ Wdown}


@way("normalize_rows")
def _(x, gain, bias):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    normalized = (x - mean) / np.sqrt(variance + 1e-5)
    return {
        "sum": x.sum(-1, keepdims=True),
        "mean": mean,
        "centered": x - mean,
        "squares": (x - mean) ** 2,
        "sum of squares": ((x - mean) ** 2).sum(-1, keepdims=True),
        "x squared": x**2,
        "mean of squares": (x**2).mean(-1, keepdims=True),
        "square of the mean": mean**2,
        "variance": variance,
        "more": variance + 1e-5,
        "spread": np.sqrt(variance + 1e-5),
        "one by spread": (variance + 1e-5) ** -0.5,
        "normalized": normalized,
        "stretched": normalized * gain,
    }


@way("inputs_and_targets")
def _(ids, starts, context):
    places = starts[:, None] + np.arange(context)
    return {
        "offsets": np.arange(context),
        "places": places,
        "next places": places + 1,
        "windows": ids[starts[:, None] + np.arange(context + 1)],
    }


@way("mean_loss")
def _(logits, targets):
    B, T, V = logits.shape
    parts = shared_out(logits, "shares")
    logs = np.log(parts["shares"])
    picked = np.take_along_axis(logs, targets[..., None], -1)[..., 0]
    found = {
        **parts,
        "logs": logs,
        "log of sums": np.log(parts["plain sums"]),
        "log of sums of powers": np.log(parts["sums"]),
        "picked logits": np.take_along_axis(logits, targets[..., None], -1)[..., 0],
        "picked shares": np.exp(picked),
        "picked": picked,
        "losses": -picked,
        "minus logs": -logs,
        "total": -picked.sum(),
        "log mean": picked.mean(),
        "log total": picked.sum(),
        "one-hot": np.eye(V)[targets],
        "rows": np.arange(B * T),
    }
    flat = {f"flat {name}": found[name].reshape(B * T, -1) for name in ("logs", "shares", "picked", "one-hot")}
    flat |= {"flat logits": logits.reshape(B * T, V), "flat targets": targets.reshape(-1)}
    return {**found, **flat, "flat losses": -picked.reshape(-1)}


@way("previous_score")
def _(weights):
    before = weights.diagonal(-1)
    return {"before": before, "sum": before.sum()}


@way("without_head")
def _(out, head):
    keep = np.ones((len(out), 1, 1))
    keep[head] = 0
    return {"ones": np.ones((len(out), 1, 1)), "keep": keep, "rest": np.arange(len(out)) != head}


@way("repeated_places")
def _(ids):
    T = len(ids)
    alike = ids[:, None] == ids[None]
    shifted = np.zeros((T, T))
    shifted[:, 1:] = alike[:, :-1]
    return {**triangle(T), "alike": alike, "shifted": shifted, "earlier": alike[:, :-1], "before": ids[:-1]}

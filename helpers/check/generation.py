"""Exercises of notebook 15: a step over a cache, top-p, the rule of speculation, the bytes of a cache."""

import math

import numpy as np

from helpers.check.exercise import exercise
from helpers.check.wrong_heads import soft

PARTS = 64  # probabilities are whole parts of it, so that sums and comparisons are exact


def some_padding(rng, sizes):
    """n heads that have kept S tokens, of which the first ones are no text."""
    sizes["n"], sizes["S"] = int(rng.integers(1, 4)), sizes["T"]
    return {"padding": int(rng.integers(0, sizes["S"] + 1))}


@exercise(
    "15",
    asks="q: n h, k_kept: n S h, v_kept: n S h, k_new: n h, v_new: n h, padding:",
    gives="out: n h",
    draw=some_padding,
)
def one_more_token(q, k_kept, v_kept, k_new, v_new, padding):
    """What each head finds for one query among the kept keys that are text, and its own."""
    n, _, h = k_kept.shape
    out = np.zeros((n, h))
    for i in range(n):
        keys = [*k_kept[i, padding:], k_new[i]]
        values = [*v_kept[i, padding:], v_new[i]]
        scaled = [sum(q[i, c] * key[c] for c in range(h)) / math.sqrt(h) for key in keys]
        powers = [math.exp(one - max(scaled)) for one in scaled]
        for power, value in zip(powers, values):
            for c in range(h):
                out[i, c] += power / sum(powers) * value[c]
    return out


def joined(k_kept, v_kept, k_new, v_new, start=0, end=None):
    """Keys and values of a part of what is kept, and the new ones behind: 2 × (n, s, h)."""
    pairs = ((k_kept, k_new), (v_kept, v_new))
    return [np.concatenate([kept[:, start:end], new[:, None]], axis=1) for kept, new in pairs]


def found(q, k, v, scale=None, weigh=soft):
    """Attention of one query: (n, h), (n, s, h), (n, s, h) -> (n, h)."""
    scores = (q[:, None] @ k.swapaxes(1, 2)) * (q.shape[1] ** -0.5 if scale is None else scale)  # (n, 1, s)
    return (weigh(scores) @ v)[:, 0]


@one_more_token.mistake("the new token does not see itself: k_new and v_new belong to the keys and values it looks at")
def without_itself(q, k_kept, v_kept, k_new, v_new, padding):
    if padding == k_kept.shape[1]:
        return np.full_like(q, np.nan)
    return found(q, k_kept[:, padding:], v_kept[:, padding:])


@one_more_token.mistake("the padding is looked at, too: of what is kept, the first `padding` rows are no text")
def padding_seen(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new))


@one_more_token.mistake("the last rows of the cache were cut away: the padding stands in front")
def cut_at_the_end(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, 0, k_kept.shape[1] - padding))


@one_more_token.mistake("this is the padding alone, and the new token: wanted the rows from `padding` on")
def padding_alone(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, 0, padding))


@one_more_token.mistake("the scores are not scaled: divide them by the root of head_size")
def not_scaled(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, padding), scale=1)


@one_more_token.mistake("the scores are divided by head_size: wanted its root")
def divided_by_size(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, padding), scale=1 / q.shape[1])


@one_more_token.mistake("the scores are divided by the root of the number of heads: wanted that of head_size")
def divided_by_heads(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, padding), scale=len(q) ** -0.5)


@one_more_token.mistake("the scores are divided by the root of the number of keys: wanted that of head_size")
def divided_by_keys(q, k_kept, v_kept, k_new, v_new, padding):
    keys = k_kept.shape[1] - padding + 1
    return found(q, *joined(k_kept, v_kept, k_new, v_new, padding), scale=keys**-0.5)


@one_more_token.mistake("the scores are multiplied by the root of head_size: wanted divided")
def multiplied(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, padding), scale=q.shape[1] ** 0.5)


@one_more_token.mistake(
    "the new key stands in front of the kept ones and the new value behind them: both must have one order"
)
def out_of_order(q, k_kept, v_kept, k_new, v_new, padding):
    k, v = joined(k_kept, v_kept, k_new, v_new, padding)
    return found(q, np.roll(k, 1, axis=1), v)


@one_more_token.mistake(
    "the scores of the padding were set to 0, which is a score like any other: wanted -inf, or none at all"
)
def padding_at_zero(q, k_kept, v_kept, k_new, v_new, padding):
    k, v = joined(k_kept, v_kept, k_new, v_new)
    k[:, :padding] = 0
    return found(q, k, v)


@one_more_token.mistake(
    "the padding was hidden after the softmax: the weights that are left do not sum to 1; hide it before"
)
def hidden_too_late(q, k_kept, v_kept, k_new, v_new, padding):
    k, v = joined(k_kept, v_kept, k_new, v_new)
    v[:, :padding] = 0
    return found(q, k, v)


@one_more_token.mistake("there is no softmax: the scaled scores were taken as weights")
def no_softmax(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, padding), weigh=lambda scores: scores)


@one_more_token.mistake("the softmax ran over the heads, axis 0: wanted over the keys, axis -1")
def over_the_heads(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, padding), weigh=lambda scores: soft(scores, 0))


@one_more_token.mistake("this is the new value: wanted the average of all values, as the weights say")
def new_value(q, k_kept, v_kept, k_new, v_new, padding):
    return v_new


# -- top-p ----------------------------------------------------------------------------------------


def in_parts(rng, size, least=0):
    """Probabilities of whole 64ths: (size)."""
    drawn = rng.multinomial(PARTS - least * size, rng.dirichlet(np.ones(size))) + least
    return drawn / PARTS


def distinct(rng, size):
    """Probabilities of which no two are alike, none 0, in any order, so that the likeliest ones are certain."""
    while True:
        drawn = in_parts(rng, size, 1)
        if len(set(drawn)) == size:
            return drawn


def some_probabilities(rng, sizes):
    sizes["V"] = 2 + sizes["T"] % 6
    return {
        "probabilities": distinct(rng, sizes["V"]),
        "p": (2 * int(rng.integers(PARTS)) + 1) / (2 * PARTS),  # between two parts: no sum is p
    }


@exercise("15", asks="probabilities: V, p:", gives="kept: V", draw=some_probabilities)
def nucleus(probabilities, p):
    """The likeliest that have p or more together, as few as do, brought to a sum of 1; 0 for the others."""
    kept, total = np.zeros(len(probabilities)), 0.0
    for i in sorted(range(len(probabilities)), key=lambda i: -probabilities[i]):
        if total < p:
            kept[i] = probabilities[i]
            total += probabilities[i]
    return kept / total


def cut(probabilities, order, is_kept):
    """Keep those in this order for which is_kept says yes of their sums; what is kept sums to 1."""
    total = probabilities[order].cumsum()
    kept = np.zeros(len(probabilities))
    kept[order] = np.where(is_kept(total - probabilities[order], total), probabilities[order], 0)
    return kept / kept.sum()


def falling(probabilities):
    return np.argsort(-probabilities, kind="stable")


@nucleus.mistake("the shares were added up in the order of the vocabulary: sort first, the likeliest in front")
def not_sorted(probabilities, p):
    return cut(probabilities, np.arange(len(probabilities)), lambda before, total: before < p)


@nucleus.mistake("the least likely were taken first: sort with descending=True")
def rising(probabilities, p):
    return cut(probabilities, falling(probabilities)[::-1], lambda before, total: before < p)


@nucleus.mistake(
    "the token that crosses p is missing, so that what is kept has less than p: ask for the sum of those before it"
)
def crossing_dropped(probabilities, p):
    return cut(probabilities, falling(probabilities), lambda before, total: total < p)


@nucleus.mistake("one token more than needed was kept: those before it have p together already")
def one_too_many(probabilities, p):
    order = falling(probabilities)
    count = (probabilities[order].cumsum() - probabilities[order] < p).sum() + 1
    return cut(probabilities, order, lambda before, total: np.arange(len(order)) < count)


@nucleus.mistake("what is kept does not sum to 1: divide it by its sum")
def not_divided(probabilities, p):
    return np.where(nucleus.oracle(probabilities, p) > 0, probabilities, 0)


@nucleus.mistake("the shares are in sorted order, the largest first: each must go back to its own place")
def left_sorted(probabilities, p):
    return np.sort(nucleus.oracle(probabilities, p))[::-1].copy()


@nucleus.mistake("`order` was read the wrong way around: wanted kept[order] = likely, this is kept = likely[order]")
def order_turned(probabilities, p):
    return nucleus.oracle(probabilities, p)[falling(probabilities)][falling(probabilities)]


@nucleus.mistake("what is cut was found in sorted order and cut in the order of the vocabulary: bring it back first")
def cut_out_of_order(probabilities, p):
    likely = probabilities[falling(probabilities)]
    kept = np.where(likely.cumsum() - likely < p, probabilities, 0)
    return kept / kept.sum()


@nucleus.mistake("those are kept that have p or more each: wanted those that have it together")
def each_for_itself(probabilities, p):
    kept = np.where(probabilities >= p, probabilities, 0)
    return kept / kept.sum()


@nucleus.mistake(
    "those are kept that have at least p times the largest share, which is another rule (min-p): wanted the fewest "
    "that have p together"
)
def of_the_largest(probabilities, p):
    kept = np.where(probabilities >= p * probabilities.max(), probabilities, 0)
    return kept / kept.sum()


@nucleus.mistake("a softmax was taken of what is kept: these are probabilities already, divide them by their sum")
def softmax_again(probabilities, p):
    kept = nucleus.oracle(probabilities, p) > 0
    return np.where(kept, np.exp(probabilities), 0) / np.exp(probabilities[kept]).sum()


@nucleus.mistake("nothing was cut: these are the probabilities as they came")
def nothing_cut(probabilities, p):
    return probabilities


# -- speculation ----------------------------------------------------------------------------------


def two_models(rng, sizes):
    """What target and draft expect, and a token that the draft may propose."""
    sizes["V"] = V = 3 + sizes["T"] % 4
    while True:
        target, draft = in_parts(rng, V), in_parts(rng, V)
        x = int(rng.choice(V, p=draft))
        if (target != draft).any():
            return {"target": target, "draft": draft, "x": x}


@exercise("15", asks="target: V, draft: V, x:", gives="chance:, residual: V", draw=two_models)
def accept(target, draft, x):
    """The chance that x is taken, and what is drawn from if it is not."""
    more = [max(0.0, p - q) for p, q in zip(target, draft)]
    return min(1.0, target[x] / draft[x]), np.array([one / sum(more) for one in more])


def more(target, draft):
    return np.maximum(target - draft, 0)


def owed(target, draft):
    return more(target, draft) / more(target, draft).sum()


def chance(target, draft, x):
    return min(1.0, target[x] / draft[x])


@accept.mistake("the chance is not capped: where the target expects x more than the draft does, it is 1")
def not_capped(target, draft, x):
    return target[x] / draft[x], owed(target, draft)


@accept.mistake("the ratio stands on its head: wanted target / draft, so that what the draft proposes too often falls")
def upside_down(target, draft, x):
    return min(1.0, draft[x] / target[x]), owed(target, draft)


@accept.mistake("the chance is the target's probability of x: wanted its ratio to the draft's, since x was drawn there")
def target_alone(target, draft, x):
    return target[x], owed(target, draft)


@accept.mistake("the chance is that of a refusal, 1 minus the one that is wanted")
def of_a_refusal(target, draft, x):
    return 1 - chance(target, draft, x), owed(target, draft)


@accept.mistake("the chance is min(target, draft), that x is proposed and taken: it was proposed, divide by draft[x]")
def proposed_and_taken(target, draft, x):
    return min(target[x], draft[x]), owed(target, draft)


@accept.mistake(
    "after a refusal this draws from the target itself, so that what the draft likes comes too often: wanted what the "
    "target has more"
)
def from_the_target(target, draft, x):
    return chance(target, draft, x), target


@accept.mistake("after a refusal this draws from the target without x: wanted what the target has more, of each token")
def without_x(target, draft, x):
    left = np.where(np.arange(len(target)) == x, 0, target)
    return chance(target, draft, x), left / left.sum()


@accept.mistake("the differences were taken without their sign: where the draft has more, nothing is owed, 0")
def without_sign(target, draft, x):
    left = abs(target - draft)
    return chance(target, draft, x), left / left.sum()


@accept.mistake("this is what the draft has more: wanted what the target has more, target - draft")
def of_the_draft(target, draft, x):
    return chance(target, draft, x), owed(draft, target)


@accept.mistake("what the target has more does not sum to 1: divide it by its sum")
def not_brought_to_one(target, draft, x):
    return chance(target, draft, x), more(target, draft)


@accept.mistake("the negative differences are still there: put 0 in their place before you divide")
def not_clamped(target, draft, x):
    return chance(target, draft, x), (target - draft) / more(target, draft).sum()


@accept.mistake("a softmax was taken of the differences: put 0 for the negative ones, and divide by the sum")
def softmax_of_differences(target, draft, x):
    return chance(target, draft, x), soft(target - draft)


# -- the bytes of a cache -------------------------------------------------------------------------


def a_machine(rng, sizes):
    """A model of any shape, and memory for some tokens and a half."""
    key_heads, shared = int(rng.integers(1, 5)), int(rng.integers(2, 5))
    model = {
        "batch": sizes["B"] + 1,
        "layers": int(rng.integers(2, 9)),
        "heads": key_heads * shared,
        "key_heads": key_heads,
        "head_size": int(rng.integers(3, 17)),
        "bytes_each": int(rng.choice([2, 4])),
    }
    token = 2 * math.prod(model.values()) // model["heads"]
    return {"free": token * int(rng.integers(20, 200)) + token // 2, **model}


@exercise(
    "15", asks="free:, batch:, layers:, heads:, key_heads:, head_size:, bytes_each:", gives="tokens:", draw=a_machine
)
def tokens_that_fit(free, batch, layers, heads, key_heads, head_size, bytes_each):
    """Count the tokens until the next one would not fit."""
    tokens = 0
    while (tokens + 1) * batch * layers * key_heads * head_size * bytes_each * 2 <= free:
        tokens += 1
    return tokens


def room(free, *each):
    return free // math.prod(each)


@tokens_that_fit.mistake("only keys or only values were counted: both are kept, times 2")
def keys_alone(free, batch, layers, heads, key_heads, head_size, bytes_each):
    return room(free, batch, layers, key_heads, head_size, bytes_each)


@tokens_that_fit.mistake("all heads were counted: keys and values are kept once for each key head")
def all_heads_counted(free, batch, layers, heads, key_heads, head_size, bytes_each):
    return room(free, 2, batch, layers, heads, head_size, bytes_each)


@tokens_that_fit.mistake("heads // key_heads is how many share a key head: wanted the key heads themselves")
def sharing_counted(free, batch, layers, heads, key_heads, head_size, bytes_each):
    return room(free, 2, batch, layers, heads // key_heads, head_size, bytes_each)


@tokens_that_fit.mistake("the batch is missing: each text keeps its own keys and values")
def one_text(free, batch, layers, heads, key_heads, head_size, bytes_each):
    return room(free, 2, layers, key_heads, head_size, bytes_each)


@tokens_that_fit.mistake("this is one layer alone: each layer keeps its own keys and values")
def one_layer(free, batch, layers, heads, key_heads, head_size, bytes_each):
    return room(free, 2, batch, key_heads, head_size, bytes_each)


@tokens_that_fit.mistake("head_size is missing: a key is that many numbers")
def one_number(free, batch, layers, heads, key_heads, head_size, bytes_each):
    return room(free, 2, batch, layers, key_heads, bytes_each)


@tokens_that_fit.mistake("numbers were counted, not bytes: times bytes_each")
def numbers_not_bytes(free, batch, layers, heads, key_heads, head_size, bytes_each):
    return room(free, 2, batch, layers, key_heads, head_size)


@tokens_that_fit.mistake("bytes_each was taken for bits: it counts bytes, as free does")
def in_bits(free, batch, layers, heads, key_heads, head_size, bytes_each):
    return 8 * free // (2 * batch * layers * key_heads * head_size * bytes_each)


@tokens_that_fit.mistake("this is rounded up: the last token would fit only in part")
def rounded_up(free, batch, layers, heads, key_heads, head_size, bytes_each):
    return room(free, 2, batch, layers, key_heads, head_size, bytes_each) + 1


@tokens_that_fit.mistake("queries were counted as well, times 3: only keys and values are kept, times 2")
def with_queries(free, batch, layers, heads, key_heads, head_size, bytes_each):
    return room(free, 3, batch, layers, key_heads, head_size, bytes_each)


@tokens_that_fit.mistake("these are the tokens of all texts together: wanted those of each, divided by the batch")
def tokens_together(free, batch, layers, heads, key_heads, head_size, bytes_each):
    return batch * room(free, 2, batch, layers, key_heads, head_size, bytes_each)

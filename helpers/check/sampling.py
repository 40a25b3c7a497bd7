"""Exercises of notebook 15 on sampling: top-p, and the rule by which speculation takes a token or not."""

import numpy as np

from helpers.check.exercise import exercise
from helpers.check.wrong_heads import soft

PARTS = 64  # probabilities are whole parts of it, so that sums and comparisons are exact


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

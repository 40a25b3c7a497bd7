"""Exercises of notebook 12: batches, the loss, the temperature."""

import math

import numpy as np

from helpers.check.exercise import exercise


def a_text(rng, sizes):
    """A text of N ids, B places to begin at, and a context of T that fits behind each of them."""
    sizes["N"] = sizes["T"] + int(rng.integers(4, 9))
    starts = rng.integers(sizes["N"] - sizes["T"], size=sizes["B"])
    return {"ids": rng.integers(60, size=sizes["N"]), "starts": starts, "context": sizes["T"]}


@exercise("12", asks="ids: N, starts: B, context:", gives="inputs: B T, targets: B T", draw=a_text)
def inputs_and_targets(ids, starts, context):
    """For each start, ``context`` ids from there on, and for each of these the id that comes next."""
    inputs, targets = np.zeros((len(starts), context), int), np.zeros((len(starts), context), int)
    for b, start in enumerate(starts):
        for t in range(context):
            inputs[b, t] = ids[start + t]
            targets[b, t] = ids[start + t + 1]
    return inputs, targets


def windows(ids, starts, length):
    """Runs of ids (B, length) that begin at the starts; past the end of the text they begin anew."""
    return ids[(starts[:, None] + np.arange(length)) % len(ids)]


@inputs_and_targets.mistake("the targets are the inputs themselves: a model would learn to repeat what it reads")
def not_shifted(ids, starts, context):
    return windows(ids, starts, context), windows(ids, starts, context)


@inputs_and_targets.mistake("the targets are one token back, wanted one on: a model would learn to tell what was")
def shifted_back(ids, starts, context):
    return windows(ids, starts, context), windows(ids, starts - 1, context)


@inputs_and_targets.mistake("the targets are two tokens on, wanted one")
def two_on(ids, starts, context):
    return windows(ids, starts, context), windows(ids, starts + 2, context)


@inputs_and_targets.mistake("inputs and targets have changed places: return inputs first")
def swapped(ids, starts, context):
    return windows(ids, starts + 1, context), windows(ids, starts, context)


@inputs_and_targets.mistake("the targets are only the last token of each window: every place has a target, (B, T)")
def last_alone(ids, starts, context):
    return windows(ids, starts, context), windows(ids, starts + 1, context)[:, -1]


@inputs_and_targets.mistake(
    "each sequence of inputs ends one token too early: wanted as many tokens as the context says"
)
def one_short(ids, starts, context):
    return windows(ids, starts, context - 1), windows(ids, starts + 1, context - 1)


@inputs_and_targets.mistake(
    "each sequence is one token too long: a window of context + 1 ids gives the inputs and the targets together"
)
def one_too_long(ids, starts, context):
    return windows(ids, starts, context + 1), windows(ids, starts + 1, context + 1)


@inputs_and_targets.mistake("all sequences begin at the beginning of the text: the starts are not used")
def from_the_beginning(ids, starts, context):
    return windows(ids, 0 * starts, context), windows(ids, 0 * starts + 1, context)


def some_targets(rng, sizes):
    """Logits for a vocabulary of V, and the tokens that really came."""
    sizes["V"] = int(rng.integers(2, 8))
    return {"targets": rng.integers(sizes["V"], size=(sizes["B"], sizes["T"]))}


@exercise("12", asks="logits: B T V, targets: B T", gives="loss:", loops=False, draw=some_targets)
def mean_loss(logits, targets):
    """The mean, over all places, of how surprising the token was that really came: minus the log of its probability."""
    B, T, _ = logits.shape  # (B, T, V)
    total = 0.0
    for b in range(B):
        for t in range(T):
            largest = max(logits[b, t])
            chance = math.exp(logits[b, t, targets[b, t]] - largest) / sum(
                math.exp(logit - largest) for logit in logits[b, t]
            )
            total -= math.log(chance)
    return total / (B * T)


def log_shares(logits, axis=-1):
    below = logits - logits.max(axis=axis, keepdims=True)
    return below - np.log(np.exp(below).sum(axis=axis, keepdims=True))


def picked(values, targets):
    return np.take_along_axis(values, targets[..., None], axis=-1)[..., 0]  # (B, T, V) -> (B, T)


@mean_loss.mistake("the surprises are added up, wanted their mean over all B·T places")
def summed(logits, targets):
    return -picked(log_shares(logits), targets).sum()


@mean_loss.mistake("these are bits, from the logarithm of base 2: wanted nats, from the natural one")
def in_bits(logits, targets):
    return -picked(log_shares(logits), targets).mean() / math.log(2)


@mean_loss.mistake("the sign is missing: the logarithm of a probability is negative, and a surprise is not")
def without_sign(logits, targets):
    return picked(log_shares(logits), targets).mean()


@mean_loss.mistake("there is no softmax: the logits of the targets themselves were averaged")
def raw_logits(logits, targets):
    return -picked(logits, targets).mean()


@mean_loss.mistake("there is no logarithm: this is one minus the mean probability of the targets")
def no_logarithm(logits, targets):
    return 1 - np.exp(picked(log_shares(logits), targets)).mean()


@mean_loss.mistake("the softmax ran over the tokens, wanted over the vocabulary, the last axis")
def over_the_tokens(logits, targets):
    return -picked(log_shares(logits, axis=1), targets).mean()


@mean_loss.mistake("only the last token of each sequence was counted: every place has its own guess and its own target")
def last_token_alone(logits, targets):
    return -picked(log_shares(logits), targets)[:, -1].mean()


@mean_loss.mistake("this is the mean over the whole vocabulary: only the token that really came counts")
def whole_vocabulary(logits, targets):
    return -log_shares(logits).mean()


@mean_loss.mistake("the logarithm was taken of the mean probability, wanted the mean of the logarithms")
def log_of_the_mean(logits, targets):
    return -math.log(np.exp(picked(log_shares(logits), targets)).mean())


@mean_loss.mistake(
    "softmax came before a loss that takes logits, such as cross_entropy, which has its own: so it came twice"
)
def softmax_before(logits, targets):
    return -picked(log_shares(np.exp(log_shares(logits))), targets).mean()


@mean_loss.mistake("the probability was taken for its logarithm: minus the mean probability of the targets")
def minus_the_probability(logits, targets):
    return -np.exp(picked(log_shares(logits), targets)).mean()


@mean_loss.mistake("softmax ran over the batch, axis 0: wanted over the vocabulary, the last axis")
def over_the_batch(logits, targets):
    return -picked(log_shares(logits, axis=0), targets).mean()


@mean_loss.mistake("the surprises are added up and divided by B alone, wanted by all B·T places")
def by_the_batch(logits, targets):
    return -picked(log_shares(logits), targets).sum() / len(targets)


@mean_loss.mistake("the surprises are added up and divided by T alone, wanted by all B·T places")
def by_the_tokens(logits, targets):
    return -picked(log_shares(logits), targets).sum() / targets.shape[1]


@mean_loss.mistake("only the first sequence was counted: wanted all B of them")
def first_sequence_alone(logits, targets):
    return -picked(log_shares(logits), targets)[0].mean()


@mean_loss.mistake(
    "the logits were reshaped to (B, V, T), not transposed: so the numbers of a token are scattered; flatten B and T, "
    "or transpose"
)
def reshaped_logits(logits, targets):
    B, T, V = logits.shape
    return -picked(np.swapaxes(log_shares(logits.reshape(B, V, T), axis=1), 1, 2), targets).mean()


@mean_loss.mistake("each guess was compared with the target before it: targets belong to their own place")
def compared_too_late(logits, targets):
    return -picked(log_shares(logits), np.roll(targets, 1, axis=1)).mean()


@mean_loss.mistake("this is the perplexity, e to the power of the loss")
def perplexity(logits, targets):
    return np.exp(-picked(log_shares(logits), targets).mean())

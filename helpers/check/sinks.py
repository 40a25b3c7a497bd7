"""The exercise of notebook 16 on a window with sinks."""

import numpy as np

from helpers.check.exercise import exercise
from helpers.check.fewer_keys import soft


def a_window(rng, sizes):
    """A window that is shorter than the text, where the text is long enough, and up to two sinks."""
    return {"window": int(rng.integers(1, max(2, sizes["T"]))), "sinks": int(rng.integers(0, 3))}


@exercise("16", asks="scores: T T, window:, sinks:", gives="weights: T T", draw=a_window)
def window_weights(scores, window, sinks):
    """Token t sees itself, the window - 1 tokens before it and the first ``sinks``, and none that comes later."""
    T = len(scores)
    weights = np.zeros((T, T))
    for t in range(T):
        seen = [s for s in range(t + 1) if t - s < window or s < sinks]
        top = max(scores[t, s] for s in seen)
        total = sum(np.exp(scores[t, s] - top) for s in seen)
        for s in seen:
            weights[t, s] = np.exp(scores[t, s] - top) / total
    return weights


def windowed(scores, allowed):
    """Softmax over what is allowed. allowed(t, s): True or False for every pair."""
    t, s = np.indices(scores.shape)
    with np.errstate(invalid="ignore"):
        return soft(np.where(allowed(t, s), scores, -np.inf))


@window_weights.mistake("the window is one too long: wanted `window` tokens with the token itself, s > t - window")
def one_too_long(scores, window, sinks):
    return windowed(scores, lambda t, s: (s <= t) & ((s >= t - window) | (s < sinks)))


@window_weights.mistake("the window is one too short: the token itself counts, wanted s > t - window")
def one_too_short(scores, window, sinks):
    return windowed(scores, lambda t, s: (s <= t) & ((s > t - window + 1) | (s < sinks) | (s == t)))


@window_weights.mistake("the sinks are not seen: wanted the first tokens visible to all that come after them")
def no_sinks(scores, window, sinks):
    return windowed(scores, lambda t, s: (s <= t) & (s > t - window))


@window_weights.mistake("there is one sink too many: wanted s < sinks")
def one_sink_more(scores, window, sinks):
    return windowed(scores, lambda t, s: (s <= t) & ((s > t - window) | (s <= sinks)))


@window_weights.mistake(
    "the sinks are seen by tokens before them: the causal mask must hold for sinks, too, as in (s <= t) & (near | sink)"
)
def sinks_before_their_time(scores, window, sinks):
    return windowed(scores, lambda t, s: ((s <= t) & (s > t - window)) | (s < sinks))


@window_weights.mistake("the window is open to later tokens as well: wanted s <= t")
def both_sides(scores, window, sinks):
    return windowed(scores, lambda t, s: (abs(t - s) < window) | (s < sinks))


@window_weights.mistake("there is no window: wanted tokens that are `window` or more back to be hidden")
def no_window(scores, window, sinks):
    return windowed(scores, lambda t, s: s <= t)


@window_weights.mistake("the window reaches forward, from t on: wanted back from t")
def forward(scores, window, sinks):
    return windowed(scores, lambda t, s: ((s >= t) & (s < t + window)) | ((s < sinks) & (s <= t)))


@window_weights.mistake(
    "the weights were masked after the softmax and their rows do not sum to 1: mask the scores with -inf before it"
)
def masked_late(scores, window, sinks):
    t, s = np.indices(scores.shape)
    return soft(scores) * ((s <= t) & ((s > t - window) | (s < sinks)))


@window_weights.mistake("the sinks are the last tokens of the text: wanted the first")
def last_tokens(scores, window, sinks):
    T = len(scores)
    return windowed(scores, lambda t, s: (s <= t) & ((s > t - window) | (s >= T - sinks)))


@window_weights.mistake("the sinks are counted in the window: wanted `window` tokens, and the sinks beside them")
def sinks_in_the_window(scores, window, sinks):
    return windowed(scores, lambda t, s: (s <= t) & ((s > t - (window - sinks)) | (s < sinks)))


@window_weights.mistake("what is not allowed was filled with 0: e to the power of 0 is 1, so wanted -inf")
def filled_with_zero(scores, window, sinks):
    t, s = np.indices(scores.shape)
    return soft(np.where((s <= t) & ((s > t - window) | (s < sinks)), scores, 0.0))

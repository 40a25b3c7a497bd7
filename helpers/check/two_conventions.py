"""The exercise of notebook 14 on two masks that say what is dropped, and one that is added."""

import numpy as np

from helpers.check.exercise import exercise


def two_masks(rng, sizes):
    """Masks of nn.MultiheadAttention: some pairs are dropped, and in each text some padding, another number in each."""
    sizes["S"] = int(rng.integers(3, 7))
    lengths = rng.integers(1, sizes["S"], sizes["B"])
    dropped = rng.random((sizes["T"], sizes["S"])) < 0.4
    dropped[0, :2] = True, False  # some of each kind, whatever the sizes
    return {"dropped": dropped, "padded": np.arange(sizes["S"]) >= lengths[:, None]}


@exercise("14", asks="dropped: T S, padded: B S", gives="added: B T S", draw=two_masks, loops=False)
def one_mask(dropped, padded):
    """0 where the pair is not dropped and the key is no padding, -inf elsewhere."""
    (T, S), B = dropped.shape, len(padded)
    added = np.zeros((B, T, S))
    for b in range(B):
        for t in range(T):
            for s in range(S):
                added[b, t, s] = -np.inf if dropped[t, s] or padded[b, s] else 0.0
    return added


def both(dropped, padded):
    """The two masks as arrays of truth: (1, T, S) and (B, 1, S)."""
    return np.asarray(dropped)[None] != 0, np.asarray(padded)[:, None, :] != 0


def to_add(allowed):
    return np.where(allowed, 0.0, -np.inf)


@one_mask.mistake(
    "the two ends are exchanged: True means dropped in both masks, and became 0, which lets it in; wanted -inf there"
)
def still_dropped(dropped, padded):
    pairs, keys = both(dropped, padded)
    return to_add(pairs | keys)


@one_mask.mistake("padded is read the wrong way round: True is padding, and should become -inf, not 0")
def padding_not_turned(dropped, padded):
    pairs, keys = both(dropped, padded)
    return to_add(~pairs & keys)


@one_mask.mistake(
    "dropped is read the wrong way round: True is a pair that does not count, and should become -inf, not 0"
)
def pairs_not_turned(dropped, padded):
    pairs, keys = both(dropped, padded)
    return to_add(pairs & ~keys)


@one_mask.mistake("it is enough here that one of the two masks lets it in: wanted -inf where either of them drops it")
def one_is_enough(dropped, padded):
    pairs, keys = both(dropped, padded)
    return to_add(~pairs | ~keys)


@one_mask.mistake("it is 0 where both masks drop, and -inf elsewhere: wanted 0 where neither does")
def both_must_drop(dropped, padded):
    pairs, keys = both(dropped, padded)
    return to_add(pairs & keys)


@one_mask.mistake("padded was forgotten: the padding is looked at")
def without_padding(dropped, padded):
    pairs, keys = both(dropped, padded)
    return to_add(~pairs & (keys | True))


@one_mask.mistake("dropped was forgotten: the padding alone is hidden")
def without_pairs(dropped, padded):
    pairs, keys = both(dropped, padded)
    return to_add(~keys & (pairs | True))


@one_mask.mistake("these are 1 and 0, which would be added to the scores as they are: wanted 0 and -inf")
def ones_and_zeros(dropped, padded):
    pairs, keys = both(dropped, padded)
    return (~pairs & ~keys).astype(float)


@one_mask.mistake("these are 0 and 1, which would be added to the scores as they are: wanted 0 and -inf")
def zeros_and_ones(dropped, padded):
    pairs, keys = both(dropped, padded)
    return (pairs | keys).astype(float)


@one_mask.mistake("what is dropped became -1e9, not -inf: in float16 there is no such number")
def much_added(dropped, padded):
    return np.maximum(to_add(~(both(dropped, padded)[0] | both(dropped, padded)[1])), -1e9)

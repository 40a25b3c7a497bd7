"""The exercise of notebook 15 on how many tokens have room in a cache."""

import math

from helpers.check.exercise import exercise


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

"""Does a function give the same twice? If not: are its numbers drawn at random, or is something kept between calls?"""

import random
import sys
from contextlib import contextmanager

import numpy as np

from helpers.check.tries import same
from helpers.see.calling import random_numbers_kept

AGAIN = 4  # of the largest tries are run once more
SEEDS = 30  # with so many starts, even a rare chance shows itself
AT_RANDOM = (
    "it gives other numbers each time, for the same input: something in it is drawn at random in each call, as dropout "
    "draws, and a new nn.Linear its weights and its bias."
)
KEPT = (
    "it gives other numbers each time, for the same input, though nothing in it seems to be drawn at random: is "
    "something kept from one call to the next, a global or a default argument, or is memory read that was never "
    "filled, as that of `empty`?"
)


@contextmanager
def random_numbers_from(seed):
    """All random numbers begin at a seed, those of ``np.random.default_rng()`` too."""
    torch, unseeded = sys.modules.get("torch"), np.random.default_rng
    with random_numbers_kept():
        random.seed(seed)
        np.random.seed(seed)
        if torch:
            torch.default_generator.manual_seed(seed)  # torch.manual_seed writes down who called, too, which takes long
        np.random.default_rng = lambda own=None: unseeded(seed if own is None else own)
        try:
            yield
        finally:
            np.random.default_rng = unseeded


def unsteady(trials, tries):
    """The first of the tries that comes out otherwise when it is run again, as a Try with a sentence; else None.

    The first one is run again, for whatever is kept since; the first wrong one, which may have been chance; and the
    largest ones, where chance shows soonest. Where something was drawn that did not show, the largest one is run from
    many seeds: a dropout of 1 in 100 leaves most calls as they are.
    """
    largest = sorted(tries, key=lambda one: -sum(np.size(value) for value in one.found.values()))[:AGAIN]
    chosen = [*tries[:1], *[one for one in tries if not one.right][:1], *largest]
    for one in {id(one): one for one in chosen}.values():
        if trials.is_over:
            return None
        before = one is largest[0] and drawn_so_far()
        if not alike(one, trials.run(one.case)):
            one.problem = AT_RANDOM if is_drawn(trials, one.case) else KEPT
            return one
        if before and before != drawn_so_far() and is_drawn(trials, one.case):
            one.problem = AT_RANDOM
            return one
    return None


def drawn_so_far():
    """Where the random numbers stand, those with a state that all share: another one after something was drawn."""
    torch = sys.modules.get("torch")
    name, keys, *place = np.random.get_state()
    return random.getstate(), name, keys.tobytes(), place, torch and torch.get_rng_state().numpy().tobytes()


def is_drawn(trials, case):
    """At random means: the same from the same seed, and something else from some other seed."""

    def run(seed):
        with random_numbers_from(seed):
            return trials.run(case)

    first = run(0)
    return alike(first, run(0)) and not all(alike(first, run(seed)) for seed in range(1, SEEDS + 1))


def alike(one, other):
    """Did two tries of a case come to the same?"""
    if one.found is None or other.found is None:
        return one.found is other.found
    return same(one.found, other.found, one.case.scale)

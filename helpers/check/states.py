"""The exercise of notebook 16 on a state that erases before it writes."""

import numpy as np

from helpers.check.exercise import exercise


def a_state(rng, sizes):
    """A value size of its own, a key of length 1, and a share between 0 and 1."""
    sizes["e"] = int(rng.integers(1, 5))
    k = rng.normal(size=sizes["h"])
    return {"k": k / np.linalg.norm(k), "beta": round(float(rng.uniform(0.2, 0.9)), 2)}


@exercise("16", asks="state: h e, k: h, v: e, beta:", gives="written: h e", draw=a_state)
def delta_step(state, k, v, beta):
    """What the state holds under the key is moved to v, by the share beta."""
    written = np.zeros(state.shape)
    for j in range(state.shape[1]):
        stored = sum(k[i] * state[i, j] for i in range(len(k)))
        for i in range(len(k)):
            written[i, j] = state[i, j] + beta * k[i] * (v[j] - stored)
    return written


@delta_step.mistake("nothing was erased: k times v was added as in linear attention; wanted v - stored in place of v")
def only_added(state, k, v, beta):
    return state + beta * np.outer(k, v)


@delta_step.mistake("beta was left out: all of the difference was written")
def no_beta(state, k, v, beta):
    return state + np.outer(k, v - k @ state)


@delta_step.mistake("the difference has the wrong sign: wanted v - stored")
def wrong_sign(state, k, v, beta):
    return state + beta * np.outer(k, k @ state - v)


@delta_step.mistake("beta is applied to v alone, and all that was stored is erased: wanted beta * (v - stored)")
def beta_on_the_value(state, k, v, beta):
    return state + np.outer(k, beta * v - k @ state)


@delta_step.mistake("beta is applied to what is erased alone: wanted beta * (v - stored)")
def beta_on_the_stored(state, k, v, beta):
    return state + np.outer(k, v - beta * (k @ state))


@delta_step.mistake("beta was squared: it was multiplied in twice")
def beta_twice(state, k, v, beta):
    return state + beta**2 * np.outer(k, v - k @ state)


@delta_step.mistake("the old state was dropped: wanted state + what is written")
def state_dropped(state, k, v, beta):
    return beta * np.outer(k, v - k @ state)


@delta_step.mistake("what was stored under the key was erased, but the new value was not written")
def only_erased(state, k, v, beta):
    return state - beta * np.outer(k, k @ state)


@delta_step.mistake("the whole state was faded by 1 - beta: wanted only what lies under this key erased")
def whole_state_faded(state, k, v, beta):
    return (1 - beta) * state + beta * np.outer(k, v)


@delta_step.mistake("the value was taken away from every row of the state: wanted only along the key, k times the rest")
def every_row(state, k, v, beta):
    return state + beta * (v - k @ state)


@delta_step.mistake("1 - beta was written: beta is the share that is written, not the share that is left")
def the_other_share(state, k, v, beta):
    return state + (1 - beta) * np.outer(k, v - k @ state)

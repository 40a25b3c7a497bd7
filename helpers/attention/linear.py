"""Attention without softmax: a state that each token writes into, and a rule that erases before it writes."""

import numpy as np

from helpers.attention.parts import checked
from helpers.trace.trace import Trace

AXES = {"q": ("t h", "query"), "k": ("t h", "key"), "v": ("t value_size", "value")}

# As they are drawn: each matrix close to what is made of it, so that few arrows cross.
BY_STATE = "k", "k_positive", "v", "state", "q", "q_positive", "summed", "keys", "total", "out"
BY_SCORES = "q", "q_positive", "k", "k_positive", "scores", "total", "v", "summed", "out"
DELTA = "k", "decay", "state_before", "faded", "stored", "v", "missing", "beta", "write", "state", "q", "out"


def linear_attention(q, k, v, *, by_state=True, positive=True, normalize=True, tokens=None):
    """Causal attention without softmax, in either order (Katharopoulos et al. 2020).

    by_state: first the state, the sum of k times v over all tokens so far, then q times it; else first the scores,
    q times k, then v. positive: e to the power of queries and of keys, so that no score is negative (the paper takes
    elu + 1, which is positive as well). normalize: divide by the sum of the scores. q, k: (T, h); v: (T, value_size).
    Raises ValueError for other shapes and numbers that are not finite.

    >>> q, k, v = [[1.0], [2.0]], [[3.0], [1.0]], [[1.0], [5.0]]
    >>> for by_state in (True, False):
    ...     print(linear_attention(q, k, v, by_state=by_state)["out"].value.round(3).tolist())
    [[1.0], [1.477]]
    [[1.0], [1.477]]
    """
    trace = begin("linear_attention", q, k, v, tokens)
    names = [above_zero(trace, name) for name in "qk"] if positive else ["q", "k"]
    q, k = names
    last = "summed" if normalize else "out"
    role = {"role": "out"}
    if by_state:
        code = f"state = ({k}[:, :, None] * v[:, None, :]).cumsum(0)"
        trace.step(
            "state", "sum-product", "s h, s value_size -> t h value_size | s <= t", k, "v", role="value", code=code
        )
        code = f"{last} = ({q}[:, None, :] @ state).squeeze(1)"
        trace.step(last, "sum-product", "t h, t h value_size -> t value_size", q, "state", code=code, **role)
        if normalize:
            trace.step("keys", "sum-product", "s h -> t h | s <= t", k, role="key", code=f"keys = {k}.cumsum(0)")
            code = f"total = ({q} * keys).sum(-1, keepdim=True)"
            trace.step("total", "sum-product", "t h, t h -> t", q, "keys", role="scores", code=code)
    else:
        code = f"scores = ({q} @ {k}.T).tril()"
        rule = "t h, s h -> t s | s <= t"
        trace.step("scores", "sum-product", rule, q, k, role="scores", code=code)
        code = f"{last} = scores @ v"
        trace.step(last, "sum-product", "t s, s value_size -> t value_size", "scores", "v", code=code, **role)
        if normalize:
            code = "total = scores.sum(-1, keepdim=True)"
            trace.step("total", "sum-product", "t s -> t", "scores", role="scores", code=code)
    if normalize:
        rule, code = "t value_size, t -> t value_size", "out = summed / total"
        trace.step("out", "quotient", rule, "summed", "total", code=code, **role)
    return in_order(trace, BY_STATE if by_state else BY_SCORES)


def above_zero(trace, name):
    """e to the power of every number: positive, and so is every sum of products of such. The name of the step."""
    how = {"role": AXES[name][1], "code": f"{name}_positive = {name}.exp()"}
    return trace.step(f"{name}_positive", "exp", "t h -> t h", name, **how).name


def delta_rule(q, k, v, beta=1.0, decay=1.0, *, tokens=None):
    """Each token reads what the state holds under its key, and writes the difference: the gated delta rule.

    q, k: (T, h), keys of length 1 as a rule; v: (T, value_size). beta: how much of the difference is written (Schlag et
    al. 2021). decay: what is left of the old state before that (Yang et al. 2024). Both are a number for all tokens, or
    (T,), one for each. ``state[t]`` is what token t leaves and ``state_before[t]`` what it finds: what the token before
    it left, and zeros at first. Raises ValueError for other shapes and numbers that are not finite.

    >>> q = k = [[1.0, 0.0], [1.0, 0.0]]
    >>> delta_rule(q, k, [[5.0], [7.0]])["out"].value.tolist()  # the second value takes the place of the first
    [[5.0], [7.0]]
    """
    trace = begin("delta_rule", q, k, v, tokens)
    gates = {"beta": checked("beta", beta), "decay": checked("decay", decay)}
    for name, gate in gates.items():
        if gate.ndim:
            trace.given(name, gate, "t")
    how = {"role": "value"}
    # Given, as a step that read the states would read what comes after it.
    found = found_states(trace["k"].value, trace["v"].value, **gates)
    trace.given("state_before", found, "t h value_size", **how)
    state = faded(trace, gates["decay"], how)
    rule, code = "t h, t h value_size -> t value_size", f"stored = (k[:, None, :] @ {state}).squeeze(1)"
    trace.step("stored", "sum-product", rule, "k", state, code=code, **how)
    rule, code = "t value_size, t value_size -> t value_size", "missing = v - stored"
    trace.step("missing", "subtract", rule, "v", "stored", code=code, **how)
    axes, gate, factor, share = gated(gates["beta"], "beta")
    rule, code = f"{axes}t h, t value_size -> t h value_size", f"write = {share}k[:, :, None] * missing[:, None, :]"
    trace.step("write", "sum-product", rule, *gate, "k", "missing", code=code, factor=factor, **how)
    rule, code = "t h value_size, t h value_size -> t h value_size", f"state = {state} + write"
    trace.step("state", "add", rule, state, "write", code=code, **how)
    code = "out = (q[:, None, :] @ state).squeeze(1)"
    trace.step("out", "sum-product", "t h, t h value_size -> t value_size", "q", "state", code=code, role="out")
    return in_order(trace, DELTA)


def found_states(k, v, beta, decay):
    """The state that each token finds, zeros at first: (T, h, value_size)."""
    found = np.zeros((len(k), k.shape[1], v.shape[1]))
    beta, decay = (np.broadcast_to(gate, len(k)) for gate in (beta, decay))
    for t in range(len(k) - 1):
        left = decay[t] * found[t]
        found[t + 1] = left + beta[t] * np.outer(k[t], v[t] - k[t] @ left)
    return found


def gated(gate, name):
    """How a rule reads beta or decay: its axes, the input, the factor, and the code."""
    if gate.ndim:
        return "t, ", (name,), 1.0, f"{name}[:, None, None] * "
    return "", (), float(gate), f"{float(gate):g} * " * bool(gate != 1)


def faded(trace, decay, how):
    """What is left of each state before a token writes; the name of that step, the state's own where all is left."""
    axes, gate, factor, share = gated(decay, "decay")
    if not share:
        return "state_before"
    rule, code = f"{axes}t h value_size -> t h value_size", f"faded = {share}state_before"
    return trace.step("faded", "sum-product", rule, *gate, "state_before", code=code, factor=factor, **how).name


def begin(title, q, k, v, tokens):
    """A Trace that holds q, k and v. Raises ValueError for other shapes."""
    trace = Trace(title, tokens)
    for (name, (axes, role)), value in zip(AXES.items(), (q, k, v)):
        value = checked(name, value)
        if value.ndim != 2:
            wanted = "(T, value_size)" if name == "v" else "(T, head_size)"
            raise ValueError(f"{name} has shape {value.shape}; wanted {wanted}.")
        trace.given(name, value, axes, role=role)
    return trace


def in_order(trace, names):
    """The same Trace, drawn in this order; names that it does not have are passed over."""
    return Trace(trace.title, trace.tokens, {name: trace[name] for name in names if name in trace})

"""Attention without softmax: a state that each token writes into, and a rule that erases before it writes."""

from helpers.attention.parts import checked
from helpers.trace.trace import Trace

AXES = {"q": ("t h", "query"), "k": ("t h", "key"), "v": ("t value_size", "value")}


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
    return trace


def above_zero(trace, name):
    """e to the power of every number: positive, and so is every sum of products of such. The name of the step."""
    how = {"role": AXES[name][1], "code": f"{name}_positive = {name}.exp()"}
    return trace.step(f"{name}_positive", "exp", "t h -> t h", name, **how).name


def delta_rule(q, k, v, beta=1.0, decay=1.0, *, tokens=None):
    """Each token reads what the state holds under its key, and writes the difference: the gated delta rule.

    q, k: (T, h), keys of length 1 as a rule; v: (T, value_size). beta: how much of the difference is written (Schlag et
    al. 2021). decay: what is left of the old state before that (Yang et al. 2024). Both are a number for all tokens, or
    (T,), one for each. Raises ValueError for other shapes and numbers that are not finite.

    >>> q = k = [[1.0, 0.0], [1.0, 0.0]]
    >>> delta_rule(q, k, [[5.0], [7.0]])["out"].value.tolist()  # the second value takes the place of the first
    [[5.0], [7.0]]
    """
    trace = begin("delta_rule", q, k, v, tokens)
    T = len(trace["k"].value)
    gates = {"beta": checked("beta", beta), "decay": checked("decay", decay)}
    for name, gate in gates.items():
        if gate.ndim:
            trace.given(name, gate, "t")
    state, rows = None, []
    for t in range(T):
        state = written(trace, t, state, gates)
        rows.append(row := f"out_{t}")
        cut(trace, "q", t)
        trace.step(row, "sum-product", "i h, h value_size -> i value_size", f"q_{t}", state, hidden=T > 1)
    if T > 1:
        rule = ", ".join(["i value_size"] * T) + " -> t value_size"
        code = "out = torch.stack([q[t] @ state[t] for t in range(T)])"
        trace.step("out", "concatenate", rule, *rows, role="out", code=code)
    else:
        trace.step(
            "out", "sum-product", "t h, h value_size -> t value_size", "q", state, role="out", code="out = q @ state_0"
        )
    return trace


def written(trace, t, state, gates):
    """One token's step from state to state, None before the first; returns the new one's name."""
    how = {"part": (f"token_{t}",), "role": "value"}
    for name in ("k", "v", *(name for name in gates if name in trace)):
        cut(trace, name, t)
    axes, gate, factor, share = gated(gates["beta"], "beta", t)
    if state is None:  # nothing is stored yet, and nothing missing but the value
        rule, code = f"{axes}i h, i value_size -> h value_size", f"state_0 = {share}torch.outer(k[0], v[0])"
        return trace.step("state_0", "sum-product", rule, *gate, "k_0", "v_0", code=code, factor=factor, **how).name
    state = faded(trace, t, state, gates["decay"], how)
    rule, code = "i h, h value_size -> value_size", f"stored_{t} = k[{t}] @ {state}"
    trace.step(f"stored_{t}", "sum-product", rule, f"k_{t}", state, code=code, **how)
    rule, code = "i value_size, value_size -> value_size", f"missing_{t} = v[{t}] - stored_{t}"
    trace.step(f"missing_{t}", "subtract", rule, f"v_{t}", f"stored_{t}", code=code, **how)
    rule, inputs = f"{axes}i h, value_size -> h value_size", (*gate, f"k_{t}", f"missing_{t}")
    code = f"write_{t} = {share}torch.outer(k[{t}], missing_{t})"
    trace.step(f"write_{t}", "sum-product", rule, *inputs, code=code, factor=factor, **how)
    rule, code = "h value_size, h value_size -> h value_size", f"state_{t} = {state} + write_{t}"
    return trace.step(f"state_{t}", "add", rule, state, f"write_{t}", code=code, **how).name


def gated(gate, name, t):
    """How a rule reads beta or decay: its axes, the input, the factor, and the code."""
    if gate.ndim:
        return "i, ", (f"{name}_{t}",), 1.0, f"{name}[{t}] * "
    return "", (), float(gate), f"{float(gate):g} * " * bool(gate != 1)


def faded(trace, t, state, decay, how):
    """What is left of the state before a token writes; the name of that step, the state's own where all is left."""
    axes, gate, factor, share = gated(decay, "decay", t)
    if not share:
        return state
    rule, code = f"{axes}h value_size -> h value_size", f"faded_{t} = {share}{state}"
    return trace.step(f"faded_{t}", "sum-product", rule, *gate, state, code=code, factor=factor, **how).name


def cut(trace, name, t):
    """One token's row of q, k, v, beta or decay, which no face shows: what is made of it reads through it."""
    rest = trace[name].axes[1:]
    rule = f"{' '.join([f't[{t}:{t + 1}]', *rest])} -> {' '.join(['i', *rest])}"
    trace.step(f"{name}_{t}", "slice", rule, name, role=trace[name].role, hidden=True)


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

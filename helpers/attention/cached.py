"""One head that writes token by token and keeps its keys and values: each step is a Trace."""

from helpers.attention.parts import ROLE_OF, attend, checked, compare
from helpers.look.given import whole_number
from helpers.trace.arrays import as_array
from helpers.trace.trace import Trace


def cached_head(x, Wq, Wk, Wv, *, step, kept=None, tokens=None):
    """What a head computes when token ``step`` comes, and all before it are kept.

    x: (T, C), of which the row ``step`` is read, and, where nothing is kept, those before it; Wq, Wk, Wv: (C, h).
    step: the token that is new, from 0. kept: the keys and values of the tokens before it, ``(k, v)``, each (step, h);
    computed from x if left out. tokens: the words of all T tokens.

    ``k_kept`` and ``v_kept`` are old, everything else has one row. There is no mask: what is later is not there yet.
    Raises ValueError for other shapes, and a step that x has no row for.

    >>> from helpers.attention import head
    >>> from helpers.inputs import example
    >>> e = example(T=3, C=4)
    >>> last = cached_head(e.x, e.Wq, e.Wk, e.Wv, step=2)
    >>> bool(abs(last["out"].value - head(e.x, e.Wq, e.Wk, e.Wv)["out"].value[2:]).max() < 1e-12)
    True
    """
    x, weights = checked("x", x), [checked(f"W{name}", W) for name, W in zip("qkv", (Wq, Wk, Wv))]
    if x.ndim != 2:
        raise ValueError(f"x has shape {x.shape}; wanted (T, C): one text, of which one token is new.")
    step = whole_number("step", step, 0, len(x) - 1)
    words = None if tokens is None else {"t": tokens[step : step + 1], "s": tokens[: step + 1]}
    if words and step:
        words["p"] = tokens[:step]
    trace = Trace("cached_head", words)
    trace.given("x", x[step : step + 1], "t c", code=f"x = x[{step}:{step + 1}]")
    for name, W in zip("qkv", weights):
        trace.given(f"W{name}", W, "c h", role=ROLE_OF[name], parameter=True)
    for name in "qkv":
        made = name if name == "q" else f"{name}_new"
        trace.step(
            made, "sum-product", "t c, c h -> t h", "x", f"W{name}", role=ROLE_OF[name], code=f"{made} = x @ W{name}"
        )
    old = (x[:step] @ weights[1], x[:step] @ weights[2]) if kept is None else kept  # (step, h), twice
    for name, value in zip("kv", old):
        if step:
            value = as_array(f"{name}_kept", value)
            if value.shape != (step, weights[1].shape[-1]):
                raise ValueError(
                    f"the kept {name} has shape {value.shape}; wanted ({step}, {weights[1].shape[-1]}): a row for each "
                    f"token before token {step}."
                )
            trace.given(f"{name}_kept", value, "p h", role=ROLE_OF[name])
        parts = [f"{name}_kept", f"{name}_new"] if step else [f"{name}_new"]
        rule, kind = ("p h, t h -> s h", "concatenate") if step else ("t h -> s h", "reshape")
        code = f"{name} = torch.cat([{', '.join(parts)}])"
        trace.step(name, kind, rule, *parts, role=ROLE_OF[name], code=code)
    attend(trace, compare(trace, "", "q", "k"), causal=False)
    return trace

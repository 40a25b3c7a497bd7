"""From logits to the next token: temperature, top-k, top-p and a penalty for what was said already.

As notebook 15 builds them. All work along the last axis, for any number of axes before it: (..., vocabulary).
"""

import torch

from helpers.look.given import positive, whole_number
from helpers.trace.trace import Trace


def cooled(logits, temperature):
    """Logits divided by a temperature: below 1 the likely become likelier (Ackley, Hinton and Sejnowski 1985).

    0 leaves the likeliest alone. Raises ValueError for a number below 0.

    >>> cooled(torch.tensor([2.0, 1.0]), 0.5).tolist(), cooled(torch.tensor([2.0, 1.0]), 0).tolist()
    ([4.0, 2.0], [0.0, -inf])
    """
    if temperature == 0:
        likeliest = torch.zeros_like(logits).scatter(-1, logits.argmax(-1, keepdim=True), 1)
        return likeliest.log()  # 0 for the first of the likeliest, -inf for the others
    return logits / positive("temperature", temperature)


def top_k(logits, k):
    """The k largest logits, -inf in the place of the others (Fan, Lewis and Dauphin 2018).

    Raises ValueError unless k is a whole number from 1 up.

    >>> top_k(torch.tensor([1.0, 3.0, 2.0]), 2).tolist()
    [-inf, 3.0, 2.0]
    """
    k = min(whole_number("k", k, 1), logits.shape[-1])
    kept = logits.topk(k, dim=-1).indices  # (..., k)
    return torch.full_like(logits, float("-inf")).scatter(-1, kept, logits.gather(-1, kept))


def top_p(logits, p):
    """The likeliest tokens that together have a probability of p or more, the fewest; -inf for the others.

    Nucleus sampling (Holtzman et al. 2020). Raises ValueError unless p is above 0, and 1 at most.

    >>> top_p(torch.tensor([1.0, 3.0, 2.0]), 0.8).tolist()  # probabilities 0.09, 0.67 and 0.24
    [-inf, 3.0, 2.0]
    """
    p = positive("p", p, 1)
    probabilities, order = logits.softmax(-1).sort(dim=-1, descending=True, stable=True)
    before = probabilities.cumsum(-1) - probabilities  # what the likelier ones have together
    dropped = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order, before >= p)  # back to their places
    return logits.masked_fill(dropped, float("-inf"))


def penalized(logits, ids, penalty):
    """Logits of tokens that stand in the text already, made smaller: divided if positive, else multiplied.

    logits: (B, vocabulary); ids: (B, T), the text so far. From CTRL (Keskar et al. 2019), with the sign minded.
    Raises ValueError for a penalty that is not above 0; 1 changes nothing.

    >>> penalized(torch.tensor([[2.0, 2.0, -2.0]]), torch.tensor([[0, 2]]), 2.0).tolist()
    [[1.0, 2.0, -4.0]]
    """
    positive("penalty", penalty)
    said = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, ids, True)  # (B, vocabulary)
    return torch.where(said, torch.where(logits > 0, logits / penalty, logits * penalty), logits)


def probabilities(logits, temperature=1.0, *, k=None, p=None, penalty=1.0, ids=None):
    """The probabilities that are drawn from: (B, vocabulary) -> (B, vocabulary).

    First the penalty, then the temperature, then top-k, then top-p.
    """
    logits = logits if penalty == 1 else penalized(logits, ids.to(logits.device), penalty)
    logits = cooled(logits, temperature)
    logits = logits if k is None else top_k(logits, k)
    return (logits if p is None else top_p(logits, p)).softmax(-1)


def draw(logits, temperature=1.0, *, chance=None, ids=None, **sampling):
    """The next token of each text: (B, vocabulary) -> (B, 1). chance: a ``torch.Generator``.

    The rest is as in ``probabilities``.
    """
    if temperature == 0:
        return probabilities(logits, 0, ids=ids, **sampling).argmax(-1, keepdim=True)
    return torch.multinomial(probabilities(logits, temperature, ids=ids, **sampling), 1, generator=chance)


def trace_top_p(logits, temperature=1.0, p=0.9, tokens=None):
    """Temperature and top-p as a Trace, without sorting: each token adds up those that are likelier than itself.

    logits: (vocabulary), no two of them alike, since of a tie ``top_p`` keeps the first ones. tokens: the words.
    Raises ValueError as ``cooled`` and ``top_p`` do.

    >>> trace_top_p([1.0, 3.0, 2.0], p=0.8).why("masked", 0)
    masked[0] = −∞, because allowed[0] = 0
    """
    trace = Trace("top-p", None if tokens is None else {"v": list(tokens), "w": list(tokens)})
    trace.given("logits", logits, "v", role="scores")
    trace.given("p", positive("p", p, 1), "")
    factor = 1 / positive("temperature", temperature)
    for name, kind, rule, inputs, role, code in (
        ("cooled", "sum-product", "v -> v", "logits", "scores", "logits / temperature"),
        ("shares", "softmax", "w -> v", "cooled", "weights", "cooled.softmax(-1)"),
        ("likelier", ">", "w, v -> v w", "shares shares", "x", "shares > shares[:, None]"),
        ("before", "sum-product", "v w, w -> v", "likelier shares", "x", "likelier.float() @ shares"),
        ("allowed", "<", "v, -> v", "before p", "x", "before < p"),
        ("masked", "mask", "v, v -> v", "cooled allowed", "scores", 'cooled.masked_fill(~allowed, float("-inf"))'),
        ("drawn_from", "softmax", "w -> v", "masked", "weights", "masked.softmax(-1)"),
    ):
        only = {"factor": factor} if name == "cooled" else {}
        trace.step(name, kind, rule, *inputs.split(), role=role, code=f"{name} = {code}", **only)
    return trace

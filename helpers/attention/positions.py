"""Where a token stands, told to attention in three ways: each function returns a Trace.

Learned and sinusoidal positions are added to x; rotary positions turn queries and keys. Arrays are
float64; torch tensors are accepted. ``x`` is (T, C), or (B, T, C) for a batch.
"""

import math

import numpy as np

from helpers.attention.parts import ROLE_OF, checked, compare, start
from helpers.trace.trace import Trace


def learned_positions(x, P, *, shift=0, tokens=None):
    """A table of position vectors, one row for each position, added to x (as in GPT: Radford et al. 2018).

    x: (T, C) or (B, T, C); P: (positions, C), which training changes. shift: the position of the first token.
    Raises ValueError for other shapes, numbers that are not finite, and positions that P has no row for.

    >>> learned_positions([[1.0, 2.0]], [[0.0, 0.0], [0.5, -1.0]], shift=1)["placed"].value.tolist()
    [[1.5, 1.0]]
    """
    trace, b = start("learned_positions", x, tokens)
    P = checked("P", P)
    trace.given("P", P, "p c", parameter=True)
    T, rows = trace["x"].value.shape[-2], len(P)
    if not hasattr(shift, "__index__") or shift < 0:
        raise ValueError(f"shift is {shift!r}; wanted a whole number from 0 up: the position of the first token.")
    if T + shift > rows:
        raise ValueError(
            f"x has T={T} tokens from position {shift} on, but P has {rows} rows, for positions 0 to {rows - 1}: "
            f"there is no vector for position {T + shift - 1}, and none was learned."
        )
    span = f"{shift}, {shift} + T" if shift else "T"
    trace.given("positions", np.arange(T) + int(shift), "t", code=f"positions = torch.arange({span})")
    trace.step("p", "lookup", "p c, t -> t c", "P", "positions", code="p = P[positions]")
    trace.step("placed", "add", f"{b}t c, t c -> {b}t c", "x", "p", code="placed = x + p")
    return trace


def sinusoids(T, C):
    """Position vectors that nobody has to learn (Vaswani et al. 2017, section 3.5): a NumPy array, (T, C).

    Channels 2i and 2i + 1 are the sine and cosine of position · 10000^(-2i/C). Raises ValueError if T is
    not a whole number from 1 up, or C not an even one.

    >>> sinusoids(2, 4).round(3).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.841, 0.54, 0.01, 1.0]]
    """
    whole("T", T)
    even("C", C, "each speed has a sine and a cosine")
    angles = np.arange(T)[:, None] * speeds(C, 10_000)  # (T, 1) * (C/2,) -> (T, C/2)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(T, C)  # (T, C/2, 2) -> (T, C)


def sinusoidal_positions(x, *, tokens=None):
    """Sines and cosines added to x (Vaswani et al. 2017, section 3.5).

    x: (T, C) or (B, T, C), with an even C. Raises ValueError for other shapes and numbers that are not finite.

    >>> sinusoidal_positions([[1.0, 2.0]])["placed"].value.tolist()
    [[1.0, 3.0]]
    """
    trace, b = start("sinusoidal_positions", x, tokens)
    trace.given("p", sinusoids(*trace["x"].value.shape[-2:]), "t c", code="p = sinusoids(T, C)")
    trace.step("placed", "add", f"{b}t c, t c -> {b}t c", "x", "p", code="placed = x + p")
    return trace


def rotary_scores(x, Wq, Wk, *, shift=0, base=1000.0, tokens=None):
    """Scores of queries and keys that are turned by their positions (Su et al. 2021, RoFormer).

    x: (T, C) or (B, T, C); Wq, Wk: (C, h) with an even h: channel i and channel i + h/2 are turned together,
    by position · base^(-2i/h) radians. shift: the position of the first token. Raises ValueError for other
    shapes, numbers that are not finite, and a base below 1.

    >>> x, W = [[1.0], [1.0]], [[1.0, 0.0]]
    >>> rotary_scores(x, W, W)["scores"].value.round(3).tolist()
    [[1.0, 0.54], [0.54, 1.0]]
    """
    trace, b = start("rotary_scores", x, tokens)
    for name, W in (("q", Wq), ("k", Wk)):
        trace.given(f"W{name}", checked(f"W{name}", W), "c h", role=ROLE_OF[name], parameter=True)
    for name in "qk":
        trace.step(
            name,
            "sum-product",
            f"{b}t c, c h -> {b}t h",
            "x",
            f"W{name}",
            role=ROLE_OF[name],
            code=f"{name} = x @ W{name}",
        )
    angles(trace, trace["q"].value.shape[-2:], shift, base)
    for name in "qk":
        turn(trace, b, name, part=(f"turn_{name}",))
    compare(trace, b, "q_rotated", "k_rotated", scale=False)
    return trace


def rotary_turn(q, *, shift=0, base=1000.0, tokens=None):
    """One side of ``rotary_scores``: how queries are turned by their positions, and nothing else.

    q: (T, h) or (B, T, h), with an even h. Raises ValueError as ``rotary_scores`` does.

    >>> rotary_turn([[1.0, 0.0], [1.0, 0.0]])["q_rotated"].value.round(3).tolist()
    [[1.0, 0.0], [0.54, 0.841]]
    """
    q = checked("q", q)
    if q.ndim not in (2, 3):
        raise ValueError(f"q has shape {q.shape}; wanted (T, head_size), or (B, T, head_size) for a batch.")
    trace, b = Trace("rotary_turn", tokens), "b " * (q.ndim == 3)
    trace.given("q", q, f"{b}t h", role="query")
    angles(trace, q.shape[-2:], shift, base)
    turn(trace, b, "q")
    return trace


def angles(trace, shape, shift, base):
    """Give a Trace what does not depend on its numbers: cos and sin of every angle, and the quarter turn."""
    cos, sin = cos_and_sin(*shape, shift, base)
    trace.given("cos", cos, "t h", code="cos = angles.cos()")
    trace.given("sin", sin, "t h", code="sin = angles.sin()")
    trace.given("quarter", quarter(cos.shape[-1]), "g h")


def turn(trace, b, name, part=()):
    """Turn q or k: cos of it, and sin of it turned by a quarter. The last step is ``q_rotated`` or ``k_rotated``."""
    half = f"{name}[..., :half], {name}[..., half:]"
    steps = [
        (
            "quarter",
            "sum-product",
            f"{b}t g, g h -> {b}t h",
            (name, "quarter"),
            f"torch.cat((-x2, x1), -1)  # x1, x2 = {half}",
        ),
        ("cos", "sum-product", f"{b}t h, t h -> {b}t h", (name, "cos"), f"{name} * cos"),
        ("sin", "sum-product", f"{b}t h, t h -> {b}t h", (f"{name}_quarter", "sin"), f"{name}_quarter * sin"),
        ("rotated", "add", f"{b}t h, {b}t h -> {b}t h", (f"{name}_cos", f"{name}_sin"), f"{name}_cos + {name}_sin"),
    ]
    for end, kind, rule, inputs, code in steps:
        how = {"role": ROLE_OF[name], "code": f"{name}_{end} = {code}", "part": part}
        trace.step(f"{name}_{end}", kind, rule, *inputs, **how)


def cos_and_sin(T, head_size, shift=0, base=1000.0):
    """Cosine and sine of every angle: 2 × (T, h). Both halves of a row are turned by the same angles."""
    even("head_size", head_size, "channels are turned in pairs")
    if not (hasattr(shift, "__float__") and math.isfinite(shift)):
        raise ValueError(f"shift is {shift!r}; wanted a number: the position of the first token.")
    if not (hasattr(base, "__float__") and math.isfinite(base) and base >= 1):
        raise ValueError(
            f"base is {base!r}; wanted a number from 1 up: how many times more slowly the last pairs turn."
        )
    angles = (np.arange(T) + shift)[:, None] * np.tile(speeds(head_size, base), 2)  # (T, 1) * (h,) -> (T, h)
    return np.cos(angles), np.sin(angles)


def quarter(head_size):
    """The matrix that turns every pair by a quarter, (x1, x2) to (-x2, x1): (h, h)."""
    return np.kron([[0.0, 1.0], [-1.0, 0.0]], np.eye(head_size // 2)) + 0.0  # + 0.0 turns -0.0 into 0.0


def speeds(size, base):
    """How fast each pair of channels turns, in radians a position: 1, then ever slower, (size/2,)."""
    half = size // 2
    return base ** -(np.arange(half) / half)


def whole(name, value):
    """Raise ValueError unless it is a whole number from 1 up."""
    if not hasattr(value, "__index__") or value < 1:
        raise ValueError(f"{name} is {value!r}; wanted a whole number from 1 up.")


def even(name, value, why):
    """Raise ValueError unless it is an even number from 2 up."""
    whole(name, value)
    if value % 2:
        raise ValueError(f"{name} is {value}; wanted an even number, since {why}.")

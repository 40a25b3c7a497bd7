"""What a block adds to attention, step by step: each function returns a Trace.

Arrays are float64; torch tensors are accepted. ``x`` is (T, C), or (B, T, C) for a batch.
"""

from helpers.attention.parts import checked, start


def layer_norm(x, gain=None, bias=None, *, tokens=None):
    """Each token's channels, brought to mean 0 and variance 1 (Ba, Kiros and Hinton 2016).

    x: (T, C) or (B, T, C); gain, bias: (C,), left out if None. Raises ValueError for other shapes and numbers that
    are not finite.

    >>> layer_norm([[1.0, 3.0], [10.0, 30.0]])["normalized"].value.round(3).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """
    trace, b = start("layer_norm", x, tokens)
    C = trace["x"].value.shape[-1]
    trace.step("mean", "mean", f"{b}t c -> {b}t", "x", code="mean = x.mean(-1, keepdim=True)")
    trace.step("centered", "subtract", f"{b}t c, {b}t -> {b}t c", "x", "mean", code="centered = x - mean")
    trace.step(
        "variance",
        "sum-product",
        f"{b}t c, {b}t c -> {b}t",
        "centered",
        "centered",
        factor=1 / C,
        code="variance = (centered**2).mean(-1, keepdim=True)",
    )
    trace.step("inverse", "rsqrt", f"{b}t -> {b}t", "variance", code="inverse = (variance + 1e-5).rsqrt()")
    last = trace.step(
        "normalized",
        "sum-product",
        f"{b}t c, {b}t -> {b}t c",
        "centered",
        "inverse",
        role="out",
        code="normalized = centered * inverse",
    ).name
    if gain is not None:
        trace.given("gain", checked("gain", gain), "c", parameter=True)
        last = trace.step(
            "stretched",
            "sum-product",
            f"{b}t c, c -> {b}t c",
            last,
            "gain",
            role="out",
            code=f"stretched = {last} * gain",
        ).name
    if bias is not None:
        trace.given("bias", checked("bias", bias), "c", parameter=True)
        trace.step("shifted", "add", f"{b}t c, c -> {b}t c", last, "bias", role="out", code=f"shifted = {last} + bias")
    return trace


def feed_forward(x, Wup, Wdown, *, tokens=None):
    """Each token on its own: up to a wider layer, negative numbers to 0, and down again (Vaswani et al.

    2017, section 3.3).

    x: (T, C) or (B, T, C); Wup: (C, wide), Wdown: (wide, C), where wide is 4 C as a rule. Raises ValueError for other
    shapes and numbers that are not finite.

    >>> feed_forward([[1.0]], [[2.0, -2.0]], [[1.0], [1.0]])["active"].value.tolist()
    [[2.0, 0.0]]
    """
    trace, b = start("feed_forward", x, tokens)
    trace.given("Wup", checked("Wup", Wup), "c wide", parameter=True)
    trace.given("Wdown", checked("Wdown", Wdown), "wide c", role="out", parameter=True)
    trace.step("up", "sum-product", f"{b}t c, c wide -> {b}t wide", "x", "Wup", code="up = x @ Wup")
    trace.step("active", "relu", f"{b}t wide -> {b}t wide", "up", code="active = up.relu()")
    trace.step(
        "out", "sum-product", f"{b}t wide, wide c -> {b}t c", "active", "Wdown", role="out", code="out = active @ Wdown"
    )
    return trace

"""A page without a kernel, as tests open and read it."""

import base64
import math

import numpy as np

EXACT, SINGLE = 1e-12, 1e-6  # so far may a number be off, as a part of the largest beside it
READ = """sent => [sent.steps.map(({ name, shape, digits }) => [name, shape, digits]), sent.tokens, sent.alt,
    btoa(Array.from(new Uint8Array(sent.values.buffer), byte => String.fromCharCode(byte)).join(""))]"""

# What a window cuts off, or how far its page moves sideways: nothing where what is wide has a frame to move in.
SIDEWAYS = """() => {
    const FRAMED = ".wide, .formula, .code pre, .words pre, .words table, .attention-live";
    const cut = [...document.querySelectorAll("main *")].filter(one =>
        !one.closest(FRAMED) && one.getBoundingClientRect().right > innerWidth);  // a picture far away has no place yet
    return [document.documentElement.scrollWidth - innerWidth, cut.map(one => one.outerHTML)];
}"""


def troubles_of(window, root="file:"):
    """What goes wrong in a window from now on: errors, and requests for what is not below the page's root."""
    found = []
    window.on("pageerror", lambda error: found.append(str(error)))
    window.on("console", lambda said: found.append(said.text) if said.type == "error" else None)
    window.on("request", lambda one: None if one.url.startswith((root, "data:", "blob:")) else found.append(one.url))
    return found


def trace_of(steps, tokens, alt, values):
    """What READ gives: arrays and digits by name, tokens, and words."""
    numbers, at, arrays = np.frombuffer(base64.b64decode(values), np.uint8), 0, {}
    for name, shape, digits in steps:
        size = 8 * math.prod(shape)
        arrays[name] = numbers[at : at + size].view("<f8").reshape(shape), digits
        at += size
    return arrays, tokens, alt


def assert_same(found, sent, single):
    """A Trace of the page beside that of Python, as the browser takes it: numbers, to the last bits of its precision,
    decimals, words. found: what READ gives. values: of sent, as text.
    """
    arrays, tokens, alt = trace_of(*found)
    steps = [[step["name"], step["shape"], step["digits"]] for step in sent["steps"]]
    right, *words = trace_of(steps, sent["tokens"], sent["alt"], sent["values"])
    assert [*arrays] == [*right] and [tokens, alt] == words
    for name, (value, digits) in right.items():
        largest = np.abs(value[np.isfinite(value)]).max(initial=1)
        np.testing.assert_allclose(arrays[name][0], value, 0, (SINGLE if single else EXACT) * largest, err_msg=name)
        assert arrays[name][1] == digits, name

"""The kinds of step, by name: what each is in numbers, which cells it comes from, its formula and its gradient."""

import math

import numpy as np

from helpers.trace.grammar import COMPARE
from helpers.trace.kinds.curves import CURVES, Function
from helpers.trace.kinds.elementwise import Add, Choice, Comparison, Quotient, Subtract
from helpers.trace.kinds.kind import Given
from helpers.trace.kinds.masks import Mask
from helpers.trace.kinds.moves import Lookup, Reshape
from helpers.trace.kinds.parts import Concatenate, Repeat, Slice
from helpers.trace.kinds.shares import Normalize, Softmax
from helpers.trace.kinds.sums import Extreme, Mean, SumProduct
from helpers.trace.kinds.unruled import Move, Opaque, Scatter

KINDS = {
    "given": Given(),
    "sum-product": SumProduct(),
    "mean": Mean(),
    "max": Extreme("max", "largest", np.maximum, -math.inf),
    "min": Extreme("min", "smallest", np.minimum, math.inf),
    "add": Add(),
    "subtract": Subtract(),
    "quotient": Quotient(),
    "maximum": Choice("max", np.maximum),
    "minimum": Choice("min", np.minimum),
    **{sign: Comparison(sign) for sign in COMPARE},
    "mask": Mask(),
    "softmax": Softmax(),
    "normalize": Normalize(),
    "lookup": Lookup(),
    **{name: Function(name, "t -> t" if name == "rsqrt" else "t c -> t c") for name in CURVES},
    "reshape": Reshape(),
    "slice": Slice(),
    "concatenate": Concatenate(),
    "repeat": Repeat(),
    "move": Move(),
    "scatter": Scatter(),
    "opaque": Opaque(),
}

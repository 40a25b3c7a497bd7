"""The kinds of step, by name: what each is in numbers, which cells it comes from, its formula and its gradient."""

from helpers.trace.kinds.elementwise import CURVES, Add, Function, Quotient, Subtract
from helpers.trace.kinds.kind import Given
from helpers.trace.kinds.masks import Mask
from helpers.trace.kinds.moves import Lookup, Reshape
from helpers.trace.kinds.parts import Concatenate, Repeat, Slice
from helpers.trace.kinds.shares import Normalize, Softmax
from helpers.trace.kinds.sums import Max, Mean, SumProduct
from helpers.trace.kinds.unruled import Move, Opaque, Scatter

KINDS = {
    "given": Given(),
    "sum-product": SumProduct(),
    "mean": Mean(),
    "max": Max(),
    "add": Add(),
    "subtract": Subtract(),
    "quotient": Quotient(),
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

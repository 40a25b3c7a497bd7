"""One name for each operation, however it is written: ``@``, ``torch.mm`` and ``x.matmul(y)`` are all ``matmul``."""

import operator

SAME = {
    "mm": "matmul",
    "bmm": "matmul",
    "mv": "matmul",
    "dot": "matmul",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "truediv": "div",
    "negative": "neg",
    "mod": "remainder",
    "floordiv": "floor_divide",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "not_equal": "ne",
    "absolute": "abs",
    "concat": "cat",
    "concatenate": "cat",
    "swapaxes": "transpose",
    "swapdims": "transpose",
    "moveaxis": "movedim",
    "clip": "clamp",
    "special_softmax": "softmax",
    "iadd": "add",
    "isub": "sub",
    "imul": "mul",
    "idiv": "div",
    "itruediv": "div",
    "ipow": "pow",
    "invert": "bitwise_not",
    "fix": "trunc",
    "arctan": "atan",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "__rand__": "bitwise_and",
    "__ror__": "bitwise_or",
    "__rxor__": "bitwise_xor",
    "iand": "bitwise_and",
    "ior": "bitwise_or",
    "rmul": "mul",
    "radd": "add",
    "deepcopy": "clone",
}
MATH = ("add", "sub", "mul", "div", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift", "rshift")
IN_PLACE = {f"__i{name}__" for name in MATH}
REVERSED = {  # 2 - x comes as __rsub__(x, 2)
    "__rsub__": ("sub", operator.sub),
    "__rdiv__": ("div", operator.truediv),
    "__rtruediv__": ("div", operator.truediv),
    "__rpow__": ("pow", operator.pow),
    "__rfloordiv__": ("floor_divide", operator.floordiv),
    "__rmod__": ("remainder", operator.mod),
    "__rmatmul__": ("matmul", operator.matmul),
    "__rlshift__": ("lshift", operator.lshift),
    "__rrshift__": ("rshift", operator.rshift),
    "rsub": ("sub", operator.sub),
}
LEAVING = {  # numbers that leave the matrices: the name of such an event
    "item": "item",
    "__float__": "item",
    "__int__": "item",
    "__index__": "item",
    "__complex__": "item",
    "tolist": "tolist",
    "numpy": "numpy",
    "__array__": "numpy",
    "__dlpack__": "numpy",
    "__bool__": "bool",
    "is_nonzero": "bool",
    "equal": "equal",
    "allclose": "equal",
    "__contains__": "contains",
}
TAKEN = ("item", "tolist", "numpy")  # of these, what lets the numbers themselves out
SIZES_ALONE = {  # they read a matrix's shape, and none of its numbers
    "zeros_like",
    "ones_like",
    "empty_like",
    "full_like",
    "rand_like",
    "randn_like",
    "randint_like",
    "new_zeros",
    "new_ones",
    "new_empty",
    "new_full",
}
OVERWRITING = {"zero", "fill", "normal", "uniform", "exponential", "bernoulli", "random"}  # whatever was there before
FILLED = {"tensor", "as_tensor", "asarray", "scalar_tensor", "new_tensor", "full", "full_like", "new_full", "fill"}
ARITHMETIC = {
    "add",
    "sub",
    "mul",
    "div",
    "pow",
    "floor_divide",
    "remainder",
    "setitem",
    "masked_fill",
    "where",
    "clamp",
}
GETTERS = ("T", "mT", "H", "mH", "real", "imag", "data", "grad")  # attributes of a tensor that are tensors
ARRAY_NAMES = {  # of NumPy's, where PyTorch has the same by another name, or another by the same
    "transpose": "permute",
    "expand_dims": "unsqueeze",
    "equal": "eq",
    "array_equal": "equal",
    "amax": "amax",
    "max": "amax",
    "min": "amin",
    "maximum.reduce": "amax",
    "repeat": "repeat_interleave",
    "tile": "repeat",
    "around": "round",
    "copy": "clone",
    "__copy__": "clone",
    "__deepcopy__": "clone",
    "astype": "to",
    "ravel": "flatten",
    "conjugate": "conj",
    "dot": "matmul",
    "multiply": "mul",
    "power": "pow",
    "rint": "round",
}
REDUCED = {
    "add": "sum",
    "multiply": "prod",
    "maximum": "amax",
    "minimum": "amin",
    "logical_or": "any",
    "logical_and": "all",
}
ACCUMULATED = {"add": "cumsum", "multiply": "cumprod", "maximum": "cummax", "minimum": "cummin"}


def spelled(name):
    """The plain name of an operation.

    >>> spelled("__getitem__"), spelled("mm"), spelled("masked_fill_"), spelled("__iadd__")
    ('getitem', 'matmul', 'masked_fill', 'add')
    """
    plain = name if name in SAME else name.strip("_")
    return SAME.get(plain, plain)

"""Every call of PyTorch in a run, noted. Imported only where a function works with tensors."""

import sys
from contextlib import contextmanager, nullcontext

import torch
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.overrides import TorchFunctionMode

from helpers.see.record.holders import found_in
from helpers.see.record.numpy_calls import kept, running
from helpers.see.record.spelling import GETTERS

QUIET = {"size", "dim", "__len__", "stride", "numel", "is_contiguous", "backward", "requires_grad_", "__repr__"}


class TorchCalls(TorchFunctionMode):
    """Tells the Notes of each call of PyTorch while it is entered."""

    def __init__(self, notes):
        super().__init__()
        self.notes = notes

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs, notes = kwargs or {}, self.notes
        name = getattr(function, "__name__", "")
        if name == "__get__":
            name = getattr(function.__self__, "__name__", "")
            if name not in GETTERS:
                return function(*args, **kwargs)
        if notes.ended or running[-1:] != [notes] or name in QUIET:  # a run in this one has notes of its own
            return function(*args, **kwargs)
        if any(map(is_functorch_wrapped_tensor, found_in((args, kwargs), torch.Tensor))):  # in vmap: it has no numbers
            notes.lose_sight()
            return function(*args, **kwargs)
        if function is torch.Tensor.where:  # x.where(condition, y)
            function, args = torch.where, (args[1], args[0], *args[2:])
        run = (lambda *args, **kwargs: kept(function(*args, **kwargs))) if name in ("numpy", "__array__") else None
        return notes.call(function, name, args, kwargs, sys._getframe(1), run)


@contextmanager
def plain_ways():
    """In here, PyTorch's layers go the way that is made of plain calls, and compiled code runs as it is written."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    compiled = "torch._dynamo" in sys.modules  # else nothing is, and to import it takes seconds
    try:
        with torch.compiler.set_stance("force_eager") if compiled else nullcontext():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)

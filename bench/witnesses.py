"""Two witnesses of what `see` says, which know nothing of it: TorchLens for values, changed cells for sources.

Both run a model as it is; only what PyTorch computes in one call (attention, a layer of several heads) is opened into
plain calls, so that what lies between can be looked at, and written into.
"""

from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

LOW = 1e4  # what scores are masked with is further from 0


def plain_attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False):
    """``scaled_dot_product_attention`` step by step, without dropout."""
    if enable_gqa:
        times = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(times, -3), value.repeat_interleave(times, -3)
    scores = query @ key.transpose(-2, -1) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, -torch.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask
    return scores.softmax(-1) @ value


def plain_layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """``layer_norm`` step by step."""
    axes = [-1 - axis for axis in range(len(normalized_shape))]
    centered = input - input.mean(axes, keepdim=True)
    normal = centered * torch.rsqrt((centered * centered).mean(axes, keepdim=True) + eps)
    normal = normal if weight is None else normal * weight
    return normal if bias is None else normal + bias


def plain_rms_norm(input, normalized_shape, weight=None, eps=None):
    """``rms_norm`` step by step."""
    axes = [-1 - axis for axis in range(len(normalized_shape))]
    eps = torch.finfo(input.dtype).eps if eps is None else eps
    normal = input * torch.rsqrt((input * input).mean(axes, keepdim=True) + eps)
    return normal if weight is None else normal * weight


def plain_baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """``baddbmm`` step by step."""
    return beta * input + alpha * (batch1 @ batch2)


PLAIN = {
    "scaled_dot_product_attention": plain_attention,
    "layer_norm": plain_layer_norm,
    "rms_norm": plain_rms_norm,
    "has_torch_function": lambda *_: False,  # what is written in Python makes its own calls
}


@contextmanager
def plain_calls():
    """In here, what PyTorch computes in one call, attention and layers, is made of plain calls."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    with ExitStack() as stack:
        for name, function in PLAIN.items():
            stack.enter_context(patch.object(F, name, function))
        stack.enter_context(patch.object(torch, "baddbmm", plain_baddbmm))
        try:
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(before)


def tensors(value):
    """All tensors of numbers in a nest of tuples, lists and dictionaries."""
    if isinstance(value, torch.Tensor) and not value.is_complex():
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from tensors(one)
    elif isinstance(value, dict):
        yield from tensors([*value.values()])


def close(mine, other):
    """Are these the same numbers, up to the rounding of float32?

    What cancels is rounded as large as what it is made of: a number near 0 may be off by as much as a large one. What
    scores are masked with is none of these.
    """
    mine = np.asarray(mine, float)
    largest = np.abs(mine[np.abs(mine) < LOW]).max(initial=1)
    return np.allclose(mine, other, rtol=1e-5, atol=1e-6 * largest, equal_nan=True)


def distance(mine, other):
    """The largest difference, as a part of the largest number; infinite if other cells are infinite."""
    mine, other = np.asarray(mine, float), np.asarray(other, float)
    finite = np.isfinite(mine)
    if not np.array_equal(mine[~finite], other[~finite], equal_nan=True):
        return np.inf
    return np.abs(mine[finite] - other[finite]).max(initial=0) / max(np.abs(mine[finite]).max(initial=0), 1e-30)


# -- values -----------------------------------------------------------------------------------------


def logged(module, inputs):
    """The values of all calls of a run, as TorchLens logs them."""
    import torchlens
    from torchlens.backends.torch.wrappers import unwrap_torch

    module = module if isinstance(module, torch.nn.Module) else Called(module)
    with torch.no_grad(), plain_calls():
        try:
            log = torchlens.trace(Called(lambda: module(**inputs)), ())
        finally:
            unwrap_torch()  # it leaves each function of PyTorch in a wrapper
    values = [getattr(layer, "out", None) for layer in log.layer_list]
    return [one.detach().double().numpy() for one in values if isinstance(one, torch.Tensor) and not one.is_complex()]


class Called(torch.nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.forward = function


# -- sources ----------------------------------------------------------------------------------------


class Calls(TorchFunctionMode):
    """Numbers the calls of a run: ``done(number, place, tensor)`` gets each tensor that a call gives, and may return
    another one to go on with."""

    def __init__(self, done):
        super().__init__()
        self.done, self.number = done, 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        value = function(*args, **(kwargs or {}))
        if getattr(function, "__name__", "") in ("__get__", "size", "dim", "stride"):
            return value
        self.number += 1
        if isinstance(value, torch.Tensor):
            return self.given(value, 0, args, function)
        if isinstance(value, tuple):
            found = [self.given(one, place, args, function) for place, one in enumerate(value)]
            return type(value)(found) if not hasattr(value, "_fields") else type(value)(*found)
        if getattr(function, "__name__", "") in ("__setitem__", "setitem"):
            self.given(args[0], 0, args, function)
        return value

    def given(self, value, place, args, function):
        if not isinstance(value, torch.Tensor) or value.is_complex():
            return value
        wanted = self.done(self.number, place, value)
        if wanted is None:
            return value
        if value.shape == wanted.shape and (any(value is one for one in args) or not value._is_view()):
            return value.copy_(wanted)  # whoever holds it sees it
        return wanted.clone()


class Rerun:
    """A model that can be run again with other numbers in the matrices on its way.

    known: the matrices of the first run by their shapes, in order, each with the place where it was first given:
    ("call", number, place), or ("held", tensor) for a parameter, a buffer or an input.
    """

    def __init__(self, module, inputs):
        self.module, self.inputs, self.known, self.decisions = module, inputs, {}, {}
        held = [*inputs.values()]
        if isinstance(module, torch.nn.Module):
            held += [*module.parameters(), *module.buffers()]
        for tensor in tensors(held):
            self.know(tensor, ("held", tensor))
        self.run(self.note)

    def run(self, done):
        with torch.no_grad(), plain_calls(), Calls(done):
            return self.module(**self.inputs)

    def note(self, number, place, tensor):
        self.know(tensor, ("call", number, place))
        if not tensor.is_floating_point():
            self.decisions[number, place] = tensor.clone()

    def know(self, tensor, where):
        self.known.setdefault(tuple(tensor.shape), []).append((tensor.detach().double().numpy().copy(), where))

    def at(self, value):
        """The places where a matrix of these numbers was given: none, or several; the nearest of those alike."""
        found = [(distance(numbers, value), where) for numbers, where in self.known.get(value.shape, ())]
        least = min((far for far, _ in found), default=np.inf)
        return [where for far, where in found if far == least < 1e-5]

    def with_changed(self, changed, wanted):
        """The numbers at ``wanted`` in a run in which other matrices are overwritten. changed: (where, numbers).

        What is no number but a decision (a mask, an index) stays as it was.
        """
        calls = {where[1:]: numbers for where, numbers in changed if where[0] == "call"}
        found = []

        def done(number, place, tensor):
            if (number, place) == wanted[1:]:
                found.append(tensor.detach().clone())
                return None
            new = calls.get((number, place), self.decisions.get((number, place)))
            return None if new is None else torch.as_tensor(new).to(tensor.dtype)

        with torch.no_grad():
            kept = [(where[1], where[1].detach().clone()) for where, _ in changed if where[0] == "held"]
            for where, numbers in changed:
                if where[0] == "held":
                    where[1].copy_(torch.as_tensor(numbers))
            try:
                self.run(done)
            except (RuntimeError, IndexError, ValueError):  # numbers that it cannot do with
                found = found or [None]
            finally:
                for tensor, before in kept:
                    tensor.copy_(before)
        return found[0] if found else None

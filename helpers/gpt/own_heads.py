"""The heads of a model of your own, found by what it does: its code is run and seen, whatever its parts are called.

A head is a softmax whose rows are shares of tokens among tokens. Heads that do not read each other stand side by side,
in one layer.
"""

import copy
from math import prod
from typing import NamedTuple

import numpy as np
import torch

from helpers.gpt.readable import one_of
from helpers.look.again import without_number
from helpers.look.given import told
from helpers.see import Failed, see
from helpers.trace.trace import Trace

FEW = 3  # tokens that tell where its heads are


class Call(NamedTuple):
    """One call of a module. path: of the module; number: of the call, from 0; of: how many there are."""

    path: str
    number: int = 0
    of: int = 1


class Shares(NamedTuple):
    """The weights of some heads. value: (n, T, T). within: the Calls that they were made in, the outermost first;
    layer: how many others these heads look through.
    """

    value: object
    within: tuple
    layer: int


def layers(model, ids):
    """The Shares of each layer of an OwnModel that reads (T) ids: a list for each of them.

    Raises ValueError where it has none.
    """
    trace, T, found, depth = seen(model.model, [ids[None]]), len(ids), [], {}  # (T) -> (1, T)
    calls = calls_in(trace, model)
    for step in trace:
        behind = max((depth[name] for name in step.inputs), default=0)
        depth[step.name] = behind
        shape, made = step.value.shape, {source.role for source in trace.inputs(step)}
        if step.role == "weights" and shape[-2:] == (T, T) and "weights" not in made:
            value = step.value.reshape(prod(shape[:-2]), T, T)  # (1, n, T, T), or (1, T, T) -> (n, T, T)
            within = [calls[part] for part in outer(step.part) if part in calls]
            found.append(Shares(value, tuple(within), behind))
            depth[step.name] = behind + 1
    if not found:
        name = type(model.model).__name__
        raise ValueError(f"in a {name} no softmax says how much each token takes from which: there is no head to read.")
    return [[one for one in found if one.layer == layer] for layer in range(max(depth.values()))]


def outer(part):
    """The parts around a step, each as the path to it: ``outer(("a", "b")) == [("a",), ("a", "b")]``."""
    return [part[:depth] for depth in range(1, len(part) + 1)]


def calls_in(trace, model):
    """The Call of each part of the code that is a module: a dictionary by part. A module within itself, as where it
    asks ``super().forward(x)``, is in the same call.
    """
    paths, parts = dict(model.model.named_modules()), {}
    for part in dict.fromkeys(part for step in trace for part in outer(step.part)):
        *around, path = map(without_number, part)
        if path in paths and path not in around:
            parts.setdefault(path, []).append(part)
    return {part: Call(path, i, len(those)) for path, those in parts.items() for i, part in enumerate(those)}


def seen(module, given, named=None):
    """The Trace of a module on these inputs; its derivatives are needed where no rule fits."""
    with torch.enable_grad():
        return see(module, *given, **(named or {}))


def weights(model, ids):
    """Who looks at whom, in every head of an OwnModel: (T) ids -> (layers, n, T, T)."""
    every = [stacked(layer) for layer in layers(model, ids)]
    counts = [len(heads) for heads in every]
    if len({*counts}) > 1:
        raise ValueError(f"its layers have {', '.join(map(str, counts))} heads; wanted as many in each.")
    return torch.from_numpy(np.stack(every)).float()


def stacked(layer):
    """The weights of all heads of a layer: (n, T, T)."""
    return np.concatenate([shares.value for shares in layer])


def place(model, layer, head):
    """The Call of the module to look into: of a layer, or of one of its heads, where this has a module of its own.

    Raises ValueError for a layer or a head that is not there.
    """
    few = torch.arange(min(FEW, model.context), device=next(model.model.parameters()).device)
    every = layers(model, few % model.settings["vocabulary"])
    found = every[one_of("layer", layer, len(every), "the model has layers")]
    if head is not None:
        count = len(stacked(found))
        head = one_of("head", head, count, "each layer has heads")
        alone = count == len(found) == len({one.within for one in found})
        if count > 1 and not alone:
            raise ValueError(
                f"the {count} heads of layer {layer} are computed side by side in {around(found).path}, none alone: "
                "leave head out, and choose one in the picture."
            )
        found = [found[head]]
    return around(found)


def around(found):
    """The Call of the innermost module around all of these Shares."""
    common = [calls[0] for calls in zip(*(one.within for one in found)) if len({*calls}) == 1]
    return common[-1] if common else Call("")


def trace(model, ids, layer, head, title, words):
    """The Trace of a layer, or of one of its heads, of a copy that reads (T) ids: of the module, on what comes to it.

    The model runs where it is, for its code may name a device. The module then goes to the CPU and to float64, which
    some accelerators do not have, so that another machine prints the same decimals; where its code takes no float64, it
    stays as it is.
    """
    call = place(model, layer, head)
    module = model.model.get_submodule(call.path)
    given, named = inputs_of(module, call, model, ids)
    module, given, named = module.cpu(), on_cpu(given), on_cpu(named)
    as_it_was = copy.deepcopy(module)
    try:
        found = seen(module.double(), exact(given), exact(named))
    except Failed:
        found = seen(as_it_was, given, named)
    return Trace(title, words, found.steps)


def inputs_of(module, call, model, ids):
    """What comes to a module in one of its calls while its model reads (T) ids: by place, and by name."""
    came = []
    hook = module.register_forward_pre_hook(lambda _, given, named: came.append((given, named)), with_kwargs=True)
    try:
        model.model(ids[None])  # (T) -> (1, T)
    finally:
        hook.remove()
    if len(came) != call.of:
        raise ValueError(f"{call.path} is run by its forward; wanted it to be called, as in self.{call.path}(x).")
    return came[call.number]


def on_cpu(value):
    return changed(value, lambda one: one.detach().cpu())


def exact(value):
    return changed(value, lambda one: one.double() if one.is_floating_point() else one)


def changed(value, change):
    """The same tuple or dictionary, with its tensors changed."""
    if isinstance(value, dict):
        return {name: changed(one, change) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(changed(one, change) for one in value)
    return change(value) if isinstance(value, torch.Tensor) else value


def silenced(model, reading, layer, head):
    """From now on one head of a model gives zeros, until the hook that this returns is removed.

    reading: a copy of it. Raises ValueError for a head that has no module of its own, or shares it with another.
    """
    if head is None:
        raise ValueError(f"head is {told(head)}; wanted the number of a head of layer {layer}, from 0.")
    call = place(reading, layer, head)
    if call.of > 1:
        raise ValueError(
            f"{call.path} is called {call.of} times: without one of these heads, the others change as well."
        )
    module = model.get_submodule(call.path)
    return module.register_forward_hook(lambda *given: changed(given[-1], torch.zeros_like))

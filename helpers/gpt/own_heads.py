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
from helpers.see.seeing import Failed, see

FEW = 3  # tokens that tell where its heads are


class Shares(NamedTuple):
    """The weights of some heads. value: (n, T, T). part: the parts of the code that they were made in; layer: how many
    others these heads look through.
    """

    value: object
    part: tuple
    layer: int


def layers(model, ids):
    """The Shares of each layer of an OwnModel that reads (T) ids: a list for each of them.

    Raises ValueError where it has none.
    """
    trace, T, found, depth = see(model.model, ids[None]), len(ids), [], {}  # (T) -> (1, T)
    for step in trace:
        behind = max((depth[name] for name in step.inputs), default=0)
        depth[step.name] = behind
        shape, made = step.value.shape, {source.role for source in trace.inputs(step)}
        if step.role == "weights" and shape[-2:] == (T, T) and "weights" not in made:
            value = step.value.reshape(prod(shape[:-2]), T, T)  # (1, n, T, T), or (1, T, T) -> (n, T, T)
            found.append(Shares(value, modules_of(model, step.part), behind))
            depth[step.name] = behind + 1
    if not found:
        name = type(model.model).__name__
        raise ValueError(f"in a {name} no softmax says how much each token takes from which: there is no head to read.")
    return [[one for one in found if one.layer == layer] for layer in range(max(depth.values()))]


def modules_of(model, part):
    """Those of the parts of the code that are modules, by their paths, each without the number of its call."""
    paths = dict(model.model.named_modules())
    return tuple(path for path in map(without_number, part) if path in paths)


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
    """The path of the module to look into: of a layer, or of one of its heads, where this has a module of its own.

    Raises ValueError for a layer or a head that is not there.
    """
    few = torch.arange(min(FEW, model.context), device=next(model.model.parameters()).device)
    every = layers(model, few % model.settings["vocabulary"])
    found = every[one_of("layer", layer, len(every), "the model has layers")]
    if head is not None:
        count = len(stacked(found))
        head = one_of("head", head, count, "each layer has heads")
        alone = count == len(found) == len({one.part for one in found})
        if count > 1 and not alone:
            raise ValueError(
                f"the {count} heads of layer {layer} are computed side by side in {path_of(found)}, none alone: "
                "leave head out, and choose one in the picture."
            )
        found = [found[head]]
    return path_of(found)


def path_of(found):
    """The innermost module around all of these Shares."""
    common = [paths[0] for paths in zip(*(one.part for one in found)) if len({*paths}) == 1]
    return common[-1] if common else ""


def trace(model, ids, layer, head, title, words):
    """The Trace of a layer, or of one of its heads, of a copy that reads (T) ids: of the module, on what comes to it.

    The model runs where it is, for its code may name a device. The module then goes to the CPU and to float64, which
    some accelerators do not have, so that another machine prints the same decimals; where its code takes no float64, it
    stays as it is.
    """
    module = model.model.get_submodule(place(model, layer, head))
    given, named = inputs_of(module, model, ids)
    module, given, named = module.cpu(), on_cpu(given), on_cpu(named)
    as_it_was = copy.deepcopy(module)
    try:
        found = see(module.double(), *exact(given), tokens=words, **exact(named))
    except Failed:
        found = see(as_it_was, *given, tokens=words, **named)
    found.title = title
    return found


def inputs_of(module, model, ids):
    """What comes to a module while its model reads (T) ids: by place, and by name."""
    seen = []
    hook = module.register_forward_pre_hook(lambda _, given, named: seen.append((given, named)), with_kwargs=True)
    try:
        model.model(ids[None])  # (T) -> (1, T)
    finally:
        hook.remove()
    return seen[0]


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

    reading: a copy of it. Raises ValueError for a head that has no module of its own.
    """
    if head is None:
        raise ValueError(f"head is {told(head)}; wanted the number of a head of layer {layer}, from 0.")
    module = model.get_submodule(place(reading, layer, head))
    return module.register_forward_hook(lambda *given: changed(given[-1], torch.zeros_like))

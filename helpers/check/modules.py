"""A module in the place of a function: a copy of it gets the matrices of each case, and then what goes through them."""

import copy
import inspect
import re
import sys
from dataclasses import replace

from helpers.check.parameters import Unknown, heads_of, longest, places_of

SHOWN = 6  # parameters that a sentence shows
WEIGHTS = {"Wq", "Wk", "Wv", "Wo", "Wup", "Wdown", "bup", "bdown", "gain", "bias", "table"}


def is_module(handed_in):
    """Is it an ``nn.Module``, or a class of such?"""
    torch = sys.modules.get("torch")
    kind = handed_in if isinstance(handed_in, type) else type(handed_in)
    return torch is not None and issubclass(kind, torch.nn.Module)


def as_function(exercise, module):
    """``(exercise, function, "")``: the exercise with the module's own sizes, and a function in its place.

    Or ``(exercise, None, sentence)`` where the module cannot take the function's place. The module itself stays as it
    is. One without matrices, such as nn.Softmax, is a function already.
    """
    if isinstance(module, type):
        name = module.__name__
        return exercise, None, f"{name} is a class: make one of it, `{name}(...)`, and hand over that."
    wanted = [name for name in exercise.asks if name in WEIGHTS]
    if not wanted:
        problem = misfit(exercise, module)
        return exercise, None if problem else Filled(exercise, module, {}), problem
    try:
        places, sizes = filling(exercise, module, wanted)
        return replace(exercise, fixed=sizes, drawn={}), Filled(exercise, module, places), ""
    except Unknown as unknown:
        said = whole_of(exercise, module, wanted) or wrapping(exercise, module, wanted, unknown)
        return exercise, None, said


def filling(exercise, module, wanted):
    """The places of the matrices in a module, and the sizes that it fixes. Raises Unknown where it cannot be filled."""
    places = places_of(module, wanted)
    check_forward(module)
    return places, sizes_of(exercise, module, places)


def misfit(exercise, module):
    """A sentence on a module without matrices that is not called with what the exercise gives; or ""."""
    try:
        signature = inspect.signature(module.forward)
        signature.bind(*exercise.asks)
    except TypeError:
        return (
            f"it got a {type(module).__name__}, whose forward takes {', '.join(signature.parameters) or 'nothing'}; "
            f"wanted a function of {', '.join(exercise.asks)}."
        )
    except ValueError:  # it does not tell
        pass
    return ""


def whole_of(exercise, module, wanted):
    """A sentence on a module that does more than is asked, and has a part that does that; or ""."""
    for path, part in module.named_modules():
        try:
            filling(exercise, part, wanted)
        except (Unknown, TypeError, ValueError):
            continue
        return (
            f"it got a {type(module).__name__}, which does more than is asked here: hand over the part of it that does "
            f"this, as in check.{exercise.name}({in_code(path)}), where `module` is yours."
        )
    return ""


def in_code(path):
    """How a part is called in the code: ``in_code("sa.heads.0.key") == "module.sa.heads[0].key"``."""
    return re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", f"module.{path}")


def check_forward(module):
    """Raises Unknown where it is not called with x alone."""
    if is_multihead(module):
        return
    if type(module).forward is sys.modules["torch"].nn.Module.forward:
        raise Unknown("it has no forward of its own")
    taken = [*inspect.signature(module.forward).parameters.values()]
    needed = [one.name for one in taken if one.default is one.empty and one.kind in (0, 1)]
    masks = [one.name for one in taken if "mask" in one.name.lower()]
    if len(needed) > 1 or masks:
        raise Unknown(f"its forward takes {', '.join(needed + [name for name in masks if name not in needed])}")


def is_multihead(module):
    return isinstance(module, sys.modules["torch"].nn.MultiheadAttention)


def sizes_of(exercise, module, places):
    """The sizes that the module fixes, by axis. Raises Unknown where they are not those of the exercise."""
    sizes = {}
    for name, place in places.items():
        axes = exercise.asks.get(name, "").split()
        if axes and len(axes) != len(place.shape):
            raise Unknown(f"{place.told} has shape {place.shape}, and {name} has the axes {', '.join(axes)}")
        for axis, size in zip(axes, place.shape):
            if sizes.setdefault(axis, size) != size:
                raise Unknown(f"{place.told} has shape {place.shape}, and the others another {axis}")
    heads = heads_of(module)
    if "heads" in exercise.asks:
        if not heads:
            raise Unknown("how many heads it has stands in none of its attributes")
        sizes |= {"n": heads, "h": sizes["C"] // heads}
    elif (heads or 1) > 1:
        raise Unknown(f"it has {heads} heads, and here there is one")
    if most := longest(module):
        sizes["T"] = most
    return sizes


class Filled:
    """A module as a function of all that an exercise asks: it puts the matrices in their places, in a copy.

    The copy is in its evaluation mode, without dropout.
    """

    def __init__(self, exercise, module, places):
        self.asks, self.tensors, self.places = [*exercise.asks], exercise.tensors, places
        self.module = copy.deepcopy(module).float().eval()
        self.is_multihead = is_multihead(module)
        if not type(module).__module__.startswith("torch."):
            self.__code__ = type(module).forward.__code__  # in its file stand the learner's own lines

    def __call__(self, *given):
        import torch

        with torch.no_grad():
            rest = [*self.fill(given).values()]
            found = self.attend(*rest) if self.is_multihead else self.module(*rest)
        found = found[0] if isinstance(found, tuple) else found  # out, and the weights or nothing
        return found if self.tensors or not isinstance(found, torch.Tensor) else found.numpy()

    def fill(self, given):
        """Put the matrices in their places. What is left goes through the module: tensors by name."""
        import torch

        given = {name: torch.as_tensor(value) for name, value in zip(self.asks, given)}
        given = {name: value.float() if value.is_floating_point() else value for name, value in given.items()}
        with torch.no_grad():
            for name, place in self.places.items():
                place.put(self.module, given.get(name))
        return {name: value for name, value in given.items() if name not in self.places and name != "heads"}

    def attend(self, x):
        """nn.MultiheadAttention has no mask of its own: it gets that of the past."""
        import torch

        T = x.shape[1 if self.module.batch_first else 0]
        future = torch.ones(T, T).triu(1).bool()
        return self.module(x, x, x, attn_mask=future, need_weights=False)


def wrapping(exercise, module, wanted, why):
    """What to do with a module that cannot be filled: why, and the lines of a function around it."""
    shapes = [f"{name} {tuple(one.shape)}" for name, one in module.named_parameters()] or ["none"]
    shapes = ", ".join(shapes[:SHOWN]) + (f" and {len(shapes) - SHOWN} more" if len(shapes) > SHOWN else "")
    first = next((name for name, _ in module.named_parameters() if name.endswith("weight")), "query.weight")
    first = in_code(first)
    rest = [name for name in exercise.asks if name not in wanted and name != "heads"]
    places = "its place" if len(wanted) == 1 else "their places"
    return (
        f"it got a {type(module).__name__}, and {', '.join(wanted)} cannot be put in {places}: {why}. Its "
        f"parameters are: {shapes}. Wrap it in a function, where `module` is yours:\n"
        f"    def {exercise.name}({', '.join(exercise.asks)}):\n"
        f"        {first}.data = {wanted[0]}.T  # and the others; a bias is set to 0\n"
        f"        return module({', '.join(rest)})"
    )

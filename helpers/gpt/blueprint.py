"""A model from its settings alone: sizes are checked, and the names and shapes of its weights known, before anything
is built.
"""

import inspect

import torch
from torch.overrides import TorchFunctionMode

from helpers.gpt.fast import FastGPT
from helpers.gpt.model import GPT
from helpers.look.given import told, whole_number

MODELS = {"GPT": GPT, "FastGPT": FastGPT}
LARGEST = 2**24  # a size beyond it is a mistake


class Unset(TorchFunctionMode):
    """In here, weights begin with no numbers: no time is spent on them, and chance is not asked."""

    def __torch_function__(self, function, types, arguments=(), options=None):
        options = options or {}
        if getattr(function, "__module__", "") == "torch.nn.init":
            return options["tensor"] if "tensor" in options else arguments[0]
        return function(*arguments, **options)


def blueprint(kind, settings, weights):
    """A model that takes no memory: it waits for these weights, whose names and shapes are its own.

    kind: "GPT" or "FastGPT". settings: what it is built with, by name. weights: tensors by name.
    Raises ValueError where they do not fit together; a size that no weight bears out is never built.

    >>> small = GPT(vocabulary=2, context=4, C=4, heads=1, layers=1)
    >>> blueprint("GPT", small.settings, small.state_dict()).tokens.weight.device
    device(type='meta')
    >>> blueprint("GPT", small.settings | {"C": 10**6}, small.state_dict())
    Traceback (most recent call last):
    ValueError: C is 1000000, but the weights have C=4.
    """
    settings = checked(kind, settings)
    table = weights.get("tokens.weight", torch.empty(0))
    if table.ndim != 2:
        raise ValueError("the weights have no table of tokens, tokens.weight (vocabulary, C).")
    blocks = {name.split(".")[1] for name in weights if name.startswith("blocks.")}
    for name, found in [("vocabulary", len(table)), ("C", table.shape[1]), ("layers", len(blocks))]:
        if settings[name] != found:
            raise ValueError(f"{name} is {settings[name]}, but the weights have {name}={found}.")
    if other := [name for name, weight in weights.items() if not weight.is_floating_point()]:
        raise ValueError(f"{other[0]} holds {weights[other[0]].dtype}; wanted decimal numbers.")
    with torch.device("meta"), Unset():
        model = MODELS[kind](**settings)
    wanted = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    given = {name: tuple(weight.shape) for name, weight in weights.items()}
    for name in sorted(wanted.keys() | given.keys()):
        if wanted.get(name) != given.get(name):
            raise ValueError(f"{name} is {given.get(name, 'missing')}, but a {kind} has {wanted.get(name, 'none')}.")
    return model


def checked(kind, settings):
    """All settings of a model, those that were left out as they are by default.

    Raises ValueError for a kind that there is not, a setting that it does not have, and a value that cannot be.
    """
    if kind not in MODELS:
        raise ValueError(f"its model is {told(kind)}; wanted one of {', '.join(MODELS)}.")
    if not isinstance(settings, dict):
        raise ValueError(f"its settings are {told(settings)}; wanted sizes by name.")
    known = {name: one.default for name, one in inspect.signature(MODELS[kind]).parameters.items()}
    if unknown := [name for name in settings if name not in known]:
        raise ValueError(f"{told(unknown[0])} is no setting of a {kind}; it has {', '.join(known)}.")
    settings = known | settings
    for name, value in settings.items():
        if isinstance(known[name], bool):
            if not isinstance(value, bool):
                raise ValueError(f"{name} is {told(value)}; wanted True or False.")
        elif isinstance(known[name], float):
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise ValueError(f"{name} is {told(value)}; wanted a share from 0 to 1.")
        elif value is inspect.Parameter.empty:
            raise ValueError(f"{name} is missing in the settings.")
        else:
            whole_number(name, value, 0 if name == "layers" else 1, LARGEST)
    return settings

"""What a function is made of beside its arguments: torch modules, arrays and tensors, and the sizes that these have.

Importing this module does not import torch.
"""

from types import FunctionType, MethodType

import numpy as np

from helpers.see.copies import is_tensor
from helpers.see.wants_tensors import known_names, plain, unwrapped

MOST_TRIED = 6
CHANNELS = ("n_embd", "d_model", "embed_dim", "hidden_size", "dim", "d_in", "in_features", "normalized_shape")
CONTEXT = ("block_size", "context", "context_length", "max_len", "max_seq_len", "num_embeddings")


def is_module(value):
    """Is it a torch module? Asked without importing torch."""
    return not isinstance(value, type) and is_module_class(type(value))


def is_module_class(kind):
    """Is it a class of torch modules, which makes one when it is called?"""
    return isinstance(kind, type) and any(f"{one.__module__}.".startswith("torch.nn.") for one in kind.__mro__)


def module_of(build):
    """The torch module that is called: itself, or through a method of it, or with some arguments given; or None."""
    build = unwrapped(build)
    owner = build.__self__ if isinstance(build, MethodType) else build
    return owner if is_module(owner) else None


def own_things(build):
    """The modules, arrays and tensors that a function mentions, or that an object has: two lists.

    >>> own_things(lambda x: x)
    ([], [])
    """
    if (module := module_of(build)) is not None:
        return [module], []
    build = unwrapped(build)
    owner = build.__self__ if isinstance(build, MethodType) else build
    values = [] if isinstance(owner, FunctionType | type) else list(getattr(owner, "__dict__", {}).values())
    function, read = plain(build), []
    unread = [function]
    while unread:  # and the functions of the same module that it calls
        one = unread.pop()
        if isinstance(one, FunctionType) and one.__module__ == function.__module__ and one not in read:
            read.append(one)
            unread += known_names(one).values()
            values += known_names(one).values()
    values = list({id(value): value for value in values}.values())
    modules = [value for value in values if is_module(value)]
    return modules, [value for value in values if is_tensor(value) or isinstance(value, np.ndarray)]


def likely_channels(modules, arrays):
    """Sizes that the channels of an x may have to have, the likeliest first."""
    named = [size for module in parts(modules) for size in numbers(module, CHANNELS)]
    shapes = [tuple(matrix.shape) for matrix in [*arrays, *matrices(modules)]]
    return likely([*named, *(size for shape in shapes for size in shape)])


def likely_lengths(modules, arrays):
    """How many tokens a mask, or a table of positions, may have room for, the likeliest first."""
    named = [size for module in parts(modules) for size in numbers(module, CONTEXT)]
    shapes = [tuple(matrix.shape) for matrix in [*arrays, *matrices(modules)]]
    square = [shape[-1] for shape in shapes if len(shape) > 1 and shape[-1] == shape[-2]]
    return likely([*square, *named, *(size for shape in shapes for size in shape[:-1])])


def own_head_sizes(modules):
    """What modules call their own head_size."""
    return likely(size for module in parts(modules) for size in numbers(module, ("head_size", "head_dim", "d_k")))


def vocabularies(modules):
    """How many ids the embeddings in modules know, the most first."""
    return sorted({size for module in parts(modules) for size in numbers(module, ("num_embeddings",))}, reverse=True)


def random_in_training(modules):
    """Does one of them draw at random as it is: has it dropout, and is it in train mode?"""
    return any(
        module.training and any(probability > 0 for probability in numbers(module, ("p", "dropout"), float))
        for module in parts(modules)
        if "drop" in type(module).__name__.lower() or type(module).__name__ == "MultiheadAttention"
    )


def size_of(module):
    """How many numbers a module holds."""
    return sum(matrix.numel() for matrix in matrices([module]))


def parts(modules):
    """Modules and all that they are made of, in order."""
    return [part for module in modules for part in module.modules()]


def matrices(modules):
    """The buffers and parameters of modules: first those that no part of theirs has."""
    own = [matrix for module in modules for part in module.modules() for matrix in part.buffers(recurse=False)]
    return own + [matrix for module in modules for matrix in module.parameters()]


def numbers(module, names, kind=int):
    """Those of its attributes that are whole numbers, or fractions, or the last one of a tuple of them."""
    found = [vars(module).get(name) for name in names]
    found = [value[-1] if isinstance(value, tuple) and value else value for value in found]
    return [value for value in found if isinstance(value, (int, kind)) and not isinstance(value, bool)]


def likely(sizes):
    """Each size once, the first ones, no 1."""
    return [size for size in dict.fromkeys(int(size) for size in sizes) if size > 1][:MOST_TRIED]

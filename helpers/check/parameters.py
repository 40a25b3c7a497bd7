"""Which of a module's parameters is which matrix: told by its name, and by what it belongs to."""

import sys
from dataclasses import dataclass

from helpers.check.handed_in import ROLES

JOINED = {"cattn", "qkv", "inprojweight", "wqkv", "toqkv", "qkvproj", "kqv"}  # q, k and v in one matrix
OUT = {"proj", "cproj", "outproj", "oproj", "wo", "out", "toout", "output", "dense", "outputproj", "projection"}
GAINS, SHIFTS = {"weight", "gain", "gamma", "scale", "a2"}, {"bias", "beta", "shift", "b2"}
AFFIXES = ("proj", "linear", "layer", "lin", "to", "w")
HEADS = ("n_head", "num_heads", "n_heads", "heads", "num_attention_heads", "nhead", "h")


class Unknown(Exception):
    """A parameter's place or a module's size cannot be told; says which."""


@dataclass
class Place:
    """Where a matrix belongs: parts (path, turned, columns) of parameters, one beside the other.

    turned: an nn.Linear keeps the transpose. columns: which of the parameter's the matrix has, (start, stop), or None
    for all. shape: of the matrix.
    """

    parts: list
    shape: tuple

    @property
    def told(self):
        return self.parts[0][0]

    def put(self, module, matrix):
        """Write the matrix into its parameters; where there is none, 1s on a diagonal, or a bias of 0."""
        import torch

        if matrix is None:
            matrix = torch.eye(*self.shape) if len(self.shape) == 2 else torch.zeros(self.shape)
        at = 0
        for path, turned, columns in self.parts:
            kept = parameter(module, path)
            kept = kept.T if turned else kept
            kept = kept if columns is None else kept[..., slice(*columns)]
            kept.copy_(matrix[..., at : at + kept.shape[-1]])
            at += kept.shape[-1]


def parameter(module, path):
    owner, _, name = path.rpartition(".")
    return getattr(module.get_submodule(owner), name)


def is_turned(module, path):
    """Does it belong to an nn.Linear, or to nn.MultiheadAttention, which keep their matrices transposed?"""
    nn = sys.modules["torch"].nn
    return isinstance(module.get_submodule(path.rpartition(".")[0]), nn.Linear | nn.MultiheadAttention)


def places_of(module, wanted):
    """The Place of every matrix and bias by its name, those to be left without effect by their path. Raises Unknown."""
    shapes = {path: tuple(one.shape) for path, one in module.named_parameters()}
    if not shapes:
        raise Unknown("it has none")
    if "Wq" in wanted:
        return of_attention(module, shapes, wanted)
    if "Wup" in wanted:
        return of_two_layers(module, shapes)
    if "table" in wanted:
        table = only(shapes, lambda path: not is_turned(module, path))
        return {"table": Place([(table, False, None)], shapes[table])}
    gain, shift = (only(shapes, lambda path, names=names: bare(path) in names) for names in (GAINS, SHIFTS))
    return {"gain": Place([(gain, False, None)], shapes[gain]), "bias": Place([(shift, False, None)], shapes[shift])}


def of_attention(module, shapes, wanted):
    """q, k and v apart, as in the lecture, of one head or of several side by side; or joined, as in GPT-2 or torch."""
    found, places = {}, {}
    for path, shape in shapes.items():
        role = role_of(path)
        turned = len(shape) == 2 and is_turned(module, path)
        size = shape[::-1] if turned else shape
        if len(shape) == 1 and "bias" in path:
            places[path] = Place([(path, False, None)], shape)  # set to 0
        elif role == "joined" and len(size) == 2 and size[1] % 3 == 0:
            third = size[1] // 3
            for i, name in enumerate("kqv" if "kqv" in path else "qkv"):
                found.setdefault(name, []).append(((path, turned, (i * third, i * third + third)), (size[0], third)))
        elif role in ("q", "k", "v", "o") and len(size) == 2:
            found.setdefault(role, []).append(((path, turned, None), size))
        else:
            raise Unknown(f"{path} is none of them")
    for name in "qkv":
        if name not in found:
            raise Unknown(f"none of them is called W{name}, or a word for it")
    for role, parts in found.items():
        rows = parts[0][1][0]
        shape = (rows, sum(size[1] for _, size in parts))
        if role == "o" and "Wo" not in wanted and shape[0] != shape[1]:
            raise Unknown(f"{parts[0][0][0]} is an output projection, which there is none of here")
        places[f"W{role}"] = Place([part for part, _ in parts], shape)
    return places


def of_two_layers(module, shapes):
    """The way up, and the way down."""
    matrices = [path for path in shapes if len(shapes[path]) == 2]
    if len(matrices) != 2:
        raise Unknown(f"it has {len(matrices)} matrices, wanted two")
    places = {}
    for name, path in zip(("up", "down"), matrices):
        turned = is_turned(module, path)
        places[f"W{name}"] = Place([(path, turned, None)], shapes[path][::-1] if turned else shapes[path])
        shift = path.removesuffix("weight") + "bias"
        if shift in shapes:
            places[f"b{name}"] = Place([(shift, False, None)], shapes[shift])
    return places


def only(shapes, is_it):
    """The path for which it holds. Raises Unknown where it holds for none, or for several."""
    paths = [path for path in shapes if is_it(path)]
    if len(paths) != 1:
        raise Unknown("there is not exactly one for each")
    return paths[0]


def bare(path):
    """The last word of a path, without what only says that it is a layer's matrix."""
    words = [word for word in path.lower().split(".") if not word.isdigit()]
    word = words[-2] if words[-1] == "weight" and len(words) > 1 else words[-1]
    return word.replace("_", "")


def role_of(path):
    """q, k, v, o, joined, or nothing: what a parameter is by its name.

    >>> [role_of(path) for path in ("heads.0.query.weight", "c_attn.weight", "W_k", "q_proj.weight", "to_out.0.weight")]
    ['q', 'joined', 'k', 'q', 'o']
    """
    word = bare(path)
    if word in JOINED:
        return "joined"
    if word in OUT:
        return "o"
    for affix in AFFIXES:
        word = word.removeprefix(affix).removesuffix(affix) or word
    return ROLES.get(word, "")


def heads_of(module):
    """How many heads it has, by the attribute that says so, or by the list of them; None where nothing does."""
    nn = sys.modules["torch"].nn
    for name in HEADS:
        value = getattr(module, name, None)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, nn.ModuleList):
            return len(value)
    return None


def longest(module):
    """The most tokens that its mask is made for; None where it keeps none."""
    sizes = [one.shape[-1] for one in module.buffers() if one.ndim > 1 and one.shape[-1] == one.shape[-2] > 1]
    return min(sizes, default=None)

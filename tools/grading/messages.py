"""What goes between the grader and a learner's process: JSON and plain arrays. Nothing in it is code, or becomes code.

A message is a dict, and values: arrays, tensors and whatever else a function may return go as a description and their
numbers. What a learner's process says is a claim. It is read as numbers and text, and else refused.
"""

import inspect
import json
import math
import os
import select
import struct
import sys
import time

import numpy as np
import safetensors.numpy

MOST = 1 << 24  # bytes of a message
SHORT = 2000  # characters of a text
ITEMS = 16  # of a tuple or a list: an exercise gives three at most
PLAIN = {"float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"}
OTHERS = {"bfloat16", "complex64", "complex128"}  # of these kinds of numbers the name alone travels


class Refused(ValueError):
    """What came is no message; says why."""


def send(channel, message, values=()):
    """Write a message, and values beside it."""
    arrays = {}
    described = [describe(value, arrays) for value in values]
    text = json.dumps({**message, "values": described}).encode()
    numbers = safetensors.numpy.save(arrays) if arrays else b""
    whole = struct.pack(">II", len(text), len(numbers)) + text + numbers
    while whole:
        whole = whole[os.write(channel, whole) :]


def receive(channel, seconds=math.inf):
    """The next message, with its values; None where the other side is gone. Raises Refused, or TimeoutError."""
    until = time.monotonic() + seconds
    if (head := take(channel, 8, until)) is None:
        return None
    lengths = struct.unpack(">II", head)
    if sum(lengths) > MOST:
        raise Refused("it sent more numbers than an answer can have")
    text, numbers = (take(channel, length, until) for length in lengths)
    if text is None or numbers is None:
        return None
    try:
        message = json.loads(text)
        arrays = safetensors.numpy.load(numbers) if numbers else {}
        arrays = {name: np.array(array) for name, array in arrays.items()}  # ones that can be written to
        return {**message, "values": [value_of(one, arrays) for one in message["values"]]}
    except (ValueError, TypeError, KeyError, RecursionError, safetensors.SafetensorError) as error:
        raise Refused("what it sent is no answer") from error


def take(channel, length, until):
    """So many bytes, or None where the other side is gone. It waits in short steps, so that a deadline can strike."""
    found = b""
    while len(found) < length:
        if time.monotonic() > until:
            raise TimeoutError
        if select.select([channel], [], [], 0.1)[0]:
            try:
                more = os.read(channel, min(length - len(found), 1 << 20))
            except ConnectionError:
                return None
            if not more:
                return None
            found += more
    return found


def describe(value, arrays):
    """A value in words, its numbers put into ``arrays``."""
    if isinstance(value, np.generic | np.ndarray):
        return of_numbers("scalar" if isinstance(value, np.generic) else "array", str(value.dtype), value, arrays)
    if is_tensor(value):
        import torch

        if value.is_nested or value.is_quantized or value.layout != torch.strided or value.is_meta:
            return {"kind": "special tensor"}
        dtype = str(value.dtype).removeprefix("torch.")
        return of_numbers("tensor", dtype, value.detach().cpu().numpy() if dtype in PLAIN else None, arrays)
    if type(value) in (bool, float) or (type(value) is int and abs(value) < 1 << 63):
        return {"kind": "number", "number": value}
    if type(value) is str:
        return {"kind": "text", "text": value[:SHORT]}
    if type(value) in (tuple, list):
        return {"kind": type(value).__name__, "items": [describe(one, arrays) for one in [*value][:ITEMS]]}
    kind = "generator" if inspect.isgenerator(value) else "function" if callable(value) else type(value).__name__
    return {"kind": "other", "name": kind}


def of_numbers(kind, dtype, value, arrays):
    """An array or a tensor in words; its numbers go beside it, where they are of a plain kind."""
    described = {"kind": kind, "dtype": dtype[:SHORT]}
    if dtype in PLAIN:
        described["numbers"] = str(len(arrays))
        arrays[described["numbers"]] = np.array(value, order="C", subok=False)
    return described


def is_tensor(value):
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def value_of(described, arrays):
    """The value that a description tells of; of what is no number, something of the same kind, with nothing in it."""
    kind = described["kind"]
    if kind in ("array", "scalar"):
        array = arrays[described["numbers"]] if "numbers" in described else np.empty((), dtype=object)
        return array[()] if kind == "scalar" else array
    if kind in ("tensor", "special tensor"):
        import torch

        if kind == "special tensor":
            return torch.zeros(1).to_sparse()
        if "numbers" in described:
            return torch.from_numpy(arrays[described["numbers"]])
        return torch.zeros((), dtype=getattr(torch, described["dtype"]) if described["dtype"] in OTHERS else torch.half)
    if kind == "number":
        return described["number"] if type(described["number"]) in (bool, int, float) else None
    if kind == "text":
        return str(described["text"])
    if kind in ("tuple", "list"):
        return {"tuple": tuple, "list": list}[kind](value_of(one, arrays) for one in described["items"][:ITEMS])
    return EMPTY[described["name"]]() if described["name"] in EMPTY else type(name_of(described["name"]), (), {})()


EMPTY = {
    "NoneType": lambda: None,
    "dict": dict,
    "set": set,
    "complex": complex,
    "int": lambda: float("inf"),  # one that no array can hold
    "generator": lambda: (one for one in ()),
    "function": lambda: lambda *_: None,
}


def name_of(text):
    """A name that a learner's process gives, if it is one."""
    return text if isinstance(text, str) and text.isidentifier() and len(text) < 60 else "Thing"

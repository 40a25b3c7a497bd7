"""The Traces that the notebooks make of plain functions and modules: these come from the cells that define them."""

import ast
import json
import linecache
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from helpers.inputs import example, words
from helpers.see import see

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


class Taught:
    """What a notebook defines, by name.

    number: of the notebook. names: what is wanted. known: what their code needs besides.
    """

    def __init__(self, number, names, **known):
        (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        self.held = {"np": np, "torch": torch, "nn": nn, "F": functional, **known}
        for cell in cells:
            if cell["cell_type"] == "code" and cell["id"] != "setup":
                self.define("".join(cell["source"]), f"<{number} {cell['id']}>", names.split())

    def define(self, source, name, wanted):
        """Run the definitions of a cell that are wanted. name: that of the cell, where its lines are looked up."""
        tree = ast.parse(source)
        tree.body = [node for node in tree.body if getattr(node, "name", "") in wanted]
        if tree.body:
            linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
            exec(compile(tree, name, "exec"), self.held)

    def __getitem__(self, name):
        return self.held[name]


def seen():
    """Each of these Traces."""
    torch.manual_seed(0)
    yield from averages()
    yield from one_head()
    yield from scaled()
    yield from many_heads()
    yield from blocks()


def tensors(*arrays):
    return [torch.tensor(array) for array in arrays]


def averages():
    e = example(T=7, C=4)
    yield see(Taught("02", "without_axis")["without_axis"], e.x, tokens=e.tokens)
    e = example(T=6, C=4)
    tril = torch.ones(6, 6).tril()
    names = "right strict mask_after wrong_axis zero_in_place"
    for name in names.split():
        yield see(Taught("04", names, tril=tril)[name], *tensors(e.scores, e.v), tokens=e.tokens)


def one_head():
    taught = Taught("05b", "head_matrices one_line attention Head forgotten along_columns")
    e = example(T=6, C=4, head_size=2)
    for name in ("head_matrices", "one_line"):
        yield see(taught[name], *tensors(e.x, e.Wq, e.Wk, e.Wv), tokens=e.tokens)
    yield see(taught["attention"], *torch.randn(3, 4, 8, 16))
    yield see(taught["Head"](C=4, head_size=2), torch.tensor(e.x).float(), tokens=e.tokens)
    for name in ("forgotten", "along_columns"):
        yield see(taught[name], *torch.randn(3, 2, 4, 4), tokens=words(4))


def scaled():
    taught = Taught("06", "divide two_divisors scaled_late")
    for T in (6, 16):
        yield see(taught["divide"], 4 * torch.randn(T, T), 16, tokens=words(T))
    yield see(taught["two_divisors"], 8 * torch.randn(6, 6), 384, 64, tokens=words(6))
    masked = torch.randn(6, 6).masked_fill(torch.ones(6, 6).tril() == 0, float("-inf"))
    yield see(taught["scaled_late"], masked, torch.randn(6, 4), tokens=words(6))


def many_heads():
    taught = Taught("09", "cut MultiHeadAttention")
    yield see(taught["cut"], torch.randn(4, 6), tokens=words(4))
    yield see(taught["MultiHeadAttention"](C=6, heads=2), torch.randn(2, 4, 6), tokens=words(4))
    taught = Taught("10", "place rotate turned_scores", BASE=1000)
    for T, C in [(6, 4), (16, 12)]:
        yield see(taught["place"], *torch.randn(2, T, C), tokens=words(T))
    yield see(taught["turned_scores"], *torch.randn(2, 5, 4), tokens=words(5))


def blocks():
    names = "add center loudness normalized_rows over_tokens drop FeedForward Block"
    taught = Taught("11", names, MultiHeadAttention=Taught("09", "MultiHeadAttention")["MultiHeadAttention"])
    e = example(T=3, C=4, head_size=2)
    yield see(taught["add"], *tensors(e.x, e.Wq, e.Wk, e.Wv, e.Wo), tokens=e.tokens)
    for name in ("normalized_rows", "over_tokens"):
        yield see(taught[name], torch.tensor(e.x), tokens=e.tokens)
    for T in (5, 8):
        yield see(taught["drop"], torch.randn(T, T), torch.randn(T, 2))
    yield see(taught["Block"](C=4, heads=2).eval(), torch.randn(1, 5, 4), tokens=words(5))

"""The lecture's own model, read as one of this course: tables of tokens and positions, and heads that each have a
query, a key and a value of their own.

It is known by its parts, not by its names, so that every stage of it can be read, from the first single head on.
What a head computes is never taken on trust: it is tried.
"""

import copy

import torch
from torch import nn

from helpers.gpt.model import GPT, MultiHeadAttention
from helpers.look.given import told
from helpers.look.sentence import one_line

PROJECTIONS = ("query", "key", "value")
LONGEST = 1024  # tokens, where neither a mask nor a table of positions sets an end


def is_head(module):
    """Does it have a query, a key and a value of its own?"""
    return all(isinstance(getattr(module, name, None), nn.Linear) for name in PROJECTIONS)


def is_several(module):
    """Is it a module with a list of heads?"""
    heads = getattr(module, "heads", None)
    return isinstance(heads, nn.ModuleList) and len(heads) > 0 and all(map(is_head, heads))


def attentions_in(model):
    """Its modules with heads side by side, and its heads that stand alone, in the order in which it has them."""
    several = [module for module in model.modules() if is_several(module)]
    listed = {id(head) for module in several for head in module.heads}
    return [
        module for module in model.modules() if is_several(module) or (is_head(module) and id(module) not in listed)
    ]


def is_like_the_lecture(model):
    """Does it have a table of tokens, and heads?"""
    is_model = isinstance(model, nn.Module) and any(isinstance(module, nn.Embedding) for module in model.modules())
    return is_model and bool(attentions_in(model))


class SideBySide:
    """Heads that are modules of their own, as one attention of this course: (B, T, C) -> n heads of (T, h)."""

    split, weights = MultiHeadAttention.split, MultiHeadAttention.weights

    def __init__(self, module):
        self.module = module
        self.parts = list(module.heads) if is_several(module) else [module]
        self.heads = len(self.parts)
        self.register_forward_pre_hook = module.register_forward_pre_hook

    def side_by_side(self, name, x):
        return torch.cat([getattr(part, name)(x) for part in self.parts], dim=-1)  # n × (B, T, h) -> (B, T, n·h)

    def value(self, x):
        return self.side_by_side("value", x)

    def queries_and_keys(self, x):
        """What meets in the scores: (B, T, C) -> 2 × (B, n, T, h)."""
        return self.split(self.side_by_side("query", x)), self.split(self.side_by_side("key", x))

    def exact(self):
        """Itself on the CPU, and then in float64, which some accelerators do not have."""
        self.module.cpu().double()
        return self

    def silence(self, head):
        """From now on one head gives zeros, until the hook is removed."""
        return self.parts[head].register_forward_hook(lambda *given: torch.zeros_like(given[-1]))

    @property
    def scale(self):
        """What it multiplies the scores by: the root of head_size or of C, or nothing, whichever gives what it gives.

        Raises ValueError where none does: it is then another kind of head.
        """
        tried = [Trial(part) for part in self.parts]
        for scale in (self.parts[0].query.out_features ** -0.5, self.parts[0].query.in_features ** -0.5, 1.0):
            if all(trial.fits(scale) for trial in tried):
                return scale
        why = next((trial.problem for trial in tried if trial.problem), "on the same x, that gives other numbers")
        raise ValueError(
            f"{told(self.parts[0])} is not the softmax of q·k over what stands before, times v: {why}; "
            "helpers.attention.head draws one such head from its x, Wq, Wk and Wv."
        )


class Trial:
    """One head, tried on some tokens, in a copy, in float64."""

    @torch.no_grad()
    def __init__(self, head):
        head = copy.deepcopy(head).cpu().double().eval()
        sizes = (1, min(4, longest(head)), head.query.in_features)
        x = torch.randn(sizes, generator=torch.Generator().manual_seed(0), dtype=torch.float64)  # (1, T, C)
        self.out, self.problem = None, ""
        try:
            with torch.random.fork_rng(devices=[]):
                self.out, again = head(x), head(x)
            if not torch.equal(self.out, again):
                self.problem = "it gives something else each time, as F.dropout does without training=self.training"
        except Exception as error:  # noqa: BLE001 - a learner's own code may raise anything
            self.problem = f"with x alone, (B, T, C), it does not give a tensor ({one_line(error, 80)})"
        self.q, self.k, self.v = (getattr(head, name)(x) for name in PROJECTIONS)

    def fits(self, scale):
        """Does it give what this course's attention gives with this scale?"""
        if self.problem:
            return False
        scores = self.q @ self.k.mT * scale  # (1, T, h) @ (1, h, T) -> (1, T, T)
        weights = scores.masked_fill(torch.ones_like(scores).triu(1) > 0, float("-inf")).softmax(-1)
        wanted = weights @ self.v
        return self.out.shape == wanted.shape and torch.allclose(self.out, wanted, atol=1e-9)


class Lecture(nn.Module):
    """A learner's own model, asked as a GPT of this course is: (B, T) ids -> (B, T, vocabulary) logits.

    It holds the model, not a copy: what is done to it is done to the model.
    """

    loss, generate = GPT.loss, GPT.generate

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.settings = {"vocabulary": self.tokens.num_embeddings}
        self.context = longest(model)

    @property
    def tokens(self):
        """The table of tokens, the first that it has."""
        return next(module for module in self.model.modules() if isinstance(module, nn.Embedding))

    @property
    def tokenizer(self):
        return getattr(self.model, "tokenizer", None)

    @property
    def attentions(self):
        """The attention of each layer."""
        return [SideBySide(module) for module in attentions_in(self.model)]

    def forward(self, ids):
        found = self.model(ids)  # the logits, or with them the loss
        return found[0] if isinstance(found, tuple) else found


def longest(model):
    """The most tokens that it can see at once: what its masks and its tables of positions are made for."""
    masks = [buffer.shape[-1] for buffer in model.buffers() if buffer.ndim >= 2]
    tables = [module.num_embeddings for module in model.modules() if isinstance(module, nn.Embedding)]
    return min([*masks, *tables[1:]], default=LONGEST)

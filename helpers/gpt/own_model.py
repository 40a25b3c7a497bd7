"""A model of your own, asked as a GPT of this course is: whatever its parts are called, and however many they are."""

import torch
from torch import nn

from helpers.gpt.model import GPT
from helpers.look.given import told

LONGEST = 1024  # tokens, where neither a mask nor a table of positions sets an end


def is_own_model(model):
    """Is it a module that looks something up in a table, and says how?"""
    is_module = isinstance(model, nn.Module) and type(model).forward is not nn.Module.forward
    return is_module and any(isinstance(module, nn.Embedding) for module in model.modules())


class OwnModel(nn.Module):
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

    def forward(self, ids):
        """The logits of every token. Raises ValueError where the model gives something else."""
        found = self.model(ids)
        found = found[0] if isinstance(found, tuple) else found  # the logits, or with them the loss
        (B, T), V = ids.shape, self.settings["vocabulary"]
        if not isinstance(found, torch.Tensor) or found.shape[:-1] != ids.shape:
            raise ValueError(
                f"for ids of shape {(B, T)}, a {type(self.model).__name__} gives {told(found)}; wanted the logits of "
                f"every token, of shape {(B, T, V)}."
            )
        return found


def longest(model):
    """The most tokens that it can see at once: what its masks and its tables of positions are made for."""
    tables = [module.num_embeddings for module in model.modules() if isinstance(module, nn.Embedding)]
    lengths = [max(buffer.shape[:-1]) for buffer in model.buffers() if buffer.ndim >= 2]  # (1, 1, T, T), or (T, 1, C)
    return min([*lengths, *tables[1:]], default=LONGEST)

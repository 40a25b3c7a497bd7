"""A small GPT: built, trained, kept, and its heads opened."""

from helpers.gpt.cache import Cache, generate, left_padded
from helpers.gpt.checkpoint import load, save
from helpers.gpt.fast import FastGPT
from helpers.gpt.model import GPT, MultiHeadAttention
from helpers.gpt.muon import orthogonalize
from helpers.gpt.open_heads import copied, previous, score, trace_model, without
from helpers.gpt.speculative import speculate
from helpers.gpt.training import Training, loss_on, split, write
from helpers.gpt.watching import watch

__all__ = [
    "GPT",
    "Cache",
    "FastGPT",
    "MultiHeadAttention",
    "Training",
    "copied",
    "generate",
    "left_padded",
    "load",
    "loss_on",
    "orthogonalize",
    "previous",
    "save",
    "score",
    "speculate",
    "split",
    "trace_model",
    "watch",
    "without",
    "write",
]

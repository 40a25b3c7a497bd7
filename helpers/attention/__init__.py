"""The mathematics of attention, step by step: every function returns a Trace."""

from helpers.attention.averages import average_matmul, average_past, masked_softmax
from helpers.attention.block import feed_forward, layer_norm
from helpers.attention.cross import cross_attention
from helpers.attention.heads import head, many_heads, separate_heads
from helpers.attention.masked import masked_head
from helpers.attention.positions import learned_positions, rotary_scores, rotary_turn, sinusoidal_positions

__all__ = [
    "average_matmul",
    "average_past",
    "cross_attention",
    "feed_forward",
    "head",
    "layer_norm",
    "learned_positions",
    "many_heads",
    "masked_head",
    "masked_softmax",
    "rotary_scores",
    "rotary_turn",
    "separate_heads",
    "sinusoidal_positions",
]

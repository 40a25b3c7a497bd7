"""The mathematics of attention, step by step: every function returns a Trace."""

from helpers.attention.averages import average_matmul, average_past, masked_softmax
from helpers.attention.block import feed_forward, layer_norm
from helpers.attention.cached import cached_head
from helpers.attention.cross import cross_attention
from helpers.attention.heads import head, many_heads, separate_heads
from helpers.attention.latent import latent_keys
from helpers.attention.linear import delta_rule, linear_attention
from helpers.attention.longer import stretched_speeds
from helpers.attention.masked import masked_head
from helpers.attention.positions import learned_positions, rotary_scores, rotary_turn, sinusoidal_positions
from helpers.attention.shared_keys import shared_keys
from helpers.attention.slopes import sloped_head
from helpers.attention.tiles import tiles, visits
from helpers.attention.windows import window_head

__all__ = [
    "average_matmul",
    "average_past",
    "cached_head",
    "cross_attention",
    "delta_rule",
    "feed_forward",
    "head",
    "latent_keys",
    "layer_norm",
    "learned_positions",
    "linear_attention",
    "many_heads",
    "masked_head",
    "masked_softmax",
    "rotary_scores",
    "rotary_turn",
    "separate_heads",
    "shared_keys",
    "sinusoidal_positions",
    "sloped_head",
    "stretched_speeds",
    "tiles",
    "visits",
    "window_head",
]

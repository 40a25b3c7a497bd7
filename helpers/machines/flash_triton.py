"""The forward pass of notebook 17 as one program for a graphics card, in Triton.

Triton (Tillet, Kung and Cox, "Triton: An Intermediate Language and Compiler for Tiled Neural Network Computations",
2019) compiles a Python function of tiles. What a tile holds stays in the card's fast memory; only ``load`` and
``store`` reach the large one. Without Triton this module can be imported, and ``flash_triton`` says what is missing.
With ``TRITON_INTERPRET=1``, set before the import, Triton runs the same program on the processor, slowly; it has no
bfloat16 there.
"""

import os

import torch

from helpers.machines.tiles import checked

try:
    import triton
    import triton.language as tl
except ImportError:  # it is there where PyTorch was installed for a graphics card
    triton = None

SMALLEST = 16  # the product of two tiles takes no smaller side

if triton is not None:

    @triton.jit
    def tile_of_queries(
        Q,
        K,
        V,
        OUT,
        LOGSUMEXP,
        T,
        S,
        scale,
        CAUSAL: tl.constexpr,
        H: tl.constexpr,
        WIDE: tl.constexpr,
        ROWS: tl.constexpr,
        COLUMNS: tl.constexpr,
    ):
        """One tile of queries of one head meets the keys tile by tile. Q, OUT: (B, T, H); K, V: (B, S, H).

        WIDE: H or the next power of two, as a tile must have; ROWS, COLUMNS: of a tile of scores.
        """
        batch = tl.program_id(1).to(tl.int64)
        rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
        channels = tl.arange(0, WIDE)
        in_q = batch * T * H + rows[:, None] * H + channels[None, :]  # (ROWS, WIDE): where each number stands
        of_q = (rows[:, None] < T) & (channels[None, :] < H)
        q = tl.load(Q + in_q, mask=of_q, other=0.0)  # (ROWS, WIDE)
        m = tl.full((ROWS,), float("-inf"), tl.float32)
        total = tl.zeros((ROWS,), tl.float32)
        mixed = tl.zeros((ROWS, WIDE), tl.float32)
        end = S
        if CAUSAL:
            end = tl.minimum(S, (tl.program_id(0) + 1) * ROWS)  # tiles in the future are skipped
        for start in range(0, end, COLUMNS):
            columns = start + tl.arange(0, COLUMNS)
            in_k = batch * S * H + columns[:, None] * H + channels[None, :]  # (COLUMNS, WIDE)
            of_k = (columns[:, None] < S) & (channels[None, :] < H)
            k = tl.load(K + in_k, mask=of_k, other=0.0)
            v = tl.load(V + in_k, mask=of_k, other=0.0)
            scores = tl.dot(q, tl.trans(k), input_precision="ieee") * scale  # (ROWS, WIDE) @ (WIDE, COLUMNS)
            seen = columns[None, :] < S
            if CAUSAL:
                seen = seen & (columns[None, :] <= rows[:, None])
            scores = tl.where(seen, scores, float("-inf"))
            m_before = m
            m = tl.maximum(m, tl.max(scores, 1))  # (ROWS, COLUMNS) -> (ROWS,)
            shrink = tl.exp(m_before - m)
            powers = tl.exp(scores - m[:, None])  # (ROWS, COLUMNS)
            total = shrink * total + tl.sum(powers, 1)
            mixed = shrink[:, None] * mixed + tl.dot(powers.to(v.dtype), v, input_precision="ieee")
        out = mixed / total[:, None]
        tl.store(OUT + in_q, out.to(OUT.dtype.element_ty), mask=of_q)
        tl.store(LOGSUMEXP + batch * T + rows, m + tl.log(total), mask=rows < T)


def flash_triton(q, k, v, *, causal=False, tile=64):
    """What ``flash_forward`` computes, in one program on the graphics card: out, and logsumexp in float32.

    q: (..., T, h); k, v: (..., S, h), all float32, float16 or bfloat16. tile: how many queries, and keys, a tile has, a
    power of two from 16 up. causal: query t sees the keys up to t. Sums run in float32. Raises RuntimeError where there
    is no Triton or no graphics card, ValueError for shapes, types and tiles that it cannot take.
    """
    T, S = checked(q, k, v, tile, None)
    if q.shape[-1] != v.shape[-1] or q.dtype not in (torch.float32, torch.float16, torch.bfloat16):
        raise ValueError(
            f"q is {q.dtype} with head_size {q.shape[-1]}, v has {v.shape[-1]}; wanted one head_size, and float32, "
            "float16 or bfloat16."
        )
    if q.dtype == torch.bfloat16 and interpreted():
        raise ValueError("q is torch.bfloat16, which Triton's interpreter has not; wanted float32 or float16 there.")
    if tile < SMALLEST or tile & (tile - 1):
        raise ValueError(f"tile is {tile}; wanted a power of two from {SMALLEST} up.")
    if triton is None or not (q.is_cuda or interpreted()):
        there = "is not installed" if triton is None else f"works on a graphics card, and q is on {q.device}"
        raise RuntimeError(f"Triton {there}: use flash_forward, which computes the same everywhere.")
    q, k, v = (one.contiguous() for one in (q, k, v))
    out, logsumexp = torch.empty_like(q), q.new_empty(q.shape[:-1], dtype=torch.float32)
    heads, h = q.shape[:-2].numel(), q.shape[-1]
    wide = max(SMALLEST, triton.next_power_of_2(h))
    tile_of_queries[(triton.cdiv(T, tile), heads)](
        q, k, v, out, logsumexp, T, S, h**-0.5, CAUSAL=causal, H=h, WIDE=wide, ROWS=tile, COLUMNS=tile
    )
    return out, logsumexp


def interpreted():
    """Does Triton run its programs on the processor?"""
    return os.environ.get("TRITON_INTERPRET") == "1"

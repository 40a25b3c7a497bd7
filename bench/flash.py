"""How much memory one head takes beside its inputs: plain, in tiles, and PyTorch's own call; each in a fresh process.

python -m bench.flash      prints a table and writes data/flash.json, which notebook 17 reads

Linux says what a process held at most (VmHWM) and lets it forget that before the measured call; elsewhere this stops.
"""

import ctypes
import subprocess
import sys
from time import perf_counter

import torch
from torch.nn.functional import scaled_dot_product_attention
from tqdm import tqdm

from bench.taught import keep
from helpers.machines.tiles import Flash

LENGTHS, HEAD_SIZE, TILE, ROUNDS = [512, 1024, 2048, 4096], 64, 128, 3
FRESH = "import sys; from bench.flash import fresh; fresh(*sys.argv[1:])"


def plain(q, k, v):
    """Notebook 17's: all T² scores, and all T² weights."""
    scores = q @ k.T * q.shape[-1] ** -0.5  # (T, h) @ (h, T) -> (T, T)
    return scores.softmax(dim=-1) @ v  # (T, T) @ (T, h) -> (T, h)


def in_tiles(q, k, v):
    return Flash.apply(q, k, v, TILE)


def one_call(q, k, v):
    """With the axes that it wants: (B=1, n=1, T, h)."""
    return scaled_dot_product_attention(q[None, None], k[None, None], v[None, None])[0, 0]


def without_heads(q, k, v):
    """The same call with one axis less: (B=1, T, h)."""
    return scaled_dot_product_attention(q[None], k[None], v[None])[0]


WAYS = {"plain": plain, "tiles": in_tiles, "one call": one_call, "one call, 3 axes": without_heads}


def run(way, T, back):
    """The head of T tokens, forward, or forward and backward, on numbers that it makes."""
    q, k, v = torch.randn(3, T, HEAD_SIZE, generator=torch.Generator().manual_seed(0)).requires_grad_(back).unbind()
    return lambda: WAYS[way](q, k, v).sum().backward() if back else WAYS[way](q, k, v)


def held(what):
    """VmRSS or VmHWM of this process, in KiB: what it holds, and what it held at most."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(what))


def fresh(way, T, back):
    """Print by how many KiB the most that this process holds grows during the call, and the call's shortest time."""
    torch.set_num_threads(1)
    run(way, 2 * TILE, back == "back")()  # what is loaded once is there before
    call = run(way, int(T), back == "back")
    ctypes.CDLL(None).malloc_trim(0)  # what it holds and does not use goes back first
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # forget the peak so far
    before = held("VmRSS")
    call()
    print(held("VmHWM") - before)
    seconds = []
    for _ in range(ROUNDS):
        start = perf_counter()
        call()
        seconds.append(perf_counter() - start)
    print(min(seconds))


def main():
    kept = []
    jobs = [(way, T, back) for back in ("", "back") for way in WAYS for T in LENGTHS]
    for way, T, back in tqdm(jobs, disable=None):
        command = [sys.executable, "-c", FRESH, way, str(T), back]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        kept.append({"way": way, "T": T, "back": bool(back), "MiB": round(int(said[0]) / 1024, 2)})
        kept[-1]["milliseconds"] = round(1000 * float(said[1]), 1)
        print(*kept[-1].values(), flush=True)
    keep("flash", {"lengths": LENGTHS, "head_size": HEAD_SIZE, "tile": TILE, "runs": kept})


if __name__ == "__main__":
    main()

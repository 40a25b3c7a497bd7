"""Ring attention as it is started on a cluster, where each rank is a graphics card, or a process where there is none.

torchrun --nproc-per-node=2 -m helpers.machines.on_a_cluster
"""

import os

import torch
import torch.distributed as dist
from torch.nn.functional import scaled_dot_product_attention

from helpers.machines.layouts import rows_of
from helpers.machines.ring import ring_attention
from helpers.machines.wire import Wire


def main(T=12, heads=4, head_size=3):
    cards = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if cards else torch.device("cpu")
    dist.init_process_group("nccl" if cards else "gloo")  # torchrun has told each process the address of the first one

    torch.manual_seed(0)  # the same text on every rank: here it is small
    q, k, v = torch.randn(3, heads, T, head_size, dtype=torch.float64)  # (n, T, h) each
    wire, rows = Wire(), rows_of(T, dist.get_world_size(), "zigzag")
    mine = torch.as_tensor(rows[wire.rank])
    out = ring_attention(*(one[:, mine].to(device) for one in (q, k, v)), rows, wire)

    wanted = scaled_dot_product_attention(q, k, v, is_causal=True)[:, mine]
    same = torch.allclose(out.cpu(), wanted, atol=1e-6)
    print(f"rank {wire.rank} of {wire.ranks}: rows {mine.tolist()}, as one process: {same}, {wire.sent} bytes sent")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()

"""What several processes cost: bytes of PyTorch's own all-reduce as Linux counts them, memory, and a run of torchrun.

python -m bench.machines      prints it and writes data/machines.json, which notebook 18 reads; on Linux alone
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import torch
import torch.distributed as dist

from bench.taught import keep
from helpers.machines.processes import Machines

RANKS, SIZE = 4, 1_000_000


def written():
    """How many bytes this rank writes for one all-reduce of float32."""

    def so_far():
        return int(re.search(r"wchar: (\d+)", Path("/proc/self/io").read_text())[1])

    tensor = torch.ones(SIZE)
    dist.barrier()
    before = so_far()
    dist.all_reduce(tensor)
    return so_far() - before


def in_memory(process="self"):
    """The memory of a process in MB; what it shares with others counts for a part."""
    return int(re.search(r"Pss: +(\d+)", Path(f"/proc/{process}/smaps_rollup").read_text())[1]) // 1024


def resident():
    """The memory of this rank in MB, and with rank 0 that of the process which they are copies of."""
    dist.barrier()
    return in_memory() + (in_memory(os.getppid()) if dist.get_rank() == 0 else 0)


def alone():
    """The memory in MB of one process that has imported PyTorch as a rank has."""
    code = "import torch.nn.parallel; from bench.machines import in_memory; print(in_memory())"
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def under_torchrun():
    """What the script for a cluster prints on two ranks, in the order of the ranks."""
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node=2",
        "-m",
        "helpers.machines.on_a_cluster",
    ]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout
    return sorted(re.findall(r"rank \d+ of .*?sent", said))  # two may have written at once


def main():
    with Machines(ranks=RANKS) as machines:
        found = {
            "ranks": RANKS,
            "numbers": SIZE,
            "formula": 2 * (RANKS - 1) * SIZE * 4 // RANKS,
            "written": max(machines.run(written, careful=False)),
            "memory": sum(machines.run(resident, careful=False)),
            "alone": alone(),
            "torchrun": under_torchrun(),
        }
    for name, value in found.items():
        print(name, value)
    keep("machines", found)


if __name__ == "__main__":
    main()

"""What attention costs in time: the four matrices and the pairs of tokens, for more and more tokens, on one core.

python -m bench.attention_cost      prints a table and writes data/attention_cost.json, which notebook 09 draws

It runs what notebook 09 itself defines: its class, and its cells that measure.
"""

import torch

from bench.taught import keep, taught

LENGTHS = [32, 64, 128, 256, 512, 1024, 2048]
CELLS = ("imports", "class", "cost-measure", "cost-both")
ROUNDS = 8  # so many measurements, one after the other; what is drawn is the shortest time of all


def main():
    torch.set_num_threads(1)
    measure = taught("09_many_heads", CELLS)["measure"]
    rounds = [[measure(T) for T in LENGTHS] for _ in range(ROUNDS)]
    shortest = [[min(parts) for parts in zip(*(one[i] for one in rounds))] for i in range(len(LENGTHS))]
    in_matrices, in_pairs = ([round(1000 * one, 3) for one in line] for line in zip(*shortest))
    for T, *times in zip(LENGTHS, in_matrices, in_pairs):
        print(f"T={T:4}: four matrices {times[0]:8.3f} ms, pairs of tokens {times[1]:8.3f} ms")
    few, many = LENGTHS.index(512), LENGTHS.index(2048)
    growth = [[round(many / few, 1) for few, many in zip(one[few], one[many])] for one in rounds]
    print("from 512 to 2048 tokens, in each round:", growth)
    keep("attention_cost", {"lengths": LENGTHS, "milliseconds": [in_matrices, in_pairs], "growth": growth})


if __name__ == "__main__":
    main()

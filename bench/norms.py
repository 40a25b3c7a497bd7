"""Where the norm stands, with and without a warm-up: the small GPTs of notebook 11b, trained with many seeds and rates.

python -m bench.norms      prints a table and writes data/norms.json, which notebook 11b reads

The cells that make and train them are those of the notebook itself.
"""

import numpy as np
from tqdm import tqdm

from bench.taught import keep, taught

CELLS = ("imports", "branches", "text", "post-norm", "small", "by-block", "train")
SEEDS, LAYERS, WARM_UP = 5, 8, 30


def main():
    names = taught("11b_where_the_norm_goes", CELLS)
    runs = [
        dict(start=start, rate=rate, norm=norm, warm_up=warm_up)
        for start in ("PyTorch", "loud")
        for rate in (0.003, 0.01, 0.03)
        for norm in ("pre", "post")
        for warm_up in (1, WARM_UP)
    ]
    for run in tqdm(runs, disable=None):
        run["losses"] = []
        for seed in range(SEEDS):
            model = names["small"](run["norm"] == "pre", LAYERS, seed, loud=run["start"] == "loud")
            losses, _ = names["train"](model, run["warm_up"], run["rate"], seed=seed)
            run["losses"].append(round(float(np.mean(losses[-10:])), 3))
        print(*run.values(), flush=True)
    keep("norms", runs)


if __name__ == "__main__":
    main()

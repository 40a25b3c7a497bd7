"""Where the norm stands, with and without a warm-up: the small GPTs of notebook 11b, trained with many seeds and rates.

python bench/norms.py      prints a table and writes data/norms.json, which notebook 11b reads

The cells that make and train them are those of the notebook itself.
"""

import json

import nbformat
import numpy as np
from tqdm import tqdm

from helpers.inputs.texts import data_folder
from tools.notebooks import NOTEBOOKS

CELLS = ("imports", "branches", "text", "post-norm", "small", "by-block", "train")
SEEDS, LAYERS, WARM_UP = 5, 8, 30


def taught():
    """What the cells of the notebook define."""
    cells = nbformat.read(NOTEBOOKS / "11b_where_the_norm_goes.ipynb", as_version=4).cells
    sources, names = {cell.id: cell.source for cell in cells}, {}
    for name in CELLS:
        exec(sources[name], names)
    return names


def main():
    names = taught()
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
    (data_folder() / "norms.json").write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

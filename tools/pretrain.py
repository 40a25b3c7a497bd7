"""Trains a model that the notebooks read, and writes it to data/.

python -m tools.pretrain          the GPT of notebook 13
python -m tools.pretrain draft    the small one that proposes characters in notebook 15
"""

import argparse

import torch

from helpers.gpt.checkpoint import save
from helpers.gpt.fast import FastGPT
from helpers.gpt.training import Training
from helpers.inputs.corpus import floor
from helpers.inputs.texts import data_folder, load_text

SEED, CONTEXT = 0, 128
MODELS = {  # name: steps, threads, sizes other than usual
    "tales": (600, 2, {}),
    "draft": (1000, 1, {"C": 28, "heads": 2, "layers": 2}),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default="tales", choices=MODELS)
    name = parser.parse_args().name
    steps, threads, sizes = MODELS[name]
    torch.set_num_threads(threads)
    torch.manual_seed(SEED)
    text = load_text("tales")
    training = Training(FastGPT(len(set(text)), context=CONTEXT, **sizes), text, steps=steps, seed=SEED)
    training.run(
        lambda training: (
            training.step % 100
            or print(f"{training.step:4} steps  {training.seconds:5.1f} s  loss {training.losses[-1]:.3f}", flush=True)
        )
    )
    loss = training.test(seen=115)
    print(f"loss {loss:.3f} on what was kept away, {loss / floor():.3f} of the true entropy")
    print(save(training.model, data_folder() / name, step=training.step, loss=round(loss, 3)))


if __name__ == "__main__":
    main()

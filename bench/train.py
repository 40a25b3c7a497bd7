"""How fast the course's GPT learns the characters of a text: validation loss against seconds.

    python bench/train.py --text PATH --until 1.88      90 % to learn from, the last 10 % to test on, context 64
    python bench/train.py --text tales --C 80 --context 128 --batch 8 --steps 520 --rate 1      as notebook 12 does

The clock runs while it learns, and stands still while it is tested.
"""

import argparse

import torch

from helpers.gpt.fast import FastGPT
from helpers.gpt.training import Training
from helpers.inputs.corpus import floor
from helpers.inputs.texts import load_text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", default="tinyshakespeare", help="a text file, or the name of a text of the course")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--context", type=int, default=64)
    parser.add_argument("--C", type=int, default=96, help="how wide the model is")
    parser.add_argument("--rate", type=float, default=1.4, help="all learning rates are multiplied by it")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tests", type=int, default=8, help="how often it is tested on the way")
    parser.add_argument("--until", type=float, help="stop at this validation loss, and say when it was reached")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()

    torch.set_num_threads(chosen.threads)
    torch.manual_seed(chosen.seed)
    text = load_text(chosen.text)
    model = FastGPT(len(set(text)), context=chosen.context, C=chosen.C)
    model = model.to("cuda" if torch.cuda.is_available() else "cpu")
    training = Training(model, text, batch=chosen.batch, steps=chosen.steps, rate=chosen.rate, seed=chosen.seed)
    size = sum(weight.numel() for weight in model.parameters())
    print(
        f"{size:,} numbers, {len(text):,} characters, {chosen.steps} steps of {chosen.batch} × "
        f"{chosen.context} characters, "
        f"{chosen.threads} threads"
    )
    print(f"{'step':>6} {'seconds':>8} {'validation loss':>16}")

    def report(training):
        if training.step % max(1, chosen.steps // chosen.tests) == 0:
            loss = training.test()
            print(f"{training.step:6} {training.seconds:8.1f} {loss:16.3f}", flush=True)
            if chosen.until and loss <= chosen.until:
                print(f"{chosen.until} reached in {training.seconds:.1f} seconds")
                training.steps = training.step

    training.run(report)
    if chosen.text == "tales":
        loss = training.test(seen=96)
        print(
            f"with 96 characters or more before each: {loss:.3f}, {loss / floor():.3f} of the true entropy, in "
            f"{training.seconds:.1f} seconds"
        )


if __name__ == "__main__":
    main()

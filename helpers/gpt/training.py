"""Training a GPT on the characters of a text: watched, stopped at any step, and gone on with."""

import copy
import signal
import threading
import time
from contextlib import contextmanager

import torch

from helpers.gpt.muon import Muon
from helpers.gpt.readable import is_tokenizer, known_ids, readable, resting, tokenizer_of
from helpers.inputs.tokenizer import Tokenizer
from helpers.look.given import positive, told, whole_number

RATES = {"muon": {"matrices": 0.014, "tokens": 0.02, "logits": 0.007, "biases": 0.07}, "adamw": 3e-3}
LOGITS = ("logits", "lm_head")  # the layer that makes them, in a model of the course and in the lecture's
SNAPSHOTS = 20
COLDEST = 0.001  # below it, the logits divided by the temperature overflow
LARGEST_SEED = 2**63 - 1


def split(text, share=0.9):
    """A text's beginning to learn from, and its end to be tested on: ``split("0123456789") == ("012345678", "9")``.

    text: or a list, or ids. share: of it that is learned from. Raises ValueError for what is no text, or no share.
    """
    if not isinstance(text, str | list | tuple) and not getattr(text, "ndim", 0):
        raise ValueError(f"you gave {told(text)}; wanted a text.")
    positive("share", share, 1)
    cut = int(share * len(text))
    return text[:cut], text[cut:]


def optimizers(model, kind="muon", rate=1.0):
    """What moves the model's numbers. kind: "muon" (its matrices by Muon, the rest by Adam) or "adamw".

    rate: all learning rates are multiplied by it.
    """
    if not isinstance(kind, str) or kind not in RATES:
        raise ValueError(f"optimizer is {told(kind)}; wanted one of {', '.join(RATES)}.")
    positive("rate", rate)
    if kind == "adamw":
        return [torch.optim.AdamW(model.parameters(), lr=rate * RATES[kind], betas=(0.9, 0.99), fused=True)]
    groups = {"matrices": [], "tokens": [], "logits": [], "biases": []}
    tables = {id(module.weight) for module in model.modules() if isinstance(module, torch.nn.Embedding)}
    for name, weight in model.named_parameters():
        if weight.ndim == 1:
            groups["biases"].append(weight)
        elif id(weight) in tables:
            groups["tokens"].append(weight)
        else:
            groups["logits" if name.split(".")[0] in LOGITS else "matrices"].append(weight)
    rates = {name: rate * lr for name, lr in RATES[kind].items()}
    rest = [dict(params=groups[name], lr=rates[name]) for name in ("tokens", "logits", "biases") if groups[name]]
    adam = torch.optim.Adam(rest, betas=(0.8, 0.95), eps=1e-10, fused=True)
    return [Muon(groups["matrices"], lr=rates["matrices"]), adam]


def draw(ids, context, batch, chance):
    """A batch of windows that begin anywhere in the text: (N,) -> (B, T+1)."""
    starts = torch.randint(len(ids) - context, (batch, 1), generator=chance).to(ids.device)  # (B, 1)
    return ids[starts + torch.arange(context + 1, device=ids.device)]  # (B, 1) + (T+1,) -> (B, T+1)


def learn(model, ids, optimizers):
    """One step: predict every next token, go back, move every number a little. Returns the loss before it, in nats."""
    loss = model.loss(ids)  # (B, T+1) -> ()
    for one in optimizers:
        one.zero_grad()
    loss.backward()
    for one in optimizers:
        one.step()
    return loss.item()


def share_of_rate(step, steps):
    """What is left of the learning rate: all for half of the steps, then less in a line, to a twentieth at the end."""
    left = (steps - step) / steps
    return min(1.0, 0.05 + 0.95 * left / 0.5)


class Training:
    """A run of training: ``run()`` takes its steps, an interrupt ends it early, ``run()`` again goes on.

    model: a GPT, or a model of your own; it learns to use ``tokenizer``, made from the
    text's characters. text: any text longer than the model's context. batch: sequences in a step. steps: in all.
    optimizer: "muon" or "adamw". rate: all learning rates are multiplied by it.

    losses: of each step so far, in nats. snapshots: step to the model's weights then. seconds: spent so far.
    Raises ValueError for what cannot be trained so; the model is then as it was.
    """

    def __init__(self, model, text, *, batch=8, steps=400, optimizer="muon", rate=1.0, seed=0, tokenizer=None):
        self.reading = readable(model)
        for name, value in [("batch", batch), ("steps", steps)]:
            whole_number(name, value, 1)
        self.tokenizer = Tokenizer(text) if tokenizer is None else tokenizer
        if not is_tokenizer(self.tokenizer):
            raise ValueError(f"tokenizer is {told(tokenizer)}; wanted a Tokenizer.")
        if len(self.tokenizer) != self.reading.settings["vocabulary"]:
            raise ValueError(
                f"the model knows {self.reading.settings['vocabulary']} tokens, but the text has {len(self.tokenizer)} "
                "different characters: "
                "make it with vocabulary=len(set(text))."
            )
        self.device = next(model.parameters()).device
        self.context = self.reading.context
        learned, tested = split(text)
        if len(tested) <= self.context:
            raise ValueError(
                f"the text has {len(text)} characters; wanted at least {10 * (self.context + 1)}: a tenth is kept for "
                f"the test, and the model sees {self.context} at once."
            )
        self.learned, self.tested = (
            torch.tensor(self.tokenizer.encode(part), device=self.device) for part in (learned, tested)
        )
        self.model, self.batch, self.steps = model, batch, steps
        self.optimizers = optimizers(model, optimizer, rate)
        self.schedules = [
            torch.optim.lr_scheduler.LambdaLR(one, lambda step: share_of_rate(step, self.steps))
            for one in self.optimizers
        ]
        self.chance = torch.Generator().manual_seed(whole_number("seed", seed, 0, LARGEST_SEED))
        model.tokenizer = self.tokenizer
        self.losses, self.snapshots, self.seconds = [], {}, 0.0
        self.keep()

    @property
    def step(self):
        """How many steps have been taken."""
        return len(self.losses)

    @property
    def tokens_a_second(self):
        return self.step * self.batch * self.context / self.seconds if self.seconds else 0.0

    def run(self, each=None):
        """Take the steps that are left; an interrupt (the square button, or Control-C) ends it after the step it is in.

        each: called with this Training after every step. Returns the Training.
        """
        self.model.train()
        try:
            with interrupts() as interrupted:
                while self.step < self.steps and not interrupted():
                    began = time.perf_counter()
                    self.take_a_step()
                    self.seconds += time.perf_counter() - began
                    if self.step % max(1, self.steps // SNAPSHOTS) == 0:
                        self.keep()
                    if each is not None:
                        each(self)
        finally:
            self.model.eval()
        if self.step not in self.snapshots:
            self.keep()
        return self

    def take_a_step(self):
        """Draw a batch, learn from it, and let the rates fall."""
        ids = draw(self.learned, self.context, self.batch, self.chance)
        self.losses.append(learn(self.reading, ids, self.optimizers))
        for schedule in self.schedules:
            schedule.step()

    def keep(self):
        """Keep a copy of the weights as they are."""
        self.snapshots[self.step] = copy.deepcopy(self.model.state_dict())

    def test(self, **options):
        """The loss on the part of the text that was kept away: see ``loss_on``."""
        return loss_on(self.model, self.tested, **options)


@torch.no_grad()
def loss_on(model, ids, seen=0, most=None, batch=64):
    """Mean loss on a run of ids (N), in nats a token.

    seen: score only tokens that have at least so many before them in the model's sight. most: score about so many.
    Raises ValueError for ids that the model does not know, or too few, and numbers that cannot be.
    """
    model = readable(model)
    ids = known_ids(model, ids, least=model.context + 1)
    stride = model.context - whole_number("seen", seen, 0, model.context - 1)
    whole_number("batch", batch, 1)
    starts = torch.arange(0, len(ids) - model.context, stride)
    if most is not None:
        starts = starts[:: max(1, len(starts) * stride // whole_number("most", most, 1))]
    total = 0.0
    with resting(model):
        for part in starts.split(batch):
            windows = ids[(part[:, None] + torch.arange(model.context + 1)).to(ids.device)]  # (N, T+1)
            logits = model(windows[:, :-1])[:, seen:]  # (N, T, vocabulary) -> (N, stride, vocabulary)
            targets = windows[:, seen + 1 :].flatten()  # (N, T+1) -> (N·stride)
            total += torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets).item() * len(part)
    return total / len(starts)


def write(model, prompt="", count=200, temperature=1.0, seed=0):
    """Text that the model goes on with: the prompt and ``count`` characters more.

    An empty prompt begins with a new line. temperature: 0 takes the likeliest each time, above 1 is wilder.
    Raises ValueError for a character that was not in the text it learned from, numbers that cannot be, and a model of
    another kind, or one whose training has diverged.
    """
    model, tokenizer, count = readable(model), tokenizer_of(model), whole_number("count", count, 0)
    if not isinstance(prompt, str | list | tuple):
        raise ValueError(f"prompt is {told(prompt)}; wanted a text to begin with.")
    is_zero = isinstance(temperature, int | float) and temperature == 0
    if not is_zero and positive("temperature", temperature) < COLDEST:
        raise ValueError(f"temperature is {temperature}; wanted 0, or a number from {COLDEST} up.")
    if not all(weight.isfinite().all() for weight in model.parameters()):
        raise ValueError("the model's weights are no numbers any longer (NaN): train it anew, with a smaller rate.")
    first = prompt or (["\n"] if "\n" in tokenizer.ids else tokenizer.vocabulary[:1])
    start = torch.tensor([tokenizer.encode(first)], device=next(model.parameters()).device)  # (1, T)
    with resting(model):
        ids = model.generate(start, count, temperature, whole_number("seed", seed, 0, LARGEST_SEED))
    return tokenizer.decode(ids[0] if prompt else ids[0, 1:])  # (1, T+count) -> (T+count), or (count)


@contextmanager
def interrupts():
    """Yields a function that tells whether somebody interrupted; in here, an interrupt does nothing else."""
    hit = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield hit.is_set
        return
    before = signal.signal(signal.SIGINT, lambda *_: hit.set())
    try:
        yield hit.is_set
    finally:
        signal.signal(signal.SIGINT, before)

"""What `see` makes of attention by other hands: a table, one line a model.

    python -m pip install -r requirements-bench.txt
    PYTHONPATH=. python -m bench.models [--only llama] [--cells 12] [--more]

calls, steps, constants: of a run; those that are shown, and those that depend on no input. parts: pieces of its code
that fold. first: the matrices that are shown before anybody opens one. widest: the most at a time, whichever part is
open, with those around it or with all others.
values: those of its steps that TorchLens has too. sources: cells whose sources are right, by running it again: random
nonsense in all cells that a cell does not name as its sources leaves it as it is, and another number in one that it
names changes it. ms: of `see`, not counting the first time.
"""

import argparse
import time
import warnings
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import torch

from bench.witnesses import LOW, Rerun, close, logged
from helpers.see.record.recording import record
from helpers.see.seeing import trace_of
from helpers.trace import folding

HEAD = f"{'model':<38} calls steps constants parts first widest  values sources    ms"


@dataclass
class Line:
    """What is found of one model. wrong: sentences of what is not right."""

    name: str
    calls: int = 0
    steps: int = 0
    constants: int = 0
    parts: int = 0
    first: int = 0
    widest: int = 0
    values: tuple = (0, 0)
    sources: tuple = (0, 0)
    ms: float = 0
    wrong: list = field(default_factory=list)

    def __str__(self):
        values, sources = (f"{right}/{all_}" for right, all_ in (self.values, self.sources))
        return (
            f"{self.name:<38}{self.calls:>6}{self.steps:>6}{self.constants:>10}{self.parts:>6}{self.first:>6}"
            f"{self.widest:>7}{values:>8}{sources:>8}{self.ms:>6.0f}"
        )


def looked_at(name, module, inputs, cells, generator):
    """The Line of one model."""
    line = Line(name)
    try:
        recording = record(module, inputs)
        trace = trace_of(recording, name)
        start = time.perf_counter()
        trace_of(record(module, inputs), name)
        line.ms = (time.perf_counter() - start) * 1000
    except Exception as error:  # noqa: BLE001 - a model that it does not see is a line of the table
        line.wrong.append(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")
        return line
    shown = trace.shown
    line.calls, line.steps = len(recording.events), len(shown)
    line.constants = sum(step.kind == "given" and not step.parameter and step.name not in inputs for step in shown)
    steps, paths = [*trace], folding.parts(trace)
    line.parts, line.widest = len(paths), most_at_a_time(steps, paths)
    line.first = folding.count(folding.folded(steps, folding.opened_at_first(steps)))
    line.wrong += odd(trace)
    compare_values(line, shown, module, inputs)
    compare_sources(line, trace, module, inputs, cells, generator)
    return line


def most_at_a_time(steps, paths):
    """The most matrices that are shown at once: with nothing open, and where each part is opened as the last one, after
    those around it or after all others."""
    around = [[path[:depth] for depth in range(1, len(path) + 1)] for path in [(), *paths]]
    others = [[*(one for one in paths if one != path), path] for path in paths]
    return max(folding.count(folding.folded(steps, some)) for some in [*around, *others])


def odd(trace):
    """Names that no one would give, and steps that say less than they could."""
    found = []
    for step in trace.shown:
        if len(step.name) > 60 or "\n" in step.name:
            found.append(f"a long name: {step.name[:70]}")
        if step.kind == "opaque":
            found.append(f"opaque: {step.operation} in {step.code[:60]}")
    return found


def compare_values(line, shown, module, inputs):
    """Each made matrix has the same numbers as one that TorchLens logs, or those of its turned or cut view."""
    try:
        known = logged(module, inputs)
    except Exception as error:  # noqa: BLE001 - it is another's tool
        line.wrong.append(f"TorchLens: {type(error).__name__}: {str(error)[:100]}")
        return
    steps = [step for step in shown if step.kind != "given"]
    missing = [step for step in steps if not any(same(step.value, one) for one in known)]
    line.values = len(steps) - len(missing), len(steps)
    line.wrong += [f"no value of TorchLens: {step.name} {step.shape} {step.kind}" for step in missing]


def same(mine, other):
    if mine.size != other.size:
        return False
    mine, other = mine.astype(float).reshape(-1), other.reshape(-1)
    if close(mine, other):
        return True
    return close(np.sort(mine), np.sort(other))


def compare_sources(line, trace, module, inputs, cells, generator):
    """Cells of random steps, each against the model run again with other numbers in the matrices that it reads."""
    rerun = Rerun(module, inputs)
    steps = [step for step in trace.shown if step.kind != "given" and rerun.at(step.value) and step.value.size]
    right = tried = 0
    for _ in range(cells if steps else 0):
        step = steps[generator.integers(len(steps))]
        index = tuple(int(generator.integers(size)) for size in step.value.shape)
        wrong = wrong_sources(rerun, trace, step, index, generator)
        if wrong is not None:
            tried, right = tried + 1, right + (not wrong)
            line.wrong += [f"{step.name}{list(index)}: {wrong}"] if wrong else []
    line.sources = right, tried


def wrong_sources(rerun, trace, step, index, generator):
    """What is not right with the sources of a cell: "" if all is, None if it cannot be told."""
    named = {}
    for name, where in trace.sources(step.name, *index):
        named.setdefault(name, set()).add(where)
    read = {name: trace[name] for name in trace.reads(step) if trace[name].value.dtype.kind == "f"}
    places = {name: rerun.at(one.value) for name, one in read.items()}
    if abs(step.value[index]) > LOW:  # so large that a change is lost in rounding
        return None
    wanted = rerun.at(step.value)[0]
    if not all(places.values()) or any(wanted in some for some in places.values()):  # two with the same numbers
        return None
    taken = [{id(place[1]) if place[0] == "held" else place for place in some} for some in places.values()]
    if any(one & other for one, other in combinations(taken, 2)):  # one that is read by two names
        return None

    def value(numbers):
        found = rerun.with_changed([(at, one) for name, one in numbers.items() for at in places[name]], wanted)
        return None if found is None or found.shape != step.value.shape else float(found[index])

    as_it_is = {name: one.value for name, one in read.items()}
    nonsense = {}
    for name, one in read.items():
        # A masked score counts for nothing because it is so low: it stays.
        decides = np.abs(one.value) > LOW
        nonsense[name] = np.where(decides, one.value, generator.standard_normal(one.value.shape))
        for where in named.get(name, ()):
            nonsense[name][where] = one.value[where]
    before, found = value(as_it_is), value(nonsense)
    if found is None or before is None:
        return None
    if not close(before, step.value[index]) or not close(found, before):
        return f"other cells count too: {before:.6f} became {found:.6f}; named are {described(named)}"
    sample = [(name, where) for name in read for where in named.get(name, ())]
    for at in generator.permutation(len(sample))[:3]:
        name, where = sample[at]
        for change in (0.5, -0.5, 5.0, -5.0):
            other = as_it_is[name].copy()
            other[where] += change
            found = value({**as_it_is, name: other})
            if found is None or found != before:
                break
        else:
            return f"{name}{list(where)} is named and does not count"
    return ""


def described(named):
    return ", ".join(f"{len(cells)} of {name}" for name, cells in named.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="models whose name has this text")
    parser.add_argument("--cells", type=int, default=6, help="cells a model whose sources are checked")
    parser.add_argument("--by-hand", action="store_true", help="those of tests/models_by_hand.py")
    parser.add_argument("--more", action="store_true", help="say what is not right")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    if args.by_hand:
        from tests.models_by_hand import MODELS as ZOO
        from tests.models_by_hand import made
    else:
        from bench.zoo import ZOO, made
    print(HEAD, flush=True)
    lines = []
    for name in ZOO:
        if args.only in name:
            module, inputs = made(name)
            generator = np.random.default_rng(0)
            torch.manual_seed(0)
            line = looked_at(name, module, inputs, args.cells, generator)
            lines.append(line)
            print(line, flush=True)
            for one in line.wrong if args.more else []:
                print("    ", one, flush=True)
    print(total(lines))


def total(lines):
    """What holds of all models, in a sentence."""
    values, sources = (
        [sum(numbers) for numbers in zip(*(getattr(line, what) for line in lines))] for what in ("values", "sources")
    )
    seen = [line for line in lines if line.steps]
    narrow = sum(max(line.first, line.widest) <= folding.MOST for line in seen)
    return (
        f"{len(lines)} models, {len(lines) - len(seen)} not seen; {values[0]} of {values[1]} values are "
        f"TorchLens's, the sources of {sources[0]} of {sources[1]} cells are right; {narrow} models show at "
        f"most {folding.MOST} matrices at a time, whatever is open."
    )


if __name__ == "__main__":
    main()

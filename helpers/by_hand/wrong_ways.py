"""The wrong ways through a step: for each kind of step, the slips that are made there, worked out on its numbers.

Every generator here gives pairs: a sentence that says what was done, and the number that it leads to.
Some lead to the right number after all; ``helpers.by_hand.slips`` sorts these out.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from helpers.look.style import cell_name, number, size_name
from helpers.trace import grammar, rules, through
from helpers.trace.trace import Step, Trace

TOKENS = {"t", "s", "r"}
TURNED = "Only the sign is turned: the number itself is right."
REASONS = {  # (step, the input that it takes): why it is this one
    ("q", "Wq"): "queries are made with Wq.",
    ("k", "Wk"): "keys are made with Wk.",
    ("v", "Wv"): "values are made with Wv.",
    ("scores", "q"): "a score compares a query with a key.",
    ("scores", "k"): "a score compares a query with a key.",
    ("out", "weights"): "the mix takes the weights, which add up to 1.",
    ("out", "v"): "what a token passes on is its value.",
    ("projected", "out"): "the projection takes what the head puts out.",
}


@dataclass(frozen=True)
class Cell:
    """A cell that is asked for, and the matrices around it: of a batch, those of its own sequence."""

    trace: Trace
    step: Step
    index: tuple

    @cached_property
    def value(self):
        return float(self.step.value[self.index])

    @cached_property
    def inputs(self):
        return self.trace.inputs(self.step)

    @cached_property
    def sizes(self):
        """The size of each axis of the trace, by its name: ``{"T": 2, "C": 3, "head_size": 4}``."""
        return {size_name(axis): size for step in self.trace for axis, size in zip(step.axes, step.value.shape)}

    def __str__(self):
        return self.at(self.step.name)

    def at(self, name, *place):
        """The name of a cell, the one in the same place if no other is given: ``scores[1,0]``."""
        return cell_name(self.trace[name].called, (*self.index[:-2], *(place or self.index[-2:])))

    def matrix(self, name):
        """The (rows, columns) of a step at this cell's sequence and head; None where it has no two axes there."""
        step, higher = self.trace[name], dict(zip(self.step.axes[:-2], self.index[:-2]))
        value = step.value[tuple(higher.get(axis, slice(None)) for axis in step.axes)]
        return value if value.ndim == 2 else None

    def before(self, name, kind):
        """What a step was made from, if that was a scale or a mask, whichever kind is named; else None."""
        step = self.trace[name]
        return step.inputs[0] if (scales(step) if kind == "scale" else step.kind == kind) else None


class Line(NamedTuple):
    """A row (way 0) or a column (way 1) of a matrix."""

    name: str
    matrix: np.ndarray
    way: int
    at: int

    @property
    def numbers(self):
        return self.matrix[self.at] if self.way == 0 else self.matrix[:, self.at]

    def __str__(self):
        return f"{('row', 'column')[self.way]} {self.at} of {self.name}"


def scales(step):
    """Does it multiply every number of its one input by the same factor?"""
    rule = grammar.parse(step.rule) if step.kind == "sum-product" else None
    return rule is not None and rule.inputs == (rule.output,) and not rule.guard


def lines(cell):
    """The two lines whose products a cell of a matrix product adds up; None where the step is no such product."""
    axes, output, guard, *_ = grammar.parse(cell.step.rule)
    bound, found = dict(zip(output[-2:], cell.index[-2:])), []
    for source, names in zip(cell.inputs, axes):
        names, matrix = [axis for axis in names if axis not in output[:-2]], cell.matrix(source.name)
        ways = [way for way, axis in enumerate(names) if axis in bound]
        if matrix is None or len(names) != 2 or len(ways) != 1:
            return None
        found.append(Line(source.name, matrix, ways[0], bound[names[ways[0]]]))
    return found if len(found) == 2 and not guard and len(found[0].numbers) == len(found[1].numbers) else None


def ways(cell):
    """Every wrong way to a cell, the likely ones first: pairs of a sentence and a number."""
    yield from KINDS.get(cell.step.kind, beside)(cell) if len(cell.index) > 1 else ()


def sum_products(cell):
    """Slips in a matrix product, or in a scale."""
    if scales(cell.step):
        yield from scalings(cell)
        return
    pair = lines(cell)
    if pair:
        yield from wrong_lines(cell, pair)
    found = rules.terms(cell.step, cell.index, cell.inputs)
    factors = [[float(source.value[place]) for source, place in zip(cell.inputs, term)] for term in found]
    read = through.inputs(cell.trace, cell.step)
    names = ["·".join(source.written(place)[0] for source, place in zip(read, term)) for term in found]
    products = [cell.step.factor * math.prod(term) for term in factors]
    total, many = sum(products), len(found) > 1
    if pair and cell.inputs[0].role == "weights":
        yield from mixings(cell, *pair)
    for name, one in zip(names, products):
        if many and one:
            yield f"That is {name} alone: {cell} adds up {len(found)} products.", one
    for name, one in zip(names, products):
        if len(found) > 2 and one:
            yield f"You left out one product: {name}.", total - one
    for term, place in zip(factors, found):
        if term.count(0) == 1 and len(term) == 2:
            zero = next(source.written(where)[0] for source, where, one in zip(read, place, term) if one == 0)
            yield f"{zero} is 0, and 0 times a number is 0.", total + cell.step.factor * sum(term)
    if pair:
        left, right = (line.numbers for line in pair)
        yield (
            "You added where numbers are multiplied: multiply each pair, then add up the products.",
            (left + right).sum(),
        )
        yield (
            "You added up first and multiplied after: multiply each pair, then add up the products.",
            left.sum() * right.sum(),
        )
    if cell.step.factor not in (0, 1):
        yield f"You left out the factor {number(cell.step.factor)}.", total / cell.step.factor
    yield TURNED, -total
    for name, one in zip(names, products):
        if many and products.count(one) == 1:
            yield f"One sign is turned: {name} is {number(one, cell.step.digits)}.", total - 2 * one


def wrong_lines(cell, pair):
    """The product of two lines of which one is not the cell's: of another matrix, across, or beside it."""

    def told(i, line, reason=""):
        both = [line if i == k else pair[k] for k in (0, 1)]
        reason = reason or f"{cell} takes {pair[i]}."
        return f"That is {both[0]} with {both[1]}: {reason}", cell.step.factor * (both[0].numbers @ both[1].numbers)

    for i in (1, 0):
        for name in replacements(cell, cell.inputs[i]):
            yield told(
                i,
                pair[i]._replace(name=name, matrix=cell.matrix(name)),
                REASONS.get((cell.step.name, pair[i].name), ""),
            )
    for later in cell.trace:
        if later.inputs == (cell.step.name,) and scales(later) and later.factor != 1:
            yield f"You scaled it already: that comes next, in {later.name}.", cell.value * later.factor
    for i in (0, 1):
        across = pair[i]._replace(way=1 - pair[i].way)
        if pair[i].at < pair[i].matrix.shape[across.way] and len(across.numbers) == len(pair[i].numbers):
            yield told(i, across)
    for i in (0, 1):
        for at in range(pair[i].matrix.shape[pair[i].way]):
            if at != pair[i].at:
                yield told(i, pair[i]._replace(at=at))
    yield from swapped(cell)


def replacements(cell, source):
    """The matrices that one may take for this one: made before the step, of the same shape, those on the same axes
    first.
    """
    earlier = []
    for step in cell.trace:
        if step.name == cell.step.name:
            break
        alike = step.value.shape == source.value.shape and step.parameter == source.parameter
        if alike and not step.hidden and step.name != source.name:
            earlier.insert(0, step)
    return [
        step.name
        for step in sorted(earlier, key=lambda step: [*map(size_name, step.axes)] != [*map(size_name, source.axes)])
        if cell.matrix(step.name) is not None
    ]


def mixings(cell, weights, mixed):
    """Slips in weights times values: a row of weights, and the column that they mix."""
    seen = np.flatnonzero(weights.numbers)
    parts = [("", mixed.numbers)]
    if len(seen) < len(mixed.numbers):
        parts.append((f", of the tokens {', '.join(map(str, seen))}", mixed.numbers[seen]))
    for which, values in parts:
        yield f"That is the plain mean of {mixed}{which}: the weights say how much of each token.", values.mean()
        yield f"You added up {mixed}{which}, without the weights.", values.sum()
    for at, value in enumerate(mixed.numbers):
        place = (at, mixed.at) if mixed.way else (mixed.at, at)
        yield f"That is {cell.at(mixed.name, *place)} alone: {cell} mixes the tokens that it sees.", value


def scalings(cell):
    """Slips in dividing by the root of head_size."""
    source, factor, size = cell.inputs[0], cell.step.factor, cell.sizes.get("head_size")
    before = np.float64(source.value[cell.index])  # divided by 0, it is infinite
    scaled = f"{cell} is {number(factor)}·{cell.at(source.name)}."
    yield f"You forgot the scale: that is {cell.at(source.name)} itself.", before
    yield f"You multiplied where one divides, or the other way round: {scaled}", before / factor
    if size and math.isclose(factor, size**-0.5):
        root = f"√head_size = √{size} = {number(size**0.5, 3 if size**0.5 % 1 else 0)}"
        yield f"You divided by head_size: divide by its root, {root}.", before / size
        yield f"You multiplied by head_size: divide by its root, {root}.", before * size
        for name in ("C", "T"):
            for sign, divisor in [("√", cell.sizes.get(name, 1) ** 0.5), ("", cell.sizes.get(name, 1))]:
                yield (
                    f"You divided by {sign}{name}: a score adds up head_size={size} products, so divide by {root}.",
                    before / divisor,
                )
    elif size:
        yield f"You divided by √head_size = √{size} alone: {scaled}", before * size**-0.5
    yield TURNED, -cell.value
    yield from beside(cell)


def masks(cell):
    """Slips in the mask."""
    source, (t, s), hidden = cell.inputs[0], cell.index[-2:], cell.value == -math.inf
    of_tokens = {*cell.step.axes[-2:]} <= TOKENS
    if hidden:
        later = of_tokens and s > t
        why = f"token {s} comes after token {t}, and is hidden from it" if later else "it hides this score"
        yield f"That is {cell.at(source.name)}, before the mask: {why}.", source.value[cell.index]
        yield (
            "0 is its weight, after the softmax. Before it, 0 would count as e^0 = 1; what counts for nothing is −∞.",
            0,
        )
        yield "The sign is turned: what counts for nothing in the softmax is −∞.", math.inf
    else:
        sees = "a token sees itself" if s == t else f"token {t} sees token {s}" + ", which came before it" * (s < t)
        why = sees if of_tokens else "it is not hidden here"
        yield f"You masked too much: {why}, and the score stays as it is.", -math.inf
        yield "That is tril: where it is 1, the score stays as it is.", 1
        yield "You masked too much: the score stays as it is; and what is hidden becomes −∞.", 0
    unscaled = cell.before(source.name, "scale")
    if unscaled:
        yield f"That is {cell.at(unscaled)}, which is not scaled yet.", cell.trace[unscaled].value[cell.index]
    yield from beside(cell)


def softmaxes(cell):
    """Slips in the softmax along a row."""
    source, (t, s) = cell.inputs[0].name, cell.index[-2:]
    matrix = cell.matrix(source)
    ((*_, last),), output, *_ = grammar.parse(cell.step.rule)
    if matrix is None or last in output:  # it goes along another axis than the last
        yield from beside(cell)
        return
    row, score, seen = matrix[t], matrix[t, s], matrix[t] > -math.inf
    unmasked = cell.before(source, "mask")
    if unmasked:
        whole = cell.matrix(unmasked)
        yield (
            "That is its share of the whole row, the masked scores too: mask first, so that what is left adds up to 1.",
            share(whole[t], s),
        )
    yield (
        f"That is its share of column {s}: the softmax goes along row {t}, which adds up to 1.",
        share(matrix[:, s], t),
    )
    if s > 0 and unmasked:
        yield (
            f"That is its share of column {s} before the mask: the softmax goes along row {t} of {source}.",
            share(whole[:, s], t),
        )
    unscaled = cell.before(unmasked or source, "scale")
    if unscaled:
        raw = cell.matrix(unscaled)[t]
        yield f"That is the softmax of {unscaled}: they are not scaled.", share(np.where(seen, raw, -math.inf), s)
        if not seen.all():
            yield f"That is the softmax of {unscaled}: they are neither scaled nor masked.", share(raw, s)
    yield f"That is e^{cell.at(source)}, not divided yet by the sum of the row.", np.exp(score)
    if not seen.all():
        yield "You counted e^−∞ as 1: it is 0.", share(np.where(seen, row, 0), s)
    if seen[s]:
        yield "You divided the score by the sum of the scores: raise e to each of them first.", score / row[seen].sum()
    else:
        yield "You took e^−∞ for 1: it is 0.", 1
    for count in {seen.sum(), len(row)} - {1}:
        yield f"That is an equal share, 1/{count}: the softmax gives more to a higher score.", 1 / count
    yield f"That is {cell.at(source)}, the score: its weight is its share after the softmax.", score
    for base in (2, 10):
        yield f"You raised {base} to the scores: the softmax raises e = 2.718.", share(row * math.log(base), s)
    yield "You turned the sign of the scores: it is e^score, not e^−score.", share(np.where(seen, -row, -math.inf), s)
    yield from beside(cell)


def share(scores, at):
    """The softmax of a line of scores, at one place; NaN where all of it is masked."""
    powers = np.exp(scores - scores.max())
    return powers[at] / powers.sum()


def normalizings(cell):
    """Slips in dividing a row by its sum."""
    source, (t, s) = cell.inputs[0].name, cell.index[-2:]
    matrix = cell.matrix(source)
    if matrix is not None:
        own = matrix[t, s]
        yield f"That is {cell.at(source)}, not divided yet by the sum of row {t}.", own
        yield f"You divided by the sum of column {s}: it is row {t} that adds up to 1.", own / matrix[:, s].sum()
        yield f"You divided by the size of the row, {matrix.shape[1]}: divide by its sum.", own / matrix.shape[1]
    yield from beside(cell)


def means(cell):
    """Slips in the mean of a token and its past."""
    source, (t, c) = cell.inputs[0].name, cell.index[-2:]
    matrix, taken = cell.matrix(source), rules.terms(cell.step, cell.index, cell.inputs)
    if matrix is not None and len(taken) == t + 1 and grammar.parse(cell.step.rule).guard:
        column = matrix[:, c]
        yield (
            f"You added up and did not divide: the mean of {t + 1} numbers is their sum / {t + 1}.",
            column[: t + 1].sum(),
        )
        yield (
            f"You divided by {len(column)}, all the tokens: token {t} sees {t + 1} of them.",
            column[: t + 1].sum() / len(column),
        )
        yield f"That is the mean of all the tokens: token {t} sees no later one.", column.mean()
        yield f"That is {cell.at(source)} alone: the mean takes the tokens before it, too.", column[t]
        yield "That is the mean of the past alone: the token itself counts, too.", column[:t].mean() if t else math.nan
    yield from beside(cell)


def beside(cell):
    """A number that stands in the same row, in the same column or across the diagonal."""
    yield from swapped(cell)
    matrix, (t, s) = cell.matrix(cell.step.name), cell.index[-2:]
    for place in [*((t, at) for at in range(matrix.shape[1])), *((at, s) for at in range(matrix.shape[0]))]:
        if place != (t, s) and matrix[place] > -math.inf:
            yield f"That is {cell.at(cell.step.name, *place)}: {cell} is asked.", matrix[place]


def swapped(cell):
    """The cell across the diagonal of a matrix that has tokens on both sides."""
    matrix, (t, s) = cell.matrix(cell.step.name), cell.index[-2:]
    is_there = {*cell.step.axes[-2:]} <= TOKENS and s < matrix.shape[0] and t < matrix.shape[1]
    if is_there and matrix[s, t] > -math.inf:
        yield (
            f"That is {cell.at(cell.step.name, s, t)}: a row is the token that looks, a column is one it looks at.",
            matrix[s, t],
        )


KINDS = {"sum-product": sum_products, "mask": masks, "softmax": softmaxes, "normalize": normalizings, "mean": means}

"""Many terms become one number: their sum, their mean, the largest or the smallest of them."""

import math

import numpy as np

from helpers.look.given import whole_number
from helpers.look.style import number
from helpers.trace.axes import einsum, product, truth
from helpers.trace.formulas import bracketed, factors, join, names, numbers, shortened
from helpers.trace.grammar import parse
from helpers.trace.kinds.kind import Kind


class Reduction(Kind):
    """What sum, mean and maximum have in common."""

    most = 1  # of inputs
    word = ""  # what it is called, for a cell without a term

    def makes(self, rule):
        """An axis that only the result has may have any size, that of the one it replaces or 1."""
        return rule.new

    def sizes(self, rule, shapes, made, name):
        found = super().sizes(rule, shapes, made, name)
        return {**found, **{axis: whole_number(f"{name}: {axis}", size, 1) for axis, size in made.items()}}

    def fits(self, rule):
        uncut = not (rule.cuts or rule.through)
        return uncut and len(rule.inputs) <= self.most and len(rule.new) <= len(rule.gone)

    def kept(self, rule, values, sizes, instead):
        """The product of the inputs over all axes, first those of the output, ``instead`` where the guard fails; and
        the places of the axes that are left to go.
        """
        every = (*rule.output, *rule.gone)
        found = product(values, rule.inputs, every)
        if rule.guard:  # a term that is left out counts for nothing even where it is NaN: 0 · NaN would be NaN
            found = np.where(truth(rule.guard, every, sizes), found, instead)
        return np.broadcast_to(found, [sizes[axis] for axis in every]), tuple(range(len(rule.output), len(every)))

    def formula(self, step, index, inputs):
        found = self.terms(step, index, inputs)
        if not found:
            return [[(f"the {self.word} of no terms", "")]]
        return self.written(step, found, inputs)


class SumProduct(Reduction):
    """The sum over terms of the product of their cells, times a factor."""

    wants = "it multiplies the matrices that it reads and adds up along the axes that its result has not"
    example = "t h, s h -> t s"
    most, word = math.inf, "sum"

    def value(self, rule, values, factor, sizes):
        if not rule.guard:
            return factor * einsum(values, rule.inputs, rule.output, sizes)
        found, gone = self.kept(rule, values, sizes, 0.0)
        return factor * found.sum(axis=gone)

    def cell(self, step, index, inputs):
        found = self.terms(step, index, inputs)
        return step.factor * sum(math.prod(s.value[at] for s, at in zip(inputs, term)) for term in found)

    def moved(self, step, index, inputs):
        """Turned around: one number, and no factor."""
        rule = parse(step.rule)
        if len(inputs) > 1 or step.factor != 1 or rule.guard:
            return None
        sizes = dict(zip(rule.inputs[0], inputs[0].value.shape))
        bound = dict(zip(rule.output, index))
        several = any(sizes[axis] > 1 for axis in rule.gone)
        return None if several else (0, tuple(bound.get(axis, 0) for axis in rule.inputs[0]))

    def sources(self, step, index, inputs):
        # A cell may stand in several terms, and these may cancel.
        slopes = {}
        for term in self.terms(step, index, inputs):
            values = [float(source.value[where]) for source, where in zip(inputs, term)]
            for i, (source, where) in enumerate(zip(inputs, term)):
                slope = step.factor * math.prod(values[:i] + values[i + 1 :])
                slopes[source.name, where] = slopes.get((source.name, where), 0) + slope
        return [where for where, slope in slopes.items() if slope != 0]

    def written(self, step, found, inputs):
        live = [term for term in found if all(s.value[w] != 0 for s, w in zip(inputs, term))]
        zeros = len(found) - len(live)
        folded = [[(f"{zeros} × 0", "")]] if zeros > 2 else []
        named = join(shortened(factors(found, names(inputs)), 3))
        counted = join(shortened(factors(live if folded else found, numbers(inputs)), 8) + folded)
        if step.factor == 1:
            return [named] if len(found) == len(found[0]) == 1 else [named, counted]  # one number is the result
        factor = number(step.factor, 3)
        return [
            bracketed(pieces, f"{factor}·" + "(" * wrap, ")" * wrap)
            for pieces, wrap in ((named, len(found) > 1), (counted, len(found) > 1 or counted[0][0].startswith("−")))
        ]

    def backward(self, step, walk):
        rule = parse(step.rule)
        for place, name in enumerate(step.inputs):
            if walk.is_constant(name):
                continue
            inputs = [walk.of(step) if at == place else walk.need(other) for at, other in enumerate(step.inputs)]
            lists = [*rule.inputs[:place], rule.output, *rule.inputs[place + 1 :]]
            target = rule.inputs[place]
            walk.spread_out(inputs, lists, name, target)
            front = f"{step.name} = {name}"  # what the line of the way forward multiplies by, this line does, too
            tail = step.code.removeprefix(front) if step.code.startswith(front) else ""
            code = f"{walk.of(step)}{tail}" if tail[:3] in (" * ", " / ") and len(step.inputs) == 1 else ""
            walk.part(step, place, inputs, lists, target, code, guard=rule.guard, factor=step.factor)


class Mean(Reduction):
    """The mean of the terms."""

    wants = "it reads one matrix and takes the mean along the axes that its result has not"
    example = "s c -> t c | s <= t"
    word = "mean"

    def value(self, rule, values, factor, sizes):
        count = math.prod(sizes[axis] for axis in rule.gone)
        if not rule.guard:
            return einsum(values, rule.inputs, rule.output, sizes) / count
        found, gone = self.kept(rule, values, sizes, 0.0)
        counted, _ = self.kept(rule, [np.ones(value.shape) for value in values], sizes, 0.0)
        return found.sum(axis=gone) / counted.sum(axis=gone)  # the mean of no terms is NaN

    def cell(self, step, index, inputs):
        values = [inputs[0].value[where] for (where,) in self.terms(step, index, inputs)]
        return sum(values) / len(values) if values else math.nan

    def written(self, step, found, inputs):
        return [
            bracketed(join(shortened(factors(found, show), most)), after=f") / {len(found)}")
            for show, most in ((names(inputs), 3), (numbers(inputs), 8))
        ]

    def backward(self, step, walk):
        rule = parse(step.rule)
        (target,), name = rule.inputs, step.inputs[0]
        sizes = dict(zip((*target, *rule.output), (*walk.trace[name].value.shape, *step.value.shape)))
        inputs, lists = [walk.of(step)], [rule.output]
        within = [axis for axis in rule.gone if axis in rule.compared]  # the guard counts along these
        factor = 1 / math.prod(sizes[axis] for axis in rule.gone if axis not in within)
        if rule.guard:
            rows = [axis for axis in rule.output if axis in rule.compared]
            seen = np.broadcast_to(truth(rule.guard, (*rows, *within), sizes), [sizes[a] for a in (*rows, *within)])
            count = seen.sum(axis=tuple(range(len(rows), seen.ndim)))
            inputs.append(walk.help(f"share_{step.name}", np.where(count, 1 / np.maximum(count, 1), 0.0), rows))
            lists.append(rows)
        # With a guard, t and s of "s c -> t c | s <= t" may change places; else ones say where the mean goes back to.
        new, gone = ([sizes[axis] for axis in axes] for axes in (rule.new, rule.gone))
        if new != gone or len(within) < len(gone):
            walk.spread_out(inputs, lists, name, target)
        walk.part(step, 0, inputs, lists, target, guard=rule.guard, factor=factor)


class Extreme(Reduction):
    """The largest of the terms, or the smallest. end: what it is where there is none."""

    example = "t s -> t"

    def __init__(self, name, word, of, end):
        self.name, self.word, self.of, self.end = name, word, of, end
        self.wants = f"it reads one matrix and takes the {word} number along the axes that its result has not"

    def value(self, rule, values, factor, sizes):
        found, gone = self.kept(rule, values, sizes, self.end)
        return self.of.reduce(found, axis=gone) if gone else found

    def cell(self, step, index, inputs):
        values = [float(inputs[0].value[where]) for (where,) in self.terms(step, index, inputs)]
        return self.of.reduce([*values, self.end])

    def sources(self, step, index, inputs):
        value, found = inputs[0].value, step.value[index]
        return [(inputs[0].name, where) for (where,) in self.terms(step, index, inputs) if value[where] == found]

    def written(self, step, found, inputs):
        return [
            bracketed(join(shortened(factors(found, show), most), ", "), f"{self.name}(")
            for show, most in ((names(inputs), 3), (numbers(inputs), 8))
        ]

    def backward(self, step, walk):
        """Where several are the same, they share: PyTorch's ``amax`` does the same."""
        rule = parse(step.rule)
        every, (target,), name = (*rule.output, *rule.gone), rule.inputs, step.inputs[0]
        sizes = dict(zip((*target, *rule.output), (*walk.trace[name].value.shape, *step.value.shape)))
        found, gone = self.kept(rule, [walk.trace[name].value.astype(float)], sizes, math.nan)
        top = found == step.value.reshape(step.value.shape + (1,) * len(gone))
        share = walk.help(f"share_{step.name}", top / np.maximum(top.sum(axis=gone, keepdims=True), 1), every)
        walk.part(step, 0, [share, walk.of(step)], [every, rule.output], target)

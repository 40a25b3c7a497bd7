"""A row becomes shares of 1: softmax, and division by the sum."""

import math

import numpy as np

from helpers.look.style import number
from helpers.trace.formulas import bracketed, join, shortened
from helpers.trace.grammar import parse
from helpers.trace.kinds.kind import Kind

NOTHING = -745  # e to the power of this is the smallest number that is not 0


class Share(Kind):
    """What softmax and normalize have in common: the rule names the axis that sums to 1 anew, in the same place.

    So a cell stands where its own term stands in the input.
    """

    wants = "it reads one matrix and gives one of its axes, the one that sums to 1, a new name in the same place"
    example = "t r -> t s"
    power = ""  # what is written before a number that counts

    def fits(self, rule):
        if len(rule.inputs) != 1 or not rule.is_plain:
            return False
        (axes,), output = rule.inputs, rule.output
        return len(axes) == len(output) and sum(a != b for a, b in zip(axes, output)) == len(rule.gone) == 1

    def along(self, rule):
        """Which of the axes it goes along."""
        return rule.inputs[0].index(rule.gone[0])

    def numbers(self, step, index, inputs):
        """The cells of the row, and what of it counts."""
        places = [where for (where,) in self.terms(step, index, inputs)]
        return places, self.counted(inputs[0].value, places)

    def counted(self, value, places):
        return places

    def formula(self, step, index, inputs):
        source = inputs[0]
        places, seen = self.numbers(step, index, inputs)
        below = seen or places

        def name(where):
            text, color = source.written(where)
            return [(self.power + text, color)]

        def count(where):
            return [(self.power + number(source.value[where], source.digits), source.written(where)[1])]

        def wrapped(parts):
            return bracketed(parts) if len(below) > 1 or parts[0][0].startswith("−") else parts

        named = [*name(index), (" / ", ""), *wrapped(join(shortened([name(where) for where in below], 3)))]
        if not seen:
            return [named, [("0 / 0", "")]]
        return [named, [*count(index), (" / ", ""), *wrapped(join(shortened([count(where) for where in seen], 8)))]]

    def backward_through(self, step, walk, factor):
        """A share grows at the cost of all the others of its row."""
        rule = parse(step.rule)
        (axes,), output, (new,) = rule.inputs, rule.output, rule.new
        kept, whole, at = [axis for axis in output if axis != new], " ".join(output), output.index(new) - len(output)
        many = sum(other.kind in ("softmax", "normalize") for other in walk.trace) > 1
        average, surplus = (f"{word}_{step.name}" if many else word for word in ("average", "surplus"))
        dy, row, gradients, how = walk.of(step), " ".join(kept), walk.gradients, {"role": "scores"}
        how["hidden"] = step.hidden
        code = f"{average} = ({step.name} * {dy}).sum({at})"
        gradients.step(average, "sum-product", f"{whole}, {whole} -> {row}", step.name, dy, code=code, **how)
        code = f"{surplus} = {dy} - {average}.unsqueeze({at})"
        gradients.step(surplus, "subtract", f"{whole}, {row} -> {whole}", dy, average, code=code, **how)
        mine = [new if axis not in output else axis for axis in axes]
        softmax = factor == step.name
        code = f"{factor} * {surplus}" if softmax else f"{factor}.unsqueeze({at}) * {surplus}"
        walk.part(step, 0, [factor, surplus], [output if softmax else kept, output], mine, code)


class Softmax(Share):
    """e^own / sum of e^term."""

    power = "e^"

    def value(self, rule, values, factor, sizes):
        # Subtracting the row's maximum changes nothing but keeps e^x from overflowing.
        along = self.along(rule)
        powers = np.exp(values[0] - values[0].max(axis=along, keepdims=True))
        return powers / powers.sum(axis=along, keepdims=True)

    def counted(self, value, places):
        top = np.max([float(value[where]) for where in places], initial=-math.inf)  # NaN stays NaN, as in JavaScript
        return [where for where in places if not vanishes(value[where], top)]

    def cell(self, step, index, inputs):
        value = inputs[0].value
        row = [value[where] for (where,) in self.terms(step, index, inputs)]
        top = max(row)
        if not math.isfinite(top):
            return math.nan
        return math.exp(value[index] - top) / sum(math.exp(one - top) for one in row)

    def sources(self, step, index, inputs):
        # A masked cell is 0 whatever the scores; a lone cell is 1 whatever its score.
        _, seen = self.numbers(step, index, inputs)
        alone = len(seen) < 2 or index not in seen
        return [] if alone else [(inputs[0].name, where) for where in seen]

    def backward(self, step, walk):
        self.backward_through(step, walk, walk.need(step.name))


def vanishes(score, top):
    """Is e^score nothing beside e^top: is it masked, with −∞ or with −1e9? That is 0 in every kind of number."""
    return score == -math.inf or score - top < NOTHING


class Normalize(Share):
    """own / sum of terms."""

    def value(self, rule, values, factor, sizes):
        total = values[0].sum(axis=self.along(rule), keepdims=True)
        return np.where(total == 0, math.nan, values[0] / total)

    def cell(self, step, index, inputs):
        value = inputs[0].value
        total = sum(value[where] for (where,) in self.terms(step, index, inputs))
        return value[index] / total if total else math.nan

    def sources(self, step, index, inputs):
        value = inputs[0].value
        places, _ = self.numbers(step, index, inputs)
        total = sum(value[where] for where in places)
        return [(inputs[0].name, where) for where in places if (total if where == index else 0) != value[index]]

    def backward(self, step, walk):
        rule, name = parse(step.rule), step.inputs[0]
        total = walk.trace[name].value.sum(axis=self.along(rule))
        walk.need(step.name)
        kept = [axis for axis in rule.inputs[0] if axis in rule.output]
        with np.errstate(all="ignore"):
            self.backward_through(step, walk, walk.help(f"inverse_{name}", 1 / total, kept))

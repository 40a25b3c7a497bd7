"""A mask: who may be looked at."""

import math

import numpy as np

from helpers.look.style import number
from helpers.trace.axes import einsum, truth
from helpers.trace.formulas import names
from helpers.trace.grammar import SIGNS, holds, parse
from helpers.trace.kinds.kind import Kind, only_ones_vanish


class Mask(Kind):
    """The first input's cell where the guard and the other inputs, matrices of True and False, allow it; else -inf."""

    wants = (
        "it keeps the axes of the matrix that it masks, and says what is kept in a guard or in matrices of True and "
        "False on some of these axes"
    )
    example = "t s -> t s | s <= t"
    differentiable = 1

    def fits(self, rule):
        first, *masks = rule.inputs
        within = {*rule.compared} <= {*rule.output}
        uncut = not (rule.cuts or rule.through) and {*first} == {*rule.output}
        return uncut and within and bool(masks or rule.guard)

    def inspect(self, rule, values, inputs, name):
        only_ones_vanish(rule, values, name)
        for mask, value in zip(inputs[1:], values[1:]):
            odd = value[~np.isin(value, (0, 1))]
            if odd.size:
                raise ValueError(
                    f"{name} is masked with {mask}, which holds {number(odd[0])}; wanted True or False (1 or 0) in "
                    "each cell. A mask that is added, 0 and −∞, is a step of kind 'add'."
                )

    def value(self, rule, values, factor, sizes):
        return np.where(
            self.allowed(rule, values, sizes), einsum(values[:1], rule.inputs[:1], rule.output, sizes), -math.inf
        )

    def allowed(self, rule, values, sizes):
        """Where a number is kept: an array of True and False over the axes of the output."""
        kept = truth(rule.guard, rule.output, sizes)
        for value, axes in zip(values[1:], rule.inputs[1:]):
            kept = kept & (einsum([value], [axes], rule.output, sizes) != 0)
        return np.broadcast_to(kept, [sizes[axis] for axis in rule.output])

    def terms(self, step, index, inputs):
        return [
            term
            for term in super().terms(step, index, inputs)
            if all(mask.value[where] != 0 for mask, where in zip(inputs[1:], term[1:]))
        ]

    def cell(self, step, index, inputs):
        found = self.terms(step, index, inputs)
        return inputs[0].value[found[0][0]] if found else -math.inf

    def sources(self, step, index, inputs):
        return [(inputs[0].name, term[0]) for term in self.terms(step, index, inputs)]

    def formula(self, step, index, inputs):
        found = self.terms(step, index, inputs)
        return [[names(inputs)(0, found[0][0])]] if found else []

    def remark(self, step, index, inputs):
        """Why a cell is masked: ``, because s=1 ≤ t=0 is false``."""
        rule = parse(step.rule)
        bound = dict(zip(rule.output, index))
        for clause in rule.guard:
            if not holds([clause], bound):
                said = [f"{here(c.left, bound)} {SIGNS.get(c.sign, c.sign)} {here(c.right, bound)}" for c in clause]
                return f", because {' or '.join(said)} is false"
        for axes, mask in zip(rule.inputs[1:], inputs[1:]):
            where = tuple(bound.get(axis, 0) for axis in axes)  # an axis of size 1 may vanish
            if mask.value[where] == 0:
                return f", because {mask.written(where)[0]} = 0"
        return ""

    def backward(self, step, walk):
        rule = parse(step.rule)
        scores = walk.trace[step.inputs[0]]
        filled = f"{step.name} = {scores.name}.masked_fill("
        code = ""
        if step.code.startswith(filled):
            code = f"{walk.of(step)}.masked_fill({step.code.removeprefix(filled).rpartition(', float')[0]}, 0)"
        dy, masks = walk.gradients[walk.of(step)].value, step.inputs[1:]
        if rule.inputs[0] == rule.output and not np.isfinite(dy).all():
            # 0 · NaN is NaN: what is masked is left out then, and not multiplied by 0
            sizes = dict(zip(rule.output, step.value.shape))
            kept = self.allowed(rule, [step.value, *(walk.trace[name].value for name in masks)], sizes)
            places = np.where(kept, np.arange(dy.size).reshape(dy.shape), -1)
            walk.table(step, 0, "move", np.where(kept, dy, 0.0), places=places, code=code)
            return
        masks = [walk.need(name) for name in masks]
        lists = [rule.output, *rule.inputs[1:]]
        walk.part(step, 0, [walk.of(step), *masks], lists, rule.inputs[0], code, guard=rule.guard)


def here(side, bound):
    """One side of a comparison with its number: ``t − 3=2``."""
    text = str(side).replace("-", "−")
    return f"{text}={side.at(bound)}".replace("=-", "=−") if side.axis else text

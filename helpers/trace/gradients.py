"""The way back through a Trace: the gradient of every matrix, as a Trace itself.

Each gradient is a step with a rule of the same few kinds, so whatever explains a value (the diagram,
``why``, ``shapes``) explains a gradient, too. The gradient of ``q`` is called ``dq``: by how much the
result grows when a number of q grows a little.
"""

from collections import Counter

import numpy as np

from helpers.trace.arrays import as_array
from helpers.trace.grammar import compared, guard_text, rule_text
from helpers.trace.kinds import KINDS
from helpers.trace.pytorch import product, times, where


def backward(trace, dout=None):
    """The gradients of all matrices that the last one is made of (reverse-mode differentiation, the chain rule).

    dout: what a small change of each number of the last matrix is worth, in its shape; ones if left out,
    which gives the gradients of its sum. Returns a Trace. Raises ValueError for a trace without a step,
    for a dout of another shape, or one with a number that is not finite.

    >>> from helpers.attention import average_past
    >>> average_past([[1.0], [3.0]]).backward()["dx"].value.tolist()
    [[1.5], [0.5]]
    """
    steps = trace.shown
    if not steps or steps[-1].kind == "given":
        raise ValueError(f"{trace.title} does not end in a step: there is nothing to go back through.")
    last = steps[-1]
    dout = np.ones(last.value.shape) if dout is None else as_array("dout", dout).astype(float)
    if dout.shape != last.value.shape:
        raise ValueError(
            f"dout has shape {dout.shape}; wanted that of {last.name}, {last.shape}: one number for each of its cells."
        )
    if not np.isfinite(dout).all():
        raise ValueError(f"dout holds {dout[~np.isfinite(dout)][0]}: every number must be finite.")
    return Backward(trace, dout).gradients


class Backward:
    """Walks back through a trace and writes the trace of its gradients."""

    def __init__(self, trace, dout):
        self.trace, self.gradients = trace, type(trace)(f"backward of {trace.title}", trace.tokens, forward=trace)
        last = trace.shown[-1]
        self.reached = self.ancestors(last)
        self.uses = Counter(name for step in trace if step.name in self.reached for name in self.differentiable(step))
        self.parts = {name: [] for name in self.reached}
        self.gradients.given(self.of(last), dout, " ".join(last.axes), role=role_of(last))
        for step in reversed(list(trace)):
            if step.name in self.reached:
                self.add_up(step)
                KINDS[step.kind].backward(step, self)

    def ancestors(self, last):
        """The names of a step and of all that it is made of, except ids and masks, which cannot change a little, and
        constants that stand in the code.
        """
        found, queue = set(), [last.name]
        while queue:
            step = self.trace[queue.pop()]
            found.add(step.name)
            queue += [name for name in self.differentiable(step) if name not in found]
        return found

    def differentiable(self, step):
        """The inputs of a step that a small change goes through: no ids of a lookup, no mask, no constant."""
        return [name for name in step.inputs[: KINDS[step.kind].differentiable] if not self.is_constant(name)]

    def is_constant(self, name):
        """Is it a number of the code, which no face shows?"""
        return self.trace[name].hidden and self.trace[name].kind == "given"

    def of(self, step):
        """What the gradient of a step is called: ``dq``, ``d(x @ W)``."""
        return f"d{step.called}"

    def add_up(self, step):
        """A matrix that several steps read gets a gradient from each of them; their sum is its own."""
        parts = self.parts[step.name][::-1]
        if len(parts) > 1:
            axes = " ".join(step.axes)
            self.gradients.step(
                self.of(step),
                "add",
                f"{', '.join([axes] * len(parts))} -> {axes}",
                *parts,
                role=role_of(step),
                code=f"{self.of(step)} = {' + '.join(parts)}",
                hidden=step.hidden,
            )

    def need(self, name):
        """A matrix of the way forward that a gradient is made with; a hidden one comes with what it is made of."""
        step = self.trace[name]
        if name not in self.gradients:
            if step.hidden:
                for source in step.inputs:
                    self.need(source)
                self.gradients.adopt(step)
            else:
                self.gradients.adopt(step.as_given())
        return name

    def help(self, name, value, axes, line=""):
        """A matrix that only the way back needs; one that is there already is used again. line: of PyTorch."""
        while name in self.gradients:
            if np.array_equal(self.gradients[name].value, value):
                return name
            name += "_"
        return self.gradients.given(name, value, " ".join(axes), code=f"{name} = {line}" if line else "").name

    def constant(self, name, value, axes):
        """A number that the code makes of its constants: no face shows it."""
        if name not in self.gradients:
            self.gradients.seen(name, value, " ".join(axes), hidden=True)
        return name

    def spread_out(self, inputs, lists, name, target):
        """Ones in the shape of a matrix, where it has an axis that nothing else here has: a sum, spread out again."""
        if not set(target) <= {axis for part in lists for axis in part}:
            inputs.append(self.help(f"ones_{name}", np.ones(self.trace[name].value.shape), self.trace[name].axes))
            lists.append(target)

    def part(
        self,
        step,
        place,
        inputs,
        lists,
        output,
        code="",
        *,
        kind="sum-product",
        guard=(),
        factor=1.0,
        through=(),
        cuts=None,
    ):
        """Add the gradient that a step passes on to one of its inputs.

        lists: the axes of each of ``inputs``; output: of the gradient; through and cuts: of a reshape and a slice.
        """
        if self.is_constant(step.inputs[place]):
            return
        made, target, hidden = self.made(step, place)
        # The gradient has the axes of its matrix: dk is (t, h) though the rule of the scores calls the rows of k s.
        new = renaming(output, target.axes)

        def renamed(part):
            return [new.get(axis, axis) for axis in part]

        rule = rule_text(
            [renamed(part) for part in lists],
            renamed(output),
            guard_text(guard, new),
            [renamed(part) for part in through],
            {new.get(axis, axis): cut for axis, cut in (cuts or {}).items()},
        )
        sizes = dict(zip(target.axes, target.value.shape)) if kind == "reshape" else {}
        if not code:
            factors, axes = [self.gradients[read].called for read in inputs], list(lists)
            if guard:  # one more factor, 0 or 1
                known = dict(zip(output, target.value.shape))
                for read, named in zip(inputs, lists):
                    known.update(zip(named, self.gradients[read].value.shape))
                axes.append(compared(guard))
                factors.append(where(guard, axes[-1], known))
            code = times(factor, product(factors, *map(renamed, [*axes, output])))
        code = f"{made} = {code}"
        how = {"role": role_of(target), "factor": factor, "code": code, "hidden": hidden}
        self.gradients.step(made, kind, rule, *inputs, **how, **sizes)
        self.parts[target.name].append(made)

    def table(self, step, place, kind, value, **how):
        """Add the gradient that a step without a rule passes on to one of its inputs. how: its places or its table."""
        if self.is_constant(step.inputs[place]):
            return
        made, target, hidden = self.made(step, place)
        how = {"role": role_of(target), "hidden": hidden, **how}
        self.gradients.seen(made, value, " ".join(target.axes), kind, "", [self.of(step)], **how)
        self.parts[target.name].append(made)

    def made(self, step, place):
        """What such a gradient is called, the matrix that it is of, and whether it is hidden."""
        name = step.inputs[place]
        target, several = self.trace[name], self.uses[name] > 1
        twice = f"_{place}" * (self.differentiable(step).count(name) > 1)
        made = self.of(target) + f"_{step.called}{twice}" * several
        return made, target, target.hidden or (several and step.hidden)


def role_of(step):
    """The color of a gradient is that of its matrix; but a gradient of weights is no share, it has a sign."""
    return "scores" if step.role == "weights" else step.role


def renaming(old, new):
    """Which axis of a rule becomes which, so that ``old`` reads as ``new``; one that is in the way takes the name that
    is set free: ``renaming("sh", "th") == {"s": "t", "h": "h", "t": "s"}``.
    """
    names, before = dict(zip(old, new)), dict(zip(new, old))
    for axis in new:
        free = axis
        while free in before and before[free] != axis:
            free = before[free]
        names.setdefault(axis, free)
    return names

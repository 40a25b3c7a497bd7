"""The way back through a Trace: the gradient of every matrix, as a Trace itself.

Each gradient is a step with a rule of the same few kinds, so whatever explains a value (the diagram,
``why``, ``shapes``) explains a gradient, too. The gradient of ``q`` is called ``dq``: by how much the
result grows when a number of q grows a little.
"""

from collections import Counter
from itertools import pairwise

import numpy as np

from helpers.trace import rules
from helpers.trace.arrays import as_array


def backward(trace, dout=None):
    """The gradients of all matrices that the last one is made of (reverse-mode differentiation, the chain rule).

    dout: what a small change of each number of the last matrix is worth, in its shape; ones if left out,
    which gives the gradients of its sum. Returns a Trace. Raises ValueError for a trace without a step,
    for a dout of another shape, or one with a number that is not finite.

    >>> from helpers.attention import average_past
    >>> average_past([[1.0], [3.0]]).backward()["dx"].value.tolist()
    [[1.5], [0.5]]
    """
    steps = list(trace)
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
        self.trace, self.gradients = trace, type(trace)(f"backward of {trace.title}", trace.tokens)
        *_, last = trace
        self.reached = self.ancestors(last)
        self.uses = Counter(name for step in trace if step.name in self.reached for name in step.inputs)
        self.parts = {name: [] for name in self.reached}
        self.gradients.given(f"d{last.name}", dout, " ".join(last.axes), role=role_of(last))
        for step in reversed(list(trace)):
            if step.name in self.reached:
                self.add_up(step)
                getattr(self, step.kind.replace("-", "_"))(step)

    def ancestors(self, last):
        """The names of a step and of all that it is made of, except ids, which cannot change a little."""
        found, queue = set(), [last.name]
        while queue:
            step = self.trace[queue.pop()]
            found.add(step.name)
            queue += [name for name in step.inputs[: 1 if step.kind == "lookup" else None] if name not in found]
        return found

    def add_up(self, step):
        """A matrix that several steps read gets a gradient from each of them; their sum is its own."""
        parts = self.parts[step.name][::-1]
        if len(parts) > 1:
            axes = " ".join(step.axes)
            self.gradients.step(
                f"d{step.name}",
                "add",
                f"{', '.join([axes] * len(parts))} -> {axes}",
                *parts,
                role=role_of(step),
                code=f"d{step.name} = {' + '.join(parts)}",
            )

    def need(self, name):
        """A matrix of the way forward that a gradient is made with."""
        step = self.trace[name]
        if name not in self.gradients:
            self.gradients.given(
                name, step.value, " ".join(step.axes), role=step.role, code=step.code, parameter=step.parameter
            )
        return name

    def help(self, name, value, axes):
        """A matrix that only the way back needs; one that is there already is used again."""
        while name in self.gradients:
            if np.array_equal(self.gradients[name].value, value):
                return name
            name += "_"
        return self.gradients.given(name, value, " ".join(axes)).name

    def part(self, step, place, kind, inputs, axes, output, code, guard=None, factor=1.0, through=()):
        """Add the gradient that a step passes on to one of its inputs. axes: of each input; output: of the gradient.

        through: the shapes between the two, for a reshape.
        """
        name = step.inputs[place]
        target = self.trace[name]
        twice = f"_{place}" * (step.inputs.count(name) > 1)
        made = f"d{name}" + f"_{step.name}{twice}" * (self.uses[name] > 1)
        # The gradient has the axes of its matrix: dk is (t, h) though the rule of the scores calls the rows of k s.
        new = renaming(output, target.axes)
        lists = [[new.get(axis, axis) for axis in part] for part in (*axes, output)]
        bar = f" | {new.get(guard[0], guard[0])} {guard[1]} {new.get(guard[2], guard[2])}" if guard else ""
        links = [
            ", ".join(" ".join(part) for part in lists[:-1]),
            *(" ".join(new.get(axis, axis) for axis in part) for part in through),
        ]
        rule = f"{' -> '.join([*links, ' '.join(lists[-1])])}{bar}"
        sizes = dict(zip(target.axes, target.value.shape)) if kind == "reshape" else {}
        code = f"{made} = {code or product(inputs, *lists)}"
        self.gradients.step(made, kind, rule, *inputs, role=role_of(target), factor=factor, code=code, **sizes)
        self.parts[name].append(made)

    # -- one method for each kind of step ---------------------------------------------------------

    def given(self, step):
        """Here the way back ends."""

    def sum_product(self, step):
        axes, output, guard = rules.parse(step.rule)
        for place, name in enumerate(step.inputs):
            inputs = [f"d{step.name}" if at == place else self.need(other) for at, other in enumerate(step.inputs)]
            lists = [*axes[:place], output, *axes[place + 1 :]]
            if not set(axes[place]) <= {axis for part in lists for axis in part}:  # a plain sum: spread it out again
                value = self.trace[name].value
                inputs.append(self.help(f"ones_{name}", np.ones(value.shape), self.trace[name].axes))
                lists.append(axes[place])
            front = f"{step.name} = {name}"  # what the line of the way forward multiplies by, this line does, too
            tail = step.code.removeprefix(front) if step.code.startswith(front) else ""
            code = f"d{step.name}{tail}" if tail[:3] in (" * ", " / ") and len(step.inputs) == 1 else ""
            self.part(step, place, "sum-product", inputs, lists, axes[place], code, guard, step.factor)

    def mask(self, step):
        (axes,), output, guard = rules.parse(step.rule)
        self.part(
            step, 0, "sum-product", [f"d{step.name}"], [output], axes, f"d{step.name}.masked_fill(tril == 0, 0)", guard
        )

    def mean(self, step):
        (axes,), output, guard = rules.parse(step.rule)
        sizes = dict(zip(axes, self.trace[step.inputs[0]].value.shape))
        counted = [axis for axis in axes if axis not in output]
        inputs, lists, factor = [f"d{step.name}"], [output], 1 / np.prod([sizes[axis] for axis in counted])
        if guard:
            inner, (row,) = counted[0], [axis for axis in (guard[0], guard[2]) if axis in output]
            size = step.value.shape[output.index(row)]
            rows = [sum(rules.allowed(guard, {row: at, inner: i}) for i in range(sizes[inner])) for at in range(size)]
            share = [1 / count if count else 0.0 for count in rows]
            inputs.append(self.help(f"share_{step.name}", np.array(share), [row]))
            lists.append([row])
            factor *= sizes[inner]
        if not set(axes) <= {axis for part in lists for axis in part} and not guard:
            inputs.append(self.help(f"ones_{step.inputs[0]}", np.ones(tuple(sizes.values())), axes))
            lists.append(axes)
        self.part(step, 0, "sum-product", inputs, lists, axes, "", guard, factor)

    def add(self, step, signs=None):
        axes, output, _ = rules.parse(step.rule)
        for place, named in enumerate(axes):
            sign = (signs or [1.0] * len(axes))[place]
            code = "-" * (sign < 0) + f"d{step.name}" if list(named) == list(output) else ""
            self.part(step, place, "sum-product", [f"d{step.name}"], [output], named, code, factor=sign)

    def subtract(self, step):
        self.add(step, [1.0, -1.0])

    def lookup(self, step):
        (table, ids), output, _ = rules.parse(step.rule)
        rows = self.trace[step.inputs[0]].value.shape[0]
        one_hot = (self.trace[step.inputs[1]].value[..., None] == np.arange(rows)).astype(
            float
        )  # (..., T) -> (..., T, v)
        name = self.help(f"one_hot_{step.inputs[1]}", one_hot, [*self.trace[step.inputs[1]].axes, table[0]])
        self.part(step, 0, "sum-product", [name, f"d{step.name}"], [[*ids, table[0]], output], table, "")

    def relu(self, step):
        (axes,), output, _ = rules.parse(step.rule)
        name = step.inputs[0]
        positive = self.help(f"positive_{name}", (self.trace[name].value > 0).astype(float), self.trace[name].axes)
        self.part(
            step,
            0,
            "sum-product",
            [positive, f"d{step.name}"],
            [axes, output],
            axes,
            f"{positive} * d{step.name}{reshapes([output, axes])}",
        )

    def rsqrt(self, step):
        (axes,), output, _ = rules.parse(step.rule)
        name, turned = self.need(step.name), reshapes([output, axes])
        self.part(
            step,
            0,
            "sum-product",
            [name] * 3 + [f"d{name}"],
            [output] * 4,
            axes,
            f"-0.5 * {name}{turned}**3 * d{name}{turned}",
            factor=-0.5,
        )  # the derivative of 1/√x is −1/2 · (1/√x)³

    def reshape(self, step):
        last, *through, first = links = rules.chain(step.rule)[::-1]
        sizes = dict(zip([*last, *first], [*step.value.shape, *self.trace[step.inputs[0]].value.shape]))
        self.part(
            step,
            0,
            "reshape",
            [f"d{step.name}"],
            [last],
            first,
            f"d{step.name}{reshapes(links, sizes)}",
            through=through,
        )

    def softmax(self, step):
        self.shares(step, self.need(step.name))

    def normalize(self, step):
        (axes,), output, _ = rules.parse(step.rule)
        along = next(i for i, axis in enumerate(axes) if axis not in output)
        total = self.trace[step.inputs[0]].value.sum(axis=along)
        kept = [axis for axis in axes if axis in output]
        self.need(step.name)
        self.shares(step, self.help(f"inverse_{step.inputs[0]}", 1 / total, kept))

    def shares(self, step, factor):
        """What softmax and normalize have in common: a share grows at the cost of all the others of its row."""
        (axes,), output, _ = rules.parse(step.rule)
        new = next(axis for axis in output if axis not in axes)
        kept, whole, at = [axis for axis in output if axis != new], " ".join(output), output.index(new) - len(output)
        many = sum(other.kind in ("softmax", "normalize") for other in self.trace) > 1
        average, surplus = (f"{word}_{step.name}" if many else word for word in ("average", "surplus"))
        dy, row = f"d{step.name}", " ".join(kept)
        self.gradients.step(
            average,
            "sum-product",
            f"{whole}, {whole} -> {row}",
            step.name,
            dy,
            role="scores",
            code=f"{average} = ({step.name} * {dy}).sum({at})",
        )
        self.gradients.step(
            surplus,
            "subtract",
            f"{whole}, {row} -> {whole}",
            dy,
            average,
            role="scores",
            code=f"{surplus} = {dy} - {average}.unsqueeze({at})",
        )
        own = [new if axis not in output else axis for axis in axes]
        softmax = factor == step.name
        self.part(
            step,
            0,
            "sum-product",
            [factor, surplus],
            [output if softmax else kept, output],
            own,
            f"{factor} * {surplus}" if softmax else f"{factor}.unsqueeze({at}) * {surplus}",
        )


def role_of(step):
    """The color of a gradient is that of its matrix; but a gradient of weights is no share, it has a sign."""
    return "scores" if step.role == "weights" else step.role


def reshapes(links, sizes=None):
    """The calls of PyTorch that go through a chain of shapes: ``.transpose(0, 1).reshape(8, 6)``."""
    calls = ""
    for before, after in pairwise(links):
        moved = [at for at, axis in enumerate(after) if axis != before[at]] if set(before) == set(after) else None
        if moved is None:
            calls += f".reshape({', '.join(str(sizes[axis]) for axis in after)})"
        elif len(moved) == 2:
            calls += f".transpose({moved[0]}, {moved[1]})"
        elif moved:
            calls += f".permute({', '.join(str(before.index(axis)) for axis in after)})"
    return calls


def renaming(old, new):
    """Which axis of a rule becomes which, so that ``old`` reads as ``new``; an axis that is in the way changes
    places.
    """
    names = dict(zip(old, new))
    names.update({b: a for a, b in zip(old, new) if b not in names})
    return names


def product(inputs, *lists):
    """A product of matrices as PyTorch writes it: with @ where two matrices allow it, else with einsum."""
    *axes, output = lists
    summed = {axis for part in axes for axis in part} - set(output)
    batch, plain = output[:-2], all(part[:-2] in (output[:-2], []) and len(part) >= 2 for part in axes)
    if len(axes) == 2 and len(output) >= 2 and plain and len(summed) == 1 and batch in (part[:-2] for part in axes):
        row, column = output[-2:]
        for left, right in [(0, 1), (1, 0)]:
            a, b = axes[left][-2:], axes[right][-2:]
            if {*a} == {row, *summed} and {*b} == {column, *summed}:
                turned = [".transpose(-2, -1)" * flip for flip in (a[0] != row, b[1] != column)]
                return f"{inputs[left]}{turned[0]} @ {inputs[right]}{turned[1]}"
    names = {axis for part in lists for axis in part}
    free = iter(sorted({*"abcdefghijklmnopqrstuvwxyz"} - names))
    # einsum knows axes of one letter alone
    letters = {axis: axis if len(axis) == 1 else next(free) for axis in sorted(names)}
    *read, made = ("".join(letters[axis] for axis in part) for part in lists)
    return f'torch.einsum("{",".join(read)}->{made}", {", ".join(inputs)})'

"""The Trace: named matrices, each with the rule that made it.

A ``Trace`` is a computation that can explain itself. It has three faces, all drawn from the same
rules: text (``why``, ``shapes``), a still picture (``picture``, ``save``) and the live diagram
(display it in a notebook).
"""

import sys
from dataclasses import dataclass, field, replace

from helpers.look.given import told
from helpers.look.streams import ready
from helpers.look.style import ROLES, number, size_name
from helpers.trace import rules, through
from helpers.trace.arrays import as_array
from helpers.trace.axis_sizes import AxisSizes
from helpers.trace.checks import checked_factor, checked_name, checked_tokens
from helpers.trace.folding import folded, opened_at_first, parts
from helpers.trace.gradients import backward
from helpers.trace.kinds import KINDS
from helpers.trace.step import Step, place


class Text(str):
    """A string that displays as itself when it is the last line of a notebook cell, and can be printed anywhere.

    A file of yours is yours: open it with ``encoding="utf-8"``, which has −, √ and ∞.
    """

    def __repr__(self):
        return str(self)

    def __str__(self):
        ready(sys.stdout)
        return super().__str__()


class UnknownName(KeyError):
    """No step of this name; unlike KeyError it prints its sentence without quotes."""

    def __str__(self):
        return self.args[0]


@dataclass
class Trace:
    """A computation, step by step, that can say where each of its numbers comes from.

    Add matrices with ``given`` and ``step``; every later step names the earlier ones it reads. An axis has one size in
    all of them.

    tokens: the words of the tokens, ``["the", "cat"]``; or those of each axis, where queries and keys come from
    different places: ``{"t": ["le", "chat"], "s": ["the", "cat", "sat"]}``. forward: of gradients, what they go back
    through.

    >>> import numpy as np
    >>> trace = Trace("double")
    >>> _ = trace.given("x", np.array([[1.0, 2.0]]), "t c")
    >>> _ = trace.step("y", "sum-product", "t c -> t c", "x", factor=2, code="y = 2 * x")
    >>> trace.why("y", t=0, c=1)
    y[0,1] = 2.000·x[0,1] = 2.000·2 = 4
    """

    title: str = "trace"
    tokens: list | dict | None = None
    steps: dict = field(default_factory=dict)
    forward: "Trace | None" = field(default=None, repr=False, compare=False)

    def __post_init__(self):
        self.tokens = checked_tokens(self.tokens)
        self._sizes = AxisSizes(self)
        for step in self:
            self._sizes.learn(step)

    # -- building ---------------------------------------------------------------------------------

    def given(self, name, value, axes, *, role="x", code="", parameter=False, hidden=False):
        """Add a matrix that you give. ``axes`` names its axes: ``"t c"``; hidden: no face shows it.

        Raises ValueError if two axes have one name, if it has another number of axes, an axis of size 0, or
        an axis whose size differs from that of the same axis elsewhere in the trace.
        """
        name = checked_name(name)
        if not isinstance(axes, str) or len({*axes.split()}) < len(axes.split()):
            raise ValueError(
                f"the axes of {name} are {told(axes)}; wanted one text with a name for each axis, no two alike, "
                "as in 't s'."
            )
        value, axes = as_array(name, value), tuple(axes.split())
        if value.ndim != len(axes):
            wanted = ", ".join(size_name(axis) for axis in axes)
            hint = (
                f" Write {name}[None, :] to make one row of it, {name}[:, None] to make one column."
                if value.ndim == 1
                else ""
            )
            raise ValueError(f"{name} has shape {value.shape}; wanted ({wanted}).{hint}")
        self._sizes.check(name, value.shape, axes, parameter)
        how = {"role": role, "code": code, "parameter": parameter, "hidden": hidden}
        return self._add(Step(name, value, axes, names=self._sizes.names, **how))

    def step(self, name, kind, rule, *inputs, role="x", code="", factor=1.0, hidden=False, part=(), **sizes):
        """Add a matrix made from earlier ones; its value is computed from the rule.

        kind, rule: see ``helpers.trace.rules``. factor: what a sum-product is multiplied by. hidden: no face shows it.
        part: the parts that it belongs to, which can be closed, the outermost first: ``("turn_q",)``.
        sizes: of the axes that a reshape or a repeat makes, ``n=2``, or that a sum keeps, ``i=1``; of a reshape, one of
        them may be left out. Raises ValueError if the kind is unknown, the rule is none of this kind or names another
        number of axes than an input has, or the numbers are none for it; UnknownName if an input is not in the trace.
        """
        name = checked_name(name)
        parsed = rules.checked(name, kind, rule, sizes)
        sources = [self[source] for source in inputs]
        if len(parsed.inputs) != len(sources):
            raise ValueError(f"the rule {rule!r} of {name} reads {len(parsed.inputs)} inputs; you gave {len(sources)}.")
        for source, named in zip(sources, parsed.inputs):
            if len(named) != source.value.ndim:
                raise ValueError(
                    f"the rule {rule!r} of {name} reads {source.name} with {len(named)} axes; "
                    f"it has {source.value.ndim}, {source.shape}."
                )
        factor = checked_factor(name, kind, factor)
        value = rules.evaluate(kind, rule, [source.value for source in sources], factor, name, inputs, **sizes)
        self._sizes.check(name, value.shape, parsed.output, made=True)
        how = {"role": role, "code": code, "factor": factor, "hidden": hidden, "part": part}
        return self._add(Step(name, value, parsed.output, kind, rule, inputs, names=self._sizes.names, **how))

    def seen(self, name, value, axes, kind="given", rule="", inputs=(), **how):
        """Add a matrix with a value of its own, that of a run, made from earlier ones by a rule that has been checked.

        axes: ``"t c"``; how: whatever else a ``Step`` has, ``hidden=True``. A move has places, an opaque step a table
        in the place of a rule. Raises ValueError and UnknownName as ``step`` does; the value is not computed again.
        """
        value, axes, inputs = as_array(name, value), tuple(axes.split()), tuple(inputs)
        sources = [self[source] for source in inputs]
        if KINDS[kind].ruled:
            rules.checked(name, kind, rule)
        KINDS[kind].weigh(name, value, sources, **how)
        self._sizes.check(name, value.shape, axes, made=kind != "given")
        return self._add(Step(name, value, axes, kind, rule, inputs, names=self._sizes.names, seen=True, **how))

    def adopt(self, step):
        """Add a step of another trace, as it is."""
        return self._add(replace(step, names=self._sizes.names))

    def _add(self, step):
        if not isinstance(step.role, str) or step.role not in ROLES:
            raise ValueError(f"{step.name} has the role {told(step.role)}; wanted one of {', '.join(ROLES)}.")
        if not isinstance(step.code, str):
            raise ValueError(f"the code of {step.name} is {told(step.code)}; wanted a text, a line of PyTorch.")
        if step.name in self.steps:
            raise ValueError(f"{step.name} is in the trace already: give each step its own name.")
        self.steps[step.name] = step
        self._sizes.learn(step)
        return step

    # -- reading ----------------------------------------------------------------------------------

    def __getitem__(self, name):
        if name not in self:
            raise UnknownName(
                f"{told(name)} is not in this trace; its steps are {', '.join(self.steps) or 'none yet'}."
            )
        return self.steps[name]

    def __iter__(self):
        return iter(self.steps.values())

    def __len__(self):
        return len(self.steps)

    def __contains__(self, name):
        return isinstance(name, str) and name in self.steps

    def words(self, axis):
        """The words along an axis, one for each of its places, or None where it has none.

        >>> Trace(tokens={"s": ["the", "cat"]}).words("s")
        ['the', 'cat']
        """
        return self._sizes.words(axis)

    def inputs(self, step):
        """The steps that a step reads."""
        return [self[name] for name in step.inputs]

    @property
    def shown(self):
        """The steps that a face shows, in order: all but the hidden ones."""
        return [step for step in self if not step.hidden]

    def reads(self, step):
        """The names of the shown steps that a step is made of, straight or through hidden ones."""
        return through.reads(self, step)

    def copied(self, name):
        """The names of the hidden steps whose numbers stand in a step as they are."""
        return through.copied(self, self[name])

    def shapes(self):
        """Every step that is shown with its shape and its line of PyTorch, one a line."""
        width = max((len(step.name) for step in self.shown), default=0)
        wide = max((len(step.shape) for step in self.shown), default=0)
        lines = [f"{step.name:<{width}}  {step.shape:<{wide}}  {step.code}".rstrip() for step in self.shown]
        return Text("\n".join(lines))

    def why(self, name, *index, **named):
        """The formula of one cell with its numbers: ``trace.why("out", 1, 2)`` or ``why("out", t=1, h=2)``.

        Raises UnknownName for a step, ValueError for axes and IndexError for a cell that is not there.
        """
        step, index = self[name], self.index(name, *index, **named)
        return Text("".join(text for text, _ in through.formula(self, step, index)))

    def sources(self, name, *index, **named):
        """The cells one cell is made of: a list of (step name, index), those that its own formula reads with a
        derivative that is not zero, and of a comparison the two cells.

        In ``e / total`` both are sources even where all else in total is 0, so that what moves one moves the other,
        too: the quotient is 1 then, whatever e is, but it is made of both. A softmax as one step says that it has none.
        """
        step, index = self[name], self.index(name, *index, **named)
        return through.sources(self, step, index)

    def index(self, name, *index, **named):
        """The place of one cell, counted from 0: ``index("out", -1, 0)`` in a trace with T=3 is ``(2, 0)``."""
        step = self[name]
        wanted = ", ".join(step.axes)
        if (
            (index and named)
            or (named and set(named) != set(step.axes))
            or (not named and len(index) != len(step.axes))
        ):
            given = [*map(told, index), *(f"{axis}={told(at)}" for axis, at in named.items())]
            raise ValueError(
                f"{step.name} has the axes {wanted}, {step.shape}; you gave {', '.join(given) or 'nothing'}. "
                f"Give one number for each, as in why({step.name!r}, {', '.join(f'{a}=0' for a in step.axes)})."
            )
        index = tuple(named[axis] for axis in step.axes) if named else index
        return tuple(place(step, axis, at) for axis, at in zip(step.axes, index))

    def __repr__(self):
        lines = [self.title, *self.shapes().splitlines()]
        for step in self.shown[-1:]:
            rows = step.value.reshape(-1, step.value.shape[-1] if step.value.ndim else 1)
            lines.append(f"{step.name} =")
            lines += [
                "  " + "".join(f"{number(value, 3):>8}" for value in row[:8]) + "  …" * (len(row) > 8)
                for row in rows[:8]
            ] + ["  …"] * (len(rows) > 8)
        return str(Text("\n".join(lines)))

    # -- parts of the code ------------------------------------------------------------------------

    @property
    def parts(self):
        """The modules and functions of the code that its steps were made in, each a path, the outermost first."""
        return parts(self)

    @property
    def opened_at_first(self):
        """Those parts that are open when nobody has chosen: as many as have room."""
        return opened_at_first(self)

    def folded(self, opened=None):
        """The same trace with its parts closed, but those in ``opened``; if left out, as many are open as have room.

        Of a closed part only what comes out of it is shown. See ``helpers.trace.folding``.
        """
        if not self.parts:
            return self
        opened = self.opened_at_first if opened is None else opened
        return type(self)(self.title, self.tokens, folded(self, [tuple(path) for path in opened]))

    # -- gradients --------------------------------------------------------------------------------

    def backward(self, dout=None):
        """The gradients of all its matrices, as a Trace. See ``helpers.trace.gradients.backward``."""
        return backward(self, dout)

    # -- pictures (imported when asked for: a trace alone needs no picture) ------------------------

    def picture(self, **options):
        """The still picture, with alt text. See ``helpers.pictures.picture``."""
        from helpers.pictures.still import picture

        return picture(self.folded(), **options)

    def save(self, path, **options):
        """Write the picture to a file: ``.svg``, ``.png`` or ``.pdf``."""
        return self.picture(**options).save(path)

    def _repr_mimebundle_(self, include=None, exclude=None):
        from helpers.diagram import Diagram

        return Diagram(self)._repr_mimebundle_()

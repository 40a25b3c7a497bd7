"""Explorers: sliders in front of any function that returns a Trace, or plain numbers.

Importing this module imports neither torch nor matplotlib: a slider step is felt as instant.
"""

import contextlib

import ipywidgets as widgets

from helpers.diagram import Diagram
from helpers.explore.advice import alone, hint, in_training
from helpers.explore.controls import SIZES, button, is_range, make_controls
from helpers.explore.filling import filled, parts_for, sizes_for, to_fill, vocabulary_of, without_default
from helpers.explore.own_sizes import fit
from helpers.explore.parameters import REQUIRED, parameters_of, places_of
from helpers.inputs.examples import SHAPES
from helpers.look.sentence import one_line, sentence
from helpers.see.contained import contained
from helpers.see.copies import is_copied
from helpers.see.own_things import is_module_class, own_things
from helpers.see.plain_function import PlainFunction
from helpers.see.sizes import IN_A_BATCH, shape_of
from helpers.trace.trace import Trace

LONGEST_NAME = 60


def explore(build, **ranges):
    """Sliders and a live diagram for a function that returns a Trace, or for plain PyTorch or NumPy of your own.

    build: any function, your own too, or a torch module; one that returns arrays or tensors is drawn with every matrix
    that it makes on the way, by the names and the lines of its code (see ``helpers.see``). What it returns has its
    variable's name, else ``out``, ``out₂``, … or the name in a dictionary. Where its inside cannot be followed, a
    remark says why, and what it got and what it gave is drawn. Its parameters decide the controls: ``T``, ``C``,
    ``head_size``, ``B`` and other numbers get a slider, booleans a check box, texts a field to type in; ``x``, ``Wq``,
    ``Wk``, ``Wv``, ``scores``, ``v`` and ``tokens`` are filled in from ``helpers.inputs.examples.example`` at the sizes
    that the sliders show; ``input``, ``src`` and what else a module takes stand for x, ``idx`` for ids. A slider starts
    at the parameter's own default, or where the layers, masks and tables that build has of its own take it, and ends
    where they do.
    ranges: ``T=(1, 16, 8)`` is lowest, highest and start of a slider; any other value is passed to
    build as it is, without a control.

    A step calls build once. It gets copies of arrays, tensors and lists, so that yours stay as they are, and random
    numbers start anew at each call: a slider that is moved back shows the same numbers. At the start it is called
    more often, without showing what it prints: a few times, at most 16, at other sizes, to learn which axis of its
    results is which; and up to some dozens of times, a module as a copy, to learn which sizes its own layers take, or
    what would work where it fails. What it raises becomes a sentence that names the line.

    Returns an Explorer. Raises ValueError for what cannot be called, for a range that build has no use for, or one that
    is not in order.

    >>> from helpers.attention import head
    >>> explore(head, T=(1, 8, 2), C=(1, 8, 3)).trace["out"].value.shape
    (2, 2)
    """
    return Explorer(build, ranges)


class Explorer(widgets.VBox):
    """What ``explore`` returns: ``controls`` by name, the ``diagram``, and the ``trace`` it shows."""

    def __init__(self, build, ranges):
        check_callable(build)
        self.build, self.title = build, name_of(build)
        self.parameters = parameters_of(build, self.title)
        self.fixed = {name: value for name, value in ranges.items() if name in SHAPES or not is_range(value)}
        check_fixed(self.fixed)
        stand = parts_for(build, self.parameters)
        self.parts = to_fill(stand, self.parameters, self.fixed)
        self.own, self.vocabulary = own_things(build), vocabulary_of(build)
        self.controls = self._make_controls({name: ranges[name] for name in ranges if name not in self.fixed}, ranges)
        self.seed, self.resetting, self.remarks, self.told, self.hint = 0, False, [], [], None
        self.function = PlainFunction(build, self.title, {}, stand, places_of(build, self.parameters))
        with contained():
            self._fit(ranges)
        self.function.ranges = {name: (one.min, one.max) for name, one in self.controls.items() if name in SIZES}
        self.start = {name: control.value for name, control in self.controls.items()}
        self.diagram = Diagram(Trace(self.title))
        for control in self.controls.values():
            control.observe(lambda change: self.update(), "value")
        row = widgets.HBox(
            [*self.controls.values(), *self._make_buttons()],
            layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "2px 14px"},
        )
        super().__init__([row, self.diagram])
        self.update()

    @property
    def trace(self):
        """The Trace that is shown: the last one that could be built."""
        return self.diagram.value

    def update(self):
        """Build anew at the sizes that the sliders show; an error becomes a sentence, the picture stays."""
        if self.resetting:
            return
        try:
            with contained():
                self._show(self.function.seen(self.arguments(), self.seed))
        except Exception as error:  # noqa: BLE001 - whatever a learner's own function raises, the explorer lives on
            self.diagram.error = self._told(error)

    def _told(self, error):
        """An error as a sentence. The first time, with a hint: what would work in its place."""
        if self.hint is None:
            self.hint = "", None  # a later step calls the function once, and no more
            with contextlib.suppress(Exception):  # arguments that cannot be made have their own sentence
                self.hint = hint(self, error), type(error)
        (text, kind), where = self.hint, self.function.where(error)
        more = [f"It stopped {where}"] * bool(where) + [text] * (bool(text) and kind is type(error))
        return " ".join(map(ended, [sentence(error), *more])) if more else sentence(error)

    def _show(self, seen):
        """Bring the page in line with what was seen; the old picture stays where the new one cannot be drawn."""
        self.hint = self.hint or ("", None)
        remarks = [*self.told, *in_training(self.build, self.title, self.own[0]), *seen.remarks]
        remarks = [ended(remark) for remark in remarks]
        shapes = ", ".join(f"{step.name} {step.shape}" for step in seen.trace.folded(self.diagram.opened).shown)
        before = self.diagram.value
        with self.diagram.hold_sync():
            try:
                self.diagram.value = seen.trace
            except Exception:
                self.diagram.value = before
                raise
            self.diagram.readout = " ".join([*remarks, f"Shapes: {shapes}."])
            self.diagram.error, self.remarks = "", remarks

    def reset(self):
        """Put every control back to where it started, and the first numbers back in."""
        self.seed = 0
        self.resetting = True  # one rebuild at the end, not one for each control
        try:
            for name, value in self.start.items():
                self.controls[name].value = value
        finally:
            self.resetting = False
        self.update()

    def new_numbers(self):
        """Draw other numbers of the same shapes."""
        self.seed += 1
        self.update()

    def _make_controls(self, sliders, ranges):
        """A control for every size that an example needs, and for every parameter that is not in one."""
        names = sizes_for(self.parts)
        for name, parameter in self.parameters.items():
            if name not in {*SHAPES, *self.parts, "seed"} and name[:1] != "_" and parameter.default is not None:
                names[name] = None
        if "B" in ranges and {*IN_A_BATCH} & {*self.parts.values()}:
            names["B"] = None
        unknown = [name for name in ranges if name not in names and name not in self.parameters]
        if unknown:
            raise ValueError(f"{self.title} has no use for {', '.join(unknown)}; its controls are {', '.join(names)}.")
        defaults = {name: one.default for name, one in self.parameters.items() if one.default is not REQUIRED}
        return make_controls(names, defaults, sliders, self.fixed)

    def _make_buttons(self):
        seeded = {*self.parts, "seed"} & self.parameters.keys() - self.fixed.keys() - {"tokens"}
        buttons = [button("Reset", "Put every slider back", self.reset)]
        if seeded:
            buttons.append(button("New numbers", "The same shapes with other numbers", self.new_numbers))
        return buttons

    def given(self):
        """What the controls show, and what you gave, by name."""
        return {**{name: control.value for name, control in self.controls.items()}, **self.fixed}

    def sizes(self):
        """The sizes among what is given: ``{"T": 8, "C": 4}``."""
        given = self.given()
        return {name: given[name] for name in SIZES if name in given}

    def arguments(self, **sizes):
        """What the function gets, at the sizes that the sliders show, or at others."""
        given = {**self.given(), **sizes}
        sizes = {**self.sizes(), **sizes}
        made = filled(self.parts, sizes, self.seed, self.vocabulary) if self.parts else {}
        arguments = {}
        for name, parameter in self.parameters.items():
            if name in given:
                arguments[name] = given[name]
            elif name == "seed":
                arguments[name] = self.seed
            elif name in made:
                arguments[name] = made[name]
            elif is_copied(parameter.default):
                arguments[name] = parameter.default
            elif parameter.default is REQUIRED:
                arguments[name] = without_default(name, self.title, self.build)
        return arguments

    def fill(self, name, part):
        """Let a parameter get another part of an example."""
        self.parts[name] = self.function.parts[name] = part

    def _fit(self, ranges):
        """Bring the sliders in line with the sizes of the function's own matrices, and say so where you gave others."""
        sliders = {name: self.controls[name] for name in ("T", "C", "head_size") if name in self.controls}
        fitted = fit(self, {name: control.max for name, control in sliders.items()})
        if fitted is None:
            return
        for name in sliders:
            if name not in sizes_for(self.parts) and name not in self.parameters:  # ids have no channels
                del self.controls[name]
                continue
            low, high = fitted.limits.get(name, (sliders[name].min, max(sliders[name].max, fitted.sizes[name])))
            if low == high:
                del self.controls[name]
                self.fixed[name] = low
            else:
                value = min(sliders[name].value, high) if name == "T" else fitted.sizes[name]
                sliders[name].max, sliders[name].value = high, value
            if name == "T" and 1 < low == high:  # most often it is another size by chance, and a mistake
                self.told.append(alone(self, name, {**fitted.sizes, name: high}))
            elif name in ranges and high < ranges[name][1]:
                self.told.append(f"{self.title} takes {name}={high}" + (" alone" if low == high else " at most"))

    def __repr__(self):
        settings = ", ".join(f"{name}={control.value!r}" for name, control in self.controls.items())
        said = [self.diagram.error] if self.diagram.error else self.remarks
        return "\n".join([f"explore({settings})", *said, repr(self.diagram)])

    def _repr_mimebundle_(self, **options):
        """The sliders and the diagram, and beside them the still picture for places where no widget lives."""
        still = self.diagram._repr_mimebundle_(**options)[0]
        return {**super()._repr_mimebundle_(**options), "text/plain": repr(self), "text/html": still["text/html"]}


def ended(sentence):
    """A sentence with its full stop."""
    return sentence if sentence[-1:] in ".!?…" else f"{sentence}."


def name_of(build):
    """What a function is called, in one line; an object that has no name is called as its kind is."""
    name = getattr(build, "__name__", None)
    return one_line(name if isinstance(name, str) else type(build).__name__, LONGEST_NAME)


def check_callable(build):
    """Raise ValueError for what cannot be called."""
    if isinstance(build, Trace):
        raise ValueError(
            f"explore was given a Trace, {build.title}, which is made already: give it the function that makes one, as "
            "in explore(head). The Trace shows itself as the last line of a cell."
        )
    if is_module_class(build):
        raise ValueError(
            f"{name_of(build)} is a class, which makes modules: give one of them, with its sizes, as in "
            f"explore({name_of(build)}(…))."
        )
    if not callable(build):
        shape = f" of shape {shape_of(build)}" if shape_of(build) else ""
        raise ValueError(f"explore was given {type(build).__name__}{shape}, which cannot be called: wanted a function.")


def check_fixed(fixed):
    """Raise ValueError for a value that only its first step could read."""
    for name, value in fixed.items():
        if hasattr(type(value), "__next__"):
            raise ValueError(f"{name} is a {type(value).__name__}, which can be read only once: give list({name}).")

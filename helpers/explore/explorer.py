"""Explorers: sliders in front of any function that returns a Trace, or plain numbers.

Importing this module imports neither torch nor matplotlib: a slider step is felt as instant.
"""

import inspect
import math

import ipywidgets as widgets

from helpers.diagram import Diagram
from helpers.inputs.examples import example
from helpers.see.plain_function import as_trace, called
from helpers.trace.trace import Trace

SIZES = ("T", "C", "head_size", "B")
RANGES = {  # what a slider shows when you leave its range out: lowest, highest, start
    "T": (1, 16, 8),
    "C": (1, 16, 4),
    "head_size": (1, 16, None),  # starts at half of C
    "B": (1, 8, 4),
    "temperature": (0.1, 5.0, 1.0),
}
LABELS = {
    "T": "T, tokens",
    "C": "C, channels",
    "head_size": "head_size",
    "B": "B, sequences",
    "temperature": "temperature",
}
# Which sizes decide the shape of each part of an example.
NEEDS = {
    "x": ("T", "C"),
    "Wq": ("C", "head_size"),
    "Wk": ("C", "head_size"),
    "Wv": ("C", "head_size"),
    "scores": ("T",),
    "v": ("T", "head_size"),
    "tokens": ("T",),
}
LONGEST_SENTENCE = 400
REQUIRED = inspect.Parameter.empty


def explore(build, **ranges):
    """Sliders and a live diagram for a function that returns a Trace.

    build: any function, your own too; one that returns an array or a tensor is drawn as what it got and what it gave.
    Its parameters decide the controls: ``T``, ``C``, ``head_size``,
    ``B`` and other numbers get a slider, booleans a check box, texts a field to type in; ``x``, ``Wq``, ``Wk``, ``Wv``,
    ``scores``, ``v`` and ``tokens`` are filled in from ``helpers.inputs.examples.example`` at the sizes that
    the sliders show. A slider starts at the parameter's own default.
    ranges: ``T=(1, 16, 8)`` is lowest, highest and start of a slider; any other value is passed to
    build as it is, without a control.

    Returns an Explorer. Raises ValueError for a range that build has no use for, or one that is not in order.

    >>> from helpers.attention import head
    >>> explore(head, T=(1, 8, 2), C=(1, 8, 3)).trace["out"].value.shape
    (2, 2)
    """
    return Explorer(build, ranges)


class Explorer(widgets.VBox):
    """What ``explore`` returns: ``controls`` by name, the ``diagram``, and the ``trace`` it shows."""

    def __init__(self, build, ranges):
        self.build = build
        self.title = getattr(build, "__name__", type(build).__name__)
        self.parameters = inspect.signature(build).parameters
        self.fixed = {name: value for name, value in ranges.items() if name in NEEDS or not is_range(value)}
        self.filled = self._filled()
        self.controls = self._make_controls(ranges)
        self.start = {name: control.value for name, control in self.controls.items()}
        self.seed, self.resetting = 0, False
        self.diagram = Diagram(Trace(self.title))
        for control in self.controls.values():
            control.observe(lambda change: self.update(), "value")
        rows = [
            widgets.HBox(
                list(self.controls.values()) + self._make_buttons(),
                layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "2px 14px"},
            )
        ]
        super().__init__([*rows, self.diagram])
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
            arguments = self._arguments()
            trace = called(self.build, arguments)
            if not isinstance(trace, Trace):
                trace = as_trace(self.build, self.title, arguments, trace)
            readout = ", ".join(f"{step.name} {step.shape}" for step in trace)
            with self.diagram.hold_sync():
                self.diagram.value = trace
                self.diagram.readout = f"Shapes: {readout}."
                self.diagram.error = ""
        except Exception as error:  # noqa: BLE001 - whatever a learner's own function raises, the explorer lives on
            self.diagram.error = sentence(error)

    def reset(self):
        """Put every control back to where it started, and the first numbers back in."""
        self.seed = 0
        self.resetting = True  # one rebuild at the end, not one for each control
        for name, value in self.start.items():
            self.controls[name].value = value
        self.resetting = False
        self.update()

    def new_numbers(self):
        """Draw other numbers of the same shapes."""
        self.seed += 1
        self.update()

    def _filled(self):
        """The parts of an example that build gets: what neither you nor its own signature gives."""
        filled = [
            name
            for name, parameter in self.parameters.items()
            if name in NEEDS and name not in self.fixed and (parameter.default is None or parameter.default is REQUIRED)
        ]
        own = {"x", "scores"} & self.parameters.keys() - set(filled)
        return [name for name in filled if not (own and name == "tokens")]  # an x of yours has tokens of its own

    def _make_controls(self, ranges):
        wanted = dict.fromkeys(name for part in self.filled for name in NEEDS[part])
        wanted |= dict.fromkeys(
            name
            for name, parameter in self.parameters.items()
            if name not in NEEDS and name != "seed" and parameter.default is not None
        )
        if "B" in ranges and "x" in self.filled:
            wanted["B"] = None
        unknown = [name for name in ranges if name not in wanted and name not in self.parameters]
        if unknown:
            raise ValueError(f"{self.title} has no use for {', '.join(unknown)}; its controls are {', '.join(wanted)}.")
        order = [*[size for size in SIZES if size in wanted], *[name for name in wanted if name not in SIZES]]
        controls = {}
        for name in order:
            if name in self.fixed:
                continue
            default = self.parameters[name].default if name in self.parameters else REQUIRED
            if name in ranges:
                controls[name] = slider(name, *ranges[name])
            elif isinstance(default, bool):
                controls[name] = widgets.Checkbox(default, description=name, indent=False, layout={"width": "auto"})
            elif isinstance(default, str):
                controls[name] = widgets.Text(
                    default,
                    description=LABELS.get(name, name),
                    continuous_update=True,
                    style={"description_width": "initial"},
                    layout={"width": "590px"},
                )
            elif isinstance(default, int | float):
                low, high, _ = RANGES.get(name) or (min(0, 2 * default), max(2 * default, default + 1), default)
                controls[name] = slider(name, min(low, default), max(high, default), default)
            elif name in RANGES:
                low, high, start = RANGES[name]
                half = (controls["C"].value + 1) // 2 if "C" in controls else 2
                controls[name] = slider(name, low, high, min(half, high) if start is None else start)
        return controls

    def _make_buttons(self):
        seeded = {*self.filled, "seed"} & self.parameters.keys() - self.fixed.keys() - {"tokens"}
        buttons = [("Reset", "Put every slider back", self.reset)]
        if seeded:
            buttons.append(("New numbers", "The same shapes with other numbers", self.new_numbers))
        made = []
        for text, tooltip, action in buttons:
            button = widgets.Button(description=text, tooltip=tooltip, layout={"width": "auto"})
            button.on_click(lambda _, action=action: action())
            made.append(button)
        return made

    def _arguments(self):
        values = {name: control.value for name, control in self.controls.items()}
        given = {**values, **self.fixed}
        sizes = {name: given[name] for name in SIZES if name in given}
        made = example(**sizes, seed=self.seed) if self.filled else None
        arguments = {}
        for name in self.parameters:
            if name in given:
                arguments[name] = given[name]
            elif name == "seed":
                arguments[name] = self.seed
            elif name in self.filled:
                arguments[name] = getattr(made, name)
        return arguments

    def __repr__(self):
        settings = ", ".join(f"{name}={control.value!r}" for name, control in self.controls.items())
        error = f"{self.diagram.error}\n" if self.diagram.error else ""
        return f"explore({settings})\n{error}{self.diagram!r}"

    def _repr_mimebundle_(self, **options):
        """The sliders and the diagram, and beside them the still picture for places where no widget lives."""
        still = self.diagram._repr_mimebundle_(**options)[0]
        return {**super()._repr_mimebundle_(**options), "text/plain": repr(self), "text/html": still["text/html"]}


def slider(name, low, high, start):
    """A slider with a worded label, for whole numbers or for fractions."""
    if not low <= start <= high:
        raise ValueError(f"{name}=({low}, {high}, {start}) is out of order; wanted (lowest, highest, start).")
    whole = all(isinstance(value, int) for value in (low, high, start))
    kind = widgets.IntSlider if whole else widgets.FloatSlider
    tens = math.floor(math.log10((high - low) / 20 or 1))  # steps of 0.1 or 0.01 reach round numbers
    step = {} if whole else {"step": 10.0**tens, "readout_format": f".{max(2, -tens)}f"}
    return kind(
        start,
        min=low,
        max=high,
        description=LABELS.get(name, name.replace("_", " ")),
        style={"description_width": "initial"},
        layout={"width": "290px"},
        **step,
    )


def is_range(value):
    """Is it a slider's (lowest, highest, start)?"""
    return isinstance(value, tuple) and len(value) == 3 and all(isinstance(one, int | float) for one in value)


def sentence(error):
    """An exception as one sentence, cut where it would fill the page."""
    text = " ".join(str(error).split()) or "no message"
    if not isinstance(error, ValueError):
        text = f"{type(error).__name__}: {text}"
    return text if len(text) <= LONGEST_SENTENCE else text[:LONGEST_SENTENCE] + "…"

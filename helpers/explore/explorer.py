"""Explorers: sliders in front of any function that returns a Trace, or plain numbers.

Importing this module imports neither torch nor matplotlib: a slider step is felt as instant.
"""

from helpers.diagram import Diagram
from helpers.explore.ahead import Ahead
from helpers.explore.controlled import Controlled
from helpers.explore.subject import Subject
from helpers.live.live import with_choices
from helpers.see.contained import contained
from helpers.trace.trace import Trace


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

    Returns an Explorer, which is one widget. Its controls and its ``seed`` are traits: set them, observe them, link
    them to any other widget. Raises ValueError for what cannot be called, for a range that build has no use for, or
    one that is not in order.

    >>> from helpers.attention import head
    >>> e = explore(head, T=(1, 8, 2), C=(1, 8, 3))
    >>> e.T = 5
    >>> e.trace["out"].value.shape
    (5, 2)
    >>> import ipywidgets
    >>> slider = ipywidgets.IntSlider(3, min=1, max=8)
    >>> link = ipywidgets.link((slider, "value"), (e, "T"))
    >>> e.trace["out"].value.shape
    (3, 2)
    """
    subject = Subject(build, ranges)
    return with_choices(Explorer, tuple(one.trait for one in subject.controls.values()))(subject)


ASKS_AHEAD = {"asks": "ahead"}  # what a page says when a hand comes near


class Explorer(Controlled, Diagram):
    """What ``explore`` returns: a Diagram with ``controls`` by name, each of which is a trait as well."""

    def __init__(self, subject):
        self.subject, self.remarks, self.ahead = subject, [], Ahead(self)
        super().__init__([subject], Trace(subject.title))
        if subject.is_known:
            self.on_msg(lambda widget, said, buffers: said == ASKS_AHEAD and self.ahead.begin())

    @property
    def title(self):
        """The name of the function."""
        return self.subject.title

    @property
    def diagram(self):
        """The diagram that is shown: this widget itself."""
        return self

    def update(self):
        """Build anew at the sizes that the sliders show; an error becomes a sentence, the picture stays."""
        self.subject.seed = self.seed
        try:
            with contained():
                self._show(self.subject.seen())
        except KeyboardInterrupt:
            self.error = f"{self.title} was interrupted; the picture is the one before."
            raise
        except Exception as error:  # noqa: BLE001 - whatever a learner's own function raises, the explorer lives on
            self.error = self.subject.explained(error)
        self.ahead.plan()

    def told(self, remarks, seen):
        """What stands below the picture of what was seen."""
        shapes = ", ".join(f"{step.name} {step.shape}" for step in seen.trace.folded(self.opened).shown)
        return " ".join([*remarks, f"Shapes: {shapes}."])

    def _show(self, seen):
        """Bring the page in line with what was seen; the old picture stays where the new one cannot be drawn."""
        remarks, before = self.subject.remarks(seen), self.trace
        readout = self.told(remarks, seen)
        with self.hold_sync():
            try:
                self.trace = seen.trace
            except Exception:
                self.trace = before
                raise
            self.readout = readout
            self.error, self.remarks = "", remarks

    def __repr__(self):
        said = [self.error] if self.error else self.remarks
        return "\n".join([f"explore({self.settings})", *said, super().__repr__()])

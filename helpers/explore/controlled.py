"""A widget that is worked by the controls of one function, or of two that share them."""

import traitlets

from helpers.live.live import Live
from helpers.live.pieces import Button


class Controlled(Live):
    """A Live with ``controls`` by name, each of which is a trait as well, and a ``seed``.

    subjects: the functions whose controls they are; the same control stands for all that have one of its name.
    """

    seed = traitlets.Int(0, min=0).tag(sync=True)

    def __init__(self, subjects, *shown, **options):
        self.controls = {name: control for one in subjects for name, control in one.controls.items()}
        self.start = {name: control.value for name, control in self.controls.items()}
        buttons = self._make_buttons(any(one.is_seeded for one in subjects))
        super().__init__(*shown, pieces=[[*self.controls.values(), *buttons]], **options)
        self.observe(self._move, "seed")
        self.update()

    def reset(self):
        """Put every control back to where it started, and the first numbers back in."""
        with self.at_once():
            self.seed = 0
            for name, value in self.start.items():
                self.controls[name].value = value
            self.moved = True

    def new_numbers(self):
        """Draw other numbers of the same shapes."""
        self.seed += 1

    @property
    def settings(self):
        """What the controls show: ``"T=4, C=3"``."""
        return ", ".join(f"{name}={control.value!r}" for name, control in self.controls.items())

    def _make_buttons(self, seeded):
        buttons = [Button("reset", "Reset", "Put every slider back", self.reset)]
        if seeded:
            buttons.append(Button("new", "New numbers", "The same shapes with other numbers", self.new_numbers))
        return buttons

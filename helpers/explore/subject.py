"""What an explorer is about: a function, its controls, and what it gets when they stand where they stand."""

import contextlib
import copy
from dataclasses import replace

from helpers.explore.advice import alone, hint, in_training
from helpers.explore.controls import SIZES, is_range, make_controls
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


class Subject:
    """A function that is explored, its ``controls`` by name, and its arguments.

    seed: of the numbers that are filled in. told: sentences on ranges that it cannot have. unused: ranges that the
    function has no use for; where ``strict``, there may be none. Raises ValueError for what cannot be called, for a
    range that it has no use for, or one that is not in order.
    """

    def __init__(self, build, ranges, strict=True):
        check_callable(build)
        self.build, self.title = build, name_of(build)
        self.parameters = parameters_of(build, self.title)
        self.fixed = {name: value for name, value in ranges.items() if name in SHAPES or not is_range(value)}
        check_fixed(self.fixed)
        stand = parts_for(build, self.parameters)
        self.parts = to_fill(stand, self.parameters, self.fixed)
        self.own, self.vocabulary = own_things(build), vocabulary_of(build)
        self.strict, self.hint = strict, None
        self.controls = self._make_controls({name: ranges[name] for name in ranges if name not in self.fixed}, ranges)
        self.seed, self.told = 0, []
        self.function = PlainFunction(build, self.title, {}, stand, places_of(build, self.parameters))
        with contained():
            self._fit(ranges)
        self.tell_ranges()

    def tell_ranges(self):
        """Let the function know which sizes its sliders can show."""
        self.function.ranges = {name: (one.min, one.max) for name, one in self.controls.items() if name in SIZES}

    @property
    def is_seeded(self):
        """Are there numbers that could be others?"""
        return bool({*self.parts, "seed"} & self.parameters.keys() - self.fixed.keys() - {"tokens"})

    @property
    def is_known(self):
        """Is it a function of the course, which gives the same each time that it is called?"""
        return not self.function.draws

    def at(self, state):
        """The same with its controls elsewhere, which nobody sees. state: their values by trait."""
        other = copy.copy(self)
        other.controls = {
            name: replace(control, start=state.get(control.trait, control.value))
            for name, control in self.controls.items()
        }
        return other

    def seen(self):
        """What the function makes of its arguments: called once."""
        return self.function.seen(self.arguments(), self.seed)

    def remarks(self, seen):
        """What is to be said about what was seen: a list of sentences."""
        self.hint = self.hint or ("", None)
        said = [*self.told, *in_training(self.build, self.title, self.own[0]), *seen.remarks]
        return [ended(remark) for remark in said]

    def explained(self, error):
        """An error as a sentence. The first time, with a hint: what would work in its place."""
        if self.hint is None:
            self.hint = "", None  # a later step calls the function once, and no more
            with contextlib.suppress(Exception):  # arguments that cannot be made have their own sentence
                self.hint = hint(self, error), type(error)
        (text, kind), where = self.hint, self.function.where(error)
        more = [f"It stopped {where}"] * bool(where) + [text] * (bool(text) and kind is type(error))
        return " ".join(map(ended, [sentence(error), *more])) if more else sentence(error)

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

    def _make_controls(self, sliders, ranges):
        """A control for every size that an example needs, and for every parameter that is not in one."""
        names = sizes_for(self.parts)
        for name, parameter in self.parameters.items():
            if name not in {*SHAPES, *self.parts, "seed"} and name[:1] != "_" and parameter.default is not None:
                names[name] = None
        if "B" in ranges and {*IN_A_BATCH} & {*self.parts.values()}:
            names["B"] = None
        self.unused = [name for name in ranges if name not in names and name not in self.parameters]
        if self.unused and self.strict:
            unused = ", ".join(self.unused)
            raise ValueError(f"{self.title} has no use for {unused}; its controls are {', '.join(names)}.")
        defaults = {name: one.default for name, one in self.parameters.items() if one.default is not REQUIRED}
        return make_controls(names, defaults, sliders, self.fixed)

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


def name_of(build):
    """What a function is called, in one line; an object that has no name is called as its kind is."""
    name = getattr(build, "__name__", None)
    return one_line(name if isinstance(name, str) else type(build).__name__, LONGEST_NAME)


def ended(sentence):
    """A sentence with its full stop."""
    return sentence if sentence[-1:] in ".!?…" else f"{sentence}."


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

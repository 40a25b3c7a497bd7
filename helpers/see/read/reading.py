"""Events become steps: what a run did is read as a Trace, each number with the rule that made it."""

from collections import Counter

import numpy as np

from helpers.look.again import without_number
from helpers.see.read.arguments import plain_number
from helpers.see.read.drafts import Draft, View, shows
from helpers.see.read.opaque import opaque
from helpers.see.read.operations import READERS
from helpers.see.read.rounding import right
from helpers.see.read.writes import Writes
from helpers.see.record.events import Matrix, matrices
from helpers.trace import rules
from helpers.trace.grammar import rule_text

FRESH = "u{}"  # labels of axes of size 1 that only one matrix has


class Unread(Exception):
    """A reader cannot read a call: it stays opaque."""


class Reading:
    """A recording on its way to a Trace.

    drafts: the steps, in order. views: for each matrix of the run, the drafts that its numbers come from.
    """

    def __init__(self, recording):
        self.recording, self.drafts, self.views = recording, [], {}
        self.moves = {}  # by matrix, the draft of its own that moves numbers there
        self.numbers, self.constants = {}, []  # drafts of numbers in the code, and of constants
        self.stage = ""  # of a call that is opened into its steps: what these are for
        self.readers = Counter(matrix for event in recording.events for matrix in event.reads)
        self.readers.update(matrices(recording.returned))
        self.writes = Writes(recording.events, self.readers)
        for name, matrix in recording.inputs.items():
            self.views[matrix] = View((self.given(matrix, name),))
        for event in recording.events:
            self.read(event)

    def last(self):
        """The drafts of what was returned, in order."""
        found = []
        for matrix in matrices(self.recording.returned):
            if matrix.value.dtype.kind == "c":
                raise ValueError(
                    f"{self.text(matrix)} holds complex numbers: return torch.view_as_real of it to see it."
                )
            draft = self.whole(matrix)
            if not draft.text and draft.kind != "given":
                draft.text = "out"
            if draft not in found:
                found.append(draft)
        return found

    # -- one call ---------------------------------------------------------------------------------

    def read(self, event, waits=True):
        """Read one call: its results get their views. waits: may a write be left to the next one?"""
        self.event, self.stage, mark = event, "", len(self.drafts)
        results = [one for one in event.results if one not in self.views and one.value.dtype.kind != "c"]
        if not any(self.alive(result) for result in results) or not any(map(self.alive, event.reads)):
            return  # a constant is looked at when something reads it
        if waits and self.writes.put_off(event):
            return
        self.writes.joined = []
        known = event.operation in READERS and not any(one.value.dtype.kind == "c" for one in event.reads)
        try:
            found = READERS[event.operation](self, event) if known else []
        except Exception:  # noqa: BLE001 - whatever is not as the reader thought is opaque, never a refusal
            found = []
        found = found if isinstance(found, list) else [found]
        found += [None] * (len(event.results) - len(found))
        if self.writes.joined and not right(found[0], event.results[0]):  # something is wrong with one of them
            for one in [*self.writes.joined, event]:
                self.read(one, waits=False)
            return
        if any(one is None or not right(one, result) for one, result in zip(found, event.results)):
            wrong = [i for i, (one, result) in enumerate(zip(found, event.results)) if not right(one, result)]
            for draft in self.drafts[mark:] if len(wrong) == len(found) else ():
                draft.hidden = True  # nothing reads them
            for i, draft in opaque(self, event, wrong):
                found[i] = draft
        for one, result in zip(found, event.results):
            if result in results:
                self.settle(one, result)

    def alive(self, matrix):
        """Does it depend on an input or a parameter?"""
        return matrix.depends

    def settle(self, found, result):
        """A result has been read: it is a draft, or a view of drafts, and it has its name."""
        if isinstance(found, View):
            self.views[result] = found
            if not found.pieces or (called(result.name) and result not in self.writes.passing):
                self.moved(result)
            return
        found.value, found.key, found.name = result.value, result, called(result.name)
        found.text = found.text or self.text_of(result)
        self.views[result] = View((found,))

    # -- drafts -----------------------------------------------------------------------------------

    def add(self, draft):
        """Add a draft: it stands where its matrix was made, not where it is first read."""
        event = draft.key.event if draft.key is not None and draft.key.event else self.event
        draft.part, draft.trail, draft.number, draft.stage = event.within, event.trail, event.number, self.stage
        draft.code = draft.code or event.place.statement
        self.drafts.append(draft)
        return draft

    def given(self, matrix, name=""):
        """A matrix that comes from outside, or a constant."""
        place, text = (matrix.event.place if matrix.event else None), self.text_of(matrix)
        text = text or (matrix.event.operation if matrix.event else "")
        if matrix.origin not in ("input", "parameter"):
            alike = [known for known in self.constants if (known.text, known.name) == (text, matrix.name)]
            for known in alike:
                if np.array_equal(known.value, matrix.value, equal_nan=matrix.value.dtype.kind == "f"):
                    return known
        draft = Draft(
            "given",
            matrix.value,
            output=tuple("abcdefghijkl"[: matrix.value.ndim]),
            name=name or called(matrix.name),
            text=text,
            origin="constant" if matrix.origin == "made" else matrix.origin,
            code=place.statement if place else "",
            key=matrix,
        )
        self.drafts.append(draft)
        if draft.origin not in ("input", "parameter"):
            self.constants.append(draft)
        return draft

    def number(self, value):
        """A number that stands in the code, as a draft without axes."""
        if value not in self.numbers:
            text = f"{value:.6g}".replace("inf", "∞").replace("-", "−")
            draft = Draft("given", np.array(float(value)), name=text, origin="number", hidden=True)
            self.numbers[value] = draft
            self.drafts.append(draft)
        return View((self.numbers[value],))

    def view(self, thing):
        """The view of a matrix, of a number or of a draft."""
        if isinstance(thing, View):
            return thing
        if isinstance(thing, Draft):
            return View((thing,))
        if isinstance(thing, Matrix):
            if thing in self.writes.waiting:
                self.read_now(thing)
            if thing not in self.views:
                self.views[thing] = View((self.given(thing),))
            return self.views[thing]
        if plain_number(thing) or isinstance(thing, bool):
            return self.number(thing)
        raise Unread(f"{thing} is no matrix")

    def read_now(self, matrix):
        """Read a write that was put off."""
        event, joined = self.event, self.writes.joined
        self.read(self.writes.waiting.pop(matrix), waits=False)
        self.event, self.writes.joined = event, joined

    def moved(self, result):
        """A draft for a matrix whose numbers are those of others in other places."""
        view = self.views[result]
        places = view.positions
        value = result.value
        output = tuple("abcdefghijkl"[: value.ndim])
        draft = Draft("move", value, view.pieces, output=output, places=places, name=called(result.name), hidden=True)
        draft.key, draft.text = result, self.text_of(result)
        self.moves[result] = self.add(draft)
        draft.shows = shows(view, result.name)
        if view.turned is None:
            self.views[result] = View((draft,))
        return draft

    def text_of(self, result):
        """The expression that a matrix is the value of, in the code of whoever asked for it; or the part it is from."""
        event, part = result.event, (result.event.within[-1:] if result.event else ())
        inner = part if event and event.inner else ()
        return next(filter(None, [result.expression, *inner, event.place.expression if event else "", *part]), "")

    def text(self, thing):
        """What a matrix, a draft or a number is called in the code."""
        if isinstance(thing, Matrix | Draft):
            text = without_number(called(thing.name)) or (
                thing.text if isinstance(thing, Draft) else self.text_of(thing)
            )
            if not text and isinstance(thing, Matrix) and thing in self.views and self.views[thing].pieces:
                return self.text(self.views[thing].pieces[0])
            return text or thing_kind(thing)
        return self.text(thing.pieces[0]) if isinstance(thing, View) and thing.pieces else str(thing)

    def drawn(self, value, text, matrix=None):
        """A matrix of numbers that stands nowhere in the code, as a constant."""
        draft = Draft("given", value, output=tuple("abcdefghijkl"[: value.ndim]), text=text, origin="constant")
        if matrix is not None and matrix.event:
            draft.code = matrix.event.place.statement
        self.drafts.append(draft)
        return draft

    def whole(self, thing):
        """The draft that is a matrix or a view, in its shape; a move is made where there is none so far."""
        view = self.view(thing)
        if view.places is None:
            return view.pieces[0]
        matrix = thing if isinstance(thing, Matrix) else None
        if matrix in self.moves:
            return self.moves[matrix]
        value = matrix.value if matrix else view.value
        output = tuple("abcdefghijkl"[: value.ndim])
        draft = Draft("move", value, view.pieces, output=output, places=view.places, hidden=True, key=matrix)
        draft.text = self.text_of(matrix) if matrix else f"part of {self.text(view)}"
        draft.name = called(matrix.name) if matrix else ""
        draft.shows = shows(view, draft.name)
        self.add(draft)
        if matrix:
            self.moves[matrix] = draft
        if matrix and view.turned is None:
            self.views[matrix] = View((draft,))
        return draft

    def make(self, kind, terms, output, guard="", factor=1.0, text="", hidden=False, runs=None):
        """A draft made by a rule.

        terms: pairs of a matrix, a number, a view or a draft, and a label for each of its axes. output: the labels of
        the result's axes; labels that no term has have size 1, or run along with another as ``runs`` says.
        """
        runs = runs or {}
        terms = [(thing, tuple(labels)) for thing, labels in terms]
        parts, fresh = [], iter(range(100))
        found = [self.labelled(thing, labels, fresh) for thing, labels in terms]
        present = {label for _, labels in found for label in labels}
        for label in output:  # a row that is copied: the copies must stand somewhere
            if label not in present and label not in runs:
                for i, (thing, labels) in enumerate(terms):
                    if label in labels:
                        found[i] = (self.whole(thing), labels)
                        present |= {*labels}
                        break
        for draft, labels in found:
            if kind == "sum-product" and self.folds(draft, labels):
                factor *= draft.factor
                draft.hidden = True
                labels = tuple(labels[draft.output.index(label)] for label in draft.labels[0])
                draft = draft.inputs[0]
            parts.append((draft, labels))
        drafts, lists = tuple(draft for draft, _ in parts), tuple(labels for _, labels in parts)
        alone = [label for label in output if not any(label in labels for labels in lists) and label not in runs]
        core = [label for label in output if label not in alone]
        rule = rule_text(lists, core, guard)
        value = rules.evaluate(kind, rule, [draft.value for draft in drafts], factor)
        value = np.asarray(value).reshape([1 if label in alone else value.shape[core.index(label)] for label in output])
        return self.add(
            Draft(kind, value, drafts, lists, tuple(output), guard, factor, dict(runs), text=text, hidden=hidden)
        )

    def labelled(self, thing, labels, fresh):
        """The draft behind a matrix, and a label for each of its axes."""
        view = self.view(thing)
        turned = view.turned
        if turned is None:
            return self.whole(thing), labels
        found = [None] * view.pieces[0].value.ndim
        for label, axis in zip(labels, turned):
            if axis is not None:
                found[axis] = label
        return view.pieces[0], tuple(label or FRESH.format(f"x{next(fresh)}") for label in found)

    def folds(self, draft, labels):
        """Is it a matrix times a number that has no name, read here alone?"""
        return (
            draft.kind == "sum-product"
            and len(draft.inputs) == 1
            and draft.factor != 1
            and not draft.guard
            and {*draft.labels[0]} == {*draft.output}
            and self.fleeting(draft)
        )

    def fleeting(self, draft):
        """Has it no name, and is it read only once?"""
        matrix = draft.key
        return matrix is not None and not matrix.name and draft.origin == "made" and self.readers[matrix] == 1


def called(name):
    """The name of a variable; what is called ``_`` has none."""
    return "" if without_number(name) == "_" else name


def thing_kind(thing):
    """A word for what has no name."""
    return thing.event.operation if isinstance(thing, Matrix) and thing.event else getattr(thing, "kind", "number")

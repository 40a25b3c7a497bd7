"""What a function did inside, as a Trace: its run is read, and its results have the names that they came back by."""

import numpy as np

from helpers.see.known import Known
from helpers.see.limits import AGAIN, too_much
from helpers.see.numbers import beyond_exact
from helpers.see.read.assembling import assembled
from helpers.see.read.drafts import Draft, joined
from helpers.see.read.opaque import POINTWISE
from helpers.see.read.reading import Reading
from helpers.see.record.events import Matrix

MOST_CALLS = 1_500


class Unseen(Exception):
    """The inside of a run cannot be shown; says why."""


class Inside:
    """The inside of one run.

    run: a Run that is over. made: its Results. Raises Unseen where some of these are made where nobody looks.
    """

    def __init__(self, run, made, title, call):
        self.run, self.made, self.title, self.call = run, made, title, call
        if run.notes is None or run.notes.ended:
            raise Unseen(run.notes.ended if run.notes else "it does not tell its parameters")
        self.matrices = [self.of(one.thing) for one in made]  # the run writes down what happened to them, if anything
        self.check()
        self.reading = Reading(run.recording)
        self.results = self.drafts_of_results()
        self.inputs = {
            name: self.reading.views[matrix].pieces[0] for name, matrix in run.recording.inputs.items()
        }  # their drafts by name

    def of(self, thing):
        """The Matrix of what came back, or a list of those of its rows."""
        if isinstance(thing, self.run.notes.kinds):
            return self.run.notes.states.read(thing)
        if isinstance(thing, list | tuple):
            return [self.of(one) for one in thing]
        raise Unseen(f"it returns {type(thing).__name__}, whose numbers left the arrays and the tensors before")

    def check(self):
        """Raise Unseen where there is too much to ask each number, or an input that has no real ones."""
        events = self.run.recording.events
        for name, matrix in self.run.recording.inputs.items():
            if matrix.value.dtype.kind == "c":
                raise Unseen(f"{name} holds complex numbers")
        if len(events) > MOST_CALLS:
            raise Unseen(f"it makes {len(events):,} calls; up to {MOST_CALLS:,} can be shown")
        sentence = too_much(self.run.recording, AGAIN)
        if sentence:
            raise Unseen(sentence)

    def drafts_of_results(self):
        """The draft of each result, none twice: what is an input as it is, or is there already, is moved as it is."""
        found = []
        for one, matrices in zip(self.made, self.matrices):
            if isinstance(matrices, Matrix):
                view = self.reading.view(matrices)
                draft = self.reading.whole(matrices)
            else:
                view, draft = self.stacked(matrices, one.value.shape), None
            broken = next((piece for piece in view.pieces if piece.origin == "broken"), None)
            if broken is not None:
                raise Unseen(f"{broken.name or broken.text or one.name} is made where nobody can look")
            if beyond_exact(one.value):
                raise Unseen(f"{one.name} holds whole numbers beyond 2^53")
            given = draft is not None and draft.origin in ("input", "parameter", "constant", "number")
            if draft is None or given or draft in found:
                draft = self.moved(one, view)
            found.append(draft)
        self.name(found)
        return found

    def stacked(self, matrices, shape):
        """The view of several matrices one under the other."""
        views = [
            self.reading.view(one) if isinstance(one, Matrix) else self.stacked(one, shape[1:]) for one in matrices
        ]
        for piece in [piece for view in views for piece in view.pieces if piece.origin == "made" and not piece.name]:
            piece.hidden = True
        return joined(views, np.arange(int(np.prod(shape))).reshape(shape))

    def moved(self, one, view):
        """A draft with the numbers of others, or of nothing that a function was given."""
        alone = view.pieces[0] if len(view.pieces) == 1 else None
        if alone is not None and alone.origin in ("constant", "number"):
            draft = Draft("given", one.value, output=tuple("abcdefghijkl"[: one.value.ndim]), origin="made")
        else:
            places, axes = view.positions, tuple("abcdefghijkl"[: one.value.ndim])
            draft = Draft("move", one.value, view.pieces, output=axes, places=places, origin="made")
        draft.name, draft.code = one.name, f"{one.name} = {self.call}{one.path}"
        self.reading.drafts.append(draft)
        return draft

    def name(self, drafts):
        """Results that no variable names have the names that they came back by."""
        taken = {draft.name for draft in self.reading.drafts if draft.name}
        for one, draft in zip(self.made, drafts):
            if not draft.name and one.name not in taken:
                draft.name = one.name
                taken.add(one.name)

    def trace(self, axes, roles, evidence, sizes, tokens=None):
        """The Trace. Raises ValueError as Trace does.

        axes, roles: of inputs, by name. evidence: for each result what is known of its axes, and sizes: what was looked
        at there (see ``Known``).
        """
        inputs = {self.inputs[name]: (axes[name], roles[name]) for name in axes if name in self.inputs}
        known = Known(inputs, dict(zip(self.results, evidence)), {*sizes})
        return assembled(self.reading.drafts, self.results, self.title, tokens, known)

    def remarks(self):
        """A sentence on what was made where nobody looks; raises Unseen where nothing else is to be seen."""
        behind, left = {}, [*self.results]
        while left:
            draft = left.pop()
            if draft not in behind:
                behind[draft] = draft.name or draft.text
                left += draft.inputs
        lost = [name for draft, name in behind.items() if draft.origin == "broken"]
        if lost and not any(draft.origin in ("input", "parameter") for draft in behind):
            raise Unseen(f"{lost[0] or 'what it returns'} is made where nobody can look")
        lost += [name or draft.word for draft, name in behind.items() if draft.inputs and names_no_source(draft)]
        taken = [name for draft, name in behind.items() if draft.key is not None and in_part_unseen(draft.key)]
        return [f"What {one or 'a number on the way'} is made of cannot be told" for one in dict.fromkeys(lost)] + [
            f"{one} is made of a number that was taken out of a matrix before: where that came from is not followed"
            for one in dict.fromkeys(taken)
        ]


def names_no_source(draft):
    """Has it been tried in vain to find out what its numbers are made of?"""
    known = draft.kind != "opaque" or draft.word in POINTWISE.split()
    return not known and not any(cells.size for cells in draft.table)


def in_part_unseen(matrix):
    """Was it made with a number that was taken out of a matrix before?"""
    return matrix.event is not None and matrix.event.broken and matrix.origin == "made"

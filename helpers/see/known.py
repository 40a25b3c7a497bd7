"""What is known of a run beside its code: what its inputs are called in the course, and what probes told of results."""

from dataclasses import dataclass, field

import numpy as np

ROLES = {
    **{"x": "x", "ids": "x", "Wq": "query", "Wk": "key", "Wv": "value"},
    **{"scores": "scores", "q": "query", "k": "key", "v": "value"},
}


@dataclass
class Known:
    """The drafts of a run that more is known of than its code tells.

    inputs: by draft, the names of the sizes of its axes, ``("T", "C")``, and its role. results: by draft, for each axis
    the name that it has, or None, and the set of all that it may have. sizes: those names that were looked at; of any
    other, nothing is known here.
    """

    inputs: dict = field(default_factory=dict)
    results: dict = field(default_factory=dict)
    sizes: set = field(default_factory=set)

    def name_inputs(self, axes):
        """Inputs have the axes of the course, where their sizes fit to each other."""
        lengths = {}
        for draft, (names, _) in self.inputs.items():
            if all(lengths.get(name, size) == size for name, size in zip(names, draft.shape)):
                lengths.update(zip(names, draft.shape))
                for axis, name in enumerate(names):
                    axes.name((draft, axis), name)

    def name_results(self, axes):
        """What followed a size of its own at each probe is this size."""
        for draft, found in self.results.items():
            for axis, (name, _) in enumerate(found):
                if name:
                    axes.name((draft, axis), name)

    def contradicted(self, axes):
        """The axes of results that are as long as another one by chance: at other sizes they were not."""
        wrong = set()
        for draft, found in self.results.items():
            for axis, (_, possible) in enumerate(found):
                if axes.family((draft, axis)) in self.sizes - possible:
                    wrong.add((draft, axis))
        return frozenset(wrong)

    def give_roles(self, roles, letters):
        """Roles of inputs by what they stand for; a result is weights where its rows sum to 1."""
        for draft, (_, role) in self.inputs.items():
            roles[draft] = role
        for draft in self.results:
            if roles.get(draft, "out") == "out":
                roles[draft] = role_of(draft.value, letters[draft])


def role_of(array, axes):
    """Weights, where rows of several numbers from 0 up sum to 1 and are no channels; else out."""
    rows = array.ndim > 1 and (array.shape[-1] > 1 or axes[-1] == "s") and axes[-1] not in {*"cehg"}
    return "weights" if rows and (array >= 0).all() and np.allclose(array.sum(axis=-1), 1) else "out"

"""What a variable's name says of its matrix: that it is q, the scores, the variance, and not another step."""

from helpers.check.handed_in import meaning

SAME = {"sin": "sines", "cos": "cosines", "var": "variance", "std": "spread", "normal": "normalized"}
PEERS = [("q", "k", "v"), ("mean", "variance")]  # none of these becomes another one of them
FILLS = {0: "zeros", 1: "ones"}


class Naming:
    """The names that some Known runs have for their steps. gives: the names of the results.

    steps: the arrays of every run, by the word for them.
    """

    def __init__(self, knowns, gives):
        self.gives = [meant(name) for name in gives]
        self.steps = [{}, *({} for _ in knowns[1:])]
        for steps, known in zip(self.steps, knowns):
            for (name, _), value in known.forms.items():
                steps.setdefault(meant(name), []).append(value)

    def word(self, variable):
        """The word for a known step that a variable's name is; "" where it is none."""
        word = meant(variable)
        return word if word in self.steps[0] or word in FILLS.values() else ""

    def agrees(self, variable, keys):
        """Is a matrix what its name says, one of these forms of known steps?"""
        word = self.word(variable)
        return bool(word) and word in {word_of(key) for key in keys}

    def is_another(self, variable, equal, repairs, is_last):
        """Is a matrix called as a step that it should be, and is it another one or none?

        equal: the forms of known steps that it equals. repairs: of those that it should be. is_last: does the variable
        get no other value after that?
        """
        word, are = self.word(variable), {word_of(key) for key in equal}
        if not word or word in are or word not in {word_of(key) for key in repairs}:
            return False
        if peers := next((one for one in PEERS if word in one), ()):
            return is_last or bool(are & {*peers})
        return is_last and not equal  # else it may be on the way to it

    def is_result(self, variable):
        """Is it called as what is wanted?"""
        return meant(variable) in (*self.gives, "out")

    def is_no_number(self, variable):
        """Is it called as a step that is more than one number?"""
        word = self.word(variable)
        return bool(word) and all(min(value.size for value in steps.get(word, [])) > 1 for steps in self.steps)


def meant(name):
    """``keys``, ``Wk`` and ``k scaled`` are all k; ``sin`` is the sines."""
    bare = name.partition(" ")[0]
    return SAME.get(bare) or meaning(bare)


def word_of(key):
    """The word for the step that a form is of."""
    return FILLS[key[1]] if key[0] == "" else meant(key[0])

"""The stages of a walk through a Trace: where it stops, what is said there, and which number is asked for."""

from typing import NamedTuple

import numpy as np

START = "what you start with"
SENTENCES = {  # what the steps of a head mean
    START: "One row of x for each token, one column for each channel; and the matrices that training sets.",
    "q": "Each token asks: its row of x times Wq is its query.",
    "k": "Each token offers itself: its row of x times Wk is its key, which the queries are compared with.",
    "v": "What a token passes on when it is looked at: its row of x times Wv is its value.",
    "scores": "Every query meets every key: one number for each pair of tokens, higher where the two match.",
    "scaled": "The scores are divided by the square root of head_size, so that they do not grow with it.",
    "masked": "No token sees a later one: above the diagonal stands −∞.",
    "weights": "The softmax makes shares of each row of scores: they add up to 1.",
    "out": "Each token mixes the values of the tokens it sees, of each as much as its weight says.",
    "projected": "The output projection, times Wo, leads back to C channels.",
    "dout": "Each number of out is blamed by the row of Wo that it met.",
    "dweights": "A weight is blamed by the value that it let through.",
    "dv": "A value is blamed by its weight: who was listened to most has most to answer for.",
    "average": "What the token gets now: its row of dweights, each counted by its weight.",
    "surplus": "How much better than that average is each token?",
    "dmasked": "Weight times surplus: only a weight that is there can grow or shrink. Each row sums to 0.",
    "dscaled": "The mask threw some scores away, so nothing is their fault: 0 goes back to them.",
    "dscores": "The scale shrinks the gradient as it shrank the score.",
    "dq": "A query turns toward the keys that it should have listened to.",
    "dk": "A key is blamed by the queries that met it.",
    "dx": "x was read three times, so three parts add up.",
    **dict.fromkeys(
        ("dWq", "dWk", "dWv", "dWo"), "A matrix served all tokens, so it collects what each of them is told."
    ),
}
NOT_ASKED = {  # why a stage has no question
    "closed": "{part} is a part of the code, and closed: what comes out of it is shown, and not asked.",
    "opaque": "Which numbers it is made of is known, and not how: it is shown, and not asked.",
    "many": "So many numbers go into each cell that none is asked.",
}
MANY = 40  # numbers that somebody would take together by hand
HEADS = ("head", "masked_softmax", "backward of head")  # the traces that these sentences are about


class Stage(NamedTuple):
    """A stop on the walk: the step that is new, what it means, and the cell that is asked for, if one is."""

    name: str
    sentence: str = ""
    asked: tuple | None = None


def plan(trace, stages, ask):
    """The stages of a walk, in the order of the trace; the first is all that is given."""
    folded = trace.folded()
    shown = [step.name for step in folded.shown if step.kind != "given"]
    steps = [step.name for step in trace if step.kind != "given" and (step.name in shown or not step.hidden)]
    meant = SENTENCES if trace.title in HEADS and not any(step.seen for step in trace) else {}
    told = (
        stages
        if isinstance(stages, dict)
        else {name: meant.get(name, "") for name in (shown if stages is None else stages)}
    )
    for what, names, wanted in [("stages", told, steps), ("ask", ask, [name for name in steps if name in told])]:
        unknown = [name for name in names if name not in wanted]
        if unknown:
            raise ValueError(
                f"{what} has {unknown[0]!r}; wanted names from {', '.join(wanted) or 'a trace that has a step'}."
            )
    stops = [Stage(START, meant.get(START, "") if trace.title == "head" else "")]
    for name in steps:
        if name in told:
            why = "" if name in ask else not_asked(trace, folded, name)
            asked = ask[name] if name in ask else None if why else telling(trace, name)
            sentence = str(told[name]) or NOT_ASKED.get(why, "").format(part=folded[name].folded)
            stops.append(Stage(name, sentence, None if asked is None else trace.index(name, *asked)))
    return stops


def not_asked(trace, folded, name):
    """Why no number of a step is asked for: a word of NOT_ASKED, or ""."""
    if folded[name].folded:
        return "closed"
    if trace[name].kind == "opaque":
        return "opaque"
    return "many" if telling(trace, name) is None else ""


def telling(trace, name):
    """The cell of a step to ask for: one that the mask hides; else of the last row, the one that most numbers go into,
    if these are not too many. None where there is none.
    """
    step = trace[name]
    hidden = np.argwhere(step.value == -np.inf)
    if step.kind == "mask" and len(hidden):
        return tuple(map(int, hidden[0]))
    shape = step.value.shape
    row = (0,) * (len(shape) - 2) + tuple(size - 1 for size in shape[-2:-1])
    cells = [(*row, column) for column in range(shape[-1])] if shape else [()]
    read = {cell: len(trace.sources(name, *cell)) for cell in cells}
    few = [cell for cell in cells if read[cell] <= MANY]
    return max(few, key=lambda cell: (read[cell], step.value[cell] != 0), default=None)

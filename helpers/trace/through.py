"""Seeing through hidden steps: what is made of them names the cells and matrices that a face shows.

A hidden step that only moves numbers is replaced by the cell that a number comes from; any other stands in a formula
with its own name, ``(x @ W)[1,2]``, and its sources count as those of the cell that reads it.
``diagram/through.js`` is this module again, for the browser.
"""

from helpers.look.style import number
from helpers.trace import rules
from helpers.trace.formulas import bracketed, join, listed, names, numbers
from helpers.trace.kinds import KINDS


def reads(trace, step):
    """The names of the steps that a step is made of, seen through hidden ones, in order."""
    if not any(source.hidden for source in trace.inputs(step)):
        return step.inputs
    found, done, left = [], set(), [*step.inputs[::-1]]
    while left:
        name = left.pop()
        if name in done:
            continue
        done.add(name)
        if trace[name].hidden:
            left += trace[name].inputs[::-1]
        else:
            found.append(name)
    return tuple(found)


def sources(trace, step, index):
    """The cells that one cell depends on, seen through hidden steps: (step name, index) of each."""
    found = rules.sources(step, index, trace.inputs(step))
    if not any(trace.steps[name].hidden for name in step.inputs):
        return found
    found, done, left = [], set(), found[::-1]
    while left:
        cell = left.pop()
        if cell in done:
            continue
        done.add(cell)
        source = trace.steps[cell[0]]
        if source.hidden:
            left += rules.sources(source, cell[1], trace.inputs(source))[::-1]
        else:
            found.append(cell)
    return found


def origin(trace, step, index):
    """The cell that a number was moved from, back through hidden steps, to one that is shown, computed or filled in."""
    while step.hidden:
        inputs = trace.inputs(step)
        found = KINDS[step.kind].moved(step, index, inputs)
        if found is None:
            break
        step, index = inputs[found[0]], found[1]
    return step, index


def copied(trace, step):
    """The names of the hidden steps whose numbers stand in a step as they are."""
    if KINDS[step.kind].moved(step, (0,) * step.value.ndim, trace.inputs(step)) is None and step.kind != "move":
        return set()
    found = [source for source in trace.inputs(step) if source.hidden and source.kind != "given"]
    return {source.name for source in found}.union(*(copied(trace, source) for source in found))


class Through:
    """A hidden step as a formula reads it: its numbers are its own, its cells are called after where they come from."""

    def __init__(self, trace, step):
        self.trace, self.step = trace, step
        self.name, self.called, self.value, self.digits = step.name, step.called, step.value, step.digits

    def written(self, where):
        source, place = origin(self.trace, self.step, where)
        if source.kind == "move" and source.hidden:  # filled in: it has no name
            return number(source.value[place], source.digits), ""
        return source.written(place)


def inputs(trace, step):
    """The steps that a step reads, as its formula names them."""
    return [Through(trace, source) if source.hidden else source for source in trace.inputs(step)]


def formula(trace, step, index):
    """The formula of a cell, as ``rules.formula`` has it; a number that was moved has that of where it was made."""
    if step.folded:
        return closed(trace, step, index)
    made, place = step, index
    found = KINDS[step.kind].moved(step, index, trace.inputs(step))
    if found:
        made, place = origin(trace, trace.inputs(step)[found[0]], found[1])
        if not made.hidden or (made.kind == "given" and made.axes):
            made, place = step, index
    return rules.formula(step, index, inputs(trace, made), (made, place))


def closed(trace, step, index):
    """The formula of a cell that stands for a closed part of the code: which cells went in, and not how."""
    found = sources(trace, step, index)
    which = {name: at for at, name in enumerate(dict.fromkeys(name for name, _ in found))}
    read, cells = [trace[name] for name in which], sorted((which[name], where) for name, where in found)
    pieces = [step.written(index)]
    for show, most in [(names(read), 3), (numbers(read), 8)] if cells else []:
        pieces += [(" = ", ""), *bracketed(join(listed(cells, show, most), ", "), f"{step.folded}(")]
    return [*pieces, (" = ", ""), (number(step.value[index], step.digits), step.name)]

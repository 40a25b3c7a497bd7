"""Drafts become a Trace: which are shown, what they are called, and their letters."""

from collections import Counter
from itertools import count

from helpers.look.again import again, without_number
from helpers.see.known import Known
from helpers.see.read.axis_families import named_inputs
from helpers.see.read.letters import Letters, rule_letters
from helpers.see.read.paragraphs import divide
from helpers.see.read.roles import Roles
from helpers.see.read.same_axes import Axes
from helpers.see.read.surroundings import readers_of, settle
from helpers.trace.grammar import clauses, guard_text, rule_text
from helpers.trace.tables import table
from helpers.trace.trace import Trace

LONGEST = 160  # characters of a line of code


def assembled(drafts, last, title, tokens=None, known=None):
    """The Trace of drafts. last: the drafts that were returned, in order. known: what is Known beside the code."""
    known = known or Known()
    drafts = needed(drafts, last)
    readers = readers_of(drafts)
    settle(drafts, readers)
    names = names_of(drafts)
    divide(drafts, readers, names)
    trace = Trace(title, tokens)
    roles = Roles(drafts, last[-1:])
    axes = followed(drafts, roles, known)
    letters = Letters(axes)
    for draft in drafts:
        letters.give(draft)
    roles.without_values(drafts, letters.of)
    known.give_roles(roles.of, letters.of)
    for draft in drafts:
        add(trace, draft, names, letters, roles)
    return trace


def followed(drafts, roles, known, apart=frozenset()):
    """The Axes of drafts, with the families that they belong to."""
    axes = Axes(apart)
    for draft in drafts:
        axes.follow(draft)
    axes.agree()
    known.name_inputs(axes)
    named_inputs(axes, drafts, roles)
    known.name_results(axes)
    axes.agree()
    axes.meet()
    wrong = known.contradicted(axes) - apart
    return followed(drafts, roles, known, apart | wrong) if wrong else axes


def needed(drafts, last):
    """The drafts that are shown, have a name or are read by one of these; what was returned comes last."""
    hide(drafts, last)
    for draft in drafts:
        if any(not source.value.size for source in draft.inputs):  # what is made of no numbers is made of nothing
            draft.kind, draft.inputs, draft.labels, draft.guard, draft.runs = "given", (), (), "", {}
    drafts = [draft for draft in drafts if draft.value.size or draft in last]
    kept, wanted = [], {*last}
    for draft in reversed(drafts):
        if draft in wanted or draft.origin == "input" or (draft.origin == "made" and (draft.name or not draft.hidden)):
            wanted.update(draft.inputs)
            kept.append(draft)
    kept.reverse()
    read = {source for draft in kept for source in draft.inputs}
    ending = [draft for draft in last if draft not in read]
    return [draft for draft in kept if draft not in ending] + ending


def hide(drafts, last):
    """Hide what is no step of its own: views, and in a loop single numbers and pieces that only go into their place."""
    loops = Counter((draft.code, draft.text or draft.name) for draft in drafts if draft.origin == "made")
    moving = movers(drafts)
    for draft in drafts:
        again = loops[draft.code, draft.text or draft.name] > 2
        if draft in last:
            draft.hidden = False
        elif draft.kind == "move":
            draft.hidden = again or not draft.shows
        elif draft.origin == "made" and again:
            draft.hidden = draft.hidden or not draft.shape or (not draft.name and draft in moving)


def movers(drafts):
    """The drafts that only moves read."""
    readers = {}
    for draft in drafts:
        for source in draft.inputs:
            readers.setdefault(source, []).append(draft)
    return {draft for draft, those in readers.items() if all(one.kind == "move" for one in those)}


def one_line(text):
    """An expression in one line, not too long."""
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "…"


def word(draft):
    """What a draft is called that has neither a name nor an expression."""
    return "constant" if draft.origin in ("constant", "broken") else draft.kind


def names_of(drafts):
    """What each draft is called. A name that is used again gets a small number, ``wei₂``: those that are shown count
    first, then those that these are made of, so that no number is missing among them.
    """
    names, taken, last = {}, set(), {}
    seen = {source for draft in drafts if not draft.hidden for source in draft.inputs}
    for draft in sorted(drafts, key=lambda draft: draft.hidden * (2 - (draft in seen))):
        plain = without_number(draft.name or one_line(draft.text) or draft.word or word(draft))
        found = plain
        if plain in taken:
            plain = f"({plain})" if any(sign in plain for sign in " -+*/@<>=") else plain
            last[plain] = next(n for n in count(last.get(plain, 1) + 1) if again(plain, n) not in taken)
            found = again(plain, last[plain])
        names[draft] = found
        taken.add(found)
    return names


def add(trace, draft, names, letters, roles):
    """Add the step of a draft."""
    how = {"places": draft.places} if draft.kind == "move" else {}
    rule = ""
    if draft.kind == "opaque":
        how = {"table": table(draft.shape, draft.table), "operation": draft.word, "pull": draft.pull}
    elif draft.kind not in ("given", "move"):
        of = rule_letters(draft, letters)
        lists = [[of[label] for label in labels] for labels in draft.labels]
        guard = guard_text(clauses(draft.guard), of) if draft.guard else ""
        rule = rule_text(lists, letters.of[draft], guard)
        how = {"factor": draft.factor}
    trace.seen(
        names[draft],
        draft.value,
        " ".join(letters.of[draft]),
        draft.kind,
        rule,
        [names[source] for source in draft.inputs],
        role=roles.of.get(draft, "x"),
        code=draft.code if len(draft.code) <= LONGEST else one_line(draft.text),
        parameter=draft.origin == "parameter" or (draft.origin == "input" and draft.name.startswith("W")),
        hidden=draft.hidden,
        part=tuple(draft.part),
        **how,
    )

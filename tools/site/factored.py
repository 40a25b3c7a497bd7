"""What a function of several controls gives, as tables: each piece of it by those controls alone that it depends on."""

import random
from itertools import product
from math import prod

import numpy as np

CHECKS = 40  # random states at which the tables are held against the function
BASES = 1  # random states around which each control is moved through all its stops, as it is around its start
MOST = 40_000  # steps of Traces that are made for the tables of an explorer
SPARED = ("seed", "C", "head_size", "B")  # these controls are the first that can do with fewer stops
WHOLE = {"step"}  # and these with none: a step goes on with what those before it have left
FEW = 4  # with fewer stops it is not worth a slider


class Factored:
    """The tables. stops: the values of each control, from low to high. answer: a function of a state, which is a
    dictionary, that gives pieces by key, the same each time: texts, and arrays. A key that is missing says nothing.
    size: how much work a call of it is. linked: a function of a key, which gives a name to those keys of which each
    depends on what any of them depends on.

    ``depends``: for each key the controls that it depends on. ``cut``: those that cut a corner out of an array, which
    is kept as it is where they stand highest. Which these are is tried, and then held against the function at random
    states. Where the tables would take too many calls, controls get fewer stops.
    """

    def __init__(self, stops, answer, start, size=1, linked=lambda key: None, seed=0):
        self.stops, self.answer, self.linked, self.start = stops, answer, linked, dict(zip(stops, start))
        self.known, self.depends, self.cut, self.ends = {}, {}, {}, {}
        self.random = random.Random(seed)
        while self.least_calls() * size > MOST / 2 and self.thin(self.stops.keys()):
            pass
        for base in [self.start, *(self.any_state() for _ in range(BASES))]:
            self.move_each(base)
        self.ends = {name: end for name in self.stops if (end := self.end(name, self.start)) < len(self.stops[name])}
        states = [self.any_state() for _ in range(min(CHECKS, MOST // (4 * size) + 1))]
        self.check(states)
        while self.calls() * size > MOST and self.thin(self.longest()):
            pass
        self.go_to_ends()
        self.tables = {}
        while {*self.tables} < {*self.depends} or self.check(self.known_states()):  # it has come to know many more
            answers = {}
            self.tables = {key: self.table(key, answers) for key in self.depends}

    def at(self, state):
        """What the function gives there."""
        key = (*state.values(),)
        if key not in self.known:
            self.known[key] = self.answer(state)
        return self.known[key]

    def any_state(self):
        return {name: self.random.choice(values) for name, values in self.stops.items()}

    # -- what depends on what ------------------------------------------------------------------

    def move_each(self, base):
        """Learn which keys change where one control is moved through all its stops."""
        for name, values in self.stops.items():
            top = self.at({**base, name: values[-1]})
            for value in values[:-1]:
                low = self.at({**base, name: value})
                for key in [key for key in low if key in top]:  # in their order, which is the same in each run
                    self.learn(key, name, low[key], top[key])
        for key in self.at(base):
            self.depends.setdefault(key, set())

    def learn(self, key, name, low, high):
        """Learn from what a key gives where a control alone stands lower, and where it stands higher."""
        depends = self.depends.setdefault(key, set())
        if not same(low, high):
            (self.cut.setdefault(key, set()) if is_corner(low, high) else depends).add(name)

    def check(self, states):
        """Hold what is known against the function at these states, until they say nothing new. Did they?"""
        found = False
        while [state for state in states if self.finds_more(state)]:
            found = True
            self.link()
        self.link()
        return found

    def known_states(self):
        """The states in which the function was called, of those that there still are."""
        states = [dict(zip(self.stops, values)) for values in self.known]
        return [state for state in states if all(value in self.stops[name] for name, value in state.items())]

    def finds_more(self, state):
        """Hold what is known against the function; learn what it is where that says something else."""
        found, homes, pieces = False, {}, self.at(state)
        for key, piece in pieces.items():
            names = *self.depends.get(key, ()), "", *self.cut.get(key, ())
            if names not in homes:
                homes[names] = self.at(self.home(key, state))
            if homes[names] is not pieces and not says(homes[names].get(key), piece):
                found = True
                while not says(self.at(self.home(key, state)).get(key), piece):
                    self.walk(key, state)
        return found

    def walk(self, key, state):
        """Go from a state to that which should stand for it, control by control, and learn what changes on the way."""
        self.depends.setdefault(key, set())
        for name, value in self.home(key, state).items():
            there = {**state, name: value}
            low, high = sorted([state, there], key=lambda one: self.stops[name].index(one[name]))
            self.learn(key, name, self.at(low).get(key), self.at(high).get(key))
            state = there

    def link(self):
        """Let keys that are linked depend on the same controls."""
        unions = {}
        for key, names in self.depends.items():
            if (link := self.linked(key)) is not None:
                unions.setdefault(link, set()).update(names)
                self.depends[key] = unions[link]

    def home(self, key, state):
        """The state that stands for another one, as far as a key goes."""
        found = dict(self.start)
        for name in self.cut.get(key, ()):
            found[name] = self.stops[name][-1]
        for name in self.depends.get(key, ()):
            found[name] = state[name]
        return found

    # -- where controls come to an end ---------------------------------------------------------

    def end(self, name, base):
        """How many stops of a control show something of their own; what shows the last one is known from then on."""
        states = [{**base, name: value} for value in self.stops[name]]
        if len(states) < FEW or not alike(*map(self.at, states[-2:])):
            return len(states)
        last = self.at(states[-1])
        end = next(i for i, state in enumerate(states) if alike(self.at(state), last))
        self.known |= {(*state.values(),): last for state in states[end:]}
        return end + 1

    def go_to_ends(self):
        """Learn where controls end, wherever the others of the largest table stand."""
        names = self.longest()
        for name in [name for name in names if name in self.ends]:
            for state in self.states(names - {name}):
                self.end(name, state)

    # -- how many calls ------------------------------------------------------------------------

    def least_calls(self):
        """So many it takes to move each control around each base."""
        return (1 + BASES) * sum(map(len, self.stops.values()))

    def calls(self):
        """So many it takes to fill the tables, at most."""
        moving = {name for name, values in self.stops.items() if len(values) > 1}
        groups = {frozenset(names & moving) for names in self.depends.values()}
        largest = [names for names in groups if not any(names < other for other in groups)]
        return sum(prod(self.ends.get(name, len(self.stops[name])) for name in names) for names in largest)

    def longest(self):
        """The controls that the largest table has."""
        return max(self.depends.values(), key=lambda names: prod(len(self.stops[name]) for name in names))

    def thin(self, names):
        """Take stops from a control that can best do without them. Is there one with some to spare?"""
        others = sorted(names - {*SPARED} - WHOLE, key=lambda name: (name != "T", -len(self.stops[name]), name))
        return any(self.shorten(name) for name in [*(name for name in SPARED if name in names), *others])

    def shorten(self, name):
        """Take every second stop from a control, but neither its start nor its last; in the end one is left, if any."""
        values, start = self.stops[name], self.start[name]
        kept = [value for i, value in enumerate(values) if i % 2 == 0 or value in (start, values[-1])]
        if name in SPARED and (name == "seed" or len(kept) == len(values) or len(kept) < FEW):
            kept = [start]
        self.stops[name] = kept
        return len(kept) < len(values)

    # -- the tables ----------------------------------------------------------------------------

    def table(self, key, answers):
        """The pieces of a key, one for each state of the controls that it depends on, the last control fastest.

        answers: what the function gives in these states, for all keys that depend on the same controls.
        """
        names = [name for name in self.stops if name in self.depends[key]]
        on = *names, "", *self.cut.get(key, ())
        if on not in answers:
            answers[on] = [self.at(self.home(key, state)) for state in self.states(names)]
        return names, [answer.get(key) for answer in answers[on]]

    def states(self, names):
        """All states in which these controls can stand, the last one fastest; the others stand where they start."""
        every = product(*(self.stops[name] for name in self.stops if name in names))
        return [{**self.start, **dict(zip([name for name in self.stops if name in names], values))} for values in every]

    def look_up(self, key, state):
        """What the tables say, as the page reads them; of an array, that which a corner is cut from."""
        names, pieces = self.tables[key]
        place = 0
        for name in names:
            place = place * len(self.stops[name]) + self.stops[name].index(state[name])
        return pieces[place]

    def sent(self, as_text):
        """The tables as the page gets them: each text once, and its number where it stands; -1 where none does.

        as_text: makes a text of an array.
        """
        numbers = {}

        def number(piece):
            if piece is None:
                return -1
            return numbers.setdefault(piece if isinstance(piece, str) else as_text(piece), len(numbers))

        tables = {key: [names, [*map(number, pieces)]] for key, (names, pieces) in self.tables.items()}
        return {"stops": self.stops, "texts": [*numbers], "tables": tables}


def alike(one, other):
    """Are all pieces of two answers the same?"""
    return one is other or (one.keys() == other.keys() and all(same(one[key], other[key]) for key in one))


def same(one, other):
    """Are two pieces the same?"""
    if one is other:
        return True
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and np.array_equal(one, other, equal_nan=True)
    return type(one) is type(other) and not isinstance(one, np.ndarray) and one == other


def is_corner(one, other):
    """Is an array the corner of another one, but for the last bits of its numbers?"""
    if not (isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and one.ndim == other.ndim):
        return False
    corner = other[tuple(map(slice, one.shape))]
    return close(one, corner, rtol=1e-13, atol=1e-14, equal_nan=True)


def close(one, other, **small):
    """Have two arrays the same numbers, but for their last bits? Most often these are the same, too: a quick look."""
    return one.shape == other.shape and (np.array_equal(one, other) or np.allclose(one, other, **small))


def says(kept, piece):
    """Does what is kept say a piece: is it the same, or does it have it in its corner?"""
    return same(kept, piece) or is_corner(piece, kept)

"""What a function of several controls gives, as tables: each part of it by those controls alone that it depends on."""

import random
from itertools import product
from math import prod

CHECKS = 60  # random states at which the tables are held against the function
BASES = 4  # random states around which each control is moved through all its stops


class Factored:
    """The tables. stops: the values of each control. answer: a function of a state that gives texts by key, the same
    each time; a state is a tuple of values, in the order of the controls.

    ``depends``: for each key the controls that it depends on. Which these are is tried, and then held against the
    function at random states: where a table says something else, one more control is found.
    """

    def __init__(self, stops, answer, start, seed=0):
        self.stops, self.answer, self.start = stops, answer, tuple(start)
        self.known, self.depends, self.tables, self.texts = {}, {}, {}, {}
        self.random = random.Random(seed)
        for base in [self.start, *(self.any_state() for _ in range(BASES))]:
            self.move_each(base)
        while found := self.contradiction():
            self.move_each(found)

    def at(self, state):
        """What the function gives there."""
        if state not in self.known:
            self.known[state] = self.answer(dict(zip(self.stops, state)))
        return self.known[state]

    def any_state(self):
        return tuple(self.random.choice(values) for values in self.stops.values())

    def move_each(self, base):
        """Learn which keys change where one control is moved."""
        here = self.at(base)
        for place, (name, values) in enumerate(self.stops.items()):
            for value in values:
                there = self.at((*base[:place], value, *base[place + 1 :]))
                for key in here.keys() | there.keys():
                    depends = self.depends.setdefault(key, set())
                    if here.get(key) != there.get(key):
                        depends.add(name)

    def contradiction(self):
        """Fill the tables; a state at which they say something else than the function, or None."""
        self.tables = {key: self.table(key) for key in self.depends}
        for state in [self.any_state() for _ in range(CHECKS)]:
            if any(self.look_up(key, state) != text for key, text in self.at(state).items()):
                return state
        return None

    def table(self, key):
        """The texts of a key, one for each state of the controls that it depends on, the last control fastest."""
        names = [name for name in self.stops if name in self.depends[key]]
        found = []
        for values in product(*(self.stops[name] for name in names)):
            chosen = {**dict(zip(self.stops, self.start)), **dict(zip(names, values))}
            found.append(self.at(tuple(chosen.values())).get(key))
        return names, found

    def look_up(self, key, state):
        """What the tables say, as the page reads them."""
        names, texts = self.tables[key]
        place, chosen = 0, dict(zip(self.stops, state))
        for name in names:
            place = place * len(self.stops[name]) + self.stops[name].index(chosen[name])
        return texts[place]

    def sent(self):
        """The tables as the page gets them: each text once, and its number where it stands; -1 where none does."""
        numbers = {}
        tables = {
            key: [names, [-1 if text is None else numbers.setdefault(text, len(numbers)) for text in texts]]
            for key, (names, texts) in self.tables.items()
        }
        return {"stops": self.stops, "texts": [*numbers], "tables": tables}

    def __len__(self):
        return sum(prod(len(self.stops[name]) for name in names) for names, _ in self.tables.values())

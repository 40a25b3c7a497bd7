"""Lanes for the arrows of a diagram: straight runs, round corners, and never over a matrix.

Matrices stand in bands, one band under the other. Under each band arrows run sideways, each in a lane of its own;
to the left of each matrix, and at the right end of each band, is a street where they run up or down. An arrow leaves a
matrix at its foot. It comes in at the left, or from above where no parameter stands; only from a neighbor it comes
straight. What one matrix sends out shares its lane, and so do arrows that all lead to the same one.
``diagram/lanes.js`` is this module again, for the browser; a test holds the two equal.
"""

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

LANE = 7  # from one lane to the next
TURN = 11  # from a street to the labels right of it: room for a corner and the head of an arrow
EDGE = 5  # the least room between a line and the border of the page, or another line that it must not touch
FALL, LAND = 13, 16  # from a matrix down to the first lane, from the last lane down to a title
CLEAR = 22  # the room under a band without lanes
OFF = 3  # how far from its matrix an arrow begins
CORNER = 6  # the radius of a corner
DETOUR, FAR = 120, 1000  # the way around that is worth not to cross an arrow, and not to touch one or leave the page
ROUNDS = 3  # of looking for the best order of lanes


@dataclass(frozen=True)
class Stop:
    """A matrix as its arrows see it: where it stands sideways, and what it reads."""

    name: str
    band: int
    left: float  # where its labels begin
    x: float  # its first cell
    width: float  # of its cells
    end: float  # where its sums end
    right: float  # where its title and its note may end
    inputs: tuple  # without a parameter that stands above it
    roofed: bool  # does a parameter stand above it?

    @property
    def middle(self):
        return self.x + self.width / 2

    @property
    def street(self):
        return self.left - TURN


@dataclass(eq=False)
class Line:
    """Arrows that run together. ways: by the matrix that each comes from, its points so far; goals: where they go."""

    ways: dict
    goals: tuple
    past: float | None = None  # where it goes past the band below, if it leads further down
    tops: tuple = ()  # where it touches the upper and the lower border of the room that it is in
    bottoms: tuple = ()
    span: tuple = ()  # from where to where it reaches there
    track: int | None = None  # its lane there; None where it runs straight down

    @property
    def arrivals(self):
        return {way[-1][0] for way in self.ways.values()}


def passing(readers, start, stop):
    """How many lines go past a band that holds the matrices from ``start`` to ``stop``.

    readers: for each matrix, which others read it, by their places in the row. Those with the same one reader left go
    together.

    >>> passing([[1, 2, 5], [5], [3, 4], []], 2, 4)
    1
    """
    left = [[reader for reader in readers[i] if reader >= stop] for i in range(start)]
    return len({goals[0] for goals in left if len(goals) == 1}) + sum(len(goals) > 1 for goals in left)


def room(tracks):
    """The room under a band whose arrows need so many lanes.

    >>> room(0), room(1), room(2) - room(1) == LANE
    (22, 29, True)
    """
    return FALL + LANE * (tracks - 1) + LAND if tracks else CLEAR


def deep(tracks):
    """The room under the last band."""
    return FALL + LANE * (tracks - 1) if tracks else 0


def route(stops, width):
    """Find the way of each arrow on a page of this width: the number of lanes under each band, and the ways.

    Returns (tracks, ways). A way is a list of points, by the names of the two matrices it joins. A point is x, and
    what tells its height: ``("foot", band)``, ``("lane", band, track)``, ``("side", name)`` or ``("head", name)``.
    """
    at = {stop.name: stop for stop in stops}
    bands = [[stop for stop in stops if stop.band == band] for band in range(stops[-1].band + 1)]
    tracks, found, lines = [], {}, []
    for number, (above, below) in enumerate(zip(bands, [*bands[1:], []])):
        for left, stop in pairwise(above):
            if left.name in stop.inputs:
                found[left.name, stop.name] = [(left.end + OFF, "side", stop.name), (stop.left - 2, "side", stop.name)]
        for stop in above:
            goals = tuple(o.name for o in stops if stop.name in o.inputs and (stop.name, o.name) not in found)
            lines.append(Line({stop.name: [(stop.middle, "foot", number)]}, goals))
        lines = together(lines)
        reached = {stop.name for stop in above + below}
        go_past(below, lines, reached, at, width)
        for line in lines:
            straighten(line, number, at)
        ends = {**{stop.name: stop.street for stop in above}, **doors(below, lines)}
        for line in lines:
            near = [goal for goal in line.goals if goal in reached]
            line.tops = (*line.arrivals, *(ends[goal] for goal in near if at[goal].band == number))
            below_it = [ends[goal] for goal in near if at[goal].band > number]
            line.bottoms = (*below_it, *([] if line.past is None else [line.past]))
            line.span = min(line.tops + line.bottoms), max(line.tops + line.bottoms)
        tracks.append(stack(lines))
        for line in lines:
            for source, way in line.ways.items():
                for goal in (goal for goal in line.goals if goal in reached):
                    found[source, goal] = arrive(turn(way, number, line.track, ends[goal]), at[goal])
        lines = [onward(line, number, reached) for line in lines if line.past is not None]
    return tracks, found


def together(lines):
    """Lines that all lead to the same matrix become one; those that lead nowhere are left out."""
    found = {}
    for line in lines:
        key = line.goals if len(line.goals) == 1 else line
        if line.goals:
            found.setdefault(key, Line({}, line.goals)).ways.update(line.ways)
    return list(found.values())


def beyond(line, reached):
    """The goals of a line that are further down than the next band."""
    return tuple(goal for goal in line.goals if goal not in reached)


def onward(line, band, reached):
    """What is left of a line when it has gone past the band below."""
    ways = {source: turn(way, band, line.track, line.past) for source, way in line.ways.items()}
    return Line(ways, beyond(line, reached))


def straighten(line, band, at):
    """Let what begins in this band begin right above the street that it goes down, where its matrix is that wide."""
    only = at[line.goals[0]] if len(line.goals) == 1 else None
    x = only.street if line.past is None and only and only.roofed else line.past
    for source, way in line.ways.items():
        if x is not None and way[-1][1:] == ("foot", band) and spans(at[source], x):
            line.ways[source] = [(x, "foot", band)]


def spans(stop, x):
    """Is there a cell of this matrix above or below x?"""
    return stop.x + CORNER <= x <= stop.x + stop.width - CORNER


def turn(way, band, track, x):
    """A way that goes on, in a lane, to another x."""
    return way if way[-1][0] == x else [*way, (way[-1][0], "lane", band, track), (x, "lane", band, track)]


def arrive(way, stop):
    """A way that goes on to the matrix it leads to: down to its title, or along its street and in from the left."""
    x = way[-1][0]
    if x != stop.street:
        return [*way, (x, "head", stop.name)]
    return [*way, (x, "side", stop.name), (stop.left - 2, "side", stop.name)]


def doors(below, lines):
    """Where the arrows to the matrices of the band below come in: x by name; that of a street if from the left."""
    found = {}
    for stop in below:
        to_here = [line for line in lines if stop.name in line.goals]
        own = {x for line in to_here for x in line.arrivals}
        if stop.roofed or not own:
            found[stop.name] = stop.street
        elif len(own) == 1 and spans(stop, min(own)):
            found[stop.name] = min(own)  # straight down
        else:
            others = [x for line in lines if line.goals != (stop.name,) for x in line.arrivals]
            steps = [0, *(sign * step * CORNER for step in range(1, 5) for sign in (1, -1))]
            ends = stop.x + CORNER, stop.right - CORNER  # of its title
            places = [x for step in steps if ends[0] <= (x := stop.middle + step) <= ends[1] or not step]
            free = [x for x in places if all(abs(x - other) >= EDGE for other in others)]
            found[stop.name] = (free or places)[0]
    return found


def go_past(band, lines, reached, at, width):
    """Find where the lines that lead further down go past this band; those with the same one goal left go together."""
    known, free = {}, streets(band, width, len(lines)) if band else []
    for line in lines:
        far = beyond(line, reached)
        if far and far not in known:
            left, right = min(line.arrivals), max(line.arrivals)
            goal = at[far[0]].street if at[far[0]].roofed else at[far[0]].middle
            alone = len(far) > 1 or not any(beyond(other, reached) == far for other in lines if other is not line)
            places = free + [(x, 0) for x in shared(band, line, lines) if alone]
            others = [x for other in lines if other is not line for x in other.arrivals]
            costs = [
                max(0, left - x, x - right)
                + abs(x - goal) / 2
                + (cost + FAR * any(abs(x - other) < EDGE for other in others))
                for x, cost in places
            ]
            best = places[costs.index(min(costs))]
            free = [place for place in free if place != best]
            known |= {far: best[0]} if len(far) == 1 else {}
            line.past = best[0]
        elif far:
            line.past = known[far]


def streets(band, width, lines):
    """The places where so many lines can go past a band, if need be off the page: (x, what it costs)."""
    found, names = [], [stop.name for stop in band]
    for i, stop in enumerate(band):
        used = from_above(stop, names) or from_below(stop, names)
        after = band[i - 1].right + EDGE - 1 if i else EDGE
        cost = DETOUR * (i > 0 and names[i - 1] in stop.inputs)
        tracks = [(stop.street - LANE * track, cost + 2 * LANE * track) for track in range(used, 2)]
        found += [(x, cost) for x, cost in tracks if x >= after]
    start = band[-1].right + EDGE + 2
    places = [start + LANE * track for track in range(3 * lines)]  # each line may touch two of them
    return found + [(x, FAR * (x > width - EDGE)) for x in places]


def shared(band, line, lines):
    """The streets in which a line leads to a matrix of this band anyway, and no other does."""
    names = [stop.name for stop in band]
    alone = [stop for stop in band if from_above(stop, names) and not from_below(stop, names)]
    return [stop.street for stop in alone if [other for other in lines if stop.name in other.goals] == [line]]


def from_above(stop, names):
    """Does its street bring arrows from the bands above? names: of its own band."""
    return stop.roofed and any(source not in names for source in stop.inputs)


def from_below(stop, names):
    """Does its street bring arrows from its own band, other than from its neighbor?"""
    return any(source in names[: max(names.index(stop.name) - 1, 0)] for source in stop.inputs)


def stack(lines):
    """Give each line a lane, so that few cross and none run into each other; returns how many lanes that takes."""
    bent = [line for line in lines if line.span[0] < line.span[1]]
    order, met = [], cache(crossings)
    for line in bent * ROUNDS:  # then try each again at every other place
        if line in order:
            order.remove(line)
        above = [met(upper, line) for upper in order]
        below = [met(line, lower) for lower in order]
        costs = [sum(above[:place]) + sum(below[place:]) for place in range(len(order) + 1)]
        order.insert(costs.index(min(costs)), line)
    for i, line in enumerate(order):
        low, high = line.span
        over = [other.track for other in order[:i] if other.span[0] < high + LANE and low < other.span[1] + LANE]
        line.track = max(over, default=-1) + 1
    return max((line.track for line in order), default=-1) + 1


def crossings(upper, lower):
    """How often two lines cross if one has its lane over the other's; a hundred where they run into each other."""
    (low, high), (left, right) = upper.span, lower.span
    found = sum(left < x < right for x in upper.bottoms) + sum(low < x < high for x in lower.tops)
    return found + 100 * sum(abs(x - other) < EDGE for x in lower.tops for other in upper.bottoms)


def drawn(ways, stops, boxes, feet):
    """The ways as points on the page. boxes: of the layout; feet: where each band ends."""
    sides = {}
    for before, stop in zip([None, *stops], stops):
        beside = before is not None and before.band == stop.band and before.name in stop.inputs
        names = [before.name, stop.name] if beside else [stop.name]  # a neighbor's arrow meets cells of both
        sides[stop.name] = feet[stop.band] - min(boxes[name]["height"] for name in names) / 2

    def height(kind, which, track=0):
        if kind == "side":
            return sides[which]
        if kind == "head":
            return boxes[which]["top"] - 1
        return feet[which] + (OFF if kind == "foot" else FALL + LANE * track)

    return {names: [[crisp(x), crisp(height(*place))] for x, *place in way] for names, way in ways.items()}


def crisp(at):
    """The middle of a pixel: lines are sharp there, and two that run together look like one."""
    return math.floor(at) + 0.5


def rounded(points):
    """The corners of a way, for whoever draws it: each as (where the round begins, the corner, where it ends).

    >>> rounded([[0, 0], [0, 20], [30, 20]])
    [([0.0, 14.0], [0, 20], [6.0, 20.0])]
    """
    found = []
    for (x1, y1), (x2, y2), (x3, y3) in zip(points, points[1:], points[2:]):
        before, after = abs(x2 - x1) + abs(y2 - y1), abs(x3 - x2) + abs(y3 - y2)  # one of the two is 0
        radius = min(CORNER, before / 2, after / 2)
        begin = [x2 + (x1 - x2) * radius / (before or 1), y2 + (y1 - y2) * radius / (before or 1)]
        end = [x2 + (x3 - x2) * radius / (after or 1), y2 + (y3 - y2) * radius / (after or 1)]
        found.append((begin, [x2, y2], end))
    return found

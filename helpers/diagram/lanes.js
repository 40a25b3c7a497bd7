// Lanes for the arrows of a diagram: helpers/look/lanes.py again, for the browser.

export const [LANE, TURN, EDGE] = [7, 11, 5];
export const [FALL, LAND, CLEAR] = [13, 16, 22];
export const OFF = 3;
const CORNER = 6;
const [DETOUR, FAR] = [120, 1000];
const ROUNDS = 3;

// A stop is a matrix as its arrows see it: name, band, left, x, width, end, right, inputs, roofed.
const middle = (stop) => stop.x + stop.width / 2;
const street = (stop) => stop.left - TURN;

// A line is arrows that run together: ways (a Map from the matrix each comes from) and goals; under a band also past, tops,
// bottoms, span and track.
const arrivals = (line) => [...new Set([...line.ways.values()].map((way) => way.at(-1)[0]))];
const keyOf = (goals) => JSON.stringify(goals);

// How many lines go past a band that holds the matrices from start to stop.
export function passing(readers, start, stop) {
  const left = readers.slice(0, start).map((all) => all.filter((reader) => reader >= stop));
  const single = left.filter((goals) => goals.length === 1).map(([goal]) => goal);
  return new Set(single).size + left.filter((goals) => goals.length > 1).length;
}

// The room under a band whose arrows need so many lanes, and under the last one.
export const room = (tracks) => (tracks ? FALL + LANE * (tracks - 1) + LAND : CLEAR);
export const deep = (tracks) => (tracks ? FALL + LANE * (tracks - 1) : 0);

// The number of lanes under each band, and the way of each arrow: a Map from source to a Map from target.
export function route(stops, width) {
  const at = new Map(stops.map((stop) => [stop.name, stop]));
  const bands = Array.from({ length: stops.at(-1).band + 1 }, (_, band) => stops.filter((stop) => stop.band === band));
  const [tracks, found] = [[], new Map(stops.map((stop) => [stop.name, new Map()]))];
  let lines = [];
  bands.forEach((above, number) => {
    const below = bands[number + 1] ?? [];
    above.slice(1).forEach((stop, i) => {
      const left = above[i];
      if (!stop.inputs.includes(left.name)) return;
      found.get(left.name).set(stop.name, [
        [left.end + OFF, "side", stop.name],
        [stop.left - 2, "side", stop.name],
      ]);
    });
    for (const stop of above) {
      const readers = stops.filter((other) => other.inputs.includes(stop.name));
      const goals = readers.map((other) => other.name).filter((name) => !found.get(stop.name).has(name));
      lines.push({ ways: new Map([[stop.name, [[middle(stop), "foot", number]]]]), goals });
    }
    lines = together(lines);
    const reached = new Set([...above, ...below].map((stop) => stop.name));
    goPast(below, lines, reached, at, width);
    for (const line of lines) straighten(line, number, at);
    const ends = new Map([...above.map((stop) => [stop.name, street(stop)]), ...doors(below, lines)]);
    for (const line of lines) {
      const near = line.goals.filter((goal) => reached.has(goal));
      const on = (side) => near.filter((goal) => (at.get(goal).band === number) === side).map((goal) => ends.get(goal));
      line.tops = [...arrivals(line), ...on(true)];
      line.bottoms = [...on(false), ...(line.past === undefined ? [] : [line.past])];
      const places = [...line.tops, ...line.bottoms];
      line.span = [Math.min(...places), Math.max(...places)];
    }
    tracks.push(stack(lines));
    for (const line of lines) {
      for (const [source, way] of line.ways) {
        for (const goal of line.goals.filter((name) => reached.has(name))) {
          found.get(source).set(goal, arrive(turn(way, number, line.track, ends.get(goal)), at.get(goal)));
        }
      }
    }
    lines = lines.filter((line) => line.past !== undefined).map((line) => onward(line, number, reached));
  });
  return [tracks, found];
}

// Lines that all lead to the same matrix become one; those that lead nowhere are left out.
function together(lines) {
  const [found, known] = [[], new Map()];
  for (const line of lines) {
    const only = line.goals.length === 1 && known.get(line.goals[0]);
    if (only) for (const [source, way] of line.ways) only.ways.set(source, way);
    else if (line.goals.length) found.push(line);
    if (line.goals.length === 1 && !only) known.set(line.goals[0], line);
  }
  return found;
}

// The goals of a line that are further down than the next band.
const beyond = (line, reached) => line.goals.filter((goal) => !reached.has(goal));

// What is left of a line when it has gone past the band below.
function onward(line, band, reached) {
  const ways = [...line.ways].map(([source, way]) => [source, turn(way, band, line.track, line.past)]);
  return { ways: new Map(ways), goals: beyond(line, reached) };
}

// Let what begins in this band begin right above the street that it goes down, where its matrix is that wide.
function straighten(line, band, at) {
  const only = line.goals.length === 1 && at.get(line.goals[0]);
  const x = line.past ?? (only?.roofed ? street(only) : undefined);
  if (x === undefined) return;
  for (const [source, way] of line.ways) {
    const [, kind, begins] = way.at(-1);
    if (kind === "foot" && begins === band && spans(at.get(source), x)) line.ways.set(source, [[x, "foot", band]]);
  }
}

// Is there a cell of this matrix above or below x?
const spans = (stop, x) => stop.x + CORNER <= x && x <= stop.x + stop.width - CORNER;

// A way that goes on, in a lane, to another x.
function turn(way, band, track, x) {
  const from = way.at(-1)[0];
  return from === x ? way : [...way, [from, "lane", band, track], [x, "lane", band, track]];
}

// A way that goes on to the matrix it leads to: down to its title, or along its street and in from the left.
function arrive(way, stop) {
  const x = way.at(-1)[0];
  if (x !== street(stop)) return [...way, [x, "head", stop.name]];
  return [...way, [x, "side", stop.name], [stop.left - 2, "side", stop.name]];
}

// Where the arrows to the matrices of the band below come in: name and x; that of a street if from the left.
function doors(below, lines) {
  return below.map((stop) => {
    const toHere = lines.filter((line) => line.goals.includes(stop.name));
    const own = [...new Set(toHere.flatMap(arrivals))];
    if (stop.roofed || !own.length) return [stop.name, street(stop)];
    if (own.length === 1 && spans(stop, own[0])) return [stop.name, own[0]]; // straight down
    const others = lines.filter(({ goals }) => String(goals) !== stop.name).flatMap(arrivals);
    const places = [0, 1, -1, 2, -2, 3, -3, 4, -4]
      .map((step) => middle(stop) + step * CORNER)
      .filter((x, i) => !i || (stop.x + CORNER <= x && x <= stop.right - CORNER)); // over its title
    const free = places.filter((x) => others.every((other) => Math.abs(x - other) >= EDGE));
    return [stop.name, [...free, ...places][0]];
  });
}

// Find where the lines that lead further down go past this band; those with the same one goal left go together.
function goPast(band, lines, reached, at, width) {
  const known = new Map();
  let free = band.length ? streets(band, width, lines.length) : [];
  for (const line of lines) {
    const far = beyond(line, reached);
    const only = far.length === 1;
    if (only && known.has(far[0])) line.past = known.get(far[0]);
    else if (far.length) {
      const [left, right] = [Math.min(...arrivals(line)), Math.max(...arrivals(line))];
      const first = at.get(far[0]);
      const goal = first.roofed ? street(first) : middle(first);
      const joined = lines.some((other) => other !== line && keyOf(beyond(other, reached)) === keyOf(far));
      const places = [...free, ...(only && joined ? [] : shared(band, line, lines).map((x) => [x, 0]))];
      const others = lines.filter((other) => other !== line).flatMap(arrivals);
      const costs = places.map(([x, cost]) => {
        const touched = others.some((other) => Math.abs(x - other) < EDGE);
        return Math.max(0, left - x, x - right) + Math.abs(x - goal) / 2 + (cost + (touched ? FAR : 0));
      });
      const best = places[costs.indexOf(Math.min(...costs))];
      free = free.filter((one) => one !== best);
      line.past = best[0];
      if (only) known.set(far[0], line.past);
    }
  }
}

// The places where so many lines can go past a band, if need be off the page: x, what it costs.
function streets(band, width, lines) {
  const names = band.map((stop) => stop.name);
  const found = band.flatMap((stop, i) => {
    const used = fromAbove(stop, names) || fromBelow(stop, names);
    const after = i ? band[i - 1].right + EDGE - 1 : EDGE;
    const cost = i && stop.inputs.includes(names[i - 1]) ? DETOUR : 0;
    const tracks = used ? [1] : [0, 1];
    return tracks.map((track) => [street(stop) - LANE * track, cost + 2 * LANE * track]).filter(([x]) => x >= after);
  });
  const start = band.at(-1).right + EDGE + 2;
  const places = Array.from({ length: 3 * lines }, (_, track) => start + LANE * track); // each line may touch two of them
  return [...found, ...places.map((x) => [x, x > width - EDGE ? FAR : 0])];
}

// The streets in which a line leads to a matrix of this band anyway, and no other does.
function shared(band, line, lines) {
  const names = band.map((stop) => stop.name);
  const alone = band.filter((stop) => fromAbove(stop, names) && !fromBelow(stop, names));
  const onlyThis = (name) => lines.every((other) => other.goals.includes(name) === (other === line));
  return alone.filter((stop) => onlyThis(stop.name)).map(street);
}

// Does its street bring arrows from the bands above? names: of its own band.
const fromAbove = (stop, names) => stop.roofed && stop.inputs.some((source) => !names.includes(source));

// Does its street bring arrows from its own band, other than from its neighbor?
const fromBelow = (stop, names) =>
  names.slice(0, Math.max(names.indexOf(stop.name) - 1, 0)).some((name) => stop.inputs.includes(name));

// Give each line a lane, so that few cross and none run into each other; returns how many lanes that takes.
function stack(lines) {
  const bent = lines.filter(({ span }) => span[0] < span[1]);
  let order = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const line of bent) {
      order = order.filter((other) => other !== line);
      const above = order.map((upper) => crossings(upper, line));
      const below = order.map((lower) => crossings(line, lower));
      let cost = below.reduce((a, b) => a + b, 0);
      let [best, least] = [0, cost];
      order.forEach((_, i) => {
        cost += above[i] - below[i];
        if (cost < least) [best, least] = [i + 1, cost];
      });
      order.splice(best, 0, line);
    }
  }
  order.forEach((line, i) => {
    const [low, high] = line.span;
    const over = order.slice(0, i).filter(({ span }) => span[0] < high + LANE && low < span[1] + LANE);
    line.track = Math.max(-1, ...over.map((other) => other.track)) + 1;
  });
  return Math.max(-1, ...order.map((line) => line.track)) + 1;
}

// How often two lines cross if one has its lane over the other's; a hundred where they run into each other.
function crossings(upper, lower) {
  const count = (places, { span }) => places.filter((x) => span[0] < x && x < span[1]).length;
  const clashes = lower.tops.flatMap((x) => upper.bottoms.filter((other) => Math.abs(x - other) < EDGE));
  return count(upper.bottoms, lower) + count(lower.tops, upper) + 100 * clashes.length;
}

// The ways as points on the page. boxes: of the layout; feet: where each band ends.
export function drawn(ways, stops, boxes, feet) {
  const sides = new Map();
  stops.forEach((stop, i) => {
    const before = stops[i - 1];
    const beside = before?.band === stop.band && stop.inputs.includes(before.name);
    const heights = [stop, ...(beside ? [before] : [])].map(({ name }) => boxes[name].height);
    sides.set(stop.name, feet[stop.band] - Math.min(...heights) / 2); // a neighbor's arrow meets cells of both
  });
  const height = (kind, which, track = 0) => {
    if (kind === "side") return sides.get(which);
    if (kind === "head") return boxes[which].top - 1;
    return feet[which] + (kind === "foot" ? OFF : FALL + LANE * track);
  };
  for (const ends of ways.values()) {
    for (const [goal, way] of ends) {
      const points = way.map(([x, ...place]) => [crisp(x), crisp(height(...place))]);
      ends.set(goal, points);
    }
  }
  return ways;
}

// The middle of a pixel: lines are sharp there, and two that run together look like one.
export const crisp = (at) => Math.floor(at) + 0.5;

// The corners of a way, for whoever draws it: each as where the round begins, the corner, where it ends.
export function rounded(points) {
  return points.slice(2).map(([x3, y3], i) => {
    const [[x1, y1], [x2, y2]] = [points[i], points[i + 1]];
    const [before, after] = [Math.abs(x2 - x1) + Math.abs(y2 - y1), Math.abs(x3 - x2) + Math.abs(y3 - y2)];
    const radius = Math.min(CORNER, before / 2, after / 2);
    const along = (x, y, length) => [
      x2 + ((x - x2) * radius) / (length || 1),
      y2 + ((y - y2) * radius) / (length || 1),
    ];
    return [along(x1, y1, before), [x2, y2], along(x3, y3, after)];
  });
}

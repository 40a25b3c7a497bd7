// What is put on a diagram by hand: helpers/annotations.py again, for the browser; and how a blank cell is asked for.

const [WIDE, LINES] = [0x2e80, 3];

// What is put on a diagram, as sentences for its text alternative.
export const inWords = (notes) => Object.entries(notes).map(([name, text]) => `Note on ${name}: “${text}”`);

// A text on one line, with single spaces.
export const tidy = (text) => text.replace(/[ \t\n\v\f\r]+/g, " ").replace(/^ | $/g, "");

export const letters = (text) => [...text].reduce((sum, letter) => sum + 1 + (letter.codePointAt(0) >= WIDE), 0);

// Break a tidy text into at most three lines of `room` letters; an ellipsis stands for what is left out.
export function wrap(text, room) {
  const lines = [];
  let rest = [...text];
  while (rest.length) {
    let end = fitting(rest, room);
    if (end === rest.length) return [...lines, rest.join("")];
    if (lines.length === LINES - 1) {
      return [
        ...lines,
        `${rest
          .slice(0, fitting(rest, room - 1))
          .join("")
          .replace(/ $/, "")}…`,
      ];
    }
    const space = rest.lastIndexOf(" ", end);
    end = space > 0 ? space : end;
    lines.push(rest.slice(0, end).join(""));
    rest = rest.slice(rest[end] === " " ? end + 1 : end);
  }
  return lines;
}

// How many characters are at most `room` letters wide; one at least.
function fitting(characters, room) {
  let used = 0;
  for (let end = 0; end < characters.length; end++) {
    used += letters(characters[end]);
    if (used > room) return Math.max(end, 1);
  }
  return characters.length;
}

// A formula up to its names, and a question mark for what follows: no number is left in it.
export function question(formula) {
  const equals = formula.flatMap(([text, source], i) => (text === " = " && !source ? [i] : []));
  return [...formula.slice(0, equals.length > 1 ? equals[1] : equals[0]), [" = ?", ""]];
}

// An element of the page, made in a line. Text is only ever text.
export const element = (tag, className, attributes = {}, text = "") => {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
};

// A text that is there already is not put there again: the page would be laid out and painted once more for nothing.
export const put = (place, text) => {
  if (place.textContent !== text) place.textContent = text;
};

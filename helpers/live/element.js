// An element of the page, made in a line. Text is only ever text.
export const element = (tag, className, attributes = {}, text = "") => {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
};

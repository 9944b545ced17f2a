// DOM nodes made from text, never from HTML.

export function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function button(name, text, onClick) {
  const made = element("button", name, text);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

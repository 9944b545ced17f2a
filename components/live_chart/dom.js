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

const ICONS = {
  pin: "M8 1.6l1.9 4 4.4.6-3.2 3 .8 4.4L8 11.5l-3.9 2.1.8-4.4-3.2-3 4.4-.6z",
  full: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  more: "M3 8h.01M8 8h.01M13 8h.01",
  grip: "M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01",
  open: "M6 4l4 4-4 4",
};
const SVG = "http://www.w3.org/2000/svg";

export function iconButton(name, icon, label, onClick) {
  const made = button(`td-icon ${name}`, undefined, onClick);
  made.append(drawn(icon));
  named(made, label);
  return made;
}

export function named(node, label) {
  node.title = label;
  node.setAttribute("aria-label", label);
}

export function drawn(icon) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[icon]);
  svg.append(path);
  return svg;
}

// The legend of a chart: one chip a curve, with its recorded value at the cursor or its newest one.

import { button, element } from "./dom.js";
import { number } from "./format.js";
import { worth } from "./points.js";

const MOST_WITH_VALUES = 4;
const MANY = 6;

// Chips that look the same stay the same nodes, so that focus and clicks survive a refresh.
export function drawLegend(node, lines, { toggle, isolate }) {
  node.classList.toggle("td-many", lines.length > MANY);
  lines.forEach((line, i) => {
    const look = JSON.stringify([line.id, line.label, line.color, line.dash, line.hidden]);
    const old = node.children[i];
    if (old?.dataset.look === look) return;
    const fresh = chip(line, look, toggle, isolate);
    if (!old) node.append(fresh);
    else if (old.dataset.line === line.id) take(old, fresh);
    else old.replaceWith(fresh);
  });
  while (node.childElementCount > lines.length) node.lastChild.remove();
}

function chip(line, look, toggle, isolate) {
  const made = button("td-chip", undefined, () => toggle(line.id));
  made.addEventListener("dblclick", () => isolate(line.id));
  Object.assign(made.dataset, { look, line: line.id });
  made.setAttribute("aria-pressed", String(!line.hidden));
  made.title = `${line.label}: click to show or hide, double-click to show it alone`;
  made.append(swatch(line), element("span", "td-name", line.label), element("span", "td-value"));
  return made;
}

// A piece of the line as it is drawn.
export function swatch({ color, dash }) {
  const made = element("span", `td-swatch td-${dash}`);
  made.style.color = color;
  return made;
}

function take(old, fresh) {
  old.dataset.look = fresh.dataset.look;
  old.setAttribute("aria-pressed", fresh.getAttribute("aria-pressed"));
  old.title = fresh.title;
  old.replaceChildren(...fresh.childNodes);
}

export function drawValues(node, lines, x) {
  if (lines.length > MOST_WITH_VALUES) return;
  lines.forEach((line, i) => {
    const shown = line.raw?.x.length && !line.hidden;
    node.children[i].lastChild.textContent = shown ? number(worth(line, x ?? Infinity).raw) : "";
  });
}

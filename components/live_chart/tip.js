// The box beside the pointer: what every curve of the chart is worth there.

import { number, place } from "./format.js";
import { element } from "./dom.js";
import { swatch } from "./legend.js";
import { markColor } from "./marks.js";
import { worth } from "./points.js";

const ROWS = 12;

// `pointed` is the height of the pointer as a value of the y axis (its log10 on a log axis).
export function tipContent(lines, { x, axis, near, pointed, isLog }) {
  const rows = lines.map((line) => ({ line, ...worth(line, x) }));
  const gap = ({ raw, smooth }) => {
    const value = smooth ?? raw;
    const distance = Math.abs((isLog ? Math.log10(value) : value) - pointed);
    return Number.isNaN(distance) ? Infinity : distance;
  };
  const shown =
    rows.length > ROWS ? rows.toSorted((a, b) => gap(a) - gap(b)).slice(0, ROWS) : rows;
  const head = element("div", "td-tip-head", place(axis, x));
  return [head, ...shown.flatMap((row) => cells(row, axis, Math.abs(row.at - x) > near))];
}

// What happened where the pointer is.
export function markRows(marks, theme) {
  return marks.map((mark) => {
    const row = element("div", "td-tip-mark", mark.text);
    row.style.borderColor = markColor(mark, theme);
    return row;
  });
}

function cells({ line, at, raw, smooth, band }, axis, elsewhere) {
  const notes = [smooth === undefined ? "" : `raw ${number(raw)}`];
  if (band) notes.push(bandWords(band));
  if (elsewhere) notes.push(`at ${place(axis, at)}`);
  return [
    swatch(line),
    element("span", "td-name", line.label),
    element("span", "td-tip-value", number(smooth ?? raw)),
    element("span", "td-tip-note", notes.filter(Boolean).join(", ")),
  ];
}

function bandWords({ low, high, count }) {
  const runs = count === 1 ? "1 run" : `${count} runs`;
  return Number.isFinite(low) ? `${number(low)} to ${number(high)}, ${runs}` : runs;
}

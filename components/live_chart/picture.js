// What Plotly draws: traces and layout as pure functions of lines, ranges and theme.

import { clockTicks, escaped, logTicks, timeTicks } from "./format.js";
import { bandOutline, dots, strange } from "./points.js";

export const MARGIN = { l: 54, r: 16, t: 8, b: 36 };
const MARKS = {
  nan: ["x-thin-open", 0.03],
  up: ["triangle-up", 0.97],
  down: ["triangle-down", 0.03],
};
const AXIS_TITLES = {
  step: "step",
  epoch: "epoch",
  examples: "samples seen",
  tokens: "tokens seen",
  time: "time since the start",
  wall: "local time",
};
const APART = 6; // pixels between the triangles of points beyond an edge
const CLEAR = "rgba(0,0,0,0)";

// The smoothed curve lies over the raw one, which stays visible behind it.
export function traces(lines, columns) {
  return lines.flatMap((line) => {
    const style = { type: "scatter", hoverinfo: "skip", showlegend: false };
    const stroke = { color: line.color, dash: line.dash, width: line.smooth ? 2 : 1.6 };
    const points = ({ x, y }) => ({ x, y, mode: "lines" });
    const raw = { ...style, ...points(line.raw), opacity: 0.3 };
    const main = { ...style, ...points(line.smooth ?? line.raw) };
    const marker = { color: line.color, size: 5 };
    const alone = dots(line.raw, columns / 8);
    const edge = line.derived ? { x: [] } : marks(line);
    return [
      ...(line.raw.low ? [{ ...style, ...band(line) }] : []),
      ...(line.smooth ? [{ ...raw, line: { ...stroke, width: 1 } }] : []),
      { ...main, line: stroke, showlegend: true, name: escaped(line.label) },
      ...(alone.x.length ? [{ ...style, ...alone, mode: "markers", marker }] : []),
      ...(edge.x.length ? [{ ...style, ...edge, mode: "markers", yaxis: "y2" }] : []),
    ];
  });
}

function band(line) {
  const color = { line: { width: 0 }, fillcolor: line.color, opacity: 0.18 };
  return { ...bandOutline(line.raw), ...color, mode: "lines", fill: "toself" };
}

// Small triangles at the edge beyond which points lie, one where several would touch.
export function clippedTrace(points, columns, across) {
  const shown = new Map();
  for (const { x, up, color } of points) {
    const place = Math.round((across.share(x) * columns) / APART);
    shown.set(`${place} ${up} ${color}`, { x, up, color });
  }
  const all = [...shown.values()];
  const symbol = all.map(({ up }) => (up ? "triangle-up-open" : "triangle-down-open"));
  const style = { type: "scatter", mode: "markers", hoverinfo: "skip", showlegend: false };
  return [
    {
      ...style,
      name: "beyond",
      x: all.map(({ x }) => x),
      y: all.map(({ up }) => (up ? 0.975 : 0.025)),
      marker: { color: all.map(({ color }) => color), size: 6, symbol },
      yaxis: "y2",
    },
  ];
}

// Values that are not finite have no height: they are marked at the edge where they happened. Of
// what is computed from several runs they only say that one of them has no value there.
function marks(line) {
  const { x, kinds } = strange(line.raw);
  const symbol = kinds.map((kind) => MARKS[kind][0]);
  const marker = { color: line.color, size: 8, symbol, line: { color: line.color, width: 2 } };
  return { x, y: kinds.map((kind) => MARKS[kind][1]), marker };
}

// Without points there are no numbers to put on the axes, and nothing to zoom into.
export function layout(scene, { ranges, isLog, columns, height, isEmpty }) {
  const { theme, settings, dragmode } = scene;
  const { across } = ranges;
  const [low, high] = ranges.y;
  const { grid, faint } = theme;
  const blank = isEmpty && { showticklabels: false, showgrid: false, fixedrange: true };
  const line = { gridcolor: grid, zeroline: false, linecolor: grid, tickcolor: grid, ...blank };
  return {
    width: columns + MARGIN.l + MARGIN.r,
    height,
    margin: MARGIN,
    paper_bgcolor: CLEAR,
    plot_bgcolor: CLEAR,
    font: { family: theme.font, size: 11, color: faint },
    showlegend: false,
    hovermode: false,
    dragmode: isEmpty ? false : dragmode,
    modebar: { bgcolor: CLEAR, color: faint, activecolor: theme.text },
    xaxis: {
      ...line,
      type: across.isLog ? "log" : "linear",
      range: across.range,
      nticks: Math.max(3, Math.round(columns / 60)),
      exponentformat: "SI",
      title: { text: AXIS_TITLES[settings.axis], standoff: 6, font: { size: 11 } },
      ...xTicks(settings.axis, across, columns),
    },
    yaxis: {
      ...line,
      type: isLog ? "log" : "linear",
      range: ranges.y,
      nticks: Math.min(10, Math.max(3, Math.round(height / 40))),
      exponentformat: Math.abs(high) >= 1000 && !isLog ? "SI" : "e",
      ...(isLog && labelled(logTicks(low, high))),
    },
    yaxis2: { overlaying: "y", range: [0, 1], visible: false, fixedrange: true },
  };
}

function xTicks(axis, { isLog, range, ends }, columns) {
  if (isLog) return labelled(logTicks(...range));
  if (axis === "time") return labelled(timeTicks(...ends, Math.max(2, columns / 70)));
  return axis === "wall" && labelled(clockTicks(...ends, Math.max(2, columns / 80)));
}

function labelled({ values, texts }) {
  return { tickmode: "array", tickvals: values, ticktext: texts };
}

// A picture that can be understood without the page around it.
export function forDownload(picture, title, background) {
  const layout = {
    ...picture.layout,
    margin: { ...MARGIN, t: 60 },
    paper_bgcolor: background,
    plot_bgcolor: background,
    showlegend: true,
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 1, xanchor: "right" },
    title: { text: escaped(title), x: 0.02, font: { size: 15 } },
  };
  return { data: picture.data, layout };
}

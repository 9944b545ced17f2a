// What Plotly draws: traces and layout as pure functions of lines, ranges and theme.

import { escaped, logTicks, timeTicks } from "./format.js";
import { dots, strange } from "./points.js";

export const MARGIN = { l: 54, r: 10, t: 8, b: 36 };
export const HEIGHT = 230;
const MARKS = {
  nan: ["x-thin-open", 0.03],
  up: ["triangle-up", 0.97],
  down: ["triangle-down", 0.03],
};
const AXIS_TITLES = { step: "step", epoch: "epoch", time: "time since the start" };
const CLEAR = "rgba(0,0,0,0)";

// The smoothed curve lies over the raw one, which stays visible behind it.
export function traces(lines, columns) {
  return lines.flatMap((line) => {
    const style = { type: "scatter", hoverinfo: "skip", showlegend: false };
    const stroke = { color: line.color, dash: line.dash, width: line.smooth ? 2 : 1.6 };
    const raw = { ...style, ...line.raw, mode: "lines", opacity: 0.3 };
    const main = { ...style, ...(line.smooth ?? line.raw), mode: "lines" };
    const marker = { color: line.color, size: 5 };
    const alone = dots(line.raw, columns / 8);
    const edge = marks(line);
    return [
      ...(line.smooth ? [{ ...raw, line: { ...stroke, width: 1 } }] : []),
      { ...main, line: stroke, showlegend: true, name: escaped(line.label) },
      ...(alone.x.length ? [{ ...style, ...alone, mode: "markers", marker }] : []),
      ...(edge.x.length ? [{ ...style, ...edge, mode: "markers", yaxis: "y2" }] : []),
    ];
  });
}

// Values that are not finite have no height: they are marked at the edge where they happened.
function marks(line) {
  const { x, kinds } = strange(line.raw);
  const symbol = kinds.map((kind) => MARKS[kind][0]);
  const marker = { color: line.color, size: 8, symbol, line: { color: line.color, width: 2 } };
  return { x, y: kinds.map((kind) => MARKS[kind][1]), marker };
}

// Without points there are no numbers to put on the axes, and nothing to zoom into.
export function layout({ theme, settings, dragmode }, { ranges, isLog, columns, isEmpty }) {
  const [low, high] = ranges.y;
  const { grid, faint } = theme;
  const blank = isEmpty && { showticklabels: false, showgrid: false, fixedrange: true };
  const line = { gridcolor: grid, zeroline: false, linecolor: grid, tickcolor: grid, ...blank };
  return {
    width: columns + MARGIN.l + MARGIN.r,
    height: HEIGHT,
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
      range: ranges.x,
      nticks: Math.max(3, Math.round(columns / 75)),
      title: { text: AXIS_TITLES[settings.axis], standoff: 6, font: { size: 11 } },
      ...(settings.axis === "time" && labelled(timeTicks(...ranges.x, Math.max(2, columns / 70)))),
    },
    yaxis: {
      ...line,
      type: isLog ? "log" : "linear",
      range: ranges.y,
      nticks: 6,
      exponentformat: Math.abs(high) >= 1000 && !isLog ? "SI" : "e",
      ...(isLog && labelled(logTicks(low, high))),
    },
    yaxis2: { overlaying: "y", range: [0, 1], visible: false, fixedrange: true },
  };
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

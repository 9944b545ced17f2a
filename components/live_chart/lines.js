// The lines of a chart: which curves, in which look, with which points.

import { curveId } from "./feed.js";

// Where runs have parts of different number, as GPUs, only those that there are have a line.
export function linesOf(chart, data, settings, series) {
  const lines = all(chart, data, settings, series);
  if (chart.curves.length === 1 || entries(data).length === 1) return lines;
  const known = lines.filter((line) => series.has(line.id));
  return known.length ? known : lines;
}

function all(chart, data, settings, series) {
  return entries(data).flatMap((run) =>
    chart.curves.map((curve, i) => {
      const id = curveId(run.id, curve.metric);
      const points = pointsOf(series.get(id), curve, settings.values);
      const derived = Boolean(data.baseline) || run.id.startsWith("group:");
      const hidden = settings.hidden.has(id);
      return { id, hidden, derived, ...look(chart, data, run, i), ...points };
    }),
  );
}

// What is drawn: the runs, or the groups that they belong to.
const entries = (data) => data.entries ?? data.runs;

function pointsOf(found, curve, { axis, smoothing }) {
  if (found?.axis !== axis) return {};
  const { raw, whole, usual } = found;
  return { raw, whole, usual, smooth: curve.smooth && smoothing ? found.smooth : undefined };
}

// Several runs: a colour a run, and a line style where there are more runs. One run: a colour a role, unless the curve has one of its own.
function look(chart, { runs, overlay, palette }, run, i) {
  const { label, role, color } = chart.curves[i];
  const several = chart.curves.length > 1;
  if (runs.length > 1 || overlay || run.id.startsWith("group:")) {
    const dash = several && role === "validation" ? "dot" : run.dash;
    return { label: several ? `${run.label}, ${label}` : run.label, color: run.color, dash };
  }
  const slots = { train: 0, validation: 1, other: several ? i + 2 : 0 };
  return { label, color: color || palette[slots[role] % palette.length], dash: "solid" };
}

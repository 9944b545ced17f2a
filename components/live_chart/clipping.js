// The y axis without outliers: where nearly all points lie, and which drawn points lie beyond.

import { valueRange, withAir } from "./points.js";

// Null where no point is left out. The extremes of every pixel column are among the drawn points,
// so no place where something lies beyond the edge is missed.
export function clipped(lines, [low, high], isLog) {
  const ends = lines.flatMap((line) => line.usual ?? []).map(isLog ? Math.log10 : Number);
  const finite = ends.filter(Number.isFinite);
  if (!finite.length) return null;
  const whole = valueRange(lines, low, high, isLog);
  const usual = withAir(Math.min(...finite), Math.max(...finite));
  const range = [Math.max(usual[0], whole[0]), Math.min(usual[1], whole[1])];
  const points = lines.flatMap((line) => beyond(line, [low, high], range, isLog));
  if (!points.length) return null;
  const exact = lines.every((line) => line.whole);
  const count = points.length.toLocaleString("en-US");
  const what = points.length === 1 ? "point lies" : "points lie";
  const note = exact
    ? `${count} ${what} beyond the edges`
    : `At least ${count} ${what} beyond the edges`;
  return { range, points, note };
}

function beyond(line, [low, high], [bottom, top], isLog) {
  const points = [];
  const { x, y } = line.raw;
  for (let i = 0; i < x.length; i++) {
    if (x[i] < low || x[i] > high || !Number.isFinite(y[i])) continue;
    const at = isLog ? Math.log10(y[i]) : y[i];
    if (at > top || at < bottom) points.push({ x: x[i], up: at > top, color: line.color });
  }
  return points;
}

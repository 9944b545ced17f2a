// Files with the raw points of a chart: the server makes them while they are sent.

import { element } from "./dom.js";

export function downloadPoints({ feed, runs }, chart, { format, axis, zoom }) {
  const asked = new URLSearchParams({ format, title: chart.title, x: axis });
  for (const run of runs) asked.append("run", run.id);
  for (const curve of chart.curves) asked.append("metric", curve.metric);
  if (zoom) for (const [i, end] of ["low", "high"].entries()) asked.set(end, zoom[i]);
  const link = Object.assign(element("a"), { href: `${feed}/points?${asked}`, download: "" });
  link.click();
}

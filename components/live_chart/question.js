// What is asked of the server for the charts in sight.

const COLUMN_BUCKET = 20;
const LEAST_COLUMNS = 60;
const MOST_COLUMNS = 12_000; // of all curves together; more than 30 runs are drawn a bit coarser

export function question(visible, { data, settings, token, shown }) {
  const { axis, xscale, smoothing, zoom, marks, clip } = settings.values;
  const curves = visible.flatMap((view) => view.chart.curves);
  const smooth = smoothing ? curves.filter((curve) => curve.smooth) : [];
  const layers = (data.entries ?? data.runs).length * (curves.length + smooth.length);
  const widest = Math.max(...visible.map((view) => view.columns));
  const columns = Math.ceil(widest / COLUMN_BUCKET) * COLUMN_BUCKET;
  return {
    run: data.runs.map((run) => run.id),
    metric: curves.map((curve) => curve.metric),
    smooth: smooth.map((curve) => curve.metric),
    x: axis,
    log: xscale === "log" && axis !== "wall",
    width: Math.max(LEAST_COLUMNS, Math.min(columns, Math.floor(MOST_COLUMNS / layers))),
    weight: smoothing,
    marks: data.runs.length === 1 ? marks : [],
    clip: clip === "on",
    groups: data.groups ?? {},
    band: data.band ?? "std",
    baseline: data.baseline ?? "",
    relative: data.relative ?? "difference",
    ...(token && { shown }),
    have: token,
    ...(zoom && { low: zoom[0], high: zoom[1] }),
  };
}

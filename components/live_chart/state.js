// What the newest answer of the feed says about the runs.

import { curveId } from "./feed.js";

const PAUSE_MS = { live: 1000, waiting: 2000, ended: 10_000 };

// How long to wait until it is worth asking again.
export function pauseAfter(header) {
  if (!header) return PAUSE_MS.waiting;
  const runs = Object.values(header.runs);
  if (runs.some((run) => run.status === "running")) return PAUSE_MS.live;
  return runs.some((run) => run.active) ? PAUSE_MS.waiting : PAUSE_MS.ended;
}

export function statusOf(header) {
  const runs = Object.values(header?.runs ?? {});
  const problems = Object.values(header?.problems ?? {});
  if (problems.length) return { mood: "trouble", text: problems[0] };
  const live = runs.filter((run) => run.status === "running").length;
  const one = live ? "Live" : runs[0]?.status;
  const text = runs.length > 1 ? `${live} of ${runs.length} live` : one;
  return { mood: live ? "live" : "calm", text };
}

// What a chart without points says instead; its lines are empty only when the server has said so.
export function emptyTextOf(header, lines) {
  if (!header) return "Loading";
  const problem = Object.values(header.problems ?? {})[0];
  if (problem) return problem;
  const told = new Set(header.empty.map(([run, metric]) => curveId(run, metric)));
  if (!lines.some((line) => told.has(line.id))) return "Loading";
  const active = Object.values(header.runs).some((run) => run.active);
  return active ? "Waiting for the first point" : "No points were recorded";
}

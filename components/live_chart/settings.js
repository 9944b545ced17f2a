// How the viewer looks at the charts: in the address (to share), and remembered by this browser.

import { recalled, recalledDocument, remember } from "./storage.js";

export const AXES = {
  step: "Step",
  epoch: "Epoch",
  examples: "Samples seen",
  tokens: "Tokens seen",
  time: "Time since start",
  wall: "Wall time",
};
export const SCALES = { auto: "Auto", linear: "Linear", log: "Log" };
export const X_SCALES = { linear: "Linear", log: "Log" };
export const CLIPS = { off: "Show all", on: "Clip" };
export const KINDS = {
  changes: "Changes of settings",
  alerts: "Alerts and warnings",
  trouble: "Trouble",
  checkpoints: "Checkpoints",
  resumes: "Resumes",
  drift: "Drift",
  best: "Best step",
};

const among = (options) => (text) => (Object.hasOwn(options, text) ? text : undefined);
const READ = {
  smoothing: (text) => (Number(text) >= 0 && Number(text) <= 0.99 ? Number(text) : undefined),
  axis: among(AXES),
  scale: among(SCALES),
  xscale: among(X_SCALES),
  clip: among(CLIPS),
  marks: (text) => text.split("~").filter((kind) => Object.hasOwn(KINDS, kind)),
  zoom: (text) => {
    const ends = text.split("~").map(Number);
    return ends.length === 2 && ends.every(Number.isFinite) && ends[0] < ends[1] ? ends : undefined;
  },
  search: (text) => text,
  full: (text) => text,
};
const WRITE = {
  marks: (kinds) => kinds.join("~") || "none",
  // wall times have ten digits before the point
  zoom: (ends) => ends.map((end) => Number(end.toPrecision(13))).join("~"),
};
const REMEMBERED = ["smoothing", "axis", "scale", "xscale", "clip", "marks"];
const OF_THE_RUNS = ["zoom", "search", "full"];
const written = (name, value) => (WRITE[name] ?? String)(value);

export class Settings {
  constructor(key, defaults, runs) {
    this.key = key;
    this.runs = runs;
    this.values = { ...defaults, zoom: null, search: "", full: null };
    this.hidden = new Set(Object.values(recalledDocument(sessionStorage, `${key}.hidden`, [])));
    const address = new URLSearchParams(location.search);
    const left = this.leftBehind();
    for (const name of Object.keys(READ)) {
      const remembered = REMEMBERED.includes(name) ? recalled(localStorage, `td.${name}`) : null;
      for (const text of [remembered, left[name] ?? null, address.get(`${key}.${name}`)]) {
        const value = text === null ? undefined : READ[name](text);
        if (value !== undefined) this.values[name] = value;
      }
    }
    this.tellAddress(OF_THE_RUNS);
  }

  // What was looked at when the page was left, if it was the same runs.
  leftBehind() {
    const left = recalledDocument(sessionStorage, `${this.key}.view`, {});
    return left.runs === this.runs ? left.view : {};
  }

  change(changes) {
    Object.assign(this.values, changes);
    for (const name of Object.keys(changes)) {
      if (!REMEMBERED.includes(name)) continue;
      remember(localStorage, `td.${name}`, written(name, this.values[name]));
    }
    this.tellAddress(Object.keys(changes));
    const chosen = OF_THE_RUNS.filter((name) => this.values[name]);
    const view = Object.fromEntries(chosen.map((name) => [name, written(name, this.values[name])]));
    remember(sessionStorage, `${this.key}.view`, JSON.stringify({ runs: this.runs, view }));
  }

  tellAddress(names) {
    const address = new URL(location.href);
    for (const name of names) {
      const [parameter, value] = [`${this.key}.${name}`, this.values[name]];
      if (value === null || value === "") address.searchParams.delete(parameter);
      else address.searchParams.set(parameter, written(name, value));
    }
    if (address.href !== location.href) history.replaceState(history.state, "", address);
  }

  setHidden(ids, hide) {
    for (const id of ids) {
      if (hide) this.hidden.add(id);
      else this.hidden.delete(id);
    }
    remember(sessionStorage, `${this.key}.hidden`, JSON.stringify([...this.hidden]));
  }
}

// The chart board: a grid of charts that draw themselves from the live feed, without Streamlit.

import { ChartView } from "./chart.js";
import { element } from "./dom.js";
import { Poller, Refused, askBoard, askSeries, curveId } from "./feed.js";
import { linesOf } from "./lines.js";
import { loaded } from "./loading.js";
import { Settings } from "./settings.js";
import { themeOf } from "./theme.js";
import { Toolbar } from "./toolbar.js";

const PAUSE_MS = { live: 1000, waiting: 2000, ended: 10_000 };
const COLUMN_BUCKET = 20;
const LEAST_COLUMNS = 60;
const MOST_COLUMNS = 12_000; // of all curves together; more than 30 runs are drawn a bit coarser
const KINDS = ["changes", "alerts", "trouble", "checkpoints", "resumes", "drift", "best"];
const DRAG_ENDS = ["pointerup", "pointercancel", "blur"];

// Streamlit calls this when the board appears and whenever its data or the theme changes.
const boards = new WeakMap();
export default async function mount({ data, parentElement }) {
  await loaded(data);
  const board = boards.get(parentElement) ?? new Board(parentElement, data);
  boards.set(parentElement, board);
  board.update(data);
  return () => {
    board.close();
    boards.delete(parentElement);
  };
}

class Board {
  constructor(parent, data) {
    this.parent = parent;
    this.views = new Map();
    this.series = new Map();
    this.token = "";
    this.window = [0, 1];
    this.marks = null;
    this.cursor = null;
    this.waiting = new Set();
    this.dragmode = matchMedia("(pointer: coarse)").matches ? false : "zoom";
    this.settings = new Settings(data.key, data.settings);
    this.node = element("div", "td-board");
    this.grid = element("div", "td-grid");
    this.toolbar = new Toolbar(
      this.settings.values,
      (changes) => this.change(changes),
      () => this.zoomTo(null),
    );
    this.node.append(this.toolbar.node, this.grid);
    parent.append(this.node);
    this.watchLayout();
    this.poller = new Poller({
      ask: (signal) => this.ask(signal),
      accept: (answer) => this.accept(answer),
      trouble: (error) => this.trouble(error),
      pause: () => this.pause(),
    });
  }

  watchLayout() {
    this.sight = new IntersectionObserver((entries) => this.seen(entries), { rootMargin: "200px" });
    this.size = new ResizeObserver(() => this.resized());
    this.size.observe(this.grid);
    this.release = () => setTimeout(() => this.letGo());
    for (const end of DRAG_ENDS) window.addEventListener(end, this.release);
  }

  update(data) {
    const before = this.data?.runs.map((run) => run.id) ?? [];
    const layout = JSON.stringify([data.runs, data.overlay, data.charts]);
    if (before.length && !data.runs.some((run) => before.includes(run.id))) this.startOver();
    this.data = data;
    this.theme = themeOf(this.parent);
    if (layout !== this.layout) this.arrange(data.charts);
    this.layout = layout;
    this.toolbar.offerMarks(data.runs.length === 1);
    this.metrics = null;
    this.redrawAll();
    this.poller.now();
  }

  // Other runs have other steps: a zoom into the old ones means nothing for them.
  startOver() {
    this.series.clear();
    this.marks = null;
    this.header = null;
    this.token = "";
    this.settings.change({ zoom: null });
    this.toolbar.show(this.settings.values);
  }

  // Charts that stay keep their node.
  arrange(charts) {
    this.charts = charts;
    const keys = new Set(charts.map((chart) => chart.key));
    for (const [key, view] of this.views) {
      if (keys.has(key)) continue;
      this.sight.unobserve(view.node);
      view.close();
      this.views.delete(key);
    }
    charts.forEach((chart, i) => {
      const view = this.views.get(chart.key) ?? this.added(chart);
      view.describe(chart);
      const there = this.grid.children[i];
      if (there !== view.node) this.grid.insertBefore(view.node, there);
    });
  }

  added(chart) {
    const view = new ChartView(this, chart);
    this.views.set(chart.key, view);
    this.sight.observe(view.node);
    return view;
  }

  // -- asking ------------------------------------------------------------------------------

  async ask(signal) {
    if (!this.views.size) await this.layOut(signal);
    const visible = [...this.views.values()].filter((view) => view.visible);
    if (!visible.length) return null;
    const answer = await askSeries(this.data.feed, this.question(visible), signal);
    if (answer && answer.header.metrics !== this.metrics) {
      await this.layOut(signal);
      this.metrics = answer.header.metrics;
    }
    return answer;
  }

  // The charts for what was logged by now and what the page expects.
  async layOut(signal) {
    const { grow, overlay, expected, without, only, feed } = this.data;
    if (!grow) return;
    const run = this.data.runs.map((entry) => entry.id);
    const kind = overlay ? "overlay" : "live";
    this.arrange(await askBoard(feed, { run, metric: expected, kind, without, only }, signal));
  }

  question(visible) {
    const { axis, smoothing, zoom, marks } = this.settings.values;
    const curves = visible.flatMap((view) => view.chart.curves);
    const smooth = smoothing ? curves.filter((curve) => curve.smooth) : [];
    const layers = this.data.runs.length * (curves.length + smooth.length);
    const columns = Math.ceil(visible[0].columns / COLUMN_BUCKET) * COLUMN_BUCKET;
    return {
      run: this.data.runs.map((run) => run.id),
      metric: curves.map((curve) => curve.metric),
      smooth: smooth.map((curve) => curve.metric),
      x: axis,
      width: Math.max(LEAST_COLUMNS, Math.min(columns, Math.floor(MOST_COLUMNS / layers))),
      weight: smoothing,
      marks: marks === "on" && this.data.runs.length === 1 ? KINDS : [],
      have: this.token,
      ...(zoom && { low: zoom[0], high: zoom[1] }),
    };
  }

  accept(answer) {
    if (answer) {
      const { header, curves } = answer;
      const axis = this.settings.values.axis;
      for (const curve of curves) this.series.set(curve.id, { ...curve, axis });
      for (const [run, metric] of header.empty) this.series.delete(curveId(run, metric));
      if (header.marks) this.marks = { axis, drawn: header.marks };
      const widened = JSON.stringify(header.window) !== JSON.stringify(this.window);
      this.token = header.token;
      this.header = header;
      this.window = header.window ?? this.window;
      const news = new Set(curves.map((curve) => curve.id));
      for (const view of this.views.values()) {
        const changed = this.lines(view).some((line) => news.has(line.id));
        const all = widened || header.marks || header.empty.length;
        if (changed || all || !view.scene) this.redraw(view);
      }
    }
    this.tellStatus();
  }

  trouble(error) {
    const text = error instanceof Refused ? error.message : "Server unreachable, trying again";
    this.toolbar.tell("trouble", text);
    this.redrawAll();
  }

  pause() {
    if (!this.header) return PAUSE_MS.waiting;
    const runs = Object.values(this.header.runs);
    if (runs.some((run) => run.status === "running")) return PAUSE_MS.live;
    return runs.some((run) => run.active) ? PAUSE_MS.waiting : PAUSE_MS.ended;
  }

  tellStatus() {
    const runs = Object.values(this.header?.runs ?? {});
    const problems = Object.values(this.header?.problems ?? {});
    const live = runs.filter((run) => run.status === "running").length;
    const one = live ? "Live" : runs[0]?.status;
    const text = runs.length > 1 ? `${live} of ${runs.length} live` : one;
    if (problems.length) this.toolbar.tell("trouble", problems[0]);
    else if (text) this.toolbar.tell(live ? "live" : "calm", text);
  }

  // -- drawing -----------------------------------------------------------------------------

  lines(view) {
    return linesOf(view.chart, this.data, this.settings, this.series);
  }

  redrawAll() {
    for (const view of this.views.values()) this.redraw(view);
  }

  // One chart a frame, so that the page stays quick.
  redraw(view) {
    this.waiting.add(view);
    this.frame ??= requestAnimationFrame(() => this.drawNext());
  }

  drawNext() {
    this.frame = null;
    if (this.held) return;
    const view = [...this.waiting].find((candidate) => candidate.visible);
    if (!view) return;
    this.waiting.delete(view);
    if (this.views.get(view.chart.key) === view) view.draw(this.scene(), this.lines(view));
    if (this.waiting.size) this.frame = requestAnimationFrame(() => this.drawNext());
  }

  scene() {
    const { zoom, axis, marks } = this.settings.values;
    const [low, high] = zoom ?? this.window;
    const marked = marks === "on" && this.marks?.axis === axis;
    const { Plotly } = globalThis;
    return {
      Plotly,
      theme: this.theme,
      settings: this.settings.values,
      dragmode: this.dragmode,
      cursor: this.cursor,
      marks: marked ? this.marks.drawn : [],
      window: high > low ? [low, high] : [low - 0.5, low + 0.5],
      emptyText: this.emptyText(),
    };
  }

  emptyText() {
    const problem = Object.values(this.header?.problems ?? {})[0];
    const active = !this.header || Object.values(this.header.runs).some((run) => run.active);
    return problem ?? (active ? "Waiting for the first point" : "No points were recorded");
  }

  seen(entries) {
    for (const entry of entries) {
      const view = [...this.views.values()].find((candidate) => candidate.node === entry.target);
      if (!view) continue;
      view.visible = entry.isIntersecting;
      if (view.visible) this.redraw(view);
    }
    clearTimeout(this.scrolled);
    this.scrolled = setTimeout(() => this.poller.now(), 60);
  }

  resized() {
    const width = this.grid.clientWidth;
    if (width === this.width || !width) return;
    const first = this.width === undefined;
    this.width = width;
    this.redrawAll();
    clearTimeout(this.scrolled);
    if (!first) this.scrolled = setTimeout(() => this.poller.now(), 150);
  }

  // -- what the viewer does ----------------------------------------------------------------

  change(changes) {
    this.settings.change(changes);
    this.toolbar.show(this.settings.values);
    const other = "scale" in changes || "axis" in changes;
    if (other) for (const view of this.views.values()) view.yZoom = null;
    if (changes.marks === "off") this.redrawAll();
    if ("scale" in changes) this.redrawAll();
    else this.poller.now();
  }

  zoomTo(zoom) {
    this.change({ zoom });
  }

  dragWith(mode) {
    this.dragmode = mode;
    this.redrawAll();
  }

  toggle(id) {
    this.settings.setHidden([id], !this.settings.hidden.has(id));
    this.redrawAll();
  }

  // Alone, or all again when it was alone already.
  isolate(view, id) {
    const others = view.lines.map((line) => line.id).filter((other) => other !== id);
    const alone = others.every((other) => this.settings.hidden.has(other));
    this.settings.setHidden(others, !alone);
    this.settings.setHidden([id], false);
    this.redrawAll();
  }

  pointAt(x, source = null, height = null) {
    this.cursor = x;
    this.pointed = [source, height];
    this.pointing ??= requestAnimationFrame(() => {
      this.pointing = null;
      const [pointedView, at] = this.pointed;
      for (const view of this.views.values()) {
        if (view.visible) view.showCursor(this.cursor, view === pointedView ? at : null);
      }
    });
  }

  // A refresh in the middle of a drag would end it.
  hold() {
    this.held = true;
  }

  letGo() {
    this.held = false;
    if (this.waiting.size) this.frame ??= requestAnimationFrame(() => this.drawNext());
  }

  close() {
    this.poller.close();
    this.sight.disconnect();
    this.size.disconnect();
    for (const end of DRAG_ENDS) window.removeEventListener(end, this.release);
    cancelAnimationFrame(this.frame);
    for (const view of this.views.values()) view.close();
    this.node.remove();
  }
}

// The chart board: charts that draw themselves from the live feed, without Streamlit.

import { across } from "./across.js";
import { Charts } from "./charts.js";
import { element } from "./dom.js";
import { downloadPoints } from "./download.js";
import { Poller, Refused, askBoard, askSeries, curveId } from "./feed.js";
import { linesOf } from "./lines.js";
import { loaded } from "./loading.js";
import { menuIsOpen } from "./menu.js";
import { Personal } from "./personal.js";
import { question } from "./question.js";
import { Queue } from "./queue.js";
import { searched } from "./search.js";
import { Sections } from "./sections.js";
import { Settings } from "./settings.js";
import { emptyTextOf, pauseAfter, statusOf } from "./state.js";
import { themeOf } from "./theme.js";
import { Toolbar } from "./toolbar.js";

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
    this.series = new Map();
    this.token = "";
    this.window = [0, 1];
    this.marks = null;
    this.cursor = null;
    this.dragmode = matchMedia("(pointer: coarse)").matches ? false : "zoom";
    this.settings = new Settings(data.key, data.settings, runsOf(data));
    this.personal = new Personal(data.key);
    this.node = element("div", "td-board");
    this.sections = new Sections(this.personal, { folded: () => this.poller.now() });
    this.toolbar = new Toolbar({
      change: (changes) => this.change(changes),
      restore: () => this.restore(),
    });
    this.said = element("span", "td-said");
    this.said.setAttribute("aria-live", "polite");
    this.node.append(this.toolbar.node, this.sections.node, this.said);
    parent.append(this.node);
    this.queue = new Queue((view) => this.drawNow(view));
    this.charts = new Charts(this, {
      appeared: (view) => this.redraw(view),
      settled: () => this.askSoon(60),
      released: (view) => this.forget(view),
    });
    this.watchLayout();
    this.poller = new Poller({
      ask: (signal) => this.ask(signal),
      accept: (answer) => this.accept(answer),
      trouble: (error) => this.trouble(error),
      pause: () => this.pause(),
    });
    this.toolbar.show(this.settings.values);
  }

  watchLayout() {
    this.size = new ResizeObserver(() => this.resized());
    this.size.observe(this.sections.node);
    this.release = () => setTimeout(() => this.queue.hold(false));
    for (const end of DRAG_ENDS) window.addEventListener(end, this.release);
    this.onKey = (event) => {
      const { full } = this.charts;
      if (event.key === "Escape" && full && !menuIsOpen()) this.toggleFull(full);
    };
    this.onResize = () => this.charts.full && this.restyled(this.charts.full);
    document.addEventListener("keydown", this.onKey);
    window.addEventListener("resize", this.onResize);
  }

  update(data) {
    const before = this.data?.runs.map((run) => run.id) ?? [];
    const shown = [data.runs, data.entries, data.overlay, data.charts, data.without, data.only];
    const layout = JSON.stringify(shown);
    this.settings.runs = runsOf(data);
    if (before.length && !data.runs.some((run) => before.includes(run.id))) this.startOver();
    this.data = data;
    this.theme = themeOf(this.parent);
    if (layout !== this.layout && data.charts) this.arrange(data.charts);
    this.layout = layout;
    const alone = data.runs.length === 1;
    this.toolbar.offerMarks(alone);
    if (!alone) this.marks = null;
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

  arrange(charts) {
    this.sections.arrange(this.charts.describe(charts));
    this.find();
    this.showFull();
  }

  rearrange() {
    this.arrange(this.charts.all.map((view) => view.chart));
  }

  // -- asking ------------------------------------------------------------------------------

  async ask(signal) {
    if (!this.charts.all.length) await this.layOut(signal);
    const { visible } = this.charts;
    if (!visible.length) return null;
    const { data, settings, token, window: shown } = this;
    const asked = question(visible, { data, settings, token, shown });
    const answer = await askSeries(data.feed, asked, signal);
    if (answer && answer.header.metrics !== this.metrics) {
      await this.layOut(signal);
      this.metrics = answer.header.metrics;
    }
    return answer;
  }

  // The charts for what was logged by now and what the page expects.
  async layOut(signal) {
    const { grow, overlay, expected, without, only, feed, runs } = this.data;
    if (!grow) return;
    const kind = overlay ? "overlay" : "live";
    const asked = { run: runs.map((run) => run.id), metric: expected, kind, without, only };
    this.arrange(await askBoard(feed, asked, signal));
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
      for (const view of this.charts.visible) {
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
    return pauseAfter(this.header);
  }

  tellStatus() {
    const { mood, text } = statusOf(this.header);
    if (text) this.toolbar.tell(mood, text);
  }

  // -- drawing -----------------------------------------------------------------------------

  lines(view) {
    return linesOf(view.chart, this.data, this.settings, this.series);
  }

  redrawAll() {
    for (const view of this.charts.visible) this.redraw(view);
  }

  redraw(view) {
    this.queue.add(view);
  }

  drawNow(view) {
    if (this.charts.visible.includes(view)) view.draw(this.scene(), this.lines(view));
  }

  scene() {
    const { zoom, axis, xscale } = this.settings.values;
    const [low, high] = zoom ?? this.window;
    const { Plotly } = globalThis;
    const ends = high > low ? [low, high] : [low - 0.5, low + 0.5];
    return {
      Plotly,
      theme: this.theme,
      settings: this.settings.values,
      dragmode: this.dragmode,
      cursor: this.cursor,
      marks: this.marks?.axis === axis ? this.marks.drawn : [],
      across: across(ends, xscale === "log" && axis !== "wall" && ends[0] > 0),
      relative: Boolean(this.data.baseline),
      emptyText: (lines) => emptyTextOf(this.header, lines),
    };
  }

  forget(view) {
    for (const line of this.lines(view)) this.series.delete(line.id);
  }

  askSoon(wait) {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.poller.now(), wait);
  }

  resized() {
    const width = this.sections.node.clientWidth;
    if (width === this.width || !width) return;
    const first = this.width === undefined;
    this.width = width;
    this.redrawAll();
    if (!first) this.askSoon(150);
  }

  // -- what the viewer does ----------------------------------------------------------------

  get zoom() {
    return this.settings.values.zoom;
  }

  change(changes) {
    this.settings.change(changes);
    this.toolbar.show(this.settings.values);
    const other = ["scale", "axis", "clip"].some((name) => name in changes);
    if (other) for (const view of this.charts.all) view.yZoom = null;
    if ("search" in changes) this.find();
    if (changes.marks) this.marks = changes.marks.length ? this.marks : null;
    this.redrawAll();
    this.poller.now();
  }

  // A pattern that means nothing changes nothing: it may be half written.
  find() {
    const { search } = this.settings.values;
    const { matches, error } = searched(search);
    this.toolbar.tellSearch(error);
    if (!error) this.sections.show(search.trim() ? matches : null);
    else if (!this.sections.matches) this.sections.show(null);
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

  togglePin(view) {
    this.personal.pin(view.chart.key, !this.personal.isPinned(view.chart.key));
    this.rearrange();
    view.restyle();
    view.pin.focus({ preventScroll: true });
  }

  toggleFull(view) {
    this.settings.change({ full: view === this.charts.full ? null : view.chart.key });
    this.showFull();
  }

  // The chart that the address names, or none.
  showFull() {
    const full = this.charts.named(this.settings.values.full);
    const before = this.charts.full;
    if (full === before) return;
    this.charts.full = full;
    before?.showFull(false);
    full?.showFull(true);
    for (const view of [before, full]) if (view) this.redraw(view);
    this.redrawAll();
    this.poller.now();
  }

  restyled(view) {
    view.restyle();
    view.yZoom = null;
    this.redraw(view);
    this.askSoon(150);
  }

  restore() {
    this.personal.reset();
    this.rearrange();
    for (const view of this.charts.all) view.restyle();
    this.redrawAll();
  }

  neighbours(view) {
    return this.sections.sectionOf(view).views;
  }

  moved(view, to) {
    const { place, of } = this.sections.move(view, to);
    this.said.textContent = `${view.chart.title}: ${place} of ${of}`;
  }

  downloadPoints(chart, format, zoomed) {
    const { axis, zoom } = this.settings.values;
    downloadPoints(this.data, chart, { format, axis, zoom: zoomed ? zoom : null });
  }

  pointAt(x, source = null, height = null) {
    this.cursor = x;
    this.pointed = [source, height];
    this.pointing ??= requestAnimationFrame(() => {
      this.pointing = null;
      const [pointedView, at] = this.pointed;
      for (const view of this.charts.visible) view.showCursor(this.cursor, view === pointedView ? at : null);
    });
  }

  // A refresh in the middle of a drag would end it.
  hold() {
    this.queue.hold(true);
  }

  close() {
    this.poller.close();
    this.size.disconnect();
    for (const end of DRAG_ENDS) window.removeEventListener(end, this.release);
    document.removeEventListener("keydown", this.onKey);
    window.removeEventListener("resize", this.onResize);
    this.queue.close();
    this.toolbar.close();
    this.charts.close();
    this.node.remove();
  }
}

const runsOf = (data) => data.runs.map((run) => run.id).join(",");

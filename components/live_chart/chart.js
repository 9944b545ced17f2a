// One chart: its title, its tools, its legend, its Plotly picture and the cursor on it.

import { openChartMenu } from "./chart_menu.js";
import { clipped } from "./clipping.js";
import { element, iconButton, named } from "./dom.js";
import { drawLegend, drawValues } from "./legend.js";
import { markTraces, marksAt } from "./marks.js";
import { MARGIN, clippedTrace, forDownload, layout, traces } from "./picture.js";
import { valueRange } from "./points.js";
import { sortable } from "./sorting.js";
import { markRows, tipContent } from "./tip.js";

const HEIGHTS = { S: 140, M: 230, L: 400 };
const LEAST_FULL = 200;

export class ChartView {
  // `host` is told about zooms, cursors and clicks. Until the chart comes into sight it is a title.
  constructor(host, chart) {
    this.host = host;
    this.visible = false;
    this.scene = null;
    this.yZoom = null;
    this.height = null;
    this.body = null;
    this.node = element("section", "td-chart td-unseen");
    this.node.dataset.chart = chart.key;
    this.head = element("div", "td-head");
    this.title = element("h4", "td-title");
    this.head.append(this.title);
    this.node.append(this.head);
    this.describe(chart);
  }

  describe(chart) {
    this.chart = chart;
    const metrics = chart.curves.map((curve) => curve.metric);
    this.texts = [chart.title, ...metrics];
    this.node.setAttribute("aria-label", chart.title);
    this.title.replaceChildren(chart.title, element("span", "td-unit", chart.unit ?? ""));
    this.title.title = [chart.help, ...metrics].filter(Boolean).join("\n");
  }

  // Everything that only a chart in sight needs.
  build() {
    this.legend = element("div", "td-legend");
    this.plot = element("div", "td-plot");
    this.picture = element("div", "td-picture");
    this.cursor = element("div", "td-cursor");
    this.tip = element("div", "td-tip");
    this.note = element("div", "td-note");
    this.empty = element("div", "td-empty", "Loading");
    this.cursor.hidden = this.tip.hidden = this.note.hidden = true;
    this.plot.append(this.picture, this.cursor, this.tip, this.note, this.empty);
    this.head.append(this.tools());
    this.node.append(this.legend, this.plot);
    this.node.classList.remove("td-unseen");
    this.node.style.minHeight = "";
    this.body = [this.head.lastChild, this.legend, this.plot];
    this.plot.addEventListener("pointermove", (event) => this.point(event));
    this.plot.addEventListener("pointerleave", () => this.host.pointAt(null));
    this.picture.addEventListener("pointerdown", () => this.host.hold());
    this.restyle();
  }

  // Out of sight for long: only the title and the room it takes stay.
  release() {
    if (!this.body) return;
    this.node.style.minHeight = `${this.node.offsetHeight}px`;
    if (this.scene) this.scene.Plotly.purge(this.picture);
    for (const part of this.body) part.remove();
    this.node.classList.add("td-unseen");
    this.body = this.scene = null;
  }

  tools() {
    const { host } = this;
    const tools = element("div", "td-tools");
    const grip = iconButton("td-grip", "grip", "", () => {});
    named(grip, "Move: drag, or use the arrow keys");
    this.pin = iconButton("td-pin", "pin", "Pin to the top", () => host.togglePin(this));
    this.fullButton = iconButton("td-full-button", "full", "Full screen", () => host.toggleFull(this));
    const more = iconButton("td-more", "more", "Size, scale, download", () =>
      openChartMenu(more, this, host),
    );
    more.setAttribute("aria-haspopup", "dialog");
    tools.append(grip, this.pin, this.fullButton, more);
    sortable(this, grip, host);
    return tools;
  }

  // Takes over what the viewer chose for this chart.
  restyle() {
    if (!this.body) return;
    const { personal } = this.host;
    const size = personal.size(this.chart.key);
    this.node.classList.toggle("td-large", size === "L");
    this.node.classList.toggle("td-small", size === "S");
    const pinned = personal.isPinned(this.chart.key);
    this.pin.setAttribute("aria-pressed", String(pinned));
    named(this.pin, pinned ? "Unpin" : "Pin to the top");
    this.plot.style.height = `${this.pictureHeight}px`;
  }

  get isFull() {
    return this.node.classList.contains("td-full");
  }

  get pictureHeight() {
    if (!this.isFull) return HEIGHTS[this.host.personal.size(this.chart.key)];
    return Math.max(LEAST_FULL, innerHeight - this.plot.getBoundingClientRect().top - 12);
  }

  // The same node, above everything else of the page.
  showFull(full) {
    if (full === this.isFull) return;
    if (!this.body) this.build();
    this.node.popover = full ? "manual" : null;
    this.node.classList.toggle("td-full", full);
    if (full) this.node.showPopover();
    named(this.fullButton, full ? "Leave full screen" : "Full screen");
    this.restyle();
    this.fullButton.focus({ preventScroll: true });
  }

  get columns() {
    return Math.max(50, Math.round((this.plot?.clientWidth ?? 0) - MARGIN.l - MARGIN.r));
  }

  get isLog() {
    const scale = this.host.personal.scale(this.chart.key) ?? this.scene.settings.scale;
    return scale === "auto" ? Boolean(this.chart.log && !this.scene.relative) : scale === "log";
  }

  // `scene` is everything outside the chart that decides its picture.
  draw(scene, lines) {
    if (!this.body) this.build();
    const first = this.scene === null;
    this.scene = scene;
    this.lines = lines;
    this.shown = lines.filter((line) => !line.hidden && line.raw);
    this.empty.textContent = scene.emptyText(lines);
    this.empty.hidden = lines.some((line) => line.raw);
    const plain = lines.length === 1 && lines[0].label === this.chart.title;
    this.legend.classList.toggle("td-plain", plain);
    drawLegend(this.legend, lines, {
      toggle: (id) => this.host.toggle(id),
      isolate: (id) => this.host.isolate(this, id),
    });
    if (this.isFull) this.plot.style.height = `${this.pictureHeight}px`;
    this.drawPicture();
    if (first) this.listen();
    this.showCursor(scene.cursor, this.height);
  }

  // The ranges are always given: Plotly's own memory (uirevision) would bring a zoom back that
  // was reset elsewhere, and would not know of a zoom in another chart.
  drawPicture() {
    const { Plotly, across, settings } = this.scene;
    const { columns, isLog, shown } = this;
    const clip = !this.yZoom && settings.clip === "on" ? clipped(shown, across.ends, isLog) : null;
    const y = this.yZoom ?? clip?.range ?? valueRange(shown, ...across.ends, isLog);
    this.ranges = { across, y };
    const isEmpty = !this.lines.some((line) => line.raw?.x.length);
    const marks = isEmpty ? [] : markTraces(this.scene.marks, this.scene.theme);
    const edge = clip ? clippedTrace(clip.points, columns, across) : [];
    const data = [...traces(shown, columns), ...edge, ...marks];
    const height = this.pictureHeight;
    const look = layout(this.scene, { ranges: this.ranges, isLog, columns, height, isEmpty });
    this.note.textContent = clip?.note ?? "";
    this.note.hidden = !clip?.note;
    Plotly.react(this.picture, data, look, {
      displaylogo: false,
      doubleClick: false,
      showTips: false,
      modeBarButtons: [["zoom2d", "pan2d"]],
    });
  }

  listen() {
    this.picture.on("plotly_relayout", (change) => this.relayouted(change));
    this.picture.on("plotly_doubleclick", () => {
      this.yZoom = null;
      this.host.zoomTo(null);
    });
  }

  relayouted(change) {
    const ends = (axis) =>
      [0, 1].map((i) => change[`${axis}.range[${i}]`] ?? change[`${axis}.range`]?.[i]);
    const [x, y] = [ends("xaxis"), ends("yaxis")];
    if (change.dragmode) this.host.dragWith(change.dragmode);
    if (y[0] !== undefined) this.yZoom = y;
    const { isLog } = this.ranges.across;
    if (x[0] !== undefined) this.host.zoomTo(isLog ? x.map((power) => 10 ** power) : x);
    else if (y[0] !== undefined) this.host.redraw(this);
  }

  download(format) {
    const { Plotly, theme } = this.scene;
    const image = forDownload(this.picture, this.chart.title, theme.background);
    const filename = this.chart.title.replaceAll(/[^\p{L}\p{N}]+/gu, "-");
    Plotly.downloadImage(image, { format, width: 1000, height: 500, scale: 2, filename });
  }

  point(event) {
    if (!this.scene) return;
    const box = this.plot.getBoundingClientRect();
    const left = event.clientX - box.left - MARGIN.l;
    const inside = left >= 0 && left <= this.columns && event.pointerType !== "touch";
    const x = this.ranges.across.at(left / this.columns);
    this.host.pointAt(inside ? x : null, this, event.clientY - box.top);
  }

  // `height` is where the pointer is, null in the charts that it is not on.
  showCursor(x, height) {
    this.height = height;
    if (!this.scene) return;
    const { across } = this.ranges;
    const [low, high] = across.ends;
    const shown = x !== null && x >= low && x <= high;
    this.cursor.hidden = !shown;
    this.tip.hidden = !shown || height === null;
    drawValues(this.legend, this.lines, shown ? x : null);
    if (!shown) return;
    const left = MARGIN.l + across.share(x) * this.columns;
    this.cursor.style.transform = `translateX(${left}px)`;
    if (height !== null) this.drawTip(x, left, height);
  }

  drawTip(x, left, height) {
    const lines = this.shown.filter((line) => line.raw.x.length);
    this.tip.hidden = !lines.length;
    const { across, y: [bottom, top] } = this.ranges;
    const share = (height - MARGIN.t) / (this.pictureHeight - MARGIN.t - MARGIN.b);
    const pixels = (count) => Math.abs(across.at(across.share(x) + count / this.columns) - x);
    const pointed = top - share * (top - bottom);
    const { axis } = this.scene.settings;
    const where = { x, axis, near: pixels(3), pointed, isLog: this.isLog };
    const rows = markRows(marksAt(this.scene.marks, x, pixels(5)), this.scene.theme);
    this.tip.replaceChildren(...tipContent(lines, where), ...rows);
    const [room, width] = [this.plot.clientWidth, this.tip.offsetWidth];
    const beside = left > room / 2 ? left - width - 12 : left + 12;
    this.tip.style.left = `${Math.max(0, Math.min(beside, room - width))}px`;
  }

  close() {
    if (this.scene) this.scene.Plotly.purge(this.picture);
    this.node.remove();
  }
}

// One chart: its title, its legend, its Plotly picture and the cursor on it.

import { element } from "./dom.js";
import { drawLegend, drawValues } from "./legend.js";
import { markTraces, marksAt } from "./marks.js";
import { HEIGHT, MARGIN, forDownload, layout, traces } from "./picture.js";
import { valueRange } from "./points.js";
import { markRows, tipContent } from "./tip.js";

export class ChartView {
  // `host` is told about zooms, cursors and clicks on the legend.
  constructor(host, chart) {
    this.host = host;
    this.visible = false;
    this.scene = null;
    this.yZoom = null;
    this.height = null;
    this.node = element("section", "td-chart");
    this.node.dataset.chart = chart.key;
    this.title = element("h4", "td-title");
    this.legend = element("div", "td-legend");
    this.plot = element("div", "td-plot");
    this.picture = element("div", "td-picture");
    this.cursor = element("div", "td-cursor");
    this.tip = element("div", "td-tip");
    this.empty = element("div", "td-empty", "Waiting for the first point");
    this.cursor.hidden = this.tip.hidden = true;
    this.plot.append(this.picture, this.cursor, this.tip, this.empty);
    this.node.append(this.title, this.legend, this.plot);
    this.plot.addEventListener("pointermove", (event) => this.point(event));
    this.plot.addEventListener("pointerleave", () => host.pointAt(null));
    this.picture.addEventListener("pointerdown", () => host.hold());
    this.describe(chart);
  }

  describe(chart) {
    this.chart = chart;
    this.title.replaceChildren(chart.title, element("span", "td-unit", chart.unit));
    this.title.title = [chart.help, ...chart.curves.map((curve) => curve.metric)]
      .filter(Boolean)
      .join("\n");
  }

  get columns() {
    return Math.max(50, Math.round(this.plot.clientWidth - MARGIN.l - MARGIN.r));
  }

  get isLog() {
    const { scale } = this.scene.settings;
    return scale === "auto" ? this.chart.log : scale === "log";
  }

  // `scene` is everything outside the chart that decides its picture.
  draw(scene, lines) {
    const first = this.scene === null;
    this.scene = scene;
    this.lines = lines;
    this.shown = lines.filter((line) => !line.hidden && line.raw);
    this.empty.textContent = scene.emptyText;
    this.empty.hidden = lines.some((line) => line.raw);
    const plain = lines.length === 1 && lines[0].label === this.chart.title;
    this.legend.classList.toggle("td-plain", plain);
    drawLegend(this.legend, lines, {
      toggle: (id) => this.host.toggle(id),
      isolate: (id) => this.host.isolate(this, id),
    });
    this.drawPicture();
    if (first) this.listen();
    this.showCursor(scene.cursor, this.height);
  }

  // The ranges are always given: Plotly's own memory (uirevision) would bring a zoom back that
  // was reset elsewhere, and would not know of a zoom in another chart.
  drawPicture() {
    const { Plotly, window } = this.scene;
    const { columns, isLog } = this;
    const y = this.yZoom ?? valueRange(this.shown, ...window, isLog);
    this.ranges = { x: window, y };
    const isEmpty = !this.lines.some((line) => line.raw?.x.length);
    const marks = isEmpty ? [] : markTraces(this.scene.marks, this.scene.theme);
    const data = [...traces(this.shown, columns), ...marks];
    const look = layout(this.scene, { ranges: this.ranges, isLog, columns, isEmpty });
    Plotly.react(this.picture, data, look, this.config(Plotly));
  }

  config(Plotly) {
    const click = () => this.download(Plotly);
    const icon = Plotly.Icons.camera;
    const download = { name: "download", title: "Download as PNG", icon, click };
    const modeBarButtons = [["zoom2d", "pan2d", download]];
    return { displaylogo: false, doubleClick: false, showTips: false, modeBarButtons };
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
    if (x[0] !== undefined) this.host.zoomTo(x);
    else if (y[0] !== undefined) this.host.redraw(this);
  }

  download(Plotly) {
    const image = forDownload(this.picture, this.chart.title, this.scene.theme.background);
    const filename = this.chart.title.replaceAll(/[^\p{L}\p{N}]+/gu, "-");
    Plotly.downloadImage(image, { format: "png", width: 1000, height: 500, scale: 2, filename });
  }

  point(event) {
    if (!this.scene) return;
    const box = this.plot.getBoundingClientRect();
    const across = event.clientX - box.left - MARGIN.l;
    const inside = across >= 0 && across <= this.columns && event.pointerType !== "touch";
    const [low, high] = this.ranges.x;
    const x = low + (across / this.columns) * (high - low);
    this.host.pointAt(inside ? x : null, this, event.clientY - box.top);
  }

  // `height` is where the pointer is, null in the charts that it is not on.
  showCursor(x, height) {
    this.height = height;
    if (!this.scene) return;
    const [low, high] = this.ranges.x;
    const shown = x !== null && x >= low && x <= high;
    this.cursor.hidden = !shown;
    this.tip.hidden = !shown || height === null;
    drawValues(this.legend, this.lines, shown ? x : null);
    if (!shown) return;
    const left = MARGIN.l + ((x - low) / (high - low)) * this.columns;
    this.cursor.style.transform = `translateX(${left}px)`;
    if (height !== null) this.drawTip(x, left, height);
  }

  drawTip(x, left, height) {
    const lines = this.shown.filter((line) => line.raw.x.length);
    this.tip.hidden = !lines.length;
    const { x: [low, high], y: [bottom, top] } = this.ranges;
    const share = (height - MARGIN.t) / (HEIGHT - MARGIN.t - MARGIN.b);
    const near = (3 * (high - low)) / this.columns;
    const pointed = top - share * (top - bottom);
    const { axis } = this.scene.settings;
    const where = { x, axis, near, pointed, isLog: this.isLog };
    const marks = marksAt(this.scene.marks, x, (5 * (high - low)) / this.columns);
    const rows = markRows(marks, this.scene.theme);
    this.tip.replaceChildren(...tipContent(lines, where), ...rows);
    const [room, width] = [this.plot.clientWidth, this.tip.offsetWidth];
    const beside = left > room / 2 ? left - width - 12 : left + 12;
    this.tip.style.left = `${Math.max(0, Math.min(beside, room - width))}px`;
  }

  close() {
    this.scene?.Plotly.purge(this.picture);
    this.node.remove();
  }
}

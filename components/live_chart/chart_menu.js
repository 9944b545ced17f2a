// What can be done with one chart beside looking at it.

import { button, element } from "./dom.js";
import { choice } from "./fields.js";
import { openMenu } from "./menu.js";

const SIZES = { S: "Small", M: "Medium", L: "Large" };
const SCALES = { "": "As the board", linear: "Linear", log: "Log" };

export function openChartMenu(opener, view, host) {
  const { personal } = host;
  const { key } = view.chart;
  const content = element("div", "td-view");
  const size = choice("Size", SIZES, (chosen) => {
    personal.resize(key, chosen);
    size.show(chosen);
    host.restyled(view);
  });
  size.show(personal.size(key));
  const scale = choice("Y axis", SCALES, (chosen) => {
    personal.rescale(key, chosen);
    scale.show(chosen);
    host.restyled(view);
  });
  scale.show(personal.scale(key) ?? "");
  content.append(size.node, scale.node, ...downloads(view, host, () => menu.close()));
  const menu = openMenu(opener, `${view.chart.title}: options`, content);
}

function downloads(view, host, done) {
  const file = (text, get) =>
    button("td-button", text, () => {
      done();
      get();
    });
  const row = (name, ...buttons) => {
    const node = element("div", "td-field");
    node.append(element("span", "td-label", name), ...buttons);
    return node;
  };
  const points = (format, zoomed) => host.downloadPoints(view.chart, format, zoomed);
  const rows = [
    row("Picture", file("PNG", () => view.download("png")), file("SVG", () => view.download("svg"))),
    row(
      "All points",
      file("CSV", () => points("csv", false)),
      file("Parquet", () => points("parquet", false)),
    ),
  ];
  if (!host.zoom) return rows;
  const shown = row(
    "Shown points",
    file("CSV", () => points("csv", true)),
    file("Parquet", () => points("parquet", true)),
  );
  return [...rows, shown];
}

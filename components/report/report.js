// Draws the charts of a report from the numbers in the page, in the colours of the reader's theme.
"use strict";
const figures = JSON.parse(document.getElementById("figures").textContent);
const nodes = [...document.querySelectorAll(".plot")];
const config = { displaylogo: false, responsive: false, showTips: false };
const PRINTED = 8.27 * 96 - 2 * 14 * (96 / 25.4); // the width of a page of A4 between its margins
const dark = matchMedia("(prefers-color-scheme: dark)");
let printing = false;

function colors() {
  const night = dark.matches && !printing;
  return night
    ? { text: "#e4e8ee", faint: "#9aa5b4", grid: "#2a323e", page: "#12161c" }
    : { text: "#1c2430", faint: "#5b6675", grid: "#e3e7ed", page: "#ffffff" };
}

// An axis keeps what the figure says of it and gets the colours of the theme.
function axis(own) {
  const { grid, faint } = colors();
  return { gridcolor: grid, linecolor: grid, tickcolor: grid, color: faint, ...own };
}

function layout(figure, node) {
  const { text, faint, page } = colors();
  const clear = "rgba(0,0,0,0)";
  const own = figure.layout;
  return {
    ...own,
    width: widthOf(node),
    height: own.height * (printing ? 0.78 : 1),
    xaxis: axis(own.xaxis),
    yaxis: axis(own.yaxis),
    paper_bgcolor: clear,
    plot_bgcolor: clear,
    font: { family: getComputedStyle(document.body).fontFamily, size: 11, color: faint },
    hoverlabel: { bgcolor: page, font: { color: text, size: 12 }, bordercolor: faint },
    modebar: { bgcolor: clear, color: faint, activecolor: text, orientation: "v" },
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
  };
}

function widthOf(node) {
  if (!printing) return node.clientWidth;
  const whole = node.closest(".wide") || !node.closest(".charts");
  return (whole ? PRINTED : (PRINTED - 16) / 2) - 32;
}

// A zoom survives: the ranges are those of the drawn chart.
function redraw() {
  nodes.forEach((node, i) => {
    const fresh = layout(figures[i], node);
    for (const name of ["xaxis", "yaxis"]) {
      const shown = node.layout?.[name];
      if (shown && shown.autorange !== true && shown.range) {
        fresh[name] = { ...fresh[name], range: [...shown.range], autorange: false };
      }
    }
    Plotly.react(node, node.data, fresh, config);
  });
}

// A name in a legend shows or hides its lines: in its own chart, or a run in all of them.
function toggle(button) {
  const hide = button.getAttribute("aria-pressed") === "true";
  button.setAttribute("aria-pressed", String(!hide));
  const [number, chart] = [Number(button.dataset.line), button.closest(".chart")];
  for (const node of chart ? [chart.querySelector(".plot")] : nodes) {
    const own = node.data.flatMap((trace, i) => (trace.meta === number ? [i] : []));
    if (own.length) Plotly.restyle(node, { visible: !hide }, own);
  }
}

nodes.forEach((node, i) => Plotly.newPlot(node, figures[i].data, layout(figures[i], node), config));
for (const button of document.querySelectorAll("button[data-line]")) {
  button.addEventListener("click", () => toggle(button));
}
let waiting = 0;
addEventListener("resize", () => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(redraw);
});
dark.addEventListener("change", redraw);
for (const [event, state] of [["beforeprint", true], ["afterprint", false]]) {
  addEventListener(event, () => {
    printing = state;
    redraw();
  });
}
document.documentElement.dataset.drawn = "true";

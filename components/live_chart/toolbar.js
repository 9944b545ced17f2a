// The controls above the charts and the state of the connection.

import { button, element } from "./dom.js";

const AXES = { step: "Step", epoch: "Epoch", time: "Time" };
const SCALES = { auto: "Auto", linear: "Linear", log: "Log" };
const MARKS = { on: "On", off: "Off" };
const MARKS_HELP = "Lines where the run was changed, warned of something or was at its best";
const SCALE_HELP = "Auto draws perplexity on a logarithmic scale and the rest on a linear one";

export class Toolbar {
  // `change` is called with what the viewer changed, `reset` to undo the zoom.
  constructor(settings, change, reset) {
    this.node = element("div", "td-bar");
    this.status = element("span", "td-status");
    this.status.setAttribute("role", "status");
    this.reset = button("td-reset", "Reset zoom", reset);
    this.axis = choice("X axis", AXES, (axis) => change({ axis, zoom: null }));
    this.scale = choice("Y axis", SCALES, (scale) => change({ scale }), SCALE_HELP);
    this.marks = choice("Marks", MARKS, (marks) => change({ marks }), MARKS_HELP);
    this.smoothing = slider((smoothing) => change({ smoothing }));
    const fields = [this.smoothing, this.axis, this.scale, this.marks].map((field) => field.node);
    this.node.append(...fields, this.reset, this.status);
    this.show(settings);
  }

  show({ smoothing, axis, scale, marks, zoom }) {
    this.smoothing.show(smoothing);
    this.axis.show(axis);
    this.scale.show(scale);
    this.marks.show(marks);
    this.reset.hidden = zoom === null;
  }

  // Marks of several runs in one chart would tell nobody whose they are.
  offerMarks(offered) {
    this.marks.node.hidden = !offered;
  }

  // `mood` colours the dot: live, calm or trouble.
  tell(mood, text) {
    if (this.status.dataset.mood === mood && this.status.textContent === text) return;
    this.status.dataset.mood = mood;
    this.status.textContent = text;
  }
}

function slider(change) {
  const node = element("label", "td-field");
  const input = element("input", "td-slider");
  Object.assign(input, { type: "range", min: 0, max: 0.99, step: 0.01 });
  const value = element("output", "td-slider-value");
  node.append(element("span", "td-label", "Smoothing"), input, value);
  node.title = "Debiased moving average; the raw curve stays visible behind it";
  const show = (smoothing) => {
    input.value = smoothing;
    value.textContent = smoothing === 0 ? "off" : smoothing.toFixed(2);
  };
  input.addEventListener("input", () => {
    show(Number(input.value));
    change(Number(input.value));
  });
  return { node, show };
}

function choice(name, options, change, help = "") {
  const node = element("div", "td-field");
  const group = element("div", "td-choice");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", name);
  node.title = help;
  const buttons = Object.entries(options).map(([value, text]) => {
    const made = button("", text, () => change(value));
    made.dataset.value = value;
    return made;
  });
  group.append(...buttons);
  node.append(element("span", "td-label", name), group);
  const show = (chosen) => {
    for (const made of buttons) {
      made.setAttribute("aria-pressed", String(made.dataset.value === chosen));
    }
  };
  return { node, show };
}

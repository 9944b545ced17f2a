// Small form fields: each has a node and shows a value.

import { button, element } from "./dom.js";

export function slider(name, change) {
  const node = element("label", "td-field");
  const input = element("input", "td-slider");
  Object.assign(input, { type: "range", min: 0, max: 0.99, step: 0.01 });
  const value = element("output", "td-slider-value");
  node.append(element("span", "td-label", name), input, value);
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

export function select(name, options, change) {
  const node = element("label", "td-field");
  const input = element("select", "td-input");
  for (const [value, text] of Object.entries(options)) {
    input.append(Object.assign(element("option", "", text), { value }));
  }
  input.addEventListener("change", () => change(input.value));
  node.append(element("span", "td-label", name), input);
  return {
    node,
    show: (chosen) => {
      input.value = chosen;
    },
  };
}

export function choice(name, options, change, help = "") {
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

export function checks(name, options, change, help = "") {
  const node = element("fieldset", "td-checks");
  node.title = help;
  node.append(element("legend", "td-label", name));
  const boxes = Object.entries(options).map(([value, text]) => {
    const label = element("label", "td-check");
    const box = Object.assign(element("input"), { type: "checkbox", value });
    box.addEventListener("change", () => change(chosen()));
    label.append(box, element("span", "", text));
    node.append(label);
    return box;
  });
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const show = (values) => {
    for (const box of boxes) box.checked = values.includes(box.value);
  };
  return { node, show };
}

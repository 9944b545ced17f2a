// The controls above the charts and the state of the connection.

import { button, element } from "./dom.js";
import { checks, choice, select, slider } from "./fields.js";
import { openMenu } from "./menu.js";
import { AXES, CLIPS, KINDS, SCALES, X_SCALES } from "./settings.js";

const NARROW = "(max-width: 640px)";
const HELP = {
  scale: "Auto draws perplexity and the like on a logarithmic scale and the rest on a linear one",
  xscale: "What happened at 0 has no place on a logarithmic scale",
  clip: "Clip looks at the 98 of 100 points in the middle; what lies beyond is marked at the edge",
  marks: "Lines where something happened to the run",
};

export class Toolbar {
  // `change` is called with what the viewer changed, `restore` to undo how charts were arranged.
  constructor({ change, restore }) {
    this.change = change;
    this.restore = restore;
    this.node = element("div", "td-bar");
    this.search = searchField((search) => change({ search }));
    this.smoothing = slider("Smoothing", (smoothing) => change({ smoothing }));
    this.axis = select("X axis", AXES, (axis) => change({ axis, zoom: null }));
    this.more = button("td-button", "View", () => this.openView());
    this.more.setAttribute("aria-haspopup", "dialog");
    this.reset = button("td-button td-reset", "Reset zoom", () => change({ zoom: null }));
    this.status = element("span", "td-status");
    this.status.setAttribute("role", "status");
    this.node.append(this.search.node, this.more, this.reset, this.status);
    this.scale = choice("Y axis", SCALES, (scale) => change({ scale }), HELP.scale);
    this.xscale = choice("X scale", X_SCALES, (xscale) => change({ xscale }), HELP.xscale);
    this.clip = choice("Outliers", CLIPS, (clip) => change({ clip }), HELP.clip);
    this.marks = checks("Marks", KINDS, (marks) => change({ marks }), HELP.marks);
    this.view = element("div", "td-view");
    const undo = button("td-button", "Restore order, sizes and pins", () => this.restore());
    this.view.append(...[this.scale, this.xscale, this.clip, this.marks].map((f) => f.node), undo);
    this.narrow = matchMedia(NARROW);
    this.onNarrow = () => this.place();
    this.narrow.addEventListener("change", this.onNarrow);
    this.place();
  }

  // On a phone the charts need the room: what is changed seldom stands in the menu.
  place() {
    const seldom = [this.smoothing.node, this.axis.node];
    if (this.narrow.matches) this.view.prepend(...seldom);
    else this.more.before(...seldom);
  }

  close() {
    this.narrow.removeEventListener("change", this.onNarrow);
  }

  show(settings) {
    for (const name of ["smoothing", "axis", "scale", "xscale", "clip", "marks", "search"]) {
      this[name].show(settings[name]);
    }
    this.reset.hidden = settings.zoom === null;
  }

  openView() {
    openMenu(this.more, "How the charts are drawn", this.view);
  }

  // Marks of several runs in one chart would tell nobody whose they are.
  offerMarks(offered) {
    this.marks.node.hidden = !offered;
  }

  tellSearch(error) {
    this.search.tell(error);
  }

  // `mood` colours the dot: live, calm or trouble.
  tell(mood, text) {
    if (this.status.dataset.mood === mood && this.status.textContent === text) return;
    this.status.dataset.mood = mood;
    this.status.textContent = text;
  }
}

function searchField(change) {
  const node = element("div", "td-field td-search");
  const input = element("input", "td-input");
  Object.assign(input, { type: "search", placeholder: "Search, or /pattern/", spellcheck: false });
  input.setAttribute("aria-label", "Search charts");
  const problem = element("span", "td-problem");
  problem.setAttribute("role", "alert");
  node.append(input, problem);
  input.addEventListener("input", () => change(input.value));
  return {
    node,
    show: (text) => {
      if (input.value !== text) input.value = text;
    },
    tell: (error) => {
      problem.textContent = error ?? "";
      input.setAttribute("aria-invalid", String(Boolean(error)));
    },
  };
}

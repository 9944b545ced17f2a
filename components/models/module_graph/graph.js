// A picture of a model in a frame: as large as fits, or larger and moved about.

const STEP = 1.3;
const LEAST = 0.1;
const MOST = 4;

export default function mount({ data, parentElement }) {
  if (parentElement.traindeckGraph?.svg !== data.svg) {
    parentElement.traindeckGraph?.node.remove();
    parentElement.traindeckGraph = new Graph(data.svg);
  }
  const graph = parentElement.traindeckGraph;
  if (graph.node.parentElement !== parentElement) parentElement.append(graph.node);
  graph.fit();
}

class Graph {
  constructor(svg) {
    this.svg = svg;
    this.node = document.createElement("div");
    const bar = element("div", "td-graph-bar");
    this.frame = element("div", "td-graph");
    this.frame.tabIndex = 0;
    this.frame.innerHTML = svg; // made by this program, which has escaped all words in it
    this.picture = this.frame.querySelector("svg");
    this.width = this.picture.viewBox.baseVal.width;
    this.height = this.picture.viewBox.baseVal.height;
    bar.append(
      button("−", "Smaller", () => this.zoom(this.scale / STEP)),
      button("+", "Larger", () => this.zoom(this.scale * STEP)),
      button("Fit", "As large as fits", () => this.fit()),
      button("100%", "As large as its words are meant", () => this.zoom(1)),
    );
    this.node.append(bar, this.frame);
    this.drag();
  }

  // The whole width, but no larger than meant, and never too small to be read.
  fit() {
    const wide = this.frame.clientWidth / this.width;
    this.zoom(Math.max(0.45, Math.min(1, wide || 1)));
  }

  zoom(scale) {
    this.scale = Math.max(LEAST, Math.min(MOST, scale));
    this.picture.setAttribute("width", this.width * this.scale);
    this.picture.setAttribute("height", this.height * this.scale);
  }

  drag() {
    let from = null;
    this.frame.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button) return;
      from = [event.clientX + this.frame.scrollLeft, event.clientY + this.frame.scrollTop];
    });
    this.frame.addEventListener("pointermove", (event) => {
      if (!from) return;
      this.frame.scrollLeft = from[0] - event.clientX;
      this.frame.scrollTop = from[1] - event.clientY;
    });
    for (const name of ["pointerup", "pointerleave"]) {
      this.frame.addEventListener(name, () => (from = null));
    }
  }
}

function element(tag, name) {
  return Object.assign(document.createElement(tag), { className: name });
}

function button(text, help, act) {
  const node = Object.assign(element("button", ""), { type: "button", title: help });
  node.textContent = text;
  node.setAttribute("aria-label", help);
  node.addEventListener("click", act);
  return node;
}

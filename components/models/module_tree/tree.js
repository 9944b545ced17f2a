// The tree of a model's modules: rows that open and close, a search, repeats folded.

const HEADS = [
  ["Module", ""],
  ["Output", "Shape of what it gives, with the batch"],
  ["Parameters", "Its own and those of its parts; the bar is the share of the model"],
  ["FLOPs", "Of the batch, in matrix products, convolutions and attention"],
  ["Kept", "What the backward pass needs kept of it for this batch"],
];

export default function mount({ data, parentElement }) {
  const text = JSON.stringify(data);
  if (parentElement.traindeckTree?.text !== text) {
    parentElement.traindeckTree?.node.remove();
    parentElement.traindeckTree = new Tree(data, text);
  }
  const { node } = parentElement.traindeckTree;
  if (node.parentElement !== parentElement) parentElement.append(node);
}

class Tree {
  constructor({ rows, colors }, text) {
    this.text = text;
    this.rows = rows;
    this.colors = colors;
    this.parts = rows.map(() => []);
    rows.forEach((row, number) => row.parent >= 0 && this.parts[row.parent].push(number));
    this.folds = true;
    this.words = "";
    this.open = new Set([0, ...this.parts[0].filter((part) => rows[part].is_list)]);
    this.node = element("div", "td-tree");
    this.node.append(this.bar(), this.table());
    this.draw();
  }

  bar() {
    const bar = element("div", "td-tree-bar");
    const search = Object.assign(element("input", ""), { type: "search", placeholder: "Search" });
    search.setAttribute("aria-label", "Search modules");
    search.addEventListener("input", () => {
      this.words = search.value.trim().toLowerCase();
      this.draw();
    });
    const fold = Object.assign(element("input", ""), { type: "checkbox", checked: true });
    fold.addEventListener("change", () => {
      this.folds = fold.checked;
      this.draw();
    });
    const label = element("label", "");
    label.append(fold, "Fold repeats");
    this.found = element("span", "td-tree-found");
    this.found.setAttribute("role", "status");
    bar.append(
      search,
      button("Expand all", () => this.openOnly(this.rows.keys())),
      button("Collapse all", () => this.openOnly([0])),
      label,
      this.found,
    );
    return bar;
  }

  table() {
    const table = element("table", "");
    table.setAttribute("role", "treegrid");
    table.setAttribute("aria-label", "Modules of the model");
    const head = element("tr", "");
    for (const [title, help] of HEADS) {
      head.append(Object.assign(element("th", "", title), { title: help, scope: "col" }));
    }
    this.body = element("tbody", "");
    this.body.addEventListener("click", (event) => this.toggle(event.target.closest("tr")));
    this.body.addEventListener("keydown", (event) => this.press(event));
    const top = element("thead", "");
    top.append(head);
    table.append(top, this.body);
    const scroll = element("div", "td-tree-scroll");
    scroll.append(table);
    return scroll;
  }

  openOnly(numbers) {
    this.open = new Set(numbers);
    this.draw();
  }

  toggle(line) {
    if (!line?.hasAttribute("aria-expanded")) return;
    const number = Number(line.dataset.number);
    if (!this.open.delete(number)) this.open.add(number);
    this.draw();
    this.focus(number);
  }

  focus(number) {
    this.body.querySelector(`[data-number="${number}"]`)?.focus();
  }

  press(event) {
    const line = event.target.closest("tr");
    const expanded = line?.getAttribute("aria-expanded");
    const moves = { ArrowDown: line?.nextElementSibling, ArrowUp: line?.previousElementSibling };
    if (event.key in moves) moves[event.key]?.focus();
    else if (event.key === "ArrowRight" && expanded === "false") this.toggle(line);
    else if (event.key === "ArrowLeft" && expanded === "true") this.toggle(line);
    else if (event.key === "ArrowLeft") this.focus(this.rows[line.dataset.number].parent);
    else if (event.key === "Enter" || event.key === " ") this.toggle(line);
    else return;
    event.preventDefault();
  }

  // -- drawing ---------------------------------------------------------------------------------

  draw() {
    this.matching = this.words ? this.search() : null;
    const lines = [];
    this.collect([0], 1, lines);
    this.body.replaceChildren(...lines);
    const first = this.body.firstElementChild;
    if (first) first.tabIndex = 0;
    const count = this.matching?.hits.size;
    this.found.textContent = count === undefined ? "" : count === 1 ? "1 module" : `${count} modules`;
  }

  // What matches, and all that it is in.
  search() {
    const hits = new Set();
    const around = new Set();
    this.rows.forEach((row, number) => {
      if (!`${row.path} ${row.type} ${row.described}`.toLowerCase().includes(this.words)) return;
      hits.add(number);
      for (let at = number; at >= 0; at = this.rows[at].parent) around.add(at);
    });
    return { hits, around };
  }

  collect(numbers, level, lines) {
    const shown = this.matching ? numbers.filter((n) => this.matching.around.has(n)) : numbers;
    for (const group of this.folds && !this.matching ? this.grouped(shown) : shown.map((n) => [n])) {
      const [number] = group;
      const open = this.matching ? this.opensFor(number) : this.open.has(number);
      lines.push(this.line(group, level, open));
      if (open) this.collect(this.parts[number], level + 1, lines);
    }
  }

  opensFor(number) {
    return this.parts[number].some((part) => this.matching.around.has(part));
  }

  grouped(numbers) {
    const groups = [];
    for (const number of numbers) {
      const last = groups.at(-1);
      const alike = last && this.rows[last[0]].alike === this.rows[number].alike;
      if (alike) last.push(number);
      else groups.push([number]);
    }
    return groups;
  }

  line(group, level, open) {
    const [number] = group;
    const row = this.rows[number];
    const line = element("tr", "");
    line.dataset.number = number;
    line.tabIndex = -1;
    line.setAttribute("aria-level", level);
    if (this.parts[number].length) line.setAttribute("aria-expanded", open);
    const sum = (field) => group.reduce((total, one) => total + this.rows[one][field], 0);
    const cells = [
      this.name(group, level, open),
      row.outputs,
      this.share(sum("parameters"), row, group.length),
      sum("flops") ? flops(sum("flops")) : "–",
      sum("kept") ? size(sum("kept")) : "–",
    ];
    for (const content of cells) {
      const cell = element("td", "");
      cell.append(content);
      line.append(cell);
    }
    line.title = [row.path, row.inputs && `from ${row.inputs}`, row.note].filter(Boolean).join("\n");
    return line;
  }

  name(group, level, open) {
    const [number] = group;
    const row = this.rows[number];
    const name = element("span", "td-tree-name");
    name.style.paddingLeft = `${(level - 1) * 1.1}rem`;
    const parts = this.parts[number].length;
    const dot = element("span", "td-tree-dot");
    dot.style.background = this.colors[row.family];
    const last = group.length > 1 ? ` … ${this.rows[group.at(-1)].name}` : "";
    const title = element("b", "");
    title.append(...this.marked(row.name + last));
    name.append(element("span", "td-tree-toggle", parts ? (open ? "▾" : "▸") : ""), dot, title);
    if (group.length > 1) name.append(element("span", "td-tree-times", `× ${group.length}`));
    if (number) {
      const type = element("span", "td-tree-type");
      type.append(...this.marked(row.type));
      name.append(type);
    }
    const more = [row.described, row.note].filter(Boolean).join("; ");
    if (more) name.append(element("span", "td-tree-more", shortened(more)));
    return name;
  }

  share(parameters, row, times) {
    const cell = element("span", "");
    const all = this.rows[0].parameters;
    const each = times > 1 && row.parameters ? ` (${times} × ${count(row.parameters)})` : "";
    cell.append(parameters ? count(parameters) + each : "–");
    if (parameters && all) {
      const bar = element("span", "td-tree-share");
      const filled = element("i", "");
      filled.style.width = `${(100 * parameters) / all}%`;
      bar.append(filled);
      bar.title = `${((100 * parameters) / all).toFixed(1)}% of the model`;
      cell.append(bar);
    }
    return cell;
  }

  // The text with what was searched for marked.
  marked(text) {
    const at = this.words ? text.toLowerCase().indexOf(this.words) : -1;
    if (at < 0) return [text];
    const end = at + this.words.length;
    return [text.slice(0, at), element("mark", "", text.slice(at, end)), text.slice(end)];
  }
}

function element(tag, name, text = "") {
  const node = document.createElement(tag);
  if (name) node.className = name;
  node.textContent = text;
  return node;
}

function button(text, act) {
  const node = element("button", "", text);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}

function shortened(text) {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

// As components/readable.py: 817, 12.3k, 1.20M.
function count(number) {
  for (const [limit, letter] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e4, "k"]]) {
    if (number >= limit) {
      const scaled = number / (letter === "k" ? 1e3 : limit);
      return scaled.toFixed(Math.max(0, 2 - Math.floor(Math.log10(scaled)))) + letter;
    }
  }
  return Math.round(number).toLocaleString("en");
}

function flops(number) {
  for (const [limit, letter] of [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (number >= limit) return `${Number((number / limit).toPrecision(3))} ${letter}`;
  }
  return String(number);
}

function size(bytes) {
  for (const [limit, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) {
    if (bytes >= limit) return `${(bytes / limit).toFixed(bytes / limit < 10 ? 1 : 0)} ${unit}`;
  }
  return `${bytes} B`;
}

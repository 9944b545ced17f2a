// The charts under their headings: pinned ones first, then by what their metrics begin with.

import { button, drawn, element } from "./dom.js";

const PINNED = "Pinned";

export class Sections {
  constructor(personal, { folded }) {
    this.personal = personal;
    this.folded = folded;
    this.node = element("div", "td-sections");
    this.empty = element("p", "td-none", "No chart has that in its title or metrics.");
    this.empty.hidden = true;
    this.node.append(this.empty);
    this.sections = new Map();
  }

  // Charts that stay keep their node. `views` come in reading order.
  arrange(views) {
    const groups = this.grouped(views);
    for (const [name, section] of this.sections) {
      if (groups.has(name)) continue;
      section.node.remove();
      this.sections.delete(name);
    }
    let place = 0;
    for (const [name, members] of groups) {
      const section = this.sections.get(name) ?? this.added(name);
      put(this.node, section.node, place++);
      section.views = members;
      members.forEach((view, i) => put(section.grid, view.node, i));
    }
    this.node.classList.toggle("td-single", groups.size === 1);
  }

  grouped(views) {
    const groups = new Map();
    const pinned = views.filter((view) => this.personal.isPinned(view.chart.key));
    if (pinned.length) groups.set(PINNED, pinned);
    for (const view of views) {
      if (pinned.includes(view)) continue;
      const name = view.chart.section ?? "";
      groups.set(name, [...(groups.get(name) ?? []), view]);
    }
    for (const [name, members] of groups) {
      const keyed = members.map((view) => ({ view, key: view.chart.key }));
      groups.set(name, this.personal.ordered(name, keyed).map(({ view }) => view));
    }
    return groups;
  }

  added(name) {
    const node = element("section", "td-section");
    const head = button("td-section-head", undefined, () => this.fold(name));
    const count = element("span", "td-count");
    head.append(drawn("open"), element("span", "td-section-name", name), count);
    const grid = element("div", "td-grid");
    node.append(head, grid);
    const section = { name, node, head, count, grid, views: [] };
    this.sections.set(name, section);
    return section;
  }

  fold(name) {
    this.personal.close(name, !this.personal.isClosed(name));
    this.show(this.matches);
    this.folded();
  }

  // Shows the charts that a search finds, all without one; what is found is never folded away.
  show(matches = null) {
    this.matches = matches;
    let [found, all] = [0, 0];
    for (const section of this.sections.values()) {
      for (const view of section.views) view.node.hidden = matches ? !matches(view.texts) : false;
      const shown = section.views.filter((view) => !view.node.hidden).length;
      const open = Boolean(matches) || !this.personal.isClosed(section.name);
      section.node.hidden = shown === 0;
      section.grid.hidden = !open && !this.node.classList.contains("td-single");
      section.head.setAttribute("aria-expanded", String(open));
      const total = section.views.length;
      section.count.textContent = shown === total ? String(total) : `${shown} of ${total}`;
      [found, all] = [found + shown, all + total];
    }
    this.empty.hidden = found > 0 || all === 0;
  }

  sectionOf(view) {
    return [...this.sections.values()].find((section) => section.views.includes(view));
  }

  // Puts a chart to another place of its section and remembers the order; its new place.
  move(view, place) {
    const section = this.sectionOf(view);
    const others = section.views.filter((other) => other !== view);
    const at = Math.max(0, Math.min(others.length, place));
    section.views = [...others.slice(0, at), view, ...others.slice(at)];
    section.views.forEach((member, i) => put(section.grid, member.node, i));
    this.personal.reorder(section.name, section.views.map((member) => member.chart.key));
    return { place: at + 1, of: section.views.length };
  }
}

function put(parent, node, place) {
  const there = parent.children[place];
  if (there !== node) parent.insertBefore(node, there ?? null);
}

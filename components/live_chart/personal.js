// How one viewer has arranged a board: kept in this browser, not in the address.

import { recalledDocument, remember } from "./storage.js";

const NOTHING = { pins: [], order: {}, sizes: {}, scales: {}, closed: [] };

export class Personal {
  constructor(key) {
    this.name = `td.${key}.layout`;
    this.values = { ...NOTHING, ...recalledDocument(localStorage, this.name, {}) };
  }

  get isUsual() {
    return JSON.stringify(this.values) === JSON.stringify(NOTHING);
  }

  reset() {
    this.save(NOTHING);
  }

  isPinned(chart) {
    return this.values.pins.includes(chart);
  }

  pin(chart, pinned) {
    const others = this.values.pins.filter((other) => other !== chart);
    this.save({ pins: pinned ? [...others, chart] : others });
  }

  size(chart) {
    return this.values.sizes[chart] ?? "M";
  }

  resize(chart, size) {
    this.save({ sizes: { ...this.values.sizes, [chart]: size } });
  }

  // The scale of one chart, undefined for that of the board.
  scale(chart) {
    return this.values.scales[chart];
  }

  rescale(chart, scale) {
    const { [chart]: _, ...others } = this.values.scales;
    this.save({ scales: scale ? { ...others, [chart]: scale } : others });
  }

  isClosed(section) {
    return this.values.closed.includes(section);
  }

  close(section, closed) {
    const others = this.values.closed.filter((other) => other !== section);
    this.save({ closed: closed ? [...others, section] : others });
  }

  // Charts that were never moved follow those that were, as they come.
  ordered(section, charts) {
    const order = this.values.order[section];
    if (!order) return charts;
    const places = new Map(order.map((key, place) => [key, place]));
    const place = (chart) => places.get(chart.key) ?? Infinity;
    const known = charts.filter((chart) => places.has(chart.key));
    const others = charts.filter((chart) => !places.has(chart.key));
    return [...known.toSorted((a, b) => place(a) - place(b)), ...others];
  }

  reorder(section, keys) {
    this.save({ order: { ...this.values.order, [section]: keys } });
  }

  save(changes) {
    this.values = { ...this.values, ...changes };
    remember(localStorage, this.name, JSON.stringify(this.values));
  }
}

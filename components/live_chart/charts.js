// The charts of a board: which there are, which are in sight, and what is kept of the others.

import { ChartView } from "./chart.js";

const MOST_BUILT = 40; // kept ready to be scrolled back to

export class Charts {
  // `appeared` is called with each chart that comes into sight and `settled` after them;
  // `released` with one that is only a title from now on.
  constructor(host, { appeared, settled, released }) {
    Object.assign(this, { host, appeared, settled, released });
    this.byKey = new Map();
    this.full = null; // the one that fills the screen
    this.sight = new IntersectionObserver((entries) => this.seen(entries), { rootMargin: "200px" });
  }

  get all() {
    return [...this.byKey.values()];
  }

  get visible() {
    return this.full ? [this.full] : this.all.filter((view) => view.visible);
  }

  named(key) {
    return this.byKey.get(key) ?? null;
  }

  // The views of the charts that are described, no others; those that stay keep their node.
  describe(charts) {
    const keys = new Set(charts.map((chart) => chart.key));
    for (const [key, view] of this.byKey) if (!keys.has(key)) this.remove(key, view);
    return charts.map((chart) => {
      const view = this.named(chart.key) ?? this.added(chart);
      view.describe(chart);
      return view;
    });
  }

  added(chart) {
    const view = new ChartView(this.host, chart);
    this.byKey.set(chart.key, view);
    this.sight.observe(view.node);
    return view;
  }

  remove(key, view) {
    this.sight.unobserve(view.node);
    if (view === this.full) this.full = null;
    view.close();
    this.byKey.delete(key);
  }

  seen(entries) {
    for (const entry of entries) {
      const view = this.byKey.get(entry.target.dataset.chart);
      if (view?.node !== entry.target) continue;
      view.visible = entry.isIntersecting;
      if (view.visible) this.appeared(view);
    }
    this.release();
    this.settled();
  }

  // A board may have thousands of charts: only those in sight, and some others, are more than a
  // title.
  release() {
    const built = this.all.filter((view) => view.body);
    const away = built.filter((view) => !view.visible && view !== this.full);
    for (const view of away.slice(0, Math.max(0, built.length - MOST_BUILT))) {
      this.released(view);
      view.release();
    }
  }

  close() {
    this.sight.disconnect();
    for (const view of this.all) view.close();
  }
}

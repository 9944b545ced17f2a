// Draws one chart a frame, so that the page stays quick.

export class Queue {
  constructor(draw) {
    this.draw = draw;
    this.waiting = new Set();
    this.held = false;
    this.frame = null;
  }

  add(view) {
    this.waiting.add(view);
    this.frame ??= requestAnimationFrame(() => this.next());
  }

  next() {
    this.frame = null;
    if (this.held) return;
    const [view] = this.waiting;
    if (!view) return;
    this.waiting.delete(view);
    if (this.waiting.size) this.frame = requestAnimationFrame(() => this.next());
    this.draw(view);
  }

  hold(held) {
    this.held = held;
    if (!held && this.waiting.size) this.frame ??= requestAnimationFrame(() => this.next());
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.waiting.clear();
  }
}

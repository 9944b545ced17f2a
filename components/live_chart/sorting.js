// Charts are put into another order by dragging their handle, or with the arrow keys on it.

const BEFORE = ["ArrowLeft", "ArrowUp"];
const BEHIND = ["ArrowRight", "ArrowDown"];

// `host` has `neighbours(view)`, the views of its section, and `moved(view, place)`.
export function sortable(view, handle, host) {
  handle.addEventListener("keydown", (event) => {
    const step = BEHIND.includes(event.key) - BEFORE.includes(event.key);
    if (!step) return;
    event.preventDefault();
    host.moved(view, host.neighbours(view).indexOf(view) + step);
    handle.focus();
  });
  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    handle.focus();
    new Drag(view, handle, host);
  });
}

// The chart moves when it is let go: until then a line shows where it would go.
class Drag {
  constructor(view, handle, host) {
    Object.assign(this, { view, handle, host, target: null });
    this.listeners = {
      pointermove: (event) => this.move(event),
      pointerup: () => this.end(true),
      pointercancel: () => this.end(false),
      keydown: (event) => event.key === "Escape" && this.end(false),
    };
    for (const [name, listener] of Object.entries(this.listeners)) {
      handle.addEventListener(name, listener);
    }
    view.node.classList.add("td-dragged");
  }

  move(event) {
    this.mark(null);
    const node = document.elementFromPoint(event.clientX, event.clientY)?.closest(".td-chart");
    const over = this.host.neighbours(this.view).find((other) => other.node === node);
    if (!over || over === this.view) return;
    const box = node.getBoundingClientRect();
    const behind = event.clientX > box.left + box.width / 2;
    this.mark({ over, behind });
  }

  mark(target) {
    this.target?.over.node.classList.remove("td-drop-before", "td-drop-behind");
    this.target = target;
    target?.over.node.classList.add(target.behind ? "td-drop-behind" : "td-drop-before");
  }

  end(drop) {
    const target = this.target;
    this.mark(null);
    this.view.node.classList.remove("td-dragged");
    for (const [name, listener] of Object.entries(this.listeners)) {
      this.handle.removeEventListener(name, listener);
    }
    if (!drop || !target) return;
    const others = this.host.neighbours(this.view).filter((other) => other !== this.view);
    this.host.moved(this.view, others.indexOf(target.over) + (target.behind ? 1 : 0));
    this.handle.focus();
  }
}

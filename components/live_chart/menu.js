// A small box below a button: one at a time, closed by Escape or a click beside it.

import { element } from "./dom.js";

const EDGE = 8;

// The browser keeps a popover above everything else, closes it, and gives the focus back.
export function openMenu(opener, label, content) {
  const node = element("div", "td-board td-menu");
  node.popover = "auto";
  node.setAttribute("role", "dialog");
  node.setAttribute("aria-label", label);
  node.append(content);
  opener.after(node);
  node.addEventListener("toggle", (event) => {
    opener.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "closed") node.remove();
  });
  node.showPopover();
  put(node, opener);
  node.querySelector("button, input, a")?.focus({ preventScroll: true });
  return { close: () => node.hidePopover() };
}

export function menuIsOpen() {
  return Boolean(document.querySelector(".td-menu:popover-open"));
}

function put(node, opener) {
  const [at, size] = [opener.getBoundingClientRect(), node.getBoundingClientRect()];
  const right = document.documentElement.clientWidth - size.width - EDGE;
  const below = at.bottom + 4;
  const fits = below + size.height <= innerHeight - EDGE;
  node.style.left = `${Math.max(EDGE, Math.min(at.left, right))}px`;
  node.style.top = `${fits ? below : Math.max(EDGE, at.top - size.height - 4)}px`;
}

// The bell: asks what has fired, shows it in a corner of the page and, after a click that allows
// it, as a notification of the browser. One of it lives as long as the page, whatever is drawn.

const VISIBLE_MS = 3000;
const HIDDEN_MS = 15_000; // only with notifications on; else a hidden page asks nothing
const MOST_MS = 60_000;
const SHOWN_MS = 15_000;
const MOST_TOASTS = 4;
const CURSOR = "traindeck.alerts.cursor"; // of this tab, over reloads
const WANTED = "traindeck.alerts.browser"; // of all tabs
const TOLD = "traindeck.alerts.told";
const MOST_TOLD = 100;
const COLORS = ["background-color", "text-color", "primary-color", "font", "base-radius"];

export default function mount({ data, parentElement }) {
  const bell = (window.traindeckBell ??= new Bell(data.feed));
  bell.drawIn(parentElement);
  return () => bell.leave(parentElement);
}

class Bell {
  constructor(feed) {
    this.feed = feed;
    this.failures = 0;
    this.corner = element("div", "td-alerts");
    this.corner.setAttribute("role", "status");
    document.body.append(this.corner);
    document.addEventListener("visibilitychange", () => this.plan(0));
    this.plan(0);
  }

  drawIn(parent) {
    this.parent = parent;
    this.button ??= button("td-bell", "", () => this.toggle());
    parent.append(this.button);
    this.say();
    for (const name of COLORS) {
      const value = getComputedStyle(parent).getPropertyValue(`--st-${name}`);
      this.corner.style.setProperty(`--st-${name}`, value);
    }
  }

  leave(parent) {
    if (this.parent === parent) this.button.remove();
  }

  // -- asking ----------------------------------------------------------------------------------

  plan(wait) {
    clearTimeout(this.timer);
    if (document.hidden && !notifying()) return;
    this.timer = setTimeout(() => this.ask(), wait);
  }

  async ask() {
    if (this.asking) return;
    this.asking = true;
    try {
      await this.take(await fetch(this.question(), { cache: "no-store" }));
      this.failures = 0;
    } catch {
      this.failures += 1; // the server is away or restarts; the page says so itself
    } finally {
      this.asking = false;
    }
    const pause = document.hidden ? HIDDEN_MS : VISIBLE_MS;
    this.plan(Math.min(MOST_MS, pause * 2 ** this.failures));
  }

  question() {
    const since = sessionStorage.getItem(CURSOR);
    return `${this.feed}/alerts${since === null ? "" : `?since=${since}`}`;
  }

  async take(answer) {
    if (answer.status === 204) return;
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const { cursor, alerts } = await answer.json();
    sessionStorage.setItem(CURSOR, String(cursor));
    for (const alert of alerts) {
      if (alert.channels.includes("app")) this.toast(alert);
      if (alert.channels.includes("browser")) await notify(alert);
    }
  }

  // -- telling ---------------------------------------------------------------------------------

  toast(alert) {
    const node = element("div", "td-alert");
    const link = element("a", "td-alert-open", "Open the run");
    link.href = pageOf(alert);
    const close = button("td-alert-close", "×", () => node.remove());
    close.setAttribute("aria-label", "Close");
    node.append(
      close,
      element("strong", "", alert.name),
      element("div", "td-alert-run", alert.run_name),
      element("div", "", alert.text),
      link,
    );
    this.corner.append(node);
    while (this.corner.children.length > MOST_TOASTS) this.corner.firstChild.remove();
    fadeWhenSeen(node);
  }

  async toggle() {
    if (notifying()) {
      localStorage.setItem(WANTED, "off");
    } else {
      const answer = await Notification.requestPermission();
      if (answer === "granted") localStorage.setItem(WANTED, "on");
    }
    this.say();
  }

  say() {
    const [text, help, possible] = words();
    this.button.textContent = text;
    this.button.title = help;
    this.button.disabled = !possible;
    this.button.setAttribute("aria-pressed", String(notifying()));
  }
}

// A toast goes by itself, but not while nobody sees the page or somebody reads it.
function fadeWhenSeen(node) {
  let left = SHOWN_MS;
  const timer = setInterval(() => {
    if (!node.isConnected) return clearInterval(timer);
    if (!document.hidden && !node.matches(":hover, :focus-within")) left -= 1000;
    if (left <= 0) node.remove();
  }, 1000);
}

function words() {
  if (typeof Notification === "undefined") {
    const help = "Browsers allow notifications only on https:// and on this machine itself.";
    return ["Notifications: not possible here", help, false];
  }
  if (Notification.permission === "denied") {
    return ["Notifications: blocked", "Allow them for this page in the browser.", false];
  }
  const help = "For alerts with the channel Browser, also while this tab is in the background.";
  return [`Notifications: ${notifying() ? "on" : "off"}`, help, true];
}

const notifying = () =>
  typeof Notification !== "undefined" &&
  Notification.permission === "granted" &&
  localStorage.getItem(WANTED) === "on";

// Of several tabs one tells it.
async function notify(alert) {
  if (!notifying() || !(await claimed(alert.id))) return;
  const body = `${alert.run_name}: ${alert.text}`;
  const shown = new Notification(alert.name, { body, tag: alert.id });
  shown.onclick = () => {
    window.focus();
    location.assign(pageOf(alert));
  };
}

function claimed(id) {
  const claim = () => {
    const told = JSON.parse(localStorage.getItem(TOLD) ?? "[]");
    if (told.includes(id)) return false;
    localStorage.setItem(TOLD, JSON.stringify([...told, id].slice(-MOST_TOLD)));
    return true;
  };
  return navigator.locks ? navigator.locks.request(TOLD, claim) : claim();
}

const pageOf = (alert) => `/live?run=${encodeURIComponent(alert.run)}`;

function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(name, text, onClick) {
  const made = element("button", name, text);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

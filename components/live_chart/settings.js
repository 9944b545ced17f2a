// What the viewer chose. The address bar has it (reload, share), this browser remembers it.

const READ = {
  smoothing: (text) => (Number(text) >= 0 && Number(text) <= 0.99 ? Number(text) : undefined),
  axis: (text) => (["step", "epoch", "time"].includes(text) ? text : undefined),
  scale: (text) => (["auto", "linear", "log"].includes(text) ? text : undefined),
  marks: (text) => (["on", "off"].includes(text) ? text : undefined),
  zoom: (text) => {
    const ends = text.split("~").map(Number);
    return ends.length === 2 && ends.every(Number.isFinite) && ends[0] < ends[1] ? ends : undefined;
  },
};
const WRITE = {
  smoothing: String,
  axis: String,
  scale: String,
  marks: String,
  zoom: (ends) => ends.map((end) => Number(end.toPrecision(9))).join("~"),
};
const REMEMBERED = ["smoothing", "axis", "scale", "marks"];

export class Settings {
  constructor(key, defaults) {
    this.key = key;
    this.values = { ...defaults, zoom: null };
    this.hidden = new Set(JSON.parse(stored(sessionStorage, `${key}.hidden`) ?? "[]"));
    const address = new URLSearchParams(location.search);
    for (const name of Object.keys(READ)) {
      const remembered = REMEMBERED.includes(name) ? stored(localStorage, `td.${name}`) : null;
      for (const text of [remembered, address.get(`${key}.${name}`)]) {
        const value = text === null ? undefined : READ[name](text);
        if (value !== undefined) this.values[name] = value;
      }
    }
  }

  change(changes) {
    Object.assign(this.values, changes);
    const address = new URL(location.href);
    for (const [name, value] of Object.entries(changes)) {
      const parameter = `${this.key}.${name}`;
      if (value === null) address.searchParams.delete(parameter);
      else address.searchParams.set(parameter, WRITE[name](value));
      if (REMEMBERED.includes(name)) store(localStorage, `td.${name}`, WRITE[name](value));
    }
    history.replaceState(history.state, "", address);
  }

  setHidden(ids, hide) {
    for (const id of ids) {
      if (hide) this.hidden.add(id);
      else this.hidden.delete(id);
    }
    store(sessionStorage, `${this.key}.hidden`, JSON.stringify([...this.hidden]));
  }
}

// A browser may forbid storage; then choices last until the page is left.
function stored(storage, name) {
  try {
    return storage.getItem(name);
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}

function store(storage, name, text) {
  try {
    storage.setItem(name, text);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}

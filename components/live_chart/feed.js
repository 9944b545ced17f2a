// Asks the server for what is new, in one request a tick, and reads its binary answer.

const PATIENCE_MS = 20_000;
const TYPES = { u2: Uint16Array, f4: Float32Array, f8: Float64Array };

// The server understood and said no; the message is for people.
export class Refused extends Error {}

// The server did not answer, or something between it and us did.
export class Unreachable extends Error {}

// The answer of the server as {header, curves}, or null when nothing is new.
export async function askSeries(base, question, signal) {
  const { status, body } = await asked(`${base}/series`, question, signal);
  return status === 204 ? null : decoded(body);
}

export async function askBoard(base, question, signal) {
  const { body } = await asked(`${base}/board`, question, signal);
  return json(body).charts;
}

async function asked(url, question, signal) {
  const { answer, body } = await fetched(url, question, signal);
  if (answer.ok) return { status: answer.status, body };
  const kind = answer.headers.get("content-type") ?? "";
  if (kind.startsWith("application/json")) throw new Refused(json(body).error);
  throw new Unreachable(`status ${answer.status}`);
}

// A question about a hundred runs is too long for an address, so it is posted.
async function fetched(url, question, signal) {
  try {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify(question);
    const answer = await fetch(url, { method: "POST", headers, body, signal, cache: "no-store" });
    return { answer, body: await answer.arrayBuffer() };
  } catch (error) {
    throw new Unreachable(String(error));
  }
}

const json = (body) => JSON.parse(new TextDecoder().decode(body));

function decoded(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = json(new Uint8Array(buffer, 4, length));
  const start = 4 + length;
  const array = ([type, offset, count]) => new TYPES[type](buffer, start + offset, count);
  const layer = (place) => {
    if (!place) return undefined;
    const { x, ...arrays } = place;
    const read = Object.entries(arrays).map(([name, at]) => [name, array(at)]);
    return { x: places(x, array(x.at)), ...Object.fromEntries(read) };
  };
  const curves = header.curves.map(({ run, metric, raw, smooth, whole, usual }) => ({
    id: curveId(run, metric),
    raw: layer(raw),
    smooth: layer(smooth),
    whole,
    usual,
  }));
  return { header, curves };
}

export const curveId = (run, metric) => JSON.stringify([run, metric]);

function places({ base, unit }, offsets) {
  const x = new Float64Array(offsets.length);
  const jumps = offsets instanceof Uint16Array;
  let at = base;
  for (let i = 0; i < x.length; i++) {
    at = jumps ? at + offsets[i] : base + offsets[i];
    x[i] = at / unit;
  }
  return x;
}

// Repeats a request while the page is looked at; a new question interrupts the old one.
export class Poller {
  constructor({ ask, accept, trouble, pause }) {
    Object.assign(this, { ask, accept, trouble, pause });
    this.failures = 0;
    this.closed = false;
    this.onVisible = () => (document.hidden ? this.rest() : this.now());
    document.addEventListener("visibilitychange", this.onVisible);
  }

  now() {
    this.rest();
    if (!this.closed && !document.hidden) this.tick();
  }

  rest(wait = null) {
    clearTimeout(this.timer);
    this.request?.abort();
    this.request = null;
    if (wait !== null) this.timer = setTimeout(() => this.tick(), wait);
  }

  close() {
    this.closed = true;
    this.rest();
    document.removeEventListener("visibilitychange", this.onVisible);
  }

  async tick() {
    const request = new AbortController();
    this.request = request;
    const timeout = setTimeout(() => request.abort(), PATIENCE_MS);
    const started = performance.now();
    try {
      const answer = await this.ask(request.signal);
      if (this.request === request) this.took(answer);
    } catch (error) {
      if (this.request === request) this.failed(error);
    } finally {
      clearTimeout(timeout);
      if (this.request === request) this.rest(this.wait(performance.now() - started));
    }
  }

  took(answer) {
    this.failures = 0;
    this.accept(answer);
  }

  failed(error) {
    this.failures += 1;
    if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
    this.trouble(error);
  }

  // A slow server is asked less often.
  wait(elapsed) {
    const pause = this.failures ? Math.min(8000, 500 * 2 ** this.failures) : this.pause();
    return Math.max(pause, 4 * elapsed);
  }
}

// Numbers and times as people read them.

export function number(value) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    const [digits, power] = value.toExponential(3).split("e");
    return `${Number(digits)}e${Number(power)}`;
  }
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(4)));
}

const UNITS = { examples: "samples", tokens: "tokens" };

export function place(axis, x) {
  if (axis === "time") return duration(x, x < 60);
  if (axis === "wall") return `${clock(x, { day: true })}, ${clock(x, { seconds: true })}`;
  if (axis in UNITS) return `${Math.round(x).toLocaleString("en-US")} ${UNITS[axis]}`;
  if (axis === "epoch") return `epoch ${Number(x.toFixed(3))}`;
  return `step ${Math.round(x).toLocaleString("en-US")}`;
}

export function duration(seconds, precise = false) {
  const sign = seconds < 0 ? "−" : "";
  const all = Math.abs(seconds);
  if (precise) return `${sign}${Number(all.toFixed(2))} s`;
  const [days, hours] = [Math.floor(all / 86400), Math.floor((all % 86400) / 3600)];
  const [minutes, rest] = [Math.floor((all % 3600) / 60), Math.floor(all % 60)];
  const two = (part) => String(part).padStart(2, "0");
  if (days) return `${sign}${days}d ${two(hours)}:${two(minutes)}`;
  if (hours) return `${sign}${hours}:${two(minutes)}:${two(rest)}`;
  return `${sign}${minutes}:${two(rest)}`;
}

const TIME_STEPS = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
  10800, 21600, 43200, 86400, 172800, 432000, 864000,
];

export function timeTicks(low, high, most) {
  const step = TIME_STEPS.find((size) => (high - low) / size <= most) ?? (high - low) / most;
  const values = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) values.push(tick);
  return { values, texts: values.map((value) => (value === 0 ? "0" : duration(value, step < 1))) };
}

// A moment of the local clock, from seconds since 1970: its day, or its time.
function clock(x, { day = false, seconds = false }) {
  const moment = new Date(x * 1000);
  if (day) return moment.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  const time = { hour: "2-digit", minute: "2-digit", ...(seconds && { second: "2-digit" }) };
  return moment.toLocaleTimeString("en-GB", time);
}

// Round moments of the local clock; the day stands where it changes, and at the first of them.
export function clockTicks(low, high, most) {
  const step = Math.max(1, TIME_STEPS.find((size) => (high - low) / size <= most) ?? 864000);
  const ahead = -60 * new Date(low * 1000).getTimezoneOffset();
  const [values, texts] = [[], []];
  let before = "";
  for (let at = Math.ceil((low + ahead) / step) * step - ahead; at <= high; at += step) {
    const day = clock(at, { day: true });
    const time = clock(at, { seconds: step < 60 });
    values.push(at);
    texts.push(step >= 86400 ? day : day === before ? time : `${time}<br>${day}`);
    before = day;
  }
  return { values, texts };
}

// Ticks between two powers of ten, with their whole value: Plotly would write 2 for 20 and for 200.
export function logTicks(low, high) {
  const span = high - low;
  const digits = span > 5 ? [1] : span > 1.8 ? [1, 3] : span > 0.9 ? [1, 2, 5] : null;
  const values = digits ? decades(low, high, digits) : even(10 ** low, 10 ** high);
  const apart = Math.ceil(values.length / 6);
  const shown = values.filter((_, i) => i % apart === 0);
  return { values: shown, texts: shown.map(number) };
}

function decades(low, high, digits) {
  const values = [];
  for (let power = Math.floor(low); power <= high; power++) {
    for (const digit of digits) values.push(digit * 10 ** power);
  }
  return values.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
}

function even(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((size) => size >= rough);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

// Plotly reads <b>, <a href> and <br> in texts: what people typed must stay text.
export function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

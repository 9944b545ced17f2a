// Pure functions over the sampled points {x, y} of a curve.

// Index of the first place at or behind x.
export function inWindow(places, x) {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function nearest(places, x) {
  const behind = inWindow(places, x);
  if (behind === 0) return places.length ? 0 : -1;
  if (behind === places.length) return behind - 1;
  return x - places[behind - 1] <= places[behind] - x ? behind - 1 : behind;
}

// What a line is worth at x, and where the point is that says so.
export function worth(line, x) {
  const at = nearest(line.raw.x, x);
  const beside = line.smooth && nearest(line.smooth.x, line.raw.x[at]);
  const { low, high, count } = line.raw;
  const band = low && { low: low[at], high: high[at], count: count[at] };
  return { at: line.raw.x[at], raw: line.raw.y[at], smooth: line.smooth?.y[beside], band };
}

// The points that a line alone would not show: all of a few, else those without neighbours.
export function dots({ x, y }, few) {
  const [places, values] = [[], []];
  const all = x.length <= few;
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(y[i])) continue;
    const alone = !Number.isFinite(y[i - 1]) && !Number.isFinite(y[i + 1]);
    if (all || alone) {
      places.push(x[i]);
      values.push(y[i]);
    }
  }
  return { x: places, y: values };
}

// Where a value was not a number, or infinite.
export function strange({ x, y }) {
  const [places, kinds] = [[], []];
  for (let i = 0; i < x.length; i++) {
    if (Number.isFinite(y[i])) continue;
    places.push(x[i]);
    kinds.push(Number.isNaN(y[i]) ? "nan" : y[i] > 0 ? "up" : "down");
  }
  return { x: places, kinds };
}

// The y axis for what lines show between low and high, with air; log10 of it for a log axis.
export function valueRange(lines, low, high, isLog) {
  let [least, most] = [Infinity, -Infinity];
  const see = (value) => {
    const at = isLog ? (value > 0 ? Math.log10(value) : NaN) : value;
    if (at < least && at > -Infinity) least = at;
    if (at > most && at < Infinity) most = at;
  };
  for (const { raw, smooth } of lines) {
    const band = raw.low ? [{ x: raw.x, y: raw.low }, { x: raw.x, y: raw.high }] : [];
    for (const points of [raw, smooth, ...band]) {
      if (points) seeLine(points, low, high, see);
    }
  }
  return least > most ? [0, 1] : withAir(least, most);
}

export function withAir(least, most) {
  const air = (most - least) * 0.06 || Math.abs(most) * 0.1 || 0.5;
  return [least - air, most + air];
}

function seeLine({ x, y }, low, high, see) {
  const [first, end] = [inWindow(x, low), inWindow(x, high)];
  for (let i = first; i < x.length && x[i] <= high; i++) see(y[i]);
  for (const [edge, right] of [[low, first], [high, end]]) {
    const share = (edge - x[right - 1]) / (x[right] - x[right - 1]);
    if (share >= 0 && share <= 1) see(y[right - 1] + share * (y[right] - y[right - 1]));
  }
}

// The outline of a band, a closed polygon for each stretch in which it is known.
export function bandOutline({ x, low, high }) {
  const [places, values] = [[], []];
  const add = (at, value) => {
    places.push(at);
    values.push(value);
  };
  let start = 0;
  for (let i = 0; i <= x.length; i++) {
    if (i < x.length && Number.isFinite(low[i]) && Number.isFinite(high[i])) continue;
    if (i > start) {
      for (let j = start; j < i; j++) add(x[j], low[j]);
      for (let j = i - 1; j >= start; j--) add(x[j], high[j]);
      add(null, null);
    }
    start = i + 1;
  }
  return { x: places, y: values };
}

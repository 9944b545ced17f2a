// Marks: what happened to the run beside its numbers, drawn as thin lines at its place.

const COLORS = { warning: "#d98e04", bad: "#d93651", best: "#2f9e44" };
const SYMBOLS = { calm: "diamond", warning: "triangle-down", bad: "x", best: "star" };
const TOP = 0.985;
const BOTTOM = 0.02;

const colorOf = (tone, theme) => COLORS[tone] ?? theme.faint;

// Lines from the bottom to the top, one trace a tone, and a symbol at the top of each. Checkpoints
// are many and calm: a small symbol at the bottom.
export function markTraces(marks, theme) {
  if (!marks.length) return [];
  const style = { type: "scatter", hoverinfo: "skip", showlegend: false, yaxis: "y2" };
  const told = marks.filter((mark) => !isCheckpoint(mark));
  const tones = [...new Set(told.map((mark) => mark.tone))];
  const lines = tones.map((tone) => {
    const own = told.filter((mark) => mark.tone === tone);
    const line = { color: colorOf(tone, theme), width: 1, dash: "dot" };
    const x = own.flatMap((mark) => [mark.x, mark.x, null]);
    return { ...style, x, y: own.flatMap(() => [0, 1, null]), mode: "lines", opacity: 0.6, line };
  });
  const color = marks.map((mark) => colorOf(mark.tone, theme));
  const symbols = {
    ...style,
    x: marks.map((mark) => mark.x),
    y: marks.map((mark) => (isCheckpoint(mark) ? BOTTOM : TOP)),
    mode: "markers+text",
    cliponaxis: false,
    marker: { color, size: marks.map(sizeOf), symbol: marks.map(symbolOf), line: { width: 0 } },
    text: marks.map((mark) => (mark.count > 1 && !isCheckpoint(mark) ? `${mark.count}` : "")),
    textposition: "middle right",
    textfont: { size: 9, color },
  };
  return [...lines, symbols];
}

const isCheckpoint = (mark) => mark.row === "checkpoints";
const symbolOf = (mark) => (isCheckpoint(mark) ? "square" : SYMBOLS[mark.tone]);
const sizeOf = (mark) => (isCheckpoint(mark) ? 4 : 7);

// The marks that the pointer is on.
export function marksAt(marks, x, near) {
  return marks.filter((mark) => Math.abs(mark.x - x) <= near);
}

export function markColor(mark, theme) {
  return colorOf(mark.tone, theme);
}

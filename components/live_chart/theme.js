// The colours of Streamlit's theme, light or dark, as Plotly understands them.

export function themeOf(node) {
  const style = getComputedStyle(node);
  const read = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const [text, background] = [read("text-color"), read("background-color")];
  return {
    text,
    background,
    font: read("font"),
    faint: blended(text, background, 0.68),
    grid: blended(text, background, 0.13),
  };
}

// Plotly understands fewer notations of colours than CSS, so the browser mixes them.
function blended(color, background, share) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const brush = canvas.getContext("2d");
  for (const [fill, alpha] of [[background, 1], [color, share]]) {
    brush.fillStyle = fill;
    brush.globalAlpha = alpha;
    brush.fillRect(0, 0, 1, 1);
  }
  return `rgb(${brush.getImageData(0, 0, 1, 1).data.slice(0, 3).join(",")})`;
}

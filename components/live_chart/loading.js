// Scripts and styles that are loaded once a page, however many boards it has.

const loading = new Map();

export function loaded({ assets }) {
  const [script, style] = [`${assets}/plotly.js`, `${assets}/board.css`];
  return Promise.all([
    globalThis.Plotly ? null : once("script", script, { src: script }),
    once("link", style, { rel: "stylesheet", href: style }),
  ]);
}

function once(tag, address, properties) {
  if (!loading.has(address)) loading.set(address, added(tag, address, properties));
  return loading.get(address);
}

function added(tag, address, properties) {
  return new Promise((resolve, reject) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.addEventListener("load", resolve);
    node.addEventListener("error", () => {
      loading.delete(address);
      reject(new Error(`${address} could not be loaded. Is the server running?`));
    });
    document.head.append(node);
  });
}

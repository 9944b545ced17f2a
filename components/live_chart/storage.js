// A browser may forbid storage; then choices last until the page is left.

export function recalled(storage, name) {
  try {
    return storage.getItem(name);
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}

export function remember(storage, name, text) {
  try {
    storage.setItem(name, text);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}

// A document that was kept as JSON; the other one where there is none, or something else.
export function recalledDocument(storage, name, other) {
  try {
    const found = JSON.parse(recalled(storage, name));
    return found !== null && typeof found === "object" ? found : other;
  } catch (error) {
    if (error instanceof SyntaxError) return other;
    throw error;
  }
}

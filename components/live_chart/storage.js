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
